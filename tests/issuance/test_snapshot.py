"""Who held at the record block, rebuilt from logs: right after hundreds of transfers, or refused, and never a guess."""

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, NODE_MODULES, ONE, START, Stage, account, key
from vyper.compiler import compile_code

from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.snapshot import (
    Snapshot,
    Transferred,
    holders_at,
    last_block_at,
    take_snapshot,
    transferred,
)
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.contracts.artifact import Artifact
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.quantities import RawAmount

PEOPLE = [account(f"holder {number}") for number in range(40)]
ALICE, BOB, CAROL, POOL = (account(name) for name in ("alice", "bob", "carol", "pool"))


# From logs


def moved(block: int, index: int, sender: str, receiver: str, atoms: int) -> Transferred:
    return Transferred(block, index, sender, receiver, RawAmount(atoms))


LOGS = (
    moved(1, 0, NOBODY, ALICE, 100), moved(2, 3, ALICE, BOB, 40), moved(2, 7, BOB, BOB, 40), moved(3, 0, BOB, CAROL, 40),
    moved(4, 1, ALICE, NOBODY, 10), moved(5, 0, CAROL, ALICE, 1), moved(5, 2, CAROL, BOB, 0),
)  # fmt: skip


@pytest.mark.parametrize(
    ("block", "held"),
    [
        (0, {}),
        (1, {ALICE: 100}),
        (2, {ALICE: 60, BOB: 40}),
        (3, {ALICE: 60, CAROL: 40}),
        (4, {ALICE: 50, CAROL: 40}),
        (9, {ALICE: 51, CAROL: 39}),
    ],
)
def test_holders_are_those_at_the_end_of_the_record_block(block: int, held: dict[str, int]) -> None:
    assert holders_at(block, LOGS) == raws(held)


@given(st.permutations(LOGS))
def test_the_order_in_which_logs_come_changes_no_snapshot(logs: list[Transferred]) -> None:
    assert holders_at(4, logs) == holders_at(4, LOGS)


def test_an_account_is_one_holder_however_its_address_is_written() -> None:
    logs = [moved(1, 0, NOBODY, ALICE.lower(), 5), moved(1, 1, ALICE, BOB, 2)]
    assert holders_at(1, logs) == raws({ALICE: 3, BOB: 2})


def test_a_snapshot_with_a_log_missing_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        holders_at(9, LOGS[1:])
    assert caught.value.code == "snapshot.incomplete"


def test_a_snapshot_with_a_log_twice_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        holders_at(9, (*LOGS, LOGS[0]))
    assert caught.value.code == "snapshot.duplicate"


def test_a_log_is_read_as_the_node_gives_it() -> None:
    topics = ["0x" + "dd" * 32, *("0x" + "00" * 12 + each[2:].lower() for each in (ALICE, BOB))]
    log = {"topics": topics, "data": hex(40), "blockNumber": "0x2", "logIndex": "0x3"}
    assert transferred(log) == LOGS[1]


# Looking through


def of(holdings: dict[str, int], block: int = 7) -> Snapshot:
    """A snapshot of these holdings."""
    return Snapshot(CHAIN_ID, account("token"), block, "0x" + "77" * 32, 1_000, raws(holdings))


def raws(held: dict[str, int]) -> dict[str, RawAmount]:
    return {who: RawAmount(atoms) for who, atoms in held.items()}


def test_a_pool_is_looked_through_to_its_people_by_weight_and_keeps_what_rounding_leaves() -> None:
    seen = of({ALICE: 5, POOL: 101}).look_through({POOL.lower(): {ALICE: 1, BOB: 1, CAROL.lower(): 0}})
    assert seen.holdings == raws({ALICE: 55, BOB: 50, POOL: 1})
    assert seen.supply == RawAmount(106)


def test_a_pool_that_holds_a_part_of_itself_keeps_that_part() -> None:
    assert of({POOL: 100}).look_through({POOL: {POOL: 1, BOB: 3}}).holdings == raws({POOL: 25, BOB: 75})


