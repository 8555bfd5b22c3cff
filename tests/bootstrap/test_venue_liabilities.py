"""What the venue says that it owes, against real chains: the watch reads them by itself, as a process of its own."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.bootstrap.money_stage import MoneyStage, TakingDoor, evm_place, evm_scene, solana_place
from tests.issuance.solana.conftest import START_AT, TSLA, Keys, WillingAttestor, at_genesis, deployments, found
from tests.issuance.solana.conftest import Desk as SolanaDesk
from tests.markets.money_room import BookVenue
from tests.markets.venue_told import TellingVenue
from tests.watch.test_venue_check import as_file, serving

from openscrip.bootstrap.venue_proof import Outside, VenueProofs, verify_venue
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Refused
from openscrip.markets.facts import What
from openscrip.markets.instruments import Directory, money, token
from openscrip.markets.settlement import Settlement

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(480)]
ONE_TOKEN, ONE_COIN = 10**8, 10**6
ASSETS = (("TSLAx", 8), ("TUSD", 6))
NUMBERS = {"TSLAx": 1, "TUSD": 2, "USD": 3, "EUR": 4}


def listed() -> Directory:
    found = Directory()
    found.admit(token(NUMBERS["TSLAx"], "TSLAx"))
    for name in ("TUSD", "USD", "EUR"):
        found.admit(money(NUMBERS[name], name))
    return found


@contextmanager
def both_chains(folder: Path, stock_so: bytes) -> Iterator[tuple[MoneyStage, dict[str, str]]]:
    """The venue's treasuries on both chains, alice a customer, and where the nodes answer."""
    with (
        evm_scene(folder / "evm") as (evm, scene),
        SolanaNode(folder / "solana", start_at=START_AT, programs=at_genesis(stock_so)) as node,
    ):
        cluster, program, keys = Cluster(node.url), next(deployments()), Keys()
        attestor = WillingAttestor(cluster, program)
        chain = found(node, cluster, program, keys, attestor)
        desk = SolanaDesk(node, chain, keys, attestor, chain.list_token(TSLA))
        stage = MoneyStage(folder, (evm_place(scene, evm.url), solana_place(desk)), {}, TakingDoor(BookVenue()))
        for place in stage.places:
            stage.money.desk.register_wallet(1, place.name, place.wallets["alice"], "signed")
        yield stage, {"evm": evm.url, "solana": node.url}
        stage.close()
        cluster.close()


class Watched:
    """A stage whose customers have something, settled; `block` is the newest final one of each chain."""

    def __init__(self, stage: MoneyStage, urls: dict[str, str]) -> None:
        self.stage, self.urls, self.venue = stage, urls, TellingVenue()
        self.settlement = Settlement(stage.money.store, listed(), self.venue.again, stage.time)
        self.settlement.start(0, {})

    def deposit(self, place: str, asset: str, units: int) -> None:
        at = next(each for each in self.stage.places if each.name == place)
        came = self.stage.deposited(at.send("alice", asset, units))
        self.settlement.hear(self.venue.credit(1, NUMBERS[asset], units, came.id))
        assert self.settlement.reached(self.venue.sequence, 10)

    def block(self, place: str) -> int:
        rpc = JsonRpc(self.urls[place])
        if place == "solana":
            found = int(rpc.call("getSlot", {"commitment": "finalized"}))
        else:
            found = int(rpc.call("eth_blockNumber"), 16)
        rpc.close()
        return found

    def proofs(self, folder: Path) -> VenueProofs:
        outside = Outside(self.stage.money.held, self.block)
        return VenueProofs(folder, "Paper Venue", self.stage.money.store, self.stage.terms, outside, self.stage.time)


def test_what_is_owed__as_both_chains_show_it__is_held_then_and_after_more_was_paid_out(
    tmp_path: Path, stock_so: bytes
) -> None:
    with both_chains(tmp_path, stock_so) as (stage, urls):
        seen = Watched(stage, urls)
        for name in urls:
            seen.deposit(name, "TSLAx", 3 * ONE_TOKEN + 7)
            seen.deposit(name, "TUSD", 250 * ONE_COIN)
        proofs = seen.proofs(tmp_path / "venue")
        nodes = proofs.write_nodes(urls, {})
        first = proofs.publish(ASSETS)
        proof = as_file(tmp_path, "proof.json", proofs.proof(1, "TSLAx"))
        known = as_file(tmp_path, "keys.json", {"venue Paper Venue": b64encode(proofs.public_key).decode()})
        checks = checked(first.newest, nodes=nodes, proof=proof, known_keys=known)
        assert checks["holdings"] == (True, "TSLAx 600000014 there for 600000014; TUSD 500000000 there for 500000000")
        assert "counted with 600000014" in checks["customer"][1]
        assert {ok for ok, _ in checks.values()} == {True}

        for place in stage.places:
            to = place.wallets["bob"]
            stage.allow(1, place.name, to)
            done = stage.money.desk.withdraw(1, f"out-{place.name}", "TSLAx", place.name, to, ONE_TOKEN)
            assert stage.withdrawn(1, f"out-{place.name}").state == "done"
            with pytest.raises(Refused) as refused:  # it has left, and its customer's balance does not say so yet
                proofs.publish(ASSETS)
            assert refused.value.code == "liabilities.uncovered"
            seen.settlement.hear(seen.venue.moved(1, NUMBERS["TSLAx"], -ONE_TOKEN, What.PAY_OUT, done.id))
            assert seen.settlement.reached(seen.venue.sequence, 10)
        assert {ok for ok, _ in checked(first.path, nodes=nodes).values()} == {True}

        second = proofs.publish(ASSETS)
        with serving({"/liabilities": json.loads(second.newest.read_text())}) as url:
            checks = checked(f"{url}/liabilities", nodes=nodes, previous=first.path)
        assert {ok for ok, _ in checks.values()} == {True}
        assert checks["chain"][1] == "follows document 1"
        assert {ok for ok, _ in checked(first.path, nodes=nodes, proof=proof).values()} == {True}
        assert proofs.proof(1, "TSLAx", 1) == json.loads(proof.read_text())

        lying = json.loads(second.path.read_text())
        for line in lying["liabilities"]["assets"]:
            line["holdings"][0]["units"] = str(int(line["holdings"][0]["units"]) + 10**9)
        assert "holding.short" in checked(as_file(tmp_path, "lying.json", lying), nodes=nodes)["holdings"][1]
        seen.settlement.stop()


def checked(where: Path | str, **beside: Path) -> dict[str, tuple[bool, str]]:
    return {check.name: (check.ok, check.detail) for check in verify_venue(where, **beside)}
