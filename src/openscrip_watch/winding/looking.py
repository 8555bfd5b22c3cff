"""Looking through contracts that hold tokens for others: each resolver says who stands behind one contract's balance.

A resolver never gives out more than the contract holds; what it cannot give to anybody stays with the contract, and is
shown apart. Kinds: `shares` (Uniswap v2 pairs, vaults and lenders' receipts: any contract that is itself an ERC-20 whose
holders share what it holds), `uniswap-v3` (positions of a position manager in a pool), `morpho` (collateral of a market).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openscrip_watch import fields
from openscrip_watch.chains.evm_wire import TRANSFER, selector, topic
from openscrip_watch.chains.rpc import Call, Rpc, RpcError, settled
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.report_document import read_json
from openscrip_watch.winding.balances import ZERO, logs, transfers_added

_TOTAL_SUPPLY, _BALANCE_OF = selector("totalSupply()"), selector("balanceOf(address)")
_TOKEN0, _TOKEN1, _FEE = selector("token0()"), selector("token1()"), selector("fee()")
_POSITIONS, _OWNER_OF = selector("positions(uint256)"), selector("ownerOf(uint256)")
_DECREASE = selector("decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))")
_COLLECT = selector("collect((uint256,address,uint128,uint128))")
_SUPPLY_COLLATERAL = topic("SupplyCollateral(bytes32,address,address,uint256)")
_POSITION, _PARAMS = selector("position(bytes32,address)"), selector("idToMarketParams(bytes32)")
_LOW_128 = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Venue:
    """A contract to look through: its address, which resolver, and what that one needs to know beside."""

    chain: str
    address: str
    kind: str
    manager: str = ""
    """Of a Uniswap v3 pool: the position manager."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a resolver looks: one chain at one block, for one token."""

    rpc: Rpc
    token: str
    block: int

    def words(self, contract: str, data: str, sender: str = ZERO) -> list[int]:
        """The 32-byte words that a call answers; none for one that reverts."""
        return self.many([(contract, data, sender)])[0]

    def many(self, calls: list[tuple[str, str, str]]) -> list[list[int]]:
        """As `words`, for (contract, data, sender) of each."""
        asked: list[Call] = [
            ("eth_call", [{"to": to, "data": data, "from": sender}, hex(self.block)]) for to, data, sender in calls
        ]
        return [[] if isinstance(each, RpcError) else _words(settled(each)) for each in self.rpc.batch(asked)]


Resolver = Callable[[At, Venue, int], dict[str, int]]
"""(where, venue, raw that it holds) -> raw of each address behind it; together never more than it holds."""


def read_venues(path: Path | None) -> list[Venue]:
    """The venues in a JSON file `{"venues": [{"chain", "address", "kind", "manager"?}]}`. Raises `BadInput`."""
    if path is None:
        return []
    found = []
    for each in fields.rows(read_json(path, "resolvers"), "venues", 10_000):
        kind = fields.text(each, "kind", 40)
        if kind not in RESOLVERS:
            raise BadInput("resolvers.kind", f"resolvers: {kind!r:.40} is none of {', '.join(sorted(RESOLVERS))}")
        manager = fields.text(each, "manager", 64).lower() if kind == "uniswap-v3" else ""
        chain, address = fields.text(each, "chain", 20), fields.text(each, "address", 64).lower()
        found.append(Venue(chain, address, kind, manager))
    places = {(each.chain, each.address) for each in found}
    refuse_unless(len(places) == len(found), "resolvers.twice", "resolvers: a contract was named twice")
    return found


def shares(at: At, venue: Venue, raw: int) -> dict[str, int]:
    """What each holder of the contract's own token has of `raw`, in proportion and rounded down."""
    (total,) = at.words(venue.address, _TOTAL_SUPPLY) or [0]
    holders = sorted(transfers_added(at.rpc, venue.address, at.block))
    found = at.many([(venue.address, _BALANCE_OF + _word(holder), ZERO) for holder in holders])
    balances = {holder: words[0] for holder, words in zip(holders, found, strict=True) if words}
    whole = max(total, sum(balances.values()))
    return {holder: raw * each // whole for holder, each in balances.items() if whole and each}


def uniswap_v3(at: At, venue: Venue, raw: int) -> dict[str, int]:
    """What each position of the manager in the pool would take out: its liquidity and its fees, as the contracts say."""
    sides = [_address(at.words(venue.address, each)) for each in (_TOKEN0, _TOKEN1)]
    (fee,) = at.words(venue.address, _FEE) or [0]
    if at.token not in sides:
        return {}
    place = sides.index(at.token)
    numbers = sorted({int(log["topics"][3], 16) for log in logs(at.rpc, venue.manager, [TRANSFER], at.block)})
    found: dict[str, int] = defaultdict(int)
    for number in numbers:
        position = at.words(venue.manager, _POSITIONS + _word(number))
        owner = _address(at.words(venue.manager, _OWNER_OF + _word(number)))
        pool = position and ([_hex(position[2]), _hex(position[3])], position[4]) == (sides, fee)
        if pool and owner:
            found[owner] += _out(at, venue.manager, owner, number, position[7], place)
    return _within(dict(found), raw)


def morpho(at: At, venue: Venue, raw: int) -> dict[str, int]:
    """The collateral that each borrower has in the markets whose collateral is the token."""
    found: dict[str, int] = defaultdict(int)
    told = {
        (log["topics"][1], "0x" + log["topics"][3][-40:]) for log in logs(at.rpc, venue.address, [_SUPPLY_COLLATERAL], at.block)
    }
    markets = {market for market, _ in told}
    params = {market: at.words(venue.address, _PARAMS + market[2:]) for market in sorted(markets)}
    ours = {market for market, words in params.items() if len(words) == 5 and _hex(words[1]) == at.token}
    for market, holder in sorted(told):
        if market in ours:
            words = at.words(venue.address, _POSITION + market[2:] + _word(holder))
            found[holder.lower()] += words[2] if len(words) == 3 else 0
    return _within({holder: each for holder, each in found.items() if each}, raw)


RESOLVERS: Mapping[str, Resolver] = {"shares": shares, "uniswap-v3": uniswap_v3, "morpho": morpho}


def _out(at: At, manager: str, owner: str, number: int, liquidity: int, place: int) -> int:
    """What closing a position gives: its fees, and its liquidity at today's price."""
    fees = at.words(manager, _COLLECT + _word(number) + _word(owner) + _word(_LOW_128) * 2, owner)
    nothing = _word(0) * 2 + _word(2**255)
    taken = at.words(manager, _DECREASE + _word(number) + _word(liquidity) + nothing, owner) if liquidity else [0, 0]
    return (fees[place] if len(fees) == 2 else 0) + (taken[place] if len(taken) == 2 else 0)


def _within(found: dict[str, int], raw: int) -> dict[str, int]:
    """Never more than there is: in proportion and rounded down where a venue promised more."""
    total = sum(found.values())
    return found if total <= raw else {who: raw * each // total for who, each in found.items()}


def _words(answer: Any) -> list[int]:
    data = bytes.fromhex(str(answer)[2:])
    return [int.from_bytes(data[first : first + 32], "big") for first in range(0, len(data), 32)]


def _word(value: int | str) -> str:
    return f"{int(value, 16) if isinstance(value, str) else value:064x}"


def _hex(word: int) -> str:
    return f"0x{word & (2**160 - 1):040x}"


def _address(words: list[int]) -> str:
    return _hex(words[0]) if words else ""
