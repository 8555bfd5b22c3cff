"""Keys, clock, configuration and store of the watch: what they refuse, what they keep."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import ChainBook, Fact
from openscrip_watch.clock import MarketClock
from openscrip_watch.config import load_config, read_config, refuse_unless_extends
from openscrip_watch.keys import create_keys, load_keys
from openscrip_watch.refusal import Refusal
from openscrip_watch.register import Register, SignedMint, SignedRelease
from openscrip_watch.store import Store

EVM = {"rpc": "http://127.0.0.1:2", "chain_id": 31337, "issuer_contract": "0xAB"}
STOCKS = {"NVDA": {"isin": "US67066G1040", "account": "SEG", "evm": {"token": "0xT", "feed": "0xF"}}}
CONFIG: dict[str, object] = {
    "custodian": "http://127.0.0.1:1/",
    "custodian_public_key": "00" * 32,
    "evm": EVM,
    "solana": {"rpc": "http://127.0.0.1:3", "program": "m", "issuer_pubkey": "i"},
    "stocks": STOCKS,
}


def test_keys_are_made_once_readable_by_their_owner_alone(tmp_path: Path) -> None:
    create_keys(tmp_path)
    first = load_keys(tmp_path).public()
    create_keys(tmp_path)
    assert load_keys(tmp_path).public() == first
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert "secret" not in repr(load_keys(tmp_path))
    (tmp_path / "attestor.json").chmod(0o644)
    with pytest.raises(Refusal, match="open to others"):
        load_keys(tmp_path)
    (tmp_path / "attestor.json").unlink()
    with pytest.raises(Refusal, match="was missing"):
        load_keys(tmp_path)


def test_sealed_keys_open_with_their_passphrase_only(tmp_path: Path) -> None:
    create_keys(tmp_path, "correct horse")
    assert load_keys(tmp_path, "correct horse").public()
    assert "secret" not in json.loads((tmp_path / "approver.json").read_text())
    for passphrase in (None, "battery staple"):
        with pytest.raises(Refusal) as refusal:
            load_keys(tmp_path, passphrase)
        assert refusal.value.code == "key.sealed"


@pytest.mark.parametrize("text", ["{}", "nothing", '{"kind": "ed25519", "secret": "00"}', '{"kind": "x", "secret": ""}'])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, text: str) -> None:
    create_keys(tmp_path)
    (tmp_path / "approver.json").write_text(text)
    with pytest.raises(Refusal, match=r"approver\.json"):
        load_keys(tmp_path)


def test_market_time_begins_with_a_push_and_never_goes_back() -> None:
    clock = MarketClock(live=False)
    with pytest.raises(Refusal, match="no market time"):
        clock.now()
    clock.push(100)
    clock.push(100)
    with pytest.raises(Refusal, match="before 100"):
        clock.push(99)
    with pytest.raises(Refusal, match="live clock"):
        MarketClock(live=True).push(100)
    assert MarketClock(live=True).now() > clock.now() == 100


def test_a_configuration_may_only_grow_by_stocks() -> None:
    before = read_config(CONFIG)
    assert (before.stocks["NVDA"].token, before.custodians["custodian"].url) == ("0xt", "http://127.0.0.1:1")
    stocks: dict[str, object] = dict(STOCKS)
    more = read_config(CONFIG | {"stocks": stocks | {"AAPL": {"isin": "X", "account": "SEG"}}})
    refuse_unless_extends(before, more)
    moved: list[dict[str, object]] = [
        {"stocks": {}},
        {"custodian_public_key": "11" * 32},
        {"evm": EVM | {"issuer_contract": "0xCD"}},
    ]
    for changed in moved:
        with pytest.raises(Refusal, match="only stocks may be added"):
            refuse_unless_extends(before, read_config(CONFIG | changed))


@pytest.mark.parametrize("changed", [{"stocks": 1}, {"evm": None}, {"custodian": 5}, {"statement_age_s_max": "9"}])
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    (tmp_path / "watch.json").write_text(json.dumps(CONFIG | changed))
    with pytest.raises(Refusal) as refusal:
        load_config(tmp_path / "watch.json")
    assert refusal.value.code.startswith("config.")


def mint(mint_id: str, **changed: object) -> SignedMint:
    values: dict[str, object] = {
        "mint_id": mint_id, "chain": "evm", "stock": "NVDA", "token": "0xt", "receiver": "r", "raw": 5, "kind": 1,
        "epoch": 0, "multiplier": 10**18, "evidence": f"e-{mint_id}", "receipts": (("r-1", 5),), "deadline": 100,
        "signer_epoch": 1,
    }  # fmt: skip
    return SignedMint(**(values | changed))  # type: ignore[arg-type]  # the fields by name


def test_the_register_comes_back_from_the_store_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "watch.sqlite")
    book = store.book("evm")
    book.extend([Fact("evm", "0xt", "minted", "tx", 3, request="aa", raw=10**30)])
    book.cursors["block"] = "7"
    with store.transaction():
        store.put_signed("mint", "sub-1/1", "live", asdict(mint("sub-1/1")))
        store.put_signed("release", "p-1", "live", asdict(SignedRelease("p-1", "payment", "sub-1", 5, "{}", "s")))
        store.put_book("evm", book)
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.put_meta("now", "9")
        raise ZeroDivisionError
    store.close()
    again = Store(tmp_path / "watch.sqlite")
    register = Register.load(again)
    assert register.mints == {"sub-1/1": mint("sub-1/1")}
    assert [each.id for each in register.releases_for("sub-1")] == ["p-1"]
    assert (again.book("evm").token("0xt").supply, again.book("evm").cursors) == (10**30, {"block": "7"})
    assert again.meta("now") == ""
    again.close()


def test_a_signed_mint_counts_until_it_landed_or_can_land_no_more() -> None:
    register = Register()
    for name in ("sub-1/1", "sub-2/1", "sub-3/1"):
        register.put_mint(mint(name))
    register.put_mint(mint("sub-4/1", chain="solana", deadline=0, token="m"))
    assert (register.live_raw("evm", "0xt"), register.live_raw("evm", "0xt", "sub-1/1")) == (15, 10)
    assert register.uses(["r-1"], "sub-1/1")["r-1"] == [(5, 0)] * 3
    book = ChainBook()
    book.extend([Fact("evm", "0xt", "minted", "tx", 3, request=request_hash("sub-1/1"), raw=5)])
    books = {"evm": book, "solana": ChainBook()}
    assert {each.state for each in register.landed(books, {("evm", "0xt"): 100}, {("evm", "0xt"): 0}, {"evm": 1})} == {"landed"}
    assert register.live_raw("evm", "0xt") == 10
    assert {each.state for each in register.landed(books, {("evm", "0xt"): 101}, {("evm", "0xt"): 0}, {"evm": 1})} == {"dead"}
    assert (register.live_raw("evm", "0xt"), register.live_raw("solana", "m")) == (0, 5)
    assert register.uses(["r-1"], "")["r-1"] == [(5, 0)] * 2, "dead vouchers free their receipts"
    register.unland("evm")
    assert register.live_raw("evm", "0xt") == 5


def test_a_token_that_was_not_read__may_hold_its_mint_however_late_the_chain_is() -> None:
    register = Register()
    register.put_mint(mint("sub-1/1"))
    books = {"evm": ChainBook()}
    assert register.landed(books, {("evm", "0xother"): 10**12}, {("evm", "0xother"): 0}, {"evm": 9}) == []
    books["evm"].extend([Fact("evm", "0xt", "minted", "tx", 3, request=request_hash("sub-1/1"), raw=5)])
    landed = register.landed(books, {("evm", "0xt"): 10**12}, {("evm", "0xt"): 0}, {"evm": 9})
    assert [each.state for each in landed] == ["landed"]


def test_a_voucher_of_a_passed_epoch_is_dead_before_its_deadline() -> None:
    register = Register()
    register.put_mint(mint("sub-1/1"))
    assert register.landed({"evm": ChainBook()}, {("evm", "0xt"): 1}, {("evm", "0xt"): 0}, {"evm": 1}) == []
    dead = register.landed({"evm": ChainBook()}, {("evm", "0xt"): 1}, {("evm", "0xt"): 1}, {"evm": 1})
    assert [each.state for each in dead] == ["dead"]


def test_a_voucher_under_keys_that_were_replaced_is_dead_before_its_deadline() -> None:
    register = Register()
    register.put_mint(mint("sub-1/1"))
    assert register.landed({"evm": ChainBook()}, {("evm", "0xt"): 1}, {("evm", "0xt"): 0}, {"evm": 1}) == []
    dead = register.landed({"evm": ChainBook()}, {("evm", "0xt"): 1}, {("evm", "0xt"): 0}, {"evm": 2})
    assert [each.state for each in dead] == ["dead"]
