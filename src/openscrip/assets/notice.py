"""What one source says about a corporate action. One notice is news; two independent ones that agree are a fact."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import PricePerShare

RATIO_MAX = 1_000_000
BPS_MAX = 10_000


class ActionEvent(StrEnum):
    """ISO 20022 event codes (CAEV) that can be told; those from SPIN_OFF on only an operator carries out."""

    FORWARD_SPLIT = "SPLF"
    REVERSE_SPLIT = "SPLR"
    STOCK_DIVIDEND = "DVSE"
    BONUS = "BONU"
    CASH_DIVIDEND = "DVCA"
    CAPITAL_RETURN = "CAPD"
    COUPON = "INTR"
    MATURITY = "REDM"
    SPIN_OFF = "SOFF"
    MERGER = "MRGR"
    TENDER = "TEND"
    EXCHANGE = "EXOF"
    RIGHTS = "RHTS"
    RIGHTS_DISTRIBUTION = "RHDI"
    CHANGE = "CHAN"
    LIQUIDATION = "LIQU"
    DELISTING = "DLST"
    WORTHLESS = "WRTH"


RATIOS = (ActionEvent.FORWARD_SPLIT, ActionEvent.REVERSE_SPLIT, ActionEvent.STOCK_DIVIDEND, ActionEvent.BONUS)
"""Events that change what a share is: so many new for old."""
CASH = (ActionEvent.CASH_DIVIDEND, ActionEvent.CAPITAL_RETURN, ActionEvent.COUPON, ActionEvent.MATURITY)
"""Events that pay so much a share."""


class NoticeFunction(StrEnum):
    """What a notice does: it announces, replaces what its source told before (REPL), or withdraws it (seev.039)."""

    NEW = "NEWM"
    REPLACEMENT = "REPL"
    CANCELLATION = "CANC"


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement by `source`. Splits have `ratio_new` shares in total for `ratio_old`; cash events gross `cash_usd` a
    share, of which `capital_usd` is a return of capital.

    `event_id` is the official reference that all sources share, `SYMBOL.EVENT.EX-DATE` in the shipped data. `revision`
    counts what one source told of one event, from 1: the highest stands, in whatever order they come. `withheld_bps` is the
    rate of tax that the source names. What is not `complete` and `confirmed` is news and corroborates nothing.
    `document` is SHA-256 (hex) of the message it came in; without one its canonical JSON is hashed.
    """

    event_id: str
    symbol: str
    isin: str
    event: ActionEvent
    announced_on: date
    ex_date: date
    record_date: date | None
    pay_date: date | None
    ratio_new: int | None
    ratio_old: int | None
    cash_usd: PricePerShare | None
    source: str
    function: NoticeFunction = NoticeFunction.NEW
    revision: int = 1
    currency: str = "USD"
    withheld_bps: int | None = None
    capital_usd: PricePerShare | None = None
    complete: bool = True
    confirmed: bool = True
    document: str = ""

    def __post_init__(self) -> None:
        new, old = self.ratio_new or 0, self.ratio_old or 0
        match self.event:
            case ActionEvent.REVERSE_SPLIT:
                sound = RATIO_MAX >= old > new > 0
            case _ if self.event in RATIOS:
                sound = RATIO_MAX >= new > old > 0
            case _ if self.event in CASH:
                sound = self.cash_usd is not None and self.cash_usd.micros > 0
            case _:
                sound = True
        if not sound and (self.complete or (new, old) != (0, 0)):
            raise Malformed("notice.terms", f"notice: {self.event_id} had no usable terms for {self.event}")
        if self.revision < 1:
            raise Malformed("notice.revision", f"notice: {self.event_id} was revision {self.revision}, they count from 1")
        if self.withheld_bps is not None and not 0 <= self.withheld_bps <= BPS_MAX:
            raise Malformed("notice.tax", f"notice: {self.event_id} withheld {self.withheld_bps} of 10000")
        if self.capital_usd is not None and not 0 <= self.capital_usd.micros <= (self.cash_usd or self.capital_usd).micros:
            raise Malformed("notice.capital", f"notice: {self.event_id} returned more capital than it paid")

    @property
    def ratio(self) -> tuple[int, int] | None:
        """(new, old) of a split, None for cash."""
        return None if self.ratio_new is None or self.ratio_old is None else (self.ratio_new, self.ratio_old)

    @property
    def is_sound(self) -> bool:
        """Whether it can corroborate another: all is told, and by the issuer's word."""
        return self.complete and self.confirmed

    @property
    def is_withdrawn(self) -> bool:
        """Whether the source took the event back."""
        return self.function is NoticeFunction.CANCELLATION
