"""What the EVM adapter calls final, on a chain whose blocks are undone."""

from collections.abc import Iterator
from random import Random

import pytest
from tests.issuance.reorg import HandMined
from tests.issuance.test_evm_chain import CHAIN_ID, KEYS, NODE_MODULES, NOON, Scene, SigningAttestor

from openscrip.issuance.chain import AnyChainEvent, Landing, Outcome, SignedCall
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts
DEPTH = 3
FIVE, ZERO = RawAmount.parse("5"), RawAmount(0)
FINAL, PENDING, UNKNOWN, DEAD = (Outcome(each) for each in (Landing.FINAL, Landing.PENDING, Landing.UNKNOWN, Landing.DEAD))


class Cautious:
    """One scene on a chain mined by hand, and adapters that wait for different finality."""

    def __init__(self, evm: EvmNode) -> None:
        self.scene = Scene(evm)
        self.token, self.blocks = self.scene.token, HandMined(evm)
        self.blocks.bury(DEPTH)  # so that the contracts are there at every cut
        self.chain = self.at(DEPTH)

    def at(self, finality: str | int) -> EvmChain:
        node = Node(self.scene.node.rpc, CHAIN_ID, Fees(), finality)
        attestor = SigningAttestor(node)
        return EvmChain("evm", node, self.scene.deployment, KEYS["issuer"], KEYS["corporate_action"], attestor)

    def signed(self, *mint_ids: str) -> list[SignedCall]:
        """Mints of five each, at consecutive nonces from the newest block's on."""
        nonce = self.scene.chain.next_nonce()
        calls = [self.scene.chain.prepare_mint(self.scene.voucher(mint_id), {})[0] for mint_id in mint_ids]
        return [self.scene.chain.sign(call, nonce + place) for place, call in enumerate(calls)]

    def close(self) -> None:
        self.blocks.close()
        self.scene.node.rpc.close()


@pytest.fixture(scope="module")
def evm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=NOON) as node:
        yield node


@pytest.fixture
def cautious(evm: EvmNode) -> Iterator[Cautious]:
    """Undone once the test is over: the next one finds the chain as it was, with its miner."""
    rpc = JsonRpc(evm.url)
    snapshot = rpc.call("evm_snapshot")
    evm.rest(resting=False)
    made = Cautious(evm)
    yield made
    made.close()
    rpc.call("evm_revert", snapshot)
    rpc.close()


def test_a_call_is_final_only_with_so_many_blocks_on_top(cautious: Cautious) -> None:
    (signed,) = cautious.signed("sub-1/1")
    block, nonce = cautious.blocks.mine(signed.raw), cautious.chain.next_nonce()
    for depth in range(DEPTH):
        assert cautious.chain.outcomes([signed]) == [PENDING]
        assert cautious.chain.head().number == block + depth - DEPTH
        assert (cautious.chain.supply(cautious.token), cautious.chain.next_nonce()) == (ZERO, nonce)
        assert cautious.chain.balance(cautious.token, KEYS["alice"].address) == ZERO
        cautious.blocks.bury(1)
    assert cautious.chain.outcomes([signed]) == [FINAL]
    assert cautious.chain.head().number == block
    assert (cautious.chain.supply(cautious.token), cautious.chain.next_nonce()) == (FIVE, nonce + 1)
    assert cautious.chain.balance(cautious.token, KEYS["alice"].address) == FIVE


def test_the_nodes_own_tag_decides_where_it_is_asked_for(cautious: Cautious) -> None:
    (signed,) = cautious.signed("sub-1/1")
    block = cautious.blocks.mine(signed.raw)
    chain = cautious.at("finalized")
    cautious.blocks.bury(63)
    assert (chain.outcomes([signed]), chain.head().number) == ([PENDING], block - 1)
    cautious.blocks.bury(1)
    assert (chain.outcomes([signed]), chain.head().number) == ([FINAL], block)


