"""`/events`: what has just happened, as Server-Sent Events. One producer for all, each event encoded once.

A thread follows the facts from their newest number on; the loop hands encoded events to followers. A follower keeps the
newest event of each key of state and up to `FACTS_MAX` of the others; who falls further behind is cut off and resumes by
`Last-Event-ID`. `id` is the number of a fact, so that a stream goes on where it was, after a restart as well.
"""

import asyncio
import json
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.store import Store
from openscrip.web.topics import STATE, Told, is_topic, tell

log = logging.getLogger(__name__)

POLL_S, IDLE_POLL_S, TROUBLED_S = 0.025, 0.5, 1.0
BEAT_S = 5.0
BACKLOG_MAX = 1_000
FACTS_MAX = 256
FOLLOWERS_MAX = 4_000
TOPICS_MAX = 48
RETRY = b"retry: 1000\n"
_HUBS: "WeakKeyDictionary[Store, Hub]" = WeakKeyDictionary()
"""One hub for each store that is followed, so that applications of one process share it."""

Facts = Callable[[int, int], Sequence[tuple[int, int, object]]]
"""`(after, limit)`: facts in order as (number, market time, fact)."""


@dataclass(frozen=True, slots=True)
class Event:
    """An encoded event. `slot` is where it waits in a queue: one of a key of state takes the place of the one before."""

    topic: str
    slot: tuple[str, str]
    number: int
    body: bytes


def encode(name: str, data: object, number: int | None = None) -> bytes:
    """One event as it goes over the wire."""
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


@dataclass(eq=False, slots=True)
class Follower:
    """One open stream."""

    topics: frozenset[str]
    waiting: dict[tuple[str, str], bytes] = field(default_factory=dict)
    facts: int = 0
    is_over: bool = False
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, event: Event) -> None:
        """Let it wait to be sent."""
        if event.topic in STATE or not event.topic:
            self.waiting.pop(event.slot, None)
        else:
            self.facts += 1
            if self.facts > FACTS_MAX:
                self.end()
                return
        self.waiting[event.slot] = event.body
        self.bell.set()

    def end(self) -> None:
        """Close the stream once the loop comes to it."""
        self.is_over = True
        self.waiting.clear()
        self.bell.set()

    async def take(self) -> bytes:
        """Everything that waits, as soon as there is something; empty when the stream is over."""
        await self.bell.wait()
        self.bell.clear()
        if self.is_over:
            return b""
        chunk = b"".join(self.waiting.values())
        self.waiting.clear()
        self.facts = 0
        return chunk