def test_what_one_looked_through_account_gives_another_stays_there_whatever_the_order() -> None:
    behind = {POOL: {BOB: 1}, BOB: {CAROL: 1}}
    before = of({POOL: 100, BOB: 7})
    seen = before.look_through(behind)
    assert seen.holdings == raws({BOB: 100, CAROL: 7})
    assert seen == before.look_through(dict(reversed(behind.items())))
    assert seen.look_through({BOB: {CAROL: 1}}).holdings == raws({CAROL: 107})


@pytest.mark.parametrize(
    ("behind", "code"),
    [
        ({CAROL: {ALICE: 1}}, "snapshot.account"),
        ({POOL: {}}, "snapshot.weight"),
        ({POOL: {ALICE: 0}}, "snapshot.weight"),
        ({POOL: {ALICE: 3, BOB: -1}}, "snapshot.weight"),
        ({POOL: {ALICE: 1}, POOL.lower(): {BOB: 1}}, "snapshot.duplicate"),
    ],
)
def test_a_look_through_that_means_nothing_is_refused(behind: dict[str, dict[str, int]], code: str) -> None:
    with pytest.raises(Refused) as caught:
        of({ALICE: 5, POOL: 100}).look_through(behind)
    assert caught.value.code == code


@given(st.integers(1, 10**30), st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 10**24), min_size=1))
def test_looking_through_neither_makes_nor_loses_an_atom(pooled: int, weights: dict[str, int]) -> None:
    weights[PEOPLE[0]] = weights.get(PEOPLE[0], 0) + 1
    before = of({POOL: pooled, PEOPLE[1]: 5})
    after = before.look_through({POOL: weights})
    assert after.supply == before.supply
    assert after.holdings.get(POOL, RawAmount(0)).atoms < len(weights)
    for who, weight in weights.items():
        gained = after.holdings.get(who, RawAmount(0)).atoms - (5 if who == PEOPLE[1] else 0)
        assert gained == pooled * weight // sum(weights.values())


def test_a_digest_names_the_holdings_and_the_place_and_not_their_order() -> None:
    one = of({ALICE: 1, BOB: 2})
    assert one.digest() == of({BOB: 2, ALICE: 1}).digest()
    others = (of({ALICE: 1, BOB: 3}), of({ALICE: 1}), of({ALICE: 1, BOB: 2}, block=8), of({ALICE: 2, BOB: 1}))
    assert len({one.digest(), *(other.digest() for other in others)}) == 5


# From a real node


