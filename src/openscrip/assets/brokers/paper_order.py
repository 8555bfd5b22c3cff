"""What the paper broker remembers of an order, its executions and a line. Mutable: only the paper broker touches them."""

from dataclasses import dataclass, field
from datetime import date

from openscrip.assets.broker import Fill, Order, OrderAnswer, OrderState, Side
from openscrip.assets.trading_hours import TradingSession, Window
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares


@dataclass(slots=True)
class Execution:
    """A fill; `atoms` follow splits until it settles, `amount` (with the fee) stays."""

    exec_id: str
    fill: Fill
    atoms: int
    amount: int
    busted: bool = False
    settled: bool = False


@dataclass(slots=True)
class Working:
    """An order and what became of it; its fills are still `settling` where a settlement is on the calendar."""

    order: Order
    answer: OrderAnswer
    state: OrderState
    window: Window
    reason: str = ""
    pieces: list[int] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    filled: int = 0
    settled: int = 0
    attempts: int = 0
    settling: bool = False

    @property
    def trade_date(self) -> date:
        """The date that its trades bear."""
        return self.window.trade_date

    def takes(self, price: PricePerShare) -> bool:
        """Whether a price is within the order's limit."""
        limit = self.order.limit
        return limit is None or (price <= limit if self.order.side is Side.BUY else price >= limit)

    def execution(self, exec_id: str) -> Execution | None:
        """The execution of that id that is neither busted nor replaced."""
        return next((each for each in self.executions if each.exec_id == exec_id and not each.busted), None)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What came of a request to cancel: `done`, or refused since the order was `unknown` or it was `too_late`."""

    outcome: str
    order_id: str = ""


@dataclass(slots=True)
class Line:
    """One symbol at the broker, in atoms of a share. `owed` left the account before a bust took it back; of what is settled
    `pledged` may not leave.
    """

    isin: str
    settled: int = 0
    owed: int = 0
    epoch: int = 0
    pledged: int = 0
    open_orders: dict[str, None] = field(default_factory=dict)
    unsettled: dict[str, None] = field(default_factory=dict)


END_OF_WINDOW = {TradingSession.REGULAR: "day_ended"}
"""What an order is told that its session left unfilled; `session_ended` in other hours."""


def pieces(atoms: int, count: int) -> list[int]:
    """`atoms` in up to `count` parts of whole shares, any fraction in the last; never an empty part."""
    whole, rest = divmod(atoms, ATOMS_PER_SHARE)
    count = max(1, min(count, whole))
    each, more = divmod(whole, count)
    parts = [(each + (1 if number < more else 0)) * ATOMS_PER_SHARE for number in range(count)]
    parts[-1] += rest
    return parts


def fewer(quantity: Shares) -> Shares:
    """One share less, or half of what is no more than one: what a correction of the quantity leaves."""
    atoms = quantity.atoms
    return Shares(atoms - ATOMS_PER_SHARE if atoms > ATOMS_PER_SHARE else -(-atoms // 2))
