"""Several custodians as one reserve: summed by statement; one that is missing, silent, wrong or of another epoch spoils it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import httpx
import pytest
from tests.watch.fake_custodian import FakeCustodian

from openscrip_watch.amounts import SHARE
from openscrip_watch.config import CustodianConfig, StockConfig, WatchConfig, read_config, refuse_unless_extends
from openscrip_watch.custodians import Custodians
from openscrip_watch.held import NO_EPOCH, Held, moments, stated_sums
from openscrip_watch.proof import refuse_unless_receipts_allow
from openscrip_watch.refusal import Refusal, Silent
from openscrip_watch.statement import Statement

NOON, ISIN = 1_717_416_000, "US67066G1040"
ACCOUNTS = {"one": "SEG", "two": "SEG"}


class Pair:
    """Two custodians behind one client; `down` are those that do not answer."""

    def __init__(self) -> None:
        self.fakes = {"one": FakeCustodian(NOON), "two": FakeCustodian(NOON)}
        self.down: set[str] = set()
        self.client = httpx.Client(transport=httpx.MockTransport(self.answer))
        self.config = WatchConfig(
            {name: CustodianConfig(f"http://{name}", fake.public_key) for name, fake in self.fakes.items()},
            "", None, None, {"NVDA": StockConfig("NVDA", ISIN, "SEG")}, bank="http://one",
        )  # fmt: skip
        self.read = Custodians(self.config, self.client, keep=True)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.down:
            return httpx.Response(500)
        body = self.fakes[request.url.host].answer(request.url.path, dict(request.url.params))
        return httpx.Response(404) if body is None else httpx.Response(200, json=body)

    def tick(self, seconds: int = 61) -> None:
        for fake in self.fakes.values():
            fake.now += seconds


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    made.fakes["one"].move("receipt", "a", ISIN, 100)
    made.fakes["two"].move("receipt", "b", ISIN, 40)
    yield made
    made.client.close()


def rule(asked: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        asked()
    return refused.value.code, refused.value.text


def test_the_reserve_is_what_all_custodians_state(pair: Pair) -> None:
    held = pair.read.read(ISIN)
    assert (held.unencumbered, held.epoch, held.reach) == (140 * SHARE, 0, {"one": 1, "two": 1})
    pair.fakes["two"].line(ISIN)["pledged"] = 5
    pair.fakes["two"].dirty.add(ISIN)
    held = pair.read.read(ISIN)
    assert (held.unencumbered, held.encumbered) == (140 * SHARE, 5 * SHARE)


def test_one_that_is_silent_or_has_no_line_spoils_the_whole(pair: Pair) -> None:
    pair.down.add("two")
    with pytest.raises(Silent):
        pair.read.read(ISIN)
    assert rule(lambda: pair.read.held(ISIN)) == ("statement.missing", f"{ISIN}: no verified statement of two")
    pair.down.clear()
    pair.fakes["two"].answer = lambda path, query: None  # type: ignore[method-assign]  # it keeps no such line
    assert rule(lambda: pair.read.read(ISIN))[0] == "statement.missing"


WRONG: list[tuple[str, Mapping[str, object]]] = [
    ("statement.sequence", {"sequence": 7}),
    ("statement.chain", {"previous_hash": "ab" * 32}),
    ("movement.chain", {"movements_hash": "ab" * 32}),
]


@pytest.mark.parametrize(("code", "changed"), WRONG)
def test_a_wrong_statement_of_one_names_the_custodian(pair: Pair, code: str, changed: Mapping[str, object]) -> None:
    pair.read.read(ISIN)
    fake = pair.fakes["two"]
    pair.tick()
    fake.statements[ISIN].append(fake.statement(ISIN, fake.statements[ISIN], **changed))
    found, text = rule(lambda: pair.read.read(ISIN))
    assert found == code
    assert "of two" in text


def test_a_statement_under_the_other_custodians_key_is_refused(pair: Pair) -> None:
    pair.fakes["two"].key = pair.fakes["one"].key
    code, text = rule(lambda: pair.read.read(ISIN))
    assert code == "statement.signature"
    assert "of two" in text


def test_custodians_that_count_different_epochs_do_not_compare_with_any_token(pair: Pair) -> None:
    pair.fakes["one"].move("split", "NVDA.SPLF", ISIN, 0, "10/1")
    held = pair.read.read(ISIN)
    assert held.epoch == NO_EPOCH
    assert rule(held.refuse_unless_one_epoch)[0] == "epoch.custodians"
    pair.fakes["two"].move("split", "NVDA.SPLF", ISIN, 0, "10/1")
    held = pair.read.read(ISIN)
    assert (held.epoch, held.unencumbered) == (1, 1_400 * SHARE)
    assert pair.read.line(ISIN).factor(0, 1) == 10


def test_custodians_that_book_another_ratio_are_refused(pair: Pair) -> None:
    pair.fakes["one"].move("split", "NVDA.SPLF", ISIN, 0, "10/1")
    pair.fakes["two"].move("split", "NVDA.SPLF", ISIN, 0, "5/1")
    assert rule(lambda: pair.read.read(ISIN))[0] == "movement.split"


def test_the_whole_is_as_old_as_its_oldest_statement(pair: Pair) -> None:
    pair.read.read(ISIN)
    pair.fakes["one"].now += 600
    assert pair.read.read(ISIN).as_of == NOON


def test_a_receipt_counts_at_its_own_custodian_alone(pair: Pair) -> None:
    held = pair.read.read(ISIN)
    line = pair.read.line(ISIN)

    def allow(receipts: list[tuple[str, int]], accounts: Mapping[str, str]) -> None:
        refuse_unless_receipts_allow(receipts, 140 * SHARE, line, {}, 0, held.reach, accounts)

    both = [("a", 100 * SHARE), ("b", 40 * SHARE)]
    allow(both, ACCOUNTS)
    assert rule(lambda: allow(both, ACCOUNTS | {"two": "SEG-2"}))[0] == "evidence.receipt"
    assert rule(lambda: allow(both, {"one": "SEG"}))[0] == "evidence.receipt"


def test_a_receipt_that_settled_at_two_custodians_proves_nothing(pair: Pair) -> None:
    pair.fakes["two"].move("receipt", "a", ISIN, 100)
    held, line = pair.read.read(ISIN), pair.read.line(ISIN)
    assert (
        rule(lambda: refuse_unless_receipts_allow([("a", 100 * SHARE)], 100 * SHARE, line, {}, 0, held.reach, ACCOUNTS))[0]
        == "evidence.receipt"
    )


def test_a_movement_that_no_statement_closes_over_does_not_count(pair: Pair) -> None:
    held, line = pair.read.read(ISIN), pair.read.line(ISIN)
    reach = {**held.reach, "two": 0}
    assert (
        rule(lambda: refuse_unless_receipts_allow([("b", 40 * SHARE)], 40 * SHARE, line, {}, 0, reach, ACCOUNTS))[0]
        == "evidence.receipt"
    )


def test_an_event_on_which_custodians_differ_is_announced_by_nobody(pair: Pair) -> None:
    told = {"event_id": "E", "isin": ISIN, "event": "DVCA", "ex_date": "2024-06-11", "cash_usd": "0.01"}
    for name, cash in (("one", "0.01"), ("two", "0.02")):
        pair.fakes[name].event("corporate_action", notice=told | {"cash_usd": cash})
    pair.read.read_events()
    assert pair.read.notices == {}
    pair.fakes["two"].event("corporate_action", notice=told | {"revision": 2})
    pair.read.read_events()
    assert set(pair.read.notices) == {"E"}


def made(keeper: str, as_of: int, shares: int, epoch: int = 0) -> Statement:
    whole = shares * SHARE
    return Statement(ISIN, "SEG", as_of, as_of, epoch, whole, 0, 0, 0, 0, whole, 0, "", "", "", keeper=keeper)


def test_what_was_held_at_a_moment_is_the_statement_in_force_of_each() -> None:
    lines = [[made("one", 10, 1), made("one", 20, 2)], [made("two", 12, 10), made("two", 30, 30)]]
    assert [held.unencumbered // SHARE for held in moments(lines, 11, 0)] == []
    assert [held.unencumbered // SHARE for held in moments(lines, 25, 0)] == [12]
    assert [held.unencumbered // SHARE for held in moments(lines, 25, 5)] == [12, 32]
    assert {shares // SHARE for shares, _ in stated_sums(lines)} == {11, 12, 32}


def test_statements_of_two_epochs_never_make_a_sum_that_counts() -> None:
    lines = [[made("one", 10, 1)], [made("two", 10, 1, epoch=1)]]
    assert stated_sums(lines) == {(2 * SHARE, NO_EPOCH)}
    assert Held((lines[0][0], replace(lines[1][0], epoch=0))).epoch == 0


def test_a_configuration_names_custodians_and_never_changes_one() -> None:
    key = FakeCustodian(NOON).public_key
    two = {"url": "http://two/", "public_key": key, "form": "iso20022"}
    stocks = {"NVDA": {"isin": ISIN, "account": "SEG", "accounts": {"two": "SEG-2"}}}
    body = {"custodians": {"one": {"url": "http://one", "public_key": key}, "two": two}, "stocks": stocks}
    config = read_config(body)
    assert (config.bank, config.custodians["two"].url, config.custodians["two"].form) == (
        "http://one",
        "http://two",
        "iso20022",
    )
    assert [config.stocks["NVDA"].account_at(each) for each in config.custodians] == ["SEG", "SEG-2"]
    fewer = read_config(body | {"custodians": {"one": {"url": "http://one", "public_key": key}}})
    assert rule(lambda: refuse_unless_extends(config, fewer))[0] == "config.changed"
    with pytest.raises(Refusal) as refused:
        read_config(body | {"custodians": {"one": two | {"form": "swift"}}})
    assert refused.value.code == "config.form"
