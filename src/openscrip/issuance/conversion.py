"""Treasury conversions: a stablecoin into dollars through the bank, and back, as recorded steps under two keys.

    to dollars: sending > converting > done            to stable: converting > arriving > done
                   |          |                                       |
                 failed    returning > failed                       failed

What was given and not yet got stands on an account of the conversion's own. The bank's fee is the issuer's.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import Acknowledged, Wake, Woken
from openscrip.assets.bank import ConversionSide
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import CoinsReceived, PayCoins, Stablecoin, attempt_of, held, pay_coins, sent, was_paid
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command, Unit

RETRY_S = 300
OPEN = ("sending", "send_waits", "converting", "arriving", "returning")


@dataclass(frozen=True, slots=True)
class Conversion:
    """Row: `amount` of a coin into dollars, or of dollars into the coin. `by` and `why` are the operator's."""

    id: str
    side: ConversionSide
    asset: str
    chain: str
    amount: Money
    by: str
    why: str
    asked_at: int
    day: str
    got: Money = Money(0)
    fee: Money = Money(0)
    transfer: str = ""
    tries: int = 1
    stock: str = ""
    state: str = "sending"
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Convert:
    """Ask the bank to convert, signed by two keys. `address` is the treasury's."""

    conversion_id: str
    side: ConversionSide
    asset: str
    chain: str
    amount: Money
    address: str
    transfer: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The bank converted: `given` = `got` + `fee`."""

    got: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class NotConverted:
    """The bank will not: what it was given comes back."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConvertedOn:
    """Row: what was converted on one New York date, both ways; its id is the date."""

    id: str
    amount: Money
    stock: str = ""
    state: str = "counted"


ConversionEvent = Landed | Rejected | Woken | Acknowledged | Converted | NotConverted | CoinsReceived


def ask(row: Conversion, coin: Stablecoin, converted: ConvertedOn | None, day_max: Money, there: Money) -> Decision:
    """Start a conversion. `there` is what the treasury's account, or the bank's, holds in the books.

    Raises `Refused("conversion.limit")` and `Refused("conversion.short")`.
    """
    before = converted.amount if converted else Money(0)
    after = before + row.amount
    refuse_unless(bool(row.amount), "conversion.amount", "conversion: the amount was zero; name how much")
    text = f"conversion: {after} USD on {row.day} was over {day_max}; wait for tomorrow, or raise treasury.convert_usd_day_max"
    refuse_unless(after <= day_max, "conversion.limit", text)
    text = f"conversion: {row.amount} was asked, {there} was there; ask for less"
    refuse_unless(row.amount <= there, "conversion.short", text)
    counted = ConvertedOn(row.day, after)
    if row.side is ConversionSide.TO_DOLLARS:
        action = _send(row, coin.bank)
        transfer = held(action.payment_id, accounts.converting(row.id), action, row.id)
        return Decision((row, counted), (transfer,), commands=(pay_coins("Conversion", row.id, action, row.tries),))
    converting = replace(row, state="converting")
    pending = Transfer(f"{row.id}:given", accounts.converting(row.id), accounts.BANK, row.amount.atoms, row.id, Phase.PENDING)
    return Decision((converting, counted), (pending,), commands=(_convert(converting, coin.treasury),))


def decide(row: Conversion, event: ConversionEvent, coin: Stablecoin, now: int, retry_s: int = RETRY_S) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Landed():
            return _sent(row, event, coin)
        case Rejected():
            return _send_refused(row, event, coin, now + retry_s)
        case Woken():
            if row.state != "send_waits":
                return Decision()
            again = replace(row, state="sending", tries=row.tries + 1)
            command = pay_coins("Conversion", row.id, _send(again, coin.bank), again.tries)
            return Decision((again,), commands=(command,))
        case Acknowledged():
            return Decision()
        case Converted():
            return _converted(row, event)
        case NotConverted():
            return _not_converted(row, event)
        case CoinsReceived():
            return _coins_came(row, event)
        case _:
            assert_never(event)


