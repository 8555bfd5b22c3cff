"""Who held a token at the end of a block: rebuilt from its `Transfer` logs, and checked against the contract itself.

The logs name every account that ever held; the contract says whether the sums are right. A snapshot is given only if the
holdings add up to `totalSupply` and each is what `balanceOf` answers, both in the state of that very block. The same token
and block always give the same snapshot, whoever takes it from whichever node, down to its `digest`: two keys can each take
their own and compare.

Nothing is judged here: a pool, a venue and the issuer's escrow are accounts like any other. Who wants the people behind
one says who they are, with `Snapshot.look_through`. Amounts are raw, to the atom; nobody is left out for holding little.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.address import to_checksum_address

from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.rpc import RpcError
from openscrip.kernel.errors import Refused, Unavailable, refuse_unless
from openscrip.kernel.quantities import RawAmount

PAGE_BLOCKS = 5_000
"""Blocks whose logs are asked for at once; halved as often as a node finds the answer too long, then doubled again."""
_BALANCES_AT_ONCE = 200
_NOBODY = to_checksum_address("0x" + "00" * 20)


@dataclass(frozen=True, slots=True)
class Transferred:
    """A `Transfer` event of a stock token; `sender` is the zero address for a mint, `receiver` for a burn."""

    block: int
    log_index: int
    sender: str
    receiver: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What each account held of `token` at the end of `block`, by address; accounts that held nothing are not there."""

    chain_id: int
    token: str
    block: int
    block_hash: str
    at: int
    """UTC seconds of the block."""
    holdings: Mapping[str, RawAmount]

    @property
    def supply(self) -> RawAmount:
        """All holdings together: the token's supply at the block."""
        return RawAmount(sum(raw.atoms for raw in self.holdings.values()))

    def digest(self) -> str:
        """SHA-256, as hex, of the snapshot in one form: a line for its place, then `account atoms` in order of accounts."""
        place = f"{self.chain_id} {self.token} {self.block} {self.block_hash} {self.at}"
        lines = (f"{account} {raw.atoms}" for account, raw in sorted(self.holdings.items()))
        return hashlib.sha256("\n".join((place, *lines)).encode()).hexdigest()

    def look_through(self, behind: Mapping[str, Mapping[str, int]]) -> "Snapshot":
        """The same supply, with what each account of `behind` held counted as its people's, by their weights.

        `{pool: {holder: weight}}`: a holder's part is the pool's raw x weight / all weights, rounded down to an atom; what
        rounding leaves stays the pool's. All at once: what a looked-through account receives here stays with it, so the
        order of `behind` changes nothing; look again for what lies deeper. Raises `Refused("snapshot.account")` for an
        account that held nothing, and `Refused("snapshot.weight")` unless weights are whole, not negative and not all zero.
        """
        parts = {to_checksum_address(account): weights for account, weights in behind.items()}
        refuse_unless(len(parts) == len(behind), "snapshot.duplicate", "snapshot: an account was looked through twice")
        held: defaultdict[str, int] = defaultdict(int, {account: raw.atoms for account, raw in self.holdings.items()})
        for account, weights in parts.items():
            refuse_unless(account in self.holdings, "snapshot.account", f"snapshot: {account} held nothing")
            whole, raw = sum(weights.values()), self.holdings[account].atoms
            refuse_unless(
                whole > 0 and min(weights.values()) >= 0, "snapshot.weight", f"snapshot: weights behind {account} were wrong"
            )
            for holder, weight in weights.items():
                part = raw * weight // whole
                held[account] -= part
                held[to_checksum_address(holder)] += part
        return replace(self, holdings={account: RawAmount(atoms) for account, atoms in sorted(held.items()) if atoms})


def transferred(log: Mapping[str, Any]) -> Transferred:
    """A `Transfer` log as JSON-RPC gives it."""
    sender, receiver = (to_checksum_address("0x" + topic[-40:]) for topic in log["topics"][1:3])
    return Transferred(int(log["blockNumber"], 16), int(log["logIndex"], 16), sender, receiver, RawAmount(int(log["data"], 16)))


def holders_at(record_block: int, transfers: Iterable[Transferred]) -> dict[str, RawAmount]:
    """What each holder had at the end of `record_block`, from all transfers since the token's first block.

    Later transfers count for nothing, and their order is of no matter. Raises `Refused("snapshot.duplicate")` for a log
    that came twice and `Refused("snapshot.incomplete")` if somebody spent what no log gave: a guess is never paid out.
    """
    held: defaultdict[str, int] = defaultdict(int)
    seen: set[tuple[int, int]] = set()
    for each in sorted(transfers, key=lambda each: (each.block, each.log_index)):
        if each.block > record_block:
            break
        place = (each.block, each.log_index)
        refuse_unless(place not in seen, "snapshot.duplicate", f"snapshot: log {place} was there twice")
        seen.add(place)
        sender, receiver = to_checksum_address(each.sender), to_checksum_address(each.receiver)
        if sender != _NOBODY:
            held[sender] -= each.raw.atoms
            if held[sender] < 0:
                raise Refused("snapshot.incomplete", f"snapshot: {sender} spent more than it had at log {place}")
        if receiver != _NOBODY:
            held[receiver] += each.raw.atoms
    return {account: RawAmount(atoms) for account, atoms in sorted(held.items()) if atoms}


