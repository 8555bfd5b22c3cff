"""`subscribe` and `unsubscribe`: one acknowledgement for each symbol, in the client's own spelling, then the snapshot."""

from collections.abc import Callable, Sequence
from functools import partial

from openscrip.api.kraken.errors import text_of, wrong_argument
from openscrip.api.kraken.keys import Permission
from openscrip.api.kraken.socket.asked import Subscribe, SubscribeParams, Unsubscribe
from openscrip.api.kraken.socket.connection import Connection
from openscrip.api.kraken.socket.market_data import BOOK, LEVEL3, OHLC, TICKER, TRADE, MarketData, option_of
from openscrip.api.kraken.socket.private import BALANCES, EXECUTIONS, Private
from openscrip.api.kraken.socket.reference import instruments_message
from openscrip.api.kraken.socket.session import Sessions
from openscrip.api.kraken.socket.wire import finished, quoted, refusal_body, reply_head
from openscrip.kernel.errors import Refused
from openscrip.markets.instruments import Instrument
from openscrip.markets.venue import Venue

PAIRED = (BOOK, LEVEL3, TICKER, TRADE, OHLC)
INSTRUMENT = "instrument"
SYMBOLS_MAX = 200
"""In one request."""
SNAPSHOT_FRAMES = 2
"""A subscription counts as so many more frames: its snapshot costs as much."""


