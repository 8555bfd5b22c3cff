"""Reads the EVM chain at one final block: tokens, feeds, keys, and what the contracts told since the last time.

The watch is told of the Issuer contract alone; that one names the contracts of its keys and of corporate actions.
"""

from collections.abc import Mapping
from typing import Any

from openscrip_watch.chains.evm_wire import (
    ACTIONS,
    ANNOUNCED,
    RESERVE,
    SIGNER_EPOCH,
    SIGNERS,
    SIGNERS_CHANGED,
    STANDING,
    TRANSFER,
    KeySet,
    decode_announced,
    decode_event,
    decode_signers,
    decode_standing,
)
from openscrip_watch.chains.facts import ChainBook, Fact, Standing
from openscrip_watch.chains.rpc import Call, Rpc, RpcError, settled
from openscrip_watch.refusal import Refusal, Silent, refuse_unless

CURSOR, CURSOR_HASH = "block", "block_hash"
READINGS_MAX = 4
_ZERO_TOPIC = "0x" + "00" * 32


class EvmReader:
    """Keeps a book up to date. `depth` blocks on top of a block make it final (0 for a local chain)."""

    def __init__(self, rpc: Rpc, chain_id: int, issuer_contract: str, depth: int = 0, name: str = "evm") -> None:
        self.rpc = rpc
        self.name = name
        self.chain_id = chain_id
        self.issuer_contract = issuer_contract.lower()
        self.depth = depth
        self.signers = self.actions = ""
        """The contracts of the keys and of corporate actions; known after the first reading."""
        self.signer_epoch = 0
        """The generation of keys at the newest reading."""

    def read(self, book: ChainBook, tokens: Mapping[str, str]) -> dict[str, Standing]:
        """The standing of each token (token -> feed) at one final block; the book gets the facts up to that block.

        Raises `chain.id`, `Silent`, and `chain.reorganised` when what was final is gone: then an operator decides. Only
        a local chain, where nothing waits to be final, is read anew from its beginning instead. A supply above the
        history is read again: a node that is just mining may answer for the newest block from the state after it.
        """
        standings = self._read(book, tokens)
        for _ in range(READINGS_MAX - 1):
            if all(standing.supply <= book.token(token).supply for token, standing in standings.items()):
                break
            standings = self._read(book, tokens)
        return standings

    def _read(self, book: ChainBook, tokens: Mapping[str, str]) -> dict[str, Standing]:
        self._find_contracts()
        block = self._final_block()
        number, at = int(block["number"], 16), int(block["timestamp"], 16)
        after = int(book.cursors.get(CURSOR, "-1"))
        calls: list[Call] = [_view(self.signers, SIGNER_EPOCH, number)]
        for token, feed in tokens.items():
            calls += [_view(token, STANDING, number), _view(feed, RESERVE, number)]
        if after >= 0:
            calls.append(("eth_getBlockByNumber", [hex(after), False]))
        if after < number:
            calls.append(("eth_getLogs", [{"fromBlock": hex(after + 1), "toBlock": hex(number), **self._filter()}]))
        results = self.rpc.batch(calls)
        self.signer_epoch = int(settled(results.pop(0)), 16)
        standings = {token: _standing(results, place, at) for place, token in enumerate(tokens)}
        tail = results[2 * len(tokens) :]
        if after >= 0 and self._reorganised(book, settled(tail.pop(0)), after, number):
            refuse_unless(self.depth == 0, "chain.reorganised", f"{self.name}: block {after}, once final, was replaced")
            book.forget()
            return self._read(book, tokens)
        if after < number:
            book.extend(self._decode(settled(tail.pop(0))))
        book.cursors |= {CURSOR: str(number), CURSOR_HASH: block["hash"]}
        return standings

    def supply_changes(self, token: str) -> list[tuple[str, int]]:
        """(transaction, change of supply in raw) of every Transfer from or to zero since the beginning."""
        filters: list[list[str | None]] = [[TRANSFER, _ZERO_TOPIC], [TRANSFER, None, _ZERO_TOPIC]]
        span = {"fromBlock": "0x0", "toBlock": "latest", "address": token}
        minted, burned = self.rpc.batch([("eth_getLogs", [{**span, "topics": each}]) for each in filters])
        return [(log["transactionHash"], int(log["data"], 16)) for log in settled(minted)] + [
            (log["transactionHash"], -int(log["data"], 16)) for log in settled(burned)
        ]

    def inputs(self, transactions: list[str]) -> dict[str, bytes]:
        """The input of each transaction."""
        found = self.rpc.batch([("eth_getTransactionByHash", [each]) for each in transactions])
        return {tx: bytes.fromhex(settled(body)["input"][2:]) for tx, body in zip(transactions, found, strict=True) if body}

    def key_sets(self) -> dict[int, dict[int, KeySet]]:
        """Who might sign for each role, by signer epoch: a voucher names the epoch under which it was signed."""
        self._find_contracts()
        span = {"fromBlock": "0x0", "toBlock": "latest", "address": self.signers, "topics": [SIGNERS_CHANGED]}
        sets: dict[int, dict[int, KeySet]] = {}
        standing: dict[int, KeySet] = {}
        for log in settled(self.rpc.batch([("eth_getLogs", [span])])[0]):
            epoch, role, keys = decode_signers(log)
            standing = sets[epoch] = standing | {role: keys}
        return sets

    def announced(self) -> dict[str, tuple[str | int, ...]]:
        """What was announced of each corporate action, by its id: as `multipliers.announced_facts` has it."""
        self._find_contracts()
        span = {"fromBlock": "0x0", "toBlock": "latest", "address": self.actions, "topics": [ANNOUNCED]}
        return dict(decode_announced(log) for log in settled(self.rpc.batch([("eth_getLogs", [span])])[0]))

    def _find_contracts(self) -> None:
        """Once: the chain is the one that was configured, and its Issuer contract names the others."""
        if self.signers:
            return
        served = int(self.rpc.call("eth_chainId", []), 16)
        refuse_unless(served == self.chain_id, "chain.id", f"{self.name}: the node served chain {served}, not {self.chain_id}")
        asked = [("eth_call", [{"to": self.issuer_contract, "data": each}, "latest"]) for each in (SIGNERS, ACTIONS)]
        found = [str(settled(each)) for each in self.rpc.batch(asked)]
        text = f"{self.name}: {self.issuer_contract} did not name its contracts of keys and corporate actions"
        refuse_unless(all(len(each) == 2 + 64 for each in found), "chain.issuer", text)
        self.signers, self.actions = ("0x" + each[-40:].lower() for each in found)

    def _final_block(self) -> dict[str, Any]:
        block: dict[str, Any] = self.rpc.call("eth_getBlockByNumber", ["latest", False])
        if self.depth:
            number = max(0, int(block["number"], 16) - self.depth)
            block = self.rpc.call("eth_getBlockByNumber", [hex(number), False])
        return block

    def _filter(self) -> dict[str, Any]:
        return {"address": [self.issuer_contract, self.actions]}

    @staticmethod
    def _reorganised(book: ChainBook, block: dict[str, Any] | None, after: int, number: int) -> bool:
        return block is None or block["hash"] != book.cursors[CURSOR_HASH] or number < after

    def _decode(self, logs: list[dict[str, Any]]) -> list[Fact]:
        times = self._times(logs)
        facts = (decode_event(log, times[log["blockNumber"]], self.name) for log in logs)
        return [fact for fact in facts if fact is not None]

    def _times(self, logs: list[dict[str, Any]]) -> dict[str, int]:
        times = {log["blockNumber"]: int(log["blockTimestamp"], 16) for log in logs if log.get("blockTimestamp")}
        unknown = sorted({log["blockNumber"] for log in logs} - set(times))
        blocks = self.rpc.batch([("eth_getBlockByNumber", [number, False]) for number in unknown])
        return times | {number: int(settled(block)["timestamp"], 16) for number, block in zip(unknown, blocks, strict=True)}


def _view(contract: str, call: str, block: int) -> Call:
    return "eth_call", [{"to": contract, "data": call}, hex(block)]


def _standing(results: list[Any], place: int, at: int) -> Standing:
    standing, reserve = results[2 * place : 2 * place + 2]
    try:
        empty = isinstance(reserve, RpcError) or len(reserve) < 2 + 64 * 5
        return decode_standing(settled(standing), None if empty else reserve, at)
    except (ValueError, Silent):
        raise Refusal("chain.token", "evm: the token's contract did not answer as a StockToken") from None
