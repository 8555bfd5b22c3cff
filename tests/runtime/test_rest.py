"""A feed over our own rows looks when something may have come, and seldom otherwise."""

from openscrip.runtime.feed import AWAKE_S, Rest


class Times:
    """Market and machine time, moved by hand."""

    market, machine = 100, 0.0


def test_a_rest__is_over_when_market_time_moves_or_it_has_lasted_and_not_between() -> None:
    times = Times()
    rest = Rest(lambda: times.market, 0.5, lambda: times.machine)
    assert rest.is_over()
    times.machine = 0.4
    assert not rest.is_over()
    times.market = 101
    assert rest.is_over()
    assert not rest.is_over()
    times.machine = 0.91
    assert rest.is_over()


def test_whoever_wakes_a_rest__is_seen_until_it_is_surely_committed() -> None:
    times = Times()
    rest = Rest(lambda: times.market, 60.0, lambda: times.machine)
    assert rest.is_over()
    rest.wake()
    times.machine = AWAKE_S - 0.01
    assert rest.is_over()
    assert rest.is_over()
    times.machine = AWAKE_S
    assert not rest.is_over()
