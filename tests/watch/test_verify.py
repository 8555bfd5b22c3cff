"""The verifier on a history with everything in it, then on the same history with one thing corrupted at a time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.issuance.solana.conftest import WillingAttestor, chain_of
from tests.watch.asks import SPLIT_BOOKED, SPLIT_DAY, SPLIT_OPEN, change, delivery, notice, release, schedule, terms
from tests.watch.stage import ISIN, LEFT_BEHIND, STOCK, Stage

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.chains.solana.program_parts import Role
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip_watch.chains.rpc import Rpc
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.checks import Check
from openscrip_watch.config import load_config
from openscrip_watch.refusal import Refusal
from openscrip_watch.verify import verify
from openscrip_watch.verify_solana import check_commands

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("verify"))
    made.start()
    made.receive("r-1", 200)
    made.mint("evm", "sub-1/1", "60", {"r-1": "60"})
    made.mint("solana", "sub-2/1", "100", {"r-1": "100"})
    made.evm_wallet().escrow(made.listed.token, RawAmount.parse("10"), RedemptionKind.IN_KIND, "red-1")
    made.land("evm", made.evm.prepare_burn(made.listed.token, "red-1", made.evm_wallet().address, RawAmount.parse("10")))
    release(made, delivery("red-1", "10"))
    made.custodian.move("delivery", "red-1:deliver", ISIN, 10, "red-1", "ACCOUNT-7")
    _split(made)
    made.mint("evm", "sub-3/1", "1", {"r-1": "10"})
    wallet = made.solana_wallet()
    wallet.redeem(made.mint_address, "red-2", RawAmount.parse("2"), RedemptionKind.CASH)
    burn = made.solana.prepare_burn(made.mint_address, "red-2", wallet.address, RawAmount.parse("2"))
    made.land("solana", burn)
    _dividend(made)
    made.mint("solana", "sub-4/1", "1", {"r-1": "10.01"})
    yield made
    made.stop()


def _split(stage: Stage) -> None:
    told = notice("SPLF", SPLIT_DAY, ratio_new=10, ratio_old=1)
    stage.custodian.event("corporate_action", notice=told)
    for chain in ("evm", "solana"):
        schedule(stage, change(stage, chain, told, "10", SPLIT_OPEN, 1), terms(told))
    stage.set_time(SPLIT_BOOKED)
    stage.custodian.move("split", told["event_id"], ISIN, 0, "10/1", "DEPOSITORY")
    stage.set_time(SPLIT_OPEN)


def _dividend(stage: Stage) -> None:
    told = notice("DVCA", "2024-06-11", cash_usd="0.01", pay_date="2024-06-28")
    stage.custodian.event("corporate_action", notice=told)
    stage.set_time(SPLIT_OPEN + 86_400)
    at = stage.now + 900
    for chain in ("evm", "solana"):
        schedule(stage, change(stage, chain, told, "10.01", at, 1), terms(told, "1", "1000"))
    stage.set_time(at)


def checks(stage: Stage) -> dict[str, Check]:
    return {check.name: check for check in verify(load_config(stage.config))}


def broken(stage: Stage) -> dict[str, str]:
    return {name: check.detail for name, check in checks(stage).items() if not check.ok}


def test_an_honest_history_passes_every_check(stage: Stage) -> None:
    found = checks(stage)
    assert {name for name, check in found.items() if not check.ok} == set(), found
    assert list(found) == [
        "statements", "chains", "covered", "reserve", "multiplier", "evidence", "signatures", "unauthorised supply",
    ]  # fmt: skip
    assert "1501.5 owed and 20 claimed, 1900 held" in found["covered"].detail


def test_one_byte_of_a_statement_is_found(stage: Stage) -> None:
    chain = stage.custodian.statements[ISIN]
    for place, row in enumerate(chain):
        forged = row | {"available": str(row["available"]).replace("1", "2", 1)}
        if forged == row:
            continue
        chain[place] = forged
        assert f"number {row['sequence']} of custodian was not signed by the custodian" in broken(stage)["statements"]
        chain[place] = row
    gone = chain.pop(1)
    assert "came where 2 was due" in broken(stage)["statements"]
    chain.insert(1, gone)
    moved = stage.custodian.movements[0]["quantity"]
    stage.custodian.movements[0]["quantity"] = "300"
    assert "the hash was not the statement's" in broken(stage)["statements"]
    stage.custodian.movements[0]["quantity"] = moved
    assert broken(stage) == {}


def test_evidence_that_was_not_published_or_altered_is_found_with_its_mint(stage: Stage) -> None:
    file = stage.folder / "evidence.jsonl"
    good = file.read_text()
    file.write_text(good.replace('"shares": "60"', '"shares": "6"'))
    assert f"mint {chain_hash('sub-1/1').hex()} of 60 on evm" in broken(stage)["evidence"]
    file.write_text("".join(line + "\n" for line in good.splitlines() if "sub-2/1" not in line))
    assert f"mint {chain_hash('sub-2/1').hex()} of 100 on solana" in broken(stage)["evidence"]
    file.write_text(good)


def test_shares_that_leave_without_a_burn_are_found(stage: Stage) -> None:
    line = stage.custodian.line(ISIN)
    line["available"] -= 400
    stage.custodian.dirty.add(ISIN)
    assert "1501.5 owed and 20 claimed, 1500 held" in broken(stage)["covered"]
    line["available"] += 400
    stage.custodian.dirty.add(ISIN)
    assert broken(stage) == {}


def test_one_multiplier_out_of_step_is_found_on_either_chain(stage: Stage) -> None:
    rpc = stage.node.rpc
    standing = rpc.call(
        "eth_call", {"to": stage.listed.token, "data": "0x" + own("StockToken").call("standing").hex()}, "latest"
    )
    shown = int(standing[2 + 64 : 2 + 128], 16)
    slot = next(
        hex(each) for each in range(40)
        if int(rpc.call("eth_getStorageAt", stage.listed.token, hex(each), "latest"), 16) == shown
    )  # fmt: skip
    rpc.call("anvil_setStorageAt", stage.listed.token, slot, f"0x{shown + 10**15:064x}")
    assert f"{STOCK}: multiplier: EVM shows {shown + 10**15}" in broken(stage)["multiplier"]
    rpc.call("anvil_setStorageAt", stage.listed.token, slot, f"0x{shown:064x}")
    assert broken(stage) == {}


def test_an_event_that_the_custodian_tells_otherwise_is_found(stage: Stage) -> None:
    """As if both keys had announced another event than there was; the custodian's words are turned, not the chain's."""
    split, dividend = (each["notice"] for each in stage.custodian.events if each["type"] == "corporate_action")
    for told, name, other in ((split, "ratio_new", 11), (split, "record_date", "2024-06-07"), (dividend, "cash_usd", "0.02")):
        honest, told[name] = told[name], other
        assert "the custodian says" in broken(stage)["multiplier"]
        told[name] = honest
    honest, dividend["event_id"] = dividend["event_id"], "another"
    assert "has no event that the custodian announced" in broken(stage)["multiplier"]
    dividend["event_id"] = honest
    assert broken(stage) == {}


class Thief(WillingAttestor):
    """Whoever holds the keys of both roles: signs whatever it composes."""


def thieves(stage: Stage) -> SolanaChain:
    """The chain in the hands of thieves with every key but the guardian's."""
    thief = Thief(stage.cluster, local_program(), stage.keys.solana, Shares.whole(1_000_000))
    chain = chain_of(stage.cluster, local_program(), stage.solana_keys, thief)
    chain.watch_token(stage.mint_address)
    return chain