def take_snapshot(
    node: Node, token: str, record_block: int, *, first_block: int = 0, page_blocks: int = PAGE_BLOCKS
) -> Snapshot:
    """The holders of `token` at the end of `record_block`; `first_block` is where the token was made, or before.

    The node must still know the state of the record block. Raises `Refused("snapshot.not_final")` for a block that may yet
    be undone, `Refused("snapshot.incomplete")` if the logs do not add up to the supply, `Refused("snapshot.differs")` if
    the contract tells another balance, and `Unavailable` if the node fails.
    """
    token = address(token, "token")
    header = _header(node, record_block)
    logs = _logs(node, token, first_block, record_block, page_blocks)
    holdings = holders_at(record_block, map(transferred, logs))
    snapshot = Snapshot(
        node.chain_id, token, record_block, str(header["hash"]), int(header["timestamp"], 16), holdings
    )  # fmt: skip
    _refuse_unless_told_so(node, snapshot)
    return snapshot


def last_block_at(node: Node, instant: int) -> int:
    """The last block whose time is not after `instant` (UTC seconds): the record block of a record time.

    Raises `Refused("snapshot.not_final")` while a block of that time may still come, and `Refused("snapshot.too_early")`
    for an instant before the chain's first block.
    """
    head = node.rpc.call("eth_getBlockByNumber", node.finality, False)
    if int(head["timestamp"], 16) <= instant:
        raise Refused("snapshot.not_final", f"snapshot: no final block was later than {instant}")
    low, high = -1, int(head["number"], 16)  # a block at or before the instant (or none), and one after it
    while high - low > 1:
        middle = (low + high) // 2
        later = int(node.rpc.call("eth_getBlockByNumber", hex(middle), False)["timestamp"], 16) > instant
        low, high = (low, middle) if later else (middle, high)
    if low < 0:
        raise Refused("snapshot.too_early", f"snapshot: the chain had no block at {instant}")
    return low


def _header(node: Node, block: int) -> Mapping[str, str]:
    head, header = node.batch([
        ("eth_getBlockByNumber", [node.finality, False]), ("eth_getBlockByNumber", [hex(block), False]),
    ])  # fmt: skip
    if header is None or int(head["number"], 16) < block:
        raise Refused("snapshot.not_final", f"snapshot: block {block} was not final")
    return dict(header)


def _logs(node: Node, token: str, first: int, last: int, page_blocks: int) -> list[Mapping[str, Any]]:
    """All `Transfer` logs of blocks `first` to `last`, in pages that the node is willing to answer."""
    found: list[Mapping[str, Any]] = []
    topic, start, size = own("StockToken").topic("Transfer"), first, page_blocks
    while start <= last:
        end = min(last, start + size - 1)
        wanted = {"address": token, "topics": [topic], "fromBlock": hex(start), "toBlock": hex(end)}
        try:
            found += node.rpc.call("eth_getLogs", wanted)
        except RpcError as error:
            if size == 1:
                raise Unavailable(f"snapshot: the node would not tell block {start}: {error.message}") from error
            size = size // 2
            continue
        start, size = end + 1, min(2 * size, page_blocks)
    return found


def _refuse_unless_told_so(node: Node, snapshot: Snapshot) -> None:
    """The contract in the state of that block, named by its hash, tells the same supply and the same balances."""
    token, state = own("StockToken"), {"blockHash": snapshot.block_hash}
    accounts = list(snapshot.holdings)
    questions = [token.call("totalSupply"), *(token.call("balanceOf", account) for account in accounts)]
    told: list[int] = []
    for start in range(0, len(questions), _BALANCES_AT_ONCE):
        page = questions[start : start + _BALANCES_AT_ONCE]
        calls = [("eth_call", [{"to": snapshot.token, "data": "0x" + data.hex()}, state]) for data in page]
        told += [_number(answer) for answer in node.batch(calls)]
    supply, balances = told[0], told[1:]
    if supply != snapshot.supply.atoms:
        raise Refused("snapshot.incomplete", f"snapshot: logs gave {snapshot.supply.atoms}, the supply was {supply}")
    for account, balance in zip(accounts, balances, strict=True):
        raw = snapshot.holdings[account]
        refuse_unless(balance == raw.atoms, "snapshot.differs", f"snapshot: {account} had {balance}, logs gave {raw.atoms}")


def _number(answer: str) -> int:
    """A word of a contract; an account without code answers nothing."""
    if answer == "0x":
        raise Refused("contract.missing", "snapshot: the token was not there at the record block")
    return int(answer, 16)
