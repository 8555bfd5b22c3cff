"""The order ticket: what may be asked for, what the venue is told, and the worst that can come of it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Malformed, Refused
from openscrip.web.trading import TradedPair, fixed

KINDS = (
    ("limit", "Limit"),
    ("market", "Market"),
    ("iceberg", "Iceberg"),
    ("stop-loss", "Stop loss"),
    ("stop-loss-limit", "Stop loss, with a limit"),
    ("take-profit", "Take profit"),
    ("take-profit-limit", "Take profit, with a limit"),
    ("trailing-stop", "Trailing stop"),
    ("trailing-stop-limit", "Trailing stop, with a limit"),
)
LIMITED = frozenset({"limit", "iceberg", "stop-loss-limit", "take-profit-limit"})
TRIGGERED = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"})
TRAILING = frozenset({"trailing-stop", "trailing-stop-limit"})
TIMES = (
    ("GTC", "Until it is cancelled"),
    ("IOC", "At once, what is left is cancelled"),
    ("FOK", "At once and whole, or not at all"),
    ("GTD", "Until a time"),
)
SELF_TRADES = (
    ("cancel-newest", "Cancel the newer order"),
    ("cancel-oldest", "Cancel the older order"),
    ("cancel-both", "Cancel both orders"),
)
FEE_ONE = 1_000_000
NAMESPACE = uuid.UUID("5f7f4a0e-6f0a-4a56-9f0e-0d6a5b7f2c11")
OFFSET = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,8})?%?")

Amount = Annotated[str, Field(max_length=32, pattern=r"^[0-9]*(\.[0-9]*)?$")]
Offset = Annotated[str, Field(max_length=32, pattern=r"^[+-]?[0-9]*(\.[0-9]*)?%?$")]


class OrderAsked(BaseModel):
    """The ticket as it is sent. `step` is `review`, or `send` from the page that shows what will happen."""

    model_config = ConfigDict(extra="ignore")

    side: Literal["buy", "sell"]
    kind: Literal[
        "limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit",
        "trailing-stop", "trailing-stop-limit",
    ]  # fmt: skip
    quantity: Amount
    price: Amount = ""
    trigger: Amount = ""
    trigger_by: Literal["last", "index"] = "last"
    offset: Offset = ""
    limit_offset: Offset = ""
    shown: Amount = ""
    time: Literal["GTC", "IOC", "FOK", "GTD"] = "GTC"
    until_minutes: Annotated[str, Field(max_length=6, pattern=r"^[0-9]*$")] = ""
    post: Literal["", "post"] = ""
    self_trade: Literal["cancel-newest", "cancel-oldest", "cancel-both"] = "cancel-newest"
    step: Literal["review", "send"] = "review"


class AmendAsked(BaseModel):
    """Another price or quantity for an order that stands; empty leaves it as it is."""

    order: Annotated[str, Field(max_length=32, pattern=r"^[A-Z0-9-]+$")]
    quantity: Amount = ""
    price: Amount = ""


class CancelAsked(BaseModel):
    """One order, or all with none named."""

    order: Annotated[str, Field(max_length=32, pattern=r"^[A-Z0-9-]*$")] = ""


class PayInAsked(BaseModel):
    """Dollars from the played bank."""

    dollars: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[0-9]+(\.[0-9]{1,2})?$")]


@dataclass(frozen=True, slots=True)
class Worst:
    """What an order costs at most or brings at least, fee included, as text; empty where its price is not bounded by itself."""

    words: str
    value: str
    fee: str


def errors_of(asked: OrderAsked, pair: TradedPair) -> dict[str, str]:
    """What is wrong with a ticket before the venue is asked, by field."""
    found: dict[str, str] = {}

    def needs(name: str, text: str, decimals: int, words: str) -> None:
        try:
            if parse_decimal(text, decimals, name) == 0:
                found[name] = f"{words} must be above zero."
        except Malformed:
            places = f"at most {decimals} decimals" if decimals else "no decimals"
            found[name] = f"{words} is needed, as a number with {places}." if text else f"{words} is needed."

    needs("quantity", asked.quantity, pair.lot_decimals, "A quantity")
    if asked.kind in LIMITED:
        needs("price", asked.price, pair.price_decimals, "A limit price")
    if asked.kind in TRIGGERED:
        needs("trigger", asked.trigger, pair.price_decimals, "A trigger price")
    if asked.kind in TRAILING and not OFFSET.fullmatch(asked.offset):
        found["offset"] = "How far the trigger trails is needed, such as 1.50 or 2%."
    if asked.kind == "trailing-stop-limit" and not OFFSET.fullmatch(asked.limit_offset):
        found["limit_offset"] = "How far the limit lies from the trigger is needed, such as -0.50 or +0.2%."
    if asked.kind == "iceberg":
        needs("shown", asked.shown, pair.lot_decimals, "A quantity to show")
    if asked.time == "GTD" and (not asked.until_minutes or not 0 < int(asked.until_minutes) <= 43_200):
        found["until_minutes"] = "Between 1 minute and 30 days (43,200 minutes)."
    if asked.time == "FOK" and asked.kind != "limit":
        found["time"] = "Whole or not at all is for limit orders."
    if asked.post and asked.kind not in LIMITED:
        found["post"] = "Only orders with a limit can be kept from trading at once."
    return found


def told_to_venue(asked: OrderAsked, pair: TradedPair, request_id: str) -> Mapping[str, str]:
    """The order in the venue's words. The client id follows from the form's key: sent again, it is the same order."""
    told = {
        "pair": pair.key,
        "type": asked.side,
        "ordertype": asked.kind,
        "volume": asked.quantity,
        "stptype": asked.self_trade,
        "cl_ord_id": str(uuid.uuid5(NAMESPACE, request_id)),
    }
    if asked.kind in ("limit", "iceberg"):
        told["price"] = asked.price
    elif asked.kind in TRIGGERED:
        told |= {"price": asked.trigger, "trigger": asked.trigger_by}
        if asked.kind in LIMITED:
            told["price2"] = asked.price
    elif asked.kind in TRAILING:
        told |= {"price": _signed(asked.offset), "trigger": asked.trigger_by}
        if asked.kind == "trailing-stop-limit":
            told["price2"] = _signed(asked.limit_offset)
    if asked.kind == "iceberg":
        told["displayvol"] = asked.shown
    if asked.post:
        told["oflags"] = "post"
    if asked.kind != "market":
        told["timeinforce"] = asked.time
        if asked.time == "GTD":
            told["expiretm"] = f"+{int(asked.until_minutes) * 60}"
    elif asked.time == "IOC":
        told["timeinforce"] = "IOC"
    return told


def _signed(text: str) -> str:
    return text if text.startswith(("+", "-")) else f"+{text}"


def worst_of(asked: OrderAsked, pair: TradedPair) -> Worst:
    """Worked example: buy 10 at 311.21 with a fee of 0.10 % costs at most 3,112.10 + 3.12 = 3,115.22 USD."""
    if asked.kind not in LIMITED:
        return Worst("", "", "")
    scale = pair.price_decimals + pair.lot_decimals
    product = parse_decimal(asked.price, pair.price_decimals, "price") * parse_decimal(
        asked.quantity, pair.lot_decimals, "quantity"
    )
    fee_up = -(-product * pair.fee_millionths // FEE_ONE)
    is_buy = asked.side == "buy"
    total = product + fee_up if is_buy else product - fee_up
    return Worst(
        "You pay at most" if is_buy else "You get at least", cents(total, scale, up=is_buy), cents(fee_up, scale, up=True)
    )


def cents(units: int, decimals: int, *, up: bool) -> str:
    """Money of `decimals` as text in hundredths, rounded up or down."""
    step = 10 ** max(0, decimals - 2)
    kept = -(-units // step) if up else units // step
    return fixed(kept, min(2, decimals))


def refusal_of(error: Refused) -> dict[str, str]:
    """A refusal of the venue as the ticket shows it."""
    return {"": error.text}
