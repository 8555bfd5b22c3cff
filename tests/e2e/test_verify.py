"""`openscrip verify` finds what was tampered with, names it, and ends with 1: a ledger row, a byte of a statement, a
multiplier, a mint without a voucher."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from tests.e2e.stack import Up, eventually
from tests.e2e.tampering import one_byte_changed

from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts

ONE = 10**18
THIEF = "0x" + "66" * 20


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("verify"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    for chain in ("evm", "solana"):
        row = running.told_by("subscribe", "TSLA", "2", "--client", "alice", "--chain", chain, "--paper", "--wait")
        assert row["state"] == "completed"
    yield running
    running.stop()


@pytest.fixture
def evm(up: Up) -> Iterator[JsonRpc]:
    rpc = JsonRpc(up.doors["evm_rpc"], timeout_s=20)
    yield rpc
    rpc.close()


def token_of(up: Up) -> str:
    address: str = up.http.get("/v1/stocks").json()[0]["tokens"]["evm"]
    return address


def broken(up: Up) -> dict[str, str]:
    """What is broken, by the name of its check; nothing is when the exit code is 0."""
    done = up.say("verify", "--json")
    told: dict[str, Any] = json.loads(done.out)
    found = {check["name"]: check["detail"] for check in told["checks"] if not check["ok"]}
    assert (done.code, told["ok"]) == ((1, False) if found else (0, True))
    return found


def test_every_check_holds_after_an_honest_run(up: Up) -> None:
    assert broken(up) == {}
    told = up.say("verify").out
    assert "unauthorised supply" in told
    assert "Every check holds." in told


def test_one_changed_ledger_row_is_found_and_named(up: Up) -> None:
    with closing(sqlite3.connect(up.data / "platform" / "store.db", timeout=20)) as store, store:
        triggers = store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            store.execute(f'DROP TRIGGER "{name}"')
        entry, amount = store.execute("SELECT id, amount FROM transfer WHERE debit = 'TSLA/custody' LIMIT 1").fetchone()
        store.execute("UPDATE transfer SET amount = amount + 1 WHERE id = ?", (entry,))
    try:
        found = broken(up)
    finally:
        with closing(sqlite3.connect(up.data / "platform" / "store.db", timeout=20)) as store, store:
            store.execute("UPDATE transfer SET amount = ? WHERE id = ?", (amount, entry))
            for _, sql in triggers:
                store.execute(sql)
    assert set(found) == {"ledger"}
    assert f"transfer {entry}: its content did not match its seal" in found["ledger"]
    assert broken(up) == {}


def test_one_changed_byte_of_a_statement_is_found_and_named(up: Up) -> None:
    config = up.data / "watch" / "config.json"
    honest = config.read_text()
    with one_byte_changed(up.doors["custodian"]) as url:
        wrong = json.loads(honest)
        wrong["custodians"]["custodian"]["url"] = url
        config.write_text(json.dumps(wrong))
        try:
            found = broken(up)
        finally:
            config.write_text(honest)
    assert "signature" in found["statements"]
    assert broken(up) == {}


def test_one_changed_multiplier_is_found_and_named(up: Up, evm: JsonRpc) -> None:
    token = token_of(up)
    read = {"to": token, "data": "0x" + own("StockToken").call("uiMultiplier").hex()}
    honest, doubled = f"0x{ONE:064x}", f"0x{2 * ONE:064x}"
    for slot in range(256):
        if evm.call("eth_getStorageAt", token, hex(slot), "latest") != honest:
            continue
        evm.call("anvil_setStorageAt", token, f"0x{slot:064x}", doubled)
        if int(evm.call("eth_call", read, "latest"), 16) == 2 * ONE:
            break
        evm.call("anvil_setStorageAt", token, f"0x{slot:064x}", honest)
    else:
        pytest.fail("no slot of the token held its multiplier")
    try:
        found = broken(up)
    finally:
        evm.call("anvil_setStorageAt", token, f"0x{slot:064x}", honest)
    assert "TSLA" in found["multiplier"]
    assert broken(up) == {}


def test_one_mint_without_a_voucher_is_found_and_named(up: Up, evm: JsonRpc) -> None:
    """Last in this file: a mint cannot be taken back."""
    issuer = json.loads((up.data / "platform" / "wiring.json").read_text())["deployment"]["issuer"]
    data = "0x" + own("StockToken").call("mint", THIEF, ONE).hex()
    evm.call("anvil_setBalance", issuer, hex(ONE))
    evm.call("anvil_impersonateAccount", issuer)
    sent = evm.call("eth_sendTransaction", {"from": issuer, "to": token_of(up), "data": data, "gas": hex(300_000)})
    assert eventually(lambda: evm.call("eth_getTransactionReceipt", sent) is not None)
    assert evm.call("eth_getTransactionReceipt", sent)["status"] == "0x1"
    found = broken(up)
    assert "TSLA" in found["unauthorised supply"]
    stock = up.told_by("status", code=1)["stocks"][0]
    assert (stock["raw_supply"]["evm"], stock["surplus"], stock["covered"]) == ("3", "-1", False)
