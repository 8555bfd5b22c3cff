"""What stands behind the REST door: the venue with its sequencer, its history, and who may ask."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from openscrip.api.kraken.counters import Counters
from openscrip.api.kraken.keys import ApiKey, Keys
from openscrip.api.kraken.nonces import Nonces
from openscrip.api.kraken.tokens import Tokens
from openscrip.api.kraken.trading import Trading
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Nonce
from openscrip.markets.history_reader import HistoryReader
from openscrip.markets.instruments import Instrument
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue


@dataclass
class Backing:
    """Everything that endpoints ask. `counters` and `tokens` are shared with the WebSocket server.

    `clock_us` is the venue's time, `machine_s` a monotonic clock for limits and tokens.
    """

    sequencer: Sequencer
    venue: Venue
    keys: Keys
    history: HistoryReader
    clock_us: Callable[[], int]
    counters: Counters = field(default_factory=Counters)
    tokens: Tokens = field(default_factory=Tokens)
    machine_s: Callable[[], float] = time.monotonic
    pairs: dict[str, tuple[Instrument, str]] = field(default_factory=dict)
    """Instruments with their names, by how clients spelt them. What it needs of them never changes."""
    trading: Trading = field(init=False)
    nonces: Nonces = field(init=False)

    def __post_init__(self) -> None:
        self.trading = Trading(self.venue.instruments, self.venue)
        self.nonces = Nonces(self.venue.nonce, lambda key, nonce: self.sequencer.submit(Nonce(key, nonce)))

    def trade(self, key: ApiKey, instrument: int, cost: float) -> None:
        """Count what asks the matching engine for more. Raises `Refused("order.rate")`."""
        self.counters.trade(key.account, instrument, key.tier, cost, self.machine_s())

    async def durable(self) -> None:
        """Return once everything so far is on the disk and was told to the history. Raises `Refused("venue.stopped")`."""
        if self.sequencer.stopped:
            raise Refused("venue.stopped", f"venue: stopped, {self.sequencer.stopped}")
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            if not arrived.done():
                arrived.set_result(None)

        self.sequencer.when_durable(arrive)
        await arrived
        # The facts of a group are told after the calls that waited for it, in the same turn of the loop.
        await asyncio.sleep(0)