class Subscriptions:
    """Who may listen to what."""

    def __init__(
        self,
        market: MarketData,
        private: Private,
        sessions: Sessions,
        venue: Venue,
        find: Callable[[str], Instrument],
        most: int,
    ) -> None:
        self._market, self._private, self._sessions, self._venue = market, private, sessions, venue
        self._find, self._most = find, most
        self._instruments: dict[Connection, None] = {}
        self._accounts: dict[Connection, dict[str, int]] = {}

    # asked

    def subscribe(self, connection: Connection, asked: Subscribe, now_us: int) -> None:
        """`subscribe`."""
        params = asked.params
        if params.channel in PAIRED:
            self._each(connection, "subscribe", asked, now_us, self._listen)
        else:
            self._whole(connection, "subscribe", asked, now_us)

    def unsubscribe(self, connection: Connection, asked: Unsubscribe, now_us: int) -> None:
        """`unsubscribe`."""
        if asked.params.channel in PAIRED:
            self._each(connection, "unsubscribe", asked, now_us, self._leave)
        else:
            self._whole(connection, "unsubscribe", asked, now_us)

    def _each(
        self,
        connection: Connection,
        method: str,
        asked: Subscribe | Unsubscribe,
        now_us: int,
        do: Callable[[Connection, SubscribeParams, str, Callable[[str], None]], None],
    ) -> None:
        """One reply for each symbol, and right behind it its snapshot."""
        params = asked.params
        symbols = params.symbol or []
        if not symbols or len(symbols) > SYMBOLS_MAX:
            text = text_of(wrong_argument("symbol", f"1 to {SYMBOLS_MAX} symbols are asked for at once"))
            connection.say(finished(reply_head(method, asked.req_id, refusal_body(text), now_us), now_us))
            return
        for symbol in symbols:

            def acknowledge(body: str) -> None:
                connection.say(finished(reply_head(method, asked.req_id, body, now_us), now_us))

            try:
                do(connection, params, symbol, acknowledge)
            except Refused as refused:
                text = _text_of(refused, symbol)
                acknowledge(refusal_body(text, f',"symbol":{quoted(symbol)}'))

    def _listen(self, connection: Connection, params: SubscribeParams, symbol: str, acknowledge: Callable[[str], None]) -> None:
        channel = params.channel
        if channel == LEVEL3:
            self._sessions.of(connection, params.token)
        instrument = self._find(symbol)
        option = option_of(channel, params.depth, params.interval, params.event_trigger)
        if option is None:
            raise wrong_argument(_option_name(channel), "was none of those that this channel has")
        if self.count(connection) >= self._most or not connection.charge(SNAPSHOT_FRAMES):
            raise Refused("api.flooded", f"subscriptions: {self._most} were in use here, or too many came at once")
        connection.spellings[instrument.number] = symbol
        shown = f'"channel":"{channel}"{_option_text(channel, params)},"snapshot":{_flag(_snapshot(params))}'
        acknowledge(f'"result":{{{shown},"symbol":{quoted(symbol)}}},"success":true')
        self._market.subscribe(connection, channel, instrument.number, option, symbol, snapshot=_snapshot(params))

    def _leave(self, connection: Connection, params: SubscribeParams, symbol: str, acknowledge: Callable[[str], None]) -> None:
        if not self._market.unsubscribe(connection, params.channel, self._find(symbol).number):
            raise Refused("subscription.unknown", "subscription: there was none to end")
        shown = f'"channel":"{params.channel}"{_option_text(params.channel, params)}'
        acknowledge(f'"result":{{{shown},"symbol":{quoted(symbol)}}},"success":true')

    def _whole(self, connection: Connection, method: str, asked: Subscribe | Unsubscribe, now_us: int) -> None:
        """Channels without symbols."""
        params = asked.params
        begin: Callable[[], None] | None = None
        try:
            if method == "subscribe":
                body, begin = self._join(connection, params)
            else:
                body = self._part(connection, params)
        except Refused as refused:
            body = refusal_body(_text_of(refused))
        connection.say(finished(reply_head(method, asked.req_id, body, now_us), now_us))
        if begin is not None:
            begin()

    def _join(self, connection: Connection, params: SubscribeParams) -> tuple[str, Callable[[], None]]:
        """The body of the reply, and what is to be done after it was said."""
        match params.channel:
            case "instrument":
                shown = f'"channel":"instrument","snapshot":{_flag(_snapshot(params))}'
                begin = partial(self._begin_instruments, connection, params)
            case "executions":
                key = self._sessions.of(connection, params.token).key
                key.allow(Permission.OPEN_ORDERS, Permission.CLOSED_ORDERS)
                most = f'"maxratecount":{key.tier.engine_max:.0f},' if params.ratecounter else ""
                shown = (
                    f'"channel":"executions",{most}"snap_orders":{_flag(params.snap_orders)}'
                    f',"snap_trades":{_flag(params.snap_trades)},"order_status":{_flag(params.order_status)}'
                    f',"rebased":{_flag(params.rebased)},"ratecounter":{_flag(params.ratecounter)}'
                )
                begin = partial(self._begin_executions, connection, params, key.account)
            case "balances":
                key = self._sessions.of(connection, params.token).key
                key.allow(Permission.FUNDS)
                shown = f'"channel":"balances","snapshot":{_flag(_snapshot(params))},"rebased":{_flag(params.rebased)}'
                begin = partial(self._begin_balances, connection, params, key.account)
            case _:
                raise wrong_argument("channel", f"{params.channel!a:.32} was not known")
        if self.count(connection) >= self._most:
            raise Refused("api.flooded", f"subscriptions: {self._most} were in use on this connection")
        return f'"result":{{{shown}}},"success":true', begin

    def _begin_instruments(self, connection: Connection, params: SubscribeParams) -> None:
        self._instruments[connection] = None
        if _snapshot(params):
            directory = self._venue.instruments
            assets, instruments = directory.assets.values(), directory.instruments.values()
            connection.say(instruments_message("snapshot", self._venue, assets, instruments))

    def _begin_executions(self, connection: Connection, params: SubscribeParams, account: int) -> None:
        self._private.unsubscribe(connection, EXECUTIONS, account)
        self._accounts.setdefault(connection, {})[EXECUTIONS] = account
        self._private.executions(
            connection,
            account,
            orders=params.snap_orders if params.snapshot is None else params.snapshot,
            trades=params.snap_trades or bool(params.snapshot_trades),
            transitions=params.order_status,
            rebased=params.rebased,
            counts=params.ratecounter,
        )

    def _begin_balances(self, connection: Connection, params: SubscribeParams, account: int) -> None:
        self._private.unsubscribe(connection, BALANCES, account)
        self._accounts.setdefault(connection, {})[BALANCES] = account
        self._private.balances(connection, account, snapshot=_snapshot(params), rebased=params.rebased)

    def _part(self, connection: Connection, params: SubscribeParams) -> str:
        channel = params.channel
        if channel == INSTRUMENT:
            found = connection in self._instruments
            self._instruments.pop(connection, None)
        elif channel in {EXECUTIONS, BALANCES}:
            account = self._sessions.of(connection, params.token).account
            found = self._private.unsubscribe(connection, channel, account)
            self._accounts.get(connection, {}).pop(channel, None)
        else:
            raise wrong_argument("channel", f"{channel!a:.32} was not known")
        if not found:
            raise Refused("subscription.unknown", "subscription: there was none to end")
        return f'"result":{{"channel":"{channel}"}},"success":true'

    # what happened

    def changed(self, instruments: Sequence[Instrument]) -> None:
        """Instruments have other terms or another state."""
        if not self._instruments:
            return
        assets = {asset.number: asset for each in instruments for asset in (each.base, each.quote)}
        payload = instruments_message("update", self._venue, assets.values(), instruments)
        for connection in list(self._instruments):
            connection.say(payload)
            connection.flush()

    def count(self, connection: Connection) -> int:
        """How much a connection listens to."""
        return self._market.count(connection) + len(self._accounts.get(connection, ())) + (connection in self._instruments)

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self._instruments.pop(connection, None)
        self._accounts.pop(connection, None)


def _text_of(refused: Refused, symbol: str = "") -> str:
    """Kraken's sentences for subscriptions; they bear no category."""
    if refused.code == "query.pair":
        return f"Currency pair not supported {symbol}"
    return "Subscription Not Found" if refused.code == "subscription.unknown" else text_of(refused)


def _snapshot(params: SubscribeParams) -> bool:
    if params.snapshot is None:
        return params.channel != TRADE
    return params.snapshot


def _option_name(channel: str) -> str:
    return {OHLC: "interval", TICKER: "event_trigger"}.get(channel, "depth")


def _option_text(channel: str, params: SubscribeParams) -> str:
    if channel in {BOOK, LEVEL3}:
        return f',"depth":{params.depth}'
    if channel == OHLC:
        return f',"interval":{params.interval}'
    if channel == TICKER:
        return f',"event_trigger":"{params.event_trigger}"'
    return ""


def _flag(on: bool) -> str:
    return "true" if on else "false"
