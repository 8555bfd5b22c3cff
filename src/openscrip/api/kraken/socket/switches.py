"""Dead man's switches that the loss of their connection fires too. While it lives they count the machine's time.

`cancel_all_orders_after` counts the venue's clock, as Kraken's does. Where market time is moved by hand a day of it passes in
a moment, in which nobody could renew anything: who asked for `cancel_on_disconnect` is still there, and their orders stay.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import CancelAfter, Cause, Command, Take
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue

US = 1_000_000


@dataclass(slots=True)
class _Switch:
    until_us: int
    """As the venue was told, by its clock: another time there is a later word of somebody else."""
    until_machine_s: float
    cause: Cause | None = None
    """Why it fires; None while it does not. A venue that is behind its disk does it when it is not any more."""


class Switches:
    """All of them, by connection and account. Single-threaded, in the sequencer's loop; `machine_s` is for tests."""

    def __init__(self, sequencer: Sequencer, venue: Venue, machine_s: Callable[[], float] = time.monotonic) -> None:
        self._sequencer, self._venue, self._machine_s = sequencer, venue, machine_s
        self._armed: dict[tuple[int, int], _Switch] = {}

    def arm(self, connection: int, account: int, timeout_s: int, until_us: int) -> None:
        """The venue was told to cancel in `timeout_s`, at `until_us` by its clock; the loss of the connection does it, too."""
        self._armed[connection, account] = _Switch(until_us, self._machine_s() + timeout_s)

    def disarm(self, connection: int, account: int) -> None:
        """The loss of the connection cancels nothing any more."""
        self._armed.pop((connection, account), None)

    def clear(self) -> None:
        """The venue ends: connections that are lost with it fire nothing."""
        self._armed.clear()

    def lost(self, connection: int) -> None:
        """A client has gone: orders go with it."""
        for armed in sorted(each for each in self._armed if each[0] == connection):
            self._armed[armed].cause = Cause.DISCONNECTED
            self._fire(armed)

    def look(self) -> None:
        """Fire what was not renewed in time by the machine's clock; market time may stand."""
        now_s = self._machine_s()
        for armed, switch in list(self._armed.items()):
            # Without the last word it has fired by the venue's clock, or was set anew elsewhere: only its loss still counts.
            if switch.until_machine_s <= now_s and self._is_last_word(armed, switch):
                switch.cause = switch.cause or Cause.DEAD_MAN
            if switch.cause is not None:
                self._fire(armed)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let time pass for the venue, however much of it, without firing what lives by the machine's time."""
        now_s = self._machine_s()
        living = [
            (account, switch, int((switch.until_machine_s - now_s) * US))
            for (connection, account), switch in self._armed.items()
            if switch.until_machine_s > now_s and self._is_last_word((connection, account), switch)
        ]
        for account, _, _ in living:
            self._submit(CancelAfter(account, 0))
        try:
            yield
        finally:
            for account, switch, left_us in living:
                switch.until_us = self._venue.time_us + left_us
                self._submit(CancelAfter(account, switch.until_us))

    def _is_last_word(self, armed: tuple[int, int], switch: _Switch) -> bool:
        return self._venue.accounts[armed[1]].dead_man_us == switch.until_us

    def _fire(self, armed: tuple[int, int]) -> None:
        switch, account = self._armed[armed], armed[1]
        if not self._submit(Take(account, cause=switch.cause or Cause.DEAD_MAN)):
            return
        del self._armed[armed]
        if self._is_last_word(armed, switch):
            # It has done its work: what is placed later, by somebody who armed nothing, stands.
            self._submit(CancelAfter(account, 0))

    def _submit(self, command: Command) -> bool:
        """Whether the venue took it: it does not when it has stopped, or is behind its disk."""
        try:
            self._sequencer.submit(command)
        except Refused:
            return False
        return True
