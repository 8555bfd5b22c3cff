"""The history of an EVM chain, from `Transfer` logs.

Blocks that are deep enough are asked for by ranges; the newest `tail_blocks`, and whatever is not final, one by one, by
their hashes: then the logs are those of the very block whose hash is kept.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page, Undone
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable

TAIL_BLOCKS = 64
RANGE_BLOCKS_MAX, RANGE_LOGS = 10_000, 20_000
"""Blocks in one request, and about as many logs as one answer should bring."""
_ONE_BY_ONE = 32
RANGE_HEADERS = 200
_NOBODY = "0" * 40


class EvmHistory:
    """What a node at `rpc` tells of the chain `name`.

    `finality` is the tag of the newest block that is never undone, or how many blocks stand on top of it.
    """

    def __init__(self, name: str, rpc: JsonRpc, finality: str | int = "latest", tail_blocks: int = TAIL_BLOCKS) -> None:
        self.name = name
        self._rpc = rpc
        self._finality = finality
        self._tail_blocks = tail_blocks
        self._range_blocks = 500
        self._topic = own("StockToken").topic("Transfer")

    def heads(self) -> tuple[int, int]:
        """As `History.heads`; even what the node calls final is kept for `tail_blocks`."""
        tag = "latest" if isinstance(self._finality, int) else self._finality
        newest, final = self._batch(*(("eth_getBlockByNumber", [each, False]) for each in ("latest", tag)))
        number = int(newest["number"], 16)
        deep = self._finality if isinstance(self._finality, int) else number - int(final["number"], 16) if final else number + 1
        return number, number - max(deep, self._tail_blocks)

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        """As `History.page`."""
        names = {token.lower(): token for token in tokens}
        first = read[0] + 1
        if first <= final:
            return self._range(names, read, first, min(last, final))
        return self._one_by_one(names, read, range(first, min(last, first + _ONE_BY_ONE - 1) + 1))

    def stands(self, number: int, hashed: str) -> bool:
        """As `History.stands`."""
        [header] = self._batch(("eth_getBlockByNumber", [hex(number), False]))
        return header is not None and header["hash"] == hashed

    def _range(self, names: dict[str, str], read: tuple[int, str], first: int, last: int) -> Page:
        """Final blocks, as many at once as the node is willing to tell."""
        while True:
            end = min(last, first + self._range_blocks - 1)
            wanted = {**self._wanted(names), "fromBlock": hex(first), "toBlock": hex(end)}
            headers = [("eth_getBlockByNumber", [hex(number), False]) for number in (first, end)]
            begins, ends, logs = self._rpc.batch([*headers, ("eth_getLogs", [wanted])])
            if not isinstance(logs, RpcError):
                break
            if end == first:
                raise Unavailable(f"index: {self.name} would not tell block {first}: {logs.message}")
            self._range_blocks = (end - first + 1) // 2
        if begins is None or ends is None or isinstance(begins, RpcError) or isinstance(ends, RpcError):
            raise Unavailable(f"index: {self.name} did not tell the headers of blocks {first} and {end}")
        _refuse_another_parent(begins, read)
        if len(logs) > RANGE_LOGS:
            self._range_blocks = max(1, self._range_blocks // 2)
        elif len(logs) < RANGE_LOGS // 2:
            self._range_blocks = min(RANGE_BLOCKS_MAX, self._range_blocks * 2)
        found: defaultdict[int, list[Moved]] = defaultdict(list)
        for log in logs:
            found[int(log["blockNumber"], 16)].append(_moved(log, names))
        times = self._times(logs)
        blocks = tuple(Block(number, _in_order(found[number]), times[number]) for number in sorted(found))
        here = (end, str(ends["hash"]))
        return Page(blocks, here, (here,))

    def _one_by_one(self, names: dict[str, str], read: tuple[int, str], numbers: range) -> Page:
        """Blocks that may yet be undone: each must be its predecessor's child."""
        headers = self._batch(*(("eth_getBlockByNumber", [hex(number), False]) for number in numbers))
        if headers[0] is None:
            raise Unavailable(f"index: {self.name} did not tell block {numbers[0]} any more")
        chained: list[Any] = []
        before = read
        for header in headers:
            if header is None or (chained and header["parentHash"] != before[1]):
                break  # the chain changed while it was read: what fits is read now, the rest at the next look
            _refuse_another_parent(header, before)
            before = (int(header["number"], 16), str(header["hash"]))
            chained.append(header)
        marked = [header for header in chained if header["logsBloom"].strip("0x")]
        asked = (("eth_getLogs", [{**self._wanted(names), "blockHash": header["hash"]}]) for header in marked)
        answers = self._rpc.batch(list(asked))
        if any(isinstance(answer, RpcError) for answer in answers):
            raise Unavailable(f"index: {self.name} did not tell the logs of a block that it named: it may be undone")
        blocks = [
            Block(int(header["number"], 16), _in_order([_moved(log, names) for log in logs]), int(header["timestamp"], 16))
            for header, logs in zip(marked, answers, strict=True)
            if logs
        ]
        return Page(tuple(blocks), before, tuple((int(each["number"], 16), str(each["hash"])) for each in chained))

    def _times(self, logs: Sequence[Any]) -> dict[int, int]:
        """When the blocks of these logs were: as the logs say where the node writes it there, else by their headers."""
        found = {int(log["blockNumber"], 16): int(log.get("blockTimestamp") or "0x0", 16) for log in logs}
        missing = [number for number, at in found.items() if not at]
        for start in range(0, len(missing), RANGE_HEADERS):
            numbers = missing[start : start + RANGE_HEADERS]
            headers = self._batch(*(("eth_getBlockByNumber", [hex(number), False]) for number in numbers))
            if None in headers:
                raise Unavailable(f"index: {self.name} did not tell the header of a block whose logs it told")
            found.update({number: int(each["timestamp"], 16) for number, each in zip(numbers, headers, strict=True)})
        return found

    def _wanted(self, names: dict[str, str]) -> dict[str, object]:
        return {"address": list(names), "topics": [self._topic]}

    def _batch(self, *calls: tuple[str, Sequence[object]]) -> list[Any]:
        answers = self._rpc.batch(list(calls))
        for (method, _), answer in zip(calls, answers, strict=True):
            if isinstance(answer, RpcError):
                raise Unavailable(f"index: {self.name} answered {method} with {answer.message}")
        return answers


def _refuse_another_parent(header: Any, read: tuple[int, str]) -> None:
    if read[1] and header["parentHash"] != read[1]:
        raise Undone


def _moved(log: Any, names: dict[str, str]) -> Moved:
    _, sender, receiver = log["topics"]
    return Moved(
        names[log["address"].lower()],
        _account(sender),
        _account(receiver),
        int(log["data"], 16),
        int(log["logIndex"], 16),
        log["transactionHash"],
    )


def _account(topic: str) -> str:
    digits = topic[-40:].lower()
    return ALL if digits == _NOBODY else "0x" + digits


def _in_order(moved: list[Moved]) -> tuple[Moved, ...]:
    return tuple(sorted(moved, key=lambda one: one.place))
