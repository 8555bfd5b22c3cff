"""States that a durable EVM chain writes while it runs, and a disk that fails it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.nodes.evm_crowd import CHAIN_ID, NODE_MODULES, NOON, SENDERS, payment

from openscrip.issuance.nodes.evm.anvil import ANVIL, Anvil, free_port
from openscrip.issuance.nodes.evm.archive import Archive
from openscrip.issuance.nodes.evm.chain import Chain
from openscrip.issuance.nodes.evm.child import CallRefused, Child, Starter
from openscrip.issuance.nodes.evm.log import Kind, Log, Record
from openscrip.issuance.nodes.evm.methods import Methods
from openscrip.issuance.nodes.evm.wire import Wires

pytestmark = pytest.mark.parts
ALICE = SENDERS[0]
Ask = Callable[..., Awaitable[Any]]


class FullDisk(Log):
    """A log with room for nothing more, as long as `full`."""

    full = False

    def append(self, *records: Record) -> None:
        if self.full:
            raise OSError("log: the disk was full")
        super().append(*records)


class OnFullDisk(Archive):
    """An archive whose log is one."""

    def _open(self) -> None:
        super()._open()
        path = self.log.path
        self.log.close()
        self.log = FullDisk(path)
        list(self.log.replay())


@asynccontextmanager
async def opened(
    folder: Path,
    steps_max: int,
    kind: type[Archive] = Archive,
    patience_s: float = 60,
    start_child: Starter = Child.started,
) -> AsyncIterator[tuple[Chain, Archive, Ask]]:
    """A chain in this process, whose miner rests; `ask` makes one call as the face does."""
    anvil = Anvil(NODE_MODULES / ANVIL, folder, CHAIN_ID, NOON)
    archive = kind(anvil)
    chain = Chain(
        archive, anvil, live=False, hear=lambda _kind, _what: None, steps_max=steps_max, patience_s=patience_s,
        start_child=start_child,
    )  # fmt: skip
    await chain.start()
    chain.rest(resting=True)
    methods = Methods(chain)

    async def ask(method: str, *params: object) -> Any:
        answer = await methods.answer_one({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in answer:
            raise CallRefused(answer["error"])
        return answer["result"]

    try:
        yield chain, archive, ask
    finally:
        await chain.stop()


def kept(folder: Path) -> list[str]:
    """What kinds of files a chain keeps, each as often as it does."""
    return sorted(path.name.split("-")[0] for path in folder.glob("*-*"))


async def paid(ask: Ask, nonce: int) -> str:
    return str(await ask("eth_sendRawTransaction", "0x" + payment(ALICE, nonce).raw.hex()))


async def all_blocks(ask: Ask) -> list[Any]:
    head = int(await ask("eth_blockNumber"), 16)
    return [await ask("eth_getBlockByNumber", hex(number), True) for number in range(head + 1)]


def test_a_state_written_on_the_way_is_gone_on_from_as_if_there_were_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, 20) as (chain, archive, ask):
            await ask("anvil_setBalance", ALICE.address, hex(10**24))
            await ask("anvil_setCoinbase", "0x" + "99" * 20)
            for nonce in range(50):
                await paid(ask, nonce)
                await ask("evm_mine", NOON + nonce)
            assert archive.base.number > 20
            assert len(list(archive.log.replay())) < 25
            assert kept(tmp_path) == ["log", "state"]
            before = await all_blocks(ask)
            os.kill(chain.pid, signal.SIGKILL)
            assert await all_blocks(ask) == before
            await paid(ask, 50)
            await ask("evm_mine", NOON + 100)
            newest = await ask("eth_getBlockByNumber", "latest", True)
            assert newest["miner"] == "0x" + "99" * 20
            before.append(newest)
        async with opened(tmp_path, 20) as (_, archive, ask):
            assert [record.kind for record in archive.log.replay()] == [Kind.GENESIS, Kind.CALL]
            assert await all_blocks(ask) == before

    asyncio.run(story())


def test_no_state_is_written_while_the_pool_holds_what_no_state_does(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, 5) as (_, archive, ask):
            await ask("anvil_setBalance", ALICE.address, hex(10**24))
            gapped = await paid(ask, 1)
            for _ in range(10):
                await ask("evm_mine")
            assert archive.base.number == 0
        async with opened(tmp_path, 5) as (_, archive, ask):
            assert (archive.base.number, await ask("txpool_status")) == (0, {"pending": "0x0", "queued": "0x1"})
            await paid(ask, 0)
            await ask("evm_mine")
            assert int((await ask("eth_getTransactionReceipt", gapped))["blockNumber"], 16) == 11
            assert archive.base.number == 11

    asyncio.run(story())


def test_what_a_full_disk_cannot_log_is_refused_and_has_not_happened(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, 1_000, OnFullDisk) as (chain, archive, ask):
            await ask("anvil_setBalance", ALICE.address, hex(10**24))
            await paid(ask, 0)
            await ask("evm_mine")
            before = (await all_blocks(ask), await ask("eth_getBalance", ALICE.address, "latest"))
            log = archive.log
            assert isinstance(log, FullDisk)
            log.full = True
            refused: list[tuple[str, object]] = [
                ("eth_sendRawTransaction", "0x" + payment(ALICE, 1).raw.hex()), ("evm_mine", NOON + 5),
                ("anvil_setBalance", ALICE.address), ("openscrip_setClock", NOON + 5), ("evm_setNextBlockTimestamp", NOON + 5),
            ]  # fmt: skip
            for method, param in refused:
                with pytest.raises(CallRefused, match="the disk was full"):
                    await ask(method, *([param, "0x1"] if method == "anvil_setBalance" else [param]))
            assert (await all_blocks(ask), await ask("eth_getBalance", ALICE.address, "latest")) == before
            assert await ask("txpool_status") == {"pending": "0x0", "queued": "0x0"}
            log.full = False
            tx_id = await paid(ask, 1)
            await ask("evm_mine")
            assert (await ask("eth_getTransactionReceipt", tx_id))["status"] == "0x1"
            assert chain.tip.at == NOON

    asyncio.run(story())


def test_many_blocks_at_once_are_planned_at_once_and_made_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, 1_000) as (chain, archive, ask):
            await ask("anvil_mine", 300, 2)
            await ask("evm_mine")
            assert (chain.tip.number, chain.tip.at) == (301, NOON + 598)
            before = await all_blocks(ask)
            plans = [record.mined()[1:] for record in archive.log.replay() if record.kind is Kind.MINE]
            known = [(number, block_hash) for number, block_hash in plans if block_hash]
            assert (len(plans), known) == (301, [(0, before[0]["hash"]), (300, before[300]["hash"])])
            os.kill(chain.pid, signal.SIGKILL)
            assert await all_blocks(ask) == before

    asyncio.run(story())


def test_an_anvil_that_hangs_is_replaced_and_what_it_was_asked_is_done(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, 1_000, patience_s=0.6) as (chain, _, ask):
            await ask("anvil_setBalance", ALICE.address, hex(10**24))
            hangs: list[tuple[str, object]] = [
                ("eth_sendRawTransaction", "0x" + payment(ALICE, 0).raw.hex()),
                ("evm_mine", NOON + 5),
                ("openscrip_setClock", NOON + 9),
            ]
            for method, param in hangs:
                os.kill(chain.pid, signal.SIGSTOP)
                await ask(method, param)
            os.kill(chain.pid, signal.SIGSTOP)
            await ask("anvil_setBalance", ALICE.address, "0x7")
            os.kill(chain.pid, signal.SIGSTOP)
            with pytest.raises(CallRefused, match="did not answer in time"):
                await ask("eth_blockNumber")
            assert await ask("eth_blockNumber") == "0x2"
            assert len((await ask("eth_getBlockByNumber", "0x1", False))["transactions"]) == 1
            assert await ask("eth_getBalance", ALICE.address, "latest") == "0x7"
            assert chain.tip.at == NOON + 9

    asyncio.run(story())


def test_a_read_waits_for_an_anvil_whose_end_shows_on_one_connection_before_the_other(tmp_path: Path) -> None:
    """The system closes what a killed process held one by one, and other programs may run in between."""
    started: list[Child] = []

    async def start_child(anvil: Anvil, state: Path | None, patience_s: float) -> Child:
        child = await Child.started(anvil, state, patience_s)
        if not started:
            child.reads = Wires(free_port())  # where nobody listens
        started.append(child)
        return child

    async def story() -> None:
        async with opened(tmp_path, 1_000, start_child=start_child) as (chain, _, ask):
            await ask("evm_mine")
            os.kill(chain.pid, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(0.2, os.kill, chain.pid, signal.SIGKILL)
            assert await ask("eth_blockNumber") == "0x1"
        assert len(started) == 2

    asyncio.run(story())
