"""Stablecoin deposits: each that is final becomes a subscription's money, or goes back to its sender, or waits for a person.

    credited        suspense > returning > returned          suspense > kept

One address on each chain takes the coins of all clients: an ERC-20 transfer carries no memo, and wallets that sign for
several chains carry none on Solana either. A deposit is known by its sender, who must be the client's own wallet, and by its
exact amount; among equal ones the oldest request is paid first. Everything else goes back to where it came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import Acknowledged, Wake, Woken
from openscrip.assets.compliance.sanctions import normalised_address
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.cancelling import RULE as CANCELLED
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.coins import CoinsSeen, PayCoins, Stablecoin, attempt_of, held, pay_coins, sent, was_paid
from openscrip.issuance.conversion import Conversion
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command, Unit
from openscrip.runtime.store import View as StoreView

RETRY_S = 300
REQUESTS_KEPT = 50
"""How many requests of one wallet are looked at for one deposit, the newest."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Row: the requests that wait, or waited, for coins from one wallet; its id is `asset:chain:wallet`.

    `until` is when the last of them stops waiting.
    """

    id: str
    requests: tuple[str, ...] = ()
    until: int = 0
    stock: str = ""
    state: str = "listed"


@dataclass(frozen=True, slots=True)
class CoinDeposit:
    """Row: coins that reached the treasury. `rule` says why they are not a subscription's; `by` and `why` who decided."""

    id: str
    chain: str
    asset: str
    sender: str
    amount: Money
    tx_id: str
    block: int
    seen_at: int
    person: str = ""
    request: str = ""
    rule: str = ""
    reason: str = ""
    by: str = ""
    why: str = ""
    tries: int = 0
    stock: str = ""
    state: str = "suspense"


@dataclass(frozen=True, slots=True)
class DepositInSuspense:
    """Fact: coins came that are nobody's; `rule` says why. What is not returned by itself waits for an operator."""

    id: str
    chain: str
    asset: str
    sender: str
    amount: Money
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class DepositReturned:
    """Fact: coins went back to their sender."""

    id: str
    amount: Money
    tx_id: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An operator's word on a deposit in suspense: `return` it to its sender, or `keep` it where it is."""

    decision: str
    by: str
    why: str


DepositEvent = Judged | Landed | Rejected | Woken | Acknowledged


def expect(unit: Unit, row: Subscription) -> Decision:
    """Remember whose coins a subscription waits for. Raises `Malformed("funding.unknown")`."""
    coin = unit.row(Stablecoin, f"{row.funding}:{row.pay_chain}")
    if coin is None:
        raise Malformed("funding.unknown", f"funding: {row.funding!a:.20} on {row.pay_chain!a:.20} was not accepted here")
    key = _wallet_key(coin, row.pay_wallet)
    before = unit.row(Expected, key) or Expected(key)
    until = max(before.until, row.expires_at)
    return Decision((replace(before, requests=(*before.requests, row.id)[-REQUESTS_KEPT:], until=until),))


def received(
    seen: CoinsSeen, coin: Stablecoin, person: str, requests: Sequence[Subscription], now: int, refusal: Refused | None
) -> CoinDeposit:
    """Whose a deposit is. `person` owns the sending wallet, empty if nobody does; `refusal` is compliance's, if it has one."""
    row = CoinDeposit(seen.id, seen.chain, coin.asset, seen.sender, seen.amount, seen.tx_id, seen.block, now, person)
    if refusal is not None:
        return replace(row, rule=refusal.code, reason=refusal.text)
    if not person:
        return replace(row, rule="deposit.sender", reason=f"deposit: {seen.sender} was no client's wallet")
    waiting = [each for each in requests if each.state == "awaiting_payment" and now <= each.expires_at]
    match = next((each for each in waiting if each.deposit == seen.amount and each.person == person), None)
    if match is not None:
        return replace(row, request=match.id, state="credited")
    rule, text = _why_not(seen, waiting, requests)
    return replace(row, rule=rule, reason=f"deposit: {text}", state="returning", tries=1)


def _why_not(seen: CoinsSeen, waiting: Sequence[Subscription], requests: Sequence[Subscription]) -> tuple[str, str]:
    if waiting:
        wanted = " or ".join(f"{each.deposit}" for each in waiting[:5])
        return "deposit.amount", f"{seen.amount} came, {wanted} was expected"
    alike = [each for each in requests if each.deposit == seen.amount]
    if any(each.deposit_id for each in alike):
        return "deposit.twice", f"{alike[-1].id} was paid before"
    if alike and alike[-1].rule == CANCELLED:
        return "deposit.cancelled", f"{alike[-1].id} was cancelled"
    if alike:
        return "deposit.late", f"{alike[-1].id} waited until {alike[-1].expires_at}"
    return "deposit.unexpected", f"no request of {seen.sender} waited for coins"


