"""The venue is killed at random instants and in the middle of its writes; no acknowledged order is lost or doubled.

A client sends without waiting, so that many orders are in doubt at each death. It has a venue of its own that was told the
same: after each recovery the digest must be that of one of the states after what was acknowledged, and then all that is
known of every order must agree.
"""

import contextlib
import json
import os
import pickle
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.crash.venue_questions import LENGTH, Ask, Told
from tests.crash.venue_story import START_US, new_venue, next_command, opening

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Command, Place
from openscrip.markets.records import COLUMNS
from openscrip.markets.venue import Venue

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 100
KILLS_SOAK = 10_000
IN_FLIGHT_MAX = 400
SILENT_S_MAX, STACKS_S = 60, 2
OPENING = list(opening())


class Line:
    """A connection to the venue's socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._bytes = bytearray()
        self.is_open = True
        try:
            self._socket.connect(str(path))
        except ConnectionError:
            self.is_open = False

    def send(self, ask: Ask) -> None:
        content = pickle.dumps(ask)
        try:
            self._socket.sendall(LENGTH.pack(len(content)) + content)
        except OSError:
            self.is_open = False

    def told(self, *, wait: bool) -> Iterator[Told]:
        """What has come; with `wait` at least one, unless the other end is dead."""
        while self.is_open:
            while len(self._bytes) >= 4 and len(self._bytes) >= 4 + (size := LENGTH.unpack_from(self._bytes)[0]):
                yield pickle.loads(self._bytes[4 : 4 + size])
                del self._bytes[: 4 + size]
                wait = False
            self._socket.setblocking(wait)
            self._socket.settimeout(30 if wait else 0)
            try:
                data = self._socket.recv(2**16)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self.is_open = False
                return
            self._bytes += data

    def rest(self) -> Iterator[Told]:
        """What a dead venue had still said."""
        while self.is_open:
            yield from self.told(wait=True)

    def close(self) -> None:
        self._socket.close()


class Nursery:
    """The process that forks venues."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.venue_nursery", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0,
        )  # fmt: skip
        self._bytes = b""
        self._pid = 0

    def bear(self, life: dict[str, Any]) -> int:
        """Begin a life; its process id."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(life).encode() + b"\n")
        self._pid = int(self.hears()["pid"])
        return self._pid

    def hears(self) -> dict[str, Any]:
        """The next word of it. A life that hangs has its stacks shown on stderr, and fails the test within a minute."""
        assert self._process.stdout
        while b"\n" not in self._bytes:
            if not select.select([self._process.stdout], [], [], SILENT_S_MAX)[0]:
                os.kill(self._pid or self._process.pid, signal.SIGUSR1)
                time.sleep(STACKS_S)
                raise AssertionError(f"kills: life {self._pid} said nothing for {SILENT_S_MAX} s; its folder is {self.folder}")
            read = os.read(self._process.stdout.fileno(), 2**16)
            assert read, "kills: the nursery ended"
            self._bytes += read
        line, _, self._bytes = self._bytes.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        if "ended" in heard:
            self._pid = 0
        return heard

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


@dataclass(slots=True)
class Sent:
    """A command that was sent, and what the client's own venue made of it."""

    command: Command
    now_us: int
    order: int
    refusal: str
    sequence: int
    digest: int
    records: bytes