def _send(row: Conversion, bank: str) -> PayCoins:
    return PayCoins(row.chain, row.asset, f"{row.id}:send", bank, row.amount, row.id)


def _convert(row: Conversion, address: str) -> Command:
    action = Convert(row.id, row.side, row.asset, row.chain, row.amount, address, row.transfer)
    return Command(f"{row.id}:convert", "Conversion", row.id, action)


def _is_mine(row: Conversion, command: str) -> bool:
    return row.state in ("sending", "send_waits") and command.startswith(attempt_of(f"{row.id}:send", 0)[:-1])


def _sent(row: Conversion, event: Landed, coin: Stablecoin) -> Decision:
    """The coins are with the bank: ask it to convert them."""
    if not _is_mine(row, event.command):
        return Decision()
    stable = accounts.stable(row.asset, row.chain)
    posted = sent(f"{row.id}:send", accounts.converting(row.id), stable, row.amount, row.id)
    after = replace(row, state="converting", transfer=event.tx_id, reason="")
    return Decision((after,), (posted,), commands=(_convert(after, coin.treasury),))


def _send_refused(row: Conversion, event: Rejected, coin: Stablecoin, again_at: int) -> Decision:
    if not _is_mine(row, event.command):
        return Decision()
    if was_paid(event):
        return _sent(row, Landed(event.command, "", 0), coin)
    if row.state != "sending" or event.command != attempt_of(f"{row.id}:send", row.tries):
        return Decision()
    again = Command(f"{event.command}:again", "Conversion", row.id, Wake(event.code), again_at)
    return Decision((replace(row, state="send_waits", reason=event.text),), commands=(again,))


def _converted(row: Conversion, event: Converted) -> Decision:
    """Dollars are here; or the coins are on their way to the treasury."""
    if row.state != "converting":
        return Decision()
    own, fee = accounts.converting(row.id), event.fee
    charged = Transfer(f"{row.id}:fee", accounts.CAPITAL, own, fee.atoms, row.id)
    if row.side is ConversionSide.TO_DOLLARS:
        got = Transfer(f"{row.id}:got", accounts.BANK, own, event.got.atoms, row.id)
        done = replace(row, state="done", got=event.got, fee=fee)
        return Decision((done,), (got, charged) if fee else (got,))
    given = Transfer(f"{row.id}:given:sent", own, accounts.BANK, row.amount.atoms, row.id, Phase.POST, f"{row.id}:given")
    after = replace(row, state="arriving", got=event.got, fee=fee)
    return Decision((after,), (given, charged) if fee else (given,))


def _not_converted(row: Conversion, event: NotConverted) -> Decision:
    if row.state != "converting":
        return Decision()
    after = replace(row, rule="conversion.failed", reason=f"bank: {event.reason}")
    if row.side is ConversionSide.TO_DOLLARS:
        return Decision((replace(after, state="returning", got=row.amount),))
    key, own = f"{row.id}:given", accounts.converting(row.id)
    voided = Transfer(f"{key}:void", own, accounts.BANK, 0, row.id, Phase.VOID, key)
    return Decision((replace(after, state="failed"),), (voided,))


def _coins_came(row: Conversion, event: CoinsReceived) -> Decision:
    """Coins from the bank: what was converted, or what it did not convert."""
    if row.state not in ("arriving", "returning"):
        return Decision()
    stable = accounts.stable(row.asset, row.chain)
    came = Transfer(f"{row.id}:came", stable, accounts.converting(row.id), event.amount.atoms, row.id)
    end = "done" if row.state == "arriving" else "failed"
    return Decision((replace(row, state=end, transfer=event.deposit_id),), (came,))


def coming(unit: Unit, coin: Stablecoin, amount: Money) -> Conversion | None:
    """The oldest conversion that waits for exactly these coins from the bank."""
    waiting = (row for state in ("arriving", "returning") for row in unit.rows(Conversion, state=state))
    fits = (row for row in waiting if (row.asset, row.chain, row.got) == (coin.asset, coin.chain, amount))
    return min(fits, key=lambda row: row.asked_at, default=None)
