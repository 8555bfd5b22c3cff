"""Two custodians at once on real parts: purchases and actions at both, and nothing is minted that one does not state."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.keeping import Lodging
from openscrip.assets.paper import Switch, Switches
from openscrip.bootstrap.capital import buy_inventory
from openscrip.bootstrap.investors import Investor, onboard, pay, put_into_escrow
from openscrip.bootstrap.report_files import write_report
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.story import CLIENTS
from openscrip.bootstrap.verification import verify
from openscrip.issuance.action_queue import Answer, QueueItem, answer
from openscrip.issuance.break_row import Break
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.custody_settings import Custody
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts
STOCK, SECOND = "NVDA", "custodian-2"


class Desk:
    """A running stack with two custodians, one stock of ten shares of inventory, and two clients."""

    def __init__(self, run: Running) -> None:
        self.run = run
        self.isin = run.list_stock(STOCK).isin
        buy_inventory(run.platform, STOCK, STOCK, Shares.whole(10))
        self.investors: dict[str, Investor] = {person.id: onboard(run.platform, run.stack, person) for person in CLIENTS[:2]}

    def advance(self, until: str) -> None:
        """Market time passes."""
        self.run.advance_to(instant(until))

    def subscribe(self, request_id: str, client: str, chain: str, shares: str, *, at_once: bool = False) -> None:
        """A client subscribes and pays."""
        platform, wallet = self.run.platform, self.investors[client].address(chain)
        ask = platform.market.subscribe
        pay(platform, ask(request_id, client, STOCK, chain, wallet, Shares.parse(shares), at_once=at_once))

    def held(self) -> dict[str, tuple[str, int]]:
        """What each custodian states: available shares and epoch."""
        stated = {name: each.latest_statement(self.isin) for name, each in self.run.platform.custodians.items()}
        return {name: (str(each.available), each.epoch) for name, each in stated.items()}

    def row(self, kind: type[Any], name: str) -> Any:
        """A row of the books."""
        with self.run.platform.store.view() as view:
            return view.row(kind, name)

    def minted(self, request_id: str) -> bool:
        """Whether every part of a subscription is in the client's wallet."""
        row: Subscription = self.row(Subscription, request_id)
        return bool(row.parcels) and all(parcel.state == "minted" for parcel in row.parcels)

    def breaks(self) -> list[Break]:
        """The open breaks."""
        with self.run.platform.store.view() as view:
            return view.rows(Break, state="open")

    def approve(self) -> None:
        """Two people approve what waits for them."""
        platform = self.run.platform
        with platform.store.transaction() as unit:
            for item in unit.rows(QueueItem, state="open"):
                for person in ("ines", "otto"):
                    now = platform.clock.now()
                    answer(unit, platform.books, item.id, Answer(), person, "both sources read", "8-K", now)

    def broken_checks(self) -> list[str]:
        """What `openscrip verify` finds wrong."""
        checks = verify(self.run.platform.places.watch_config, self.run.platform.engine)
        return [f"{check.name}: {check.detail}" for check in checks if not check.ok]


def eventually(holds: Callable[[], bool], within_s: float = 90.0) -> bool:
    """Whether it comes true in time."""
    ends = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    market = Market("accelerated", "2024-06-03T12:00:00Z")
    with running(Settings(tmp_path_factory.mktemp("two"), market=market, custody=Custody(2))) as run:
        yield Desk(run)


def test_subscriptions__land_where_least_is_held__and_both_count(desk: Desk) -> None:
    desk.subscribe("sub-1", "alice", "evm", "20")
    desk.advance("2024-06-03T21:00:00Z")
    desk.subscribe("sub-2", "bob", "solana", "30")
    desk.advance("2024-06-05T21:00:00Z")
    with desk.run.platform.store.view() as view:
        lodged = {each.id: (each.custodian, each.state) for each in view.rows(Lodging)}
    # 20 and the 10 of inventory go to one each, whichever comes first; the 30 to the one with 10.
    assert sorted(held for held, _ in desk.held().values()) == ["20", "40"], lodged
    assert {name for name, _ in lodged.values()} == {"custodian", SECOND}
    assert {state for _, state in lodged.values()} == {"sent"}
    assert [desk.minted(each) for each in ("sub-1", "sub-2")] == [True, True]
    assert (desk.breaks(), desk.broken_checks()) == ([], [])


