"""A thread that hands the venue's facts on: in order, in batches, each once, however slow or dead it was.

The venue's loop never waits for it. What does not fit into its queue is dropped there and taken again from the journal,
which holds everything before anybody hears of it; so is whatever came while nothing listened.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from openscrip.markets.compact import count_of, first_of, unfolded


class Sequenced(Protocol):
    """A fact of the venue; all facts of one command have its number."""

    @property
    def sequence(self) -> int:
        """The number of the command that it came of."""
        ...


Facts = Sequence[Sequenced]
"""Facts, and rows of them (see `compact`): their number is that of their last one."""
FACTS_MAX = 400_000
"""How many facts wait at most; a fact takes 100 to 300 bytes."""
BATCH_MAX = 4_000
RETRY_S = 0.5


class Passing(Exception):
    """The outside did not answer (a disk, a database): the batch is tried again."""


class _Left(Exception):
    """The thread was told to end before everything was written; the rest is in the journal."""


class Follower:
    """Calls `write(facts, last)` in a thread of its own, from after `position` on; `last` is the number it reaches.

    `write` makes a batch durable together with `last`, or raises: `Passing` to be tried again, anything else stops the
    follower for good and is kept in `trouble`. `again(sequence)` gives the facts after that number out of the journal,
    all those of one command in one list. A batch gathers for `gather_s` unless somebody waits for it.
    """

    def __init__(
        self,
        name: str,
        position: int,
        write: Callable[[Facts, int], None],
        again: Callable[[int], Iterator[Facts]],
        *,
        facts_max: int = FACTS_MAX,
        batch_max: int = BATCH_MAX,
        gather_s: float = 0.0,
        on_trouble: Callable[[BaseException], None] = lambda _error: None,
    ) -> None:
        self.position = position
        """Everything up to this number is written."""
        self.heard = position
        """The last number that was told."""
        self.trouble: BaseException | None = None
        self.overflows = 0
        self._write, self._again, self._facts_max, self._on_trouble = write, again, facts_max, on_trouble
        self._batch_max, self._gather_s = batch_max, gather_s
        self._queue: deque[tuple[Facts, int]] = deque()
        self._waiting = 0
        self._asking = 0
        self._missed = False
        self._stopping = False
        self._state = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, up_to: int) -> None:
        """Begin. Facts up to the number `up_to` were told before anybody listened: they come from the journal."""
        self.heard = max(self.heard, up_to)
        self._missed = self.heard > self.position
        self._thread.start()

    def hear(self, facts: Facts) -> None:
        """Take facts that are durable; returns at once."""
        if not facts:
            return
        count = count_of(facts)
        with self._state:
            self.heard = facts[-1].sequence
            if self._missed:
                return
            if self._waiting + count > self._facts_max and self._waiting:
                self._missed = True
                self.overflows += 1
            else:
                self._queue.append((facts, count))
                self._waiting += count
            if len(self._queue) <= 1 or self._missed or self._waiting >= self._batch_max:
                self._state.notify_all()

    def reached(self, sequence: int, timeout_s: float | None = None) -> bool:
        """Wait until everything up to a number is written; False if that took too long or will not happen."""
        with self._state:
            self._asking += 1
            self._state.notify_all()
            done = self._state.wait_for(lambda: self.position >= sequence or self._ended, timeout_s)
            self._asking -= 1
            return done and self.position >= sequence

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for what is being written."""
        return self._asking > 0 or self._stopping

    @property
    def _ended(self) -> bool:
        return self.trouble is not None and not isinstance(self.trouble, Passing)

    def stop(self) -> None:
        """Write what waits, and end the thread."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                with self._state:
                    self._state.wait_for(lambda: self._queue or self._missed or self._stopping)
                    if self._gather_s:
                        self._state.wait_for(self._is_pressed, self._gather_s)
                    facts = self._taken()
                    if not facts and self._stopping:
                        return
                    up_to = self.heard
                    if not facts:
                        self._missed = False
                if facts:
                    self._hand_on(facts)
                else:
                    self._from_journal(up_to)
        except _Left:
            return
        except BaseException as error:  # noqa: BLE001  # whatever it is: nothing after it may be written, and it is told
            self._fail(error)

    def _is_pressed(self) -> bool:
        return self._stopping or self._missed or self._asking > 0 or self._waiting >= self._batch_max

    def _taken(self) -> list[Sequenced]:
        """What is handed on next, of as many whole lists as fit."""
        facts: list[Sequenced] = []
        taken = 0
        while self._queue and taken + self._queue[0][1] <= max(self._batch_max, self._queue[0][1]):
            more, count = self._queue.popleft()
            facts += more
            taken += count
        self._waiting -= taken
        return facts

    def _from_journal(self, up_to: int) -> None:
        """Bring what was missed; what is told meanwhile waits in the queue, and is left out where the journal had it."""
        gathered: list[Sequenced] = []
        for facts in self._again(self.position):
            gathered += facts
            if len(gathered) >= self._batch_max:
                self._hand_on(gathered)
                gathered = []
                if self._stopping:
                    raise _Left
        self._hand_on(gathered)
        self._reach(max(up_to, self.position))  # the last commands may have told nothing

    def _hand_on(self, facts: Facts) -> None:
        new = (
            facts
            if facts and first_of(facts[0]) > self.position
            else [f for f in unfolded(facts) if f.sequence > self.position]
        )
        if not new:
            return
        last = new[-1].sequence
        while True:
            try:
                self._write(new, last)
                break
            except Passing as error:
                self.trouble = error
                self._on_trouble(error)
                with self._state:
                    if self._state.wait_for(lambda: self._stopping, RETRY_S):
                        raise _Left from error
        self._reach(last)

    def _reach(self, sequence: int) -> None:
        with self._state:
            self.trouble = None
            self.position = sequence
            self._state.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._state:
            self.trouble = error
            self._state.notify_all()
        self._on_trouble(error)
