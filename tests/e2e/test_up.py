"""`openscrip up`: it answers, says where the doors are, ends with its children, and goes on where it stopped."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.stack import Up, alive, eventually, run

from openscrip.bootstrap.places import Places, read_wiring
from openscrip.bootstrap.venue_wiring import VenueWiring
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, Keystore

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    running = Up(data, "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA", venue=True)
    yield running
    running.stop(signal.SIGKILL)


def test_up_answers_and_every_door_is_open(up: Up) -> None:
    print(f"up answered after {up.ready_s:.1f} s")
    venue = {"venue_rest", "venue_public", "venue_private", "venue_operator"}
    assert set(up.doors) == {"api", "evm_rpc", "solana_rpc", "broker", "custodian", "attestor"} | venue
    assert json.loads((up.data / "doors.json").read_text())["doors"] == up.doors
    with httpx.Client(trust_env=False, timeout=10) as client:
        for name in ("api", "attestor"):
            assert client.get(f"{up.doors[name]}/v1/health").status_code == 200
        for name in ("broker", "custodian"):
            assert client.get(f"{up.doors[name]}/v1/clock").json()["now"] == 1717416000
        asked = {"jsonrpc": "2.0", "id": 1, "params": []}
        assert client.post(up.doors["evm_rpc"], json=asked | {"method": "eth_chainId"}).json()["result"] == "0x7a69"
        assert client.post(up.doors["solana_rpc"], json=asked | {"method": "getHealth"}).json()["result"] == "ok"
    assert up.told["stocks"] == ["TSLA"]


def test_a_second_up_on_the_same_folder_is_refused(up: Up) -> None:
    done = run("up", "--json", "--data", str(up.data))
    assert (done.returncode, json.loads(done.stdout)["code"]) == (3, "data.busy")
    assert up.http.get("/v1/health").status_code == 200


def test_it_stops_with_its_children_and_a_restart_goes_on(up: Up, data: Path) -> None:
    up.told_by("subscribe", "TSLA", "2", "--client", "alice", "--chain", "evm", "--paper", "--wait", "--request-id", "sub-1")
    before, children = up.told_by("status"), up.children()
    assert len(children) >= 5
    assert up.stop() == 0
    assert eventually(lambda: not any(alive(pid) for pid in children))
    assert not (data / "doors.json").exists()
    again = Up(data, venue=True)
    try:
        after = again.told_by("status")
        assert (after["now"], after["mode"]) == (before["now"], "accelerated")
        assert after["stocks"] == before["stocks"]
        assert after["stocks"][0]["raw_supply"] == {"evm": "2", "solana": "0"}
        row = again.told_by("subscribe", "TSLA", "1", "--client", "alice", "--chain", "solana", "--paper", "--wait")
        assert row["state"] == "completed"
        assert again.told_by("list-stock", "AAPL")["token"] == "AAPLx"
        deposit_of_a_stock_listed_now(again)
        assert again.stop(signal.SIGINT) == 0
    finally:
        again.stop(signal.SIGKILL)
    checked = run("verify", "--json", "--data", str(data))
    assert (checked.returncode, json.loads(checked.stdout)["ok"]) == (0, True), checked.stdout


def deposit_of_a_stock_listed_now(up: Up) -> None:
    """The venue that runs lists its pair and credits its tokens."""
    operator = up.doors["venue_operator"]
    assert eventually(lambda: "AAPLx/USD" in up.http.get(f"{operator}/v1/venue").json()["markets"])
    wallet = up.told_by("subscribe", "AAPL", "2", "--client", "alice", "--chain", "evm", "--paper", "--wait")["wallet"]
    up.http.post(f"{operator}/v1/venue/accounts", json={"account": 7, "name": "alice"}).raise_for_status()
    up.told_by("venue-money", "--wallet", "evm", wallet, "--account", "7", "--by", "olga", "--why", "challenge 1")
    places = Places(up.data)
    at = read_wiring(places).evm_chains["evm"]
    rpc = JsonRpc(at.rpc)
    account = EvmAccount(Keystore(places.wallets).load("alice-evm", KeyKind.SECP256K1))
    token = next(each for each in up.http.get("/v1/stocks").json() if each["symbol"] == "AAPL")["tokens"]["evm"]
    found = VenueWiring.read(up.data / "venue")
    assert found is not None
    treasury = found.treasuries["evm"].address
    EvmWallet(Node(rpc, at.chain_id, Fees()), at.contracts, account).transfer(token, treasury, RawAmount.parse("1.5"))
    rpc.close()

    def booked() -> str:
        holdings = up.told_by("venue-money")["holdings"]
        return str(next(each["booked"] for each in holdings if (each["asset"], each["place"]) == ("AAPLx", "evm")))

    assert eventually(lambda: booked() == "1.5"), up.http.get(f"{operator}/v1/venue").json()["troubles"]


def test_another_kind_of_market_time_is_refused(up: Up, data: Path) -> None:
    up.stop()
    done = run("up", "--live", "--json", "--data", str(data))
    assert (done.returncode, json.loads(done.stdout)["code"]) == (3, "clock.mode")


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    killed = Up(tmp_path, "--live", "--list", "TSLA")
    children = killed.children()
    assert killed.http.get("/v1/status").json()["mode"] == "live"
    assert killed.http.post("/v1/clock", json={"advance_to": "2024-06-06T12:00:00Z"}).json()["code"] == "clock.live"
    killed.stop(signal.SIGKILL)
    assert eventually(lambda: not any(alive(pid) for pid in children))
    assert run("status", "--data", str(tmp_path)).returncode == 1