def test_one_share_too_few_at_the_second__names_it__and_no_mint_until_it_is_right(desk: Desk) -> None:
    short = Shares.parse(desk.held()[SECOND][0]) - Shares.whole(1)
    custodian = PaperCustodianClient(desk.run.stack.custodians[SECOND].url)
    custodian.turn(Switches(7, (Switch("statement_short", only=desk.isin),)))
    desk.advance("2024-06-05T21:03:00Z")
    assert eventually(lambda: desk.breaks() != [])
    [found] = [each for each in desk.breaks() if each.kind == "statement"]
    assert f"{short} in statement" in found.seen
    assert f"of {SECOND}" in found.seen
    desk.subscribe("sub-3", "alice", "evm", "2", at_once=True)
    desk.advance("2024-06-05T21:04:00Z")
    assert not desk.minted("sub-3")
    custodian.turn(Switches(7, ()))
    custodian.close()
    desk.advance("2024-06-05T21:07:00Z")
    assert eventually(lambda: desk.breaks() == [])
    desk.advance("2024-06-05T21:15:00Z")
    assert desk.minted("sub-3"), desk.row(Subscription, "sub-3").reason


def test_a_silent_custodian__stops_mints__and_they_resume_with_it(desk: Desk) -> None:
    child = desk.run.stack.custodians[SECOND]
    child.kill()
    desk.subscribe("sub-4", "alice", "evm", "1", at_once=True)
    desk.run.worker.nudge()
    assert eventually(lambda: bool(desk.row(Subscription, "sub-4").parcels))
    assert not eventually(lambda: desk.minted("sub-4"), 3.0)
    child.start()
    desk.advance("2024-06-05T21:30:00Z")
    assert eventually(lambda: desk.minted("sub-4")), desk.row(Subscription, "sub-4").reason


def test_split_and_dividend__pass_through_both(desk: Desk) -> None:
    desk.advance("2024-06-06T21:00:00Z")
    desk.approve()
    desk.advance("2024-06-07T21:00:00Z")
    before = {name: Shares.parse(held) for name, (held, _) in desk.held().items()}
    desk.advance("2024-06-10T14:00:00Z")
    assert desk.held() == {name: (str(held.times_down(10, 1)), 1) for name, held in before.items()}
    assert desk.row(Distribution, "NVDA.SPLF.2024-06-10").state == "final"
    desk.advance("2024-06-30T21:00:00Z")
    paid = desk.row(Distribution, "NVDA.DVCA.2024-06-11")
    assert (paid.state, sorted(paid.payers)) == ("final", ["custodian", SECOND])
    assert desk.run.platform.bank.cash(paid.id).received == paid.cash, "the second passes its part on to our bank"
    assert (desk.breaks(), desk.broken_checks()) == ([], [])


def test_a_redemption_in_kind__leaves_the_custodian_that_has_most(desk: Desk) -> None:
    held = {name: Shares.parse(shares) for name, (shares, _) in desk.held().items()}
    platform, bob = desk.run.platform, desk.investors["bob"]
    most = max(held, key=lambda name: held[name])
    asked = "red-1", "bob", STOCK, "solana", bob.address("solana"), RawAmount.parse("4"), RedemptionKind.IN_KIND, "AP-BOB"
    put_into_escrow(platform, bob, platform.market.redeem(*asked))
    desk.advance("2024-07-02T21:00:00Z")
    assert desk.row(Redemption, "red-1").state == "completed"
    moved = {name: [each.instruction for each in one.movements(0)] for name, one in platform.custodians.items()}
    [left] = [name for name, movements in moved.items() if "red-1:deliver" in movements]
    assert (left, desk.row(Lodging, "red-1:deliver").custodian) == (most, most)
    report = write_report(platform, "2024-06")
    assert "PAPER-CUSTODIAN-2" in report.read_text()
    assert (desk.breaks(), desk.broken_checks()) == ([], [])
