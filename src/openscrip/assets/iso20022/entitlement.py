"""What a corporate action will move (seev.035), and what it moved (seev.036)."""

from dataclasses import dataclass
from datetime import date

from openscrip.assets.iso20022.codes import (
    AdviceFunction,
    AdviceType,
    Direction,
    EventType,
    Fractions,
    OptionType,
    Participation,
)
from openscrip.assets.iso20022.corporate_action import (
    EVENT_HEAD,
    MOVEMENTS_MAX,
    OPTION_HEAD,
    OPTIONS_MAX,
    RATES,
    SHARES_TO_COME,
    UNDERLYING,
    Ratio,
    SharesToCome,
    payment_day,
    ratio,
)
from openscrip.assets.iso20022.profile import Fixed, Group, Leaf, Part
from openscrip.assets.iso20022.shared import EPOCH, eligible, security
from openscrip.assets.iso20022.values import BALANCE, DATE, IDENTIFIER, MONEY, OPTION, code
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares


def _refuse_wrong_sum(gross: Money | None, net: Money | None, withheld: Money | None) -> None:
    if gross is not None and net is not None and withheld is not None:
        text = f"movement: {net} net and {withheld} withheld were not {gross} gross"
        refuse_unless(net + withheld == gross, "iso.event.cash", text)


@dataclass(frozen=True, slots=True)
class CashExpected:
    """Cash that is expected: the amounts for the account, and the rates behind them."""

    direction: Direction
    paid_on: date | None
    gross: PricePerShare | None = None
    withheld: Bps | None = None
    net: PricePerShare | None = None
    gross_amount: Money | None = None
    net_amount: Money | None = None
    in_lieu: Money | None = None
    withheld_amount: Money | None = None

    def __post_init__(self) -> None:
        _refuse_wrong_sum(self.gross_amount, self.net_amount, self.withheld_amount)


@dataclass(frozen=True, slots=True)
class ExpectedOption:
    """One option of an event as it applies to the account."""

    number: str
    type: OptionType
    by_default: bool
    fractions: Fractions | None = None
    shares: tuple[SharesToCome, ...] = ()
    cash: tuple[CashExpected, ...] = ()


@dataclass(frozen=True, slots=True)
class MovementAdvice:
    """What the account is entitled to, or will be paid (seev.035.001.15). Nothing is booked on it."""

    id: str
    advice: AdviceType
    function: AdviceFunction
    event_id: str
    type: EventType
    participation: Participation
    isin: str
    account: str
    eligible: Shares
    options: tuple[ExpectedOption, ...]
    previous_id: str | None = None
    notification_id: str | None = None
    official_id: str | None = None
    listed_at: str | None = None
    record_on: date | None = None
    ex_on: date | None = None

    def __post_init__(self) -> None:
        numbers = [each.number for each in self.options]
        unique = len(numbers) == len(set(numbers)) and numbers != []
        refuse_unless(unique, "iso.event.options", f"advice: {self.event_id} had no option, or one twice")
        follows = self.advice is AdviceType.NEW or self.previous_id is not None
        refuse_unless(follows, "iso.event.previous", f"advice: {self.id} followed an advice that it did not name")


_AMOUNTS: tuple[Part, ...] = (
    Leaf("AmtDtls/GrssCshAmt", "gross_amount", MONEY),
    Leaf("AmtDtls/NetCshAmt", "net_amount", MONEY),
    Leaf("AmtDtls/CshInLieuOfShr", "in_lieu", MONEY),
    Leaf("AmtDtls/WhldgTaxAmt", "withheld_amount", MONEY),
)
ADVICE: tuple[Part, ...] = (
    Leaf("MvmntPrlimryAdvcGnlInf/MvmntPrlimryAdvcId", "id", IDENTIFIER),
    Leaf("MvmntPrlimryAdvcGnlInf/Tp", "advice", code(AdviceType)),
    Leaf("MvmntPrlimryAdvcGnlInf/Fctn", "function", code(AdviceFunction)),
    Leaf("PrvsMvmntPrlimryAdvcId/Id", "previous_id", IDENTIFIER),
    Leaf("NtfctnId/Id", "notification_id", IDENTIFIER),
    *EVENT_HEAD,
    *UNDERLYING,
    Leaf("AcctDtls/AcctsListAndBalDtls/SfkpgAcct", "account", IDENTIFIER),
    *eligible("AcctDtls/AcctsListAndBalDtls/Bal"),
    Leaf("CorpActnDtls/DtDtls/RcrdDt/Dt", "record_on", DATE),
    Leaf("CorpActnDtls/DtDtls/ExDvddDt/Dt", "ex_on", DATE),
    Group(
        "CorpActnMvmntDtls",
        "options",
        ExpectedOption,
        (
            *OPTION_HEAD,
            Group("SctiesMvmntDtls", "shares", SharesToCome, SHARES_TO_COME, many=MOVEMENTS_MAX),
            Group(
                "CshMvmntDtls",
                "cash",
                CashExpected,
                (Leaf("CdtDbtInd", "direction", code(Direction)), *_AMOUNTS, *payment_day("DtDtls/PmtDt"), *RATES),
                many=MOVEMENTS_MAX,
            ),
        ),
        many=OPTIONS_MAX,
    ),
)


