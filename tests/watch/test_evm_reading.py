"""What the watch reads of the real contracts, without a custodian: batches, conversions, signer sets, changes taken back."""

from collections.abc import Iterator

import httpx
import pytest
from tests.issuance.contracts.corporate import GOOGL, balance, give, merger, open_now
from tests.issuance.contracts.stage import CHAIN_ID, NODE_MODULES, ONE, START, Stage, account

from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip_watch.chains.evm import EvmReader
from openscrip_watch.chains.evm_wire import (
    ATTESTOR_ROLE,
    ISSUER_DOMAIN,
    ISSUER_ROLE,
    SIGNERS_CHANGED,
    VOUCHER_TYPE,
    Domain,
    decode_event,
    mint_calls,
)
from openscrip_watch.chains.facts import ChainBook, Standing, TokenFacts
from openscrip_watch.chains.rpc import Rpc
from openscrip_watch.reading import http_client
from openscrip_watch.refusal import Refusal
from openscrip_watch.register import Register
from openscrip_watch.view import unsigned_mint

pytestmark = pytest.mark.parts
ATTESTORS = ("attestor", "second attestor", "third attestor")


class Read:
    """The chain of a stage as the watch's reader sees it."""

    def __init__(self, stage: Stage, client: httpx.Client, issuer: str = "") -> None:
        self.reader = EvmReader(Rpc(stage.evm.url, client), CHAIN_ID, issuer or stage.at.issuer)
        self.book = ChainBook()

    def standing(self, token: str, feed: str) -> tuple[Standing, TokenFacts]:
        """A token now, and all that happened to it."""
        found = self.reader.read(self.book, {token.lower(): feed.lower()})
        return found[token.lower()], self.book.token(token.lower())


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with http_client() as made:
        yield made


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=START) as evm:
        made = Stage(evm)
        made.report()
        yield made
        made.rpc.close()


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    snapshot = deployed.rpc.call("evm_snapshot")
    yield deployed
    deployed.rpc.call("evm_revert", snapshot)


def signed_mints(read: Read, facts: TokenFacts) -> list[int]:
    """The signer epoch of each mint that issuer and attestor of that epoch signed."""
    sets, domain = read.reader.key_sets(), Domain(ISSUER_DOMAIN, CHAIN_ID, read.reader.issuer_contract)
    inputs = read.reader.inputs([fact.tx for fact in facts.minted.values()])
    found = []
    for fact in facts.minted.values():
        (call,) = (each for each in mint_calls(inputs[fact.tx]) if each.values[4] == fact.request)
        keys, digest = sets[int(call.values[9])], domain.digest(VOUCHER_TYPE, call.values)
        both = ((ISSUER_ROLE, call.issuer_signature), (ATTESTOR_ROLE, call.attestor_signature))
        if all(keys[role].signed(digest, signatures) for role, signatures in both):
            found.append(int(call.values[9]))
    return found


def test_every_mint_of_a_batch_is_read_and_was_signed_by_the_keys_of_its_epoch(stage: Stage, client: httpx.Client) -> None:
    stage.mint()
    stage.mint_batch(*(stage.voucher(raw=raw * ONE) for raw in (1, 2, 3)))
    members = sorted((account(name) for name in ATTESTORS), key=lambda each: int(each, 16))
    stage.send(stage.at.timelock, "Signers", "set_signers", ATTESTOR_ROLE, members, 2)
    stage.mint(stage.voucher(raw=ONE), ("issuer", ("attestor", "third attestor")))
    read = Read(stage, client)
    standing, facts = read.standing(stage.token, stage.feed)
    assert (standing.supply, facts.supply, facts.loose) == (12 * ONE, 12 * ONE, [])
    assert read.reader.signer_epoch == 2
    assert signed_mints(read, facts) == [1, 1, 1, 1, 2]
    assert read.reader.key_sets()[1][ATTESTOR_ROLE].threshold == 1


