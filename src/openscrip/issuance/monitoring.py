"""Patterns in a client's orders: many or large, just under a threshold, in and out again. Each becomes a case."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from openscrip.assets.compliance.rules import Watchfulness
from openscrip.issuance.cases import Case
from openscrip.issuance.clients import Conduct, Day, Flow
from openscrip.kernel.money import Money

WHOLE_BPS = 10_000


def counted(before: Conduct, on: date, side: str, stock: str, amount: Money, watch: Watchfulness) -> Conduct:
    """The conduct with one more request; what is older than a week is forgotten."""
    day = before.today(on)
    flow = next((each for each in day.flows if each.stock == stock), Flow(stock, Money(0), Money(0)))
    others = tuple(each for each in day.flows if each.stock != stock)
    if side == "subscribe":
        flow = replace(flow, subscribed=flow.subscribed + amount)
        day = replace(
            day, subscribed=day.subscribed + amount, orders=day.orders + 1, under=day.under + is_just_under(amount, watch)
        )
    else:
        flow = replace(flow, redeemed=flow.redeemed + amount)
    day = replace(day, flows=(*others, flow))
    return replace(before, days=(day, *(each for each in before.week(on) if each.on != on)))


def is_just_under(amount: Money, watch: Watchfulness) -> bool:
    """Whether an amount stays below the threshold by less than the band."""
    threshold = watch.structuring_usd
    return threshold.share_down(WHOLE_BPS - watch.structuring_band_bps, WHOLE_BPS) <= amount < threshold


def patterns(conduct: Conduct, on: date, watch: Watchfulness, now: int) -> Iterator[Case]:
    """The cases that the conduct asks for, each once a week or day."""
    week = conduct.week(on)
    today = conduct.today(on)
    total = sum((day.subscribed for day in week), Money(0))
    if today.orders > watch.velocity_orders:
        yield _case(conduct, "velocity", f"{today.orders} orders on {on}", f"{on}", now)
    if total > watch.velocity_usd_week:
        yield _case(conduct, "velocity", f"{total} USD within seven days of {on}", _week_name(on), now)
    under = sum(day.under for day in week)
    if under >= watch.structuring_orders:
        what = f"{under} orders just under {watch.structuring_usd} USD within seven days of {on}"
        yield _case(conduct, "structuring", what, _week_name(on), now)
    for stock in sorted({flow.stock for day in week for flow in day.flows}):
        yield from _round_trip(conduct, week, stock, on, watch, now)


def _round_trip(conduct: Conduct, week: tuple[Day, ...], stock: str, on: date, watch: Watchfulness, now: int) -> Iterator[Case]:
    flows = [flow for day in week for flow in day.flows if flow.stock == stock]
    put_in = sum((flow.subscribed for flow in flows), Money(0))
    out = sum((flow.redeemed for flow in flows), Money(0))
    if put_in >= watch.round_trip_usd_min and out >= put_in.share_down(watch.round_trip_bps, WHOLE_BPS):
        what = f"{put_in} USD into {stock} and {out} USD out again within seven days of {on}"
        yield _case(conduct, "round_trip", what, f"{stock}:{_week_name(on)}", now)


def _week_name(on: date) -> str:
    year, week, _ = on.isocalendar()
    return f"{year}-W{week:02}"


def _case(conduct: Conduct, pattern: str, what: str, once: str, now: int) -> Case:
    ground = f"{conduct.id}:{pattern}:{once}"
    return Case(ground, conduct.id, "pattern", f"monitoring.{pattern}", f"{pattern}: {what}", ground, now, holds=False)