def book(row: CoinDeposit) -> Decision:
    """What a new deposit changes, other than the subscription that it pays for."""
    if row.state == "credited":
        return Decision((row,))
    stable, suspense = accounts.stable(row.asset, row.chain), accounts.suspense(row.id)
    came = Transfer(f"{row.id}:in", stable, suspense, row.amount.atoms, row.id)
    fact = DepositInSuspense(row.id, row.chain, row.asset, row.sender, row.amount, row.rule, row.reason)
    booked = Decision((row,), (came,), (fact,))
    return booked + _return(row) if row.state == "returning" else booked


def decide(row: CoinDeposit, event: DepositEvent, now: int, retry_s: int = RETRY_S) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Judged():
            return _judged(row, event)
        case Landed():
            return _returned(row, event.tx_id) if _is_mine(row, event.command) else Decision()
        case Rejected():
            return _refused(row, event, now + retry_s)
        case Woken():
            if row.state != "return_waits":
                return Decision()
            again = replace(row, state="returning", tries=row.tries + 1)
            return Decision((again,), commands=(pay_coins("CoinDeposit", row.id, _back(again), again.tries),))
        case Acknowledged():
            return Decision()
        case _:
            assert_never(event)


def _judged(row: CoinDeposit, event: Judged) -> Decision:
    """Raises `Refused("deposit.state")` for what does not wait for a word, and `deposit.sanctioned`."""
    refuse_unless(row.state in ("suspense", "kept"), "deposit.state", f"deposit: {row.id} was {row.state}, not in suspense")
    after = replace(row, by=event.by, why=event.why)
    if event.decision == "keep":
        return Decision((replace(after, state="kept"),))
    refuse_unless(
        not row.rule.startswith("compliance.sanctioned"),
        "deposit.sanctioned",
        f"deposit: {row.id} came from a listed address; what is blocked is kept, and goes back only by an authority's word",
    )
    refuse_unless(bool(row.sender), "deposit.minted", f"deposit: {row.id} was minted to us; there is nobody to return it to")
    after = replace(after, state="returning", tries=row.tries + 1)
    return Decision((after,)) + _return(after)


def _return(row: CoinDeposit) -> Decision:
    action = _back(row)
    transfer = held(action.payment_id, accounts.suspense(row.id), action, row.id)
    return Decision(transfers=(transfer,), commands=(pay_coins("CoinDeposit", row.id, action, row.tries),))


def _back(row: CoinDeposit) -> PayCoins:
    return PayCoins(row.chain, row.asset, f"{row.id}:return", row.sender, row.amount, row.id)


def _is_mine(row: CoinDeposit, command: str) -> bool:
    return row.state in ("returning", "return_waits") and command.startswith(attempt_of(f"{row.id}:return", 0)[:-1])


def _returned(row: CoinDeposit, tx_id: str) -> Decision:
    stable = accounts.stable(row.asset, row.chain)
    posted = sent(f"{row.id}:return", accounts.suspense(row.id), stable, row.amount, row.id)
    return Decision((replace(row, state="returned"),), (posted,), (DepositReturned(row.id, row.amount, tx_id),))


def _refused(row: CoinDeposit, event: Rejected, again_at: int) -> Decision:
    """Asked again later; a chain that says it has paid has paid."""
    if not _is_mine(row, event.command):
        return Decision()
    if was_paid(event):
        return _returned(row, "")
    if row.state != "returning" or event.command != attempt_of(f"{row.id}:return", row.tries):
        return Decision()
    again = Command(f"{event.command}:again", "CoinDeposit", row.id, Wake(event.code), again_at)
    return Decision((replace(row, state="return_waits"),), commands=(again,))


def _wallet_key(coin: Stablecoin, wallet: str) -> str:
    return f"{coin.id}:{normalised_address(wallet)}"


def expected_from(unit: Unit, coin: Stablecoin, wallet: str) -> list[Subscription]:
    """The requests that wait, or waited, for coins from a wallet, oldest first."""
    listed = unit.row(Expected, _wallet_key(coin, wallet))
    found = (unit.row(Subscription, each) for each in (listed.requests if listed else ()))
    return [row for row in found if row is not None]


def are_expected(view: StoreView, chain: str, now: int) -> bool:
    """Whether somebody may send coins on this chain at any moment: a request, or the bank for a conversion."""
    waits = any(row.until >= now and row.id.split(":")[1] == chain for row in view.rows(Expected))
    return waits or bool(view.rows_in(Conversion, ("arriving", "returning")))


def owner_of_wallet(view: StoreView, chain: str, address: str) -> str:
    """The client who signed for a wallet; empty if nobody did."""
    found = view.row(ClientWallet, wallet_id(chain, address))
    return found.wallet.person_id if found else ""


ScreenAddress = Callable[[str, str], None]
"""Raises `Refused` for a listed address: chain, wallet."""
WalletOwner = Callable[[StoreView, str, str], str]
"""The client who signed for a wallet, by chain and address; empty for nobody's."""
