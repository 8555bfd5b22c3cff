"""What is hedged, rule by rule, and what survives a crash at any line of the file."""

from pathlib import Path

import pytest
from tests.client.makers import FillingBroker, reference

from openscrip.assets.broker import Side, TimeInForce
from openscrip.assets.trading_hours import TradingSession
from openscrip.client.line_file import LineFile
from openscrip.client.market_maker.hedge_desk import HedgeDesk
from openscrip.client.market_maker.hedging import Standing, after, done_line, hedge, order_line, order_of
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Bps
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Shares

GRAINS = 10**8
LIMIT = Bps(100)


def test_hedge__tokens_were_bought__sells_whole_shares_and_leaves_the_rest() -> None:
    order = hedge("mm", "TSLA", Standing(250_000_000), reference(), LIMIT)
    assert order is not None
    assert (order.side, order.quantity, str(order.limit), order.client_order_id) == (Side.SELL, Shares.whole(2), "297", "mm-1")
    assert order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL


def test_hedge__tokens_were_sold__buys_at_a_limit_above_rounded_up() -> None:
    order = hedge("mm", "TSLA", Standing(-GRAINS), reference("300.33"), LIMIT)
    assert order is not None
    assert (order.side, order.quantity, str(order.limit)) == (Side.BUY, Shares.whole(1), "303.34")


def test_hedge__a_token_of_more_than_a_share__hedges_shares() -> None:
    order = hedge("mm", "TSLA", Standing(2 * GRAINS), reference(multiplier="1.5"), LIMIT)
    assert order is not None
    assert order.quantity == Shares.whole(3)


@pytest.mark.parametrize("grains", [0, GRAINS - 1, 1 - GRAINS])
def test_hedge__less_than_a_share__waits(grains: int) -> None:
    assert hedge("mm", "TSLA", Standing(grains), reference(), LIMIT) is None


def test_hedge__no_exchange_is_open__waits() -> None:
    assert hedge("mm", "TSLA", Standing(5 * GRAINS), reference(hours=Hours.CLOSED), LIMIT) is None


def test_hedge__outside_regular_hours__trades_in_those_hours() -> None:
    order = hedge("mm", "TSLA", Standing(5 * GRAINS), reference(hours=Hours.OVERNIGHT), LIMIT)
    assert order is not None
    assert order.session is TradingSession.OVERNIGHT


def test_hedge__one_is_under_way__waits_for_it() -> None:
    order = hedge("mm", "TSLA", Standing(5 * GRAINS), reference(), LIMIT)
    assert order is not None
    assert hedge("mm", "TSLA", after(Standing(5 * GRAINS), order_line(order)), reference(), LIMIT) is None


def test_an_order__written_and_read_again__is_the_same() -> None:
    order = hedge("mm", "TSLA", Standing(5 * GRAINS), reference(), LIMIT)
    assert order is not None
    assert order_of(order_line(order)) == order


def test_hedge__a_split_between_trade_and_hedge__needs_twice_the_shares_and_is_then_even() -> None:
    order = hedge("mm", "TSLA", Standing(3 * GRAINS), reference("150", multiplier="2"), LIMIT)
    assert order is not None
    assert order.quantity == Shares.whole(6)
    done = done_line(order, order.quantity, Multiplier.parse("2"))
    assert after(Standing(3 * GRAINS), done).exposure_grains == 0


def desk(folder: Path, broker: FillingBroker) -> HedgeDesk:
    return HedgeDesk("mm", "TSLA", broker, LineFile(folder / "hedges.jsonl"))


def test_a_desk__three_tokens_bought__sells_three_shares_once(tmp_path: Path) -> None:
    broker = FillingBroker()
    at_work = desk(tmp_path, broker)
    assert at_work.record("T1", True, 30_000, 4)
    assert not at_work.record("T1", True, 30_000, 4)
    for _ in range(4):
        at_work.step(reference())
    assert [(each.side, each.quantity) for each in broker.orders.values()] == [(Side.SELL, Shares.whole(3))]
    assert at_work.exposure_grains == 0


def test_a_desk__half_was_filled__hedges_the_rest_with_another_order(tmp_path: Path) -> None:
    broker = FillingBroker(part=50)
    at_work = desk(tmp_path, broker)
    at_work.record("T1", False, 40_000, 4)
    for _ in range(3):
        at_work.step(reference())
    assert [each.quantity for each in broker.orders.values()] == [Shares.whole(4), Shares.whole(2)]


def test_a_desk__the_broker_refuses__tries_again_under_another_id(tmp_path: Path) -> None:
    broker = FillingBroker(rejects=True)
    at_work = desk(tmp_path, broker)
    at_work.record("T1", False, 40_000, 4)
    at_work.step(reference())
    broker.rejects = False
    at_work.step(reference())
    assert list(broker.orders) == ["mm-2"]


def test_a_desk__the_answer_was_lost_and_the_program_died__places_the_order_once(tmp_path: Path) -> None:
    broker = FillingBroker(loses_answer=True)
    at_work = desk(tmp_path, broker)
    at_work.record("T1", True, 30_000, 4)
    with pytest.raises(Unavailable):
        at_work.step(reference())
    again = desk(tmp_path, broker)
    for _ in range(4):
        again.step(reference())
    assert list(broker.orders) == ["mm-1"]
    assert again.exposure_grains == 0
    assert again.knows("T1")


def test_a_desk__killed_after_any_byte_of_its_file__hedges_every_fill_exactly_once(tmp_path: Path) -> None:
    """The file up to each byte is what a crash may leave; the broker has every order that was written whole."""
    broker = FillingBroker()
    at_work = desk(tmp_path, broker)
    for number in range(3):
        at_work.record(f"T{number}", True, 10_000 * (number + 1), 4)
        at_work.step(reference())
        at_work.step(reference())
    whole = (tmp_path / "hedges.jsonl").read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 10]
    for cut in sorted({0, *ends, *(end - 1 for end in ends), *range(1, len(whole), 29)}):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "hedges.jsonl").write_bytes(whole[:cut])
        standing_broker = FillingBroker(orders=dict(broker.orders) if cut == len(whole) else {})
        again = desk(folder, standing_broker)
        for number in range(3):
            again.record(f"T{number}", True, 10_000 * (number + 1), 4)
        for _ in range(8):
            again.step(reference())
        assert again.exposure_grains == 0
