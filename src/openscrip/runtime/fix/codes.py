"""The codes of FIX 4.2 that our profile uses, with what they mean."""

from enum import StrEnum


class Side(StrEnum):
    """54. We buy and sell; short sales are not spoken."""

    BUY = "1"
    SELL = "2"


class OrderType(StrEnum):
    """40."""

    MARKET = "1"
    LIMIT = "2"
    MARKET_ON_CLOSE = "5"
    LIMIT_ON_CLOSE = "B"


class TimeInForce(StrEnum):
    """59."""

    DAY = "0"
    GOOD_TILL_CANCEL = "1"
    AT_THE_OPEN = "2"
    IMMEDIATE_OR_CANCEL = "3"
    FILL_OR_KILL = "4"


class OrderStatus(StrEnum):
    """39."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    PENDING_REPLACE = "E"


TERMINAL = frozenset(
    {OrderStatus.FILLED, OrderStatus.DONE_FOR_DAY, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)


class ExecType(StrEnum):
    """150: the letters of 39, and restated."""

    NEW = "0"
    PARTIAL_FILL = "1"
    FILL = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    RESTATED = "D"
    PENDING_REPLACE = "E"


class TransType(StrEnum):
    """20: a report is new, busts or corrects the one that 19 names, or only tells the status."""

    NEW = "0"
    BUST = "1"
    CORRECT = "2"
    STATUS = "3"


class CancelRejectOf(StrEnum):
    """434: which request was rejected."""

    CANCEL = "1"
    REPLACE = "2"


class DoubtReason(StrEnum):
    """127: why we do not know a trade."""

    UNKNOWN_SYMBOL = "A"
    WRONG_SIDE = "B"
    QUANTITY_EXCEEDS_ORDER = "C"
    NO_MATCHING_ORDER = "D"
    PRICE_EXCEEDS_LIMIT = "E"
    OTHER = "Z"
