"""The powers as a chain has them: who holds each, and every way in which one key could break I7 found."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import NOBODY, NODE_MODULES, ONE, Stage, account, key
from tests.issuance.test_powers import READ

from openscrip.issuance.chains.evm.deployment import EvmRoles, SignerRole, SignerSet, deploy_platform
from openscrip.issuance.chains.evm.powers import read_evm_powers
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.powers import Breach, Power, PowerName, breaks_i7

NAMES = ("issuer", "attestor", "corporate_action", "price", "guardian", "lister", "approver", "second issuer")
KNOWN = {key(name).address: name for name in NAMES}
OF_THE_TIMELOCK = {
    PowerName.UPGRADE, PowerName.UNPAUSE, PowerName.UNFREEZE, PowerName.SEIZE, PowerName.CHANGE_ROLES,
    PowerName.RAISE_LIMIT, PowerName.MOVE_MONEY,
}  # fmt: skip


def powers(stage: Stage) -> list[Power]:
    """Every power on the stage's chain."""
    return read_evm_powers(stage.node, stage.at, NODE_MODULES, KNOWN)


def who(found: list[Power], name: PowerName) -> set[tuple[str, int]]:
    """Holders and delay of a power."""
    return {(power.who, power.delay_s) for power in found if power.name is name}


def breaches(stage: Stage) -> list[Breach]:
    """The findings."""
    return breaks_i7(powers(stage))


def by_owner(stage: Stage, contract: str, function: str, *arguments: object) -> None:
    """What the timelock does after its wait."""
    stage.send(stage.at.timelock, contract, function, *arguments)


def source(stage: Stage) -> str:
    """A contract that answers `isSanctioned` with no."""
    code = own("Policy").creation(account("stranger"), account("stranger"))
    return str(stage.send_data("stranger", None, code)["contractAddress"])


def short(name: str) -> str:
    """A key as the powers print it."""
    address = account(name)
    return f"{name} {address[:6]}…{address[-4:]}"


def test_powers__of_a_new_deployment__are_two_keys_each(stage: Stage) -> None:
    found = powers(stage)
    assert breaks_i7(found) == []
    attestor = f"{short('attestor')}"
    assert who(found, PowerName.MINT) == {(f"{short('issuer')} + {attestor}", 0)}
    assert who(found, PowerName.RAISE_RESERVE) == {(f"{short('issuer')} + {attestor}", 0)}
    action = f"{short('corporate_action')} as corporate-action + {attestor}"
    for name in (PowerName.CHANGE_MULTIPLIER, PowerName.CONVERT, PowerName.DISTRIBUTE):
        assert who(found, name) == {(action, 0)}
    waits = f"{short('issuer')} as proposer + {short('approver')} as timelock executor"
    for name in (*OF_THE_TIMELOCK, PowerName.RENAME):
        assert who(found, name) == {(waits, 86_400)}
    assert who(found, PowerName.REPORT_PRICE) == {(short("price"), 0)}
    assert who(found, PowerName.REGISTER) == {(short("lister"), 0)}
    assert who(found, PowerName.END_REDEMPTION) == {(short("issuer"), 0)}
    assert who(found, PowerName.PAUSE) == who(found, PowerName.FREEZE) == {(short("guardian"), 0)}


def test_powers__name_every_function_that_somebody_may_call(stage: Stage) -> None:
    by_owner(stage, "Policy", "set_mirror", account("keeper"), 60)
    by_owner(stage, "Policy", "set_source", source(stage))
    by_owner(stage, "Policy", "transferOwnership", account("stranger"))
    by_owner(stage, "StockToken", "set_pool", account("pool"), ONE, 10**10)
    told = ", ".join(power.source for power in powers(stage)).replace(" of 0x", ",").split(", ")
    expected = {f"{contract}.{function}" for contract, functions in READ.items() for function in functions}
    # only before a registry is open
    assert expected - {each.split(" (")[0].split(",")[0] for each in told} == {"Registry.open"}


def test_powers__of_sets__ask_for_as_many_as_the_chain_does(stage: Stage) -> None:
    members = sorted((account("issuer"), account("second issuer"), account("third")), key=lambda each: int(each, 16))
    by_owner(stage, "Signers", "set_signers", 1, members, 2)
    found = powers(stage)
    (mint,) = (power for power in found if power.name is PowerName.MINT)
    issuers, attestor = mint.seats
    assert (issuers.role, issuers.needed, [each.address for each in issuers.keys]) == ("issuer", 2, members)
    assert (attestor.role, attestor.needed) == ("attestor", 1)
    assert {each.name for each in issuers.keys} == {"issuer", "second issuer", "unknown key"}
    (raising,) = (power for power in found if power.name is PowerName.RAISE_RESERVE)
    assert [seat.needed for seat in raising.seats] == [1, 1]
    assert breaks_i7(found) == []


