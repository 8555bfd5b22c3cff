"""The REST door: who asks is checked, then what is asked is done, and nothing is answered before it is on the disk.

Checks come in this order: key, signature, nonce, permission, rate limit, arguments. A request with a wrong signature moves
nothing, not even the nonce; from the nonce on, it is used whatever becomes of the request.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import msgspec

from openscrip.api.kraken.counters import Counter
from openscrip.api.kraken.errors import INTERNAL, text_of
from openscrip.api.kraken.http import Server, Slot
from openscrip.api.kraken.http_message import Bounds, Request
from openscrip.api.kraken.keys import ApiKey
from openscrip.api.kraken.rest.arguments import Arguments, form_values, is_json, json_values, public_arguments
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.endpoints import PRIVATE, PUBLIC, Private
from openscrip.api.kraken.signature import NONCE_MAX, form_nonce
from openscrip.kernel.errors import Refused

log = logging.getLogger(__name__)

LATER_MAX = 256
"""So many questions to the history may be under way at once."""
HOSTS_MAX = 4_096
PUBLIC_MAX, PUBLIC_FALL_PER_S = 1_000.0, 200.0
"""Public calls of one address: how many at once, and how many a second."""
FAILURES_MAX, FAILURES_FALL_PER_S = 20.0, 0.2
"""Wrong keys and signatures of one address before it is told of a lockout."""

_encode = msgspec.json.Encoder().encode
_METHODS = frozenset({b"GET", b"POST"})


def _failed(text: str) -> bytes:
    return b'{"error":[' + _encode(text) + b"]}"


_UNKNOWN, _BUG, _STOPPED = (_failed(text) for text in ("EGeneral:Unknown method", INTERNAL, "EService:Unavailable"))
_WRONG_METHOD = _failed("EAPI:Bad request")


class Door:
    """Answers requests. `server` speaks HTTP for it."""

    def __init__(self, backing: Backing, bounds: Bounds | None = None) -> None:
        self.backing = backing
        self.server = Server(self.handle, bounds, backing.machine_s)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: dict[str, Counter] = {}
        self._failures: dict[str, Counter] = {}

    def handle(self, request: Request, slot: Slot) -> None:
        """Answer one request, now or later. A bug is one client's `EGeneral:Internal error`, and logged."""
        try:
            private = PRIVATE.get(request.path)
            if private is not None:
                self._private(private, request, slot)
            else:
                self._public(request, slot)
        except Refused as refused:
            slot.fill(_failed(text_of(refused)))
        except Exception:
            log.exception("rest: a bug while answering %r", request.path)
            slot.fill(_BUG)

    # for everybody

    def _public(self, request: Request, slot: Slot) -> None:
        if request.method not in _METHODS:
            slot.fill(_WRONG_METHOD, 405)
            return
        endpoint = PUBLIC.get(request.path)
        if endpoint is None:
            slot.fill(_UNKNOWN, 200 if request.path.startswith(b"/0/p") else 404)
            return
        now_s = self.backing.machine_s()
        if not _counter(self._hosts, request.host).add(1.0, PUBLIC_MAX, PUBLIC_FALL_PER_S, now_s):
            raise Refused("api.flooded", f"calls: {request.host} asked more than {PUBLIC_FALL_PER_S:g} a second")
        asked = public_arguments(request)
        if endpoint.now is not None:
            slot.fill(_result(endpoint.now(self.backing, asked)))
        elif endpoint.answer is not None:
            self._when_durable(slot, _result(endpoint.answer(self.backing, asked)))
        elif endpoint.later is not None:
            self._refuse_crowd()
            self._later(slot, endpoint.later(self.backing, asked))

    # for holders of a key

    def _private(self, endpoint: Private, request: Request, slot: Slot) -> None:
        if request.method != b"POST":
            slot.fill(_WRONG_METHOD)
            return
        its = self.backing
        if its.sequencer.stopped:
            slot.fill(_STOPPED)
            return
        key, asked = self._authenticated(request)
        try:
            if not key.permissions.intersection(endpoint.any_of):
                key.allow(*endpoint.any_of)
            if endpoint.cost:
                its.counters.call(key.number, key.tier, endpoint.cost, its.machine_s())
            if asked is None and endpoint.plain is not None:
                done = endpoint.plain(its, key, request.body)
                if done is not None:
                    self._when_durable(slot, done)
                    return
            if asked is None:
                asked = Arguments(form_values(request.body))
            if endpoint.answer is not None:
                body = _result(endpoint.answer(its, key, asked))
            elif endpoint.later is not None:
                self._refuse_crowd()
                self._later(slot, endpoint.later(its, key, asked))
                return
            else:
                body = _BUG
        except Refused as refused:
            body = _failed(text_of(refused))
        self._when_durable(slot, body)

    def _authenticated(self, request: Request) -> tuple[ApiKey, Arguments | None]:
        """Who asks; and what, where that had to be read for the nonce. Raises `Refused` for key, signature and nonce."""
        its = self.backing
        try:
            key = its.keys.find(request.key.decode("latin-1"), its.clock_us())
            asked = None
            if is_json(request):
                asked = Arguments(json_values(request.body))
                nonce = asked.text("nonce").encode("ascii", "replace")
            else:
                nonce = form_nonce(request.body) or b""
            if not nonce.isdigit() or len(nonce) > 20:
                raise Refused("api.nonce", "nonce: it was missing, or no whole number")
            if not key.signer.signed(request.path, nonce, request.body, request.sign):
                raise Refused("api.signature", "signature: it was not that of this request")
        except Refused as refused:
            self._count_failure(request, refused)
            raise
        number = int(nonce)
        if number > NONCE_MAX:
            raise Refused("api.nonce", "nonce: it was above 64 bits")
        its.nonces.use(key.number, number, key.nonce_window_s, its.machine_s())
        return key, asked

    def _count_failure(self, request: Request, refused: Refused) -> None:
        """Tell whoever goes on guessing of a lockout. Only what fails is counted and told: a right signature always serves."""
        if refused.code not in {"api.key", "api.signature"}:
            return
        counter = _counter(self._failures, request.host)
        if not counter.add(1.0, FAILURES_MAX, FAILURES_FALL_PER_S, self.backing.machine_s()):
            raise Refused("api.lockout", f"calls: {request.host} sent too many wrong keys or signatures") from refused

    # answers

    def _when_durable(self, slot: Slot, body: bytes) -> None:
        if self.backing.sequencer.stopped:
            slot.fill(_STOPPED)
        else:
            self.backing.sequencer.when_durable(lambda: slot.fill(body))

    def _refuse_crowd(self) -> None:
        if len(self._tasks) >= LATER_MAX:
            raise Refused("venue.busy", f"calls: {LATER_MAX} questions to the history were under way; ask again in a moment")

    def _later(self, slot: Slot, answer: Awaitable[object]) -> None:
        task = asyncio.ensure_future(self._answer(slot, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, slot: Slot, answer: Awaitable[object]) -> None:
        try:
            body = _result(await answer)
        except Refused as refused:
            body = _failed(text_of(refused))
        except asyncio.CancelledError:
            body = _STOPPED
        except Exception:
            log.exception("rest: a bug while answering from the history")
            body = _BUG
        slot.fill(body)

    def stop(self, _: str) -> None:
        """The venue has stopped: whoever waits for the disk would wait for ever, and is told, or let go."""
        for task in tuple(self._tasks):
            task.cancel()
        for connection in tuple(self.server.connections):
            if connection.waits:
                connection.abort()

    async def close(self) -> None:
        """End what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))


def _counter(counters: dict[str, Counter], host: str) -> Counter:
    found = counters.get(host)
    if found is None:
        if len(counters) >= HOSTS_MAX:
            counters.clear()
        found = counters[host] = Counter()
    return found


def _result(result: object) -> bytes:
    return b'{"error":[],"result":' + _encode(result) + b"}"


@asynccontextmanager
async def serve_rest(
    backing: Backing, host: str = "127.0.0.1", port: int = 0, bounds: Bounds | None = None
) -> AsyncIterator[int]:
    """Serve Kraken's REST until the block ends; gives the port. In one loop with the sequencer."""
    door = Door(backing, bounds)
    backing.sequencer.on_stopped.append(door.stop)
    try:
        async with door.server.serve(host, port) as bound:
            yield bound
    finally:
        backing.sequencer.on_stopped.remove(door.stop)
        await door.close()
