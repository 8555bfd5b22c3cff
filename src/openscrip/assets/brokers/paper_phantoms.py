"""Reports of trades that never were: more than ordered, the wrong side, through the limit, after the end. On demand only."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from openscrip.assets.broker import Side
from openscrip.assets.brokers.paper_order import Working
from openscrip.assets.brokers.paper_reports import MARKET, Tally, report_of
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares
from openscrip.runtime.fix import codes
from openscrip.runtime.fix.orders import ExecutionReport

NONE, FREE = Shares(0), PricePerShare(0)
Phantom = Callable[[Working, Tally, str, int], ExecutionReport]


def over_fill(working: Working, tally: Tally, report_id: str, at: int) -> ExecutionReport:
    """As many shares again as were ordered."""
    return _trade(working, tally, report_id, at, working.order.quantity)


def wrong_side(working: Working, tally: Tally, report_id: str, at: int) -> ExecutionReport:
    """A sale for a purchase, or the other way round."""
    other = codes.Side.SELL if working.order.side is Side.BUY else codes.Side.BUY
    return replace(_trade(working, tally, report_id, at, Shares(1)), side=other)


def through_limit(working: Working, tally: Tally, report_id: str, at: int) -> ExecutionReport:
    """At twice the limit of a purchase, at half that of a sale."""
    limit = working.order.limit.micros if working.order.limit is not None else 1
    price = PricePerShare(limit * 2 if working.order.side is Side.BUY else max(1, limit // 2))
    return replace(_trade(working, tally, report_id, at, Shares(1)), last_price=price)


def after_cancel(working: Working, tally: Tally, report_id: str, at: int) -> ExecutionReport:
    """A share, or what is left, after the order's end."""
    rest = max(1, working.order.quantity.atoms - tally.filled)
    return _trade(working, tally, report_id, at, Shares(min(ATOMS_PER_SHARE, rest)))


OF_FILLS: Mapping[str, Phantom] = {"over_fill": over_fill, "wrong_side": wrong_side, "through_limit": through_limit}
"""Those that follow a real fill, by the name of their switch."""


def _trade(working: Working, tally: Tally, report_id: str, at: int, quantity: Shares) -> ExecutionReport:
    told = report_of(working, tally, f"X{report_id}", at, codes.ExecType.PARTIAL_FILL)
    price = working.executions[-1].fill.price if working.executions else PricePerShare(1_000_000)
    return replace(
        told,
        last_quantity=quantity,
        last_price=price,
        last_market=MARKET,
        trade_date=working.trade_date,
        commission=Money(0),
        commission_type="3",
    )
