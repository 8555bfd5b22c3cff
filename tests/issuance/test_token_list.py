"""The token list: valid by Uniswap's own schema and our closer bounds, and numbered by the schema's rule."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from openscrip.issuance.token_list import ListToken, build_token_list
from openscrip.kernel.errors import Refused

SCHEMA = Path(__file__).parent / "schema" / "tokenlist.schema.json"
NOON = 1_717_416_000


def token(number: int, **changes: Any) -> ListToken:
    """A token that could be listed."""
    address = to_checksum_address(f"0x{number:040x}")
    extensions = {"isin": "US88160R1014", "reserveFeed": address, "priceFeed": address}
    return replace(ListToken(31337, address, "Tesla (Openscrip)", f"T{number}x", extensions), **changes)


@pytest.fixture(scope="session")
def valid() -> Callable[[dict[str, Any]], object]:
    """Raises for a list that the schema of @uniswap/token-lists does not take."""
    import fastjsonschema  # noqa: PLC0415 - the one test that judges by a schema

    made: Callable[[dict[str, Any]], object] = fastjsonschema.compile(json.loads(SCHEMA.read_text()))
    return made


def test_a_list_of_our_tokens_is_valid_by_the_schema(valid: Callable[[dict[str, Any]], object]) -> None:
    made = build_token_list([token(1), token(2, chain_id=1)], NOON)
    valid(made)
    assert (made["name"], made["timestamp"]) == ("Openscrip", "2024-06-03T12:00:00Z")
    assert made["version"] == {"major": 1, "minor": 0, "patch": 0}
    first, second = made["tokens"]
    assert first == {
        "chainId": 31337, "address": token(1).address, "decimals": 18, "name": "Tesla (Openscrip)", "symbol": "T1x",
        "tags": ["stock", "raw"],
        "extensions": {"isin": "US88160R1014", "reserveFeed": token(1).address, "priceFeed": token(1).address},
    }  # fmt: skip
    assert second["chainId"] == 1
    assert set(first["tags"]) == set(made["tags"])


def test_the_schema_refuses_what_is_no_list(valid: Callable[[dict[str, Any]], object]) -> None:
    made = build_token_list([token(1)], NOON)
    broken: list[dict[str, Any]] = [
        {key: value for key, value in made.items() if key != "version"},
        made | {"name": "A name of more than thirty letters"},
        made | {"tokens": []},
        made | {"tokens": [made["tokens"][0] | {"address": "0x12"}]},
        made | {"tokens": [made["tokens"][0] | {"extensions": {"terms": "u" * 43}}]},
    ]
    for document in broken:
        with pytest.raises(Exception, match="data"):
            valid(document)


@given(
    name=st.text(min_size=1, max_size=64).filter(lambda text: text.isprintable() and text[:40].strip() != ""),
    symbol=st.from_regex(r"[a-zA-Z0-9+\-%/$.]{1,20}", fullmatch=True),
    chain_id=st.integers(1, 2**53),
)
def test_whatever_the_registry_holds_comes_out_valid(
    valid: Callable[[dict[str, Any]], object], name: str, symbol: str, chain_id: int
) -> None:
    name = " ".join(name.split()) or "x"
    made = build_token_list([token(1, name=name, symbol=symbol, chain_id=chain_id)], NOON)
    valid(made)
    assert 1 <= len(made["tokens"][0]["name"]) <= 40


def test_a_long_name_is_cut_to_forty_characters() -> None:
    long = token(1, name="International Business Machines Corporation (Openscrip)")
    assert build_token_list([long], NOON)["tokens"][0]["name"] == "International Business Machines Corporat"
    cut = token(1, name="x" * 39 + " more")
    assert build_token_list([cut], NOON)["tokens"][0]["name"] == "x" * 39
    exact = token(1, name="y" * 40)
    assert build_token_list([exact], NOON)["tokens"][0]["name"] == "y" * 40


def test_an_unchanged_list_stays_as_it_was() -> None:
    before = build_token_list([token(1), token(2)], NOON)
    assert build_token_list([token(1), token(2)], NOON + 60, before) == before


def versions(before: list[ListToken], after: list[ListToken], previous: tuple[int, int, int]) -> tuple[int, int, int]:
    """The version of `after` when `before` had `previous`."""
    numbered = build_token_list(before, NOON) | {"version": dict(zip(("major", "minor", "patch"), previous, strict=True))}
    made = build_token_list(after, NOON + 60, numbered)
    assert made["timestamp"] == "2024-06-03T12:01:00Z"
    version = made["version"]
    return version["major"], version["minor"], version["patch"]


def test_a_new_token_raises_the_minor_version() -> None:
    assert versions([token(1)], [token(1), token(2)], (2, 3, 4)) == (2, 4, 0)
    assert versions([token(1)], [token(1), token(1, chain_id=1)], (1, 0, 0)) == (1, 1, 0)


def test_a_token_that_is_gone_or_has_another_address_raises_the_major_version() -> None:
    assert versions([token(1), token(2)], [token(1)], (2, 3, 4)) == (3, 0, 0)
    moved = token(1, address=token(3).address)
    assert versions([token(1)], [moved], (2, 3, 4)) == (3, 0, 0)
    assert versions([token(1), token(2)], [token(1), token(3)], (2, 3, 4)) == (3, 0, 0)


@pytest.mark.parametrize("changes", [{"name": "Tesla"}, {"symbol": "TSLA"}, {"extensions": {}}, {"decimals": 8}])
def test_any_other_change_raises_the_patch_version(changes: dict[str, Any]) -> None:
    assert versions([token(1)], [token(1, **changes)], (2, 3, 4)) == (2, 3, 5)


def test_another_order_or_spelling_is_no_new_token() -> None:
    assert versions([token(1), token(2)], [token(2), token(1)], (2, 3, 4)) == (2, 3, 5)
    lower = token(0xABCDEF, address=token(0xABCDEF).address.lower())
    assert versions([token(0xABCDEF)], [lower], (2, 3, 4)) == (2, 3, 5)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": ""}, "token_list.symbol"),
        ({"symbol": "T" * 21}, "token_list.symbol"),
        ({"symbol": "TSLA x"}, "token_list.symbol"),
        ({"symbol": "TSLA_x"}, "token_list.symbol"),
        ({"name": ""}, "token_list.name"),
        ({"name": " " * 40 + "x"}, "token_list.name"),
        ({"chain_id": 0}, "token_list.address"),
        ({"address": "0x12"}, "token_list.address"),
        ({"address": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp5eykt4UsFv"}, "token_list.address"),
        ({"extensions": {"is-in": "x"}}, "token_list.extension"),
        ({"extensions": {"k" * 41: "x"}}, "token_list.extension"),
        ({"extensions": {"isin": ""}}, "token_list.extension"),
        ({"extensions": {"isin": "v" * 43}}, "token_list.extension"),
        ({"extensions": {f"k{number}": "v" for number in range(11)}}, "token_list.extension"),
    ],
)
def test_what_no_reader_takes_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as caught:
        build_token_list([token(1, **changes)], NOON)
    assert caught.value.code == code


def test_the_bounds_themselves_are_taken() -> None:
    bounds = token(1, symbol="T" * 20, chain_id=1, extensions={"k" * 40: "v" * 42} | {f"k{n}": "v" for n in range(9)})
    assert len(build_token_list([bounds], NOON, name="Twenty letters long0")["tokens"][0]["extensions"]) == 10


@pytest.mark.parametrize("name", ["", "Twenty-one", "Twenty one letters 01"])
def test_a_list_has_a_short_and_plain_name(name: str) -> None:
    with pytest.raises(Refused) as caught:
        build_token_list([token(1)], NOON, name=name)
    assert caught.value.code == "token_list.name"


def test_an_empty_list_and_a_token_twice_are_refused() -> None:
    with pytest.raises(Refused, match="no token was listed"):
        build_token_list([], NOON)
    twice = token(0xABCDEF, address=token(0xABCDEF).address.lower())
    with pytest.raises(Refused, match="a token was listed twice"):
        build_token_list([token(0xABCDEF), twice], NOON)
