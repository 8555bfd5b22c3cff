"""Messages as a custodian and an issuer would exchange them, with the figures of the reference."""

from dataclasses import replace
from datetime import date

from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationAdvice, CancellationRequest, CancellationStatus
from openscrip.assets.iso20022.corporate_action import (
    CashToCome,
    EventCancellationAdvice,
    EventNotification,
    Option,
    Ratio,
    SharesToCome,
)
from openscrip.assets.iso20022.entitlement import (
    CashExpected,
    CashPosted,
    ExpectedOption,
    MovementAdvice,
    MovementConfirmation,
    SharesPosted,
)
from openscrip.assets.iso20022.holdings import (
    Chain,
    Holding,
    IntraPositionConfirmation,
    IntraPositionMovement,
    StatementPage,
    SubBalance,
)
from openscrip.assets.iso20022.messages import Message
from openscrip.assets.iso20022.settlement import (
    SettlementConfirmation,
    SettlementInstruction,
    Status,
    StatusAdvice,
    StatusDetails,
)
from openscrip.assets.iso20022.shared import Party, ProprietaryId, SafekeepingPlace, SettlementParties
from openscrip.kernel.clock import instant
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares

AAPL, NVDA = "US0378331005", "US67066G1040"
ACCOUNT = "OPENSCRIP-SEG"
DTC = "DTCYUS33"
BROKER = SettlementParties(
    depository=DTC, account="BRK-000123", proprietary=ProprietaryId("PAPER-BROKER", "OPENSCRIP"), lei="5493006MHB84DD0ZWV18"
)
OUTSIDE = SettlementParties(depository=DTC, account="AP-77", bic="IRVTUS3NXXX")
PLACE = SafekeepingPlace(codes.SafekeepingPlaceType.NATIONAL_DEPOSITORY, DTC)

RECEIVE_FREE = SettlementInstruction(
    id="sub-000017:transfer",
    movement=codes.Movement.RECEIVE,
    payment=codes.PaymentType.FREE,
    traded_on=date(2026, 10, 9),
    settles_on=date(2026, 10, 13),
    isin=AAPL,
    quantity=Shares.whole(1_000),
    account=ACCOUNT,
    transaction=codes.TransactionType.OWN_EXTERNAL,
    partial=codes.PartialSettlement.NOT_ALLOWED,
    delivering=BROKER,
    reference="sub-000017",
    listed_at="XNAS",
    place=PLACE,
)
DELIVER_AGAINST_PAYMENT = SettlementInstruction(
    id="red-000004:delivery",
    movement=codes.Movement.DELIVER,
    payment=codes.PaymentType.AGAINST_PAYMENT,
    traded_on=date(2026, 7, 2),
    settles_on=date(2026, 7, 6),
    isin=NVDA,
    quantity=Shares.parse("12.5"),
    account=ACCOUNT,
    transaction=codes.TransactionType.TRADE,
    partial=codes.PartialSettlement.ALLOWED,
    receiving=OUTSIDE,
    amount=Money.parse("2343.75"),
    amount_direction=codes.Direction.CREDIT,
    event_id="NVDA-EVENT",
)
DETAILS = StatusDetails(
    isin=AAPL,
    quantity=Shares.whole(1_000),
    settles_on=date(2026, 10, 13),
    movement=codes.Movement.RECEIVE,
    payment=codes.PaymentType.FREE,
    transaction=codes.TransactionType.TRADE,
    account=ACCOUNT,
    expected_on=date(2026, 10, 14),
)


def advice(kind: codes.StatusKind, reason: str) -> StatusAdvice:
    """An advice with all that it can tell."""
    return StatusAdvice("sub-000017:transfer", Status(kind, reason, "told <by> A & B"), "CUST-1", "sub-000017", DETAILS)


