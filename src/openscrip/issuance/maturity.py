"""A bond that ends: its units leave custody for cash, and its tokens are redeemed for that cash.

The units that were paid out stay in the books as `matured`, so that what is held still equals what is owed; the cash for
all but the issuer's own units is owed to holders until their tokens are burned.
"""

from dataclasses import replace
from datetime import timedelta

from openscrip.assets import accounts
from openscrip.assets.corporate_actions import CashAction, Coupon, Maturity, net_dividend_down
from openscrip.assets.stock import Stock
from openscrip.issuance.distribution_row import ActionView, Distribution, StockMatured, StockResumed, UnitsPaidOut
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.staging import resume
from openscrip.issuance.terms import View
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer

LAST_COUPON = timedelta(days=7)
OWED = ("outstanding", "redemption_claim")
"""Claims on units whose cash is the holders'."""


def await_payout(row: Distribution) -> Decision:
    """Nothing is staged: the custodian tells when the units are paid out. The primary market stays closed for good."""
    return Decision(rows=(replace(row, state="maturing", awaits="", terms=row.standing),))


def is_last(action: CashAction, stock: Stock) -> bool:
    """Whether a coupon comes with maturity: what it would buy could not be in custody before the bond ends."""
    if not isinstance(action, Coupon) or stock.matures_on is None:
        return False
    return (action.pay_date or action.ex_date) >= stock.matures_on - LAST_COUPON


def keep_for_payout(row: Distribution, action: CashAction, view: ActionView) -> Decision:
    """The last coupon is not reinvested: holders are owed it, and it is paid a unit beside the nominal."""
    stock, multiplier = view.stock, view.stock.multiplier
    net = net_dividend_down(action, multiplier.to_shares_down(view.raw), stock.withheld)
    a_unit = PricePerShare(net_dividend_down(action, Shares.whole(1), stock.withheld).atoms)
    due = Transfer(row.key("due"), accounts.DIVIDEND_RECEIVABLE, accounts.DIVIDEND_PAYABLE, net.atoms, row.id)
    kept = replace(
        row, net=net, eligible=multiplier.to_shares_up(view.raw), before=multiplier, after=multiplier, awaits="",
        terms=row.standing, reason="paid with maturity", state="resumed" if net else "final",
    )  # fmt: skip
    after = replace(stock, last_coupon=a_unit, last_coupon_due=net)
    return Decision(transfers=(due,) if net else ()) + resume(kept, replace(view, stock=after))


def paid_out(row: Distribution, event: UnitsPaidOut, view: ActionView) -> Decision:
    """Book the cash: what holders are owed as a liability, the issuer's own units as its own money.

    The cash that the custodian posted holds: what it falls short of the announced price is the issuer's loss, and what is
    over its gain; holders are owed the announced price.
    """
    action = row.action
    if not isinstance(action, Maturity) or view.stock.payout.micros:
        return Decision()
    owed, stock, key = Shares(sum(_claimed(view, name) for name in OWED)), view.stock, row.id
    payout = PricePerShare(action.price.micros + stock.last_coupon.micros)
    coupon = stock.last_coupon_due
    payable = payout.cost_up(owed)
    transfers = [
        Transfer(f"{key}:units", f"{stock.id}/matured", f"{stock.id}/custody", event.quantity.atoms, key),
        Transfer(f"{key}:cash", accounts.BANK, accounts.CAPITAL, event.net.atoms, key),
        Transfer(f"{key}:coupon", accounts.DIVIDEND_PAYABLE, accounts.MATURITY_PAYABLE, coupon.atoms, key),
        Transfer(f"{key}:owed", accounts.CAPITAL, accounts.MATURITY_PAYABLE, max(0, payable.atoms - coupon.atoms), key),
        Transfer(f"{key}:own", f"{stock.id}/inventory", f"{stock.id}/matured", stock.free.atoms, key),
    ]
    after = replace(stock, payout=payout, inventory=(), last_coupon_due=Money(0))
    done = replace(row, state="final", cash=event.net, awaits="", reason="", terms=row.standing)
    facts = (StockMatured(row.stock, row.id, payout), StockResumed(row.stock, row.id))
    return Decision((after, done), tuple(t for t in transfers if t.amount), facts)


def _claimed(view: ActionView, name: str) -> int:
    balance = view.balances.get(f"{view.stock.id}/{name}")
    return balance.credit if balance is not None else 0


def redeemed_at_maturity(row: Redemption, view: View) -> tuple[Redemption, Decision]:
    """A burned claim on a bond that was paid out: its units are settled with the cash that was set aside, without a fee."""
    price, units = view.stock.payout, row.claim
    owed = price.proceeds_down(units)
    transfers = (
        Transfer(f"{row.id}:matured", f"{row.stock}/redemption_claim", f"{row.stock}/matured", units.atoms, row.id),
        Transfer(f"{row.id}:payout", accounts.MATURITY_PAYABLE, accounts.client_payable(row.id), owed.atoms, row.id),
    )
    free = replace(row.rates, fee=Bps(0), fixed=Money(0))
    after = replace(row, claim=Shares(0), owed=row.owed + owed, rates=free)
    return after, Decision(transfers=tuple(each for each in transfers if each.amount))
