"""What every bank adapter must do. Cases are numbered; the adapters are the paper bank here and over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conformance.brokers import AnyBroker
from tests.conformance.paper_parties import ADAPTERS, AnyBank, AnyCustodian, a_custodian, signed, switch

from openscrip.assets.bank import (
    CashReceived,
    Conversion,
    ConversionDone,
    ConversionFailed,
    ConversionSide,
    Payment,
    PaymentFailed,
    PaymentSent,
    PaymentState,
)
from openscrip.assets.custody import BROKER, Signatures
from openscrip.assets.paper import Deposit
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Conflict, Refused
from openscrip.kernel.money import Money

EventT = TypeVar("EventT")
WIRE = Deposit("wire-1", "sub-1", Money.parse("100"), "ANNA")
OUT = Payment("pay-1", "ANNA", Money.parse("60"), "red-1")
IN = Conversion("conv-1", ConversionSide.TO_DOLLARS, "tusd", "evm", Money.parse("1000"), "0xbank", "0xabc")


@dataclass(frozen=True)
class Desk:
    """The bank, and who moves its time."""

    broker: AnyBroker
    custodian: AnyCustodian
    bank: AnyBank

    def advance_to(self, at: str) -> None:
        self.broker.advance_to(instant(at))
        self.custodian.advance_to(instant(at))

    def told(self, kind: type[EventT]) -> list[EventT]:
        events: list[object] = list(self.bank.events(0, 1000))
        return [each for each in events if isinstance(each, kind)]


@pytest.fixture(params=ADAPTERS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with a_custodian(request.param, tmp_path) as parties:
        yield Desk(*parties)


def test_b01_a_deposit_counts_once(desk: Desk) -> None:
    desk.bank.deposit(WIRE)
    desk.bank.deposit(WIRE)
    assert [(each.reference, str(each.amount), each.sender) for each in desk.told(CashReceived)] == [("sub-1", "100", "ANNA")]
    assert str(desk.bank.cash("sub-1").received) == "100"
    with pytest.raises(Conflict) as refusal:
        desk.bank.deposit(replace(WIRE, amount=Money.parse("1")))
    assert refusal.value.code == "deposit.conflict"


def test_b02_a_payment_needs_both_keys_and_is_made_once(desk: Desk) -> None:
    desk.bank.deposit(WIRE)
    good = signed(OUT)
    for bad in (Signatures(good.treasury, good.treasury), Signatures(good.approver, good.treasury)):
        with pytest.raises(Refused) as refusal:
            desk.bank.pay(OUT, bad)
        assert refusal.value.code == "payment.signatures"
    assert desk.bank.payment("pay-1") is None
    assert desk.bank.pay(OUT, good).status is PaymentState.SENT
    assert desk.bank.pay(OUT, good).status is PaymentState.SENT
    assert [str(each.amount) for each in desk.told(PaymentSent)] == ["60"]
    assert str(desk.bank.cash("red-1").paid) == "60"
    assert str(desk.bank.balance()) == "40"
    with pytest.raises(Conflict) as conflict:
        desk.bank.pay(replace(OUT, amount=Money.parse("1")), good)
    assert conflict.value.code == "payment.conflict"


def test_b03_a_payment_beyond_the_balance_or_refused_by_the_bank_fails_and_takes_nothing(desk: Desk) -> None:
    desk.bank.deposit(WIRE)
    too_much = replace(OUT, amount=Money.parse("100.000001"))
    assert desk.bank.pay(too_much, signed(too_much)).reason == "CASH"
    desk.custodian.turn(switch("fail_payment", only="pay-2"))
    refused = replace(OUT, id="pay-2", amount=Money.parse("100"))
    assert desk.bank.pay(refused, signed(refused)).status is PaymentState.FAILED
    again = replace(refused, id="pay-3")
    assert desk.bank.pay(again, signed(again)).status is PaymentState.SENT
    assert [each.reason for each in desk.told(PaymentFailed)] == ["CASH", "REJT"]


def test_b04_a_late_payment_is_sent_on_the_next_settlement_day(desk: Desk) -> None:
    desk.bank.deposit(WIRE)
    desk.custodian.turn(switch("late_payment"))
    payment = replace(OUT, to=BROKER, reference="sub-1")
    assert desk.bank.pay(payment, signed(payment)).status is PaymentState.PENDING
    desk.advance_to("2024-06-04T16:00:00Z")
    assert desk.bank.payment("pay-1") == desk.bank.pay(payment, signed(payment))
    assert [iso(each.at) for each in desk.told(PaymentSent)] == ["2024-06-04T16:00:00Z"]


def test_b05_a_conversion_needs_both_keys_and_is_made_once_less_its_fee(desk: Desk) -> None:
    good = signed(IN)
    with pytest.raises(Refused) as refusal:
        desk.bank.convert(IN, Signatures(good.treasury, good.treasury))
    assert refusal.value.code == "conversion.signatures"
    assert desk.bank.conversion("conv-1") is None
    assert desk.bank.convert(IN, good) == desk.bank.convert(IN, good) == desk.bank.conversion("conv-1")
    (done,) = desk.told(ConversionDone)
    assert [str(each) for each in (done.given, done.got, done.fee)] == ["1000", "999.5", "0.5"]
    assert str(desk.bank.balance()) == "999.5"
    with pytest.raises(Conflict) as conflict:
        desk.bank.convert(replace(IN, amount=Money.parse("1")), good)
    assert conflict.value.code == "conversion.conflict"


def test_b06_dollars_that_are_not_there_are_not_converted_and_a_refusal_takes_nothing(desk: Desk) -> None:
    desk.bank.deposit(WIRE)
    out = replace(IN, id="conv-2", side=ConversionSide.TO_STABLE, amount=Money.parse("100.01"), transfer="")
    assert desk.bank.convert(out, signed(out)).reason == "CASH"
    desk.custodian.turn(switch("fail_conversion", only="conv-3"))
    refused = replace(out, id="conv-3", amount=Money.parse("100"))
    assert desk.bank.convert(refused, signed(refused)).status is PaymentState.FAILED
    assert [each.reason for each in desk.told(ConversionFailed)] == ["CASH", "REJT"]
    assert str(desk.bank.balance()) == "100"
    again = replace(refused, id="conv-4")
    assert desk.bank.convert(again, signed(again)).status is PaymentState.SENT
    assert str(desk.bank.balance()) == "0"


def test_b07_a_late_conversion_is_done_on_the_next_settlement_day(desk: Desk) -> None:
    desk.custodian.turn(switch("late_conversion"))
    assert desk.bank.convert(IN, signed(IN)).status is PaymentState.PENDING
    assert str(desk.bank.balance()) == "0"
    desk.advance_to("2024-06-04T16:00:00Z")
    assert [iso(each.at) for each in desk.told(ConversionDone)] == ["2024-06-04T16:00:00Z"]


def test_b08_the_bank_converts_so_much_in_a_day_and_no_more(desk: Desk) -> None:
    much = replace(IN, amount=Money.parse("50000000"))
    desk.bank.convert(much, signed(much))
    more = replace(IN, id="conv-2", amount=Money.parse("0.01"))
    with pytest.raises(Refused) as refusal:
        desk.bank.convert(more, signed(more))
    assert refusal.value.code == "conversion.limit"
    desk.advance_to("2024-06-04T16:00:00Z")
    assert desk.bank.convert(more, signed(more)).status is PaymentState.SENT
