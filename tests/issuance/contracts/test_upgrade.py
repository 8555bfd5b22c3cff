"""Artifacts are what the sources compile to, storage only grows, and an upgrade carries every token's state over."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from tests.issuance.contracts.stage import NOBODY, NODE_MODULES, ONE, Stage, account, key, reverts

from openscrip.issuance.chains.evm.deployment import TIMELOCK_DELAY_S_MIN
from openscrip.issuance.chains.evm.governance import EvmTimelock, upgrading
from openscrip.issuance.contracts import compile as compiler
from openscrip.issuance.contracts.artifact import OPENZEPPELIN_SHA256, Artifact, openzeppelin
from openscrip.kernel.errors import Refused

LAYOUTS = json.loads(Path(__file__).with_name("storage_layouts.json").read_text())
STRUCTS = LAYOUTS.pop("structs")
_STRUCT = re.compile(r"^struct (\w+):\n((?:    .*\n)+)", re.MULTILINE)
_FIELD = re.compile(r"^    (\w+): ([^#\n]*?) *(?:#.*)?$", re.MULTILINE)
# The next version of the token: a variable after all others, and what sets it.
_NEXT_STATE = "\n# --- of the next version ---\nlot_size: public(uint256)\n"
_NEXT_FUNCTIONS = """

@external
def initialize_next(lot_size: uint256):
    rights._refuse_unless_owner()
    assert self.lot_size == 0, "token: next version was initialized"
    self.lot_size = lot_size
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", compiler.CONTRACTS)
def test_artifact__is_what_the_source_compiles_to(name: str) -> None:
    stored = (compiler.ARTIFACTS / f"{name}.json").read_text()
    same = stored == compiler.artifact_text(compiler.compile_contract(name))  # apart: a difference would fill the screen
    assert same, "artifacts: run python -m openscrip.issuance.contracts.compile"


@pytest.mark.parametrize("name", compiler.CONTRACTS)
def test_storage__keeps_every_recorded_slot(name: str) -> None:
    built = json.loads((compiler.ARTIFACTS / f"{name}.json").read_text())
    now = slots(built["storage_layout"])
    recorded = LAYOUTS[name]
    assert {path: now.get(path) for path in recorded} == recorded
    last = max((slot for slot, _ in recorded.values()), default=-1)
    assert all(slot > last for path, (slot, _) in now.items() if path not in recorded)


def slots(layout: dict[str, object], prefix: str = "") -> dict[str, list[Any]]:
    """Path -> first slot and type of each variable, modules included."""
    found: dict[str, list[Any]] = {}
    for name, entry in layout.items():
        assert isinstance(entry, dict)
        if "slot" in entry:
            found[prefix + name] = [entry["slot"], entry["type"]]
        else:
            found |= slots(entry, f"{prefix}{name}.")
    return found


def test_storage__keeps_the_fields_of_every_recorded_struct() -> None:
    now = structs()
    for name, recorded in STRUCTS.items():
        assert now[name][: len(recorded)] == recorded, "upgrade: a struct in storage only grows at its end"
    names = {name.partition(".")[2] for name in STRUCTS}
    types = " ".join(str(kind) for layout in LAYOUTS.values() for _, kind in layout.values())
    assert {word for word in re.findall(r"[A-Z]\w+", types) if any(word == name.partition(".")[2] for name in now)} == names


def structs() -> dict[str, list[list[str]]]:
    """File.Name -> fields with their types, of every struct in the sources."""
    return {
        f"{path.stem}.{name}": [list(field) for field in _FIELD.findall(body)]
        for path in sorted(compiler.SOURCES.glob("*.vy*"))
        for name, body in _STRUCT.findall(path.read_text())
    }


def test_openzeppelin__another_file_than_the_pinned__is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run the project's set-up"):
        openzeppelin("BeaconProxy", tmp_path)
    for name in OPENZEPPELIN_SHA256:
        path = Path("@openzeppelin/contracts/build/contracts") / f"{name}.json"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((NODE_MODULES / path).read_text() + " ")
        with pytest.raises(Refused, match="was not the file of @openzeppelin/contracts"):
            openzeppelin(name, tmp_path)


# ------------------------------------------------------------------ the upgrade path


