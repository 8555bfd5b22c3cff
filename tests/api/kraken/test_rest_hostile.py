"""Bodies that no client would send: each is answered with one of Kraken's errors, and changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ccxt
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.kraken.rest_room import ALICE, Room, room, run

from openscrip.api.kraken.errors import TEXTS, text_of, wrong_argument
from openscrip.api.kraken.rest.arguments import form_values, json_values
from openscrip.api.kraken.rest.endpoints import PRIVATE, PUBLIC
from openscrip.kernel.errors import Malformed

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NAMES = [path.decode().rpartition("/")[2] for path in PRIVATE]
NEVER = "EGeneral:Internal error"

HOSTILE_JSON = [
    b"",
    b"null",
    b"[]",
    b"1",
    b'"nonce"',
    b"{",
    b'{"nonce":"%d","nonce":"1"}',
    b'{"nonce":"%d","pair":{"a":["b"]}}',
    b'{"nonce":"%d","pair":["TSLAxUSD"],"type":"buy","ordertype":"limit","volume":1,"price":300}',
    b'{"nonce":"%d","pair":"TSLAxUSD","type":"buy","ordertype":"limit","volume":1e309,"price":300}',
    b'{"nonce":"%d","pair":"TSLAxUSD","type":"buy","ordertype":"limit","volume":-1,"price":300}',
    b'{"nonce":"%d","pair":"TSLAxUSD","type":"buy","ordertype":"limit","volume":1,"price":300,"close":{"ordertype":"limit"}}',
    b'{"nonce":"%d","pair":"TSLAxUSD","type":"buy","ordertype":"limit","volume":' + b"9" * 5_000 + b',"price":300}',
    b'{"nonce":"%d","orders":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"nonce":"%d","orders":[{"a":1},{"b":2}]}',
    b'{"nonce":"%d","txid":["a",1,null]}',
    b'{"nonce":"%d","a":"\xff\xfe"}',
    b'{"nonce":"%d"}{"nonce":"1"}',
]
HOSTILE_FORMS = [
    b"nonce=%d&pair=TSLAxUSD&pair=AAPLxEUR&type=buy&ordertype=limit&volume=1&price=300",
    b"nonce=%d&volume=1&%%00=x&pair=TSLAxUSD",
    b"nonce=%d&pair=\xff\xfe",
    b"nonce=%d&pair=%%ff%%fe&type=buy&ordertype=limit&volume=1&price=1",
    b"nonce=%d" + b"&a%%5B%%5D=1" * 300,
    b"nonce=%d&pair=TSLAxUSD&type=buy&ordertype=limit&volume=1&price=300&close%%5Bordertype%%5D=limit",
    b"nonce=%d&pair=TSLAxUSD&type=buy&ordertype=limit&volume=1&price=\xd9\xa1",
    b"nonce=%d&pair=TSLAxUSD%%00&type=buy&ordertype=limit&volume=1&price=300",
    b"nonce=%d&txid=" + b"O" * 50_000,
    b"nonce=%d&timeout=1e9&txid=" + b"OAAAAA-AAAAA-AAAAAA," * 2_000,
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [JSON, FORM])
def test_a_body__hostile__is_refused_by_every_endpoint_and_changes_nothing(kind: str, tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        await alice.order("buy", "1", "290", cl_ord_id="mine")
        digest, orders = its.venue.balances(ALICE), [order.id for order in its.venue.open_orders(ALICE)]
        for name in NAMES:
            for template in HOSTILE_JSON if kind == JSON else HOSTILE_FORMS:
                alice.nonce += 1
                body = template.replace(b"%d", b"%d" % alice.nonce).replace(b"%%", b"%")
                told = await alice.send(name, body, str(alice.nonce), kind)
                if name != "CancelAll":
                    assert NEVER not in told["error"], (name, body[:80])
                    if name in {"AddOrder", "AddOrderBatch", "AmendOrder", "EditOrder", "CancelOrder", "CancelOrderBatch"}:
                        assert told["error"], (name, body[:80])
                its.machine_s[0] += 1
            if name == "CancelAll":
                await alice.order("buy", "1", "290")
        assert its.venue.balances(ALICE) == digest
        assert len(its.venue.open_orders(ALICE)) == len(orders)

    run(work, tmp_path)


def test_a_name__of_every_endpoint__is_what_the_reference_lists() -> None:
    listed = (
        "Time SystemStatus Assets AssetPairs Ticker Depth Trades OHLC Spread Balance BalanceEx TradeBalance "
        "AddOrder AddOrderBatch AmendOrder EditOrder CancelOrder CancelOrderBatch CancelAll CancelAllOrdersAfter "
        "OpenOrders ClosedOrders QueryOrders OrderAmends TradesHistory QueryTrades Ledgers QueryLedgers "
        "TradeVolume GetWebSocketsToken"
    )
    assert {path.decode().rpartition("/")[2] for path in (*PRIVATE, *PUBLIC)} == set(listed.split())


FIELDS = [
    "pair", "type", "ordertype", "volume", "price", "price2", "trigger", "oflags", "timeinforce", "starttm",
    "expiretm", "stptype", "displayvol", "userref", "cl_ord_id", "deadline", "leverage", "asset_class",
    "reduce_only", "validate", "txid", "orders", "order_qty", "limit_price", "timeout", "start", "end", "ofs",
    "closetime", "trades", "asset", "rebased", "id", "order_id", "count", "since", "interval", "aclass", "info",
    "close",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["TSLAxUSD", "buy", "limit", "1", "300", "+5%", "OAAAAA-AAAAA-AAAAAB", "post", "GTD", "-1", "0"])
)
ANYTHING = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=6), each, max_size=4)
)
ASKED = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=10)


class Standing:
    """One room that stands through all examples of a test."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._opened = self._open(folder)
        self.room = self.runner.run(self._opened.__aenter__())

    @asynccontextmanager
    async def _open(self, folder: Path) -> AsyncIterator[Room]:
        async with room(folder, sync=False) as its:
            yield its

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.runner.run(asyncio.wait_for(work(), 30))

    def close(self) -> None:
        self.runner.run(self._opened.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    made = Standing(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(NAMES), ASKED)
def test_whatever_json_is_asked__the_answer_is_a_result_or_kraken_s_error(
    standing: Standing, name: str, asked: dict[str, Any]
) -> None:
    async def work() -> None:
        its = standing.room
        if not its.clients:
            its.client()
        alice = its.clients[0]
        its.machine_s[0] += 1
        told = await alice.ask_json(name, **asked)
        assert isinstance(told["error"], list)
        assert ("result" in told) == (told["error"] == [])
        assert all(text.startswith("E") and ":" in text and NEVER not in text for text in told["error"])
        for account in its.venue.accounts.values():
            assert all(0 <= held <= balance for balance, held in its.venue.balances(account.number).values())

    standing.run(work)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_whatever_bytes_are_a_body__they_are_read_or_refused(body: bytes) -> None:
    for read in (form_values, json_values):
        try:
            values = read(body)
        except Malformed:
            continue
        assert all(isinstance(name, str) for name in values)


CCXT = {
    "EAPI:Invalid key": ccxt.AuthenticationError,
    "EAPI:Invalid signature": ccxt.ExchangeError,
    "EAPI:Invalid nonce": ccxt.InvalidNonce,
    "EAPI:Rate limit exceeded": ccxt.DDoSProtection,
    "EOrder:Rate limit exceeded": ccxt.DDoSProtection,
    "EGeneral:Permission denied": ccxt.PermissionDenied,
    "EGeneral:Temporary lockout": ccxt.DDoSProtection,
    "EGeneral:Too many requests": ccxt.DDoSProtection,
    "EGeneral:Internal error": ccxt.ExchangeNotAvailable,
    "EGeneral:Unknown method": ccxt.ExchangeError,
    "EService:Unavailable": ccxt.ExchangeNotAvailable,
    "EService:Busy": ccxt.ExchangeNotAvailable,
    "EService:Market in cancel_only mode": ccxt.OnMaintenance,
    "EService:Market in post_only mode": ccxt.OnMaintenance,
    "EService:Market in limit_only mode": ccxt.ExchangeError,
    "EService:Deadline elapsed": ccxt.ExchangeError,
    "EOrder:Insufficient funds": ccxt.InsufficientFunds,
    "EOrder:Order minimum not met": ccxt.InvalidOrder,
    "EOrder:Unknown order": ccxt.InvalidOrder,
    "EOrder:Invalid price:Invalid price argument": ccxt.InvalidOrder,
    "EOrder:Post only order": ccxt.ExchangeError,
    "EGeneral:Invalid arguments": ccxt.BadRequest,
    "EGeneral:Invalid arguments:price": ccxt.InvalidOrder,
    "EQuery:Unknown asset": ccxt.BadSymbol,
    "EQuery:Unknown asset pair": ccxt.ExchangeError,
    "ESession:Invalid session": ccxt.AuthenticationError,
    "ETrade:User Locked": ccxt.AccountSuspended,
}


@pytest.mark.parametrize(("text", "kind"), CCXT.items())
def test_an_error_text__raised_by_ccxt__is_of_the_class_that_the_reference_says(text: str, kind: type[Exception]) -> None:
    assert text in {*TEXTS.values(), text_of(wrong_argument("price", "was wrong"))}
    answer = {"error": [text]}
    with pytest.raises(ccxt.BaseError) as raised:
        ccxt.kraken().handle_errors(200, "OK", "http://x", "POST", {}, json.dumps(answer), answer, {}, "")
    assert type(raised.value) is kind
