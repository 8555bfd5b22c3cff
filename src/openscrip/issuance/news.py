"""News from broker, custodian, bank and chains, told to the rows that wait for it, in today's shares.

Order ids, instruction ids and payment ids start with the id of the row that gave them: `sub-1:buy:o2` belongs to the
acquisition `sub-1:buy`. Holdings count at the epoch of their own feed; `Stock.splits` brings them to today's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, assert_never

from openscrip.assets import accounts, actions, bank, broker, custody
from openscrip.assets.acquisition import Acquisition
from openscrip.assets.calendar import Calendar
from openscrip.assets.disposal import Disposal
from openscrip.assets.financing import Loan
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.stock import PriceMoved, Stock
from openscrip.issuance.cancelling import is_cancelled_unsent
from openscrip.issuance.chain import AnyChainEvent, Departed, RedemptionEscrowed
from openscrip.issuance.conversion import Conversion, Converted, NotConverted
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.distribution import (
    Announced,
    Distribution,
    DividendReceived,
    HoldingSplit,
    UnitsPaidOut,
    announce,
)
from openscrip.issuance.in_kind_row import InKindCreation
from openscrip.issuance.loan_news import NewsMissed, loan_news
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Unit

__all__ = (
    "CAPITAL_REFERENCE", "FIRST", "ChainName", "EarlyNotice", "News", "NewsMissed", "UnplacedCash", "UnplacedEscrow", "owner",
)  # fmt: skip

CAPITAL_REFERENCE = "capital"
"""Reference of the working capital that the issuer pays in at the start."""
EFFECTIVE_HOUR, EFFECTIVE_MINUTE = 9, 30
FIRST = "custodian"
"""The first custodian: its feed, and whose bank is ours."""


def owner(unit: Unit, outside_id: str) -> tuple[type[Any], str]:
    """The row that gave an order (`:o1`), a transfer (`:t1`), a release (`:r`), a delivery or a payment its id."""
    row_id, _, suffix = outside_id.rpartition(":")
    match suffix.rstrip("0123456789"):
        case "o":
            kinds: tuple[type[Any], ...] = (Acquisition, Disposal)
        case "t":
            kinds = (Acquisition, InKindCreation)
        case "r":
            kinds = (Disposal,)
        case "p":
            kinds = (Loan,)
        case "deliver" | "pay":
            kinds = (Redemption,)
        case _:
            kinds, row_id = (Subscription,), row_id.removesuffix(":refund")
    for kind in kinds:
        if unit.row(kind, row_id) is not None:
            return kind, row_id
    raise NewsMissed(f"news: nobody gave the id {outside_id!r}")


@dataclass(frozen=True, slots=True)
class ChainName:
    """Row: the business id behind a 32-byte id on chain (`id`, hex)."""

    id: str
    business_id: str
    stock: str
    state: str = "named"


@dataclass(frozen=True, slots=True)
class EarlyNotice:
    """Row: what a source said of a stock that is not listed (yet)."""

    id: str
    stock: str
    notice: Notice
    state: str = "waiting"


@dataclass(frozen=True, slots=True)
class UnplacedCash:
    """Fact: money came with a reference that nobody knows; an operator must place it."""

    payment_id: str
    reference: str
    amount: Money
    sender: str


@dataclass(frozen=True, slots=True)
class UnplacedEscrow:
    """Fact: tokens were put into escrow for a redemption that nobody announced; an operator must place them."""

    chain: str
    hash: str
    holder: str
    raw: RawAmount
    tx_id: str


class News:
    """Tells events to rows through `books`; `calendar` dates what a notice starts, `crossings` starts what departs."""

    def __init__(
        self,
        books: Books,
        calendar: Calendar,
        crossings: Crossings | None = None,
        place_escrow: Callable[[Unit, RedemptionEscrowed], bool] = lambda unit, event: False,
    ) -> None:
        """`place_escrow` is asked about tokens in escrow that nobody announced here: a network's participants do not."""
        self._books = books
        self._place_escrow = place_escrow
        self._calendar = calendar
        self._crossings = crossings

    def from_broker(self, unit: Unit, event: broker.BrokerEvent) -> None:
        """Tell one broker event."""
        match event:
            case broker.OrderAccepted() | broker.SettlementFailed():
                return
            case broker.OrderRejected():
                self._order(unit, event.client_order_id, actions.OrderRejected(event.client_order_id, event.reason))
            case broker.Fill():
                self._filled(unit, event)
            case broker.Bust():
                self._order(unit, event.client_order_id, actions.Busted(event.client_order_id, event.ref_exec_id))
            case broker.Correction():
                shares, amount = self._traded(unit, event)
                case, ref = event.client_order_id, event.ref_exec_id
                self._order(unit, case, actions.Corrected(case, ref, event.exec_id, shares, amount))
            case broker.OrderDone():
                self._order(unit, event.client_order_id, actions.OrderDone(event.client_order_id, event.filled))
            case broker.Settled():
                shares = _stock(unit, event.symbol).scaled(event.quantity, event.epoch)
                case = event.client_order_id
                self._order(unit, case, actions.TradeSettled(case, event.exec_ids, shares, event.loan, event.lent))
            case broker.ActionAnnounced():
                self._announced(unit, event.notice)
            case broker.PositionSplit():
                if unit.row(Stock, event.symbol) is not None:
                    self._split(unit, _split_notice(event, event.symbol, "broker"), event.epoch, Money(0))
                    unit.put(replace(_stock(unit, event.symbol), broker_epoch=event.epoch))
            case broker.PositionDividend():
                key = f"broker:{event.event_id}"
                unit.post((Transfer(key, accounts.BROKER_CASH, accounts.CAPITAL, event.net.atoms, event.event_id),))
            case _:
                loan_news(self._books, unit, event)

    def _order(self, unit: Unit, order_id: str, event: object) -> None:
        self._books.tell(unit, *owner(unit, order_id), event)

    def _filled(self, unit: Unit, event: broker.Fill) -> None:
        stock = _stock(unit, event.symbol)
        shares, amount = self._traded(unit, event)
        self._order(unit, event.client_order_id, actions.Filled(event.client_order_id, event.exec_id, shares, amount))
        if event.price.micros != stock.price.micros and stock.broker_epoch == stock.epoch:
            unit.put(replace(_stock(unit, event.symbol), price=event.price))
            self._books.record(unit, Decision(facts=(PriceMoved(event.symbol, event.price),)))

    def _traded(self, unit: Unit, event: broker.Fill | broker.Correction) -> tuple[Shares, Money]:
        """Trades count at the broker's epoch; the amount of money does not change with a split."""
        stock = _stock(unit, event.symbol)
        buys = event.side is broker.Side.BUY
        gross = event.price.cost_up(event.quantity) if buys else event.price.proceeds_down(event.quantity)
        amount = Money(gross.atoms + (event.fee.atoms if buys else -event.fee.atoms))
        return stock.scaled(event.quantity, stock.broker_epoch), amount

    def from_custodian(self, unit: Unit, event: custody.CustodianEvent, by: str = FIRST) -> None:
        """Tell one event of the custodian `by`. Where there are several, each books and pays for what it holds.

        Terms are taken as the first announces them; the watch signs for none on which another differs.
        """
        match event:
            case custody.InstructionSettled():
                shares = _stock_of_isin(unit, event.isin).scaled(event.quantity, event.epoch)
                self._tell_owner(unit, event.id, actions.InstructionSettled(event.id, shares, event.receipt))
            case custody.InstructionFailed():
                self._tell_owner(unit, event.id, actions.InstructionFailed(event.id, event.reason, event.final))
            case custody.InstructionCancelled():
                self._tell_owner(unit, event.id, actions.InstructionFailed(event.id, "cancelled", True))
            case custody.ActionNotified():
                if by == FIRST:
                    self._announced(unit, event.notice)
            case custody.SplitBooked():
                listed = [stock for stock in unit.rows(Stock) if stock.isin == event.isin]
                if listed:
                    notice = _split_notice(event, listed[0].id, "custodian")
                    self._split(unit, notice, event.epoch, event.cash_in_lieu, by)
            case custody.DividendPaid():
                if unit.row(Distribution, event.event_id) is not None:
                    self._books.tell(unit, Distribution, event.event_id, DividendReceived(event.net, by))
            case custody.Matured():
                if unit.row(Distribution, event.event_id) is not None:
                    self._books.tell(unit, Distribution, event.event_id, UnitsPaidOut(event.quantity, event.net))
            case _:
                assert_never(event)

    def from_bank(self, unit: Unit, event: bank.BankEvent) -> None:
        """Tell one bank event."""
        match event:
            case bank.CashReceived():
                self._received(unit, event)
            case bank.PaymentSent():
                self._tell_owner(unit, event.id, actions.PaymentSent(event.id, event.amount))
            case bank.PaymentFailed():
                self._tell_owner(unit, event.id, actions.PaymentFailed(event.id, event.reason))
            case bank.ConversionDone():
                self._books.tell(unit, Conversion, event.id, Converted(event.got, event.fee))
            case bank.ConversionFailed():
                self._books.tell(unit, Conversion, event.id, NotConverted(event.reason))
            case _:
                assert_never(event)

    def _tell_owner(self, unit: Unit, outside_id: str, event: object) -> None:
        self._books.tell(unit, *owner(unit, outside_id), event)

    def _received(self, unit: Unit, event: bank.CashReceived) -> None:
        """Money with a reference that nobody knows stays at the bank as a fact that an operator sees."""
        asked = unit.row(Subscription, event.reference)
        if asked is not None and not asked.in_coins:
            self._books.tell(unit, Subscription, event.reference, actions.CashReceived(event.id, event.amount))
        elif unit.row(Distribution, event.reference) is None and event.reference != CAPITAL_REFERENCE:
            fact = UnplacedCash(event.id, event.reference, event.amount, event.sender)
            self._books.record(unit, Decision(facts=(fact,)))

    def _announced(self, unit: Unit, notice: Notice) -> None:
        if unit.row(Stock, notice.symbol) is None:
            known = unit.row(EarlyNotice, f"{notice.event_id}:{notice.source}")
            if known is None or known.notice.revision < notice.revision:
                unit.put(EarlyNotice(f"{notice.event_id}:{notice.source}", notice.symbol, notice))
            return
        last_close = self._calendar.previous_session(notice.ex_date).close_at
        effective = new_york_instant(notice.ex_date, EFFECTIVE_HOUR, EFFECTIVE_MINUTE)
        event = Announced(notice, last_close, effective)
        if unit.row(Distribution, notice.event_id) is None:
            self._books.record(unit, announce(event))
        else:
            self._books.tell(unit, Distribution, notice.event_id, event)

    def listed(self, unit: Unit, symbol: str, now: int) -> None:
        """Tell a new stock what sources said of it before, as far as it is still to come."""
        for early in unit.rows(EarlyNotice, stock=symbol, state="waiting"):
            unit.put(replace(early, state="told"))
            if new_york_instant(early.notice.ex_date, 0) > now:
                self._announced(unit, early.notice)

    def _split(self, unit: Unit, notice: Notice, epoch: int, cash_in_lieu: Money, payer: str = "") -> None:
        """Whoever tells of a split first raises the epoch in the books; a booking is also a source of its own."""
        self._announced(unit, notice)
        self._books.tell(unit, Distribution, notice.event_id, HoldingSplit(epoch, cash_in_lieu, payer))

    def from_chain(self, unit: Unit, event: AnyChainEvent) -> None:
        """Tell one final chain event: escrows start redemptions, departures crossings; the rest is told by its own calls."""
        if isinstance(event, Departed):
            self._departed(unit, event)
        if not isinstance(event, RedemptionEscrowed):
            return
        named = unit.row(ChainName, event.hash)
        asked = unit.row(Redemption, named.business_id) if named else None
        if asked is None and self._place_escrow(unit, event):
            return
        waits = asked is not None and (asked.state == "requested" or is_cancelled_unsent(asked))
        if asked is None or not waits or asked.wallet != event.holder:
            # Nobody announced it, or its request has ended, or another wallet used the id, which ends nobody's request:
            # an operator gives it back.
            fact = UnplacedEscrow(event.chain, event.hash, event.holder, event.raw, event.tx_id)
            self._books.record(unit, Decision(facts=(fact,)))
        else:
            self._books.tell(unit, Redemption, asked.id, event)

    def _departed(self, unit: Unit, event: Departed) -> None:
        stock = next((each for each in unit.rows(Stock) if (event.chain, event.token) in each.tokens), None)
        if stock is None or self._crossings is None:
            raise NewsMissed(f"news: {event.tx_id} departed with {event.token} on {event.chain}, which nobody lists")
        self._crossings.departed(unit, event, stock)


def _split_notice(event: broker.PositionSplit | custody.SplitBooked, symbol: str, source: str) -> Notice:
    """The notice that a booking stands for where none came before it."""
    kind = ActionEvent.FORWARD_SPLIT if event.ratio_new > event.ratio_old else ActionEvent.REVERSE_SPLIT
    day = new_york_date(event.at)
    return Notice(
        event.event_id, symbol, event.isin, kind, day, day, None, None, event.ratio_new, event.ratio_old, None, source
    )


def _stock(unit: Unit, symbol: str) -> Stock:
    stock = unit.row(Stock, symbol)
    if stock is None:
        raise NewsMissed(f"news: stock {symbol!r} was not listed")
    return stock


def _stock_of_isin(unit: Unit, isin: str) -> Stock:
    for stock in unit.rows(Stock):
        if stock.isin == isin:
            return stock
    raise NewsMissed(f"news: no listed stock had ISIN {isin}")
