"""I7 over a model of powers: whatever lets one key act alone is found, and what two keys must sign is not."""

import pytest

from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.contracts.compile import CONTRACTS
from openscrip.issuance.powers import NOBODY, UNGUARDED, Key, Power, PowerName, Seat, breaks_i7

ISSUER, ATTESTOR, OTHER = Key("0xaa", "issuer"), Key("0xbb", "attestor"), Key("0xcc", "other")
# What each contract lets somebody change: the powers that `chains/evm/powers.py` reads,
READ = {
    "Signers": {"set_signers"},
    "Issuer": {"mint", "mint_batch", "report_and_mint", "void_request", "burn", "refund", "set_limits", "set_lane"},
    "ReserveFeed": {"report"},
    "PriceFeed": {"report", "halt", "resume"},
    "CorporateActions": {"announce", "stage", "announce_and_stage", "open_conversion", "cancel", "finish"},
    "Conversion": {"return_remainder"},
    "Distributor": {"create"},
    "StockToken": {
        "mint",
        "pause",
        "unpause",
        "freeze",
        "unfreeze",
        "recover",
        "set_terms",
        "set_contract_uri",
        "set_pool",
    },
    "Policy": {
        "list_address",
        "unlist_address",
        "mirror",
        "sync",
        "set_mirror",
        "set_source",
        "set_guardian",
        "set_ccip_admin",
        "transferOwnership",
        "acceptOwnership",
    },
    "Registry": {"open", "list_stock", "add_deployment"},
    "Genesis": set(),
}
# what only another of our contracts may call (who stands there instead would have the power, and is found),
BETWEEN_CONTRACTS = {
    "StockToken": {"begin", "initialize", "schedule", "cancel"},
    "Issuer": {"register", "close", "surrender", "succeed"},
}
# and what holders do with their own, or anyone with what two keys signed. A pool burns what it holds or was allowed.
OF_HOLDERS = {
    "StockToken": {
        "transfer",
        "transferFrom",
        "approve",
        "permit",
        "permit_signed",
        "delegatedTransfer",
        "burn",
        "burnFrom",
    },
    "Issuer": {"escrow", "depart"},
    "Conversion": {"convert", "fund", "redeem"},
    "Distributor": {"claim", "push", "return_remainder"},
    "Treasury": {"pay", "void"},
    "TestDollar": {"mint", "transfer", "transferFrom", "approve"},
}
GUARDED = [name for name in PowerName if name not in UNGUARDED]


def seat(*keys: Key, needed: int = 1, role: str = "") -> Seat:
    return Seat(role or keys[0].name, needed, keys)


def power(name: PowerName, *seats: Seat, chain: str = "evm") -> Power:
    return Power(name, chain, seats, 0, "Contract.function")


def test_what_i7_names_is_guarded() -> None:
    chains = {"mint", "raise a reserve", "change a multiplier", "upgrade", "unfreeze", "seize"}
    more = {"change roles", "raise a limit", "convert or wind down"}
    assert chains | more | {"move shares out", "move money out"} < {name.value for name in GUARDED}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_no_contract_has_a_function_whose_power_nobody_reads(contract: str) -> None:
    functions = (entry for entry in own(contract).abi if entry["type"] == "function")
    changing = {entry["name"] for entry in functions if entry["stateMutability"] not in {"view", "pure"}}
    known = READ.get(contract, set()) | BETWEEN_CONTRACTS.get(contract, set()) | OF_HOLDERS.get(contract, set())
    assert changing == known, "powers: read the new power in chains/evm/powers.py, then name it here"


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_power_of_one_key_is_found(name: PowerName) -> None:
    (found,) = breaks_i7([power(name, seat(ISSUER))])
    assert (found.power, found.chain, found.key) == (name, "evm", "0xaa")
    assert found.text == f"{name} on evm (Contract.function): issuer 0xaa alone could do it; no other key is asked"


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_power_of_two_keys_is_well(name: PowerName) -> None:
    assert breaks_i7([power(name, seat(ISSUER), seat(ATTESTOR))]) == []
    assert breaks_i7([power(name, seat(ISSUER, ATTESTOR, needed=2, role="multisig"))]) == []
    assert breaks_i7([power(name, NOBODY)]) == []


@pytest.mark.parametrize("name", sorted(UNGUARDED))
def test_stopping_adding_and_ending_need_one_key_alone(name: PowerName) -> None:
    assert breaks_i7([power(name, seat(ISSUER))]) == []


def test_one_key_in_two_seats_is_found() -> None:
    same = Seat("attestor", 1, (ISSUER,))
    (found,) = breaks_i7([power(PowerName.MINT, seat(ISSUER), same)])
    assert found.text.endswith("issuer 0xaa alone could do it; it sits as issuer and attestor")


def test_one_member_of_both_groups_is_found() -> None:
    (found,) = breaks_i7([power(PowerName.UPGRADE, seat(ISSUER, OTHER), seat(ATTESTOR, OTHER))])
    assert found.key == "0xcc"


def test_a_multisig_that_one_signature_opens_is_found_for_each_of_its_keys() -> None:
    found = breaks_i7([power(PowerName.SEIZE, seat(ISSUER, ATTESTOR))])
    assert [each.key for each in found] == ["0xaa", "0xbb"]


def test_a_multisig_that_lists_a_key_twice_is_found() -> None:
    (found,) = breaks_i7([power(PowerName.MINT, seat(ISSUER, ISSUER, ATTESTOR, needed=2))])
    assert found.key == "0xaa"


def test_a_seat_that_is_open_to_anyone_adds_no_second_key() -> None:
    anyone = Seat("executor", 0, ())
    (found,) = breaks_i7([power(PowerName.UPGRADE, seat(ISSUER), anyone)])
    assert found.key == "0xaa"
    (open_to_all,) = breaks_i7([power(PowerName.UPGRADE, anyone)])
    assert (open_to_all.key, open_to_all.text.endswith("anyone could do it")) == ("", True)
    assert breaks_i7([power(PowerName.UPGRADE)]) != []


def test_a_finding_comes_once() -> None:
    alone = power(PowerName.MINT, seat(ISSUER))
    assert len(breaks_i7([alone, alone])) == 1


def test_holders_needs_and_delays_in_words() -> None:
    both = power(PowerName.MINT, seat(ISSUER, ATTESTOR, needed=2, role="multisig"))
    assert (both.who, both.needs, both.delay) == ("2 of (issuer 0xaa, attestor 0xbb) as multisig", "2 keys", "at once")
    waits = Power(PowerName.UPGRADE, "evm", (Seat("proposer", 1, (ISSUER,)), Seat("executor", 0, ())), 86_400, "Beacon")
    assert (waits.who, waits.needs, waits.delay) == ("issuer 0xaa as proposer + anyone as executor", "1 key", "24 h")
    assert (power(PowerName.SEIZE, NOBODY).who, power(PowerName.SEIZE, NOBODY).needs) == ("nobody", "-")
