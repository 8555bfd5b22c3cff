"""How money speaks to the venue: one action, done and on the disk, or refused.

The venue lives in the loop of its sequencer; money works in threads. What was done before is done: the venue takes each
reference once, so an action may be told as often as it takes.
"""

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any, Protocol, assert_never

from openscrip.kernel.errors import Refused, Unavailable
from openscrip.markets.commands import Command, Credit, GiveBack, PayOut, Reserve
from openscrip.markets.funding import CreditCustomer, GiveBackFunds, PayOutFunds, ReserveFunds, VenueAction

DONE_BEFORE = ("credit.known", "withdrawal.known", "withdrawal.paid", "withdrawal.given_back")
"""How the venue refuses what it has done."""
LATER = ("venue.stopped", "venue.busy")


class VenueDoor(Protocol):
    """The venue as money knows it.

    Safe if: what was told is in the venue's journal when `tell` returns, and the same told again changes nothing.
    """

    def tell(self, action: VenueAction) -> None:
        """Do it, once for its reference. Raises `Refused` with the venue's rule, `Unavailable` while it does not answer."""
        ...


class Sequencing(Protocol):
    """What is asked of a sequencer."""

    def submit(self, command: Command) -> Any:
        """Apply a command, or raise `Refused`."""
        ...

    def when_durable(self, call: Callable[[], None]) -> None:
        """Have `call` called once everything so far is on the disk."""
        ...


class SequencerDoor:
    """The door from any thread to a sequencer in `loop`. `asset_number` says how the venue counts an asset's name."""

    def __init__(
        self,
        sequencer: Sequencing,
        loop: asyncio.AbstractEventLoop,
        asset_number: Callable[[str], int],
        timeout_s: float = 15.0,
    ) -> None:
        self._sequencer = sequencer
        self._loop = loop
        self._asset_number = asset_number
        self._timeout_s = timeout_s

    def tell(self, action: VenueAction) -> None:
        """As `VenueDoor.tell`. Not from the loop's own thread: it would wait for itself."""
        answer: concurrent.futures.Future[Refused | None] = concurrent.futures.Future()
        try:
            self._loop.call_soon_threadsafe(self._submit, action, answer)
            refusal = answer.result(self._timeout_s)
        except (TimeoutError, RuntimeError) as silence:
            raise Unavailable(f"venue: it did not answer {type(action).__name__} {action.reference}: {silence!r}") from silence
        if refusal is None or refusal.code in DONE_BEFORE:
            return
        if refusal.code in LATER:
            raise Unavailable(refusal.text)
        raise refusal

    def _submit(self, action: VenueAction, answer: "concurrent.futures.Future[Refused | None]") -> None:
        """In the loop. A refusal, too, is told only when what it stands on is durable."""
        refusal: Refused | None = None
        try:
            self._sequencer.submit(self._command(action))
        except Refused as refused:
            refusal = refused
        except Exception as bug:  # noqa: BLE001  # the thread that asked must hear of it; the sequencer has stopped itself
            answer.set_exception(bug)
            return
        if refusal is not None and refusal.code in LATER:
            answer.set_result(refusal)
            return
        self._sequencer.when_durable(lambda: answer.set_result(refusal))

    def _command(self, action: VenueAction) -> Command:
        match action:
            case CreditCustomer(account, asset, amount, reference):
                return Credit(account, self._asset_number(asset), amount, reference)
            case ReserveFunds(account, asset, amount, reference):
                return Reserve(account, self._asset_number(asset), amount, reference)
            case PayOutFunds(reference):
                return PayOut(reference)
            case GiveBackFunds(reference):
                return GiveBack(reference)
            case _:
                assert_never(action)
