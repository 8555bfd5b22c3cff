"""The history of a Solana cluster, from the token balances that each block gives before and after its transactions.

Only what is final is read, so nothing is taken back. An owner's several accounts of a mint are one holder. What a
transaction moved is told by its net effect: from whoever had less after it to whoever had more.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page, Undone
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount

SLOTS_MAX, BLOCKS_AT_ONCE = 5_000, 100
BALANCES = ("preTokenBalances", "postTokenBalances")
PLACES_PER_MINT, PLACES_PER_TRANSACTION = 2**10, 2**20
"""Far more than a transaction has room for: at most 256 accounts."""
_FINAL = {"commitment": "finalized"}
_BLOCK = {
    **_FINAL, "encoding": "json", "transactionDetails": "full", "rewards": False, "maxSupportedTransactionVersion": 0,
}  # fmt: skip
_HEADER = {**_FINAL, "transactionDetails": "none", "rewards": False, "maxSupportedTransactionVersion": 0}


class SolanaHistory:
    """What a node at `rpc` tells of the cluster `name`."""

    def __init__(self, name: str, rpc: JsonRpc) -> None:
        self.name = name
        self._rpc = rpc

    def heads(self) -> tuple[int, int]:
        """As `History.heads`: the newest final slot, twice."""
        slot = int(self._call("getSlot", _FINAL))
        return slot, slot

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        """As `History.page`; a slot that no leader filled is no block."""
        first = max(0, read[0] + 1)
        end = min(last, first + SLOTS_MAX - 1)
        slots = self._call("getBlocks", first, end, _FINAL)
        if len(slots) > BLOCKS_AT_ONCE:
            slots = slots[:BLOCKS_AT_ONCE]
            end = slots[-1]
        answers = self._rpc.batch([("getBlock", [slot, _BLOCK]) for slot in slots])
        blocks, hashed = [], read[1]
        for slot, answer in zip(slots, answers, strict=True):
            if answer is None or isinstance(answer, RpcError):
                raise Unavailable(f"index: {self.name} did not tell block {slot}: {answer}")
            if hashed and answer["previousBlockhash"] != hashed:
                raise Undone
            hashed = str(answer["blockhash"])
            moved = _moved(answer["transactions"], frozenset(tokens))
            if moved:
                blocks.append(Block(slot, moved, int(answer.get("blockTime") or 0)))
        keep = ((slots[-1], hashed),) if slots else ()
        return Page(tuple(blocks), (end, hashed), keep)

    def stands(self, number: int, hashed: str) -> bool:
        """As `History.stands`."""
        [answer] = self._rpc.batch([("getBlock", [number, _HEADER])])
        return not isinstance(answer, RpcError) and answer is not None and answer["blockhash"] == hashed

    def _call(self, method: str, *params: object) -> Any:
        try:
            return self._rpc.call(method, *params)
        except RpcError as error:
            raise Unavailable(f"index: {self.name} answered {method} with {error.message}") from error


def _moved(transactions: Sequence[Mapping[str, Any]], tokens: frozenset[str]) -> tuple[Moved, ...]:
    """What the transactions of a block moved of these tokens; its place is the same whichever others are asked for."""
    found: list[Moved] = []
    for number, transaction in enumerate(transactions):
        meta = transaction["meta"]
        if meta["err"] is not None:
            continue
        changed = _changes(meta, tokens)
        if not changed:
            continue
        mints = sorted({balance["mint"] for field in BALANCES for balance in meta[field] or ()})
        tx_id = str(transaction["transaction"]["signatures"][0])
        for token, changes in sorted(changed.items()):
            first = number * PLACES_PER_TRANSACTION + mints.index(token) * PLACES_PER_MINT
            for place, (sender, receiver, grains) in enumerate(paired(changes), first):
                found.append(Moved(token, sender, receiver, RawAmount.from_grains(grains).atoms, place, tx_id))
    return tuple(found)


def _changes(meta: Mapping[str, Any], tokens: frozenset[str]) -> dict[str, dict[str, int]]:
    """By token: how many grains more each owner had after the transaction than before."""
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for field, sign in zip(BALANCES, (-1, 1), strict=True):
        for balance in meta[field] or ():
            if balance["mint"] in tokens:
                found[balance["mint"]][balance["owner"]] += sign * int(balance["uiTokenAmount"]["amount"])
    return {token: dict(changes) for token, changes in found.items()}


def paired(changes: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Who gave whom how much, by who had more and who less; what does not add up was minted or burned.

    {A: -3, B: 5} is 3 from A to B and 2 minted for B.
    """
    more = sorted((owner, change) for owner, change in changes.items() if change > 0)
    less = sorted((owner, -change) for owner, change in changes.items() if change < 0)
    minted = sum(change for _, change in more) - sum(change for _, change in less)
    (less if minted > 0 else more).append((ALL, abs(minted)))
    moves: list[tuple[str, str, int]] = []
    takers = iter(more)
    taker, wanted = next(takers)
    for giver, given in less:
        while given:
            while not wanted:
                taker, wanted = next(takers)
            part = min(given, wanted)
            moves.append((giver, taker, part))
            given, wanted = given - part, wanted - part  # noqa: PLW2901  # what is left of this giver's
    return moves
