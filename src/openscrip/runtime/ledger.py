"""The double-entry ledger: what an account, a transfer and a balance are, and the rules of posting.

Pure: the memory store and the SQL store apply exactly these rules. Shaped as TigerBeetle's: transfers are immutable,
two-phase (pending, then posted or voided), identified by their id, and limited by the account's normal side.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from openscrip.kernel.errors import Conflict, Refused


class LedgerBroken(Exception):
    """A transfer contradicts the ledger itself: a bug, never a business refusal."""


class Side(StrEnum):
    """The normal side of an account, which is also its limit."""

    DEBIT = "debit"
    """An asset: credits never exceed debits."""
    CREDIT = "credit"
    """A claim or equity: debits never exceed credits."""
    EITHER = "either"
    """The world outside: no limit."""


class Phase(StrEnum):
    """What a transfer does to its amount."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    """Posts `amount` of an earlier pending transfer and releases the rest."""
    VOID = "void"
    """Releases an earlier pending transfer."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` atoms from `credit` to `debit`, once for its `id`.

    Accounts are `unit/name` or `unit/name:party`; both must have the same unit. `cause` is the business id behind it.
    For `POST` and `VOID`, `pending_id` names the pending transfer; `debit` and `credit` repeat its accounts.
    A pending transfer may expire: from market time `expires_at` on it is not posted any more, and `Unit.expire` voids it.
    What mirrors an effect outside never expires (0): only its known outcome resolves it.
    """

    id: str
    debit: str
    credit: str
    amount: int
    cause: str
    phase: Phase = Phase.POSTED
    pending_id: str = ""
    expires_at: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """The four running totals of an account, in atoms, all >= 0."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    @property
    def debit(self) -> int:
        """Posted debits less posted credits: what an asset account holds."""
        return self.debits_posted - self.credits_posted

    @property
    def credit(self) -> int:
        """Posted credits less posted debits: what a claim account owes."""
        return self.credits_posted - self.debits_posted

    def within(self, side: Side) -> bool:
        """Whether the limit of `side` holds, pending amounts on the spending side included."""
        if side is Side.DEBIT:
            return self.credits_pending + self.credits_posted <= self.debits_posted
        if side is Side.CREDIT:
            return self.debits_pending + self.debits_posted <= self.credits_posted
        return True


def summed(balances: Iterable[Balance]) -> Balance:
    """The totals of many accounts added up."""
    found = [0, 0, 0, 0]
    for each in balances:
        for place, total in enumerate((each.debits_pending, each.debits_posted, each.credits_pending, each.credits_posted)):
            found[place] += total
    return Balance(*found)


TOTAL_MAX = 2**63 - 1
"""No amount and no running total passes this: what a 64-bit column holds."""

Chart = Mapping[str, Side]
"""The chart of accounts: the normal side of each account name (the part between `/` and `:`)."""


def unit_of(account: str) -> str:
    """The unit of an account id: `TSLA` of `TSLA/custody`."""
    return account.partition("/")[0]


def side_of(account: str, chart: Chart) -> Side:
    """The normal side of an account; an account that is not in the chart is a bug."""
    name = account.partition("/")[2].partition(":")[0]
    try:
        return chart[name]
    except KeyError:
        raise LedgerBroken(f"ledger: account {account!r} was not in the chart of accounts") from None


def checked(transfer: Transfer, pending: Transfer | None, resolved: bool, at: int = 0) -> Transfer:
    """`transfer` if it is well formed; `pending` is what it resolves, `resolved` whether that was done before `at`.

    Raises `LedgerBroken` for a malformed transfer, `Conflict("ledger.resolved")` for a second resolution and
    `Refused("ledger.expired")` for what is posted too late.
    """
    if transfer.expires_at and (transfer.phase is not Phase.PENDING or transfer.expires_at < 0):
        raise LedgerBroken(f"ledger: transfer {transfer.id} was {transfer.phase}, and expired at {transfer.expires_at}")
    if unit_of(transfer.debit) != unit_of(transfer.credit) or transfer.debit == transfer.credit:
        raise LedgerBroken(f"ledger: transfer {transfer.id} joined {transfer.debit} and {transfer.credit}")
    if transfer.phase in (Phase.POSTED, Phase.PENDING):
        if transfer.amount <= 0 or transfer.pending_id:
            raise LedgerBroken(
                f"ledger: transfer {transfer.id} had amount {transfer.amount}, pending id {transfer.pending_id!r}"
            )
        return transfer
    if pending is None or pending.phase is not Phase.PENDING:
        raise LedgerBroken(f"ledger: transfer {transfer.id} resolved {transfer.pending_id!r}, which was not pending")
    if (pending.debit, pending.credit) != (transfer.debit, transfer.credit):
        raise LedgerBroken(f"ledger: transfer {transfer.id} had other accounts than its pending {pending.id}")
    if resolved:
        raise Conflict("ledger.resolved", f"ledger: {pending.id} was resolved before {transfer.id}")
    if not 0 <= transfer.amount <= pending.amount or (transfer.phase is Phase.POST and not transfer.amount):
        raise LedgerBroken(f"ledger: transfer {transfer.id} posted {transfer.amount} of {pending.amount}")
    if transfer.phase is Phase.POST and 0 < pending.expires_at <= at:
        raise Refused("ledger.expired", f"ledger: {pending.id} had expired at {pending.expires_at}, it was posted at {at}")
    return transfer