@pytest.fixture(scope="session")
def following(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The next version of the token, compiled from the sources with one variable more."""
    folder = tmp_path_factory.mktemp("next")
    for path in compiler.SOURCES.glob("*.vy*"):
        shutil.copyfile(path, folder / path.name)
    source = folder / "StockToken.vy"
    before, constructor, after = source.read_text().partition("\n\n\n@deploy\n")
    assert constructor
    source.write_text(before + _NEXT_STATE + constructor + after + _NEXT_FUNCTIONS)
    return compiled(source)


def compiled(source: Path) -> Artifact:
    """An artifact of a source that the package does not hold."""
    from vyper.cli.vyper_compile import compile_files  # noqa: PLC0415 - as the package's compiler does

    built = next(iter(compile_files([source], ["abi", "bytecode"], paths=[str(source.parent)]).values()))
    return Artifact("StockToken", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


def put_next(stage: Stage, following: Artifact) -> str:
    """The next implementation, put on the chain by whoever."""
    at = stage.at
    code = following.creation(at.policy, at.issuer, at.actions, at.registry)
    return to_checksum_address(stage.send_data("stranger", None, code)["contractAddress"])


def fill(stage: Stage) -> dict[str, Any]:
    """Bring the token into a state with something in every variable; the pending change."""
    stage.schedule(stage.change(multiplier=2 * ONE))
    stage.pass_time(86_400)
    stage.report()
    change = stage.change(multiplier=3 * ONE, effective_at=stage.now() + 10 * 86_400)
    stage.schedule(change)
    stage.send("alice", "StockToken", "approve", account("bob"), 7 * ONE)
    stage.send("alice", "StockToken", "delegatedTransfer", *stage_transfer(stage))
    stage.send("guardian", "StockToken", "freeze", account("carol"), 3)
    stage.send("guardian", "StockToken", "pause", 2)
    stage.send("guardian", "Policy", "list_address", account("mallory"))
    stage.send(stage.at.timelock, "StockToken", "set_pool", account("pool"), 20 * ONE, 10**10)
    stage.send("pool", "StockToken", "mint", account("bob"), ONE)
    stage.send(stage.at.timelock, "StockToken", "set_terms", "https://openscrip.example/terms")
    stage.send(stage.at.timelock, "StockToken", "set_contract_uri", "https://openscrip.example/uri")
    stage.escrow("alice", 3 * ONE, b"\7" * 32)
    return change


def stage_transfer(stage: Stage) -> tuple[object, ...]:
    """A transfer of 2 tokens that alice signed, so that her nonce is used."""
    from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, digest  # noqa: PLC0415

    values = (account("alice"), account("bob"), 2 * ONE, 0, stage.now() + 60)
    hashed = digest(stage.token_view("name"), stage.node.chain_id, stage.token, DELEGATED_TRANSFER, values)
    return (*values[:3], values[4], key("alice").sign_digest(hashed))


def standing(stage: Stage) -> list[object]:
    """What every view of the token says."""
    alice, bob = account("alice"), account("bob")
    plain = (
        "name", "symbol", "isin", "terms", "contractURI", "totalSupply", "standing", "pauses", "historyLength",
        "uiMultiplier", "newUIMultiplier", "effectiveAt", "multiplierVersion", "epoch", "newEpoch", "DOMAIN_SEPARATOR",
    )  # fmt: skip
    asked: list[tuple[object, ...]] = [(name,) for name in plain]
    asked += [("balanceOf", holder) for holder in (alice, bob, stage.at.issuer)]
    asked += [("allowance", alice, bob), ("nonces", alice), ("freeze_reason", account("carol"))]
    asked += [("historyEntry", number) for number in range(3)]
    asked += [("multiplierAt", at) for at in (0, stage.now(), stage.now() + 30 * 86_400)]
    return [stage.token_view(str(name), *arguments) for name, *arguments in asked] + [
        stage.token_view("pool_of", account("pool"))[:2]
    ]


@pytest.mark.slow
def test_upgrade__proposed_waited_for_and_executed_by_a_second_key__carries_everything_over(
    stage: Stage, following: Artifact
) -> None:
    change = fill(stage)
    for name in ("issuer", "approver"):
        stage.evm.fund(account(name))
    before = standing(stage)
    assert all(value not in (0, "", False) for value in before)
    timelock = EvmTimelock(stage.node, stage.at, NODE_MODULES)
    upgrade = upgrading(stage.at, put_next(stage, following), NODE_MODULES)
    with pytest.raises(Refused):
        timelock.propose(upgrade, key("approver"))
    timelock.propose(upgrade, key("issuer"))
    stage.pass_time(TIMELOCK_DELAY_S_MIN - 1)
    with pytest.raises(Refused):
        timelock.execute(upgrade, key("approver"))
    stage.pass_time(1)
    with pytest.raises(Refused):
        timelock.execute(upgrade, key("issuer"))
    pool = stage.token_view("pool_of", account("pool"))[2]
    now = stage.now()
    timelock.execute(upgrade, key("approver"))
    assert standing(stage) == [*before[:-3], stage.token_view("multiplierAt", now), *before[-2:]]
    assert stage.token_view("pool_of", account("pool"))[2] >= pool > 0
    with pytest.raises(Refused):
        timelock.execute(upgrade, key("approver"))
    _lives_on(stage, change)
    _uses_what_is_new(stage, following)


def _lives_on(stage: Stage, change: dict[str, Any]) -> None:
    """What stood before the upgrade still binds, and can still be undone."""
    stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 7 * ONE)
    with reverts("token: allowance was too small"):
        stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 1)
    with reverts("token: receiver was frozen"):
        stage.send("alice", "StockToken", "transfer", account("carol"), 1)
    with reverts("policy: receiver was listed"):
        stage.send("alice", "StockToken", "transfer", account("mallory"), 1)
    stage.report()
    with reverts("token: was paused"):
        stage.mint()
    stage.send(stage.at.timelock, "StockToken", "unpause", 2)
    stage.mint()
    stage.send("issuer", "Issuer", "refund", account("alice"), b"\7" * 32)
    stage.cancel(change["action"])
    assert stage.token_view("newUIMultiplier") == 2 * ONE


def _uses_what_is_new(stage: Stage, following: Artifact) -> None:
    """The next version's own variable starts at zero, and only its own rule sets it."""

    def lot_size() -> int:
        return int(stage.node.read(following, stage.token, "lot_size")[0])

    assert lot_size() == 0
    call = following.call("initialize_next", 100)
    for sender in ("stranger", "issuer", "guardian", "lister"):
        with reverts("token: caller was not the owner"):
            stage.send_data(sender, stage.token, call)
    stage.send_data(stage.at.timelock, stage.token, call)
    assert lot_size() == 100
    with reverts("token: next version was initialized"):
        stage.send_data(stage.at.timelock, stage.token, call)
    with reverts("token: caller was not the registry"):
        stage.send("stranger", "StockToken", "initialize", "Evil", "EVIL", 0, ONE, 0, "")
    with reverts("token: was initialized"):
        stage.send(stage.at.registry, "StockToken", "initialize", "Evil", "EVIL", 0, ONE, 0, "")
    with reverts("token: was begun"):
        stage.send("stranger", "StockToken", "begin", "US0378331005")


@pytest.mark.parametrize("caller", ["issuer", "approver", "guardian", "lister", "stranger"])
def test_upgrade__not_by_the_timelock__reverts(stage: Stage, following: Artifact, caller: str) -> None:
    call = openzeppelin("UpgradeableBeacon", NODE_MODULES).call("upgradeTo", put_next(stage, following))
    with pytest.raises(Exception, match="revert"):
        stage.send_data(caller, stage.at.beacon, call)


def test_upgrade__to_what_is_no_contract__reverts(stage: Stage) -> None:
    beacon = openzeppelin("UpgradeableBeacon", NODE_MODULES)
    for nobody in (NOBODY, account("stranger")):
        with pytest.raises(Exception, match="revert"):
            stage.send_data(stage.at.timelock, stage.at.beacon, beacon.call("upgradeTo", nobody))


def test_listing__after_an_upgrade__stands_where_it_would_have_before(stage: Stage, following: Artifact) -> None:
    told = stage.view("Registry", "token_address", "US0378331005")
    call = openzeppelin("UpgradeableBeacon", NODE_MODULES).call("upgradeTo", put_next(stage, following))
    stage.send_data(stage.at.timelock, stage.at.beacon, call)
    listing = ("US0378331005", "Apple", "AAPLx", 0, ONE, 0, "", ONE, ONE, ONE)
    stage.send("lister", "Registry", "list_stock", listing)
    assert stage.view("Registry", "stock", "US0378331005")[2] == told
    assert stage.node.read(following, told, "lot_size")[0] == 0
