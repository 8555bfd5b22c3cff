"""Lanes between the chains of a stock: proposed with the issuer's keys, open when the timelocks' day has passed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from solders.pubkey import Pubkey

from openscrip.assets.stock import Stock
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.platform import Platform, evm_signer, solana_key
from openscrip.bootstrap.stack import EXECUTOR, write_watch_config
from openscrip.issuance.chains.evm.governance import EvmTimelock, Lane, Undoing, setting_lane
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.program_operations import lane as lane_operation
from openscrip.issuance.chains.solana.program_parts import Operation
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import chain_hash, is_evm
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.quantities import RawAmount

HOUR_CAP = RawAmount.parse("100000")
UNEXPECTED_STATE = "0x5ead8eb5"
"""OpenZeppelin's `TimelockUnexpectedOperationState(bytes32,bytes32)`."""
LIFE_S = 6 * 3_600
"""So long a crossing may arrive after its departure."""


@dataclass(frozen=True, slots=True)
class Way:
    """From one chain of a stock to another. `left` is what may leave now, none for a lane that is not open."""

    source: str
    destination: str
    left: RawAmount


def ways(platform: Platform, stock: Stock) -> list[Way]:
    """Every way of a stock, as its source chain has it."""
    return [Way(source, there, _left(platform, stock, source, there)) for source, there in _pairs(stock)]


def propose_lanes(platform: Platform, stock: Stock) -> list[Way]:
    """Start the timelocks' wait for every lane that is not open; harmless where it was started. Returns those."""
    closed = [way for way in ways(platform, stock) if not way.left]
    wanted = {way: _operation(platform, stock, way) for way in closed if not is_evm(way.source)}
    if wanted:
        hashes = [operation.hash.hex() for operation in wanted.values()]
        write_watch_config(platform.places, platform.wiring, platform.keys, operations=hashes)
    for way in closed:
        try:
            if is_evm(way.source):
                lock, what = _evm_lock(platform, way.source), _setting(platform, stock, way)
                lock.propose(what, evm_signer(platform.keys, "issuer"))
            else:
                _solana_lock(platform).propose(wanted[way])
        except Refused as refusal:
            if not _is_proposed(refusal):
                raise
    return closed


def open_lanes(platform: Platform, stock: Stock) -> list[Way]:
    """Open every lane whose wait is over; the ways as they are now. Raises `Refused` while one is not over."""
    for way in ways(platform, stock):
        if way.left:
            continue
        if is_evm(way.source):
            lock, what = _evm_lock(platform, way.source), _setting(platform, stock, way)
            lock.execute(what, evm_signer(platform.keys, EXECUTOR))
        else:
            _solana_lock(platform).execute(_operation(platform, stock, way))
    return ways(platform, stock)


def refuse_closed(platform: Platform, stock: Stock, source: str, destination: str) -> None:
    """Raise `Refused("crossing.lane")` where nothing may leave by this way now."""
    left = _left(platform, stock, source, destination)
    text = f"crossing: the lane of {stock.id} from {source} to {destination} was closed; `openscrip lanes {stock.id}` shows all"
    refuse_unless(bool(left), "crossing.lane", text)


def _pairs(stock: Stock) -> Iterator[tuple[str, str]]:
    names = [name for name, _ in stock.tokens]
    return ((source, there) for source in names for there in names if source != there)


def _left(platform: Platform, stock: Stock, source: str, there: str) -> RawAmount:
    destination, token = chain_hash(f"chain:{platform.chains[there].caip2()}"), stock.token(source)
    if is_evm(source):
        issuer = platform.wiring.evm_chains[source].contracts.issuer
        return RawAmount(platform.evm_nodes[source].read(own("Issuer"), issuer, "lane_of", token, destination)[0])
    program = platform.solana.program
    account = platform.solana.cluster.account(program.lane(Pubkey.from_string(token), destination))
    return HOUR_CAP if account else RawAmount(0)


def _setting(platform: Platform, stock: Stock, way: Way) -> Undoing:
    lane = Lane(platform.chains[way.destination].caip2(), HOUR_CAP, LIFE_S)
    return setting_lane(platform.wiring.evm_chains[way.source].contracts, stock.token(way.source), lane)


def _operation(platform: Platform, stock: Stock, way: Way) -> Operation:
    mint = Pubkey.from_string(stock.token(way.source))
    destination = chain_hash(f"chain:{platform.chains[way.destination].caip2()}")
    salt = hashlib.sha256(bytes(mint) + destination).digest()[:8]
    return lane_operation(
        platform.solana.program, salt=salt, mint=mint, destination=destination, hour_cap=HOUR_CAP.grains, life_s=LIFE_S
    )


def _evm_lock(platform: Platform, name: str) -> EvmTimelock:
    return EvmTimelock(platform.evm_nodes[name], platform.wiring.evm_chains[name].contracts, node_modules())


def _solana_lock(platform: Platform) -> SolanaTimelock:
    solana, key = platform.solana, solana_key(platform.keys)
    return SolanaTimelock(solana.cluster, solana.program, key, platform.wiring.watch_solana_key, platform.watch)


def _is_proposed(refusal: Refused) -> bool:
    """Whether a proposal was refused since it was made before."""
    return UNEXPECTED_STATE in refusal.text or "operation was queued" in refusal.text
