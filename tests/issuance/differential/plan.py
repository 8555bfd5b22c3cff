"""What happens next in a history: most often something that can be done, at an edge now and then, sometimes with one flaw.

What is chosen depends on how the Solana side stands; the EVM side gets the same steps and must stand the same.
"""

from collections.abc import Sequence

from tests.issuance.differential import people, steps
from tests.issuance.differential.actions import Actions
from tests.issuance.differential.steps import ISSUANCE, NO_HASH, Step

THEMES: Sequence[tuple[str, ...]] = (
    (), ("mint", "report", "void"), ("batch", "report", "restore", "depart"),
    ("escrow", "burn", "refund", "restore", "mint"), ("depart", "restore", "lane", "wait"),
    ("announce", "stage", "finish", "cancel", "wait"), ("announce", "stage", "mint", "escrow"),
    ("both", "wait", "mint", "finish"), ("announce", "stage", "end"), ("announce", "end", "cancel", "mint"),
    ("pause", "resume", "depart", "mint"), ("freeze", "thaw", "recover", "depart"), ("limits", "lane", "mint", "depart"),
    ("signers", "keeper", "mint", "announce"),
)  # fmt: skip
"""What happens more often than else in a history."""


class Plan(Actions):
    """Chooses steps; `theme` is what happens five times as often."""

    theme: tuple[str, ...] = ()

    def next(self) -> Step:
        """The next step."""
        states = {each.state for each in self.asked.values()}
        moves = {each.state for each in self.actions.values() if not each.ends}
        ends = {each.state for each in self.actions.values() if each.ends}
        weights = {
            "report": 8, "mint": 28, "batch": 8, "restore": 24 * (2 in states), "void": 3, "transfer": 8, "escrow": 12,
            "burn": 2 + 20 * (1 in states), "refund": 2 + 10 * (1 in states), "depart": 14, "pause": 5,
            "resume": 1 + 16 * (self.side.stock().pauses != 0), "freeze": 4, "thaw": 1 + 12 * bool(self.frozen),
            "recover": 1 + 14 * bool(self.frozen), "limits": 8, "lane": 6, "signers": 4, "keeper": 2, "announce": 12,
            "both": 5, "stage": 1 + 40 * (1 in moves), "end": 1 + 24 * (1 in ends),
            "cancel": 1 + 6 * bool({1, 2} & (moves | ends)), "finish": 1 + 24 * (2 in moves | ends), "wait": 14,
        }  # fmt: skip
        for act in self.theme:
            weights[act] = 5 * weights.get(act, 0)
        [chosen] = self.random.choices(list(weights), list(weights.values()))
        found: Step = getattr(self, f"_{chosen}")()
        return found

    # ---------------------------------------------------------------- time

    def _wait(self) -> steps.Wait:
        now, stock = self.side.at, self.side.stock()
        edges = [each.effective_at for each in self.actions.values() if each.state == 2]
        edges += [each.dead_at for each in self.asked.values() if each.state == 2 and each.dead_at] * 2
        edges += [stock.as_of + people.AGE_S_MAX]
        ahead = [edge for edge in edges if edge > now]
        if ahead and self.rarely(2):
            return self.until(self.random.choice(ahead))
        return steps.Wait(self.one(1, 1, 59, 600, 3_599, 3_600, 86_400))


def begun() -> Sequence[Step]:
    """A reserve, holdings, and a lane."""
    report = steps.Report(
        ("issuer one",), ("attestor one",), people.SHARES, 0, 0, people.SHARES, 0, people.BEGIN, 1
    )  # fmt: skip
    mints = [
        steps.Mint(
            ("issuer one", "issuer two"), ("attestor one",), name, ISSUANCE, raw, f"begin {name}".encode().ljust(32, b"\0"),
            f"begun {name}".encode().ljust(32, b"\0"), NO_HASH, 0, 10**18, 4, people.BEGIN + 60,
        )
        for name, raw in people.HELD.items()
        if raw
    ]  # fmt: skip
    return [report, *mints, steps.SetLane(people.THERE, *people.LANE)]
