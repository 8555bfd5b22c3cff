"""What the venue says over REST, in words and figures for a page."""

from collections.abc import Mapping
from typing import Any

from openscrip.web.trading import BalanceLine, Fill, OpenOrder, TradedPair

REASONS = {
    "EOrder:Insufficient funds": "You do not have enough at the venue for this order.",
    "EOrder:Order minimum not met": "The order is below the least quantity of this market.",
    "EOrder:Cost minimum not met": "The order is worth less than the least amount of this market.",
    "EOrder:Tick size check failed": "The price has more decimals than this market takes.",
    "EOrder:Invalid price": "The price is too far from the reference price, or is no price of this market.",
    "EOrder:Unknown order": "That order no longer stands: it was filled or cancelled.",
    "EOrder:Post only order": "The order would have traded at once, and you asked that it only makes.",
    "EOrder:Rate limit exceeded": "Too many orders in a short time; wait a few seconds.",
    "EOrder:Orders limit exceeded": "You have as many open orders as one account may have.",
    "EAPI:Rate limit exceeded": "Too many questions in a short time; wait a few seconds.",
    "EService:Market in cancel_only mode": "The market is not open for new orders now; what stands can be cancelled.",
    "EService:Market in post_only mode": "Only orders that make, and do not trade at once, are taken now.",
    "EService:Unavailable": "The venue takes no orders at the moment.",
    "EGeneral:Internal error": "The venue failed on its side; look at your open orders before you try again.",
}


def reason_of(error: str) -> str:
    """A refusal of the venue in plain words, and its own text where no words are known."""
    for known, words in REASONS.items():
        if error.startswith(known):
            return words
    _, _, rest = error.partition(":")
    return f"The venue refused: {rest or error}."


def sentence_of(told: Mapping[str, Any]) -> str:
    """An order as the venue read it, such as `buy 10.0000 TSLAxUSD @ limit 311.21`."""
    return str(told.get("descr", {}).get("order", ""))


def shown_order(order_id: str, told: Mapping[str, Any], pairs: Mapping[str, TradedPair]) -> OpenOrder:
    """An order of `OpenOrders`."""
    said = told["descr"]
    pair = pairs.get(str(said["pair"]))
    price, second = _none_if_nil(said["price"]), _none_if_nil(said["price2"])
    kind = str(said["ordertype"])
    waits = kind.startswith(("stop-loss", "take-profit", "trailing-stop"))
    return OpenOrder(
        order_id,
        pair.name if pair else str(said["pair"]),
        str(said["type"]),
        kind,
        str(told["vol"]),
        str(told["vol_exec"]),
        second if waits else price,
        price if waits else "",
    )


def shown_fill(trade_id: str, told: Mapping[str, Any], pairs: Mapping[str, TradedPair]) -> Fill:
    """A trade of `TradesHistory`."""
    pair = pairs.get(str(told["pair"]))
    return Fill(
        trade_id,
        pair.name if pair else str(told["pair"]),
        str(told["type"]),
        str(told["vol"]),
        _trimmed(str(told["price"])),
        _trimmed(str(told["cost"])),
        _trimmed(str(told["fee"])),
        _seconds(told["time"]),
    )


def shown_balance(asset: str, told: Mapping[str, Any]) -> BalanceLine:
    """An asset of `BalanceEx`."""
    total, held = str(told["balance"]), str(told.get("hold_trade", "0"))
    places = max(len(total.partition(".")[2]), len(held.partition(".")[2]))
    free = _units(total, places) - _units(held, places)
    whole, fraction = divmod(free, 10**places)
    name = asset[1:] if asset in {"ZUSD", "ZEUR"} else asset
    return BalanceLine(name, _trimmed(total), _trimmed(f"{whole}.{fraction:0{places}d}" if places else str(whole)))


def _units(text: str, places: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(places, "0"))


def _trimmed(text: str) -> str:
    """Without the zeros at the end, but for two decimals."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _none_if_nil(text: object) -> str:
    words = str(text)
    return "" if not words.strip("0.") else words


def _seconds(text: object) -> int:
    return int(str(text).partition(".")[0])
