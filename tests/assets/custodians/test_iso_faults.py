"""The real flow with a custodian that states wrongly, answers twice, dies, or is spoken to by somebody else."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from tests.conformance.paper_parties import (
    TREASURY,
    TSLA,
    IsoUnderTest,
    a_custodian,
    an_iso_custodian,
    broker_child,
    custodian_child,
    file_carrier,
    switch,
)

from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.custodians.iso_envelope import Envelope, envelope_json
from openscrip.assets.custodians.iso_http import HttpCarrier
from openscrip.assets.custodians.iso_store import IsoStore, Row
from openscrip.assets.custodians.iso_words import to_message
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.custody import (
    SEGREGATED_ACCOUNT,
    Instruction,
    InstructionKind,
    InstructionSettled,
    InstructionState,
)
from openscrip.assets.iso20022.messages import write_message
from openscrip.kernel.clock import instant, iso, new_york_date
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import sqlite_url

pytestmark = pytest.mark.parts


def receive(case: str, quantity: int = 5) -> Instruction:
    whole = Shares.whole(quantity)
    return Instruction(case, InstructionKind.RECEIVE, TSLA, whole, SEGREGATED_ACCOUNT, "OUTSIDE", "sub-1")


@pytest.fixture
def custodian(tmp_path: Path) -> Iterator[IsoUnderTest]:
    with a_custodian("iso over http", tmp_path) as (_, made, _bank):
        assert isinstance(made, IsoUnderTest)
        yield made


def holding_five(custodian: IsoUnderTest) -> None:
    custodian.instruct(receive("in-1"))
    custodian.advance_to(instant("2024-06-03T20:30:00Z"))
    assert str(custodian.latest_statement(TSLA).available) == "5"


def pass_by(custodian: IsoUnderTest, seconds: int = 61) -> None:
    custodian.advance_to(custodian.paper.now() + seconds)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("statement_epoch", "statement.epoch"),
        ("statement_code", "iso.code"),
        ("statement_swapped", "statement.sequence"),
    ],
)
def test_a_wrong_statement__is_refused_by_its_rule__and_the_next_right_one_counts_again(
    custodian: IsoUnderTest, fault: str, rule: str
) -> None:
    holding_five(custodian)
    custodian.turn(switch(fault, only=TSLA, times=1))
    pass_by(custodian)
    with pytest.raises(Unavailable, match=rule):
        custodian.latest_statement(TSLA)
    assert rule in custodian.troubles()
    pass_by(custodian)
    right = custodian.latest_statement(TSLA)
    assert (str(right.available), right.epoch) == ("5", 0)


@pytest.mark.parametrize(("fault", "told"), [("statement_short", "4"), ("statement_over", "6")])
def test_a_statement_of_another_number_of_shares__is_told_as_it_is_stated__until_it_is_right(
    custodian: IsoUnderTest, fault: str, told: str
) -> None:
    # The reconciler and the watch hold it against the movements; the adapter never mends a figure.
    holding_five(custodian)
    custodian.turn(switch(fault, only=TSLA, times=1))
    pass_by(custodian)
    assert str(custodian.latest_statement(TSLA).available) == told
    pass_by(custodian)
    assert str(custodian.latest_statement(TSLA).available) == "5"


def test_a_statement_that_comes_twice_with_other_bytes__is_an_incident__and_the_first_stands(custodian: IsoUnderTest) -> None:
    holding_five(custodian)
    custodian.turn(switch("statement_twice", only=TSLA, times=1))
    pass_by(custodian)
    assert str(custodian.latest_statement(TSLA).available) == "5"
    custodian.catch_up()
    assert custodian.troubles() == {"message.conflict": 1}
    assert [str(each.available) for each in custodian.statements(TSLA, 0)][-1] == "5"
    pass_by(custodian)
    assert str(custodian.latest_statement(TSLA).available) == "5"


def test_a_statement__serves_all_who_ask_in_one_instant__until_the_custodian_says_anything_more(
    custodian: IsoUnderTest,
) -> None:
    holding_five(custodian)
    pass_by(custodian)
    custodian.serves_s = 600
    first = custodian.latest_statement(TSLA)
    assert custodian.latest_statement(TSLA) == first
    custodian.instruct(receive("in-2"))
    later = custodian.latest_statement(TSLA)
    assert (later.sequence, str(later.pending_receipt)) == (first.sequence + 1, "5")
    pass_by(custodian)
    assert custodian.latest_statement(TSLA).sequence == later.sequence + 1


def test_a_late_statement__is_the_old_one_with_its_old_time__until_a_new_one_comes(custodian: IsoUnderTest) -> None:
    holding_five(custodian)
    before = custodian.latest_statement(TSLA)
    custodian.serves_s = 600
    custodian.turn(switch("statement_late", only=TSLA))
    pass_by(custodian, 600)
    assert custodian.latest_statement(TSLA).as_of == before.as_of
    custodian.turn(switch("statement_late", only="none"))
    assert custodian.latest_statement(TSLA).as_of == before.as_of + 600


def test_a_transfer_that_settles_in_parts__gives_a_receipt_for_each__and_the_parts_add_up(custodian: IsoUnderTest) -> None:
    custodian.turn(switch("partial_transfer", times=1))
    custodian.instruct(receive("in-1"))
    custodian.advance_to(instant("2024-06-03T20:30:00Z"))
    standing = custodian.instruction("in-1")
    custodian.catch_up()
    standing = custodian.instruction("in-1")
    assert standing is not None
    assert standing.status is InstructionState.PENDING
    custodian.advance_to(instant("2024-06-04T20:30:00Z"))
    parts = [each for each in custodian.events(0, 1000) if isinstance(each, InstructionSettled)]
    assert [(each.receipt, str(each.quantity), str(each.remaining)) for each in parts] == [
        ("in-1/1", "2", "3"),
        ("in-1/2", "3", "0"),
    ]
    assert str(custodian.latest_statement(TSLA).available) == "5"


def test_a_long_name__is_kept_whole_in_both_directions(custodian: IsoUnderTest) -> None:
    name = "sub-" + "7" * 60 + ":buy:t1"
    custodian.instruct(replace(receive(name), reference="sub-" + "7" * 60, counterparty="A" * 50))
    custodian.advance_to(instant("2024-06-03T20:30:00Z"))
    (settled,) = [each for each in custodian.events(0, 1000) if isinstance(each, InstructionSettled)]
    assert (settled.id, settled.reference, settled.counterparty) == (name, "sub-" + "7" * 60, "A" * 50)


def test_a_lost_inbox__is_read_again__with_the_same_numbers(custodian: IsoUnderTest, tmp_path: Path) -> None:
    holding_five(custodian)
    custodian.turn(switch("statement_epoch", only=TSLA, times=1))
    pass_by(custodian)
    with pytest.raises(Unavailable):
        custodian.latest_statement(TSLA)
    before = list(custodian.events(0, 1000))
    with an_iso_custodian(custodian.paper, HttpCarrier(custodian.paper.url), tmp_path / "again") as again:
        assert list(again.events(0, 1000)) == before
        assert list(again.movements(0)) == list(custodian.movements(0))
        assert again.troubles() == custodian.troubles()


@pytest.mark.parametrize("failure", [Unavailable("database: it was restarted"), OSError("no space left"), ZeroDivisionError()])
def test_an_inbox_that_could_not_be_written__misses_nothing_when_it_can(
    custodian: IsoUnderTest, tmp_path: Path, failure: Exception
) -> None:
    class Away(IsoStore):
        def add(self, custodian: str, rows: Sequence[Row]) -> bool:
            raise failure

    store, away = custodian._store, Away.open(sqlite_url(tmp_path / "issuer" / "custody.db"))
    custodian._store = away
    with pytest.raises(type(failure)):
        holding_five(custodian)
    custodian._store = store
    away.close()
    holding_five(custodian)
    pass_by(custodian)
    sent = httpx.get(f"{custodian.paper.url}/v1/messages", timeout=60).json()["messages"]
    assert str(custodian.latest_statement(TSLA).available) == "5"
    assert [row.envelope.number for row in store.rows("custodian", 0)][: len(sent)] == list(range(1, len(sent) + 1))
    with an_iso_custodian(custodian.paper, HttpCarrier(custodian.paper.url), tmp_path / "again") as again:
        assert list(again.events(0, 1000)) == list(custodian.events(0, 1000))


def test_two_that_read_one_stream__keep_each_message_once__and_neither_fails(custodian: IsoUnderTest, tmp_path: Path) -> None:
    class Late(IsoStore):
        """Somebody else is first, always."""

        def add(self, custodian: str, rows: Sequence[Row]) -> bool:
            assert store.add(custodian, rows)
            return super().add(custodian, rows)

    store, late = custodian._store, Late.open(sqlite_url(tmp_path / "issuer" / "custody.db"))
    custodian._store = late
    holding_five(custodian)
    numbers = [row.envelope.number for row in store.rows("custodian", 0)]
    assert numbers == list(range(1, len(numbers) + 1))
    custodian._store = store
    late.close()


def envelope_of(instruction: Instruction, created: int = 1_717_416_000) -> dict[str, Any]:
    today = new_york_date(created)
    raw = write_message(to_message(instruction, today, today))
    plain = Envelope(0, "OPENSCRIP", "sese.023.001.11", instruction.id, created, raw)
    return envelope_json(replace(plain, signature=TREASURY.sign(plain.signed_text().encode())))


def test_hostile_messages__are_refused_with_a_rule__counted__and_change_nothing(custodian: IsoUnderTest) -> None:
    holding_five(custodian)
    url, good = custodian.paper.url, envelope_of(receive("in-2"))
    before = httpx.get(f"{url}/v1/messages", timeout=60).json()["last"]
    key = TREASURY

    def signed(**changes: Any) -> dict[str, Any]:
        raw = changes.pop("raw", good["raw"]).encode()
        plain = Envelope(0, "OPENSCRIP", good["type"], good["id"], instant(good["created"]), raw)
        plain = replace(plain, **changes)
        return envelope_json(replace(plain, signature=key.sign(plain.signed_text().encode())))

    hostile: list[tuple[Any, str]] = [
        ([], "body.object"),
        ({}, "envelope.fields"),
        ({**good, "number": -1}, "envelope.value"),
        ({**good, "raw": good["raw"][:-9]}, "envelope.hash"),
        ({**good, "created": iso(0)}, "envelope.signature"),
        ({**good, "signature": base64.b64encode(b"0" * 64).decode()}, "envelope.signature"),
        ({**good, "id": "in-3"}, "envelope.signature"),
        (signed(sender="SOMEBODY"), "envelope.sender"),
        (signed(number=7), "envelope.number"),
        (signed(raw=good["raw"][:-20]), "iso.xml"),
        (signed(raw=good["raw"].replace("<TxId>", "<!DOCTYPE x><TxId>")), "iso.xml"),
        (signed(raw=good["raw"].replace(">RECE<", ">TAKE<")), "iso.code"),
        (signed(type="sese.025.001.11"), "message.type"),
        (signed(id="in-1"), "message.conflict"),
        (signed(id="other"), "message.instruction"),
        ("x" * 70_000, "body.size"),
    ]
    for body, code in hostile:
        answer = httpx.post(f"{url}/v1/messages", json=body, timeout=60)
        assert (answer.status_code in {400, 409}, answer.json()["code"]) == (True, code), code
    assert httpx.get(f"{url}/v1/messages", timeout=60).json()["last"] == before
    assert 'openscrip_custodian_refused_total{rule="envelope.signature"} 3' in httpx.get(f"{url}/metrics", timeout=60).text
    assert httpx.post(f"{url}/v1/messages", json=good, timeout=60).json()["again"] is False
    assert httpx.post(f"{url}/v1/messages", json=good, timeout=60).json()["again"] is True


def test_a_page_that_was_changed_on_its_way__is_not_read__and_nothing_of_it_is_kept(custodian: IsoUnderTest) -> None:
    holding_five(custodian)
    pass_by(custodian)
    kept = len(list(custodian.events(0, 1000)))
    carrier = custodian._carrier

    class Changed(HttpCarrier):
        def after(self, number: int, limit: int) -> list[Envelope]:
            return [replace(each, raw=each.raw.replace(b"<Unit>5<", b"<Unit>9<")) for each in super().after(number, limit)]

    custodian._carrier = Changed(custodian.paper.url)
    with pytest.raises(Unavailable, match=r"envelope\.signature"):
        custodian.latest_statement(TSLA)
    custodian._carrier.close()
    custodian._carrier = carrier
    assert len(list(custodian.events(0, 1000))) == kept
    assert str(custodian.latest_statement(TSLA).available) == "5"


@pytest.mark.parts
@pytest.mark.crash
@pytest.mark.parametrize("carried_by", ["http", "files"])
def test_a_custodian_killed_with_instructions_in_flight__loses_and_doubles_nothing(tmp_path: Path, carried_by: str) -> None:
    with ExitStack() as stack:
        broker_process = broker_child(tmp_path / "broker")
        broker_process.start()
        stack.callback(broker_process.kill)
        child = custodian_child(tmp_path / "custodian", broker_process.url, "--exchange", str(tmp_path / "exchange"))
        child.start()
        stack.callback(child.kill)
        paper, broker = PaperCustodianClient(child.url), PaperBrokerClient(broker_process.url)
        stack.callback(paper.close)
        stack.callback(broker.close)
        files = carried_by == "files"
        carrier = file_carrier(tmp_path / "exchange", paper, tmp_path, 1) if files else HttpCarrier(child.url)
        iso = stack.enter_context(an_iso_custodian(paper, carrier, tmp_path))
        for number in range(4):
            iso.instruct(receive(f"in-{number}", 2))
        told = [(each.id, each.at) for each in iso.events(0, 1000) if isinstance(each, InstructionSettled)]
        assert told == []
        child.kill()
        with pytest.raises(Unavailable):
            iso.instruct(receive("in-4", 2))
        child.start()
        for number in range(5):
            iso.instruct(receive(f"in-{number}", 2))
        child.kill()
        child.start()
        paper.advance_to(instant("2024-06-03T20:30:00Z"))
        child.kill()
        child.start()
        settled = [each.id for each in iso.events(0, 1000) if isinstance(each, InstructionSettled)]
        assert settled == [f"in-{number}" for number in range(5)]
        assert str(iso.latest_statement(TSLA).available) == "10"
        # A new process of ours, with the same store, goes on where this one was.
        store = IsoStore(create_engine(f"sqlite:///{tmp_path / 'issuer' / 'custody.db'}"))
        assert len(store.rows("custodian", 0)) == len(httpx.get(f"{child.url}/v1/messages", timeout=60).json()["messages"])
        store.close()
