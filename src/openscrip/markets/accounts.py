"""Accounts in memory: balances, holds, open orders. A balance is never below what is held of it, and that never below 0."""

from collections.abc import Sequence
from typing import cast

from openscrip.kernel.errors import Refused
from openscrip.markets.fees import DAYS
from openscrip.markets.orders import PRICE_MAX, New, Terms
from openscrip.markets.rows import Row, from_row

LIMIT, ICEBERG, MARKET, STOP, STOP_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT, TRAILING, TRAILING_LIMIT = range(9)
"""The kinds of `rows.KINDS`."""
PRICED = (LIMIT, ICEBERG, MARKET)
LIMITED = (STOP_LIMIT, TAKE_PROFIT_LIMIT)
TRAILS = (TRAILING, TRAILING_LIMIT)
MARKETS = (MARKET, STOP, TAKE_PROFIT, TRAILING)
"""Those that trade as market orders."""
AMOUNT_MAX = 2**62 - 1
HOUSE = 0
"""The account that fees come to."""


class VenueBroken(Exception):
    """The venue contradicted itself. Nothing more may be acknowledged."""


class Account:
    """One customer. Assets by number; `volumes` are the last 30 UTC days in 1e-6 USD, today last."""

    __slots__ = (
        "balances",
        "client_ids",
        "counts",
        "dead_man_us",
        "held",
        "mark",
        "name",
        "number",
        "orders",
        "rates",
        "schedule",
        "stopped",
        "volume",
        "volume_before",
        "volumes",
    )

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.balances: dict[int, int] = {}
        self.held: dict[int, int] = {}
        self.orders: dict[int, Order] = {}
        self.client_ids: dict[str, int] = {}
        self.counts: dict[int, int] = {}
        """Open orders by instrument."""
        self.schedule = -1
        self.rates: dict[int, tuple[int, int, int]] = {}
        """Of schedules, as far as asked for since the tiers were set last: as taker, as maker, and the most at any volume."""
        self.volume = 0
        """Of today."""
        self.volumes = [0] * (DAYS - 1)
        """Of the days before."""
        self.volume_before = 0
        """Their sum: what decides the tier, so that it changes at midnight alone."""
        self.stopped = False
        self.mark = 0
        """Its part in the venue's digest."""
        self.dead_man_us = 0

    def free(self, asset: int) -> int:
        """What may be spent."""
        return self.balances.get(asset, 0) - self.held.get(asset, 0)

    def add(self, asset: int, amount: int) -> int:
        """Change a balance; what it is then. Raises `VenueBroken` below 0: every way here was checked before."""
        balance = self.balances.get(asset, 0) + amount
        if balance < 0:
            raise VenueBroken(f"account {self.number}: asset {asset} would have had {balance}")
        self.balances[asset] = balance
        return balance

    def hold(self, asset: int, amount: int) -> None:
        """Hold more, or with an amount below 0 less."""
        held = self.held.get(asset, 0) + amount
        if held < 0:
            raise VenueBroken(f"account {self.number}: asset {asset} would have had {held} held")
        self.held[asset] = held

    def next_day(self) -> None:
        """Midnight: today is a day before, and the oldest day is forgotten."""
        self.volumes = [*self.volumes[1:], self.volume]
        self.volume, self.volume_before = 0, sum(self.volumes)
        self.rates.clear()


class Order:
    """An open order. `row` is what the book got; `held` of `asset` is `hold_per_lot` x `left`, or a sum for one that spends."""

    __slots__ = (
        "asset",
        "client_id",
        "cost",
        "display",
        "fees",
        "filled",
        "held",
        "hold_per_lot",
        "id",
        "instrument",
        "is_waiting",
        "left",
        "lots",
        "owner",
        "placed_us",
        "price",
        "rate_max",
        "reduce_only",
        "row",
        "side",
        "told_terms",
        "trigger",
        "user_reference",
    )

    def __init__(self, row: Sequence[int], owner: Account, instrument: int, asset: int, rate_max: int, placed_us: int) -> None:
        self.row = row
        self.id = row[1]
        self.owner = owner
        self.instrument = instrument
        self.asset = asset
        self.rate_max = rate_max
        self.side = row[3]
        self.lots = self.left = row[5]
        self.placed_us = placed_us
        self.filled = self.cost = self.fees = 0
        kind = row[4]
        self.is_waiting = kind > MARKET
        self.price = row[6] if kind <= MARKET else row[7] if kind in LIMITED else 0
        """The limit; 0 while it waits without one."""
        self.trigger = 0
        self.display = row[7] if kind == ICEBERG else 0
        self.hold_per_lot = self.held = 0
        self.client_id = ""
        self.user_reference = 0
        self.reduce_only = False
        self.told_terms: Terms | None = None

    @property
    def account(self) -> int:
        """Whose it is."""
        return self.owner.number

    @property
    def kind(self) -> int:
        """Its place in `rows.KINDS`."""
        return self.row[4]

    @property
    def terms(self) -> Terms:
        """As it came; what amendments changed is in `lots`, `price`, `display` and `trigger`."""
        if self.told_terms is None:
            self.told_terms = cast("New", from_row(cast("Row", tuple(self.row)))).terms
        return self.told_terms

    @property
    def is_post_only(self) -> bool:
        """Whether it may only make."""
        return self.row[4] <= ICEBERG and bool(self.row[8] & 4)

    def change_row(self, trigger: int, price: int) -> None:
        """A waiting order has another trigger or another limit; 0 leaves it."""
        row = self.row
        self.row = (*row[:6], trigger or row[6], price or row[7], *row[8:])
        self.price = price or self.price
        self.told_terms = None


def hold_price(kind: int, a: int, b: int, trigger: int) -> int:
    """The most ticks that a buy with this row may come to pay. `trigger` is where it stands at entry, for one that waits."""
    if kind <= MARKET:
        return a
    if kind in LIMITED:
        return b
    return max(1, min(PRICE_MAX, trigger + b))


def first_trigger(kind: int, side: int, a: int, price: int) -> int:
    """Where the trigger of a waiting order stands when it comes, at a price of `price`; 0 if it trails and there is none."""
    if kind not in TRAILS:
        return a
    if not price:
        return 0
    return price + a if side == 0 else max(1, price - a)


class OrderRefused(Refused):
    """An order that no book saw."""
