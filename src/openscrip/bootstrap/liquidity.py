"""The liquidity tools put together: which broker hedges, which chain holds the keeper's tokens, where each file lies."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from openscrip.assets.calendar import new_york_calendar
from openscrip.bootstrap.hedge_line import HedgeLine, hedging
from openscrip.client import evm_token, solana_token
from openscrip.client.arbitrage import HttpPrimary, Keeper, Limits
from openscrip.client.kraken import KrakenRest
from openscrip.client.line_file import LineFile
from openscrip.client.market_maker import HedgeDesk, MarketMaker, Terms
from openscrip.client.market_maker.reference import PlatformSource
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.kernel.quantities import RawAmount

Say = Callable[[str], None]
ASKED_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class VenueDoor:
    """Where the venue is, and the API key to it."""

    rest: str
    socket: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom the keeper acts for at the issuer, and the wallet that its tokens are in."""

    client: str
    chain: str
    wallet: str
    node: str
    token: str
    paper: bool = False


def key_lines(path: Path) -> tuple[str, str]:
    """A key file: two lines, key and secret. Raises `Malformed("key.file")`."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise Malformed("key.file", f"key: {path} could not be read ({error.strerror})") from error
    if len(lines) != 2:
        raise Malformed("key.file", f"key: {path} was not two lines, key and secret")
    return lines[0], lines[1]


async def make_market(
    door: VenueDoor,
    line: HedgeLine,
    platform: str,
    stock: str,
    pair_name: str,
    terms_of: Callable[[int], Terms],
    folder: Path,
    say: Say,
) -> None:
    """Run the market maker until it is interrupted; `terms_of` is given the pair's decimals of a lot."""
    source = PlatformSource(platform, new_york_calendar())
    async with KrakenRest(door.rest, now_us, door.key, door.secret) as rest:
        pair = await rest.pair(pair_name)
        await hear_time(source, say)
        with hedging(line, folder, source) as broker:
            name = f"mm-{pair.key}"
            desk = HedgeDesk(name, stock, broker, LineFile(folder / f"{name}.jsonl")) if broker is not None else None
            if desk is None:
                say("market maker: no broker was named; what is traded is not hedged")
            maker = MarketMaker(rest, door.socket, pair, stock, terms_of(pair.lot_decimals), source, desk, source, say)
            until_interrupted(maker.stop)
            await maker.run()
    await source.close()


async def hear_time(source: PlatformSource, say: Say) -> None:
    """Return when market time is known: what hedges stamps its messages by it."""
    while True:
        try:
            await source.hear()
        except Unavailable as outage:
            say(f"market maker: {outage}; asked again in a second")
            await asyncio.sleep(ASKED_AGAIN_S)
        else:
            return


async def keep_price(
    door: VenueDoor,
    holder: Holder,
    platform: str,
    stock: str,
    pair_name: str,
    limits_of: Callable[[int], Limits],
    folder: Path,
    say: Say,
    *,
    dry_run: bool,
) -> None:
    """Run the keeper until it is interrupted; `limits_of` is given the pair's decimals of a lot."""
    primary = HttpPrimary(platform, holder.client, stock, holder.chain, holder.wallet, paper=holder.paper)
    async with KrakenRest(door.rest, now_us, door.key, door.secret) as rest:
        pair = await rest.pair(pair_name)
        name = f"arb-{pair.key}"
        keeper = Keeper(
            name, rest, pair, primary, wallet_of(holder), limits_of(pair.lot_decimals), LineFile(folder / f"{name}.jsonl"),
            LiveClock(), say, dry_run=dry_run,
        )  # fmt: skip
        until_interrupted(keeper.stop)
        await keeper.run()
    await primary.close()


def wallet_of(holder: Holder) -> Callable[[], Awaitable[RawAmount]]:
    """What reads the keeper's wallet."""

    def read() -> RawAmount:
        if holder.chain.startswith("solana"):
            token = solana_token(holder.node, holder.token)
            try:
                return token.balance(holder.wallet)
            finally:
                token.close()
        return evm_token(holder.node, holder.token).balance(holder.wallet)

    async def wallet_raw() -> RawAmount:
        return await asyncio.to_thread(read)

    return wallet_raw


def until_interrupted(stop: Callable[[], None]) -> None:
    """Call `stop` at SIGINT and SIGTERM."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def now_us() -> int:
    """Microseconds since 1970, by whole seconds. A start within the second of an end repeats its nonces, and is refused."""
    return LiveClock().now() * 1_000_000