def advices() -> list[StatusAdvice]:
    """One advice of each status for each of its reasons, and one without."""
    told = [advice(kind, reason) for kind in codes.StatusKind for reason in sorted(codes.REASONS[kind]) or [""]]
    plain = [Status(kind, codes.NO_REASON if codes.REASONS[kind] else "") for kind in codes.StatusKind]
    return told + [StatusAdvice("sub-000017:transfer", each) for each in plain]


CONFIRMED = SettlementConfirmation(
    id="sub-000017:transfer",
    servicer_id="CUST-1",
    movement=codes.Movement.RECEIVE,
    payment=codes.PaymentType.FREE,
    settled_on=date(2026, 10, 13),
    isin=AAPL,
    quantity=Shares.whole(1_000),
    account=ACCOUNT,
    transaction=codes.TransactionType.TRADE,
    reference="sub-000017",
    epoch=2,
)
CONFIRMED_IN_PART = SettlementConfirmation(
    id="red-000004:delivery",
    servicer_id="CUST-3",
    movement=codes.Movement.DELIVER,
    payment=codes.PaymentType.AGAINST_PAYMENT,
    settled_on=date(2026, 7, 7),
    isin=NVDA,
    quantity=Shares.whole(4),
    account=ACCOUNT,
    transaction=codes.TransactionType.TRADE,
    part=codes.PartOfSettlement.NEXT,
    previous_part_id="CUST-2",
    traded_on=date(2026, 7, 2),
    due_on=date(2026, 7, 6),
    listed_at="XNAS",
    settled_before=Shares.whole(3),
    remaining=Shares.parse("5.5"),
    place=PLACE,
    receiving=OUTSIDE,
    amount=Money.parse("750"),
    amount_direction=codes.Direction.CREDIT,
)
PRE_CONFIRMED = SettlementConfirmation(
    id="x",
    servicer_id="y",
    movement=codes.Movement.RECEIVE,
    payment=codes.PaymentType.FREE,
    settled_on=date(2026, 7, 7),
    isin=NVDA,
    quantity=Shares(1),
    account=ACCOUNT,
    transaction=codes.TransactionType.CORPORATE_ACTION,
    pre_confirmation=codes.PreConfirmation.SECURITIES,
)

CALL_OFF = CancellationRequest("sub-000017:transfer", codes.Movement.RECEIVE, codes.PaymentType.FREE, ACCOUNT, "CUST-1")


def answers() -> list[CancellationAdvice]:
    """One answer of each kind for each of its reasons."""
    return [
        CancellationAdvice(CALL_OFF.id, CALL_OFF.movement, CALL_OFF.payment, "call-off-17", CancellationStatus(kind, reason))
        for kind in codes.CancellationKind
        for reason in [codes.NO_REASON, *sorted(codes.CANCELLATION_REASONS[kind])]
    ]