class Hub:
    """Follows the facts and passes them on. It belongs to one event loop; `start` and `follow` are called in it."""

    def __init__(
        self,
        facts: Facts,
        position: Callable[[], int],
        now: Callable[[], int],
        tells: Callable[[object], Iterable[Told]] = tell,
        machine_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        beat_s: float = BEAT_S,
    ) -> None:
        """`now` is market time; `machine_ms` stamps what left, for measurements."""
        self.beat_s = beat_s
        self._facts, self._position, self._now, self._tells = facts, position, now, tells
        self._machine_ms = machine_ms
        self._followers: set[Follower] = set()
        self._by_topic: dict[str, set[Follower]] = {}
        self._kept: deque[Event] = deque(maxlen=BACKLOG_MAX)
        self._kept_from = 0
        self._newest: dict[tuple[str, str], Event] = {}
        self.reached = 0
        """The number of the newest fact that was passed on."""
        self._cursor = -1
        self._stop, self._wake = threading.Event(), threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = asyncio.Event()
        self._beats: asyncio.Task[None] | None = None
        self.cpu_s = 0.0
        """Processor time of the producer."""

    async def start(self) -> None:
        """Begin to follow, once; returns when the newest number is known."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._produce, args=(self._loop,), name="live", daemon=True).start()
            self._beats = self._loop.create_task(self._beat())
        await self._ready.wait()

    def close(self) -> None:
        """End every stream at once; from any thread."""
        self._stop.set()
        self._wake.set()
        self._in_loop(self._end_all)

    def follow(self, topics: Collection[str], after: int | None) -> tuple[Follower, bytes]:
        """A new stream, and what it begins with: a snapshot, then what came after `after`, or word that this is not known."""
        if len(self._followers) >= FOLLOWERS_MAX:
            raise Unavailable("live: too many streams are open")
        follower = Follower(frozenset(topics))
        self._followers.add(follower)
        for topic in follower.topics:
            self._by_topic.setdefault(topic, set()).add(follower)
        snapshot = {"position": self.reached, "now": self._now(), "topics": sorted(follower.topics)}
        head = [RETRY, encode("snapshot", snapshot, self.reached)]
        if after is None:
            head += [event.body for event in self._newest.values() if event.topic in follower.topics]
        elif after < self._kept_from or after > self.reached:
            head.append(encode("reset", {"position": self.reached}))
        else:
            head += [event.body for event in self._kept if event.number > after and event.topic in follower.topics]
            # State without a number may have changed while nobody listened here.
            newest = self._newest.values()
            head += [event.body for event in newest if not event.number and event.topic in follower.topics]
        return follower, b"".join(head)

    def leave(self, follower: Follower) -> None:
        """The stream is gone."""
        self._followers.discard(follower)
        for topic in follower.topics:
            others = self._by_topic.get(topic, set())
            others.discard(follower)
            if not others:
                self._by_topic.pop(topic, None)

    def is_followed(self, topics: Collection[str]) -> bool:
        """Whether anybody follows one of these; from any thread."""
        return any(topic in self._by_topic for topic in topics)

    def publish(self, topic: str, key: str, body: Mapping[str, Any]) -> bool:
        """State that no fact stands for, such as the health of a part; from any thread. False before the first follower."""
        if self._loop is None:
            return False
        data = {**body, "topic": topic, "key": key, "as_of": self._now(), "sent_ms": self._machine_ms()}
        return self._hand_over([Event(topic, (topic, key), 0, encode("fact", data))], self.reached)

    def _produce(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: read, encode, hand over, for as long as there is a loop that can pass it on."""
        while not (self._stop.is_set() or loop.is_closed()):
            try:
                self._read()
                pause_s = POLL_S if self._followers else IDLE_POLL_S
            except (Unavailable, OSError) as error:
                log.warning("live: facts could not be read: %s", error)
                pause_s = TROUBLED_S
            self.cpu_s = time.thread_time()
            self._wake.wait(pause_s)

    def _read(self) -> None:
        if self._cursor < 0:
            self._cursor = self._kept_from = max(0, self._position() - BACKLOG_MAX)
        is_first, more = not self._ready.is_set(), True
        while more and not self._stop.is_set():
            found = self._facts(self._cursor, BACKLOG_MAX)
            more = len(found) == BACKLOG_MAX
            events = [
                self._encoded(told, number, at, type(fact).__name__) for number, at, fact in found for told in self._tells(fact)
            ]
            if found or is_first:
                self._cursor = found[-1][0] if found else self._cursor
                self._hand_over(events, self._cursor)

    def _hand_over(self, events: list[Event], reached: int) -> bool:
        return self._in_loop(self._pass, events, reached)

    def _in_loop(self, act: Callable[..., None], *args: object) -> bool:
        """Have it done in the loop, from any thread. False when there is none, or none any more."""
        if self._loop is None:
            return False
        try:
            self._loop.call_soon_threadsafe(act, *args)
        except RuntimeError:  # it was closed, perhaps at this very moment
            if not self._loop.is_closed():
                raise
            return False
        return True

    def _encoded(self, told: Told, number: int, at: int, kind: str) -> Event:
        data = {
            **told.body,
            "topic": told.topic,
            "key": told.key,
            "fact": kind,
            "version": number,
            "as_of": at,
            "sent_ms": self._machine_ms(),
        }
        slot = (told.topic, told.key) if told.is_state else (told.topic, f"{number}:{told.key}")
        return Event(told.topic, slot, number, encode("fact", data, number))

    def _pass(self, events: list[Event], reached: int) -> None:
        """In the loop: keep, and let wait for whom it concerns."""
        self._ready.set()
        for event in events:
            if event.number:
                if len(self._kept) == BACKLOG_MAX:
                    self._kept_from = self._kept[0].number
                self._kept.append(event)
            if event.topic in STATE:
                self._newest[event.slot] = event
            for follower in tuple(self._by_topic.get(event.topic, ())):
                follower.put(event)
        self.reached = max(self.reached, reached)

    async def _beat(self) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(self.beat_s)
            beat = Event("", ("", ""), 0, encode("beat", {"position": self.reached, "now": self._now()}))
            for follower in tuple(self._followers):
                follower.put(beat)

    def _end_all(self) -> None:
        if self._beats is not None:
            self._beats.cancel()
        for follower in tuple(self._followers):
            follower.end()


async def stream(
    hub: Hub, topics: Collection[str], after: int | None, may_go_on: Callable[[], Any] | None
) -> AsyncIterator[bytes]:
    """The bytes of one stream. `may_go_on` is asked in a thread at each heartbeat; the stream ends when it says no."""
    follower, head = hub.follow(topics, after)
    asked_at = time.monotonic()
    try:
        yield head
        while chunk := await follower.take():
            yield chunk
            if may_go_on is not None and time.monotonic() - asked_at >= hub.beat_s * 0.9:
                asked_at = time.monotonic()
                if not await asyncio.to_thread(may_go_on):
                    return
    finally:
        hub.leave(follower)


def asked_topics(text: str) -> list[str]:
    """The topics of a query, each once, in order; names that nothing is told under are left out."""
    return [name for name in dict.fromkeys(text.split(",")) if is_topic(name)][:TOPICS_MAX]


def hub_of(store: Store, now: Callable[[], int]) -> Hub:
    """The hub that follows a store's facts; made by the first who asks."""
    found = _HUBS.get(store)
    if found is None:

        def facts(after: int, limit: int) -> Sequence[tuple[int, int, object]]:
            with store.view() as view:
                return view.facts(after, limit)

        def position() -> int:
            with store.view() as view:
                return view.position()

        found = _HUBS[store] = Hub(facts, position, now)
    return found


def reached_of(store: Store) -> int:
    """Up to which fact the stream of a store has told: what a page that is read from now on may begin to follow from."""
    hub = _HUBS.get(store)
    return hub.reached if hub else 0