class Busy:
    """A token after hundreds of transfers, and what each block left each account with, by a count of our own."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.node, self.token = stage, stage.node, stage.token
        self.held: defaultdict[str, int] = defaultdict(int)
        self.at_block: dict[int, dict[str, int]] = {}
        self.first = int(stage.rpc.call("eth_blockNumber"), 16)
        stage.report()
        for who in PEOPLE[:10]:
            self._count(stage.mint(stage.voucher(raw=20 * ONE, receiver=who)), NOBODY, who, 20 * ONE)

    def trade(self, times: int, dice: random.Random) -> None:
        """Transfers of all kinds: nothing, everything, an atom, to oneself, to somebody new."""
        for _ in range(times):
            sender = dice.choice([who for who in PEOPLE if self.held[who]])
            receiver = dice.choice([*PEOPLE, sender])
            atoms = dice.choice([0, 1, self.held[sender], dice.randint(0, self.held[sender])])
            self._count(self.stage.send(sender, "StockToken", "transfer", receiver, atoms), sender, receiver, atoms)

    def redeem(self, who: str) -> None:
        """Escrow three tokens and burn them: a transfer to the issuer contract, then a transfer to nobody."""
        issuer, request = self.stage.at.issuer, b"\x05" * 32
        self._count(self.stage.escrow(who, 3 * ONE, request), who, issuer, 3 * ONE)
        self._count(self.stage.send("issuer", "Issuer", "burn", who, request), issuer, NOBODY, 3 * ONE)

    def _count(self, receipt: dict[str, Any], sender: str, receiver: str, atoms: int) -> None:
        self.held[sender] -= atoms
        self.held[receiver] += atoms
        held = {who: left for who, left in self.held.items() if left and who != NOBODY}
        self.at_block[int(receipt["blockNumber"], 16)] = held


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=START) as evm:
        stage = Stage(evm)
        yield stage
        stage.rpc.close()


@pytest.fixture(scope="module")
def busy(stage: Stage) -> Busy:
    busy, dice = Busy(stage), random.Random(20260302)
    busy.trade(150, dice)
    busy.redeem(max(PEOPLE, key=lambda who: busy.held[who]))
    busy.trade(150, dice)
    return busy


@pytest.mark.parts
def test_a_snapshot_after_hundreds_of_transfers_is_what_each_block_left(busy: Busy) -> None:
    blocks = sorted(busy.at_block)
    assert len(blocks) > 300
    for block in (*blocks[::40], blocks[-1]):
        snapshot = take_snapshot(busy.node, busy.token.lower(), block)
        assert snapshot.holdings == raws(busy.at_block[block])
        assert list(snapshot.holdings) == sorted(snapshot.holdings)
        header = busy.node.rpc.call("eth_getBlockByNumber", hex(block), False)
        assert (snapshot.block, snapshot.block_hash, snapshot.at) == (block, header["hash"], int(header["timestamp"], 16))
        assert (snapshot.chain_id, snapshot.token) == (CHAIN_ID, busy.token)


@pytest.mark.parts
def test_a_snapshot_before_the_first_mint_is_of_nobody(busy: Busy) -> None:
    assert take_snapshot(busy.node, busy.token, busy.first).holdings == {}


class Short(JsonRpc):
    """A node that tells no more than `most` logs at once."""

    most, asked = 1, 0

    def call(self, method: str, *params: object) -> Any:
        answer = super().call(method, *params)
        if method == "eth_getLogs":
            self.asked += 1
            if len(answer) > self.most:
                raise RpcError(-32005, f"query returned more than {self.most} results")
        return answer


@pytest.mark.parts
def test_pages_of_any_size_and_a_node_of_few_words_give_the_same_snapshot(busy: Busy) -> None:
    block = max(busy.at_block)
    whole = take_snapshot(busy.node, busy.token, block)
    for page_blocks in (1, 7, block, block + 1):
        assert take_snapshot(busy.node, busy.token, block, page_blocks=page_blocks) == whole
    rpc = Short(busy.node.rpc.url)
    short = take_snapshot(Node(rpc, CHAIN_ID, Fees()), busy.token, block, first_block=busy.first)
    assert short == whole
    assert short.digest() == whole.digest()
    rpc.most, rpc.asked = 40, 0  # refused a few times, and not asked block by block ever after
    assert take_snapshot(Node(rpc, CHAIN_ID, Fees()), busy.token, block, first_block=busy.first) == whole
    assert rpc.asked < 60
    rpc.most = 0
    with pytest.raises(Unavailable, match="would not tell block"):
        take_snapshot(Node(rpc, CHAIN_ID, Fees()), busy.token, block)
    rpc.close()


@pytest.mark.parts
def test_a_snapshot_that_begins_too_late_is_refused(busy: Busy) -> None:
    mints = sorted(busy.at_block)[:10]
    take_snapshot(busy.node, busy.token, mints[1], first_block=mints[0])
    with pytest.raises(Refused) as caught:  # nobody spent what was not seen: the supply alone tells
        take_snapshot(busy.node, busy.token, mints[1], first_block=mints[0] + 1)
    assert caught.value.code == "snapshot.incomplete"
    with pytest.raises(Refused) as caught:
        take_snapshot(busy.node, busy.token, max(busy.at_block), first_block=mints[9] + 1)
    assert caught.value.code == "snapshot.incomplete"


@pytest.mark.parts
def test_a_block_that_may_yet_be_undone_has_no_snapshot(busy: Busy) -> None:
    head = int(busy.node.rpc.call("eth_blockNumber"), 16)
    final = int(busy.node.rpc.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
    cautious = Node(busy.node.rpc, CHAIN_ID, Fees(), "finalized")
    assert final < head
    take_snapshot(cautious, busy.token, final)
    take_snapshot(busy.node, busy.token, head)
    for node, block in ((cautious, final + 1), (busy.node, head + 1)):
        with pytest.raises(Refused) as caught:
            take_snapshot(node, busy.token, block)
        assert caught.value.code == "snapshot.not_final"


@pytest.mark.parts
def test_the_record_block_is_the_last_one_not_after_the_record_time(busy: Busy) -> None:
    stage, before = busy.stage, int(busy.node.rpc.call("eth_blockNumber"), 16)
    snapshot, at = stage.rpc.call("evm_snapshot"), stage.now() + 100
    for instant in (at, at + 10):
        stage.evm.set_time(instant)
    first = int(stage.rpc.call("eth_getBlockByNumber", "0x0", False)["timestamp"], 16)
    found = [last_block_at(busy.node, instant) - before for instant in (at - 1, at, at + 9)]
    assert found == [0, 1, 1]
    for instant, code in ((at + 10, "snapshot.not_final"), (first - 1, "snapshot.too_early")):
        with pytest.raises(Refused) as caught:
            last_block_at(busy.node, instant)
        assert caught.value.code == code
    stage.rpc.call("evm_revert", snapshot)


@pytest.mark.parts
def test_what_is_no_token_has_no_snapshot(busy: Busy) -> None:
    for token, code in ((ALICE, "contract.missing"), ("alice", "address.malformed")):
        with pytest.raises(Refused) as caught:
            take_snapshot(busy.node, token, busy.first)
        assert caught.value.code == code
        assert isinstance(caught.value, Malformed) == (token == "alice")


LIAR = """
# pragma version 0.4.3
event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256
balanceOf: public(HashMap[address, uint256])
totalSupply: public(uint256)
@external
def tell(receiver: address, amount: uint256):
    log Transfer(sender=empty(address), receiver=receiver, amount=amount)
