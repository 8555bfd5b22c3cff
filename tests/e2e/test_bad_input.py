"""Bad input at the command line of a running platform: the rule is named, the exit code tells whose fault it is, and
nothing has changed: not in the books, not in the ledger, not on a chain."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.stack import Up

pytestmark = pytest.mark.parts

USAGE, REFUSED = 2, 3


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("bad-input"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    first = ("subscribe", "TSLA", "3", "--client", "alice", "--chain", "evm", "--paper", "--wait", "--request-id", "sub-1")
    assert running.told_by(*first)["state"] == "completed"
    person = {"id": "bob", "name": "Bob Keller", "nationality": "CH", "residence": "CH", "tax_residence": "CH"}
    running.http.post("/v1/paper/clients", json=person).raise_for_status()
    yield running
    running.stop()


def state_of(up: Up) -> list[Any]:
    """Everything that an order could change: rows, the ledger, supply on the chains, commands, market time."""
    status = up.http.get("/v1/status").json()
    paths = ("ledger/trial-balance", "subscriptions", "redemptions")
    rows = [up.http.get(f"/v1/{path}").json() for path in paths]
    rows[1:] = [[row for row in each if row["state"] != "refused"] for each in rows[1:]]
    return [*rows, status["stocks"], status["commands"], status["now"]]


def wallet_of(up: Up, client: str) -> str:
    address: str = up.http.get(f"/v1/clients/{client}").json()["wallets"]["evm"]
    return address


SUBSCRIBE = ("subscribe", "TSLA", "1", "--client", "alice", "--chain", "evm")
REDEEM = ("redeem", "TSLA", "1", "--client", "alice", "--chain", "evm", "--cash")


def changed(command: tuple[str, ...], **words: str) -> list[str]:
    """The command with some of its words changed."""
    found = list(command)
    for name, value in words.items():
        place = {"stock": 1, "amount": 2, "client": 4, "chain": 6}[name]
        found[place] = value
    return found


CASES = {
    "an exponent": (changed(SUBSCRIBE, amount="1e3"), USAGE, "amount.malformed"),
    "a sign": (changed(SUBSCRIBE, amount="+1"), USAGE, "amount.malformed"),
    "a comma": (changed(SUBSCRIBE, amount="1,5"), USAGE, "amount.malformed"),
    "too fine": (changed(SUBSCRIBE, amount="0.0123456789"), USAGE, "amount.precision"),
    "zero": (changed(SUBSCRIBE, amount="0"), REFUSED, "amount.size"),
    "too many": (changed(SUBSCRIBE, amount="100001"), REFUSED, "amount.size"),
    "an unknown symbol": (changed(SUBSCRIBE, stock="QQZ"), USAGE, "symbol.unknown"),
    "an unlisted stock": (changed(SUBSCRIBE, stock="AAPL"), USAGE, "symbol.unknown"),
    "a chain without a wallet": (changed(SUBSCRIBE, chain="base"), USAGE, "wallet.missing"),
    "a wrong chain": ([*changed(SUBSCRIBE, chain="base"), "--wallet", "0x00"], REFUSED, "chain.unknown"),
    "an unknown client": (changed(SUBSCRIBE, client="nobody"), USAGE, "client.unknown"),
    "a wallet that nobody signed for": ([*SUBSCRIBE, "--wallet", "0x" + "22" * 20], REFUSED, "compliance.wallet_not_attested"),
    "more than an order may be": (changed(SUBSCRIBE, amount="9000"), REFUSED, "compliance.order_limit"),
    "more at once than there is": ([*SUBSCRIBE, "--at-once"], REFUSED, "inventory.short"),
    "tokens finer than a grain": (changed(REDEEM, amount="0.000000001"), REFUSED, "amount.grain"),
    "a redemption of nothing": (changed(REDEEM, amount="0"), REFUSED, "amount.size"),
    "a stock that cannot be listed": (["list-stock", "ZZZ"], USAGE, "symbol.unknown"),
    "a report of the future": (["report", "--month", "2024-09"], REFUSED, "report.future"),
    "a month that is none": (["report", "--month", "2024-13"], USAGE, "report.month"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_names_its_rule_and_changes_nothing(up: Up, case: str) -> None:
    arguments, code, rule = CASES[case]
    before = state_of(up)
    done = up.say(*arguments, "--json")
    assert (done.code, json.loads(done.out)["code"]) == (code, rule)
    assert done.err.startswith(f"{rule}: ")
    assert state_of(up) == before


def test_the_wallet_of_another_client_is_refused(up: Up) -> None:
    before = state_of(up)
    told = up.told_by(*SUBSCRIBE, "--wallet", wallet_of(up, "bob"), code=REFUSED)
    assert told["code"] == "compliance.wallet_of_another"
    assert state_of(up) == before


def test_the_same_request_again_has_the_same_answer_and_buys_once(up: Up) -> None:
    before = state_of(up)
    again = up.told_by("subscribe", "TSLA", "3", "--client", "alice", "--chain", "evm", "--paper", "--request-id", "sub-1")
    assert again == up.http.get("/v1/subscriptions/sub-1").json()
    assert state_of(up) == before


def test_the_same_request_with_other_content_is_refused(up: Up) -> None:
    before = state_of(up)
    assert up.told_by(*SUBSCRIBE, "--request-id", "sub-1", code=REFUSED)["code"] == "request.conflict"
    assert up.told_by(*REDEEM, "--request-id", "sub-1", code=REFUSED)["code"] == "request.conflict"
    assert state_of(up) == before


def test_more_tokens_than_the_wallet_holds_never_reach_escrow(up: Up) -> None:
    supply = up.told_by("status")["stocks"][0]["raw_supply"]
    told = up.told_by(*changed(REDEEM, amount="4"), "--paper", "--request-id", "red-much", code=REFUSED)
    assert told["code"] == "token.balance_was_too_small"
    assert up.http.get("/v1/redemptions/red-much").json()["state"] == "requested"
    assert up.told_by("status")["stocks"][0]["raw_supply"] == supply
    assert up.http.get("/v1/paper/escrow").status_code == 405


def test_a_paid_subscription_is_not_paid_twice(up: Up) -> None:
    before = state_of(up)
    assert up.http.post("/v1/paper/pay", json={"request_id": "sub-1"}).status_code == 200
    assert state_of(up) == before
