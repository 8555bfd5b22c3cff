"""Shares into tokens and back for an authorised participant: the whole platform and a tokenisation network, each a process
of its own beside the chains, the broker, the custodian and the watch."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from tests.crash.nursery import CLOCK
from tests.e2e.stack import eventually

from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.capital import buy_inventory
from openscrip.bootstrap.investors import Investor, onboard, put_into_escrow
from openscrip.bootstrap.itn import open_itn_door
from openscrip.bootstrap.running import Running, running
from openscrip.issuance.break_row import Break
from openscrip.issuance.in_kind_market import redemption_id
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.settings import load_settings

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(360)]

AP, MAIL, ACCOUNT, ISSUER = "ap-1", "desk@ap.example", "AP-ACCOUNT", "issuer-tokenisation"
DAY_S = int(timedelta(days=1).total_seconds())
ROOT = Path(__file__).parents[2]


class Network:
    """The paper network as a process."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        program = [sys.executable, "-m", "openscrip.assets.networks.paper_server", "--die-with-parent"]
        self.process = subprocess.Popen(
            [*program, "--credential", "Basic aXNzdWVyOnNlY3JldA=="], stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        out = self.process.stdout
        assert out is not None
        assert select.select([out], [], [], 20)[0]
        self.url = json.loads(out.readline())["url"]
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=20.0)

    def post(self, path: str, body: object, **headers: str) -> Any:
        """The answer to a POST."""
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def state(self) -> dict[str, Any]:
        """Everything that happened there."""
        told: dict[str, Any] = self.http.get("/paper/state").json()
        return told

    def stop(self) -> None:
        """End the process."""
        self.http.close()
        self.process.terminate()
        assert self.process.wait(60) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


class Depository:
    """Shows at the network, as they happen, what the custodian delivers to the tokenisation account or takes from it."""

    def __init__(self, run: Running, network: Network) -> None:
        self._run, self._network, self._seen = run, network, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            for movement in self._run.platform.custodian.movements(self._seen):
                self._seen = movement.seq
                if movement.counterparty == "ITN" and movement.type in ("receipt", "delivery"):
                    way = "in" if movement.type == "delivery" else "out"
                    body = {"id": f"m{movement.seq}", "symbol": "TSLA", "qty": str(movement.quantity), "way": way}
                    self._network.post("/paper/deliveries", body)


class World:
    """The stack, the network and one participant."""

    def __init__(self, run: Running, network: Network, ap: Investor) -> None:
        self.run, self.network, self.ap = run, network, ap

    def day(self, days: int = 1) -> None:
        """So many days of market time."""
        for _ in range(days):
            self.run.advance_to(self.run.platform.clock.now() + DAY_S)

    def until(self, holds: Callable[[], bool], days: int = 5) -> bool:
        """Whether it comes true within so many days; at week-ends nothing settles."""
        for _ in range(days):
            if holds():
                return True
            self.day()
        return holds()

    def mint(self, qty: str, chain: str) -> str:
        """The participant asks the network for tokens; the network's id for it."""
        network = {"evm": "ethereum", "solana": "solana"}[chain]
        body = {
            "underlying_symbol": "TSLA", "qty": qty, "issuer": "openscrip", "network": network,
            "wallet_address": self.ap.address(chain),
        }  # fmt: skip
        told = self.network.post("/v2/tokenization/mint", body, **{"APCA-API-KEY-ID": ACCOUNT, "Authorization": ""})
        request = str(told["tokenization_request_id"])
        assert eventually(lambda: bool(self.request(request)["told"]) or self.request(request)["status"] == "rejected")
        assert self.request(request)["told"] == ["completed:200"], self.request(request)
        return request

    def redeem(self, raw: str, chain: str, number: int) -> str:
        """The participant's wallet puts tokens into escrow under its id of that number."""
        request_id = redemption_id(AP, number)
        ask = Redemption(
            request_id, "TSLA", AP, chain, self.ap.address(chain), RawAmount.parse(raw), RedemptionKind.IN_KIND, "", 0, 0
        )
        put_into_escrow(self.run.platform, self.ap, ask)
        return request_id

    def request(self, request_id: str) -> dict[str, Any]:
        """A request as the network has it."""
        return next(each for each in self.network.state()["requests"] if request_id in (each["id"], each["issuer_request_id"]))

    def creation(self, request: str) -> InKindCreation:
        """Our row for the network's request."""
        with self.run.platform.store.view() as view:
            return next(row for row in view.rows(InKindCreation) if row.request == request)

    def side(self, request_id: str) -> InKindRedemption:
        """Our row for the network's side of a redemption."""
        with self.run.platform.store.view() as view:
            row = view.row(InKindRedemption, request_id)
        assert row is not None
        return row

    def held(self, chain: str) -> str:
        """The participant's tokens."""
        platform = self.run.platform
        return str(platform.chains[chain].balance(platform.stock("TSLA").token(chain), self.ap.address(chain)))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("in-kind")
    secrets = data / "secrets" / "itn"
    secrets.mkdir(parents=True)
    (secrets / "door-keys").write_text("door-key\n")
    (secrets / "credentials").write_text("issuer\nsecret\n")
    network = Network()
    settings = load_settings({**CLOCK, "OPENSCRIP_ITN_URL": network.url, "OPENSCRIP_ITN_ACCOUNT": ISSUER}, data)
    try:
        with running(settings) as run:
            run.list_stock("TSLA")
            ap = onboard(run.platform, run.stack, Person(AP, "AP One", PersonKind.LEGAL, "DE", "DE", "DE"))
            assert run.platform.in_kind is not None
            run.platform.in_kind.register(AP, MAIL)
            buy_inventory(run.platform, "first", "TSLA", Shares.whole(2))
            with open_itn_door(run.platform, run.worker.nudge) as door, Depository(run, network):
                network.post("/paper/issuer", {"url": door, "key": "door-key"})
                network.post("/paper/accounts", {"id": ACCOUNT, "email": MAIL, "positions": {"TSLA": "50"}})
                assert network.post("/paper/connect", {"id": ACCOUNT})["told"] == {"client_external_account_id": AP}
                found = World(run, network, ap)
                found.day(2)
                yield found
    finally:
        network.stop()


