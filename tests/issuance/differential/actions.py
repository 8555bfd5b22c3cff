"""What happens to the shares."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.issuance.differential import steps
from tests.issuance.differential.memory import Flaws, Planned
from tests.issuance.differential.mints import LIFE_S_MAX
from tests.issuance.differential.people import ATTESTOR
from tests.issuance.differential.powers import Powers
from tests.issuance.differential.steps import NO_HASH, Names, Step


class Actions(Powers):
    """Steps of a corporate action."""

    # ---------------------------------------------------------------- corporate actions

    def _pair(self) -> tuple[Names, Names]:
        """Both who sign an action's step; sometimes one of them wrong."""
        actions, attestors = self.by(3), self.by(ATTESTOR)
        match self.random.randrange(14):
            case 0:
                return self.wrong(3), attestors
            case 1:
                return actions, self.wrong(ATTESTOR)
            case _:
                return actions, attestors

    def _announce(self) -> steps.Announce:
        kind, new, old, cash, into = self.one(
            (b"SPLF", 2, 1, 0, ""), (b"SPLF", 10, 1, 0, ""), (b"SPLF", 3, 2, 0, ""), (b"SPLF", 10**7, 1, 0, ""),
            (b"SPLR", 1, 2, 0, ""), (b"SPLR", 1, 10, 0, ""), (b"DVSE", 105, 100, 0, ""),
            (b"DVCA", 0, 0, 250_000, ""), (b"DVCA", 0, 0, 1, ""), (b"MRGR", 3, 7, 0, "successor"),
            (b"CHAN", 1, 1, 0, "successor"), (b"DLST", 0, 0, 10**8, "stablecoin"),
        )  # fmt: skip
        dates = self.one((20240610, 20240607, 0), (0, 0, 0), (20240610, 20240610, 20240701))
        sound = steps.Announce(
            *self._pair(), self.hash("action"), kind, dates, new, old, cash, into, self.hash("sources"), NO_HASH
        )
        if self.actions and self.rarely(5):
            sound = replace(sound, corrects=self.random.choice(list(self.actions)))
        bad = self.one(20241301, 20240600, 20240632, 18991231, 100000101, 1)
        place = self.random.randrange(3)
        flaws: Flaws = {
            "id": {"action": self.random.choice([*self.actions, sound.action])}, "no id": {"action": NO_HASH},
            "sources": {"sources": NO_HASH}, "date": {"dates": (*dates[:place], bad, *dates[place + 1 :])},
            "kind": {"kind": self.one(b"XXXX", b"splf", bytes(4))}, "ratio": {"ratio_new": old, "ratio_old": new},
            "parts": {"ratio_new": self.one(0, 2**32, new), "ratio_old": self.one(0, 2**32, old)},
            "cash": {"cash": 0 if cash else 5}, "into": {"into": "" if into else "successor"}, "itself": {"into": "itself"},
            "corrects": {"corrects": self.one(self.hash("nothing"), sound.action)},
        }  # fmt: skip
        return replace(sound, **dict[str, Any](self.flaw(flaws)))

    def _known_action(self, *states: int) -> Planned | None:
        """An action in one of these states, most often."""
        fit = [each for each in self.actions.values() if each.state in states]
        everything = list(self.actions.values())
        found = fit if fit and not self.rarely(8) else everything
        return self.random.choice(found) if found else None

    def _stage(self) -> Step:
        planned = self._known_action(1)
        return self._announce() if planned is None else self._staging(planned.about)

    def _both(self) -> steps.AnnounceAndStage:
        announcing = self._announce()
        return steps.AnnounceAndStage(announcing, replace(self._staging(announcing), action=announcing.action))

    def _staging(self, about: steps.Announce) -> steps.Stage:
        stock, now = self.side.stock(), self.side.at
        new, old = about.ratio_new, about.ratio_old
        if about.kind == b"DVCA":
            new, old = self.one((1_001, 1_000), (9, 8), (10**12 + 7, 10**12), (2**63, 2**63 - 1))
        multiplier = stock.multiplier_at(now)
        at = now + self.one(600, 601, 900, 7_200, 60 * 86_400)
        moves = about.kind in {b"SPLF", b"SPLR", b"DVSE"}
        sound = steps.Stage(
            *self._pair(), about.action, multiplier, multiplier * new // max(1, old), at, stock.epoch_at(now) + moves, new, old,
            self.one(now, at, at - 300, now - 3_600),
        )  # fmt: skip
        flaws: dict[str, Mapping[str, object]] = {
            "expected": {"expected": sound.expected + self.one(-1, 1)},
            "multiplier": {"multiplier": max(0, sound.multiplier + self.one(-1, 1))},
            "early": {"effective_at": now + 599, "paused_from": now}, "late": {"effective_at": now + 60 * 86_400 + 1},
            "epoch": {"epoch_after": sound.epoch_after + 1}, "ratio": {"ratio_new": sound.ratio_new + 1},
            "window": {"paused_from": sound.effective_at + 1},
            "old window": {"paused_from": now - LIFE_S_MAX - self.one(0, 1)}, "unknown": {"action": self.hash("nothing")},
        }  # fmt: skip
        if about.kind == b"DVCA":
            flaws["falling"] = {"ratio_new": sound.ratio_old, "multiplier": multiplier}
            flaws["no parts"] = {"ratio_new": self.one(0, sound.ratio_new), "ratio_old": 0}
        return replace(sound, **dict[str, Any](self.flaw(flaws)))

    def _cancel(self) -> Step:
        planned = self._known_action(1, 2)
        action = planned.about.action if planned and not self.rarely(8) else self.hash("nothing")
        return steps.Cancel(*self._pair(), action, NO_HASH if self.rarely(8) else self.hash("reason"))

    def _finish(self) -> Step:
        planned = self._known_action(2)
        if planned and planned.state == 2 and self.side.at < planned.effective_at and not self.rarely(5):
            return self.until(planned.effective_at)
        action = planned.about.action if planned and not self.rarely(8) else self.hash("nothing")
        return steps.Finish(*self._pair(), action, NO_HASH if self.rarely(8) else self.hash("done"))

    def _end(self) -> Step:
        fit = [each for each in self.actions.values() if each.state == 1 and each.ends]
        planned = self.random.choice(fit) if fit else self._known_action(1)
        if planned is None:
            return self._announce()
        at = self.side.at + (self.one(599, 60 * 86_400 + 1) if self.rarely(6) else self.one(600, 3_600, 60 * 86_400))
        return steps.End(*self._pair(), planned.about.action, at)
