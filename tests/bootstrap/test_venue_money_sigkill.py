"""The whole venue with its money is killed by SIGKILL at every step: journal, ledger, chain and bank agree after all."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.bootstrap.money_nursery import money_of, terms_of
from tests.bootstrap.money_stage import DAY_S, Place, TakingDoor, evm_place, evm_scene
from tests.bootstrap.test_venue_approver import a_bank
from tests.issuance.test_evm_chain import CHAIN_ID, NOON
from tests.markets.money_room import BookVenue

from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.paper import Deposit
from openscrip.bootstrap.market_clock import FileClock
from openscrip.bootstrap.venue_approver_client import VenueApproverClient, VenueApproverProcess
from openscrip.bootstrap.venue_approver_config import ApproverConfig, ApproverHolding, EvmEyes
from openscrip.bootstrap.venue_money import VenueMoney
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.markets.funding_check import differences, in_transit, owed
from openscrip.markets.funding_deposits import Settled, VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal
from openscrip.runtime.ledger import unbalanced

pytestmark = [pytest.mark.parts, pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]
TOKEN, COIN = 10**8, 10**6
KILLED = -9


@dataclass
class Killing:
    """A folder with everything that outlives a venue's process: chain, bank, approver."""

    folder: Path
    place: Place
    bank: PaperBankClient
    clock: FileClock
    told: dict[str, Any]
    nursery: subprocess.Popen[str]
    kills: int = 0

    def live(self) -> None:
        """Lives until one ends by itself."""
        (self.folder / "told.json").write_text(json.dumps(self.told))
        stdin, stdout = self.nursery.stdin, self.nursery.stdout
        assert stdin is not None
        assert stdout is not None
        while True:
            stdin.write('{"mortal": true}\n')
            stdin.flush()
            ended = json.loads(stdout.readline())["ended"]
            assert ended in (0, KILLED), f"a life ended with {ended}"
            if ended == 0:
                return
            self.kills += 1

    @contextmanager
    def money(self) -> Iterator[VenueMoney]:
        """The venue's money while no venue runs: for what customers ask."""
        with ExitStack() as parts:
            found = money_of(self.folder, self.told, TakingDoor(BookVenue()), parts)
            parts.callback(found.close)
            yield found


@pytest.fixture
def killing(tmp_path: Path) -> Iterator[Killing]:
    approver, clock = VenueApproverProcess(tmp_path / "venue-approver"), FileClock(tmp_path / "clock", NOON)
    approver.start()
    with evm_scene(tmp_path / "evm") as (evm, scene), a_bank(tmp_path / "bank", approver.keys["bank"]) as bank:
        place = evm_place(scene, evm.url, second=approver.keys["evm"])
        tokens = {each.asset: each.token for each in place.holdings}
        told = {
            "evm": evm.url, "deployment": asdict(scene.deployment), "tokens": tokens, "treasury": place.holdings[0].treasury,
            "approver": approver.url, "bank": bank.url, "now": NOON,
        }  # fmt: skip
        signs = [
            ApproverHolding(each.asset, each.place, each.nature, each.token, each.treasury, each.atoms_per_unit, 10**15)
            for each in terms_of(told).holdings.values()
        ]
        eyes = EvmEyes(evm.url, CHAIN_ID, place.holdings[0].treasury, "latest")
        ApproverConfig(tuple(signs), {"evm": eyes}, banks={"USD": bank.url}, clock=str(tmp_path / "clock")).write(
            tmp_path / "venue-approver"
        )
        command = [sys.executable, "-m", "tests.bootstrap.money_nursery", str(tmp_path)]
        nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        yield Killing(tmp_path, place, bank, clock, told, nursery)
        nursery.communicate()
        place.connections.close()
    approver.stop()


def test_the_venue__killed_at_every_step_of_its_money__loses_and_doubles_nothing(killing: Killing) -> None:
    place, bank, client = killing.place, killing.bank, VenueApproverClient(killing.told["approver"])
    alice, bob, stranger = (place.wallets[name] for name in ("alice", "bob", "stranger"))
    with killing.money() as money:
        money.desk.register_wallet(1, "evm", alice, "signed")
        money.desk.register_wallet(1, "bank", "ANNA", "statement")
        for to in (("evm", bob), ("bank", "DE89")):
            money.desk.list_address(1, *to, "mine")
            client.know(*to)
    place.send("alice", "TSLAx", 5 * TOKEN)
    place.send("alice", "TUSD", 400 * COIN)
    place.send("stranger", "TUSD", 30 * COIN)
    bank.deposit(Deposit("wire", bank_reference(1), Money.parse("90"), "ANNA"))
    killing.live()

    killing.told["now"] = NOON + DAY_S
    killing.clock.advance_to(NOON + DAY_S)
    before = {asset: place.balance(asset, bob) for asset in ("TSLAx", "TUSD")}
    with killing.money() as money:
        money.desk.withdraw(1, "t", "TSLAx", "evm", bob, 2 * TOKEN)
        money.desk.withdraw(1, "c", "TUSD", "evm", bob, 150 * COIN)
        money.desk.withdraw(1, "u", "USD", "bank", "DE89", 40 * COIN)
        money.desk.withdraw(1, "too much", "TUSD", "evm", bob, 260 * COIN)
        with money.store.view() as view:
            [waits] = [row for row in view.rows(VenueDeposit) if row.state == "suspense"]
        money.desk.settle(waits.id, Settled("return", "olga", "stranger"))
    killing.live()
    print(f"money: {killing.kills} lives were ended by SIGKILL")
    assert killing.kills > 40

    assert {asset: place.balance(asset, bob) - there for asset, there in before.items()} == {
        "TSLAx": 2 * TOKEN, "TUSD": 150 * COIN,
    }  # fmt: skip
    assert place.balance("TUSD", stranger) == 10_000 * COIN
    assert bank.balance() == Money.parse("50")
    assert json.loads((killing.folder / "balances.json").read_text()) == [
        [1, 1, 50 * COIN], [1, 2, 3 * TOKEN], [1, 3, 250 * COIN],
    ]  # fmt: skip
    with killing.money() as money:
        held = money.held()
        with money.store.view() as view:
            states = {row.request: (row.state, row.rule) for row in view.rows(VenueWithdrawal)}
            paid, refused = ("done", ""), ("refused", "withdrawal.funds")
            assert states == {"t": paid, "c": paid, "u": paid, "too much": refused}
            assert differences(view, held, money.terms) == []
            assert unbalanced(view.balances()) == []
            for asset in ("TSLAx", "TUSD", "USD"):
                assert in_transit(view, asset) == {}
                assert owed(view, asset)["venue_customer"] > 0
    client.close()
