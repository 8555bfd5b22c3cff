"""What one source says about a corporate action. One notice is news; two independent ones that agree are a fact."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import PricePerShare

RATIO_MAX = 1_000_000


class ActionEvent(StrEnum):
    """ISO 20022 event codes (CAEV) that are handled."""

    FORWARD_SPLIT = "SPLF"
    REVERSE_SPLIT = "SPLR"
    CASH_DIVIDEND = "DVCA"


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement by `source`. Splits have `ratio_new` shares for `ratio_old`; dividends gross `cash_usd` a share.

    `event_id` is the official reference that all sources share, `SYMBOL.EVENT.EX-DATE` in the shipped data.
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

    def __post_init__(self) -> None:
        if self.event is ActionEvent.CASH_DIVIDEND:
            complete = self.cash_usd is not None and self.cash_usd.micros > 0
        else:
            new, old = self.ratio_new or 0, self.ratio_old or 0
            forward = self.event is ActionEvent.FORWARD_SPLIT
            complete = RATIO_MAX >= new > old > 0 if forward else RATIO_MAX >= old > new > 0
        if not complete:
            raise Malformed("notice.terms", f"notice: {self.event_id} had no usable terms for {self.event}")

    @property
    def ratio(self) -> tuple[int, int] | None:
        """(new, old) of a split, None for a dividend."""
        return None if self.ratio_new is None or self.ratio_old is None else (self.ratio_new, self.ratio_old)