@dataclass(slots=True)
class Client:
    """Sends, hears, and knows what must be true after each recovery."""

    random: Random
    sent: list[Sent] = field(default_factory=list)
    """Everything that is certain or in doubt, from the beginning."""
    heard: int = 0
    """So many of them were answered."""
    names: int = 0
    venue: Venue = field(default_factory=new_venue)
    acknowledged: int = 0
    _lost: list[str] = field(default_factory=list)
    """Client ids of orders that no venue knows any more."""

    def next_ask(self) -> Ask:
        self.names += 1
        now_us = START_US + self.names * 997
        if len(self.sent) < len(OPENING):
            command = OPENING[len(self.sent)]
        else:
            command = next_command(self.random, f"c{self.names}", self.venue, now_us)
        self._apply(command, now_us)
        return Ask(len(self.sent) - 1, now_us, command)

    def _apply(self, command: Command, now_us: int) -> None:
        order, refusal = 0, ""
        try:
            order = self.venue.submit(command, now_us).order
        except Refused as refused:
            refusal = refused.code
        venue = self.venue
        self.sent.append(Sent(command, now_us, order, refusal, venue.sequence, venue.digest, venue.written()))
        venue.told()

    def hear(self, told: Told) -> None:
        """An acknowledgement: in order, and what our own venue says."""
        expected = self.sent[told.number]
        assert told.number == self.heard
        assert (told.order, told.refusal) == (expected.order, expected.refusal)
        assert told.refusal or told.sequence == expected.sequence
        self.heard += 1
        if not told.refusal:
            self.acknowledged += 1

    def meet(self, greeting: Told) -> None:
        """The venue after its recovery: it has all that was acknowledged, and a beginning of what was in doubt."""
        acknowledged = max((one.sequence for one in self.sent[: self.heard]), default=0)
        assert greeting.sequence >= acknowledged
        known = [one for one in self.sent if one.sequence <= greeting.sequence]
        if known:
            assert (known[-1].sequence, known[-1].digest) == (greeting.sequence, greeting.digest)
        else:
            assert greeting.sequence == 0
        lost = self.sent[len(known) :]
        self.sent, self.heard = known, len(known)
        self._lost = [one.command.client_id for one in lost if isinstance(one.command, Place)]
        if lost:  # go back to what the venue is
            self.venue = new_venue()
            self.venue.replay(np.frombuffer(b"".join(one.records for one in known), "<i8").reshape(-1, COLUMNS))
            assert self.venue.digest == greeting.digest

    def questions(self) -> Iterator[tuple[Ask, tuple[int, ...]]]:
        """What became of the orders in doubt, and of some that are certain: by client id, and by number."""
        placed = [one for one in self.sent if isinstance(one.command, Place)]
        chosen = placed[-10:] + self.random.sample(placed, min(10, len(placed)))
        for one in chosen:
            found = (one.order,) if not one.refusal else ()
            assert isinstance(one.command, Place)
            yield Ask(0, 0, client_id=one.command.client_id), found
            if one.order:
                yield Ask(0, 0, order=one.order), found
        for name in self._lost[:10]:
            yield Ask(0, 0, client_id=name), ()


def ask_all(line: Line, client: Client) -> None:
    questions = list(client.questions())
    for ask, _ in questions:
        line.send(ask)
    found: list[tuple[int, ...]] = []
    while len(found) < len(questions) and line.is_open:
        found += [told.found for told in line.told(wait=True)]
    if line.is_open:
        assert found == [expected for _, expected in questions]


def talk(line: Line, client: Client, ends: float) -> None:
    """Hear what the venue knows, ask it, and tell it more until it dies or it is time."""
    for told in line.told(wait=True):
        client.meet(told)
    if line.is_open:
        ask_all(line, client)
    while line.is_open and time.monotonic() < ends:
        while len(client.sent) - client.heard < IN_FLIGHT_MAX and client.random.random() < 0.98:
            line.send(client.next_ask())
        for told in line.told(wait=client.heard < len(client.sent)):
            client.hear(told)


def live(nursery: Nursery, client: Client, life: dict[str, Any], lasts_s: float) -> None:
    """One life: it opens, is asked what it knows, is told more, and dies."""
    pid = nursery.bear(life)
    if lasts_s < 0:  # it dies while it recovers
        time.sleep(min(0.05, -lasts_s))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    heard = nursery.hears()
    if "open" in heard:
        with contextlib.closing(Line(nursery.folder / "socket")) as line:
            talk(line, client, time.monotonic() + lasts_s)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            for told in line.rest():
                client.hear(told)
        heard = nursery.hears()
    assert heard == {"ended": -signal.SIGKILL}


def kill(folder: Path, seed: int, kills: int) -> Client:
    """So many lives of one venue."""
    random = Random(seed)
    client = Client(random)
    nursery = Nursery(folder)
    try:
        for number in range(kills):
            life: dict[str, Any] = {}
            match random.randrange(4):
                case 0:
                    lasts_s = -random.uniform(0, 0.05)
                case 1:
                    lasts_s = random.uniform(0, 0.15)
                case _:
                    life, lasts_s = {"die_at": random.randint(1, 60), "part": random.random()}, 0.3
            live(nursery, client, life, lasts_s)
            if number % 100 == 99:
                print(f"kills: {number + 1}, {client.acknowledged} acknowledged", flush=True)
    finally:
        nursery.close()
    return client


def test_no_acknowledged_order_is_lost_or_doubled_by_100_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("OPENSCRIP_KILL_SEED") or secrets.randbelow(10**6))
    print(f"kills: seed {seed}", flush=True)
    client = kill(tmp_path, seed, KILLS)
    assert client.acknowledged > KILLS


@pytest.mark.soak
def test_no_acknowledged_order_is_lost_or_doubled_by_10_000_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("OPENSCRIP_KILL_SEED") or secrets.randbelow(10**6))
    print(f"kills: seed {seed}", flush=True)
    for number in range(KILLS_SOAK // KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        client = kill(folder, seed + number, KILLS)
        assert client.acknowledged > KILLS