def test_a_revert_is_told_only_when_it_is_final(cautious: Cautious) -> None:
    first, again = cautious.signed("sub-1/1", "sub-1/1")
    cautious.blocks.mine(first.raw, again.raw)
    assert cautious.chain.outcomes([first, again]) == [PENDING, PENDING]
    cautious.blocks.bury(DEPTH)
    assert cautious.chain.outcomes([first, again]) == [FINAL, Outcome(Landing.REVERTED, "issuer: voucher was used")]


def test_an_undone_call_is_unknown_and_lands_when_it_is_sent_again(cautious: Cautious) -> None:
    (signed,) = cautious.signed("sub-1/1")
    cautious.blocks.mine(signed.raw)
    cautious.blocks.bury(DEPTH - 1)
    undone = cautious.blocks.reorganise(DEPTH)
    assert undone.transactions == (signed.tx_id,)
    assert cautious.chain.outcomes([signed]) == [UNKNOWN]
    cautious.chain.submit(signed)
    assert cautious.chain.outcomes([signed]) == [PENDING]
    cautious.blocks.bury(1 + DEPTH)
    assert cautious.chain.outcomes([signed]) == [FINAL]
    assert cautious.chain.supply(cautious.token) == FIVE


def test_a_call_whose_nonce_another_took_in_the_new_branch_is_dead_once_that_is_final(cautious: Cautious) -> None:
    (first,), (instead,) = cautious.signed("sub-1/1"), cautious.signed("sub-2/1")
    cautious.blocks.mine(first.raw)
    cautious.blocks.reorganise(1, [instead.raw], longer_by=0)
    assert cautious.chain.outcomes([first, instead]) == [UNKNOWN, PENDING]
    cautious.chain.submit(first)  # it may not, and the node says so in its own words
    cautious.blocks.bury(DEPTH)
    assert cautious.chain.outcomes([first, instead]) == [DEAD, FINAL]
    assert cautious.chain.supply(cautious.token) == FIVE


def test_the_final_head_does_not_go_back_while_the_chain_is_shorter(cautious: Cautious) -> None:
    (signed,) = cautious.signed("sub-1/1")
    block = cautious.blocks.mine(signed.raw)
    cautious.blocks.bury(DEPTH)
    before, cursor = cautious.chain.head(), cautious.chain.events("")[1]
    cautious.blocks.reorganise(DEPTH, longer_by=-DEPTH)
    assert (cautious.blocks.head(), cautious.chain.head()) == (block, before)
    assert cautious.chain.outcomes([signed]) == [FINAL]
    assert cautious.chain.events(cursor) == ([], cursor)


def test_more_undone_than_is_allowed_for_is_told_as_no_answer(cautious: Cautious) -> None:
    cautious.blocks.bury(DEPTH)
    cautious.chain.head()
    (signed,) = cautious.signed("sub-1/1")
    cautious.blocks.reorganise(DEPTH + 1, longer_by=-DEPTH - 1)
    with pytest.raises(Unavailable, match="had no final block"):
        cautious.chain.head()
    with pytest.raises(Unavailable):
        cautious.chain.outcomes([signed])


def test_an_event_of_an_undone_block_is_never_told(cautious: Cautious) -> None:
    """Forty steps of a chain that is undone as deep as it may be, read after each."""
    chance, told, cursor = Random(4), list[AnyChainEvent](), str(cautious.blocks.head() + 1)
    start, undone = cursor, set[str]()
    for step in range(40):
        (signed,) = cautious.signed(f"sub-{step}/1")
        cautious.blocks.mine(signed.raw)
        if chance.random() < 0.4:
            undone |= set(cautious.blocks.reorganise(chance.randint(1, DEPTH), longer_by=chance.randint(0, 1)).transactions)
        heard, cursor = cautious.chain.events(cursor)
        told += heard
    cautious.blocks.bury(DEPTH)
    heard, cursor = cautious.chain.events(cursor)
    told += heard
    assert told == cautious.at("latest").events(start)[0]
    assert len(undone) > 10
    assert undone & {event.tx_id for event in told} == set()
    assert len(told) + len(undone) == 40
    assert cautious.chain.supply(cautious.token) == RawAmount.parse(str(5 * len(told)))
