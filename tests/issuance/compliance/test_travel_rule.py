"""Funds above a threshold wait until the provider at the other end has accepted who sends and who receives."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.assets.compliance.test_ivms101 import MESSAGE
from tests.issuance.compliance.office import WALLETS, Desk, sql_store

from openscrip.assets.compliance.counterpart import Answer, Replied
from openscrip.assets.compliance.counterparts.http import HttpCounterpart
from openscrip.assets.compliance.ivms101 import Casing, read_message
from openscrip.assets.paper_child import PaperChild
from openscrip.issuance.cases import decide_case
from openscrip.issuance.travel_rule import (
    RETRY_S,
    Transfer,
    TravelAnswered,
    TravelExchange,
    TravelRule,
    refuse_unexchanged,
    travel_case,
)
from openscrip.kernel.errors import Conflict, Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.runtime.feed import Activity, FeedReader
from openscrip.runtime.worker import no_probe

STRANGE = "0x" + "22" * 20
TRANSFER = Transfer("red-1:pay", "c1", "USDC", "5000", Money.parse("5000"), "evm", STRANGE, "network", ("SG",))
MESSAGE_READ = read_message(MESSAGE)


class Other:
    """A counterpart in memory."""

    def __init__(self, casing: Casing = Casing.PASCAL_ROOTS) -> None:
        self.casing = casing
        self.answer = Answer.ACCEPTED
        self.silent = False
        self.told: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    def tell(self, transfer: str, transaction: dict[str, str], message: dict[str, Any]) -> Replied:
        if self.silent:
            raise Unavailable("travel: the counterpart did not answer")
        self.told.append((transfer, transaction, message))
        return Replied(self.answer, "ref-1")


class Travelling(Desk):
    """A desk with the Travel Rule under a worker's reader."""

    def __init__(self, folder: Path | None = None, other: Other | HttpCounterpart | None = None) -> None:
        super().__init__(sql_store(folder) if folder else None)
        self.other = Other()
        self.rule = TravelRule(self.store, self.compliance, {"network": other or self.other}, self.clock.now)
        self.reader = FeedReader(self.rule.feed(), self.store, no_probe, Activity(threading.Event()))
        self.take_on()

    def prepare(self, transfer: Transfer = TRANSFER, told: bool = True) -> TravelExchange:
        with self.store.transaction() as unit:
            return self.rule.prepare(unit, transfer, MESSAGE_READ if told else None)

    def may_go(self, transfer: str = TRANSFER.id) -> bool:
        with self.store.view() as view:
            try:
                refuse_unexchanged(view, transfer)
            except Refused as refused:
                return refused.code != "travel.unexchanged"
        return True


def test_funds_above_the_threshold__stay_until_the_counterpart_has_accepted() -> None:
    desk = Travelling()
    assert not desk.may_go()
    assert desk.prepare().state == "drafted"
    assert not desk.may_go()
    desk.reader.read()
    assert desk.may_go()
    [(transfer, transaction, message)] = desk.other.told
    assert (transfer, transaction["amount"], message) == (TRANSFER.id, "5000", MESSAGE)
    desk.reader.read()
    assert len(desk.other.told) == 1
    with desk.store.view() as view:
        assert [fact for _, _, fact in view.facts() if isinstance(fact, TravelAnswered)] == [
            TravelAnswered(TRANSFER.id, "accepted", "ref-1")
        ]


@pytest.mark.parametrize(
    ("value", "places", "state"),
    [
        ("999.999999", ("JM",), "exempt"), ("1000", ("JM",), "drafted"), ("1499.99", ("SG",), "exempt"),
        ("0.01", ("CH",), "drafted"),
        ("2999", ("US",), "exempt"), ("2999", ("US", "EU"), "drafted"), ("3000", ("US",), "drafted"),
    ],
)  # fmt: skip
def test_the_threshold__is_the_strictest_of_the_jurisdictions(value: str, places: tuple[str, ...], state: str) -> None:
    row = Travelling().prepare(replace(TRANSFER, value=Money.parse(value), jurisdictions=places))
    assert row.state == state


def test_a_wallet_that_the_client_has_proven__is_no_provider() -> None:
    desk = Travelling()
    own = replace(TRANSFER, address=WALLETS["evm"])
    assert desk.prepare(own, told=False).state == "exempt"
    assert desk.may_go()
    other = replace(own, id="other", client="c2")
    with pytest.raises(Refused):
        desk.prepare(other, told=False)


def test_without_a_message__or_somebody_to_tell__nothing_is_noted() -> None:
    desk = Travelling()
    for transfer, told, code in (
        (TRANSFER, False, "travel.message"),
        (replace(TRANSFER, counterpart="x"), True, "travel.counterpart"),
    ):
        with pytest.raises(Refused) as refused:
            desk.prepare(transfer, told)
        assert refused.value.code == code
    desk.prepare()
    with pytest.raises(Conflict):
        desk.prepare(replace(TRANSFER, amount="6000"))


def test_a_rejection__is_a_case__and_two_persons_may_release_the_funds() -> None:
    desk = Travelling()
    desk.other.answer = Answer.REJECTED
    desk.prepare()
    desk.reader.read()
    assert not desk.may_go()
    [case] = desk.cases()
    assert (case.id, case.kind) == (travel_case(TRANSFER.id), "travel")
    for by in ("olga", "pavel"):
        with desk.store.transaction() as unit:
            decide_case(unit, case.id, by, "release", "told by telephone", desk.clock.now())
    assert desk.may_go()


def test_silence_and_pending__are_asked_again_after_a_pause() -> None:
    desk = Travelling()
    desk.prepare()
    desk.other.silent = True
    desk.reader.read()
    desk.reader.read()
    assert not desk.may_go()
    desk.other.silent, desk.other.answer = False, Answer.PENDING
    desk.clock.advance_to(desk.clock.now() + RETRY_S)
    desk.reader.read()
    desk.reader.read()
    assert len(desk.other.told) == 1
    desk.other.answer = Answer.ACCEPTED
    desk.clock.advance_to(desk.clock.now() + RETRY_S)
    desk.reader.read()
    assert desk.may_go()


def test_what_was_told__lies_sealed__and_is_read_back(tmp_path: Path) -> None:
    desk = Travelling(tmp_path)
    row = desk.prepare()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in ("Lindqvistson", "Hauptgeheimgasse", "X1234567") if word.encode() in raw] == []
    assert desk.rule.message(row) == MESSAGE_READ


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperChild]:
    child = PaperChild("openscrip.assets.compliance.paper_counterpart", Path(tmp_path_factory.mktemp("counterpart")))
    child.start()
    yield child
    child.stop()


@pytest.mark.parts
@pytest.mark.parametrize("casing", list(Casing))
def test_a_counterpart_over_http__reads_what_we_write__in_either_casing(paper: PaperChild, casing: Casing) -> None:
    client = HttpCounterpart(paper.url, casing)
    desk = Travelling(other=client)
    transfer = replace(TRANSFER, id=f"red-{casing.value}:pay")
    desk.prepare(transfer)
    desk.reader.read()
    assert desk.may_go(transfer.id)
    told = httpx.get(f"{paper.url}/paper/told").json()[transfer.id]
    assert read_message(told["ivms101"]) == MESSAGE_READ
    httpx.post(f"{paper.url}/paper/answer", json={"answer": "accepted", "silent": True})
    with pytest.raises(Unavailable):
        client.tell("x", {}, {})
    httpx.post(f"{paper.url}/paper/answer", json={"answer": "accepted", "silent": False})
    assert client.tell("x", {}, {"Originator": {}}).answer is Answer.REJECTED
    client.close()
