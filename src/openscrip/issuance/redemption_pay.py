"""The end of a redemption: the fee kept, what is owed paid in dollars or in a stablecoin, once."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Pay, PaymentFailed, PaymentSent, Wake
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import PayCoins, attempt_of, held, pay_coins, sent, was_paid
from openscrip.issuance.redemption_row import Redemption, RedemptionCompleted
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command


def pay(row: Redemption, end: str = "completed") -> Decision:
    """Pay what is owed in cash, less the fee; with nothing owed the redemption ends."""
    fee = min(row.rates.fee_up(row.owed), row.owed) if row.kind is RedemptionKind.CASH and row.owed else Money(0)
    net = row.owed - fee
    payable, payment_id = accounts.client_payable(row.id), row.payment_id
    charged = Transfer(f"{row.id}:fee", payable, accounts.FEES_INCOME, fee.atoms, row.id)
    booked = Decision(transfers=(charged,) if fee else ())
    if not net:
        return booked + ended(row, end)
    paying = replace(row, owed=net, state="paying" if end == "completed" else "paying_refund")
    if row.paid_in != "bank":
        paying = replace(paying, tries=1, reason="")
        set_aside = held(payment_id, payable, _coins(paying), row.id)
        return booked + Decision((paying,), (set_aside,), commands=(_pay_coins(paying),))
    return booked + _by_bank(paying)


def pay_anew(row: Redemption) -> Decision:
    """Ask the bank again for what it refused to pay, under a new payment id. The fee was kept before."""
    payable = accounts.client_payable(row.id)
    voided = Transfer(f"{row.payment_id}:void", payable, accounts.BANK, 0, row.id, Phase.VOID, row.payment_id)
    state = "paying_refund" if row.restored else "paying"
    return Decision(transfers=(voided,)) + _by_bank(replace(row, state=state, payments=row.payments + 1))


def _by_bank(row: Redemption) -> Decision:
    payable, payment_id = accounts.client_payable(row.id), row.payment_id
    set_aside = Transfer(payment_id, payable, accounts.BANK, row.owed.atoms, row.id, Phase.PENDING)
    command = Command(payment_id, "Redemption", row.id, Pay(payment_id, row.person, row.owed, row.id))
    return Decision((row,), (set_aside,), commands=(command,))


def paid(row: Redemption, event: PaymentSent) -> Decision:
    """The bank sent the money: the redemption ends."""
    if row.state not in ("paying", "paying_refund") or event.payment_id != row.payment_id:
        return Decision()
    payable = accounts.client_payable(row.id)
    key = f"{row.payment_id}:sent"
    posted = Transfer(key, payable, accounts.BANK, event.amount.atoms, row.id, Phase.POST, event.payment_id)
    return Decision(transfers=(posted,)) + ended(row, "completed" if row.state == "paying" else "refunded")


def not_paid(row: Redemption, event: PaymentFailed) -> Decision:
    """The bank refused: a person's. A refusal of an earlier payment says nothing of the one that is on its way."""
    if event.payment_id != row.payment_id:
        return Decision()
    return Decision(rows=(replace(row, state="held", reason=event.reason),))


def coins_paid(row: Redemption, event: Landed | Rejected, view: View) -> Decision | None:
    """What follows from the answer to a payment in coins; None if the event is about something else."""
    payment_id = f"{row.id}:pay"
    if not row.tries or not event.command.startswith(attempt_of(payment_id, 0)[:-1]):
        return None
    if row.state not in ("paying", "paying_refund"):
        return Decision()
    if isinstance(event, Rejected) and not was_paid(event):
        if event.command != attempt_of(payment_id, row.tries):
            return Decision()
        again = Command(f"{event.command}:again", "Redemption", row.id, Wake(event.code), view.now + view.terms.retry_s)
        return Decision(rows=(replace(row, reason=event.text),), commands=(again,))
    stable = accounts.stable(row.paid_in, row.chain)
    posted = sent(payment_id, accounts.client_payable(row.id), stable, row.owed, row.id)
    end = "completed" if row.state == "paying" else "refunded"
    return Decision(transfers=(posted,)) + ended(replace(row, reason=""), end)


def pay_again(row: Redemption) -> Decision:
    """Ask for a payment in coins that was refused again, under the same payment id."""
    if not row.tries or not row.reason:
        return Decision(rows=(row,))
    after = replace(row, tries=row.tries + 1, reason="")
    return Decision(rows=(after,), commands=(_pay_coins(after),))


def ended(row: Redemption, end: str) -> Decision:
    """Shares delivered, cash paid, or what could not be given back."""
    done = replace(row, state=end)
    if end != "completed":
        return Decision(rows=(done,))
    fact = RedemptionCompleted(row.id, row.stock, row.chain, row.kind, row.escrowed, row.delivered, row.owed)
    return Decision(rows=(done,), facts=(fact,))


def _coins(row: Redemption) -> PayCoins:
    return PayCoins(row.chain, row.paid_in, f"{row.id}:pay", row.wallet, row.owed, row.id)


def _pay_coins(row: Redemption) -> Command:
    return pay_coins("Redemption", row.id, _coins(row), row.tries)
