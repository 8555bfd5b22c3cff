"""What the market maker quotes, rule by rule, and in a market that trades with it."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.makers import CASH_MICROS, NOW, PAIR, reference, terms

from openscrip.client.market_maker.hedging import Standing, done_line, fill_line, hedge
from openscrip.client.market_maker.hedging import after as standing_after
from openscrip.client.market_maker.quoting import (
    HALF_SPREADS_BPS,
    Amend,
    Cancel,
    Holdings,
    Place,
    Quote,
    Resting,
    Terms,
    moves,
    quotes,
)
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps

EVEN = Holdings(1_000_000, CASH_MICROS)


def drawn(made: tuple[Quote, ...]) -> list[str]:
    return [f"{each.side} {PAIR.quantity_text(each.lots)} at {PAIR.price_text(each.ticks)}" for each in made]


def test_quotes__even_inventory__stand_around_the_reference_on_both_sides() -> None:
    assert drawn(quotes(reference(), EVEN, terms(), PAIR, NOW)) == [
        "buy 1.0000 at 299.70", "buy 1.0000 at 299.40", "buy 1.0000 at 299.10",
        "sell 1.0000 at 300.30", "sell 1.0000 at 300.60", "sell 1.0000 at 300.90",
    ]  # fmt: skip


def test_quotes__a_token_of_more_than_a_share__are_per_raw_token() -> None:
    assert drawn(quotes(reference(multiplier="1.5"), EVEN, terms(levels=1), PAIR, NOW)) == [
        "buy 1.0000 at 449.55", "sell 1.0000 at 450.45",
    ]  # fmt: skip


def test_quotes__price_between_ticks__round_away_from_the_reference() -> None:
    assert drawn(quotes(reference("300.004999"), EVEN, terms(levels=1), PAIR, NOW)) == [
        "buy 1.0000 at 299.70", "sell 1.0000 at 300.31",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "bid"),
    [(Hours.MARKET, "299.70"), (Hours.EXTENDED, "299.10"), (Hours.OVERNIGHT, "298.20"), (Hours.CLOSED, "295.50")],
)
def test_quotes__outside_regular_hours__stand_wider(hours: Hours, bid: str) -> None:
    nearest = quotes(reference(hours=hours), EVEN, terms(levels=1), PAIR, NOW)[0]
    assert PAIR.price_text(nearest.ticks) == bid


def test_quotes__too_many_tokens__lean_down_on_both_sides() -> None:
    assert drawn(quotes(reference(), Holdings(1_050_000, CASH_MICROS), terms(levels=1), PAIR, NOW)) == [
        "buy 1.0000 at 299.40", "sell 1.0000 at 300.00",
    ]  # fmt: skip


def test_quotes__too_few_tokens__lean_up_on_both_sides() -> None:
    assert drawn(quotes(reference(), Holdings(950_000, CASH_MICROS), terms(levels=1), PAIR, NOW)) == [
        "buy 1.0000 at 300.00", "sell 1.0000 at 300.60",
    ]  # fmt: skip


def test_quotes__at_the_edge_of_the_band__stand_on_one_side_only() -> None:
    assert {each.side for each in quotes(reference(), Holdings(1_100_000, CASH_MICROS), terms(), PAIR, NOW)} == {"sell"}
    assert {each.side for each in quotes(reference(), Holdings(900_000, CASH_MICROS), terms(), PAIR, NOW)} == {"buy"}


def test_quotes__little_room_is_left__the_last_level_is_what_remains() -> None:
    made = quotes(reference(), Holdings(1_085_000, CASH_MICROS), terms(), PAIR, NOW)
    assert [each.lots for each in made if each.side == "buy"] == [10_000, 5_000]


def test_quotes__little_money__buy_what_it_pays_for() -> None:
    made = quotes(reference(), Holdings(1_000_000, 350_000_000), terms(), PAIR, NOW)
    assert [each.lots for each in made if each.side == "buy"] == [10_000, 1_680]


def test_quotes__few_tokens__never_offer_more_than_is_held() -> None:
    made = quotes(reference(), Holdings(12_000, CASH_MICROS), terms(inventory_lots=0), PAIR, NOW)
    assert sum(each.lots for each in made if each.side == "sell") == 12_000


@pytest.mark.parametrize("held", [EVEN, Holdings(0, 0)])
def test_quotes__a_stale_reference_or_none__there_are_none(held: Holdings) -> None:
    assert quotes(reference(at=NOW - 31), held, terms(), PAIR, NOW) == ()
    assert quotes(None, held, terms(), PAIR, NOW) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"lots_per_level": 0},
        {"levels": 1000},
        {"half_spread_bps": {Hours.MARKET: 10}},
        {"half_spread_bps": {**HALF_SPREADS_BPS, Hours.CLOSED: 0}},
        {"skew_bps_max": -1},
        {"dead_man_s": 0},
    ],
)
def test_terms__that_make_no_sense__are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        Terms(**{"lots_per_level": 1, "inventory_lots": 0, "inventory_band_lots": 1, **wrong})
    assert refused.value.code == "maker.terms"


@given(
    held_lots=st.integers(0, 3_000_000),
    cash_micros=st.integers(0, 10**13),
    price_micros=st.integers(10_000, 10**10),
    hours=st.sampled_from(list(Hours)),
)
def test_quotes__anything_at_all__never_cross_and_never_exceed_band_or_means(
    held_lots: int, cash_micros: int, price_micros: int, hours: Hours
) -> None:
    now_reference = replace(reference(hours=hours), price=replace(reference().price, micros=price_micros))
    made = quotes(now_reference, Holdings(held_lots, cash_micros), terms(), PAIR, NOW)
    bids, asks = ([each for each in made if each.side == side] for side in ("buy", "sell"))
    if bids and asks:
        assert max(each.ticks for each in bids) < min(each.ticks for each in asks)
    assert held_lots + sum(each.lots for each in bids) <= max(held_lots, 1_100_000)
    assert sum(each.lots for each in asks) <= held_lots
    assert sum(each.lots * each.ticks * PAIR.micros_per_tick for each in bids) <= cash_micros * 10**4


# From what rests to what is wanted


def test_moves__nothing_rests__places_all() -> None:
    wanted = quotes(reference(), EVEN, terms(), PAIR, NOW)
    assert moves((), wanted, terms()) == tuple(Place(each) for each in wanted)


def test_moves__a_small_difference__keeps_the_place_in_the_queue() -> None:
    resting = Resting("O1", Quote("buy", 0, 29970, 10_000))
    assert moves([resting], [Quote("buy", 0, 29975, 10_000)], terms()) == ()
    assert moves([resting], [Quote("buy", 0, 29977, 10_000)], terms()) != ()


def test_moves__partly_filled__counts_what_was_filled_into_the_quantity() -> None:
    resting = Resting("O1", Quote("buy", 0, 29970, 4_000), filled_lots=6_000)
    wanted = Quote("buy", 0, 29970, 10_000)
    assert moves([resting], [wanted], terms()) == (Amend("O1", wanted, 16_000),)


def test_moves__more_rests_than_is_wanted__is_made_smaller() -> None:
    wanted = Quote("sell", 0, 30030, 9_999)
    assert moves([Resting("O1", Quote("sell", 0, 30030, 10_000))], [wanted], terms()) == (Amend("O1", wanted, 9_999),)


def test_moves__the_price_rises__offers_move_away_before_bids_follow() -> None:
    resting = [Resting("O1", Quote("buy", 0, 29970, 10_000)), Resting("O2", Quote("sell", 0, 30030, 10_000))]
    wanted = [Quote("buy", 0, 30270, 10_000), Quote("sell", 0, 30330, 10_000)]
    assert moves(resting, wanted, terms()) == (Amend("O2", wanted[1], 10_000), Amend("O1", wanted[0], 10_000))


def test_moves__a_level_is_not_wanted_any_more__it_is_cancelled_first() -> None:
    resting = [Resting("O1", Quote("buy", 0, 29970, 10_000)), Resting("O2", Quote("buy", 1, 29940, 10_000))]
    wanted = Quote("buy", 0, 29000, 10_000)
    assert moves(resting, [wanted], terms()) == (Cancel("O2"), Amend("O1", wanted, 10_000))


# A market that trades with it


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_simulated_day__with_hedges__stays_in_its_band_unexposed_and_earns_the_spread(seed: int) -> None:
    """23,400 seconds of a random walk; takers of up to 3 tokens hit the nearest quote about every ten seconds."""
    chance = random.Random(seed)
    wants = terms()
    price_micros, held, standing = 300_000_000, Holdings(1_000_000, CASH_MICROS), Standing()
    shares_atoms, broker_cash_micros, traded = 0, 0, 0
    worth_before = held.cash_micros + held.lots * price_micros // 10**4
    for second in range(23_400):
        price_micros += chance.randint(-20_000, 20_000)
        now_reference = replace(reference(at=NOW + second), price=replace(reference().price, micros=price_micros))
        made = quotes(now_reference, held, wants, PAIR, NOW + second)
        if chance.random() < 0.1:
            side = chance.choice(("buy", "sell"))
            hit = next((each for each in made if each.side == side), None)
            if hit is not None:
                lots = min(hit.lots, chance.randint(1, 30_000))
                signed = lots if side == "buy" else -lots
                held = Holdings(held.lots + signed, held.cash_micros - signed * hit.ticks)  # a lot costs a tick x 1e-6
                traded += 1
                standing = standing_after(standing, fill_line(f"T{second}", side == "buy", lots, 4))
        order = hedge("mm", "TSLA", standing, now_reference, Bps(100))
        if order is not None:
            standing = standing_after(standing, done_line(order, order.quantity, now_reference.multiplier))
            signed_atoms = order.quantity.atoms if order.side == "buy" else -order.quantity.atoms
            shares_atoms += signed_atoms
            broker_cash_micros -= signed_atoms * price_micros // 10**9
        assert abs(held.lots - wants.inventory_lots) <= wants.inventory_band_lots
        assert abs(standing.exposure_grains) < 10**8, "never a whole share unhedged after a step"
    worth = held.cash_micros + held.lots * price_micros // 10**4 + broker_cash_micros + shares_atoms * price_micros // 10**9
    # What the inventory itself gained or lost is not the market maker's doing.
    inventory_gain = wants.inventory_lots * (price_micros - 300_000_000) // 10**4
    assert traded > 1_500
    assert worth - worth_before - inventory_gain > 0
