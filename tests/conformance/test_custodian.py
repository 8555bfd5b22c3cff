"""What every custodian adapter must do. Cases are numbered; the adapters are the paper custodian here and over HTTP."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.conformance.brokers import AnyBroker
from tests.conformance.paper_parties import (
    AAPL,
    CUSTODIANS,
    NVDA,
    TSLA,
    AnyBank,
    AnyCustodian,
    a_custodian,
    signed,
    switch,
)

from openscrip.assets.broker import Order, Side
from openscrip.assets.custodians.iso import IsoCustodian
from openscrip.assets.custodians.paper_core import SubBalanceMove
from openscrip.assets.custody import (
    BROKER,
    SEGREGATED_ACCOUNT,
    ActionNotified,
    DividendPaid,
    Instruction,
    InstructionCancelled,
    InstructionFailed,
    InstructionKind,
    InstructionSettled,
    InstructionState,
    MovementType,
    Signatures,
    SplitBooked,
    Statement,
)
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.wire import to_json
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.quantities import Shares

EventT = TypeVar("EventT")


@dataclass(frozen=True)
class Desk:
    """Broker and custodian, and the words of these tests."""

    broker: AnyBroker
    custodian: AnyCustodian
    bank: AnyBank

    def advance_to(self, at: str) -> None:
        self.broker.advance_to(instant(at))
        self.custodian.advance_to(instant(at))

    def told(self, kind: type[EventT]) -> list[EventT]:
        events: list[object] = list(self.custodian.events(0, 1000))
        return [each for each in events if isinstance(each, kind)]

    def statement(self, isin: str = TSLA) -> Statement:
        return self.custodian.latest_statement(isin)

    def deposit_shares(self, quantity: str, isin: str = TSLA, case: str = "in-0") -> None:
        """Shares arrive from outside and settle on 3 June."""
        self.custodian.instruct(receive(case, quantity, isin, "OUTSIDE"))
        self.advance_to("2024-06-03T20:30:00Z")


@pytest.fixture(params=CUSTODIANS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with a_custodian(request.param, tmp_path) as (broker, custodian, bank):
        yield Desk(broker, custodian, bank)


def receive(case: str, quantity: str, isin: str = TSLA, counterparty: str = BROKER) -> Instruction:
    kind = InstructionKind.RECEIVE
    return Instruction(case, kind, isin, Shares.parse(quantity), SEGREGATED_ACCOUNT, counterparty, "sub-1")


def deliver(case: str, quantity: str, isin: str = TSLA, counterparty: str = "AP-ONE") -> Instruction:
    return replace(receive(case, quantity, isin, counterparty), kind=InstructionKind.DELIVER)


def bought(desk: Desk, quantity: int = 5) -> None:
    """Shares are bought on 3 June and settle at the broker at noon of 4 June."""
    desk.broker.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(quantity)))
    desk.advance_to("2024-06-04T16:00:00Z")


def test_c01_shares_bought_reach_custody_the_afternoon_they_are_instructed(desk: Desk) -> None:
    bought(desk)
    assert desk.custodian.instruct(receive("in-1", "5")).status is InstructionState.PENDING
    pending = desk.statement()
    assert [str(each) for each in (pending.available, pending.pending_receipt, pending.aggregate)] == ["0", "5", "0"]
    desk.advance_to("2024-06-04T20:29:59Z")
    assert desk.told(InstructionSettled) == []
    desk.advance_to("2024-06-04T20:30:00Z")
    (settled,) = desk.told(InstructionSettled)
    assert (settled.id, str(settled.quantity), settled.reference, settled.epoch) == ("in-1", "5", "sub-1", 0)
    held = desk.statement()
    assert [str(each) for each in (held.available, held.pending_receipt, held.aggregate)] == ["5", "0", "5"]
    assert desk.broker.positions() == {}


def test_c02_the_same_instruction_twice_moves_shares_once(desk: Desk) -> None:
    bought(desk)
    assert desk.custodian.instruct(receive("in-1", "2")) == desk.custodian.instruct(receive("in-1", "2"))
    desk.advance_to("2024-06-05T21:00:00Z")
    assert desk.custodian.instruct(receive("in-1", "2")).status is InstructionState.SETTLED
    desk.advance_to("2024-06-07T21:00:00Z")
    assert str(desk.statement().available) == "2"
    assert str(desk.broker.positions()["TSLA"].settled) == "3"


def test_c03_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(desk: Desk) -> None:
    desk.custodian.instruct(receive("in-1", "2"))
    with pytest.raises(Conflict) as refusal:
        desk.custodian.instruct(receive("in-1", "3"))
    assert refusal.value.code == "instruction.conflict"
    assert str(desk.statement().pending_receipt) == "2"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(receive("in-1", "2"), account="OTHER"), "SAFE"),
        (replace(receive("in-1", "2"), isin="US0000000002"), "DSEC"),
        (receive("in-1", "2.5"), "DQUA"),
    ],
)
def test_c04_what_cannot_settle_is_rejected_for_good(desk: Desk, wrong: Instruction, reason: str) -> None:
    answer = desk.custodian.instruct(wrong)
    assert (answer.status, answer.reason) == (InstructionState.REJECTED, reason)
    assert [(each.reason, each.final) for each in desk.told(InstructionFailed)] == [(reason, True)]
    assert desk.custodian.instruction("in-1") == answer
    assert desk.custodian.instruction("in-2") is None


def test_c05_after_three_in_the_afternoon_a_transfer_waits_for_the_next_settlement_day(desk: Desk) -> None:
    bought(desk)
    desk.advance_to("2024-06-07T19:00:00Z")
    desk.custodian.instruct(receive("in-1", "5"))
    desk.advance_to("2024-06-10T21:00:00Z")
    assert [iso(each.at) for each in desk.told(InstructionSettled)] == ["2024-06-10T20:30:00Z"]


def test_c06_shares_that_the_broker_lacks_are_asked_for_again(desk: Desk) -> None:
    desk.custodian.instruct(receive("in-1", "5"))
    desk.broker.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(5)))
    desk.advance_to("2024-06-03T20:30:00Z")
    desk.advance_to("2024-06-04T20:30:00Z")
    (failed,) = desk.told(InstructionFailed)
    assert (failed.reason, failed.final, failed.retry_on) == ("LACK", False, date(2024, 6, 4))
    assert [each.id for each in desk.told(InstructionSettled)] == ["in-1"]


@pytest.mark.parametrize(("name", "told"), [("fail_transfer", 1), ("late_transfer", 0)])
def test_c07_a_failed_or_late_transfer_settles_a_settlement_day_later(desk: Desk, name: str, told: int) -> None:
    bought(desk)
    desk.custodian.turn(switch(name, times=1))
    desk.custodian.instruct(receive("in-1", "5"))
    desk.advance_to("2024-06-04T21:00:00Z")
    assert [each.final for each in desk.told(InstructionFailed)] == [False] * told
    assert str(desk.statement().available) == "0"
    desk.advance_to("2024-06-05T21:00:00Z")
    assert [iso(each.at) for each in desk.told(InstructionSettled)] == ["2024-06-05T20:30:00Z"]


def test_c08_a_refused_transfer_leaves_the_shares_where_they_were(desk: Desk) -> None:
    desk.deposit_shares("5")
    desk.custodian.turn(switch("refuse_transfer"))
    out = deliver("out-1", "5")
    desk.custodian.instruct(out, signed(out))
    desk.advance_to("2024-06-05T21:00:00Z")
    assert [(each.reason, each.final) for each in desk.told(InstructionFailed)] == [("REFU", True)]
    held = desk.statement()
    assert [str(each) for each in (held.available, held.pending_delivery)] == ["5", "0"]
    assert desk.custodian.movements(0)[-1].type is MovementType.FAILED


def test_c09_a_delivery_counts_until_it_leaves(desk: Desk) -> None:
    desk.deposit_shares("5")
    out = deliver("out-1", "2")
    desk.custodian.instruct(out, signed(out))
    waiting = desk.statement()
    assert [str(each) for each in (waiting.available, waiting.pending_delivery, waiting.aggregate)] == ["5", "2", "5"]
    desk.advance_to("2024-06-04T20:30:00Z")
    left = desk.statement()
    assert [str(each) for each in (left.available, left.pending_delivery, left.aggregate)] == ["3", "0", "3"]


@pytest.mark.parametrize("who", ["nobody", "treasury alone", "approver alone", "treasury twice", "another message"])
def test_c10_nothing_leaves_without_both_keys(desk: Desk, who: str) -> None:
    desk.deposit_shares("5")
    out = deliver("out-1", "2")
    good, other = signed(out), signed(deliver("out-1", "1"))
    signatures = {
        "nobody": None,
        "treasury alone": Signatures(good.treasury, ""),
        "approver alone": Signatures("", good.approver),
        "treasury twice": Signatures(good.treasury, good.treasury),
        "another message": other,
    }[who]
    with pytest.raises(Refused) as refusal:
        desk.custodian.instruct(out, signatures)
    assert refusal.value.code == "instruction.signatures"
    assert desk.custodian.instruction("out-1") is None
    assert desk.custodian.instruct(out, good).status is InstructionState.PENDING


def test_c11_a_cancelled_instruction_never_settles_and_a_settled_one_is_not_cancelled(desk: Desk) -> None:
    desk.deposit_shares("5")
    out = deliver("out-1", "2")
    desk.custodian.instruct(out, signed(out))
    assert desk.custodian.cancel("out-1").status is InstructionState.CANCELLED
    assert desk.custodian.cancel("out-1").status is InstructionState.CANCELLED
    assert desk.custodian.cancel("in-0").status is InstructionState.SETTLED
    desk.advance_to("2024-06-06T21:00:00Z")
    assert [each.id for each in desk.told(InstructionCancelled)] == ["out-1"]
    assert str(desk.statement().available) == "5"
    assert [each.type for each in desk.custodian.movements(0)] == [MovementType.RECEIPT, MovementType.CANCELLED]
    with pytest.raises(Refused) as refusal:
        desk.custodian.cancel("out-9")
    assert refusal.value.code == "instruction.unknown"


def test_c12_a_delivery_to_the_broker_arrives_there(desk: Desk) -> None:
    desk.deposit_shares("5")
    out = deliver("out-1", "4", counterparty=BROKER)
    desk.custodian.instruct(out, signed(out))
    desk.advance_to("2024-06-04T20:30:00Z")
    assert str(desk.broker.positions()["TSLA"].settled) == "4"
    assert str(desk.statement().available) == "1"


def test_c13_more_than_is_available_is_not_delivered(desk: Desk) -> None:
    desk.deposit_shares("5")
    desk.custodian.move_sub_balance(SubBalanceMove("pledge-1", TSLA, "available", "pledged", Shares.whole(4)))
    out = deliver("out-1", "2")
    desk.custodian.instruct(out, signed(out))
    desk.advance_to("2024-06-04T20:30:00Z")
    assert [(each.reason, each.final) for each in desk.told(InstructionFailed)] == [("LACK", False)]
    desk.custodian.move_sub_balance(SubBalanceMove("pledge-2", TSLA, "pledged", "available", Shares.whole(4)))
    desk.advance_to("2024-06-05T20:30:00Z")
    assert str(desk.statement().available) == "3"


def test_c14_a_statement_names_each_sub_balance_and_they_add_up(desk: Desk) -> None:
    desk.deposit_shares("9")
    for number, target in enumerate(("blocked", "pledged", "pledged")):
        move = SubBalanceMove(f"move-{number}", TSLA, "available", target, Shares.whole(2))
        desk.custodian.move_sub_balance(move)
        desk.custodian.move_sub_balance(move)
    held = desk.statement()
    assert [str(each) for each in (held.available, held.blocked, held.pledged)] == ["3", "2", "4"]
    assert held.available + held.blocked + held.pledged == held.aggregate
    with pytest.raises(Refused):
        desk.custodian.move_sub_balance(SubBalanceMove("move-9", TSLA, "available", "blocked", Shares.whole(4)))
    with pytest.raises(Malformed):
        desk.custodian.move_sub_balance(SubBalanceMove("move-8", TSLA, "available", "lost", Shares.whole(1)))


def test_c15_statements_are_signed_and_one_changed_figure_breaks_the_signature(desk: Desk) -> None:
    desk.deposit_shares("5")
    key = Ed25519PublicKey.from_public_bytes(desk.custodian.public_key())
    statement = desk.statement()
    signature = base64.b64decode(statement.signature)
    key.verify(signature, statement.signed_bytes())
    if isinstance(desk.custodian, IsoCustodian):
        number = int(statement.envelope.split("\n")[2])
        raw = desk.custodian.message(number)
        assert hashlib.sha256(raw).hexdigest() == statement.hash
        with pytest.raises(InvalidSignature):
            key.verify(signature, statement.signed_bytes().replace(statement.hash.encode(), b"0" * 64))
        return
    with pytest.raises(InvalidSignature):
        key.verify(signature, replace(statement, available=Shares.whole(6)).signed_bytes())


def test_c16_statements_are_chained_and_new_when_something_changed_or_time_passed(desk: Desk) -> None:
    first = desk.statement()
    assert desk.statement() == first
    desk.deposit_shares("5")
    second = desk.statement()
    desk.custodian.advance_to(second.as_of + 60)
    assert desk.statement() == second
    desk.custodian.advance_to(second.as_of + 61)
    third = desk.statement()
    chain = [first, second, third]
    assert list(desk.custodian.statements(TSLA, 0)) == chain
    assert list(desk.custodian.statements(TSLA, 2)) == [third]
    assert [each.sequence for each in chain] == [1, 2, 3]
    hashes = [each.hash for each in chain]
    assert [each.previous_hash for each in chain] == ["00" * 32, *hashes[:2]]


def test_c17_the_movements_hash_is_recomputed_from_the_movements(desk: Desk) -> None:
    desk.deposit_shares("5")
    desk.deposit_shares("3", isin=NVDA, case="in-2")
    desk.advance_to("2024-06-04T21:00:00Z")
    statement = desk.statement(NVDA)
    movements = desk.custodian.movements(0)
    assert [each.instruction for each in movements] == ["in-0", "in-2"]
    assert list(desk.custodian.movements(movements[0].seq)) == [movements[1]]
    link = b"\x00" * 32
    if isinstance(desk.custodian, IsoCustodian):
        # The statement closes over every message before it.
        for number in range(1, statement.movement_seq + 1):
            link = hashlib.sha256(link + hashlib.sha256(desk.custodian.message(number)).digest()).digest()
        assert statement.movements_hash == link.hex()
        assert movements[1].seq <= statement.movement_seq
        return
    for each in movements[: statement.movement_seq]:
        # As a stranger would do it: from the plain JSON alone.
        text = json.dumps(to_json(each), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        link = hashlib.sha256(link + text.encode()).digest()
    assert statement.movements_hash == link.hex()
    assert list(desk.custodian.movements(1)) == list(movements[1:])


def test_c18_a_split_raises_the_epoch_and_rescales_holding_and_pending_instructions(desk: Desk) -> None:
    desk.deposit_shares("5", isin=NVDA)
    desk.advance_to("2024-06-07T20:00:00Z")
    out = deliver("out-1", "2", isin=NVDA)
    desk.custodian.instruct(out, signed(out))
    desk.advance_to("2024-06-10T10:00:00Z")
    (split,) = [each for each in desk.told(SplitBooked) if each.isin == NVDA]
    assert (str(split.before), str(split.after), split.epoch) == ("5", "50", 1)
    assert (split.ratio_new, split.ratio_old, str(split.cash_in_lieu)) == (10, 1, "0")
    held = desk.statement(NVDA)
    assert [str(each) for each in (held.available, held.pending_delivery)] == ["50", "20"]
    assert held.epoch == 1
    desk.advance_to("2024-06-10T20:30:00Z")
    settled = desk.told(InstructionSettled)[-1]
    assert (settled.id, str(settled.quantity), settled.epoch) == ("out-1", "20", 1)
    assert str(desk.statement(NVDA).available) == "30"
    assert [each.epoch for each in desk.custodian.movements(0)] == [0, 1, 1]


def test_c19_a_reverse_split_pays_the_lost_fraction_in_cash(desk: Desk) -> None:
    desk.deposit_shares("7")
    day = date(2024, 6, 3)
    desk.custodian.announce(
        Notice(
            "TSLA.SPLR",
            "TSLA",
            TSLA,
            ActionEvent.REVERSE_SPLIT,
            day,
            date(2024, 6, 5),
            None,
            None,
            1,
            2,
            None,
            "custodian",
        )
    )
    desk.advance_to("2024-06-05T10:00:00Z")
    (split,) = desk.told(SplitBooked)
    # Half a new share at the last close of 174.77 restated to 349.54.
    assert (str(split.before), str(split.after), str(split.cash_in_lieu)) == ("7", "3", "174.77")
    assert str(desk.bank.cash("TSLA.SPLR").received) == "174.77"


def test_c20_a_dividend_is_paid_net_on_what_was_held_before_the_ex_date(desk: Desk) -> None:
    desk.deposit_shares("200", isin=AAPL)
    desk.advance_to("2024-08-12T14:00:00Z")
    desk.custodian.instruct(receive("in-1", "100", AAPL, "OUTSIDE"))
    desk.advance_to("2024-08-15T15:59:59Z")
    assert [each for each in desk.told(DividendPaid) if each.isin == AAPL] == []
    desk.advance_to("2024-08-15T16:00:00Z")
    (paid,) = [each for each in desk.told(DividendPaid) if each.isin == AAPL]
    assert [str(each) for each in (paid.eligible, paid.gross, paid.net, paid.withheld)] == ["200", "50", "35", "15"]
    assert str(desk.bank.cash("AAPL.DVCA.2024-08-12").received) == "35"
    assert "AAPL.DVCA.2024-08-12" in {each.notice.event_id for each in desk.told(ActionNotified)}


def test_c25_events_are_numbered_without_a_gap_and_time_never_goes_back(desk: Desk) -> None:
    desk.deposit_shares("5")
    desk.advance_to("2024-07-01T12:00:00Z")
    desk.advance_to("2024-06-01T12:00:00Z")
    everything = list(desk.custodian.events(0, 1000))
    assert [each.seq for each in everything] == list(range(1, len(everything) + 1))
    assert [each.at for each in everything] == sorted(each.at for each in everything)
    assert list(desk.custodian.events(1, 2)) == everything[1:3]
    assert desk.custodian.next_due() is not None


def test_c26_an_unknown_line_has_no_statement(desk: Desk) -> None:
    with pytest.raises(Refused) as refusal:
        desk.custodian.latest_statement("US0000000000")
    assert refusal.value.code == "isin.unknown"
