"""Raw and UI amounts: conversions never inflate, lose less than one of the coarser unit, and move nobody's balance."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.direct import end, put_in_force, schedule
from tests.issuance.contracts.stage import GRAIN, ONE, Reverted, Stage, account, reverts

from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.slow

SUPPLY_MAX, MULTIPLIER_MIN, MULTIPLIER_MAX = 2**128 - 1, 10**12, 10**24
REQUEST = b"\7" * 32
amounts = st.integers(0, SUPPLY_MAX) | st.integers(0, 1_000)
multipliers = (st.integers(MULTIPLIER_MIN, MULTIPLIER_MAX) | st.integers(ONE - 100, ONE + 100)).filter(ONE.__ne__)
EXTREMES = (MULTIPLIER_MIN, ONE // 3, ONE - 1, ONE + 1, 3 * ONE, 7 * ONE // 3, MULTIPLIER_MAX)
extremes = pytest.mark.parametrize("multiplier", EXTREMES)


@pytest.fixture
def at(deployed: Stage) -> Iterator[Callable[[int], Stage]]:
    """A token of a multiplier, as it was before after the test."""
    snapshots: list[str] = []

    def put(multiplier: int) -> Stage:
        while snapshots:
            deployed.rpc.call("evm_revert", snapshots.pop())
        snapshots.append(deployed.rpc.call("evm_snapshot"))
        put_in_force(deployed, multiplier)
        return deployed

    yield put
    deployed.rpc.call("evm_revert", snapshots.pop())


def asked(stage: Stage, function: str, values: list[int]) -> list[int]:
    """What a conversion says of many values, in one request."""
    calls = [
        ("eth_call", ({"to": stage.token, "data": "0x" + own("StockToken").call(function, value).hex()}, "latest"))
        for value in values
    ]
    return [int(answer, 16) for answer in stage.rpc.batch(calls)]


@given(data=st.data())
def test_conversions__any_multiplier__round_down_and_never_inflate(deployed: Stage, data: st.DataObject) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    multiplier = data.draw(multipliers)
    put_in_force(deployed, multiplier)
    first, second = data.draw(amounts), data.draw(amounts)
    shown, other, together = asked(deployed, "toUIAmount", [first, second, first + second])
    back, raw = asked(deployed, "fromUIAmount", [shown, second])
    assert shown == first * multiplier // ONE
    assert raw == second * ONE // multiplier
    assert back <= first
    assert shown + other <= together <= shown + other + 1
    assert asked(deployed, "toUIAmount", [raw])[0] <= second
    assert asked(deployed, "toUIAmount", [back, back + 1]) == [
        back * multiplier // ONE, (back + 1) * multiplier // ONE,
    ]  # fmt: skip
    deployed.rpc.call("evm_revert", snapshot)


@given(data=st.data())
def test_conversions__next_to_every_step__are_floors_to_the_atom(deployed: Stage, data: st.DataObject) -> None:
    """An amount just below a whole UI atom is not rounded up to it, one just above is not rounded away."""
    snapshot = deployed.rpc.call("evm_snapshot")
    multiplier = data.draw(multipliers)
    put_in_force(deployed, multiplier)
    ui = data.draw(st.integers(1, 2**100))
    least = -(-ui * ONE // multiplier)  # the least raw amount that stands for so much
    below, exact = asked(deployed, "toUIAmount", [least - 1, least])
    assert below < ui <= exact
    deployed.rpc.call("evm_revert", snapshot)


@extremes
@pytest.mark.parametrize("decimals", [2, 6, 18])
def test_round_trips__a_thousand_at_each_fineness__never_gain_and_lose_at_most_one_a_step(
    at: Callable[[int], Stage], multiplier: int, decimals: int
) -> None:
    """From raw to UI and back loses nothing but the last atom of whichever unit is coarser."""
    stage = at(multiplier)
    step = 10 ** (18 - decimals)
    values = [(pow(7, number, 10**9 + 7) * number + 1) * step for number in range(1_000)]
    through, back = ("toUIAmount", "fromUIAmount") if multiplier >= ONE else ("fromUIAmount", "toUIAmount")
    returned = asked(stage, back, asked(stage, through, values))
    assert {before - after for before, after in zip(values, returned, strict=True)} <= {0, 1}


@extremes
def test_round_trips__a_thousand_in_a_row__never_gain(at: Callable[[int], Stage], multiplier: int) -> None:
    stage = at(multiplier)
    values = [ONE + 10**9 * number + 1 for number in range(10)]
    seen = values
    for _ in range(100):
        seen = asked(stage, "fromUIAmount", asked(stage, "toUIAmount", seen))
    coarse = max(1, ONE // multiplier + 1)
    assert all(before - 100 * coarse <= after <= before for before, after in zip(values, seen, strict=True))


def test_round_trip__repeated__stands_still_after_the_first(at: Callable[[int], Stage]) -> None:
    stage = at(7 * ONE // 3)
    once = asked(stage, "fromUIAmount", asked(stage, "toUIAmount", [10**18 + 1]))
    assert asked(stage, "toUIAmount", once)[0] <= (10**18 + 1) * (7 * ONE // 3) // ONE


@given(multiplier=multipliers, held=st.lists(st.integers(1, 10**9), min_size=1, max_size=3))
def test_any_multiplier_change__leaves_every_raw_figure_bit_by_bit(deployed: Stage, multiplier: int, held: list[int]) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    names = ["alice", "bob", "carol"][: len(held)]
    for name, raw in zip(names, held, strict=True):
        deployed.send(deployed.at.issuer, "StockToken", "mint", account(name), raw * GRAIN)
        deployed.send(name, "StockToken", "approve", account("dave"), raw)

    def figures() -> list[int]:
        balances = [deployed.token_view("balanceOf", name) for name in names]
        allowances = [deployed.token_view("allowance", name, "dave") for name in names]
        return [*balances, *allowances, deployed.token_view("totalSupply")]

    before = figures()
    schedule(deployed, multiplier=multiplier)
    assert figures() == before
    deployed.pass_time(86_400)
    assert figures() == before == [raw * GRAIN for raw in held] + held + [sum(held) * GRAIN]
    for name, raw in zip(names, held, strict=True):
        assert deployed.token_view("balanceOfUI", name) == raw * GRAIN * multiplier // ONE
    assert deployed.token_view("totalSupplyUI") == sum(held) * GRAIN * multiplier // ONE
    deployed.rpc.call("evm_revert", snapshot)


@given(multiplier=multipliers, raw=st.integers(0, 10**30))
def test_shares_owed__of_the_books__are_never_below_what_holders_see(deployed: Stage, multiplier: int, raw: int) -> None:
    """The book rounds what it owes up and the chain rounds what it shows down, from the same multiplier."""
    snapshot = deployed.rpc.call("evm_snapshot")
    put_in_force(deployed, multiplier)
    owed = Multiplier(multiplier).to_shares_up(RawAmount(raw)).atoms
    [shown] = asked(deployed, "toUIAmount", [raw])
    assert owed * 10**9 >= shown
    deployed.rpc.call("evm_revert", snapshot)


def test_views__of_less_than_an_atom__show_nothing__where_value_moves_it_is_refused(
    at: Callable[[int], Stage],
) -> None:
    stage = at(MULTIPLIER_MIN)
    assert asked(stage, "toUIAmount", [10**6 - 1, 10**6]) == [0, 1]
    stage = at(MULTIPLIER_MAX)
    assert asked(stage, "fromUIAmount", [10**6 - 1, 10**6]) == [0, 1]
    stage.report()
    stage.send(stage.at.issuer, "StockToken", "mint", account("alice"), ONE)
    stage.send("alice", "StockToken", "approve", stage.at.issuer, ONE)
    for raw, reason in ((0, "issuer: amount was zero"), (GRAIN - 1, "issuer: amount was finer than 1e-8")):
        with reverts(reason):
            stage.send("alice", "Issuer", "escrow", stage.token, raw, 1, REQUEST)
        with reverts(reason):
            stage.mint(stage.voucher(raw=raw))
    stage.send("guardian", "StockToken", "freeze", account("alice"), 1)
    with reverts("token: amount was zero"):
        stage.send(stage.at.timelock, "StockToken", "recover", account("alice"), account("bob"), 0, REQUEST, 1)


def test_largest_supply__at_the_highest_multiplier__overflows_nothing(at: Callable[[int], Stage]) -> None:
    stage = at(MULTIPLIER_MAX)
    stage.send(stage.at.issuer, "StockToken", "mint", account("alice"), SUPPLY_MAX)
    assert stage.token_view("totalSupplyUI") == stage.token_view("balanceOfUI", "alice") == SUPPLY_MAX * 10**6
    stage.send("alice", "StockToken", "transfer", stage.at.issuer, SUPPLY_MAX)
    stage.send(stage.at.issuer, "StockToken", "burn", SUPPLY_MAX)
    assert stage.token_view("totalSupplyUI") == 0


@pytest.mark.parametrize(("function", "edge"), [
    ("toUIAmount", (2**256 - 1) // MULTIPLIER_MAX), ("fromUIAmount", (2**256 - 1) // ONE),
])  # fmt: skip
def test_conversion__beyond_any_supply__reverts_and_never_wraps(at: Callable[[int], Stage], function: str, edge: int) -> None:
    stage = at(MULTIPLIER_MAX)
    assert stage.token_view(function, edge) > 0
    for beyond in (edge + 1, 2**256 - 1):
        with pytest.raises(Reverted):
            stage.token_view(function, beyond)


def test_escrow_and_burn__at_any_multiplier__take_exactly_the_raw_amount(at: Callable[[int], Stage]) -> None:
    stage = at(7 * ONE // 3)
    stage.send(stage.at.issuer, "StockToken", "mint", account("alice"), 10 * GRAIN)
    stage.escrow("alice", 3 * GRAIN, REQUEST)
    end(stage, "burn", "alice", REQUEST)
    assert stage.token_view("balanceOf", "alice") == stage.token_view("totalSupply") == 7 * GRAIN
