"""The double-entry ledger: what an account, a transfer and a balance are, and the rules of posting.

Pure: the memory store and the SQL store apply exactly these rules. Shaped as TigerBeetle's: transfers are immutable,
two-phase (pending, then posted or voided), identified by their id, and limited by the account's normal side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    """

    id: str
    debit: str
    credit: str
    amount: int
    cause: str
    phase: Phase = Phase.POSTED
    pending_id: str = ""


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
        match side:
            case Side.DEBIT:
                return self.credits_pending + self.credits_posted <= self.debits_posted
            case Side.CREDIT:
                return self.debits_pending + self.debits_posted <= self.credits_posted
            case Side.EITHER:
                return True


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


def checked(transfer: Transfer, pending: Transfer | None, resolved: bool) -> Transfer:
    """`transfer` if it is well formed; `pending` is the transfer that it resolves, `resolved` whether that was done before.

    Raises `LedgerBroken` for a malformed transfer and `Conflict("ledger.resolved")` for a second resolution.
    """
    if unit_of(transfer.debit) != unit_of(transfer.credit) or transfer.debit == transfer.credit:
        raise LedgerBroken(f"ledger: transfer {transfer.id} joined {transfer.debit} and {transfer.credit}")
    if transfer.phase in (Phase.POSTED, Phase.PENDING):
        if transfer.amount <= 0 or transfer.pending_id:
            raise LedgerBroken(f"ledger: transfer {transfer.id} had amount {transfer.amount}, pending id {transfer.pending_id!r}")
        return transfer
    if pending is None or pending.phase is not Phase.PENDING:
        raise LedgerBroken(f"ledger: transfer {transfer.id} resolved {transfer.pending_id!r}, which was not pending")
    if (pending.debit, pending.credit) != (transfer.debit, transfer.credit):
        raise LedgerBroken(f"ledger: transfer {transfer.id} had other accounts than its pending {pending.id}")
    if resolved:
        raise Conflict("ledger.resolved", f"ledger: {pending.id} was resolved before {transfer.id}")
    if not 0 <= transfer.amount <= pending.amount or (transfer.phase is Phase.POST and not transfer.amount):
        raise LedgerBroken(f"ledger: transfer {transfer.id} posted {transfer.amount} of {pending.amount}")
    return transfer


def debited(balance: Balance, transfer: Transfer, pending: Transfer | None) -> Balance:
    """The debit account's balance after `transfer`."""
    match transfer.phase:
        case Phase.POSTED:
            return replace(balance, debits_posted=balance.debits_posted + transfer.amount)
        case Phase.PENDING:
            return replace(balance, debits_pending=balance.debits_pending + transfer.amount)
        case Phase.POST | Phase.VOID:
            posted = transfer.amount if transfer.phase is Phase.POST else 0
            held = pending.amount if pending else 0
            return replace(balance, debits_pending=balance.debits_pending - held, debits_posted=balance.debits_posted + posted)


def credited(balance: Balance, transfer: Transfer, pending: Transfer | None) -> Balance:
    """The credit account's balance after `transfer`."""
    mirrored = Balance(balance.credits_pending, balance.credits_posted, balance.debits_pending, balance.debits_posted)
    after = debited(mirrored, transfer, pending)
    return Balance(after.credits_pending, after.credits_posted, after.debits_pending, after.debits_posted)


def refuse_over_limit(account: str, balance: Balance, chart: Chart) -> None:
    """Raise `Refused("ledger.limit")` if `balance` breaks the limit of the account's normal side."""
    if not balance.within(side_of(account, chart)):
        raise Refused("ledger.limit", f"ledger: account {account} would pass its limit ({balance})")


def trial_balance(balances: Mapping[str, Balance]) -> dict[str, tuple[int, int, int, int]]:
    """Per unit: pending debits, pending credits, posted debits, posted credits. Each pair is equal in a sound ledger."""
    totals: dict[str, tuple[int, int, int, int]] = {}
    for account, balance in balances.items():
        before = totals.get(unit_of(account), (0, 0, 0, 0))
        row = (balance.debits_pending, balance.credits_pending, balance.debits_posted, balance.credits_posted)
        totals[unit_of(account)] = tuple(a + b for a, b in zip(before, row, strict=True))  # type: ignore[assignment]  # zip loses the length
    return totals


def unbalanced(balances: Mapping[str, Balance]) -> Sequence[str]:
    """The units whose debits and credits differ: empty in a sound ledger (I5)."""
    return [unit for unit, (dp, cp, dd, cc) in trial_balance(balances).items() if dp != cp or dd != cc]