def test_powers__one_key_as_issuer_and_price__breaks_nothing(stage: Stage) -> None:
    by_owner(stage, "Signers", "set_signers", 4, [account("issuer")], 1)
    found = powers(stage)
    assert who(found, PowerName.REPORT_PRICE) == {(f"{short('issuer')} as price", 0)}
    assert breaks_i7(found) == []


def test_powers__an_attestor_with_another_role__cannot_come_to_be(stage: Stage) -> None:
    for role in (1, 3, 4, 5):
        with pytest.raises(Exception, match="attestor was no second key"):
            by_owner(stage, "Signers", "set_signers", role, [account("attestor")], 1)
    for other in ("issuer", "corporate_action", "price", "lister"):
        with pytest.raises(Exception, match="attestor was no second key"):
            by_owner(stage, "Signers", "set_signers", 2, [account(other)], 1)


def test_powers__a_proposer_that_may_also_execute__is_found(stage: Stage) -> None:
    code = openzeppelin("TimelockController", NODE_MODULES)
    grant = code.call("grantRole", keccak(text="EXECUTOR_ROLE"), account("issuer"))
    stage.send_data(stage.at.timelock, stage.at.timelock, grant)
    found = breaches(stage)
    assert {each.power for each in found} == OF_THE_TIMELOCK
    assert {each.key for each in found} == {account("issuer")}


def test_powers__a_timelock_that_anyone_may_execute__is_found(stage: Stage) -> None:
    code = openzeppelin("TimelockController", NODE_MODULES)
    stage.send_data(stage.at.timelock, stage.at.timelock, code.call("grantRole", keccak(text="EXECUTOR_ROLE"), NOBODY))
    assert {(each.power, each.key) for each in breaches(stage)} == {(power, account("issuer")) for power in OF_THE_TIMELOCK}


def test_powers__a_timelock_with_an_admin__is_found(stage: Stage) -> None:
    code = openzeppelin("TimelockController", NODE_MODULES)
    stage.send_data(stage.at.timelock, stage.at.timelock, code.call("grantRole", bytes(32), account("guardian")))
    assert [(each.power, each.key) for each in breaches(stage)] == [(PowerName.CHANGE_ROLES, account("guardian"))]


def test_powers__a_pool__counts_as_one_holder_of_mints_until_it_is_removed(stage: Stage) -> None:
    by_owner(stage, "StockToken", "set_pool", account("pool"), ONE, 10**10)
    (found,) = breaches(stage)
    assert (found.power, found.key) == (PowerName.MINT, account("pool"))
    assert f"StockToken.mint of {stage.token} as its pool" in found.text
    by_owner(stage, "StockToken", "set_pool", account("pool"), 0, 0)
    assert breaches(stage) == []


def test_powers__an_offer_of_ownership_to_one_key__is_found(stage: Stage) -> None:
    by_owner(stage, "Policy", "transferOwnership", account("guardian"))
    assert [(each.power, each.key) for each in breaches(stage)] == [(PowerName.CHANGE_ROLES, account("guardian"))]


def test_powers__an_owner_that_is_one_key__is_found(stage: Stage) -> None:
    by_owner(stage, "Policy", "transferOwnership", account("guardian"))
    stage.send("guardian", "Policy", "acceptOwnership")
    assert {(each.power, each.key) for each in breaches(stage)} == {
        (power, account("guardian")) for power in OF_THE_TIMELOCK - {PowerName.UPGRADE}
    }


def test_powers__a_beacon_that_one_key_owns__is_found(stage: Stage) -> None:
    code = openzeppelin("UpgradeableBeacon", NODE_MODULES)
    stage.send_data(stage.at.timelock, stage.at.beacon, code.call("transferOwnership", account("lister")))
    assert {(each.power, each.key) for each in breaches(stage)} == {(PowerName.UPGRADE, account("lister"))}


