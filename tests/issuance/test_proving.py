"""A reserve on chain is reported again when it is old, off, or of another epoch; one report at a time."""

from collections.abc import Mapping, Sequence

import pytest

from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES, build_books
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import summer_of_2024
from openscrip.issuance.actions import Landed
from openscrip.issuance.chain import ChainMultiplier
from openscrip.issuance.proving import Proving, Pulse, ReserveProof, decide, is_due
from openscrip.issuance.reconciliation import ChainSeen, ReportedReserve
from openscrip.issuance.terms import Terms
from openscrip.kernel.money import Bps
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.lab.world import World

NOON, DAY = 1_717_416_000, 86_400


def reserve(shares: str = "1000", epoch: int = 0, as_of: int = NOON) -> ReportedReserve:
    return ReportedReserve(Shares.parse(shares), Shares(0), epoch, as_of)


@pytest.mark.parametrize(
    ("shown", "held", "epoch", "now", "due"),
    [
        (reserve(), "1000", 0, NOON + DAY - 1, False),
        (reserve(), "1000", 0, NOON + DAY, True),
        (reserve(), "1005", 0, NOON, False),
        (reserve(), "1005.000000001", 0, NOON, True),
        (reserve(), "994.999999999", 0, NOON, True),
        (reserve(), "995", 0, NOON, False),
        (reserve(), "1000", 1, NOON, True),
        (reserve("0"), "1", 0, NOON, True),
        (reserve("0"), "0", 0, NOON, False),
    ],
)
def test_a_reserve_is_due_when_it_is_old_off_or_of_another_epoch(
    shown: ReportedReserve, held: str, epoch: int, now: int, due: bool
) -> None:
    assert is_due(shown, Shares.parse(held), epoch, now, DAY, Bps(50)) is due


class Shown:
    """A reader that shows one reserve of every token."""

    def __init__(self, reserve: ReportedReserve | None) -> None:
        self.reserve = reserve
        self.looks = 0

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        self.looks += 1
        seen = ChainSeen(1, RawAmount(0), ChainMultiplier(10**18, 0, 0, 0, 0), reserve=self.reserve)
        return dict.fromkeys(tokens, seen)


def proving(world: World, readers: Mapping[str, Shown], heartbeat_s: int = DAY) -> Proving:
    books = build_books(Terms(), world.clock.now)

    def held(stock: Stock) -> tuple[Shares, int]:
        return Shares.whole(1_000), stock.epoch

    return Proving(world.store, books, readers, held, world.clock, heartbeat_s, Bps(50))


def test_every_reserve_that_is_due_is_asked_for_once_until_it_landed() -> None:
    world = build_world(1, summer_of_2024(), faults=False, decides=DECIDES)
    now = world.clock.now()
    proof = proving(world, {"evm": Shown(reserve(as_of=now - DAY)), "solana": Shown(reserve(as_of=now))})
    found, _ = proof.poll("")
    with world.store.view() as view:
        stocks = view.rows(Stock)
    assert [(pulse.stock, pulse.chain) for pulse in found] == [(stock.id, "evm") for stock in stocks]
    assert found
    for pulse in (*found, *found):
        with world.store.transaction() as unit:
            proof.apply(unit, pulse)
    with world.store.view() as view:
        rows = view.rows(ReserveProof)
    assert {(row.state, row.reports) for row in rows} == {("reporting", 1)}
    assert [each.state for each in decide(rows[0], Landed("command", "tx", 1)).rows] == ["resting"]


def test_nothing_is_looked_at_twice_in_a_minute_or_without_a_heartbeat() -> None:
    world = build_world(1, summer_of_2024(), faults=False, decides=DECIDES)
    shown = Shown(reserve(as_of=world.clock.now()))
    proof = proving(world, {"evm": shown})
    proof.poll("")
    looks = shown.looks
    assert looks
    proof.poll("")
    assert shown.looks == looks
    off = proving(world, {"evm": shown}, heartbeat_s=0)
    assert off.poll("c") == ([], "c")
    assert shown.looks == looks


def test_a_chain_without_a_reserve_is_left_alone() -> None:
    world = build_world(1, summer_of_2024(), faults=False, decides=DECIDES)
    assert proving(world, {"evm": Shown(None)}).poll("")[0] == []


def test_a_report_that_is_asked_for_is_remembered_with_its_time() -> None:
    world = build_world(1, summer_of_2024(), faults=False, decides=DECIDES)
    pulse = Pulse("TSLA", "evm", "0xtoken", NOON)
    with world.store.transaction() as unit:
        proving(world, {}).apply(unit, pulse)
    with world.store.view() as view:
        (row,) = view.rows(ReserveProof)
    assert (row.id, row.asked_at) == ("TSLA:proof:evm", NOON)