HELD = Holding(
    isin=AAPL,
    aggregate=Shares.parse("1010.912875558"),
    available=Shares.whole(1_000),
    sub_balances=(
        SubBalance(codes.SubBalanceType.PLEDGED, Shares.whole(6)),
        SubBalance(codes.SubBalanceType.BLOCKED, Shares.whole(2)),
        SubBalance(codes.SubBalanceType.LENT, Shares.whole(1)),
        SubBalance(codes.SubBalanceType.IN_TRANSIT, Shares.parse("1.912875558")),
        SubBalance(codes.SubBalanceType.PENDING_RECEIPT, Shares.whole(40)),
        SubBalance(codes.SubBalanceType.PENDING_DELIVERY, Shares.whole(7)),
    ),
    not_available=Shares.parse("10.912875558"),
    listed_at="XNAS",
    place=PLACE,
    epoch=3,
    chain=Chain(41, 977, "ab" * 32, "00" * 32),
)
FREE_LINE = Holding(isin=NVDA, aggregate=Shares.whole(5), available=Shares.whole(5), epoch=1)
PAGE = StatementPage(
    page=1,
    last_page=True,
    id="STMT-2026-10-13-0041",
    as_of=instant("2026-10-13T20:31:05Z"),
    frequency=codes.Frequency.INTRADAY,
    update=codes.Update.COMPLETE,
    basis=codes.Basis.SETTLED,
    activity=True,
    account=ACCOUNT,
    servicer=Party(proprietary=ProprietaryId("PAPER-CUSTODIAN", "OPENSCRIP"), lei="5493006MHB84DD0ZWV18"),
    holdings=(HELD, FREE_LINE),
)
EMPTY_PAGE = StatementPage(
    page=1,
    last_page=True,
    id="STMT-0",
    as_of=0,
    frequency=codes.Frequency.DAILY,
    update=codes.Update.DELTA,
    basis=codes.Basis.TRADE_DATE,
    activity=False,
    account=ACCOUNT,
)
PLEDGE = IntraPositionMovement(
    id="pledge-1",
    account=ACCOUNT,
    isin=AAPL,
    quantity=Shares.whole(6),
    settles_on=date(2026, 10, 13),
    source=codes.PositionType.AVAILABLE,
    target=codes.PositionType.PLEDGED,
)
PLEDGED = IntraPositionConfirmation(
    id="pledge-1",
    servicer_id="CUST-9",
    account=ACCOUNT,
    isin=AAPL,
    quantity=Shares.whole(6),
    settled_on=date(2026, 10, 13),
    source=codes.PositionType.AVAILABLE,
    target=codes.PositionType.PLEDGED,
    epoch=2,
)
LONG_NAMES = replace(RECEIVE_FREE, id="h" * 35, own_id="sub-" + "7" * 64 + ":buy:t1", own_reference="sub-" + "7" * 64)

