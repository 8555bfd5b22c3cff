"""Pending transfers that expire, on every store: a reservation frees itself, and never half."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.stores import ALICE, CHART, CUSTODY, REGISTERED, WORLD, posted, resolution
from tests.databases import PLACES, tampered, url_of

from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.ledger import Balance, LedgerBroken, Phase, Transfer, seal
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Store

CLOCK_START = 1_000


class Desk:
    """A store and its clock."""

    def __init__(self, store: Store, clock: SteppedClock) -> None:
        self.store, self.clock = store, clock

    def post(self, *transfers: Transfer) -> None:
        with self.store.transaction() as unit:
            unit.post(transfers)

    def expire(self, limit: int = 10) -> int:
        with self.store.transaction() as unit:
            return unit.expire(limit)

    def balance(self, account: str) -> Balance:
        with self.store.view() as view:
            return view.balance(account)


@pytest.fixture(params=["memory", *PLACES])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    clock = SteppedClock(CLOCK_START)
    if request.param == "memory":
        yield Desk(MemoryStore(CHART, clock.now), clock)
        return
    engine = open_database(url_of(PLACES[request.param](tmp_path)))
    upgrade(engine)
    store = SqlStore(engine, CHART, REGISTERED, clock.now)
    yield Desk(store, clock)
    problems = verify_ledger(engine)
    store.close()
    assert problems == []


def reserved(name: str, amount: int, expires_at: int) -> Transfer:
    return Transfer(name, WORLD, CUSTODY, amount, "quote", Phase.PENDING, expires_at=expires_at)


def test_l20_a_reservation_is_posted_up_to_the_second_before_it_expires(desk: Desk) -> None:
    desk.post(posted("in", CUSTODY, WORLD, 10), one := reserved("a", 4, 1_010), two := reserved("b", 4, 1_010))
    desk.clock.advance_to(1_009)
    desk.post(resolution("a:post", one, 3))
    desk.clock.advance_to(1_010)
    with pytest.raises(Refused) as refused:
        desk.post(resolution("b:post", two, 3))
    assert refused.value.code == "ledger.expired"
    assert desk.balance(CUSTODY) == Balance(0, 10, 4, 3)
    desk.post(resolution("b:void", two, 0, Phase.VOID))
    assert desk.balance(CUSTODY) == Balance(0, 10, 0, 3)


def test_l21_what_has_expired_is_voided_once_and_frees_the_limit(desk: Desk) -> None:
    desk.post(posted("in", CUSTODY, WORLD, 10), reserved("a", 7, 1_010), reserved("b", 3, 1_020))
    with pytest.raises(Refused):
        desk.post(posted("out", WORLD, CUSTODY, 1))
    assert desk.expire() == 0
    desk.clock.advance_to(1_010)
    assert (desk.expire(), desk.expire()) == (1, 0)
    assert desk.balance(CUSTODY) == Balance(0, 10, 3, 0)
    desk.post(posted("out", WORLD, CUSTODY, 7))
    with pytest.raises(Conflict) as refused:
        desk.post(resolution("late", reserved("a", 7, 1_010), 0, Phase.VOID))
    assert refused.value.code == "ledger.resolved"


def test_l22_the_earliest_expires_first_and_what_never_expires_stays(desk: Desk) -> None:
    forever = Transfer("forever", WORLD, CUSTODY, 1, "order", Phase.PENDING)
    desk.post(posted("in", CUSTODY, WORLD, 10), forever, reserved("late", 2, 1_020), reserved("soon", 4, 1_010))
    desk.clock.advance_to(9_999)
    assert desk.expire(1) == 1
    assert desk.balance(CUSTODY) == Balance(0, 10, 3, 0)
    assert desk.expire() == 1
    assert desk.balance(CUSTODY) == Balance(0, 10, 1, 0)


def test_l23_an_expiry_that_is_undone_can_be_done_again(desk: Desk) -> None:
    desk.post(posted("in", CUSTODY, WORLD, 10), reserved("a", 7, 1_010))
    desk.clock.advance_to(1_010)
    with pytest.raises(KeyError), desk.store.transaction() as unit:
        assert unit.expire() == 1
        raise KeyError
    assert desk.balance(CUSTODY) == Balance(0, 10, 7, 0)
    assert desk.expire() == 1


@pytest.mark.parametrize("phase", [Phase.POSTED, Phase.POST, Phase.VOID])
def test_l24_only_a_pending_transfer_may_expire(desk: Desk, phase: Phase) -> None:
    desk.post(posted("in", CUSTODY, WORLD, 10), reserved("a", 7, 1_010))
    of = "" if phase is Phase.POSTED else "a"
    with pytest.raises(LedgerBroken, match="expired at 5"):
        desk.post(Transfer("x", WORLD, CUSTODY, 1, "quote", phase, of, expires_at=5))


def test_l25_the_same_reservation_with_another_end_is_a_conflict(desk: Desk) -> None:
    desk.post(posted("in", CUSTODY, WORLD, 10), reserved("a", 7, 1_010))
    desk.post(reserved("a", 7, 1_010))
    with pytest.raises(Conflict):
        desk.post(reserved("a", 7, 1_011))


def test_l26_a_post_after_the_end_that_was_made_by_hand_is_named(place: Path) -> None:
    engine = open_database(url_of(place))
    upgrade(engine)
    clock = SteppedClock(CLOCK_START)
    store = SqlStore(engine, CHART, REGISTERED, clock.now)
    hold = Transfer("a", WORLD, ALICE, 7, "quote", Phase.PENDING, expires_at=1_010)
    with store.transaction() as unit:
        unit.post([hold, resolution("a:post", hold, 7)])
    mark = seal(resolution("a:post", hold, 7), 1_010)
    store.close()
    tampered(place, f"UPDATE transfer SET at = 1010, seal = '{mark}' WHERE id = 'a:post'")
    assert verify_ledger(engine) == ["transfer a:post: was posted at 1010, its pending a had expired at 1010"]
    store.close()
