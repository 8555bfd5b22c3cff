"""What guardian and timelock do."""

from dataclasses import replace
from typing import Any

from tests.issuance.differential import people, steps
from tests.issuance.differential.memory import Flaws
from tests.issuance.differential.mints import LIFE_S_MAX, Mints
from tests.issuance.differential.people import ATTESTOR, HOLDERS, ISSUER, TOKENS
from tests.issuance.differential.steps import NO_HASH, Names


class Powers(Mints):
    """Steps of those who stop and undo."""

    # ---------------------------------------------------------------- powers

    def _guards(self) -> Names:
        return self.one((people.STRANGER,), self.by(ISSUER)) if self.rarely(6) else (self.guardian,)

    def _pause(self) -> steps.Pause:
        return steps.Pause(self._guards(), self.one(0, 8) if self.rarely(8) else self.random.randint(1, 7))

    def _resume(self) -> steps.Resume:
        return steps.Resume(self.one(0, 8) if self.rarely(8) else self.random.randint(1, 7))

    def _reason(self) -> int:
        return self.one(0, 6) if self.rarely(8) else self.random.randint(1, 5)

    def _freeze(self) -> steps.Freeze:
        return steps.Freeze(self._guards(), self.one(*HOLDERS), self._reason())

    def _thaw(self) -> steps.Thaw:
        frozen = sorted(self.frozen)
        account = self.random.choice(frozen) if frozen and not self.rarely(4) else self.one(*HOLDERS)
        return steps.Thaw(account, self._reason())

    def _recover(self) -> steps.Recover:
        frozen = sorted(self.frozen)
        account = self.random.choice(frozen) if frozen and not self.rarely(6) else self.one(*HOLDERS)
        raw = self.amount(self.side.balance(self.side.accounts[account]))
        case = NO_HASH if self.rarely(8) else self.hash("case")
        to = self.one(*(name for name in HOLDERS if name != account or self.rarely(4)))
        return steps.Recover(account, to, raw, case, self._reason())

    def _limits(self) -> steps.Limits:
        stock, supply = self.side.stock(), self.side.supply()
        before = (stock.supply_cap, stock.day_cap, stock.hour_cap)
        by = self._guards() if self.rarely(2) else ()
        supply_cap, day, hour = before
        caps = self.one(
            before, (0, day, hour), (max(1, supply), day, hour), (supply_cap, day // 2, hour // 2), (supply_cap + 1, day, hour),
            (supply_cap, day, hour + TOKENS), (supply_cap * 3 // 4, day * 3 // 4, self.one(hour, 0)),
        )  # fmt: skip
        return steps.Limits(caps, by)

    def _lane(self) -> steps.SetLane:
        destination = self.one(people.THERE, people.THERE, people.ELSEWHERE)
        cap, life, _ = self.side.lane(destination)
        if cap and self.rarely(2):
            lower = self.one(cap // 2, cap, cap + 1, 0)
            return steps.SetLane(destination, lower, life, self._guards())
        lives = (600, 900, LIFE_S_MAX, life) if not self.rarely(6) else (599, LIFE_S_MAX + 1, 0)
        return steps.SetLane(destination, self.one(cap, 5 * TOKENS, 40 * TOKENS, 0), self.one(*lives))

    def _signers(self) -> steps.SetSigners:
        role = 0 if self.rarely(10) else self.random.randint(1, 3)
        prefix = {1: "issuer", 2: "attestor", 3: "actions"}.get(role, "issuer")
        names = [f"{prefix} {number}" for number in ("one", "two", "three", "four")]
        members = tuple(self.random.sample(names, self.random.randint(1, 3)))
        sound = steps.SetSigners(role, members, self.random.randint(1, len(members)))
        other = self.sets[ISSUER if role == ATTESTOR else ATTESTOR][0][0]
        flaws: Flaws = {
            "none": {"threshold": 0}, "many": {"threshold": len(members) + 1}, "twice": {"members": (members[0], *members)},
            "second key": {"members": (other,), "threshold": 1},
        }  # fmt: skip
        return replace(sound, **dict[str, Any](self.flaw(flaws)))

    def _keeper(self) -> steps.SetGuardian:
        return steps.SetGuardian(self.one(people.GUARDIAN, "guardian two"))