def expiry(pending: Transfer) -> Transfer:
    """What voids a pending transfer whose time has come."""
    return Transfer(f"{pending.id}:expired", pending.debit, pending.credit, 0, pending.cause, Phase.VOID, pending.id)


def debited(balance: Balance, transfer: Transfer, pending: Transfer | None) -> Balance:
    """The debit account's balance after `transfer`."""
    held, posted = moved(transfer, pending)
    return Balance(
        balance.debits_pending + held, balance.debits_posted + posted, balance.credits_pending, balance.credits_posted
    )


def credited(balance: Balance, transfer: Transfer, pending: Transfer | None) -> Balance:
    """The credit account's balance after `transfer`."""
    held, posted = moved(transfer, pending)
    return Balance(
        balance.debits_pending, balance.debits_posted, balance.credits_pending + held, balance.credits_posted + posted
    )


def moved(transfer: Transfer, pending: Transfer | None) -> tuple[int, int]:
    """What `transfer` adds to the pending and to the posted total of both of its accounts."""
    phase = transfer.phase
    if phase is Phase.POSTED:
        return 0, transfer.amount
    if phase is Phase.PENDING:
        return transfer.amount, 0
    released = -pending.amount if pending else 0
    return (released, transfer.amount) if phase is Phase.POST else (released, 0)


def refuse_over_limit(account: str, balance: Balance, side: Side) -> None:
    """Raise `Refused("ledger.limit")` if `balance` breaks the limit of `side`, `("ledger.range")` past 64 bits."""
    if not balance.within(side):
        raise Refused("ledger.limit", f"ledger: account {account} would pass its limit ({balance})")
    if (
        balance.debits_posted + balance.debits_pending > TOTAL_MAX
        or balance.credits_posted + balance.credits_pending > TOTAL_MAX
    ):
        raise Refused("ledger.range", f"ledger: account {account} would pass 64 bits ({balance})")


def seal(transfer: Transfer, at: int = 0) -> str:
    """A fingerprint of a transfer's content, stored beside it, so that an alteration by hand is found and named.

    `at` is the market time of posting. Transfers of before times were kept have none (0), and their seal covers none; nor
    does it cover an expiry that there is none of.
    """
    content: list[object] = [
        transfer.id,
        transfer.debit,
        transfer.credit,
        transfer.amount,
        transfer.cause,
        str(transfer.phase),
        transfer.pending_id,
    ]
    times = [at, transfer.expires_at] if transfer.expires_at else [at] if at else []
    return hashlib.sha256(json.dumps([*content, *times]).encode()).hexdigest()[:32]


def trial_balance(balances: Mapping[str, Balance]) -> dict[str, tuple[int, int, int, int]]:
    """Per unit: pending debits, pending credits, posted debits, posted credits; each pair is equal if sound."""
    totals: dict[str, tuple[int, int, int, int]] = {}
    for account, balance in balances.items():
        dp, cp, dd, cc = totals.get(unit_of(account), (0, 0, 0, 0))
        totals[unit_of(account)] = (
            dp + balance.debits_pending,
            cp + balance.credits_pending,
            dd + balance.debits_posted,
            cc + balance.credits_posted,
        )
    return totals


def unbalanced(balances: Mapping[str, Balance]) -> Sequence[str]:
    """The units whose debits and credits differ: empty in a sound ledger (I5)."""
    return [unit for unit, (dp, cp, dd, cc) in trial_balance(balances).items() if dp != cp or dd != cc]
