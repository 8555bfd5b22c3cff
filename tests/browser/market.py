"""A market with both sides for the trading screen: somebody who subscribed, brought tokens and dollars, and quotes."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.e2e.stack import Up

from openscrip.bootstrap.investors import investor_of, send
from openscrip.bootstrap.places import Places, read_wiring
from openscrip.bootstrap.platform import build_platform
from openscrip.bootstrap.venue_wiring import VenueWiring
from openscrip.bootstrap.web_trading import WebTrading
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.settings import load_settings

MAKER, TAKER, PAIR = "maker", "taker", "TSLAxUSD"
PLAYED_MINUTES = 45
OPENS_AT = "2024-06-05T15:00:00Z"
"""A Wednesday, when what was subscribed on Monday has long been delivered."""
STAGE_S = 60
WAIT_S = 120.0
SPREAD_TICKS, STEP_TICKS, LEVELS = 5, 7, 8


def make_market(up: Up) -> int:
    """Bring a market to life: its reference in ticks. The clock moves to Wednesday."""
    reference = 0
    up.told_by("subscribe", "TSLA", "60", "--client", MAKER, "--chain", "evm", "--paper", "--wait")
    settings = load_settings({}, up.data, None)
    places = Places(Path(up.data))
    platform = build_platform(settings, places, read_wiring(places))
    trading = WebTrading(settings, lambda: up.doors)
    try:
        platform.know_stocks()
        maker = investor_of(platform, MAKER)
        trading.open(MAKER, [("evm", maker.address("evm")), ("solana", maker.address("solana"))])
        wiring = VenueWiring.read(up.data / "venue")
        assert wiring is not None
        send(platform, maker, "evm", "TSLA", wiring.treasuries["evm"].address, RawAmount.parse("50"))
        trading.pay_in(MAKER, "50000", "maker-first")
        advance(up, OPENS_AT)
        until(lambda: {"TSLAx", "USD"} <= {each.asset for each in trading.desk(MAKER).balances})
        until(lambda: _opened(up, trading))
        now = next(each for each in trading.markets() if each.pair.key == PAIR)
        reference = now.reference
        quote(trading, reference)
    finally:
        trading.close()
        platform.close()
    return reference


def quote(trading: WebTrading, reference: int) -> None:
    """Bids and asks around the reference."""
    pair = next(each for each in trading.pairs() if each.key == PAIR)
    for level in range(LEVELS):
        away = SPREAD_TICKS + level * STEP_TICKS
        for side, ticks in (("buy", reference - away), ("sell", reference + away)):
            order = {
                "pair": PAIR,
                "type": side,
                "ordertype": "limit",
                "price": pair.price(ticks).replace(",", ""),
                "volume": f"{1 + level * 3 % 4}.{level}500",
            }
            trading.place(MAKER, order, only_check=False)


def trade_a_while(up: Up) -> None:
    """Three quarters of an hour of a market that moves, minute by minute: for a picture, not for a rule."""
    up.told_by("subscribe", "TSLA", "1", "--client", TAKER, "--chain", "evm", "--paper")
    settings = load_settings({}, up.data, None)
    places = Places(Path(up.data))
    platform = build_platform(settings, places, read_wiring(places))
    trading = WebTrading(settings, lambda: up.doors)
    try:
        taker = investor_of(platform, TAKER)
        trading.open(TAKER, [("evm", taker.address("evm")), ("solana", taker.address("solana"))])
        trading.pay_in(TAKER, "50000", "taker-first")
        _later(up, 600)
        until(lambda: "USD" in {each.asset for each in trading.desk(TAKER).balances})
        centre = next(each for each in trading.markets() if each.pair.key == PAIR).reference
        for minute in range(PLAYED_MINUTES):
            centre += round(9 * math.sin(minute / 5) + 6 * math.sin(minute * 1.7)) + 1
            trading.cancel(MAKER, "")
            quote(trading, centre)
            buys = "sell" if minute % 3 == 2 else "buy"
            for count, side in enumerate((buys, buys, "sell" if minute > 3 and minute % 2 else "buy")):
                order = {"pair": PAIR, "type": side, "ordertype": "market", "volume": f"0.{1 + (minute * 7 + count * 3) % 9}"}
                trading.place(TAKER, order, only_check=False)
            _later(up, STAGE_S)
    finally:
        trading.close()
        platform.close()


def _later(up: Up, seconds: int) -> None:
    at = instant(str(clock(up)["now"])) + seconds
    advance(up, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)))


def advance(up: Up, to: str) -> None:
    """Move market time; the past is left alone."""
    if instant(str(clock(up)["now"])) < instant(to):
        up.http.post("/v1/clock", json={"advance_to": to}, timeout=WAIT_S).raise_for_status()


def clock(up: Up) -> Mapping[str, object]:
    """Market time as the platform tells it."""
    told: Mapping[str, object] = up.http.get("/v1/clock").json()
    return told


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition. Raises `TimeoutError`."""
    ends = time.monotonic() + WAIT_S
    while not _quietly(holds):
        if time.monotonic() > ends:
            raise TimeoutError("the market did not come to that")
        time.sleep(0.05)


def _quietly(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except Refused:
        return False


def _opened(up: Up, trading: WebTrading) -> bool:
    """Orders gather, an auction is called, the market opens: each a minute of market time after the other."""
    now = next(each for each in trading.markets() if each.pair.key == PAIR)
    if now.state == "open" and now.reference:
        return True
    at = instant(str(clock(up)["now"])) + STAGE_S
    up.http.post("/v1/clock", json={"advance_to": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))}).raise_for_status()
    time.sleep(0.05)
    return False
