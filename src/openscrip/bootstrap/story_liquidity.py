"""Who makes the demonstration's market: a market maker that hedges at a broker of her own, and a keeper of the price.

Both are `openscrip`'s own programs beside the venue, ordinary API clients; the broker is a second paper broker, over FIX.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from openscrip.api.kraken.keys import ApiKey
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.paper import CashIn
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.bootstrap.children import command_of
from openscrip.bootstrap.running import Running
from openscrip.bootstrap.venue_stack import VenueStack
from openscrip.kernel.money import Money

STOCK, PAIR = "TSLA", "TSLAx/USD"
MAKER, BROKER = "MAKER", "MAKERS-BROKER"
"""The names of both sides of the market maker's session."""
CASH = Money(1_000_000 * 10**6)
ENDS_S = 10.0


@contextmanager
def makers_broker(run: Running) -> Iterator[PaperChild]:
    """The market maker's broker, with money in her account; it hears market time as everybody does."""
    folder = run.platform.places.data / "venue" / "makers-broker"
    named = ["--sender", BROKER, "--target", MAKER, "--at-once"]
    child = PaperChild(BROKER_MODULE, folder, ["--start-time", str(run.platform.clock.now()), *named])
    child.start()
    run.stack.follow("makers-broker", child.url)
    try:
        with closing(PaperBrokerClient(child.url)) as office:
            office.pay_in(CashIn("maker-capital", CASH))
        yield child
    finally:
        run.stack.forget("makers-broker")
        child.stop()


@contextmanager
def market_maker(venue: VenueStack, data: Path, key: ApiKey, broker: PaperChild) -> Iterator[None]:
    """`openscrip market-maker`, hedging at `broker`, for as long as the block runs."""
    doors = venue.venue.doors
    words = [
        "--venue-socket", doors["private"], "--size", "2", "--inventory", "20", "--band", "20",
        "--hedge-fix", f"127.0.0.1:{broker.fix_port}", "--hedge-office", broker.url,
        "--hedge-sender", MAKER, "--hedge-target", BROKER,
    ]  # fmt: skip
    with _program("market-maker", venue, data, key, words):
        yield


@contextmanager
def keeper(venue: VenueStack, data: Path, key: ApiKey, client: str, wallet: str, tokens: str) -> Iterator[None]:
    """`openscrip keeper` for a client of the issuer, who trades no more than `tokens`."""
    with _program(
        "keeper", venue, data, key, ["--client", client, "--wallet", wallet, "--size", tokens, "--day", tokens, "--paper"]
    ):
        yield


@contextmanager
def _program(name: str, venue: VenueStack, data: Path, key: ApiKey, words: Sequence[str]) -> Iterator[None]:
    file = data / "venue" / f"{name}.key"
    file.touch(mode=0o600)
    file.write_text(f"{key.key}\n{key.secret_text}\n", encoding="utf-8")
    command = command_of(name, venue.venue.settings, STOCK, PAIR)
    door = ["--venue", venue.venue.doors["rest"], "--key", str(file)]
    process = subprocess.Popen([*command, *door, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
