"""Artifacts are what the sources compile to, storage only grows, and only the timelock upgrades."""

import json
from pathlib import Path

import pytest
from tests.issuance.contracts.stage import NODE_MODULES, ONE, Stage, account, reverts

from openscrip.issuance.contracts import compile as compiler
from openscrip.issuance.contracts.artifact import OPENZEPPELIN_SHA256, openzeppelin, own
from openscrip.kernel.errors import Refused

LAYOUTS = json.loads(Path(__file__).with_name("storage_layouts.json").read_text())


@pytest.mark.parametrize("name", compiler.CONTRACTS)
def test_artifact__is_what_the_source_compiles_to(name: str) -> None:
    stored = (compiler.ARTIFACTS / f"{name}.json").read_text()
    assert stored == compiler.artifact_text(compiler.compile_contract(name))


@pytest.mark.parametrize("name", compiler.CONTRACTS)
def test_storage__keeps_every_recorded_slot(name: str) -> None:
    built = json.loads((compiler.ARTIFACTS / f"{name}.json").read_text())
    now = slots(built["storage_layout"])
    recorded = LAYOUTS[name]
    assert {path: now.get(path) for path in recorded} == recorded
    last = max(slot for slot, _ in recorded.values())
    assert all(slot > last for path, (slot, _) in now.items() if path not in recorded)


def slots(layout: dict[str, object], prefix: str = "") -> dict[str, list[object]]:
    """Path -> first slot and type of each variable, modules included."""
    found: dict[str, list[object]] = {}
    for name, entry in layout.items():
        assert isinstance(entry, dict)
        if "slot" in entry:
            found[prefix + name] = [entry["slot"], entry["type"]]
        else:
            found |= slots(entry, f"{prefix}{name}.")
    return found


def test_openzeppelin__another_file_than_the_pinned__is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run the project's set-up"):
        openzeppelin("BeaconProxy", tmp_path)
    for name in OPENZEPPELIN_SHA256:
        path = Path("@openzeppelin/contracts/build/contracts") / f"{name}.json"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((NODE_MODULES / path).read_text() + " ")
        with pytest.raises(Refused, match="was not the file of @openzeppelin/contracts"):
            openzeppelin(name, tmp_path)


def test_upgrade__by_the_timelock__keeps_the_state_of_every_token(stage: Stage) -> None:
    change = stage.change()
    stage.schedule(change)
    receipt = stage.send_data("stranger", None, own("StockToken").creation(stage.at.policy, stage.at.issuer))
    beacon = openzeppelin("UpgradeableBeacon", NODE_MODULES)
    upgrade = beacon.call("upgradeTo", receipt["contractAddress"])
    for caller in ("issuer", "guardian", "lister", "stranger"):
        with pytest.raises(Exception, match="revert"):
            stage.send_data(caller, stage.at.beacon, upgrade)
    before = [stage.token_view(name) for name in ("name", "totalSupply", "standing")]
    stage.send_data(stage.at.timelock, stage.at.beacon, upgrade)
    assert [stage.token_view(name) for name in ("name", "totalSupply", "standing")] == before
    assert stage.token_view("balanceOf", "alice") == 100 * ONE
    with reverts("token: was initialized"):
        stage.send("stranger", "StockToken", "initialize", "Evil", "EVIL", "US88160R1014", 0)
    stage.send("alice", "StockToken", "transfer", account("bob"), ONE)
    stage.cancel(change["action"])
