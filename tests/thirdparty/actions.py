"""A 2:1 split and a reinvested dividend, signed by two keys and taken through the register and the token's real schedule."""

from collections.abc import Callable

from tests.issuance.contracts.stage import Stage

from openscrip.kernel.multiplier import Multiplier

DAY, HOUR = 86_400, 3_600
# 0.30 USD a share, 30 % of it withheld, reinvested at 125.00: the shares behind a token grow by 125.21 / 125.
DIVIDEND = (12_521, 12_500)
Check = Callable[[bool], None]
"""What must hold; it is told whether the price feed waits for a corporate action by then."""


class CorporateActions:
    """What happens to the stock while its token lies in other people's contracts."""

    def __init__(self, stage: Stage, raw_price: int = 0) -> None:
        """`raw_price`, if there is one, is reported all along, but not in the second of an effect."""
        self.stage, self.raw_price = stage, raw_price

    def pass_both(self, check: Check) -> None:
        """A split, then a dividend; `check` wherever `pass_one` does."""
        self.pass_one(2, 1, check)
        self.pass_one(*DIVIDEND, check)

    def pass_one(self, new: int, old: int, check: Check) -> None:
        """Every token stands for new / old as many shares, a day from now: a split, or a dividend by `DIVIDEND`.

        `check` at the announcement, in the first second in which the price waits, one second before the effect and in its
        second, when the price still waits: for its first report after it.
        """
        before = Multiplier(self.stage.token_view("uiMultiplier"))
        after = before.times_down(new, old)
        at, epoch = self.stage.now() + DAY, self.stage.token_view("epoch")
        epoch_after = epoch + ((new, old) != DIVIDEND)
        change = self.stage.change(
            multiplier=after.value, effective_at=at, epoch_after=epoch_after, ratio_new=new, ratio_old=old,
            paused_from=at - HOUR,
        )  # fmt: skip
        self.stage.schedule(change)
        check(False)
        for moment, multiplier in ((at - HOUR, before), (at - 1, before), (at, after)):
            self.stage.evm.set_time(moment)
            assert self.stage.token_view("uiMultiplier") == multiplier.value
            if self.raw_price and moment < at:
                self.stage.price(price=self.raw_price)
            check(True)
        assert self.stage.token_view("epoch") == epoch_after
