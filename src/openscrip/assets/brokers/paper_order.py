"""What the paper broker remembers of an order, its executions and a line. Mutable: only `PaperBroker` touches them."""

from dataclasses import dataclass, field
from datetime import date

from openscrip.assets.broker import Fill, Order, OrderAnswer, OrderState
from openscrip.kernel.quantities import ATOMS_PER_SHARE


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
    """An order and what became of it."""

    order: Order
    answer: OrderAnswer
    state: OrderState
    reason: str = ""
    pieces: list[int] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    filled: int = 0
    settled: int = 0
    attempts: int = 0
    trade_date: date = date.min


@dataclass(slots=True)
class Line:
    """One symbol at the broker, in atoms of a share."""

    isin: str
    settled: int = 0
    epoch: int = 0
    open_orders: dict[str, None] = field(default_factory=dict)
    unsettled: dict[str, None] = field(default_factory=dict)


def pieces(atoms: int, count: int) -> list[int]:
    """`atoms` in up to `count` parts of whole shares, any fraction in the last; never an empty part."""
    whole, rest = divmod(atoms, ATOMS_PER_SHARE)
    count = max(1, min(count, whole))
    each, more = divmod(whole, count)
    parts = [(each + (1 if number < more else 0)) * ATOMS_PER_SHARE for number in range(count)]
    parts[-1] += rest
    return parts
