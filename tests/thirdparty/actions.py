"""A 2:1 split and a reinvested dividend, signed by two keys and taken through the token's real schedule."""

from collections.abc import Callable

from tests.issuance.contracts.stage import Stage

from openscrip.kernel.multiplier import Multiplier

DAY = 86_400
# 0.30 USD a share, 30 % of it withheld, reinvested at 125.00: the shares behind a token grow by 125.21 / 125.
DIVIDEND = (12_521, 12_500)


class CorporateActions:
    """What happens to the stock while its token lies in other people's contracts."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def pass_both(self, check: Callable[[], None]) -> None:
        """A split, then a dividend; `check` at each announcement, one second before each effect, and in its second."""
        self.pass_one(2, 1, check)
        self.pass_one(*DIVIDEND, check)

    def pass_one(self, new: int, old: int, check: Callable[[], None]) -> None:
        """Every token stands for new / old as many shares, a day from now."""
        before = Multiplier(self.stage.token_view("uiMultiplier"))
        after = before.times_down(new, old)
        at = self.stage.now() + DAY
        self.stage.schedule(self.stage.change(multiplier=after.value, effective_at=at))
        check()
        self.stage.evm.set_time(at - 1)
        assert self.stage.token_view("uiMultiplier") == before.value
        check()
        self.stage.evm.set_time(at)
        assert self.stage.token_view("uiMultiplier") == after.value
        check()
