"""Kraken's order parameters: every one becomes what it means, and what is not served is refused, never ignored."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.api.kraken.errors import text_of
from openscrip.api.kraken.trading import ChangeAsked, OrderAsked, Trading, instrument_of, order_id_of
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Change, Place
from openscrip.markets.instruments import Directory, Instrument, money, token
from openscrip.markets.orders import (
    Iceberg,
    Limit,
    Market,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
)

NOW = 1_700_000_000_000_000
TESLA = Instrument(1, token(1, "TSLAx"), money(2, "USD", "ZUSD"))


@dataclass
class Prices:
    last: int = 0
    reference: int = 0

    def last_of(self, instrument: int) -> int:
        return self.last

    def reference_of(self, instrument: int) -> int:
        return self.reference


def directory() -> Directory:
    made = Directory()
    made.admit(TESLA.base)
    made.admit(TESLA.quote)
    made.list(TESLA)
    return made


TRADING = Trading(directory(), Prices(30_000, 31_000))


def asked(**changed: Any) -> OrderAsked:
    return OrderAsked(
        **{"pair": "TSLAxUSD", "side": "buy", "order_type": "limit", "volume": "1.25", "price": "345.67"} | changed
    )


def placed(**changed: Any) -> Place:
    return TRADING.place(asked(**changed), 7, NOW)


def refusal(**changed: Any) -> str:
    with pytest.raises(Refused) as refused:
        placed(**changed)
    return text_of(refused.value)


def test_a_limit_order_is_what_was_asked() -> None:
    assert placed() == Place(7, 1, Side.BUY, 12_500, Limit(34_567))


@pytest.mark.parametrize(
    ("changed", "terms"),
    [
        ({"time_in_force": "GTC"}, Limit(34_567)),
        ({"time_in_force": "ioc"}, Limit(34_567, TimeInForce.IOC)),
        ({"time_in_force": "FOK"}, Limit(34_567, TimeInForce.FOK)),
        ({"time_in_force": "GTD", "expire": "+60"}, Limit(34_567, TimeInForce.GTD, NOW + 60_000_000)),
        ({"expire": "1700000060"}, Limit(34_567, TimeInForce.GTD, NOW + 60_000_000)),
        ({"flags": "post"}, Limit(34_567, post_only=True)),
        ({"flags": "fciq,nompp, post", "start": "0", "expire": "0"}, Limit(34_567, post_only=True)),
        ({"order_type": "iceberg", "display": "0.25"}, Iceberg(34_567, 2_500)),
        (
            {"order_type": "iceberg", "display": "0.25", "flags": "post", "expire": "+1"},
            Iceberg(34_567, 2_500, NOW + 1_000_000, True),
        ),
        ({"order_type": "market", "price": ""}, Market(0)),
        ({"order_type": "market", "price": "", "time_in_force": "IOC"}, Market(0)),
        ({"order_type": "stop-loss", "price": "350"}, Stop(35_000, 0)),
        (
            {"order_type": "stop-loss", "price": "350", "trigger": "index", "expire": "+1"},
            Stop(35_000, 0, Reference.INDEX, NOW + 1_000_000),
        ),
        ({"order_type": "stop-loss-limit", "price": "350", "price2": "351"}, StopLimit(35_000, 35_100)),
        ({"order_type": "take-profit", "price": "290", "trigger": "last"}, TakeProfit(29_000, 0)),
        ({"order_type": "take-profit-limit", "price": "290", "price2": "289.5"}, TakeProfitLimit(29_000, 28_950)),
        ({"order_type": "trailing-stop", "price": "+5"}, Trailing(500, 0)),
        ({"order_type": "trailing-stop", "price": "+2.5%"}, Trailing(750, 0)),
        ({"order_type": "trailing-stop-limit", "price": "+5", "price2": "-1"}, TrailingLimit(500, -100)),
        ({"order_type": "trailing-stop-limit", "price": "+1%", "price2": "+1%"}, TrailingLimit(300, 300)),
    ],
)
def test_terms__of_each_order_type__are_what_was_asked(changed: dict[str, str], terms: Terms) -> None:
    assert placed(**changed).terms == terms


@pytest.mark.parametrize(
    ("side", "order_type", "price", "trigger", "ticks"),
    [
        ("buy", "limit", "+1.5", "", 30_150),
        ("buy", "limit", "-1.5", "", 29_850),
        ("buy", "limit", "#1.5", "", 29_850),
        ("sell", "limit", "#1.5", "", 30_150),
        ("sell", "limit", "-1%", "", 29_700),
        ("buy", "limit", "#0.0001%", "", 30_000),
        ("buy", "stop-loss", "#1%", "", 30_300),
        ("sell", "stop-loss", "#1%", "", 29_700),
        ("sell", "stop-loss", "#1%", "index", 30_690),
        ("sell", "take-profit", "#1%", "", 30_300),
        ("buy", "take-profit", "#1%", "", 29_700),
    ],
)
def test_a_price__relative__starts_from_what_triggers(side: str, order_type: str, price: str, trigger: str, ticks: int) -> None:
    terms = placed(side=side, order_type=order_type, price=price, trigger=trigger).terms
    assert isinstance(terms, Limit | Stop | TakeProfit)
    assert (terms.price if isinstance(terms, Limit) else terms.trigger) == ticks


def test_a_price__relative_before_any_trade__starts_from_the_reference_or_is_refused() -> None:
    terms = Trading(directory(), Prices(0, 20_000)).place(asked(price="+1"), 7, NOW).terms
    assert terms == Limit(20_100)
    nothing = Trading(directory(), Prices())
    for changed in ({"price": "+1"}, {"price": "1%"}, {"order_type": "trailing-stop", "price": "+1%"}):
        with pytest.raises(Refused) as refused:
            nothing.place(asked(**changed), 7, NOW)
        assert text_of(refused.value) == "EOrder:Invalid price:Invalid price argument"


def test_percentages_are_rounded_toward_where_they_start_to_the_tick() -> None:
    coarse = Directory()
    instrument = Instrument(1, TESLA.base, TESLA.quote, tick=5)
    coarse.admit(TESLA.base)
    coarse.admit(TESLA.quote)
    coarse.list(instrument)
    trading = Trading(coarse, Prices(30_000))
    assert trading.place(asked(price="+1.029%"), 7, NOW).terms == Limit(30_305)
    assert trading.place(asked(price="-1.029%"), 7, NOW).terms == Limit(29_695)


def test_every_other_field_reaches_the_command() -> None:
    command = placed(
        side="sell", self_trade="cancel-oldest", client_id="my order 1", reduce_only=True, deadline="2023-11-14T22:13:25Z"
    )
    assert command == Place(
        7, 1, Side.SELL, 12_500, Limit(34_567), SelfTrade.CANCEL_OLDEST, "my order 1", 0, 0, True, NOW + 5_000_000
    )
    assert placed(user_reference="-42", self_trade="cancel_both").user_reference == -42
    assert placed(client_id="6d1b345e-2821-40e2-ad83-4ecb18a06876").client_id == "6d1b345e-2821-40e2-ad83-4ecb18a06876"


def test_a_market_buy__for_quote_currency__spends_it() -> None:
    command = placed(order_type="market", price="", volume="100.5", flags="viqc")
    assert (command.lots, command.spend) == (0, 100_500_000)


@pytest.mark.parametrize("pair", ["TSLAxUSD", "tslaxusd", "TSLAX/USD", "TSLAx/USD"])
def test_a_pair__by_any_of_its_names__is_found(pair: str) -> None:
    assert placed(pair=pair, asset_class="tokenized_asset").instrument == 1


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"pair": "TSLA"}, "EQuery:Unknown asset pair"),
        ({"pair": ""}, "EQuery:Unknown asset pair"),
        ({"asset_class": "currency"}, "EQuery:Unknown asset pair"),
        ({"side": "short"}, "EGeneral:Invalid arguments:type"),
        ({"side": ""}, "EGeneral:Invalid arguments:type"),
        ({"order_type": "settle-position"}, "EGeneral:Invalid arguments:ordertype"),
        ({"order_type": ""}, "EGeneral:Invalid arguments:ordertype"),
        ({"volume": ""}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "-1"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "1e3"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.00001"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0"}, "EOrder:Order minimum not met"),
        ({"price": ""}, "EGeneral:Invalid arguments:price"),
        ({"price": "345.678"}, "EGeneral:Invalid arguments:price"),
        ({"price": "abc"}, "EGeneral:Invalid arguments:price"),
        ({"price": "+"}, "EGeneral:Invalid arguments:price"),
        ({"price": "%"}, "EGeneral:Invalid arguments:price"),
        ({"price": "+%"}, "EGeneral:Invalid arguments:price"),
        ({"price": "--1"}, "EGeneral:Invalid arguments:price"),
        ({"price": "-400"}, "EOrder:Invalid price:Invalid price argument"),
        ({"order_type": "stop-loss-limit"}, "EGeneral:Invalid arguments:price2"),
        ({"order_type": "trailing-stop", "price": "-5"}, "EGeneral:Invalid arguments:price"),
        ({"order_type": "trailing-stop", "price": "+0"}, "EGeneral:Invalid arguments:price"),
        ({"order_type": "trailing-stop", "price": ""}, "EGeneral:Invalid arguments:price"),
        ({"order_type": "stop-loss", "time_in_force": "IOC"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"order_type": "iceberg", "display": "1", "time_in_force": "FOK"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"order_type": "iceberg"}, "EGeneral:Invalid arguments:displayvol"),
        ({"order_type": "iceberg", "display": "0"}, "EGeneral:Invalid arguments:displayvol"),
        ({"order_type": "iceberg", "display": "0.0833"}, "EGeneral:Invalid arguments:displayvol"),
        ({"order_type": "iceberg", "display": "1.26"}, "EGeneral:Invalid arguments:displayvol"),
        ({"display": "1"}, "EGeneral:Invalid arguments:displayvol"),
        ({"order_type": "market", "time_in_force": "GTD"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"order_type": "market", "time_in_force": "FOK"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"order_type": "market", "expire": "+5"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"order_type": "market", "flags": "post"}, "EGeneral:Invalid arguments:oflags"),
        ({"order_type": "market", "flags": "viqc", "side": "sell"}, "EGeneral:Invalid arguments:oflags"),
        ({"flags": "viqc"}, "EGeneral:Invalid arguments:oflags"),
        ({"flags": "fcib"}, "EGeneral:Invalid arguments:oflags"),
        ({"flags": "post,,"}, "EGeneral:Invalid arguments:oflags"),
        ({"flags": "post", "time_in_force": "IOC"}, "EGeneral:Invalid arguments:oflags"),
        ({"time_in_force": "DAY"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"time_in_force": "GTD"}, "EGeneral:Invalid arguments:expiretm"),
        ({"time_in_force": "IOC", "expire": "+5"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"expire": "1600000000"}, "EGeneral:Invalid arguments:expiretm"),
        ({"start": "+5"}, "EGeneral:Invalid arguments:starttm"),
        ({"leverage": "2"}, "EGeneral:Invalid arguments:leverage"),
        ({"self_trade": "cancel-none"}, "EGeneral:Invalid arguments:stptype"),
        ({"order_type": "stop-loss", "trigger": "mark"}, "EGeneral:Invalid arguments:trigger"),
        ({"user_reference": "2147483648"}, "EGeneral:Invalid arguments:userref"),
        ({"user_reference": "abc"}, "EGeneral:Invalid arguments:userref"),
        ({"client_id": "x" * 19}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"client_id": "a\nb"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"client_id": "\u00e9"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"client_id": "a", "user_reference": "1"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "2023-11-14T22:14:21Z"}, "EGeneral:Invalid arguments:deadline"),
    ],
)
def test_an_order__malformed__is_refused_with_kraken_s_words(changed: dict[str, str], text: str) -> None:
    assert refusal(**changed) == text


def test_a_deadline__in_the_past__is_left_to_the_venue_to_refuse() -> None:
    assert 0 < placed(deadline="1970-01-01T00:00:00Z").deadline_us < NOW


def test_a_change_takes_only_what_was_said() -> None:
    changed = TRADING.change(ChangeAsked(lots="2", price="346.1"), 7, 5, TESLA, NOW)
    assert changed == Change(7, 5, 20_000, 34_610)
    changed = TRADING.change(ChangeAsked(display="0.5", trigger="+1%", deadline="2023-11-14T22:13:25Z"), 7, 5, TESLA, NOW)
    assert changed == Change(7, 5, display=5_000, trigger=30_300, deadline_us=NOW + 5_000_000)


@pytest.mark.parametrize("given_", [ChangeAsked(), ChangeAsked(lots="x"), ChangeAsked(price="1.234"), ChangeAsked(lots="0")])
def test_a_change__of_nothing_or_malformed__is_refused(given_: ChangeAsked) -> None:
    with pytest.raises(Refused) as refused:
        TRADING.change(given_, 7, 5, TESLA, NOW)
    assert text_of(refused.value).startswith("EGeneral:Invalid arguments:")


def test_an_order_id__malformed__is_an_order_that_is_not_there() -> None:
    assert order_id_of("OAAAAA-AAAAA-AAAAAB") == 1
    with pytest.raises(Refused) as refused:
        order_id_of("1")
    assert text_of(refused.value) == "EOrder:Unknown order"


TEXT = st.text(max_size=12) | st.sampled_from(["", "0", "1", "+1", "-1%", "#2", "1.5", "GTD", "IOC", "post", "viqc", "limit"])


@given(st.fixed_dictionaries({name: TEXT for name in OrderAsked.__struct_fields__ if name not in {"pair", "reduce_only"}}))
def test_whatever_is_asked__it_is_a_command_or_a_refusal(fields: dict[str, str]) -> None:
    try:
        command = TRADING.place(asked(**fields), 7, NOW)
    except Refused:
        return
    assert command.lots > 0 or command.spend > 0


def test_every_name_of_the_directory_is_found_and_no_other() -> None:
    assert instrument_of(directory(), "TSLAx/USD") is not None
    with pytest.raises(Refused):
        instrument_of(directory(), "TSLAx-USD")
