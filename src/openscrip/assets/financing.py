"""A broker's loan for a purchase, and the shares that are pledged for it: encumbered until repaid and released (I1, I2).

    financed > repaying > repaid > released          or  sold, when the broker sold what was pledged;  held

The loan with its interest is repaid at once, by a payment under two keys. Only the broker's release frees shares: neither our
payment nor our arithmetic does. A payment that fails is made again later; a release that is refused waits for a person, who
can only bring the broker to release.

What the broker may lend and charge was agreed with it (`Credit`). What goes beyond is booked as it is, because the shares are
pledged whoever agreed; the loan is then `held`, for a person to ask, and repaid like any other.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition_row import BROKER, SharesPledged
from openscrip.assets.actions import (
    Acknowledged,
    LoanCharged,
    MarginCalled,
    Pay,
    PaymentFailed,
    PaymentSent,
    PledgeReleased,
    PledgeSold,
    ReleaseRefused,
    Rescaled,
    Wake,
    Woken,
)
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

OPEN_STATES = ("financed", "repaying", "repaid", "held")
"""While the shares of a loan are pledged."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What was agreed with the lender: the most that is owed at once, and the interest on it for a settlement day begun."""

    limit: Money
    rate: Bps


@dataclass(frozen=True, slots=True)
class Loan:
    """What the broker lent for one settlement. `shares` are still pledged and cost `cost`; `asked` is being paid.

    `rate` is the most that may be charged at once, None where nothing was agreed.
    """

    id: str
    stock: str
    acquisition: str
    shares: Shares
    cost: Money
    lent: Money
    charged: Money = Money(0)
    repaid: Money = Money(0)
    asked: Money = Money(0)
    payments: int = 0
    epoch: int = 0
    heard: tuple[str, ...] = ()
    freed: bool = False
    state: str = "financed"
    reason: str = ""
    rate: Bps | None = None

    @property
    def owed(self) -> Money:
        """What is lent and charged, and not repaid."""
        return Money(self.lent.atoms + self.charged.atoms - self.repaid.atoms)

    @property
    def payment_id(self) -> str:
        """The newest repayment."""
        return f"{self.id}:p{self.payments}"


@dataclass(frozen=True, slots=True)
class SharesUnpledged:
    """Fact: the broker released `shares` of an acquisition, which cost `cost`."""

    acquisition: str
    release: str
    shares: Shares
    cost: Money


@dataclass(frozen=True, slots=True)
class PledgeForfeited:
    """Fact: the broker sold `shares` of an acquisition; what they cost above `proceeds` is the issuer's loss."""

    acquisition: str
    sale: str
    shares: Shares
    cost: Money
    proceeds: Money


LoanEvent = (
    Acknowledged | LoanCharged | MarginCalled | PaymentSent | PaymentFailed | PledgeReleased | PledgeSold | ReleaseRefused
    | Rescaled | Woken
)  # fmt: skip


def lend(fact: SharesPledged, epoch: int, credit: Credit | None = None, owed: Money = Money(0)) -> Decision:
    """A loan begins, and its repayment is asked for at once. `owed` is what other loans under the same `credit` stand at."""
    rate = None if credit is None else credit.rate
    row = Loan(fact.loan, fact.stock, fact.acquisition, fact.shares, fact.cost, fact.lent, epoch=epoch, rate=rate)
    if credit is not None and owed + fact.lent > credit.limit:
        reason = f"loan: {owed + fact.lent} USD were lent, {credit.limit} USD were agreed; a person must ask the broker"
        row = replace(row, state="held", reason=reason)
    return _go_on(row)


def decide(row: Loan, event: LoanEvent, again_at: int) -> Decision:
    """What follows from `event`; a failed repayment is made again at `again_at`. News told before changes nothing."""
    match event:
        case Acknowledged():
            return Decision()
        case MarginCalled() | Woken():
            return _go_on(row)
        case LoanCharged():
            return _charged(row, event)
        case PaymentSent():
            return _paid(row, event)
        case PaymentFailed():
            return _unpaid(row, event, again_at)
        case PledgeReleased():
            return _released(row, event)
        case PledgeSold():
            return _sold(row, event)
        case ReleaseRefused():
            return _refused(row, event)
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


def _go_on(row: Loan) -> Decision:
    """Ask for what is owed, one payment at a time. A held loan is repaid, too, and stays held."""
    held = row.state == "held"
    if row.asked:
        return Decision(rows=(row if held else replace(row, state="repaying"),))
    if not row.owed:
        end = "repaid" if row.shares else "released" if row.freed else "sold"
        return Decision(rows=(row if held else replace(row, state=end, reason=""),))
    after = replace(row, asked=row.owed, payments=row.payments + 1)
    after = after if held else replace(after, state="repaying", reason="")
    pay = Pay(after.payment_id, BROKER, after.asked, row.id)
    return Decision(rows=(after,), commands=(Command(after.payment_id, "Loan", row.id, pay),))


