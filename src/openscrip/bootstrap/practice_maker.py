"""A market maker that is played in a simulated run, so that a visitor finds somebody to trade with.

It is a client like any other: it subscribes at the issuer and pays, sends what was minted to the venue, has dollars from its
played bank, and quotes by `openscrip market-maker`, unhedged. Until its tokens come, it bids alone.
"""

import logging
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import ApiKey, KeyFile
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.children import command_of
from openscrip.bootstrap.investors import Investor, onboard, pay, send
from openscrip.bootstrap.running import Running
from openscrip.bootstrap.venue_stack import VenueStack
from openscrip.bootstrap.web_trading import WebTrading
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import Shares

log = logging.getLogger(__name__)

CLIENT = "maker"
CHAIN = "evm"
BOUGHT = Shares.whole(60)
"""What it subscribes to of each stock; after its fees it quotes what is left of that."""
DOLLARS = "100000"
SIZE, INVENTORY, BAND = "5", "40", "60"
LOOK_S, ENDS_S = 0.5, 10.0


class PracticeMaker:
    """One client that makes the markets of some stocks. Each step is done once, and done again harmlessly after a restart."""

    def __init__(self, run: Running, venue: VenueStack, symbols: Sequence[str], doors: Callable[[], Mapping[str, str]]) -> None:
        self._run, self._venue, self._symbols, self._doors = run, venue, symbols, doors
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="practice-maker", daemon=True)
        self._programs: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Begin; nothing waits for it."""
        self._thread.start()

    def stop(self) -> None:
        """End it, its programs first."""
        self._stop.set()
        self._thread.join(ENDS_S)
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            try:
                program.wait(ENDS_S)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait(5)

    def _keep(self) -> None:
        """Begin, trying again while a part does not answer; then bring every token that comes."""
        maker: Investor | None = None
        while not self._stop.wait(LOOK_S):
            try:
                maker = maker or self._begin()
                self._bring(maker)
            except (Refused, Unavailable) as trouble:
                log.warning("practice maker: %s", trouble)

    def _begin(self) -> Investor:
        platform = self._run.platform
        maker = onboard(
            platform, self._run.stack, Person(CLIENT, "Practice Market Maker", PersonKind.NATURAL, "DE", "DE", "DE")
        )
        trading = WebTrading(platform.settings, self._doors)
        try:
            seat = trading.open(CLIENT, [(chain, maker.address(chain)) for chain in ("evm", "solana")])
            trading.pay_in(CLIENT, DOLLARS, f"{CLIENT}-dollars")
        finally:
            trading.close()
        for symbol in self._symbols:
            self._subscribe(maker, symbol)
        self._run.worker.nudge()
        self._programs += [self._quoting(symbol, self._key(seat.account, symbol)) for symbol in self._symbols]
        return maker

    def _key(self, account: int, symbol: str) -> ApiKey:
        """A key of its own for each program: each counts its nonces."""
        keys, name = KeyFile(self._run.platform.places.data / "venue" / "keys.json"), f"{CLIENT}-{symbol}"
        known = next((key for key in keys.read() if key.name == name and not key.revoked), None)
        return known or keys.create(account, name, tier=TIERS["maker"])

    def _subscribe(self, maker: Investor, symbol: str) -> None:
        platform = self._run.platform
        row = platform.market.subscribe(f"{CLIENT}-{symbol}", CLIENT, symbol, CHAIN, maker.address(CHAIN), BOUGHT)
        if row.state == "awaiting_payment":
            pay(platform, row)
        elif row.state == "refused":
            log.warning("practice maker: its subscription to %s was refused (%s); it bids alone", symbol, row.rule)

    def _bring(self, maker: Investor) -> None:
        """Send what was minted to the venue, whole."""
        platform = self._run.platform
        with platform.store.view() as view:
            ours = [view.row(Subscription, f"{CLIENT}-{symbol}") for symbol in self._symbols]
        for row in ours:
            if row is None or row.state != "completed":
                continue
            held = platform.evm.balance(platform.stock(row.stock).token(CHAIN), maker.address(CHAIN))
            if held:
                send(platform, maker, CHAIN, row.stock, self._venue.treasury(CHAIN), held)

    def _quoting(self, symbol: str, key: ApiKey) -> subprocess.Popen[bytes]:
        platform, doors = self._run.platform, self._venue.venue.doors
        file = platform.places.data / "venue" / f"practice-maker-{symbol}.key"
        file.touch(mode=0o600)
        file.write_text(f"{key.key}\n{key.secret_text}\n", encoding="utf-8")
        command = command_of(
            "market-maker", platform.settings, symbol, f"{symbol}x/USD",
            "--venue", doors["rest"], "--venue-socket", doors["private"],
            "--key", str(file), "--size", SIZE, "--inventory", INVENTORY, "--band", BAND, "--die-with-parent",
        )  # fmt: skip
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextmanager
def practice_maker(
    run: Running, venue: VenueStack, symbols: Sequence[str], doors: Callable[[], Mapping[str, str]]
) -> Iterator[None]:
    """The market maker beside a running venue, ended with the block."""
    maker = PracticeMaker(run, venue, symbols, doors)
    maker.start()
    try:
        yield
    finally:
        maker.stop()