def test_shares_become_tokens_on_both_chains_and_the_network_hears_of_each(world: World) -> None:
    asked = {chain: world.mint("3.25", chain) for chain in ("evm", "solana")}
    world.day()
    assert {chain: world.held(chain) for chain in asked} == {"evm": "3.25", "solana": "3.25"}
    for chain, request in asked.items():
        row = world.creation(request)
        assert (row.state, row.chain, world.request(request)["status"]) == ("completed", chain, "completed")
        assert world.request(request)["tx_hash"] == row.tx


def test_custody_that_settles_in_parts_mints_once_all_is_there(world: World) -> None:
    door = httpx.post(
        f"{world.run.platform.wiring.custodian}/v1/paper/faults",
        json={"seed": 1, "switches": [{"name": "partial_transfer", "permille": 1000, "only": "itn-", "times": 1, "size": 0}]},
        trust_env=False,
    )
    assert door.is_success, door.text
    request = world.mint("4", "evm")
    assert world.until(lambda: str(world.creation(request).arrived) == "2")
    assert world.held("evm") == "3.25"
    assert world.until(lambda: world.creation(request).state == "completed")
    assert world.held("evm") == "7.25"


def test_tokens_are_burned_and_the_shares_journaled_to_the_participant(world: World) -> None:
    request_id = world.redeem("2.25", "evm", 1)
    world.run.settle()
    assert (world.side(request_id).state, world.held("evm")) == ("redeeming", "5")
    assert world.until(lambda: world.side(request_id).state == "completed")
    assert (world.request(request_id)["status"], world.request(request_id)["qty"]) == ("completed", "2.25")
    journals = [each for each in world.network.state()["journals"] if each["source"] == ISSUER]
    assert [(each["target"], each["qty"]) for each in journals] == [(ACCOUNT, "2.25")]


def test_what_the_network_rejects_comes_back_as_tokens(world: World) -> None:
    world.network.post("/paper/faults", {"faults": [{"name": "redeem_rejected"}]})
    request_id = world.redeem("2", "evm", 2)
    world.run.settle()
    assert world.until(lambda: world.side(request_id).state == "returning")
    assert (world.side(request_id).rule, world.held("evm")) == ("network.rejected", "3")
    assert world.until(lambda: world.side(request_id).state == "returned")
    assert world.held("evm") == "5"


def test_in_the_end_books_chains_and_custody_agree(world: World) -> None:
    world.run.settle()
    with world.run.platform.store.view() as view:
        assert [row.id for row in view.rows(Break, state="open")] == []
        assert str(Shares(view.balance("TSLA/network_claim").credit)) == "0"
        float_, at_network = view.balance("TSLA/network_float").credit, view.balance("TSLA/at_network").debit
    positions = world.network.state()["accounts"][ISSUER]["positions"]
    assert float_ == at_network == Shares.parse(positions["TSLA"]).atoms
    waiting = [command.key for command, status, _, _ in world.run.platform.store.waiting() if status == "parked"]
    assert waiting == []
