"""What a history has touched so far, and the choices that all its steps are made with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from tests.issuance.differential import people, steps
from tests.issuance.differential.facts import Known
from tests.issuance.differential.people import ATTESTOR, CORPORATE_ACTION, ISSUER
from tests.issuance.differential.solana_side import SolanaSide
from tests.issuance.differential.steps import ARRIVAL, Names, Request, Step

T = TypeVar("T")
Flaws = Mapping[str, Mapping[str, object]]
"""What is put in place of what, by what is then wrong."""


@dataclass
class Open:
    """What is known of something that was asked for: `state` 1 escrowed, 2 burned, 3 refunded, 4 restored."""

    kind: int
    raw: int
    state: int
    dead_at: int = 0


@dataclass
class Planned:
    """An action: `state` 1 announced, 2 staged, 4 final, 5 cancelled, 6 corrected."""

    about: steps.Announce
    state: int = 1
    effective_at: int = 0

    @property
    def ends(self) -> bool:
        """Whether it ends its token."""
        return self.about.kind in {b"MRGR", b"CHAN", b"DLST"}


@dataclass
class Memory:
    """Looks at the Solana side, and remembers what became of each step."""

    side: SolanaSide
    random: Random
    name: str
    sets: dict[int, tuple[Names, int]] = field(default_factory=lambda: dict(people.SETS))
    guardian: str = people.GUARDIAN
    asked: dict[Request, Open] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    evidence: list[tuple[int, bytes]] = field(default_factory=list)
    origins: list[bytes] = field(default_factory=list)
    actions: dict[bytes, Planned] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    count: int = 0

    @property
    def known(self) -> Known:
        """What was touched."""
        return Known(
            (people.THERE, people.ELSEWHERE), tuple(self.asked), tuple(self.requests), tuple(self.evidence),
            tuple(self.origins), tuple(self.actions),
        )  # fmt: skip

    # ---------------------------------------------------------------- choosing

    def one(self, *options: T) -> T:
        """One of these."""
        return self.random.choice(options)

    def rarely(self, one_in: int) -> bool:
        """Once in so many times."""
        return self.random.randrange(one_in) == 0

    def hash(self, what: str) -> bytes:
        """32 bytes that were not there before, in no history."""
        self.count += 1
        return f"{what} {self.count} of {self.name}".encode().ljust(32, b"\0")[:32]

    def flaw(self, flaws: Flaws) -> Mapping[str, object]:
        """Nothing wrong most of the time, else one of these."""
        return self.random.choice(list(flaws.values())) if self.rarely(4) else {}

    def until(self, at: int) -> steps.Wait:
        """To a second before, at, or after."""
        return steps.Wait(max(1, at - self.side.at + self.one(-1, 0, 1)))

    def amount(self, most: int) -> int:
        """Up to `most`, often exactly that, at times one more or nothing."""
        match self.random.randrange(10):
            case 0:
                return most
            case 1:
                return most + 1
            case 2:
                return self.one(0, 1)
            case _:
                return self.random.randint(1, max(1, most))

    def by(self, role: int) -> Names:
        """Enough of those who are in force, whoever they are."""
        members, threshold = self.sets[role]
        return tuple(self.random.sample(members, threshold))

    def wrong(self, role: int) -> Names:
        """Not enough of them, or others."""
        members, threshold = self.sets[role]
        other = ISSUER if role == ATTESTOR else ATTESTOR
        return self.one(members[: threshold - 1], (people.STRANGER,) * threshold, self.sets[other][0][:threshold])

    # ---------------------------------------------------------------- what it is judged by

    def is_signed(self, step: Step) -> bool:
        """Whether everybody signed who must."""
        match step:
            case steps.Mint():
                with_report = step.report is None or self.is_signed(step.report)
                return with_report and self._signs(ISSUER, step.issuers) and self._signs(ATTESTOR, step.attestors)
            case steps.Batch():
                return all(map(self.is_signed, step.mints))
            case steps.AnnounceAndStage():
                return self.is_signed(step.announcing) and self.is_signed(step.staging)
            case steps.Report():
                return self._is_issuer(step.by) and self._signs(ATTESTOR, step.attestors)
            case steps.Void() | steps.Burn() | steps.Refund():
                return self._is_issuer(step.by)
            case steps.Pause() | steps.Freeze():
                return step.by == (self.guardian,)
            case steps.Limits() | steps.SetLane():
                return step.by in {(), (self.guardian,)}
            case steps.Announce() | steps.Stage() | steps.Cancel() | steps.Finish() | steps.End():
                return self._signs(CORPORATE_ACTION, step.actions) and self._signs(ATTESTOR, step.attestors)
            case _:
                return True

    def _is_issuer(self, names: Names) -> bool:
        return bool({*names} & {*self.sets[ISSUER][0]})

    def _signs(self, role: int, names: Names) -> bool:
        members, threshold = self.sets[role]
        return len({*names} & {*members}) >= threshold

    def is_there(self, step: Step) -> bool:
        """Whether the redemption, the lane or the action is there that it names."""
        match step:
            case steps.Burn() | steps.Refund():
                found = self.asked.get(step.asked)
                return found is not None and found.state != 0
            case steps.Depart() | steps.SetLane():
                return self.side.lane(step.destination)[1] != 0
            case steps.Stage() | steps.Cancel() | steps.Finish() | steps.End():
                return step.action in self.actions
            case _:
                return True

    # ---------------------------------------------------------------- what became of it

    def learn(self, step: Step, words: str) -> None:
        """Remember what was touched, and what was done."""
        match step:
            case steps.Batch():
                for each in step.mints:
                    self.learn(each, words)
            case steps.AnnounceAndStage() if not words:
                self.learn(step.announcing, words)
                self.learn(step.staging, words)
            case steps.Mint():
                self._used(step.request, (step.kind, step.evidence))
                if isinstance(step.origin, Request):
                    self.asked.setdefault(step.origin, Open(0, 0, 0))
                elif step.kind == ARRIVAL and step.origin not in self.origins:
                    self.origins.append(step.origin)
            case steps.Void():
                self._used(step.request)
            case steps.Escrow() | steps.Depart():
                self.asked.setdefault(step.asked, Open(0, 0, 0))
            case _:
                pass
        if not words:
            self._ask(step)
            self._act(step)

    def _ask(self, step: Step) -> None:
        """What holders have after it."""
        match step:
            case steps.Mint() if isinstance(step.origin, Request):
                self.asked[step.origin].state = 4
            case steps.Escrow():
                self.asked[step.asked] = Open(step.kind, step.raw, 1)
            case steps.Depart():
                dead_at = self.side.at + self.side.lane(step.destination)[1] + 3_601
                self.asked[step.asked] = Open(3, step.raw, 2, dead_at)
            case steps.Burn():
                self.asked[step.asked].state = 2
            case steps.Refund():
                self.asked[step.asked].state = 3
            case steps.Freeze():
                self.frozen.add(step.account)
            case steps.Thaw():
                self.frozen.discard(step.account)
            case _:
                pass

    def _act(self, step: Step) -> None:
        """What powers and actions are after it."""
        match step:
            case steps.SetSigners():
                self.sets[step.role] = (step.members, step.threshold)
            case steps.SetGuardian():
                self.guardian = step.name
            case steps.Announce():
                self.actions[step.action] = Planned(step)
                if step.corrects in self.actions:
                    self.actions[step.corrects].state = 6
            case steps.Stage() | steps.End():
                self.actions[step.action].state, self.actions[step.action].effective_at = 2, step.effective_at
            case steps.Cancel():
                self.actions[step.action].state = 5
            case steps.Finish():
                self.actions[step.action].state = 4
            case _:
                pass

    def _used(self, request: bytes, evidence: tuple[int, bytes] | None = None) -> None:
        if request not in self.requests:
            self.requests.append(request)
        if evidence and evidence not in self.evidence:
            self.evidence.append(evidence)