def test_a_conversion_takes_one_supply_away_and_explains_the_other(stage: Stage, client: httpx.Client) -> None:
    stage.mint(stage.voucher(raw=10 * ONE))
    into = stage.list_stock(GOOGL)
    give(stage, into, "bob", 5 * ONE)
    action = merger(stage, into.token)
    open_now(stage, action)
    stage.send("alice", "StockToken", "approve", stage.at.issuer, 4 * ONE)
    stage.send("alice", "Conversion", "convert", action["id"], 4 * ONE)
    assert balance(stage, into.token, "alice") == 2 * ONE
    read = Read(stage, client)
    old, surrendered = read.standing(stage.token, stage.feed)
    new, come = read.standing(into.token, into.feed)
    assert (old.supply, surrendered.supply, surrendered.loose, surrendered.burned) == (6 * ONE, 6 * ONE, [], {})
    assert (new.supply, come.supply, come.loose) == (7 * ONE, 7 * ONE, [])
    (born,) = (fact for fact in come.minted.values() if fact.kind == 4)
    assert (born.evidence, born.origin, born.party) == (action["id"].hex(), action["id"].hex(), account("alice").lower())
    assert come.succeeds(born)
    assert unsigned_mint(come, Register(), [born.request]) == ""
    come.opened.clear()
    assert "minted 2" in unsigned_mint(come, Register(), [born.request])


def test_a_change_that_was_taken_back_or_corrected_was_never_scheduled(stage: Stage, client: httpx.Client) -> None:
    first = stage.change()
    stage.schedule(first)
    read = Read(stage, client)
    standing, facts = read.standing(stage.token, stage.feed)
    assert [(fact.action, fact.multiplier, fact.epoch) for fact in facts.scheduled] == [(first["action"].hex(), 10 * ONE, 1)]
    assert standing.pending == 10 * ONE
    stage.cancel(first["action"])
    second = stage.change()
    stage.schedule(second)
    third = stage.change(multiplier=9 * ONE)
    stage.schedule(third, action=stage.action_of(third, corrects=second["action"]))
    standing, facts = read.standing(stage.token, stage.feed)
    assert [fact.action for fact in facts.scheduled] == [third["action"].hex()]
    assert standing.pending == 9 * ONE
    announced = read.reader.announced()
    assert set(announced) == {each["action"].hex() for each in (first, second, third)}
    kind = b"SPLF".hex().ljust(64, "0")
    assert announced[first["action"].hex()] == (kind, 20240610, 20240607, 20240610, 10 * ONE, ONE, 0)


def test_the_price_of_an_escrow_by_strangers_is_nothing(stage: Stage, client: httpx.Client) -> None:
    """Two holders name one id; one is burned, the other refunded: both are explained."""
    request = b"\5" * 32
    for name in ("alice", "bob"):
        stage.mint(stage.voucher(raw=2 * ONE, receiver=account(name)))
        stage.escrow(name, ONE, request)
    stage.send("issuer", "Issuer", "refund", account("bob"), request)
    stage.send("issuer", "Issuer", "burn", account("alice"), request)
    standing, facts = Read(stage, client).standing(stage.token, stage.feed)
    assert (standing.supply, facts.supply, facts.loose) == (3 * ONE, 3 * ONE, [])
    assert facts.burned[request.hex()].party == account("alice").lower()


def test_a_contract_that_names_no_keys_is_not_read(stage: Stage, client: httpx.Client) -> None:
    with pytest.raises(Refusal) as refusal:
        Read(stage, client, stage.at.timelock).standing(stage.token, stage.feed)
    assert refusal.value.code in {"chain.issuer", "chain.unavailable"}
    with pytest.raises(Refusal) as refusal:
        Read(stage, client, account("nobody")).standing(stage.token, stage.feed)
    assert refusal.value.code == "chain.issuer"


def test_every_event_that_is_read_is_one_that_a_contract_tells() -> None:
    told = {
        "Issuer": ("Minted", "RedemptionRequested", "RedemptionBurned", "RedemptionRefunded", "Surrendered"),
        "CorporateActions": ("MultiplierScheduled", "MultiplierCancelled", "ConversionOpened"),
    }
    for contract, names in told.items():
        for name in names:
            indexed = ["0x" + "11" * 32] * 3 if contract == "Issuer" else ["0x" + "11" * 32] * 2
            log = {"topics": [own(contract).topic(name), *indexed], "data": "0x" + "00" * 320, "transactionHash": "0x"}
            assert decode_event(log, 1) is not None, name
    assert own("Signers").topic("SignersChanged") == SIGNERS_CHANGED
