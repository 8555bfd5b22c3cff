"""The paper custodian's side of the exchange folder: takes what lies in `in`, answers it, and drops its own into `out`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openscrip.assets.custodians.iso_envelope import RAW_BYTES_MAX
from openscrip.assets.custodians.iso_file_carrier import IN_BYTES_MAX, REQUEST_TEXT
from openscrip.assets.custodians.iso_files import REQUEST, Drop, Tray, signed_by
from openscrip.assets.custodians.paper_letters import CLIENT, LetterBox
from openscrip.assets.custodians.paper_post import PostingCustodian
from openscrip.assets.paper_http import Beside
from openscrip.assets.paper_log import PaperShell
from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless

LOOKED_EVERY_S = 0.01


class FileDesk:
    """Works the exchange folder. Each piece of work is whole before the next begins; what a kill cut off is done again."""

    def __init__(self, exchange: Path, shell: PaperShell[PostingCustodian], box: LetterBox, client_key: bytes) -> None:
        self._shell, self._box, self._key = shell, box, client_key
        self._in = Tray(exchange, "in", IN_BYTES_MAX, box.refused)
        self._out = Tray(exchange, "out", RAW_BYTES_MAX, box.refused)
        self._there = self._out.numbers()
        self._dropped = 0

    def work(self) -> None:
        """Hear what the reader said, take what lies there, drop what is new."""
        try:
            self._hear()
            self._drop()
            for drop in self._in.look():
                self._take(drop)
            self._drop()
        except Unavailable:
            return  # nothing was acknowledged: it lies there still, and comes with the next look
        except OSError:
            self._box.refused["file.disk"] += 1

    def _take(self, drop: Drop) -> None:
        """Take one message: act, drop what followed from it, acknowledge, archive. In this order a kill loses nothing."""
        boxed = False
        try:
            body = self._in.read(drop)
            boxed = drop.type != REQUEST
            told = self._box.take(body) if boxed else self._state(body)
        except FileNotFoundError:
            return
        except Refused as refusal:
            self._in.refuse(drop, refusal, counted=not boxed)
            return
        self._drop()
        self._in.acknowledge(drop, {**told, "sha256": hashlib.sha256(body["raw"].encode()).hexdigest()})

    def _state(self, body: Mapping[str, object]) -> dict[str, object]:
        envelope = signed_by(body, self._key)
        ours = envelope.sender == CLIENT and envelope.number == 0
        refuse_unless(ours, "envelope.sender", f"envelope: {envelope.sender:.40} was no client here")
        if envelope.raw != REQUEST_TEXT.format(envelope.id).encode():
            raise Malformed("message.request", f"message: it was no request for a statement of {envelope.id:.40}")
        return self._box.state({"isin": envelope.id})

    def _drop(self) -> None:
        """Drop each message that does not lie there or in the archive."""
        letters = self._shell.core().post.letters
        for envelope in letters[self._dropped :]:
            if envelope.number not in self._there:
                self._box.archive()
                self._out.put(envelope, {}, envelope.number)
            self._there.discard(envelope.number)
            self._dropped = envelope.number

    def _hear(self) -> None:
        """Note what was acknowledged; a message that arrived otherwise than it was sent is dropped once more."""
        for name in self._out.said():
            stem = name[:-4]
            drop, said = Drop.of(stem), self._out.answer(stem)
            if drop is None or said is None:
                continue
            with suppress(Refused):
                if said["taken"]:
                    self._box.acknowledge({field: said.get(field) for field in ("reader", "number", "sha256")})
                    continue
                letters = self._shell.core().post.letters
                known = letters[drop.number - 1] if 0 < drop.number <= len(letters) else None
                if known and known.hash != said.get("sha256") and drop.number not in self._out.numbers():
                    self._out.put(known, {}, known.number)


class AtEachCall:
    """Works the folder before each call over HTTP and before its answer.

    Pushed time finds what was sent before it, and whoever pushed it finds what followed.
    """

    def __init__(self, app: ASGIApp, desk: FileDesk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._desk.work()
            await send(message)

        self._desk.work()
        await self._app(scope, receive, sent)


def looking(desk: FileDesk) -> Beside:
    """Looks into the folder every `LOOKED_EVERY_S`, beside the HTTP face and in its thread."""

    async def look() -> None:
        while True:
            desk.work()
            await asyncio.sleep(LOOKED_EVERY_S)

    @asynccontextmanager
    async def beside() -> AsyncIterator[Mapping[str, object]]:
        task = asyncio.create_task(look())
        try:
            yield {}
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return beside