def test_tokens_without_a_voucher_are_found_and_named_on_both_chains(stage: Stage) -> None:
    evidence = {"kind": "issuance"}
    forged = stage.voucher("solana", "forged/1", "0.000001", evidence)
    stage.land("solana", thieves(stage).prepare_mint(forged, evidence))
    found = broken(stage)
    assert f"mint {chain_hash('forged/1').hex()} of 0.000001 on solana" in found["evidence"]
    assert "which no statement did" in found["reserve"]

    rpc, issuer = stage.node.rpc, stage.deployment.issuer
    rpc.call("anvil_impersonateAccount", issuer)
    stage.evm_node.fund(issuer)
    data = own("StockToken").call("mint", stage.evm_wallet().address, 5 * 10**18)
    tx = rpc.call("eth_sendTransaction", {"from": issuer, "to": stage.listed.token, "data": "0x" + data.hex()})
    rpc.call("evm_mine")
    found = broken(stage)
    assert f"{tx} changed the supply by 5 without a voucher" in found["unauthorised supply"]


def test_a_multiplier_sent_to_solana_alone_is_found(stage: Stage) -> None:
    told = notice("SPLF", "2024-06-20", ratio_new=2, ratio_old=1)
    alone = replace(change(stage, "solana", told, "20.02", stage.now + 900, 2), paused_from=stage.now)
    stage.land("solana", thieves(stage).prepare_multiplier(alone, {}))
    assert "multiplier: EVM shows" in broken(stage)["multiplier"]


def test_mints_are_held_against_the_keys_of_their_own_time_after_a_rotation(stage: Stage) -> None:
    thief = Thief(stage.cluster, local_program(), stage.keys.solana)
    attestor = (str(stage.keys.solana.pubkey()), thief)
    timelock = SolanaTimelock(stage.cluster, local_program(), stage.solana_keys.issuer, *attestor)
    fresh = operations.signers(salt=b"rotation", role=1, keys=Role.of(1, stage.solana_keys.guardian.pubkey()))
    timelock.propose(fresh)
    stage.set_time(stage.now + 86_400)
    timelock.execute(fresh)
    assert stage.solana.issuer_account().signer_epoch == 2
    assert "2 EVM and 3 Solana mints" in checks(stage)["signatures"].detail


def test_a_program_that_one_key_may_replace_is_found(stage: Stage) -> None:
    """As if the deployer had kept the power to upgrade: the same program under an id that was never handed over."""
    reader = SolanaReader(Rpc(stage.solana_node.url, stage.attestor.client), str(LEFT_BEHIND))
    with pytest.raises(Refusal) as refusal:
        check_commands(reader, [])
    assert refusal.value.code == "signature.program"
    assert f"could be replaced by {stage.solana_keys.issuer.pubkey()}" in refusal.value.text


def test_the_command_prints_each_check_and_exits_1_on_a_broken_one(stage: Stage) -> None:
    command = [sys.executable, "-m", "openscrip_watch", "verify", "--config", str(stage.config)]
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=90, check=False)
    answer = json.loads(told.stdout)
    assert (told.returncode, answer["ok"]) == (1, False)
    assert {check["name"] for check in answer["checks"] if not check["ok"]} >= {"multiplier", "unauthorised supply"}
    plain = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert "BROKEN unauthorised supply" in plain.stdout
