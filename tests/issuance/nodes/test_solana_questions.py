"""What the node cannot answer it refuses as a validator does, and no question breaks it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey
from tests.issuance.nodes.solana_stage import (
    MEMO,
    InProcess,
)

from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.nodes.solana.instruction_parsing import parse_instruction
from openscrip.issuance.nodes.solana.instruction_reading import Call
from openscrip.issuance.nodes.solana.rpc import answer
from openscrip.issuance.nodes.solana.shapes import base58, decode_bytes, plain_decimal, printed_f64
from openscrip.issuance.rpc import RpcError


@pytest.fixture
def rpc(tmp_path: Path) -> Iterator[InProcess]:
    node = InProcess(tmp_path)
    yield node
    node.close()


@pytest.mark.parametrize(
    ("method", "parameters", "code", "text"),
    [
        ("getTokenAccountBalance", [str(MEMO)], -32602, "not a Token account"),
        ("getTokenSupply", [str(Pubkey([9] * 32))], -32602, "could not find mint"),
        ("getTokenAccountsByOwner", [str(MEMO), {"programId": str(MEMO)}], -32602, "unrecognized Token program id"),
        ("getAccountInfo", [str(MEMO)], -32600, "base 58"),
        ("getAccountInfo", [str(MEMO), {"minContextSlot": 10**9}], -32016, "Minimum context slot"),
        ("getBlock", [-1], -32602, "was not a slot"),
        ("getBlock", ["2"], -32602, "was not a slot"),
        ("getBlocks", [0, 10**7], -32602, "Slot range too large"),
        ("getSlotLeaders", [0, 10**9], -32602, "was not a number"),
        ("getSignaturesForAddress", [str(MEMO), {"limit": 1001}], -32602, "max 1000"),
        ("openscrip_setFaults", [{"dropAll": 1}], -32602, "were not among"),
        ("blockSubscribe", ["all"], -32601, "Method not found"),
    ],
)
def test_what_cannot_be_answered__is_refused_as_a_validator_refuses(
    rpc: InProcess, method: str, parameters: list[object], code: int, text: str
) -> None:
    if method == "getBlocks":
        rpc.call("openscrip_skipSlots", 10**6)
    with pytest.raises(RpcError, match=text) as refused:
        rpc.call(method, *parameters)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("program", "data", "accounts"),
    [
        (token.TOKEN_2022, b"", 4),
        (token.TOKEN_2022, b"\x0c\x01", 4),
        (token.TOKEN_2022, b"\x0c" + bytes(9), 2),
        (token.TOKEN_2022, b"\x06\xff\x00", 2),
        (token.TOKEN_2022, b"\x1c\x00\x07", 1),
        (token.TOKEN_2022, b"\x15\xff\xff", 1),
        (token.TOKEN_2022, bytes([221, 233, 49, 45, 181, 202, 220, 200, 3, 255, 255, 255, 255]), 2),
        (token.ASSOCIATED_TOKEN, b"\x07", 6),
        (MEMO, b"\xff\xfe", 0),
        (Pubkey.default(), b"\xff\xff\xff\xff", 2),
    ],
)
def test_an_instruction_that_does_not_read__stays_in_bytes(program: Pubkey, data: bytes, accounts: int) -> None:
    assert parse_instruction(Call(program, [str(Pubkey.default())] * accounts, data)) is None


@given(data=st.binary(max_size=80), accounts=st.integers(0, 8))
def test_no_instruction_data__breaks_the_reader(data: bytes, accounts: int) -> None:
    for program in (token.TOKEN_2022, token.ASSOCIATED_TOKEN, MEMO, Pubkey.default()):
        read = parse_instruction(Call(program, [str(MEMO)] * accounts, data))
        assert read is None or set(read) == {"program", "parsed"}


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([str(MEMO), str(token.TOKEN_2022), "1" * 64, "jsonParsed", "AQ=="]),
)
NAMES = (
    *("encoding", "filters", "dataSlice", "mint", "programId", "limit", "before", "accounts", "commitment", "memcmp"),
    *("offset", "bytes", "dataSize", "minContextSlot", "transactionDetails", "addresses", "confirmSlots"),
)
OPTIONS = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2)),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_parameters__escape_as_anything_but_an_answer(rpc: InProcess, data: st.DataObject) -> None:
    methods = sorted(set(rpc.face.methods) - {"openscrip_setClock"})
    method = data.draw(st.sampled_from(methods))
    parameters = data.draw(st.lists(PLAIN | OPTIONS | st.lists(PLAIN, max_size=3), max_size=3))
    told = json.loads(answer(json.dumps({"id": 1, "method": method, "params": parameters}).encode(), rpc.face.methods))
    assert ("result" in told) != ("error" in told)


@given(st.binary(max_size=100))
def test_base58__gives_back_what_it_was_made_of(data: bytes) -> None:
    assert decode_bytes(base58(data), "base58") == data


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1.0023, "1.0023"), (1e-7, "0.0000001"), (1e21, "1" + "0" * 21), (float("inf"), "inf")],
)
def test_an_f64__is_printed_as_rust_prints_it(number: float, text: str) -> None:
    assert printed_f64(number) == text


@given(units=st.integers(0, 2**64 - 1), decimals=st.integers(0, 30))
def test_a_decimal__is_exact(units: int, decimals: int) -> None:
    whole, _, part = plain_decimal(units, decimals).partition(".")
    assert int(whole + part.ljust(decimals, "0")) == units
    assert not part.endswith("0")
