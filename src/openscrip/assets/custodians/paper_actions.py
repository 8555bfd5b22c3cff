"""Corporate actions at the paper custodian: who is entitled, what is booked and paid, and what everyone is told of it.

Splits are booked on the ex-date at 06:00 New York and rescale what is pending, as depositories do; cash is paid on the pay
date at 12:00 on what was held when the line went ex.
"""

from openscrip.assets.custodians.paper_account import SUB_BALANCES, Holding, Open, whole_down
from openscrip.assets.custodians.paper_bank import PaperBank
from openscrip.assets.custody import (
    ActionNotified,
    CustodianEvent,
    DividendPaid,
    Matured,
    MovementType,
    SplitBooked,
)
from openscrip.assets.notice import Notice
from openscrip.assets.paper import ISO_MONEY, Closes, PaperParty, dividend_cash
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares


class PaperActions(PaperParty[CustodianEvent]):
    """The holdings of an account and what corporate actions do to them; `bank` is where their money goes."""

    bank: PaperBank
    _closes: Closes
    _holdings: dict[str, Holding]
    _open: dict[str, Open]
    _entitled: dict[str, int]

    def _say(self, event: CustodianEvent) -> None:
        """Number an event, and let whoever writes messages hear it at once."""
        self._events.append(event)
        self._said(event)

    def _said(self, event: CustodianEvent) -> None:
        """Nobody writes messages unless a subclass does."""

    def _record(self, kind: MovementType, instruction: str, isin: str, atoms: int, counterparty: str, reference: str) -> None:
        raise RuntimeError(f"paper: {type(self).__name__} did not say how it records {instruction}")

    def holding(self, isin: str) -> Holding:
        """One line. Raises `Refused("isin.unknown")`."""
        holding = self._holdings.get(isin)
        if holding is None:
            raise Refused("isin.unknown", f"isin: {isin!r:.20} was not held here")
        return holding

    def _announced(self, notice: Notice) -> None:
        self._say(ActionNotified(self._seq, self.now, notice))

    def _entitle(self, notice: Notice) -> None:
        self._entitled[notice.event_id] = self.holding(notice.isin).aggregate

    def _pay_dividend(self, notice: Notice) -> None:
        eligible = Shares(self._entitled.pop(notice.event_id, 0))
        cash = dividend_cash(notice, eligible)
        if cash.net:
            self.bank.cash_in(f"dividend:{notice.event_id}", notice.event_id, cash.net, "PAYING-AGENT")
        self._say(
            DividendPaid(self._seq, self.now, notice.isin, notice.event_id, cash.gross, cash.net, cash.withheld, eligible)
        )

    def _mature(self, notice: Notice) -> None:
        """A bond is paid out: every unit leaves the line, and the money comes."""
        holding = self.holding(notice.isin)
        units = Shares(holding.aggregate)
        for name in SUB_BALANCES:
            setattr(holding, name, 0)
        holding.changed = True
        exact = notice.cash_usd.proceeds_down(units) if notice.cash_usd is not None else Money(0)
        net = Money(exact.atoms - exact.atoms % ISO_MONEY)
        self._record(MovementType.MATURITY, notice.event_id, notice.isin, units.atoms, "DEPOSITORY", notice.event_id)
        if net:
            self.bank.cash_in(f"maturity:{notice.event_id}", notice.event_id, net, "PAYING-AGENT")
        self._say(Matured(self._seq, self.now, notice.isin, notice.event_id, units, net, holding.epoch))

    def _split(self, notice: Notice) -> None:
        holding, (new, old) = self.holding(notice.isin), notice.ratio or (1, 1)
        before = holding.aggregate
        lost = holding.split(new, old)
        for instruction_id in holding.pending:
            known = self._open[instruction_id]
            rescaled = whole_down(known.atoms * new // old)
            holding.wait(known.instruction.kind, rescaled - known.atoms)
            known.atoms, known.settled = rescaled, known.settled * new // old
        cash = self._cash_in_lieu(notice, lost, new, old)
        self._record(MovementType.SPLIT, notice.event_id, notice.isin, holding.aggregate, "DEPOSITORY", f"{new}/{old}")
        if cash:
            self.bank.cash_in(f"in_lieu:{notice.event_id}", notice.event_id, cash, "DEPOSITORY")
        self._say(
            SplitBooked(
                self._seq,
                self.now,
                notice.isin,
                notice.event_id,
                new,
                old,
                holding.epoch,
                Shares(before),
                Shares(holding.aggregate),
                cash,
            )
        )

    def _cash_in_lieu(self, notice: Notice, lost: int, new: int, old: int) -> Money:
        """What the lost fraction was worth: at the last close before the ex-date, restated for the split, down."""
        price = self._closes.on(notice.symbol, self.calendar.previous_session(notice.ex_date).day)
        micros = 0 if price is None else lost * price.micros * old // (new * ATOMS_PER_SHARE)
        return Money(micros - micros % ISO_MONEY)