def _charged(row: Loan, event: LoanCharged) -> Decision:
    """Interest is the issuer's cost, never a client's."""
    if event.charge in row.heard or not event.amount:
        return Decision()
    key = f"{row.id}:interest:{event.charge}"
    charged = Transfer(key, accounts.CAPITAL, accounts.broker_loan(row.id), event.amount.atoms, row.id)
    after = replace(row, heard=(*row.heard, event.charge), charged=row.charged + event.amount)
    if row.rate is not None and row.shares and event.amount > row.owed.fee_up(row.rate):
        reason = f"loan: {event.amount} USD were charged on {row.owed}, {row.owed.fee_up(row.rate)} were agreed; ask the broker"
        after = replace(after, state="held", reason=reason)
    return Decision(transfers=(charged,)) + _go_on(after)


def _paid(row: Loan, event: PaymentSent) -> Decision:
    if event.payment_id != row.payment_id or not row.asked:
        return Decision()
    used, booked = _settle_debt(row, f"{event.payment_id}:sent", event.amount, accounts.BANK)
    return Decision(transfers=booked) + _go_on(replace(row, asked=Money(0), repaid=row.repaid + used))


def _settle_debt(row: Loan, key: str, amount: Money, source: str) -> tuple[Money, tuple[Transfer, ...]]:
    """What of `amount` goes into the loan, and its booking; what is over is our cash at the broker."""
    used = min(amount, row.owed)
    transfers = (
        Transfer(key, accounts.broker_loan(row.id), source, used.atoms, row.id),
        Transfer(key + ":over", accounts.BROKER_CASH, source, amount.atoms - used.atoms, row.id),
    )
    return used, tuple(each for each in transfers if each.amount)


def _unpaid(row: Loan, event: PaymentFailed, again_at: int) -> Decision:
    """The money is still at the bank: pay later, under a new id."""
    if event.payment_id != row.payment_id or not row.asked:
        return Decision()
    after = replace(row, asked=Money(0))
    if row.state != "held":
        after = replace(after, state="financed", reason=f"loan: {event.payment_id} failed, {event.reason}")
    wake = Command(f"{event.payment_id}:again", "Loan", row.id, Wake("repay"), again_at)
    return Decision(rows=(after,), commands=(wake,))


def _released(row: Loan, event: PledgeReleased) -> Decision:
    """Shares are free: the broker's word ends a hold, too."""
    if event.release in row.heard:
        return Decision()
    if event.shares > row.shares:
        return _doubtful(row, event.release, f"released {event.shares}")
    key = f"{row.id}:released:{event.release}"
    free = Transfer(key, f"{row.stock}/at_broker", f"{row.stock}/pledged", event.shares.atoms, row.id)
    cost, after = _less(row, event.shares, event.release)
    fact = SharesUnpledged(row.acquisition, event.release, event.shares, cost)
    state = "repaid" if row.state == "held" else row.state
    return Decision(transfers=(free,), facts=(fact,)) + _go_on(replace(after, freed=True, state=state))


def _sold(row: Loan, event: PledgeSold) -> Decision:
    """The shares are gone: nobody's purchase any more; loss or gain beside their cost is capital's."""
    if event.sale in row.heard:
        return Decision()
    if event.shares > row.shares:
        return _doubtful(row, event.sale, f"sold {event.shares}")
    key = f"{row.id}:sold:{event.sale}"
    cost, after = _less(row, event.shares, event.sale)
    used, booked = _settle_debt(row, key + ":proceeds", event.proceeds, accounts.ACQUISITIONS)
    loss = cost.atoms - event.proceeds.atoms
    debit, credit = (accounts.CAPITAL, accounts.ACQUISITIONS) if loss > 0 else (accounts.ACQUISITIONS, accounts.CAPITAL)
    result = (Transfer(key + ":result", debit, credit, abs(loss), row.id),) if loss else ()
    gone = Transfer(key, f"{row.stock}/bought", f"{row.stock}/pledged", event.shares.atoms, row.id)
    fact = PledgeForfeited(row.acquisition, event.sale, event.shares, cost, event.proceeds)
    return Decision(transfers=(gone, *booked, *result), facts=(fact,)) + _go_on(replace(after, repaid=row.repaid + used))


def _less(row: Loan, shares: Shares, told: str) -> tuple[Money, Loan]:
    """What so many of the pledged shares cost, and the loan without them."""
    cost = row.cost if shares == row.shares else row.cost.share_down(shares.atoms, row.shares.atoms)
    left = Money(row.cost.atoms - cost.atoms)
    return cost, replace(row, shares=row.shares - shares, cost=left, heard=(*row.heard, told))


def _doubtful(row: Loan, told: str, what: str) -> Decision:
    reason = f"loan: the broker {what} shares of {row.shares} pledged; a person must ask it"
    return Decision(rows=(replace(row, heard=(*row.heard, told), state="held", reason=reason),))


def _refused(row: Loan, event: ReleaseRefused) -> Decision:
    if not row.shares:
        return Decision()
    reason = f"loan: the broker refused to release {row.shares} shares, {event.reason}; a person must ask it"
    return Decision(rows=(replace(row, state="held", reason=reason),))


def _rescaled(row: Loan, event: Rescaled) -> Decision:
    """Count what is pledged in the new shares; the ledger is rescaled as a whole by the split."""
    if row.epoch >= event.epoch:
        return Decision()
    return Decision(rows=(replace(row, epoch=event.epoch, shares=row.shares.times_down(event.new, event.old)),))