def test_powers__a_mirror_and_a_source__may_list_alone(stage: Stage) -> None:
    by_owner(stage, "Policy", "set_mirror", account("keeper"), 60)
    by_owner(stage, "Policy", "set_source", source(stage))
    told = {power.source: power.who.split(" ")[0:2] for power in powers(stage) if power.name is PowerName.FREEZE}
    assert told["Policy.mirror"] == ["unknown", "key"]
    assert told["Policy.sync"] == ["unknown", "contract"]
    assert breaches(stage) == []


@pytest.mark.parametrize(
    ("contract", "create", "power"),
    [
        ("StockToken", lambda at, other: (at.policy, other, at.actions, at.registry), PowerName.MINT),
        ("StockToken", lambda at, other: (at.policy, at.issuer, other, at.registry), PowerName.CHANGE_MULTIPLIER),
        ("StockToken", lambda at, other: (other, at.issuer, at.actions, at.registry), PowerName.UNPAUSE),
        ("Issuer", lambda at, other: (at.policy, other, at.registry, at.actions, at.conversion), PowerName.MINT),
        ("Issuer", lambda at, other: (at.policy, at.signers, at.registry, at.actions, other), PowerName.MINT),
        ("Issuer", lambda at, other: (other, at.signers, at.registry, at.actions, at.conversion), PowerName.RAISE_LIMIT),
        ("Issuer", lambda at, other: (at.policy, at.signers, at.registry, other, at.conversion), PowerName.CONVERT),
        ("CorporateActions", lambda at, other: (other, at.issuer), PowerName.CHANGE_MULTIPLIER),
        ("CorporateActions", lambda at, other: (at.signers, other), PowerName.CHANGE_MULTIPLIER),
        ("Conversion", lambda at, other: (other, at.issuer, at.actions), PowerName.MOVE_MONEY),
        ("Conversion", lambda at, other: (at.policy, other, at.actions), PowerName.MOVE_MONEY),
        ("Conversion", lambda at, other: (at.policy, at.issuer, other), PowerName.MINT),
        ("Distributor", lambda at, other: (at.policy, other, at.issuer), PowerName.DISTRIBUTE),
    ],
)
def test_powers__a_contract_that_hangs_on_another__gives_the_power_to_that(
    stage: Stage, contract: str, create: Callable[[Any, str], tuple[object, ...]], power: PowerName
) -> None:
    place = {"StockToken": stage.at.implementation, "CorporateActions": stage.at.actions}.get(contract)
    place = place or getattr(stage.at, contract.lower())
    receipt = stage.send_data("stranger", None, own(contract).creation(*create(stage.at, account("mallory"))))
    astray = stage.rpc.call("eth_getCode", receipt["contractAddress"], "latest")
    stage.rpc.call("anvil_setCode", place, astray)
    assert (power, account("mallory")) in {(each.power, each.key) for each in breaches(stage)}


def test_powers__of_a_registry_that_was_never_opened__are_its_admins(stage: Stage) -> None:
    receipt = stage.send_data("stranger", None, own("Registry").creation(account("mallory")))
    stage.rpc.call("anvil_setCode", stage.at.registry, stage.rpc.call("eth_getCode", receipt["contractAddress"], "latest"))
    for slot in range(16):
        stage.rpc.call("anvil_setStorageAt", stage.at.registry, f"0x{slot:064x}", "0x" + "00" * 32)
    assert (PowerName.UPGRADE, account("mallory")) in {(each.power, each.key) for each in breaches(stage)}


def test_roles__of_sets__deploy_as_they_say(fresh: Stage) -> None:
    deployer = key("another deployer")
    fresh.evm.fund(deployer.address)
    names = ("issuer", "attestor", "corporate_action", "guardian", "approver", "lister")
    attestors = SignerSet(tuple(account(name) for name in ("watch one", "watch two", "watch three")), 2)
    roles = EvmRoles(*(account(name) for name in names), sets={SignerRole.ATTESTOR: attestors})
    at = deploy_platform(fresh.node, deployer, roles, NODE_MODULES)
    held = [fresh.view("Signers", "members", int(role), to=at.signers) for role in SignerRole]
    singles = [[account(name).lower()] for name in ("issuer", "corporate_action", "issuer", "lister")]
    ascending = sorted((each.lower() for each in attestors.members), key=lambda each: int(each, 16))
    assert [list(each) for each in held] == [singles[0], ascending, *singles[1:]]
    assert [fresh.view("Signers", "threshold", int(role), to=at.signers) for role in SignerRole] == [1, 2, 1, 1, 1]
    assert breaks_i7(read_evm_powers(fresh.node, at, NODE_MODULES, KNOWN)) == []