SPLIT_NOTICE = EventNotification(
    id="NTF-1",
    notification=codes.Notification.NEW,
    completeness=codes.Completeness.COMPLETE,
    confirmation=codes.Confirmation.CONFIRMED,
    event_id="NVDA.SPLF.2024-06-10",
    official_id="US-2024-0610-NVDA",
    type=codes.EventType.FORWARD_SPLIT,
    participation=codes.Participation.MANDATORY,
    isin=NVDA,
    listed_at="XNAS",
    announced_on=date(2024, 5, 22),
    effective_on=date(2024, 6, 10),
    record_on=date(2024, 6, 6),
    ex_on=date(2024, 6, 10),
    options=(
        Option(
            "001",
            codes.OptionType.SECURITIES,
            by_default=True,
            shares=(
                SharesToCome(
                    NVDA,
                    codes.Direction.CREDIT,
                    date(2024, 6, 7),
                    fractions=codes.Fractions.CASH_IN_LIEU,
                    exchanged=Ratio(10, 1),
                ),
            ),
        ),
    ),
)
DIVIDEND_NOTICE = EventNotification(
    id="NTF-2",
    notification=codes.Notification.REPLACEMENT,
    completeness=codes.Completeness.INCOMPLETE,
    confirmation=codes.Confirmation.UNCONFIRMED,
    event_id="AAPL.DVCA.2026-08-10",
    previous_id="NTF-0",
    type=codes.EventType.CASH_DIVIDEND,
    participation=codes.Participation.WITH_OPTIONS,
    isin=AAPL,
    account=ACCOUNT,
    eligible=Shares.whole(1_000),
    ex_on=date(2026, 8, 10),
    options=(
        Option(
            "001",
            codes.OptionType.CASH,
            by_default=True,
            cash=(
                CashToCome(codes.Direction.CREDIT, None, PricePerShare.parse("0.26"), Bps(3_000), PricePerShare.parse("0.182")),
            ),
        ),
        Option(
            "002",
            codes.OptionType.SECURITIES,
            by_default=False,
            fractions=codes.Fractions.ROUNDED_DOWN,
            shares=(SharesToCome(AAPL, codes.Direction.CREDIT, None, Shares.parse("0.91"), added=Ratio(91, 100_000)),),
        ),
    ),
)
ADVICE = MovementAdvice(
    id="ADV-1",
    advice=codes.AdviceType.REPLACEMENT,
    function=codes.AdviceFunction.ENTITLEMENT,
    event_id="AAPL.DVCA.2026-08-10",
    type=codes.EventType.CASH_DIVIDEND,
    participation=codes.Participation.MANDATORY,
    isin=AAPL,
    account=ACCOUNT,
    eligible=Shares.whole(1_000),
    previous_id="ADV-0",
    notification_id="NTF-2",
    official_id="US-1",
    listed_at="XNAS",
    record_on=date(2026, 8, 10),
    ex_on=date(2026, 8, 10),
    options=(
        ExpectedOption(
            "001",
            codes.OptionType.CASH,
            by_default=True,
            cash=(
                CashExpected(
                    codes.Direction.CREDIT,
                    date(2026, 8, 13),
                    PricePerShare.parse("0.26"),
                    Bps(3_000),
                    PricePerShare.parse("0.182"),
                    Money.parse("260"),
                    Money.parse("182"),
                    None,
                    Money.parse("78"),
                ),
            ),
        ),
    ),
)
DIVIDEND_PAID = MovementConfirmation(
    id="CNF-1",
    event_id="AAPL.DVCA.2026-08-10",
    type=codes.EventType.CASH_DIVIDEND,
    isin=AAPL,
    account=ACCOUNT,
    confirmed=Shares.whole(1_000),
    eligible=Shares.whole(1_000),
    option="001",
    option_type=codes.OptionType.CASH,
    cash=(
        CashPosted(
            codes.Direction.CREDIT,
            Money.parse("182"),
            date(2026, 8, 13),
            Money.parse("260"),
            Money.parse("182"),
            None,
            Money.parse("78"),
            date(2026, 8, 13),
            date(2026, 8, 13),
        ),
    ),
    notification_id="NTF-2",
    advice_id="ADV-1",
    epoch=3,
)
SPLIT_BOOKED = MovementConfirmation(
    id="CNF-2",
    event_id="NVDA.SPLF.2024-06-10",
    official_id="US-2024-0610-NVDA",
    type=codes.EventType.FORWARD_SPLIT,
    isin=NVDA,
    account=ACCOUNT,
    confirmed=Shares.parse("5.25"),
    option="001",
    option_type=codes.OptionType.SECURITIES,
    shares=(
        SharesPosted(
            NVDA, codes.Direction.CREDIT, Shares.whole(47), date(2024, 6, 10), codes.Fractions.CASH_IN_LIEU, Ratio(10, 1)
        ),
    ),
    cash=(CashPosted(codes.Direction.CREDIT, Money.parse("60.4"), date(2024, 6, 10), in_lieu=Money.parse("60.4")),),
    epoch=1,
)
EVENT_CANCELLED = EventCancellationAdvice(
    reason=codes.EventCancellation.WITHDRAWN,
    completeness=codes.Completeness.COMPLETE,
    confirmation=codes.Confirmation.CONFIRMED,
    event_id="NVDA.SPLF.2024-06-10",
    type=codes.EventType.FORWARD_SPLIT,
    participation=codes.Participation.MANDATORY,
    isin=NVDA,
    official_id="US-2024-0610-NVDA",
    information="withdrawn by the board",
)

SAMPLES: list[Message] = [
    RECEIVE_FREE,
    LONG_NAMES,
    DELIVER_AGAINST_PAYMENT,
    *advices(),
    CONFIRMED,
    CONFIRMED_IN_PART,
    PRE_CONFIRMED,
    CALL_OFF,
    *answers(),
    PAGE,
    EMPTY_PAGE,
    PLEDGE,
    PLEDGED,
    SPLIT_NOTICE,
    DIVIDEND_NOTICE,
    ADVICE,
    DIVIDEND_PAID,
    SPLIT_BOOKED,
    EVENT_CANCELLED,
]
