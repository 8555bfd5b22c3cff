"""Anvil as the face's child: started from a state, asked over connections of its own, ended."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from openscrip.issuance.nodes.evm.anvil import Anvil, free_port, listens
from openscrip.issuance.nodes.evm.wire import Wire, WireBroken, Wires, document
from openscrip.kernel.errors import Unavailable

Call = tuple[str, Sequence[Any]]
_START_S = 60.0
_POLL_S = 0.005
_STOP_S = 5.0
_EACH_S = 0.1


class Child:
    """One running anvil: `row` for what changes the chain, in order, and `reads` for everything else."""

    def __init__(self, process: asyncio.subprocess.Process, row: Wire, reads: Wires, patience_s: float) -> None:
        self._process = process
        self._patience_s = patience_s
        self.row = row
        self.reads = reads

    @classmethod
    async def started(cls, anvil: Anvil, state: Path | None, patience_s: float) -> "Child":
        """Start anvil from a state, or new, on a port of its own choice; a call that takes longer than `patience_s` fails.

        Raises `Unavailable` if it does not answer.
        """
        port = free_port()
        options = ["--no-request-size-limit", *(["--load-state", str(state)] if state else [])]
        anvil.forget_history()
        process = await asyncio.create_subprocess_exec(
            *anvil.command(port, *options), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True, cwd=anvil.data,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_START_S):
                while process.returncode is None:
                    with suppress(OSError):
                        row = await Wire.connected(port)
                        if listens(process.pid, port):
                            return cls(process, row, Wires(port), patience_s)
                        row.close()
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            process.kill()
        raise Unavailable(f"evm node: anvil did not answer on port {port} (exit {process.returncode})")

    @property
    def pid(self) -> int:
        """Anvil's process id."""
        return self._process.pid

    @property
    def answers(self) -> bool:
        """Whether it can still be asked."""
        return self._process.returncode is None and self.row.is_open

    async def call(self, method: str, *params: object, within_s: float | None = None) -> Any:
        """The result of one call in order. Raises `CallRefused`, and `WireBroken` when the chain is gone or hangs."""
        return _result(await self._asked(document(method, params), within_s or self._patience_s))

    async def together(self, *calls: Call) -> list[Any]:
        """The results of reads in one request. Raises as `call`."""
        asked = [{"jsonrpc": "2.0", "id": place, "method": call[0], "params": call[1]} for place, call in enumerate(calls)]
        answers = await self._asked(json.dumps(asked).encode(), self._patience_s)
        return [_result(answer) for answer in sorted(answers, key=lambda answer: int(answer["id"]))]

    async def all(self, calls: Sequence[Call]) -> list[Any]:
        """The results of calls that are made one after the other, many under way at once. Raises as `call`."""
        return [_result(answer) for answer in await self.answers_to(calls)]

    async def answers_to(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """As `all`, but the whole answers, errors among them."""
        try:
            async with asyncio.timeout(self._patience_s + len(calls) * _EACH_S):
                return await self.row.row(calls)
        except TimeoutError:
            self.row.close()  # it may yet do what was asked: it must not be asked for anything else
            raise WireBroken("evm node: the chain did not answer in time") from None

    async def _asked(self, body: bytes, within_s: float) -> Any:
        try:
            async with asyncio.timeout(within_s):
                return json.loads(await self.row.ask(body))
        except TimeoutError:
            self.row.close()  # it may yet do what was asked: it must not be asked for anything else
            raise WireBroken(f"evm node: the chain did not answer within {within_s} s") from None

    async def ended(self) -> None:
        """Return when the process is gone."""
        await self._process.wait()

    async def end(self) -> None:
        """End it and wait. It keeps nothing of its own."""
        self.row.close()
        self.reads.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise CallRefused(answer["error"])
    return answer.get("result")


class Starter(Protocol):
    """Starts an anvil, as `Child.started` does."""

    async def __call__(self, anvil: Anvil, state: Path | None, patience_s: float) -> Child:
        """The child, once it answers."""


class CallRefused(Exception):
    """The chain's error object, as it came."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.error = error
