"""A dividend paid in a stablecoin: who held at the record block, what each is due, and the tree that proves it.

Pure: logs in, payments out. Amounts are whole atoms of the stablecoin, as its contract counts them. Hashes are those of
`Distributor.vy`: a leaf is keccak256(keccak256(abi.encode(distribution id, index, account, amount))), a node the hash of
its two children, the smaller first; an odd node goes up as it is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.quantities import RawAmount

DISTRIBUTOR = "Openscrip Distributor"
DISTRIBUTION = (
    "Distribution(bytes32 eventId,address token,address stablecoin,bytes32 root,uint256 total,uint64 recordAt,"
    "uint64 recordBlock,uint64 claimDeadline,address remainderReceiver)"
)
"""What the corporate-action key and the attestor sign, in the domain (`DISTRIBUTOR`, "1", chain, contract)."""
BATCH_MAX = 50
"""Payments that one transaction may push."""
_NOBODY = to_checksum_address("0x" + "00" * 20)


@dataclass(frozen=True, slots=True)
class Transferred:
    """A `Transfer` event of a stock token; `sender` is the zero address for a mint, `receiver` for a burn."""

    block: int
    log_index: int
    sender: str
    receiver: str
    raw: RawAmount


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


@dataclass(frozen=True, slots=True)
class Entitlements:
    """Who is due what, in atoms of the stablecoin. What is due and `remainder` make up `total`."""

    total: int
    due: Mapping[str, int]
    remainder: int


def entitle_down(holdings: Mapping[str, RawAmount], total: int, unpayable: Collection[str] = ()) -> Entitlements:
    """Each holder's part of `total`: total x holding / all holdings, rounded down.

    The part of an `unpayable` account (a contract that cannot spend it, such as the escrow) stays in the remainder and does
    not make the others' larger. 10 among three equal holders: 3 each, and 1 remains.
    Raises `Refused("distribution.empty")` if nobody is due anything.
    """
    supply = sum(raw.atoms for raw in holdings.values())
    refuse_unless(total > 0, "distribution.total", f"distribution: total was {total}")
    refuse_unless(supply > 0, "distribution.empty", "distribution: nobody held the token")
    left_out = {to_checksum_address(account) for account in unpayable}
    parts: dict[str, int] = {to_checksum_address(account): total * raw.atoms // supply for account, raw in holdings.items()}
    refuse_unless(len(parts) == len(holdings), "distribution.duplicate", "distribution: a holder was there twice")
    due: dict[str, int] = {account: part for account, part in sorted(parts.items()) if part and account not in left_out}
    refuse_unless(bool(due), "distribution.empty", "distribution: nobody was due an atom")
    return Entitlements(total, due, total - sum(due.values()))


def distribution_id(chain_id: int, distributor: str, event_id: bytes, token: str) -> bytes:
    """The id that the contract at `distributor` gives the distribution of an event (32 bytes) to a token's holders."""
    return keccak(encode(["uint256", "address", "bytes32", "address"], [chain_id, distributor, event_id, token]))


@dataclass(frozen=True, slots=True)
class Payment:
    """One holder's claim, with its proof."""

    index: int
    account: str
    amount: int
    proof: tuple[bytes, ...]

    def values(self) -> tuple[object, ...]:
        """As the contract reads it."""
        return (self.index, self.account, self.amount, list(self.proof))


@dataclass(frozen=True, slots=True)
class DistributionTree:
    """The root that two keys sign, and every payment under it in the order of accounts."""

    root: bytes
    payments: tuple[Payment, ...]

    def batches(self) -> list[tuple[Payment, ...]]:
        """All payments, in parts that one transaction may push."""
        return [self.payments[start : start + BATCH_MAX] for start in range(0, len(self.payments), BATCH_MAX)]


def plant(identity: bytes, entitlements: Entitlements) -> DistributionTree:
    """The tree of a distribution with this id. The same entitlements always give the same tree."""
    due = sorted(entitlements.due.items())
    refuse_unless(bool(due), "distribution.empty", "distribution: nobody was due an atom")
    levels = [[_leaf(identity, index, account, amount) for index, (account, amount) in enumerate(due)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[start : start + 2] for start in range(0, len(below), 2)]
        levels.append([_node(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    payments = (Payment(index, account, amount, _proof(levels, index)) for index, (account, amount) in enumerate(due))
    return DistributionTree(levels[-1][0], tuple(payments))


def _leaf(identity: bytes, index: int, account: str, amount: int) -> bytes:
    return keccak(keccak(encode(["bytes32", "uint256", "address", "uint256"], [identity, index, account, amount])))


def _node(one: bytes, other: bytes) -> bytes:
    return keccak(min(one, other) + max(one, other))


def _proof(levels: list[list[bytes]], index: int) -> tuple[bytes, ...]:
    """The siblings on the way up; where an odd node goes up alone there is none."""
    ways = ((level, (index >> height) ^ 1) for height, level in enumerate(levels[:-1]))
    return tuple(level[sibling] for level, sibling in ways if sibling < len(level))
