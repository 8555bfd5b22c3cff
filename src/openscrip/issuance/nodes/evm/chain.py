"""The chain behind the face: every step in one order, in the log before it is told, and made again when anvil is gone.

A transaction is offered to anvil first, so that only what its pool took is in the log. A block is planned in the log
before it is mined: which transactions it holds follows from the steps before it, so whoever reads a block reads what a
replay makes again. Settings are in the log before they are made.
"""

import asyncio
import gzip
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from openscrip.issuance.nodes.evm.anvil import Anvil
from openscrip.issuance.nodes.evm.archive import Archive
from openscrip.issuance.nodes.evm.child import Call, CallRefused, Child, Starter
from openscrip.issuance.nodes.evm.log import Kind, LogBroken, Record
from openscrip.issuance.nodes.evm.replay import next_at, replay, settings_of
from openscrip.issuance.nodes.evm.settings import kept_as
from openscrip.issuance.nodes.evm.wire import WireBroken
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Unavailable

DISK_FAILED = 74
"""Exit status after a failed flush (EX_IOERR): the node must not answer what may be lost."""
BROKEN = 1
_BEAT_S, _GATHER_S = 0.02, 0.002
"""At most one block a beat; a lone transaction waits only for those that come with it."""
_LIVE_BLOCK_S = 2.0
_FOLLOWING_S = 0.5
"""So long after the last transaction an empty block follows, where none comes by itself: a wallet that begins to watch for
blocks after it sent would else wait for ever."""
_DUMP_S = 300.0
_REBUILDS_MAX = 3
_STEPS_MAX = 5_000
"""Steps of the log since its state before a newer state is written: a start replays no more, as long as the pool empties."""
_HEAD = ("eth_getBlockByNumber", ("latest", False))
_POOL = ("txpool_status", ())


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest block."""

    number: int
    hash: str
    at: int


Heard = Callable[[str, Any], None]
"""Told `"block"` with each new block, and `"pending"` with the id of each transaction that the pool took."""


class Chain:
    """One durable chain in an archive. `start` before anything else."""

    tip: Tip

    def __init__(
        self,
        archive: Archive,
        anvil: Anvil,
        *,
        live: bool,
        hear: Heard,
        steps_max: int = _STEPS_MAX,
        patience_s: float = 20,
        start_child: Starter = Child.started,
    ) -> None:
        """`hear` is called in order with all there is to tell; after `steps_max` steps a newer state is written.

        An anvil that takes longer than `patience_s` for a step, or three times that for a read, hangs: `start_child` starts
        another in its place.
        """
        self.rests = False
        self._steps_max = self._state_due = steps_max
        self._patience_s = patience_s
        self._archive = archive
        self._anvil = anvil
        self._live = live
        self._hear = hear
        self._start_child = start_child
        self._order = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._child: Child | None = None
        self._next_at = 0
        self._steps = 0
        self._settings: dict[str, Record] = {}
        self._newest: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Make the chain as the log says it was. Raises `LogBroken` where it comes out otherwise, and `Unavailable`."""
        async with self._order:
            await self._rebuild()
        self._tasks = [asyncio.create_task(self._mine_when_wanted()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        """Write a state to start from, and end anvil."""
        async with self._order:
            for task in self._tasks:
                task.cancel()
            if self._child is not None:
                with suppress(OSError, CallRefused):  # the log alone is enough
                    if self._steps:
                        await self._write_state(self._child)
                await self._child.end()
            self._archive.close()
        self._anvil.forget_history()

    @property
    def pid(self) -> int:
        """Anvil's process id."""
        return self._child.pid if self._child is not None else 0

    async def durable(self) -> None:
        """Return once all that anybody can have seen is on disk. Ends the process if the disk fails."""
        try:
            await self._archive.log.durable()
        except OSError as failure:
            _leave(DISK_FAILED, f"log could not be flushed: {failure}")

    async def read(self, body: bytes) -> bytes:
        """Anvil's answer to a document that changes nothing. Raises `WireBroken` if there is none in time."""
        for _ in range(3):
            child = await self._alive()
            try:
                async with asyncio.timeout(3 * self._patience_s):
                    return await child.reads.ask(body)
            except WireBroken:
                await self._settle(child)
            except TimeoutError:
                await self._settle(child)
                raise WireBroken("evm node: the chain did not answer in time") from None
        raise WireBroken("evm node: the chain went away again and again")

    async def submit(self, raws: Sequence[str]) -> list[dict[str, Any]]:
        """Offer signed transactions to the pool, in order; the answer to each, its id or an error."""
        async with self._order:
            answers = await self._offered([("eth_sendRawTransaction", (raw,)) for raw in raws])
            taken = [(raw, answer["result"]) for raw, answer in zip(raws, answers, strict=True) if "result" in answer]
            await self._keep([Record(Kind.TRANSACTION, bytes.fromhex(raw.removeprefix("0x"))) for raw, _ in taken])
        for _, tx_id in taken:
            self._hear("pending", tx_id)
        return answers

    async def submit_unsigned(self, params: dict[str, Any]) -> Any:
        """Offer a transaction of an account that anvil answers for; its id. Raises `CallRefused`."""
        async with self._order:
            (offered,) = await self._offered([("eth_sendTransaction", (params,))])
            if "error" in offered:
                raise CallRefused(offered["error"])
            tx_id = offered["result"]
            # as the pool holds it: with the nonce and the gas that anvil filled in
            (taken,) = await self._offered([("eth_getTransactionByHash", (tx_id,))])
            await self._keep([Record.unsigned(taken["result"], tx_id)])
        self._hear("pending", tx_id)
        return tx_id

    async def set(self, method: str, params: Sequence[Any]) -> Any:
        """Change the chain otherwise than by a transaction. Raises `CallRefused`."""
        async with self._order:
            child, record = await self._here(), Record.of(Kind.CALL, [method, params])
            self._archive.log.append(record)
            await self.durable()
            self._steps += 1
            if name := kept_as(method, params):
                self._remember(name, record)
            try:
                return await child.call(method, *params)
            except WireBroken:
                answer = await self._rebuild()
                if "error" in answer:
                    raise CallRefused(answer["error"]) from None
                return answer.get("result")

    async def mine(self, times: Sequence[int | None]) -> None:
        """Mine a block at each of these instants (UTC seconds; None: now), or at that of the block below where it is later."""
        async with self._order:
            await self._mine(times)

    async def set_clock(self, now: int) -> int:
        """Move market time to `now` by a block of that time; the newest block's time. An instant that has passed is ignored."""
        async with self._order:
            await self._here()
            if now > self.tip.at:
                await self._mine([now])
            return self.tip.at

    async def set_next_at(self, at: int) -> None:
        """The next block is at `at` or later. Raises `CallRefused` for an instant before the newest block."""
        async with self._order:
            await self._here()
            if at < self.tip.at:
                text = f"Timestamp error: {at} is lower than previous block's timestamp"
                raise CallRefused({"code": -32602, "message": text})
            self._archive.log.append(Record.clock(at))
            await self.durable()
            self._steps += 1
            self._next_at = at

    def rest(self, *, resting: bool) -> None:
        """Mine nothing unasked while resting."""
        self.rests = resting
        self._wanted.set()

    async def _alive(self) -> Child:
        if self._child is not None and self._child.answers:
            return self._child
        async with self._order:
            return await self._here()

    async def _settle(self, child: Child) -> None:
        """Wait until it is plain whether an anvil that failed a read lives; one that hangs is given up.

        The row tells: the system closes what a killed process held one by one, so a read may fail before the row does.
        """
        async with self._order:
            with suppress(WireBroken, CallRefused):
                await child.call("eth_chainId")

    # Steps; the caller holds the order.

    async def _here(self) -> Child:
        """Anvil, made anew if it is gone."""
        if self._child is None or not self._child.answers:
            await self._rebuild()
        if self._child is None:
            raise WireBroken("evm node: the chain was away")
        return self._child

    async def _offered(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """The answers to calls whose effect is lost with anvil until it is in the log: asked again of the next one."""
        for _ in range(2):
            with suppress(WireBroken):
                return await (await self._here()).answers_to(calls)
        raise CallRefused({"code": -32603, "message": "evm node: the chain went away twice; send it again"})

    async def _keep(self, records: Sequence[Record]) -> None:
        """Log what the pool took. What cannot be logged is taken out of the pool, with the rest of that anvil."""
        if not records:
            return
        try:
            self._archive.log.append(*records)
        except OSError as failure:
            await self._rebuild()
            raise CallRefused({"code": -32603, "message": f"evm node: {failure}"}) from failure
        self._steps += len(records)
        self._wanted.set()

    async def _mine(self, times: Sequence[int | None]) -> None:
        child, at = await self._here(), max(self.tip.at, self._next_at)
        now = LiveClock().now() if self._live else 0
        plans: list[Record] = []
        for place, wanted in enumerate(times):
            at = max(at, now if wanted is None else wanted)
            plans.append(Record.mine(at, self.tip.number + place, "" if place else self.tip.hash))
        self._archive.log.append(*plans)
        await self.durable()
        self._steps, self._next_at = self._steps + len(plans), 0
        try:
            blocks, pool = await self._carried_out(child, plans)
        except WireBroken:
            await self._rebuild()  # which mines them too
            self._hear("block", self._newest)
            return
        except CallRefused as refused:
            _leave(BROKEN, f"the chain would not mine: {refused}")
        self._stand_at(blocks[-1])
        for block in blocks:
            self._hear("block", block)
        if int(pool["pending"], 16):
            self._wanted.set()
        if self._steps >= self._state_due:
            try:
                await self._write_state(child)
            except (OSError, CallRefused) as failure:  # the log is whole without it
                _say(f"no state was written: {failure}")
                self._state_due = self._steps + self._steps_max

    async def _carried_out(self, child: Child, plans: Sequence[Record]) -> tuple[list[Any], Any]:
        """Mine what is planned: the blocks, and what is left in the pool."""
        if len(plans) == 1:
            await child.call("evm_mine", plans[0].mined()[0])
            head, pool = await child.together(_HEAD, _POOL)
            return [head], pool
        await child.all([("evm_mine", (plan.mined()[0],)) for plan in plans])
        numbers = range(self.tip.number + 1, self.tip.number + 1 + len(plans))
        *blocks, pool = await child.all([*(("eth_getBlockByNumber", (hex(number), False)) for number in numbers), _POOL])
        return blocks, pool

    @staticmethod
    async def _waiting(child: Child) -> tuple[int, int]:
        """How many transactions of the pool can be mined, and how many wait for others."""
        (pool,) = await child.together(_POOL)
        return int(pool["pending"], 16), int(pool["queued"], 16)

    async def _write_state(self, child: Child) -> None:
        """Let the log begin anew from here; not while the pool holds anything, which no state does."""
        if any(await self._waiting(child)):
            return
        packed = await child.call("anvil_dumpState", within_s=_DUMP_S)
        settings = list(self._settings.values())
        if self._next_at:
            settings.append(Record.clock(self._next_at))

        def write() -> None:
            state = gzip.decompress(bytes.fromhex(packed[2:]))
            self._archive.rebase(state, self.tip.number, self.tip.hash, settings)

        await self.durable()
        await asyncio.get_running_loop().run_in_executor(None, write)
        self._steps, self._state_due = 0, self._steps_max

    async def _rebuild(self) -> dict[str, Any]:
        """Start anvil and take every step of the log again; the answer to the last."""
        for _ in range(_REBUILDS_MAX):
            if self._child is not None:
                await self._child.end()
            with suppress(WireBroken):
                return await self._replay()
        raise Unavailable("evm node: anvil went away in the replay again and again")

    async def _replay(self) -> dict[str, Any]:
        base, records = self._archive.base, list(self._archive.log.replay())[1:]
        anvil = Anvil(self._anvil.binary, self._anvil.data, self._anvil.chain_id, self._archive.start_at)
        self._child = child = await self._start_child(anvil, base.state, self._patience_s)
        answer = await replay(child, base, records)
        (head,) = await child.together(_HEAD)
        self._stand_at(head)
        self._next_at, self._steps, self._settings = next_at(records), len(records), {}
        for name, record in settings_of(records):
            self._remember(name, record)
        self._wanted.set()
        return answer

    def _remember(self, name: str, record: Record) -> None:
        """Keep a setting that a state does not hold for the log after the next state."""
        self._settings.pop(name, None)
        self._settings[name] = record

    def _stand_at(self, block: dict[str, Any]) -> None:
        self._newest = block
        self.tip = Tip(int(block["number"], 16), block["hash"], int(block["timestamp"], 16))

    # In the background.

    async def _mine_when_wanted(self) -> None:
        loop = asyncio.get_running_loop()
        mined_at, follows = loop.time(), False
        while True:
            follows = follows and not self.rests
            with suppress(TimeoutError):
                async with asyncio.timeout(_LIVE_BLOCK_S if self._live else _FOLLOWING_S if follows else None):
                    await self._wanted.wait()
            quiet = not self._wanted.is_set()
            await asyncio.sleep(max(_GATHER_S, mined_at + _BEAT_S - loop.time()))
            self._wanted.clear()
            try:
                async with self._order:
                    child = await self._here()
                    if not self.rests:
                        full = bool((await self._waiting(child))[0])
                        if self._live or full or (follows and quiet and not self._next_at):
                            await self._mine([None])
                            follows = full
            except WireBroken:
                self._wanted.set()
            except OSError as failure:  # nothing was planned: asked again at the next beat
                _say(f"no block was mined: {failure}")
                self._wanted.set()
            except (LogBroken, Unavailable) as failure:
                _leave(BROKEN, str(failure))
            mined_at = loop.time()

    async def _watch(self) -> None:
        """Have anvil made anew as soon as it is gone, asked or not."""
        while True:
            child = await self._alive()
            await child.ended()
            try:
                await self._alive()
            except (LogBroken, Unavailable) as failure:
                _leave(BROKEN, str(failure))


def _leave(status: int, text: str) -> NoReturn:
    """End the process at once: what it would answer from here on cannot be relied upon."""
    _say(text)
    os._exit(status)


def _say(text: str) -> None:
    print(f"evm node: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the program speaks to whoever started it
