"""What a decision would do, for whoever is about to take it: rows, ledger transfers, calls, supply and coverage after it.

The decision itself is asked, by the functions that take it, on a transaction that writes nothing (`runtime.dry`).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from openscrip.assets.actions import Wake
from openscrip.issuance.actions import Burn, Mint
from openscrip.issuance.coverage import Coverage
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.voucher import MintKind
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.dry import DryUnit
from openscrip.runtime.ledger import Balance, Phase, Transfer, unit_of
from openscrip.runtime.store import Command, Unit, View

PHASES = {
    Phase.POSTED: "posted", Phase.PENDING: "set aside", Phase.POST: "posts what was set aside", Phase.VOID: "released",
}  # fmt: skip
NOTED = frozenset({"Journey", "InKindJourney"})
"""Rows that only keep what happened to another one."""
LEFT_OUT = frozenset({"evidence", "event"})
"""Long documents of a call; its digest stands beside them."""


@dataclass(frozen=True, slots=True)
class ForeseenTransfer:
    """One transfer: its accounts, its amount as decimal text (empty where an older one is released), and what it does."""

    id: str
    debit: str
    credit: str
    amount: str
    does: str


@dataclass(frozen=True, slots=True)
class ForeseenAccount:
    """What an account holds now and then: debits less credits, posted and set aside."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ForeseenCall:
    """Something that would be asked outside, once for `key`: what, and its fields as text. `at` is not before when (0: now)."""

    key: str
    does: str
    told: tuple[tuple[str, str], ...]
    at: int


@dataclass(frozen=True, slots=True)
class ForeseenCoverage:
    """One stock: raw supply by chain now and then, shares held, shares owed now and then (rounded up)."""

    stock: str
    supplies: tuple[tuple[str, RawAmount, RawAmount], ...]
    held: Shares
    owed: Shares
    owed_after: Shares

    @property
    def covers(self) -> bool:
        """Shares held are never fewer than shares owed (I1), as far as this stock was seen last."""
        return self.held >= self.owed_after


@dataclass(frozen=True, slots=True)
class Foreseen:
    """All of it. `refusal` says why it would not be done; then the rest is empty. `rows` are (kind, id, from, to)."""

    refusal: str = ""
    rows: tuple[tuple[str, str, str, str], ...] = ()
    transfers: tuple[ForeseenTransfer, ...] = ()
    accounts: tuple[ForeseenAccount, ...] = ()
    calls: tuple[ForeseenCall, ...] = ()
    again: tuple[str, ...] = ()
    coverage: tuple[ForeseenCoverage, ...] = ()


def places_of(unit: str) -> int:
    """Decimals of a ledger unit: dollars, a stock's shares, or raw tokens on a chain (`TSLA.evm`)."""
    return 6 if unit == "USD" else 8 if "." in unit else 9


def foresee(view: View, act: Callable[[Unit], object], places: Callable[[str], int] = places_of) -> Foreseen:
    """What `act` would do to the books as `view` reads them. Nothing is written and nothing is asked outside.

    `places` tells the decimals of the ledger's units, where they are others than the platform's.
    """
    dry = DryUnit(view)
    try:
        act(dry)
    except (Refused, Malformed) as refusal:
        return Foreseen(refusal=refusal.text)
    except Unavailable as outage:
        return Foreseen(refusal=str(outage))
    rows = []
    for (kind, row_id), row in dry.written.items():
        if kind in NOTED:
            continue
        before: Any = view.row(type(row), row_id)
        rows.append((kind, row_id, before.state if before is not None else "", row.state))
    calls = [each for each in dry.enqueued if not isinstance(each.action, Wake)]
    return Foreseen(
        rows=tuple(rows),
        transfers=tuple(_transfer(each, places) for each in dry.posted),
        accounts=tuple(_account(view, name, after, places) for name, after in sorted(dry.moved.items())),
        calls=tuple(call_of(each, places) for each in calls),
        again=tuple(dry.unparked),
        coverage=tuple(_coverages(view, calls)),
    )


def call_of(command: Command, places: Callable[[str], int] = places_of) -> ForeseenCall:
    """A command in words and fields."""
    return ForeseenCall(command.key, type(command.action).__name__, tuple(told_of(command.action, places)), command.due_at)


def told_of(action: object, places: Callable[[str], int] = places_of) -> list[tuple[str, str]]:
    """The fields of an action as text, those of its parts beside them; instants in UTC, units of an asset as a decimal."""
    found: list[tuple[str, str]] = []
    for each in fields(action):  # type: ignore[arg-type]  # every action is a dataclass
        value = getattr(action, each.name)
        if each.name in LEFT_OUT:
            continue
        if is_dataclass(value) and type(value).__str__ is object.__str__:
            found += told_of(value, places)
        elif each.name == "amount" and type(value) is int and (asset := getattr(action, "asset", "")):
            found.append(("amount", format_decimal(value, places(asset))))
        elif value is not None and str(value):
            is_instant = isinstance(value, int) and each.name in {"deadline", "effective_at"}
            found.append((each.name.replace("_", " "), iso(value) if is_instant else str(value)))
    return found


def _transfer(each: Transfer, places: Callable[[str], int]) -> ForeseenTransfer:
    amount = "" if each.phase is Phase.VOID else format_decimal(each.amount, places(unit_of(each.debit)))
    return ForeseenTransfer(each.id, each.debit, each.credit, amount, PHASES[each.phase])


def _account(view: View, name: str, after: Balance, places: Callable[[str], int]) -> ForeseenAccount:
    decimals = places(unit_of(name))
    return ForeseenAccount(name, _said(view.balance(name), decimals), _said(after, decimals))


def _said(balance: Balance, decimals: int) -> str:
    pending = balance.debits_pending - balance.credits_pending
    text = format_decimal(balance.debit, decimals)
    return f"{text} ({format_decimal(pending, decimals)} set aside)" if pending else text


def _coverages(view: View, calls: list[Command]) -> list[ForeseenCoverage]:
    found: dict[str, ForeseenCoverage] = {}
    for command in calls:
        action = command.action
        if isinstance(action, Mint):
            stock, chain, raw = action.voucher.stock, action.voucher.chain, action.voucher.raw
            is_new = action.voucher.kind is MintKind.ISSUANCE
        elif isinstance(action, Burn) and (row := view.row(Redemption, command.row_id)) is not None:
            stock, chain, raw, is_new = row.stock, action.chain, RawAmount(-action.raw.atoms), False  # owed as a claim instead
        else:
            continue
        seen = view.row(Coverage, stock)
        if seen is None:
            continue
        known = found.get(stock) or ForeseenCoverage(
            stock, tuple((line.chain, line.supply, line.supply) for line in seen.chains), seen.held, seen.owed, seen.owed
        )
        supplies = tuple(
            (name, before, RawAmount(after.atoms + raw.atoms) if name == chain else after)
            for name, before, after in known.supplies
        )
        more = seen.multiplier.to_shares_up(raw) if is_new else Shares(0)
        found[stock] = ForeseenCoverage(stock, supplies, known.held, known.owed, known.owed_after + more)
    return list(found.values())
