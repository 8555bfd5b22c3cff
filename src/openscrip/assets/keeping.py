"""Several custodians as one reserve: which of them a movement goes to, and what all of them state together.

A purchase goes to the custodian with the least of that stock, or in parts to all by weight (`custody_parts`), a delivery to
the one with the most that is free, both by the custodians' own newest statements and by what was sent to them since. A choice
is a row before anybody signs or sends: an instruction keeps its custodian for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openscrip.assets.actions import Instruct
from openscrip.assets.custody import Custodian, InstructionKind, Statement
from openscrip.assets.custody_parts import Parts
from openscrip.kernel.errors import NotYet, Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.store import Store, Unit

AGE_S_MAX = 300
"""How old a newest statement may be, in market time; custodians make a new one after a minute."""
AGAIN_S = 30.0
"""Machine seconds until a delivery that no custodian could fill is tried again."""
NO_EPOCH = -1
"""Stands where custodians count different shares: no token has it, so nothing compares and nothing is minted."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A custodian and the segregated account that it keeps for us: no two have an account of the same name."""

    custodian: Custodian
    account: str


@dataclass(frozen=True, slots=True)
class Lodging:
    """Row: the custodian that the instruction `id` goes to. `chosen` until it was sent, then `sent`; `stock` is the ISIN."""

    id: str
    stock: str
    custodian: str
    kind: InstructionKind
    shares: Shares
    state: str = "chosen"


def summed(parts: Mapping[str, Statement]) -> Statement:
    """The newest statements of a line at all custodians as one: its sums count, it is as old as the oldest, nobody signed it.

    Where they count different shares its epoch is `NO_EPOCH`. One statement is itself.
    """
    stated = list(parts.values())
    if len(stated) == 1:
        return stated[0]

    def total(amounts: Sequence[Shares]) -> Shares:
        return Shares(sum(each.atoms for each in amounts))

    epochs = {each.epoch for each in stated}
    return replace(
        stated[0],
        custodian=" + ".join(each.custodian for each in stated),
        account=" + ".join(each.account for each in stated),
        as_of=min(each.as_of for each in stated),
        epoch=epochs.pop() if len(epochs) == 1 else NO_EPOCH,
        available=total([each.available for each in stated]),
        pending_receipt=total([each.pending_receipt for each in stated]),
        pending_delivery=total([each.pending_delivery for each in stated]),
        aggregate=total([each.aggregate for each in stated]),
        signature="",
        envelope="",
    )


def choose(
    kind: InstructionKind, shares: Shares, stated: Mapping[str, Statement], waiting: Sequence[Lodging] = (), parts: Parts = ()
) -> str | None:
    """The custodian for a movement of `shares`; None where no single one has them. `waiting` was chosen and not sent yet.

    Between equals the first. What is pending counts: a receipt as held, a delivery as gone. With `parts` least is meant for
    each custodian's weight, the purchase counted in.
    """

    def sent(name: str, way: InstructionKind) -> int:
        return sum(each.shares.atoms for each in waiting if (each.custodian, each.kind) == (name, way))

    if kind is InstructionKind.RECEIVE:
        held = {name: each.aggregate.atoms + each.pending_receipt.atoms + sent(name, kind) for name, each in stated.items()}
        weights = dict(parts) or dict.fromkeys(held, 1)
        return min(held, key=lambda name: Fraction(held[name] + shares.atoms, weights[name]), default=None)
    free = {name: each.available.atoms - each.pending_delivery.atoms - sent(name, kind) for name, each in stated.items()}
    most = max(free, key=lambda name: free[name], default=None)
    return most if most is not None and free[most] >= shares.atoms else None


class Keeping:
    """All custodians by name, the first one first. `now` is market time."""

    def __init__(self, keepers: Mapping[str, Keeper], store: Store, now: Callable[[], int], parts: Parts = ()) -> None:
        self.keepers = dict(keepers)
        self._store = store
        self._now = now
        self._parts = parts

    @property
    def custodians(self) -> dict[str, Custodian]:
        """The custodians by name."""
        return {name: each.custodian for name, each in self.keepers.items()}

    def newest(self, isin: str) -> Statement:
        """What all together state of a line now.

        Raises `Unavailable` naming the custodian that is silent or stale, or all where they count different epochs.
        """
        parts = newest_of(self.custodians, isin, self._now())
        whole = summed(parts)
        if whole.epoch == NO_EPOCH:
            told = ", ".join(f"{name} {each.epoch}" for name, each in parts.items())
            raise Unavailable(f"custody: {isin} counted at different epochs ({told}); wait until all have booked the split")
        return whole

    def route(self, asked: Instruct) -> tuple[Custodian, str]:
        """The custodian of an instruction and its account there; chosen once, and kept.

        Raises `NotYet` while no custodian that answers has the shares to deliver, and `Unavailable` while none answers.
        """
        if len(self.keepers) == 1:
            (only,) = self.keepers.values()
            return only.custodian, asked.account or only.account
        with self._store.glance() as view:
            known = view.row(Lodging, asked.instruction_id)
        keeper = self.keepers[known.custodian if known is not None else self._chosen(asked)]
        return keeper.custodian, keeper.account

    def sent(self, instruction_id: str) -> None:
        """The custodian has taken the instruction: from now on its own statement counts it as pending."""
        if len(self.keepers) == 1:
            return
        with self._store.transaction() as unit:
            row = unit.row(Lodging, instruction_id)
            if row is not None and row.state == "chosen":
                unit.put(replace(row, state="sent"))

    def _chosen(self, asked: Instruct) -> str:
        if asked.custodian in self.keepers:
            with self._store.transaction() as unit:
                return _lodged(unit, asked, asked.custodian)
        stated: dict[str, Statement] = {}
        silent: list[str] = []
        for name, custodian in self.custodians.items():
            try:
                stated |= newest_of({name: custodian}, asked.isin, self._now())
            except Unavailable as outage:
                silent.append(str(outage))
        if not stated:
            raise Unavailable("; ".join(silent))
        with self._store.transaction() as unit:
            waiting = unit.rows(Lodging, stock=asked.isin, state="chosen")
            chosen = choose(asked.kind, asked.shares, stated, waiting, self._parts)
            if chosen is None:
                told = ", ".join(f"{each} had {one.available}" for each, one in stated.items())
                text = f"custody: no custodian had {asked.shares} shares of {asked.isin} free to deliver ({told})"
                raise NotYet("; ".join([text, *silent]), AGAIN_S)
            return _lodged(unit, asked, chosen)


def _lodged(unit: Unit, asked: Instruct, custodian: str) -> str:
    """Write the choice down."""
    unit.put(Lodging(asked.instruction_id, asked.isin, custodian, asked.kind, asked.shares))
    return custodian


def newest_of(custodians: Mapping[str, Custodian], isin: str, now: int) -> dict[str, Statement]:
    """The newest statement of a line at each. Raises `Unavailable` naming the first that is silent or stale."""
    found = {}
    for name, custodian in custodians.items():
        try:
            stated = custodian.latest_statement(isin)
        except Unavailable as outage:
            raise Unavailable(f"{name}: {outage}" if len(custodians) > 1 else str(outage)) from outage
        if now - stated.as_of > AGE_S_MAX:
            text = f"custody: the newest statement of {isin} at {name} was {now - stated.as_of} s old; a fresh one is awaited"
            raise Unavailable(text)
        found[name] = stated
    return found
