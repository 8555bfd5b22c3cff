"""What a venue is told by the minute: the time, reference prices, new stocks and multipliers, corporate actions."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from openscrip.bootstrap.venue_catalogue import Catalogue
from openscrip.bootstrap.venue_prices import Priced, PriceSource
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.markets.commands import Cause, Clock, Command, Enter, Quote, State
from openscrip.markets.instruments import Instrument
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue

log = logging.getLogger(__name__)

BEAT_S = 1.0
US = 1_000_000
ENDED = (State.DELISTED,)


class Pulse:
    """Tells a sequencer's venue, in its loop: `beat` once, `run` for ever."""

    def __init__(
        self,
        sequencer: Sequencer,
        venue: Venue,
        catalogue: Catalogue,
        source: PriceSource,
        clock_us: Callable[[], int],
        held: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Time is told to the venue within `held()`: for a clock that is moved by hand, see `Switches.held`."""
        self._sequencer, self._venue, self._catalogue = sequencer, venue, catalogue
        self._source, self._clock_us, self._held = source, clock_us, held
        self.trouble = ""
        """Why there are no new prices; empty while there are."""

    async def run(self) -> None:
        """Beat until cancelled, or until the sequencer stops."""
        while not self._sequencer.stopped:
            await self.beat()
            await asyncio.sleep(BEAT_S)

    async def beat(self) -> None:
        """One look at the source, and the time."""
        try:
            found = await self._source.read()
            self.trouble = ""
        except Unavailable as outage:
            found = ()
            if not self.trouble:
                log.warning("venue: no reference prices: %s", outage)
            self.trouble = str(outage)
        self.tell(found)

    def tell(self, found: Sequence[Priced]) -> None:
        """List what is new, quote what has a price, and let what is due happen."""
        for command in self._catalogue.commands(self._venue, [priced.share for priced in found]):
            self._submit(command)
        for priced in found:
            for pair in self._catalogue.pairs(priced.share):
                self._act(pair, priced)
                ticks = ticks_down(pair, priced.micros_per_raw_down)
                if ticks and not priced.waits:
                    self._submit(Quote(pair.number, ticks, priced.at * US))
        with self._held():
            self._submit(Clock(self._clock_us()))

    def _act(self, pair: Instrument, priced: Priced) -> None:
        """Stop trading while a corporate action is under way, and begin again with an auction."""
        state = self._venue.state_of(pair.number)
        if state in ENDED:
            return
        if priced.waits and state is not State.CORP_ACTION:
            self._submit(Enter(pair.number, State.CORP_ACTION, Cause.CORPORATE_ACTION))
        elif not priced.waits and state is State.CORP_ACTION:
            self._submit(Enter(pair.number, State.PRE_OPEN, Cause.CORPORATE_ACTION))

    def _submit(self, command: Command) -> None:
        try:
            self._sequencer.submit(command)
        except Refused as refusal:
            log.warning("venue: %s was refused: %s", type(command).__name__, refusal.text)


def ticks_down(pair: Instrument, micros_per_raw: int) -> int:
    """A price in 1e-6 USD as ticks of the pair's quote asset, rounded down."""
    quote_micros = micros_per_raw * US // pair.quote.usd_micros
    return int(quote_micros // 10 ** (6 - pair.price_decimals))
