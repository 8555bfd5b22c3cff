"""A dividend paid in a stablecoin: what each holder of a snapshot is due, and the tree that proves it.

Pure: holdings in, payments out. Amounts are whole atoms of the stablecoin, as its contract counts them, each rounded down
once: together they never pass the total. Dust, which is what rounding leaves and what a holder of less than an atom's worth
is not due, is nobody's: it stays in the remainder that goes back after the deadline.

Hashes are those of `Distributor.vy`: a leaf is keccak256(keccak256(abi.encode(distribution id, index, account, amount))), a
node the hash of its two children, the smaller first; an odd node goes up as it is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.issuance.chains.evm.snapshot import Snapshot
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import ATOMS_PER_RAW, RawAmount

DISTRIBUTOR = "Openscrip Distributor"
DISTRIBUTION = (
    "Distribution(bytes32 eventId,address token,address stablecoin,bytes32 root,uint256 total,uint64 recordAt,"
    "uint64 recordBlock,uint64 claimDeadline,address remainderReceiver,address payer,uint64 signerEpoch)"
)
"""What the corporate-action keys and the attestors sign, in the domain (`DISTRIBUTOR`, "1", chain, contract)."""
BATCH_MAX = 50
"""Payments that one transaction may push."""


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
    return _entitled(holdings, total, total, supply, unpayable)


def distribution(
    snapshot: Snapshot,
    net_per_share: Fraction,
    multiplier: Multiplier,
    *,
    decimals: int = 6,
    unpayable: Collection[str] = (),
) -> Entitlements:
    """What a dividend of `net_per_share` dollars, exactly, is to each holder, in a stablecoin with these `decimals`.

    Due: raw x multiplier x net per share, rounded down once. The total, which is to be paid in, is the same of the whole
    supply: what the shares behind the tokens brought, rounded down. 0.30 USD less 30 % is `Fraction(21, 100)`; at 1.5 shares
    a token it is 0.63 USD to a holder of two. `unpayable` and refusals as `entitle_down`.
    """
    new = multiplier.value * net_per_share.numerator * 10**decimals
    old = ONE * ATOMS_PER_RAW * net_per_share.denominator
    total = snapshot.supply.atoms * new // old
    refuse_unless(total > 0, "distribution.total", f"distribution: total was {total}")
    return _entitled(snapshot.holdings, total, new, old, unpayable)


def _entitled(holdings: Mapping[str, RawAmount], total: int, new: int, old: int, unpayable: Collection[str]) -> Entitlements:
    """Each holding x new / old, rounded down."""
    left_out = {to_checksum_address(account) for account in unpayable}
    parts: dict[str, int] = {to_checksum_address(account): raw.atoms * new // old for account, raw in holdings.items()}
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