@dataclass(frozen=True, slots=True)
class SharesPosted:
    """Shares that an event added to the account or took from it."""

    isin: str
    direction: Direction
    quantity: Shares
    posted_on: date
    fractions: Fractions | None = None
    exchanged: Ratio | None = None
    added: Ratio | None = None


@dataclass(frozen=True, slots=True)
class CashPosted:
    """Cash that an event added to the account or took from it: `posted` is what moved."""

    direction: Direction
    posted: Money
    posted_on: date
    gross_amount: Money | None = None
    net_amount: Money | None = None
    in_lieu: Money | None = None
    withheld_amount: Money | None = None
    value_on: date | None = None
    paid_on: date | None = None

    def __post_init__(self) -> None:
        _refuse_wrong_sum(self.gross_amount, self.net_amount, self.withheld_amount)


@dataclass(frozen=True, slots=True)
class MovementConfirmation:
    """What an event moved (seev.036.001.15). `confirmed` is the balance it applied to, in shares before the event.

    `epoch`, in supplementary data, is the line's corporate-action epoch after the movement.
    """

    id: str
    event_id: str
    type: EventType
    isin: str
    account: str
    confirmed: Shares
    option: str
    option_type: OptionType
    shares: tuple[SharesPosted, ...] = ()
    cash: tuple[CashPosted, ...] = ()
    notification_id: str | None = None
    advice_id: str | None = None
    official_id: str | None = None
    eligible: Shares | None = None
    epoch: int | None = None

    def __post_init__(self) -> None:
        moved = bool(self.shares or self.cash)
        refuse_unless(moved, "iso.event.nothing", f"confirmation: {self.event_id} moved neither shares nor cash")


MOVEMENT_CONFIRMATION: tuple[Part, ...] = (
    Leaf("MvmntConfId", "id", IDENTIFIER),
    Leaf("NtfctnId/Id", "notification_id", IDENTIFIER),
    Leaf("MvmntPrlimryAdvcId/Id", "advice_id", IDENTIFIER),
    *EVENT_HEAD,
    *security("CorpActnGnlInf/FinInstrmId"),
    Leaf("AcctDtls/SfkpgAcct", "account", IDENTIFIER),
    Fixed("AcctDtls/Bal/ConfdBal/Bal/ShrtLngPos", "LONG"),
    Leaf("AcctDtls/Bal/ConfdBal/Bal/QtyChc/Qty/Unit", "confirmed", BALANCE),
    *eligible("AcctDtls/Bal"),
    Leaf("CorpActnConfDtls/OptnNb/Nb", "option", OPTION),
    Leaf("CorpActnConfDtls/OptnTp/Cd", "option_type", code(OptionType)),
    Group(
        "CorpActnConfDtls/SctiesMvmntDtls",
        "shares",
        SharesPosted,
        (
            *security(),
            Leaf("CdtDbtInd", "direction", code(Direction)),
            Leaf("PstngQty/Qty/Unit", "quantity", BALANCE),
            Leaf("FrctnDspstn/Cd", "fractions", code(Fractions)),
            Leaf("DtDtls/PstngDt/Dt", "posted_on", DATE),
            ratio("RateDtls/AddtlQtyForExstgScties/QtyToQty", "added"),
            ratio("RateDtls/NewToOd/QtyToQty", "exchanged"),
        ),
        many=MOVEMENTS_MAX,
    ),
    Group(
        "CorpActnConfDtls/CshMvmntDtls",
        "cash",
        CashPosted,
        (
            Leaf("CdtDbtInd", "direction", code(Direction)),
            Leaf("AmtDtls/PstngAmt", "posted", MONEY),
            *_AMOUNTS,
            Leaf("DtDtls/PstngDt/Dt", "posted_on", DATE),
            Leaf("DtDtls/ValDt", "value_on", DATE),
            Leaf("DtDtls/PmtDt", "paid_on", DATE),
        ),
        many=MOVEMENTS_MAX,
    ),
    EPOCH,
)
