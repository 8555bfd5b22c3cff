"""What happened at the paper custodian, in the words of ISO 20022: one message for each thing that its clients hear of."""

from datetime import date

from openscrip.assets.custodians.iso_words import MOVEMENT, POSITION, SUB_BALANCE, other_side, short, whole
from openscrip.assets.custody import (
    DividendPaid,
    Instruction,
    InstructionFailed,
    InstructionKind,
    InstructionSettled,
    Matured,
    SplitBooked,
    Statement,
)
from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationAdvice, CancellationStatus
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
from openscrip.assets.iso20022.holdings import Chain, Holding, IntraPositionConfirmation, StatementPage, SubBalance
from openscrip.assets.iso20022.settlement import SettlementConfirmation, Status, StatusAdvice, StatusDetails
from openscrip.assets.iso20022.shared import Party, ProprietaryId
from openscrip.assets.notice import Notice
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.money import Bps
from openscrip.kernel.quantities import Shares

ISSUER = "OPENSCRIP"
WITHHELD = Bps(3_000)


def status(
    instruction: Instruction, said: Status, servicer_id: str, settles_on: date, expected_on: date | None = None
) -> StatusAdvice:
    """sese.024: where an instruction stands."""
    details = StatusDetails(
        instruction.isin,
        instruction.quantity,
        settles_on,
        MOVEMENT[instruction.kind],
        codes.PaymentType.FREE,
        codes.TransactionType.OWN_EXTERNAL,
        instruction.account,
        expected_on,
    )
    return StatusAdvice(
        short(instruction.id),
        said,
        servicer_id,
        short(instruction.reference) or None,
        details,
        whole(instruction.id),
        whole(instruction.reference),
    )


def failure(event: InstructionFailed, *, rejected: bool) -> Status:
    """Rejected at once, called off by the custodian for good, or failing and tried again; the reason in its list's words."""
    kind = codes.StatusKind.REJECTED if rejected else codes.StatusKind.CANCELLED
    kind = kind if event.final else codes.StatusKind.FAILING
    if event.reason in codes.REASONS[kind]:
        return Status(kind, event.reason)
    return Status(kind, "OTHR", event.reason or None)


def settled(
    event: InstructionSettled, servicer_id: str, previous_part_id: str | None, settled_before: Shares, due_on: date
) -> SettlementConfirmation:
    """sese.025: shares arrived, or left."""
    other, receives = other_side(event.counterparty), event.kind is InstructionKind.RECEIVE
    last = not event.remaining
    part = None if not event.part else codes.PartOfSettlement.LAST if last else codes.PartOfSettlement.NEXT
    return SettlementConfirmation(
        id=short(event.id),
        servicer_id=servicer_id,
        movement=MOVEMENT[event.kind],
        payment=codes.PaymentType.FREE,
        settled_on=new_york_date(event.at),
        isin=event.isin,
        quantity=event.quantity,
        account=event.account,
        transaction=codes.TransactionType.OWN_EXTERNAL,
        reference=short(event.reference) or None,
        part=part,
        previous_part_id=previous_part_id if part else None,
        due_on=due_on,
        settled_before=settled_before if part else None,
        remaining=event.remaining if part else None,
        delivering=other if receives else None,
        receiving=None if receives else other,
        epoch=event.epoch,
        own_id=whole(event.id),
        own_reference=whole(event.reference),
        own_counterparty=whole(event.counterparty),
    )


def cancelled(instruction: Instruction, request: str, said: CancellationStatus) -> CancellationAdvice:
    """sese.027: what became of a request to call an instruction off."""
    return CancellationAdvice(
        short(instruction.id),
        MOVEMENT[instruction.kind],
        codes.PaymentType.FREE,
        request,
        said,
        whole(instruction.id),
        whole(instruction.reference),
    )


def moved(
    move_id: str, servicer_id: str, account: str, isin: str, quantity: Shares, way: tuple[str, str], day: date, epoch: int
) -> IntraPositionConfirmation:
    """semt.015: shares moved between two sub-balances."""
    source, target = (POSITION.get(name, codes.PositionType.OTHER) for name in way)
    return IntraPositionConfirmation(short(move_id), servicer_id, account, isin, quantity, day, source, target, epoch)


def page(statement: Statement, servicer: str) -> StatementPage:
    """semt.002: one line of the account, complete, on the settled basis."""
    amounts: list[tuple[codes.SubBalanceType, Shares]] = [
        (code, getattr(statement, name)) for name, code in SUB_BALANCE.items()
    ]
    amounts.append((codes.SubBalanceType.PENDING_DELIVERY, statement.pending_delivery))
    amounts.append((codes.SubBalanceType.PENDING_RECEIPT, statement.pending_receipt))
    held = Holding(
        statement.isin,
        statement.aggregate,
        statement.available,
        tuple(SubBalance(code, amount) for code, amount in amounts if amount),
        epoch=statement.epoch,
        chain=Chain(statement.sequence, statement.movement_seq, statement.movements_hash, statement.previous_hash),
    )
    return StatementPage(
        page=1,
        last_page=True,
        id=f"{statement.isin}-{statement.sequence}",
        as_of=statement.as_of,
        frequency=codes.Frequency.ON_DEMAND,
        update=codes.Update.COMPLETE,
        basis=codes.Basis.SETTLED,
        activity=True,
        account=statement.account,
        servicer=Party(proprietary=ProprietaryId(servicer, ISSUER)),
        holdings=(held,),
    )


