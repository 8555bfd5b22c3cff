"""The venue as the trading screen has it: accounts and keys on this side, its REST interface on the other.

A person's key lies in the venue's own file of keys and goes nowhere else; a browser gets short tokens for the private socket.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import ApiKey, KeyFile
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.paper import Deposit
from openscrip.bootstrap.venue_money_office import money_office
from openscrip.bootstrap.venue_wiring import VenueWiring
from openscrip.bootstrap.web_trading_words import reason_of, sentence_of, shown_balance, shown_fill, shown_order
from openscrip.client.kraken import KrakenRest, VenueRefused
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.runtime.settings import Settings
from openscrip.web.trading import BookNow, Candle, Desk, MarketNow, Seat, TradedPair, multiplier_of, rate_millionths

T = TypeVar("T")
Call = Callable[[KrakenRest], Awaitable[T]]

ANSWER_S = 10.0
NONCE_WINDOW_S = 5
KEPT_S = 1.0
KNOWN_S, KNOWN_POLL_S = 5.0, 0.2
KEY_NAME, TIER = "pages", "maker"
"""A page asks three questions where a program asks one; how often a person may send anything, the pages limit themselves."""
FILLS_SHOWN = 30
DEPTH = 500
"""Prices of each side: all that the venue tells at once."""
DOLLARS_MAX = Money.parse("100000")
"""What the played bank sends at once."""


class WebTrading:
    """As `web.trading.TradingLine`. `doors` tells where the venue is now."""

    def __init__(self, settings: Settings, doors: Callable[[], Mapping[str, str]]) -> None:
        self._settings, self._doors = settings, doors
        self._folder = settings.data / "venue"
        self._keys = KeyFile(self._folder / "keys.json")
        self._operator = httpx.Client(timeout=ANSWER_S, trust_env=False)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="trading", daemon=True)
        self._thread.start()
        self._rests: dict[str, KrakenRest] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._opening = threading.Lock()
        self._pairs: tuple[float, Sequence[TradedPair]] = (-KEPT_S, ())
        self._standing: tuple[float, Any] = (-KEPT_S, {})

    @property
    def is_open(self) -> bool:
        """As `TradingLine.is_open`."""
        return bool(self._door("venue_rest"))

    @property
    def public_socket(self) -> str:
        """As `TradingLine.public_socket`."""
        return self._door("venue_public")

    @property
    def private_socket(self) -> str:
        """As `TradingLine.private_socket`."""
        return self._door("venue_private")

    @property
    def gives_play_money(self) -> bool:
        """As `TradingLine.gives_play_money`."""
        wiring = VenueWiring.read(self._folder)
        return wiring is not None and "USD" in wiring.banks

    def pairs(self) -> Sequence[TradedPair]:
        """As `TradingLine.pairs`."""
        kept_at, pairs = self._pairs
        if time.monotonic() - kept_at >= KEPT_S:
            told: dict[str, Any] = self._ask("", lambda rest: rest.public("AssetPairs"))
            pairs = [_pair(each) for each in told.values()]
            self._pairs = time.monotonic(), pairs
        return pairs

    def markets(self) -> Sequence[MarketNow]:
        """As `TradingLine.markets`."""
        kept_at, told = self._standing
        if time.monotonic() - kept_at >= KEPT_S:
            told = self._operate("GET", "/v1/venue")
            self._standing = time.monotonic(), told
        by_name = told["markets"]
        return [_market(pair, by_name[pair.name]) for pair in self.pairs() if pair.name in by_name]

    def seat(self, person: str) -> Seat | None:
        """As `TradingLine.seat`."""
        key = self._key(person)
        return self._seat(key.account) if key is not None else None

    def open(self, person: str, wallets: Sequence[tuple[str, str]]) -> Seat:
        """As `TradingLine.open`. The key comes last: until it is there, all before it is done again, to no other effect."""
        with self._opening:
            key = self._key(person)
            if key is None:
                told = self._operate("GET", "/v1/venue")["accounts"]
                known = [int(number) for number, name in told.items() if name == person]
                account = known[0] if known else self._operate("POST", "/v1/venue/accounts", {"name": person})["account"]
                with money_office(self._settings) as office:
                    for place, address in wallets:
                        office.register_wallet(account, place, address, "proven to the issuer")
                    office.register_wallet(account, "bank", f"{person}-bank", "the person's own bank")
                key = self._keys.create(account, f"{KEY_NAME}:{person}", tier=TIERS[TIER], nonce_window_s=NONCE_WINDOW_S)
                self._wait_until_known(person)
        return self._seat(key.account)

    def _wait_until_known(self, person: str) -> None:
        """A running venue looks at its keys once a second."""
        ends = time.monotonic() + KNOWN_S
        while True:
            try:
                self._ask(person, lambda rest: rest.private("Balance"))
            except Refused:
                if time.monotonic() > ends:
                    raise
                time.sleep(KNOWN_POLL_S)
            else:
                return

    def book(self, pair: TradedPair) -> BookNow:
        """As `TradingLine.book`. Never kept: an estimate is worth as much as its book is new."""
        told = self._ask("", lambda rest: rest.public("Depth", pair=pair.key, count=str(DEPTH)))[pair.key]
        bids, asks = (_levels(pair, told[side]) for side in ("bids", "asks"))
        return BookNow(bids, asks, len(bids) < DEPTH and len(asks) < DEPTH)

    def candles(self, pair: str, minutes: int) -> Sequence[Candle]:
        """As `TradingLine.candles`."""
        told = self._ask("", lambda rest: rest.public("OHLC", pair=pair, interval=str(minutes)))
        rows = next(rows for name, rows in told.items() if name != "last")
        return [Candle(int(row[0]), *(str(row[at]) for at in (1, 2, 3, 4, 6))) for row in rows]

    def desk(self, person: str) -> Desk:
        """As `TradingLine.desk`."""

        async def all_of_it(rest: KrakenRest) -> tuple[Any, Any, Any]:
            return await rest.private("OpenOrders"), await rest.private("TradesHistory"), await rest.private("BalanceEx")

        orders, fills, balances = self._ask(person, all_of_it)
        names = {pair.key: pair for pair in self.pairs()}
        newest = sorted(fills["trades"].items(), key=lambda each: float(each[1]["time"]), reverse=True)[:FILLS_SHOWN]
        return Desk(
            [shown_order(order_id, told, names) for order_id, told in orders["open"].items()],
            [shown_fill(trade_id, told, names) for trade_id, told in newest],
            [shown_balance(asset, told) for asset, told in sorted(balances.items())],
        )

    def token(self, person: str) -> str:
        """As `TradingLine.token`."""
        return self._ask(person, lambda rest: rest.token())

    def place(self, person: str, order: Mapping[str, str], *, only_check: bool) -> str:
        """As `TradingLine.place`. The client id makes a repetition harmless: an order with it stands at most once."""
        asked = {**order, "validate": "true"} if only_check else dict(order)
        told = self._ask(person, lambda rest: rest.private("AddOrder", **asked))
        return sentence_of(told)

    def amend(self, person: str, order: str, changes: Mapping[str, str]) -> None:
        """As `TradingLine.amend`."""
        self._ask(person, lambda rest: rest.private("AmendOrder", txid=order, **changes))

    def cancel(self, person: str, order: str) -> None:
        """As `TradingLine.cancel`."""
        if order:
            self._ask(person, lambda rest: rest.private("CancelOrder", txid=order))
        else:
            self._ask(person, lambda rest: rest.private("CancelAll"))

    def pay_in(self, person: str, dollars: str, reference: str) -> None:
        """As `TradingLine.pay_in`."""
        wiring, key = VenueWiring.read(self._folder), self._known(person)
        if wiring is None or "USD" not in wiring.banks:
            raise Refused("venue.bank", "bank: no bank is played here; send the dollars from your own")
        amount = Money.parse(dollars)
        if not amount or amount > DOLLARS_MAX:
            raise Refused("venue.amount", f"amount: between $0.01 and ${DOLLARS_MAX} can be sent at once")
        bank = PaperBankClient(wiring.banks["USD"])
        try:
            bank.deposit(Deposit(reference, bank_reference(key.account), amount, f"{person}-bank"))
        finally:
            bank.close()

    def close(self) -> None:
        """End the connections."""

        async def end() -> None:
            for rest in self._rests.values():
                await rest.__aexit__()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(ANSWER_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        self._loop.close()
        self._operator.close()

    def _door(self, name: str) -> str:
        try:
            return self._doors().get(name, "")
        except Unavailable:
            return ""

    def _key(self, person: str) -> ApiKey | None:
        found = [key for key in self._keys.read() if key.name == f"{KEY_NAME}:{person}" and not key.revoked]
        return found[-1] if found else None

    def _known(self, person: str) -> ApiKey:
        key = self._key(person)
        if key is None:
            raise Refused("venue.account", "account: you have none at the venue yet; open one on the page Trade")
        return key

    def _seat(self, account: int) -> Seat:
        wiring = VenueWiring.read(self._folder)
        treasuries = {chain: each.address for chain, each in wiring.treasuries.items()} if wiring is not None else {}
        return Seat(account, bank_reference(account), treasuries)

    def _ask(self, person: str, call: Call[T]) -> T:
        """Ask the venue, by the person's key or by none, in the one loop that holds its connections."""
        url = self._door("venue_rest")
        if not url:
            raise Unavailable("venue: none runs beside these pages")
        key = self._known(person) if person else None

        async def asked() -> T:
            name = f"{url} {key.key if key else ''}"
            rest = self._rests.get(name)
            if rest is None:
                rest = self._rests[name] = KrakenRest(url, _now_us, key.key if key else "", key.secret_text if key else "")
            # Nonces have to arrive in their order: one question of a key after the other.
            async with self._turns.setdefault(name, asyncio.Lock()):
                return await call(rest)

        try:
            return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(2 * ANSWER_S)
        except VenueRefused as refusal:
            raise Refused("venue.refused", reason_of(refusal.error)) from refusal

    def _operate(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = self._door("venue_operator")
        if not url:
            raise Unavailable("venue: none runs beside these pages")
        try:
            answer = self._operator.request(method, url + path, json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"venue: its operator's door did not answer ({type(error).__name__})") from error
        told = answer.json()
        if not answer.is_success:
            raise Refused(str(told.get("code", "venue.refused")), str(told.get("text", "venue: it refused")))
        return told


def _now_us() -> int:
    return LiveClock().now_us()


def _pair(told: Mapping[str, Any]) -> TradedPair:
    base, _, quote = str(told["wsname"]).partition("/")
    return TradedPair(
        str(told["altname"]),
        str(told["wsname"]),
        base,
        quote,
        int(told["pair_decimals"]),
        int(told["lot_decimals"]),
        rate_millionths(told["fees"][0][1]),
        multiplier_of(str(told["multiplier"])),
    )


def _market(pair: TradedPair, told: Mapping[str, Any]) -> MarketNow:
    at = told.get("indicative")
    return MarketNow(
        pair,
        str(told["state"]),
        int(told["last"]),
        int(told["reference"]),
        (int(at["price"]), int(at["lots"]), int(at["surplus"])) if at else None,
        int(told.get("collar_buy", 0)),
        int(told.get("collar_sell", 0)),
        int(told.get("day_open", 0)),
        int(told.get("day_turnover", 0)),
    )


def _levels(pair: TradedPair, rows: Sequence[Sequence[Any]]) -> list[tuple[int, int]]:
    """A side of the book as the venue writes it, in ticks and lots."""
    return [
        (parse_decimal(str(row[0]), pair.price_decimals, "price"), parse_decimal(str(row[1]), pair.lot_decimals, "quantity"))
        for row in rows
    ]
