"""The paper broker's margin: loans for purchases, interest, releases, margin calls and forced sales. Pure, no I/O.

A loan begins with a settlement that the switch `finance` strikes, or by the credit that was agreed. Interest is charged for its
first day at once, and at each settlement instant while anything is owed. Shares are released as soon as nothing is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from openscrip.assets.broker import LoanCharged, MarginCall, PledgeReleased, PledgeSold, ReleaseRefused
from openscrip.assets.brokers.paper_market import PAPER_FEE, PaperMarket
from openscrip.assets.brokers.paper_order import Execution, Working
from openscrip.assets.calendar import Calendar
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Closes, settle_at
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

MARGIN_SWITCHES = ("finance", "forced_sale", "partial_release", "refuse_release")
INTEREST = Bps(2)
"""Charged on what is owed for each settlement day begun."""
SALE_DISCOUNT = Bps(500)
"""So far below the purchase a forced sale is made."""
PERCENT, BPS = 100, 10_000


@dataclass(frozen=True, slots=True)
class PaperCredit:
    """What was agreed: every purchase is financed but for the haircut, as long as no more than `limit` is owed."""

    limit: Money = Money(0)
    rate_bps: int = INTEREST.count
    haircut_bps: int = 0


@dataclass(slots=True)
class PaperLoan:
    """One loan: what is owed, and the atoms of shares that are pledged for it, bought at `amount` for `bought` of them."""

    id: str
    symbol: str
    owed: int
    atoms: int
    bought: int
    amount: int
    charges: int = 0
    releases: int = 0
    refused: bool = False


class PaperMargin(PaperMarket):
    """Loans of the market's account. Cases of switches are the loan's id, `ORDER/lN`.

    `finance` lends `size` percent of the cost (0: all of it); `forced_sale` calls for the money and sells half of what is
    pledged at once; `partial_release` releases one half now and the other on the next settlement day; `refuse_release` says no
    first and releases on the next settlement day.
    """

    def __init__(
        self, start_at: int, closes: Closes, notices: Iterable[Notice], calendar: Calendar | None, at_once: bool
    ) -> None:
        self.loans: dict[str, PaperLoan] = {}
        self.credit = PaperCredit()
        super().__init__(start_at, closes, notices, calendar, at_once)

    def agree(self, credit: PaperCredit) -> None:
        """Lend by this from now on. Raises `Malformed("credit.range")`."""
        if not (0 <= credit.rate_bps < BPS and 0 <= credit.haircut_bps < BPS):
            raise Malformed("credit.range", "credit: its rate or its haircut was 100 % or more")
        self.credit = credit

    def repay(self, loan_id: str, amount: Money) -> Money:
        """Use money that came for a loan; gives what of it was owed. Nothing of it is used for a loan that is not known."""
        loan = self.loans.get(loan_id)
        if loan is None:
            return Money(0)
        used = min(amount.atoms, loan.owed)
        loan.owed -= used
        self._release_if_repaid(loan)
        return Money(used)

    def rescale_pledges(self, symbol: str, new: int, old: int) -> None:
        """A split was booked on a line."""
        for loan in self.loans.values():
            if loan.symbol == symbol:
                loan.atoms, loan.bought = loan.atoms * new // old, loan.bought * new // old
        self._count_pledged(symbol)

    def _finance(self, working: Working, atoms: int, amount: Money) -> tuple[str, Money]:
        loan_id = f"{working.order.client_order_id}/l{working.attempts}"
        struck = self.switchboard.strike("finance", loan_id)
        lent = self._agreed(amount) if struck is None else amount.share_down(struck.size or PERCENT, PERCENT)
        if not lent:
            return "", Money(0)
        self.cash += lent
        self.loans[loan_id] = PaperLoan(loan_id, working.order.symbol, lent.atoms, atoms, atoms, amount.atoms)
        self._count_pledged(working.order.symbol)
        self._schedule(self.now, self._charge, loan_id)
        if self.switchboard.strike("forced_sale", loan_id):
            self._schedule(self.now, self._call_and_sell, loan_id)
        return loan_id, lent

    def _agreed(self, amount: Money) -> Money:
        """What of a purchase is lent by the credit."""
        room = max(0, self.credit.limit.atoms - sum(loan.owed for loan in self.loans.values()))
        return min(Money(room), amount.share_down(BPS - self.credit.haircut_bps, BPS))

    def _take_back(self, working: Working, execution: Execution) -> None:
        """A bust after settlement takes pledged shares, too; what was lent for them is still owed."""
        super()._take_back(working, execution)
        line = self._lines[working.order.symbol]
        for loan in reversed(self.loans.values()):
            if loan.symbol == working.order.symbol and line.pledged > line.settled:
                self._unpledge(loan, min(loan.atoms, line.pledged - line.settled))

    def _charge(self, loan_id: str) -> None:
        """Charge a day's interest, now and on each settlement day while anything is owed."""
        loan = self.loans[loan_id]
        if not loan.owed:
            return
        interest = Money(loan.owed).fee_up(Bps(self.credit.rate_bps))
        loan.owed += interest.atoms
        loan.charges += 1
        self._events.append(LoanCharged(self._seq, self.now, loan_id, f"{loan_id}/i{loan.charges}", interest))
        self._schedule(settle_at(self.calendar.settle(new_york_date(self.now))), self._charge, loan_id)

    def _call_and_sell(self, loan_id: str) -> None:
        """Half of what is pledged, in whole shares and at least one, at a discount."""
        loan = self.loans[loan_id]
        self._events.append(MarginCall(self._seq, self.now, loan_id, Money(loan.owed)))
        atoms = min(loan.atoms, max(1, loan.atoms // (2 * ATOMS_PER_SHARE)) * ATOMS_PER_SHARE)
        gross = Money(loan.amount * atoms // loan.bought * (BPS - SALE_DISCOUNT.count) // BPS)
        proceeds = gross - gross.fee_up(PAPER_FEE)
        used = min(proceeds.atoms, loan.owed)
        loan.owed -= used
        self.cash += Money(proceeds.atoms - used)
        self._lines[loan.symbol].settled -= atoms
        self._unpledge(loan, atoms)
        told = (f"{loan_id}/sale", loan.symbol, Shares(atoms), proceeds, self._lines[loan.symbol].epoch)
        self._events.append(PledgeSold(self._seq, self.now, loan_id, *told))
        self._release_if_repaid(loan)

    def _release_if_repaid(self, loan: PaperLoan) -> None:
        if loan.owed or not loan.atoms or loan.refused:
            return
        later = settle_at(self.calendar.settle(new_york_date(self.now)))
        if self.switchboard.strike("refuse_release", loan.id):
            loan.refused = True
            self._events.append(ReleaseRefused(self._seq, self.now, loan.id, "margin_department"))
            self._schedule(later, self._release_all, loan.id)
            return
        whole = loan.atoms // ATOMS_PER_SHARE
        if whole > 1 and self.switchboard.strike("partial_release", loan.id):
            self._free(loan, whole // 2 * ATOMS_PER_SHARE)
            loan.refused = True
            self._schedule(later, self._release_all, loan.id)
            return
        self._free(loan, loan.atoms)

    def _release_all(self, loan_id: str) -> None:
        loan = self.loans[loan_id]
        loan.refused = False
        if loan.atoms and not loan.owed:
            self._free(loan, loan.atoms)

    def _free(self, loan: PaperLoan, atoms: int) -> None:
        loan.releases += 1
        self._unpledge(loan, atoms)
        told = (f"{loan.id}/r{loan.releases}", loan.symbol, Shares(atoms), self._lines[loan.symbol].epoch)
        self._events.append(PledgeReleased(self._seq, self.now, loan.id, *told))

    def _unpledge(self, loan: PaperLoan, atoms: int) -> None:
        loan.atoms -= atoms
        self._count_pledged(loan.symbol)

    def _count_pledged(self, symbol: str) -> None:
        self._lines[symbol].pledged = sum(loan.atoms for loan in self.loans.values() if loan.symbol == symbol)