def notified(notice: Notice, message_id: str, previous_id: str | None) -> EventNotification:
    """seev.031: a corporate action is announced, or announced anew."""
    kind = codes.EventType(notice.event.value)
    option = Option("001", codes.OptionType.CASH, by_default=True)
    if notice.ratio is not None:
        new, old = notice.ratio
        shares = SharesToCome(
            notice.isin,
            codes.Direction.CREDIT if new > old else codes.Direction.DEBIT,
            notice.pay_date,
            fractions=codes.Fractions.CASH_IN_LIEU,
            exchanged=Ratio(new, old),
        )
        option = Option("001", codes.OptionType.SECURITIES, by_default=True, shares=(shares,))
    elif notice.cash_usd is not None:
        cash = CashToCome(codes.Direction.CREDIT, notice.pay_date, notice.cash_usd, notice_withheld(notice))
        option = Option("001", codes.OptionType.CASH, by_default=True, cash=(cash,))
    return EventNotification(
        id=message_id,
        notification=codes.Notification.REPLACEMENT if previous_id else codes.Notification.NEW,
        completeness=codes.Completeness.COMPLETE if notice.complete else codes.Completeness.INCOMPLETE,
        confirmation=codes.Confirmation.CONFIRMED if notice.confirmed else codes.Confirmation.UNCONFIRMED,
        event_id=notice.event_id,
        official_id=notice.event_id,
        type=kind,
        participation=codes.Participation.MANDATORY,
        isin=notice.isin,
        options=(option,),
        previous_id=previous_id,
        announced_on=notice.announced_on,
        record_on=notice.record_date,
        ex_on=notice.ex_date,
    )


def notice_withheld(notice: Notice) -> Bps | None:
    """The rate of tax that the notice names."""
    return None if notice.withheld_bps is None else Bps(notice.withheld_bps)


def called_off(notice: Notice) -> EventCancellationAdvice:
    """seev.039: the event will not happen."""
    return EventCancellationAdvice(
        codes.EventCancellation.WITHDRAWN,
        codes.Completeness.COMPLETE,
        codes.Confirmation.CONFIRMED,
        notice.event_id,
        codes.EventType(notice.event.value),
        codes.Participation.MANDATORY,
        notice.isin,
        notice.event_id,
    )


def entitled(notice: Notice, message_id: str, account: str, eligible: Shares) -> MovementAdvice:
    """seev.035: what the account will be paid on what it held when the line went ex."""
    cash = CashExpected(codes.Direction.CREDIT, notice.pay_date, notice.cash_usd, WITHHELD)
    option = ExpectedOption("001", codes.OptionType.CASH, by_default=True, cash=(cash,))
    return MovementAdvice(
        id=message_id,
        advice=codes.AdviceType.NEW,
        function=codes.AdviceFunction.ENTITLEMENT,
        event_id=notice.event_id,
        type=codes.EventType(notice.event.value),
        participation=codes.Participation.MANDATORY,
        isin=notice.isin,
        account=account,
        eligible=eligible,
        options=(option,),
        official_id=notice.event_id,
        record_on=notice.record_date,
        ex_on=notice.ex_date,
    )


def split(event: SplitBooked, message_id: str, account: str) -> MovementConfirmation:
    """seev.036: a split was booked, with cash for a lost fraction."""
    day, grows = new_york_date(event.at), event.after >= event.before
    difference = Shares(abs(event.after.atoms - event.before.atoms))
    in_lieu = CashPosted(codes.Direction.CREDIT, event.cash_in_lieu, day, in_lieu=event.cash_in_lieu)
    return MovementConfirmation(
        id=message_id,
        event_id=event.event_id,
        type=codes.EventType.FORWARD_SPLIT if event.ratio_new > event.ratio_old else codes.EventType.REVERSE_SPLIT,
        isin=event.isin,
        account=account,
        confirmed=event.before,
        option="001",
        option_type=codes.OptionType.SECURITIES,
        shares=(
            SharesPosted(
                event.isin,
                codes.Direction.CREDIT if grows else codes.Direction.DEBIT,
                difference,
                day,
                codes.Fractions.CASH_IN_LIEU,
                exchanged=Ratio(event.ratio_new, event.ratio_old),
            ),
        ),
        cash=(in_lieu,) if event.cash_in_lieu else (),
        official_id=event.event_id,
        epoch=event.epoch,
    )


def paid(event: DividendPaid, kind: codes.EventType, message_id: str, account: str, epoch: int) -> MovementConfirmation:
    """seev.036: cash of an event reached the bank account."""
    day = new_york_date(event.at)
    cash = CashPosted(
        codes.Direction.CREDIT,
        event.net,
        day,
        gross_amount=event.gross,
        net_amount=event.net,
        withheld_amount=event.withheld,
        value_on=day,
    )
    return MovementConfirmation(
        id=message_id,
        event_id=event.event_id,
        type=kind,
        isin=event.isin,
        account=account,
        confirmed=event.eligible,
        eligible=event.eligible,
        option="001",
        option_type=codes.OptionType.CASH,
        cash=(cash,),
        official_id=event.event_id,
        epoch=epoch,
    )


def matured(event: Matured, message_id: str, account: str) -> MovementConfirmation:
    """seev.036: a line was redeemed; its shares left, and the money came."""
    day = new_york_date(event.at)
    return MovementConfirmation(
        id=message_id,
        event_id=event.event_id,
        type=codes.EventType.REDEMPTION,
        isin=event.isin,
        account=account,
        confirmed=event.quantity,
        option="001",
        option_type=codes.OptionType.CASH_AND_SECURITIES,
        shares=(SharesPosted(event.isin, codes.Direction.DEBIT, event.quantity, day),),
        cash=(CashPosted(codes.Direction.CREDIT, event.net, day, net_amount=event.net),),
        official_id=event.event_id,
        epoch=event.epoch,
    )
