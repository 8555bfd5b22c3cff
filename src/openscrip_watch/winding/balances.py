"""Who holds a token at one final block: on EVM by adding up its transfers, on Solana by reading its token accounts."""

from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from openscrip_watch.amounts import GRAIN, RAW, show
from openscrip_watch.chains.evm_wire import TRANSFER
from openscrip_watch.chains.rpc import Call, Rpc, RpcError, settled
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.chains.solana_wire import TOKEN, decode_mint
from openscrip_watch.refusal import Refusal, refuse_unless

ZERO = "0x" + "00" * 20
TRIES = 4


@dataclass(frozen=True, slots=True)
class Balances:
    """Everybody's raw (1e-18) of one token; `at` names the block or slot. `programs` are addresses that are no person's
    key: contracts on EVM, addresses off the curve on Solana.
    """

    chain: str
    token: str
    block: int
    held: Mapping[str, int]
    programs: frozenset[str]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.held.values())


def logs(rpc: Rpc, contract: str, topics: Sequence[str | None], last: int, first: int = 0) -> list[dict[str, Any]]:
    """All logs of a contract, in order; where a node refuses so many blocks at once, half of them and the other half."""
    span = {"fromBlock": hex(first), "toBlock": hex(last), "address": contract, "topics": list(topics)}
    answer = rpc.batch([("eth_getLogs", [span])])[0]
    if isinstance(answer, RpcError) and last > first:
        middle = (first + last) // 2
        return logs(rpc, contract, topics, middle, first) + logs(rpc, contract, topics, last, middle + 1)
    found: list[dict[str, Any]] = settled(answer)
    return found


def transfers_added(rpc: Rpc, token: str, block: int) -> dict[str, int]:
    """The balance of every address by the transfers of an ERC-20 up to a block. Raises `wind_down.transfers`."""
    held: dict[str, int] = defaultdict(int)
    for log in logs(rpc, token, [TRANSFER], block):
        sender, receiver = ("0x" + topic[-40:].lower() for topic in log["topics"][1:3])
        amount = int(log["data"], 16)
        held[sender] -= amount
        held[receiver] += amount
    held.pop(ZERO, None)
    text = f"wind-down: the transfers of {token} do not add up: somebody gave what it had not"
    refuse_unless(all(amount >= 0 for amount in held.values()), "wind_down.transfers", text)
    return {address: amount for address, amount in held.items() if amount}


def read_evm(rpc: Rpc, chain: str, token: str, block: int, supply: int) -> Balances:
    """Everybody at `block`, whose sum is the token's supply. Raises `wind_down.supply`."""
    held = transfers_added(rpc, token, block)
    text = f"wind-down: holders on {chain} have {show(sum(held.values()), RAW)}, the token says {show(supply, RAW)}"
    refuse_unless(sum(held.values()) == supply, "wind_down.supply", text)
    return Balances(chain, token, block, held, contracts_among(rpc, list(held), block))


def contracts_among(rpc: Rpc, addresses: Sequence[str], block: int) -> frozenset[str]:
    """The addresses that have code."""
    calls: list[Call] = [("eth_getCode", [address, hex(block)]) for address in addresses]
    found = zip(addresses, rpc.batch(calls), strict=True)
    return frozenset(address for address, code in found if len(str(settled(code))) > 2)


def read_solana(reader: SolanaReader, mint: str) -> Balances:
    """Every owner at one slot, whose sum is the mint's supply; read again while something lands in between."""
    for _ in range(TRIES):
        before = _supply(reader, mint)
        slot, held = _accounts(reader, mint)
        if before == _supply(reader, mint) == sum(held.values()):
            programs = frozenset(owner for owner in held if not Pubkey.from_string(owner).is_on_curve())
            return Balances("solana", mint, slot, held, programs)
    raise Refusal("wind_down.supply", f"wind-down: holders of {mint} on solana did not add up to its supply")


def _supply(reader: SolanaReader, mint: str) -> int:
    (data,) = reader.accounts([mint])
    return decode_mint(data or b"").supply * GRAIN


def _accounts(reader: SolanaReader, mint: str) -> tuple[int, dict[str, int]]:
    """The slot, and what each owner's token accounts hold together."""
    options = {
        "encoding": "base64",
        "commitment": reader.commitment,
        "withContext": True,
        "filters": [{"memcmp": {"offset": 0, "bytes": mint}}],
    }
    answer = settled(reader.rpc.batch([("getProgramAccounts", [TOKEN, options])])[0])
    held: dict[str, int] = defaultdict(int)
    for each in answer["value"]:
        data = b64decode(each["account"]["data"][0])
        if len(data) >= 165 and (grains := int.from_bytes(data[64:72], "little")):
            held[str(Pubkey(data[32:64]))] += grains * GRAIN
    return int(answer["context"]["slot"]), dict(held)