@external
def hold(holder: address, amount: uint256, supply: uint256):
    self.balanceOf[holder] = amount
    self.totalSupply = supply
"""


@pytest.mark.parts
def test_a_token_whose_logs_and_balances_differ_has_no_snapshot(stage: Stage) -> None:
    built = compile_code(LIAR, output_formats=["abi", "bytecode"])
    liar = Artifact("liar", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))
    at = str(stage.send_data("stranger", None, liar.creation())["contractAddress"])

    def head(function: str, *arguments: object) -> int:
        return int(stage.send_data("stranger", at, liar.call(function, *arguments))["blockNumber"], 16)

    told = {name: head("tell", account(name), 5) for name in ("alice", "bob")}["bob"]
    for balances, supply, code in (
        ((5, 5), 9, "snapshot.incomplete"),
        ((5, 5), 11, "snapshot.incomplete"),
        ((4, 5), 10, "snapshot.differs"),
        ((5, 6), 10, "snapshot.differs"),
    ):
        block = [head("hold", account(name), held, supply) for name, held in zip(("alice", "bob"), balances, strict=True)][1]
        with pytest.raises(Refused) as caught:
            take_snapshot(stage.node, at, block)
        assert caught.value.code == code
    head("hold", ALICE, 5, 10)
    block = head("hold", BOB, 5, 10)
    assert take_snapshot(stage.node, at, block, first_block=told - 1).holdings == dict(sorted(raws({ALICE: 5, BOB: 5}).items()))
    head("hold", BOB, 6, 11)  # what came later is in no older state
    assert take_snapshot(stage.node, at, block).supply == RawAmount(10)
    assert key("alice").address == ALICE
