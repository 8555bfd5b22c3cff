"""The notification of a corporate action (seev.031), its cancellation (seev.039),
and what the messages about one share.
"""

from dataclasses import dataclass
from datetime import date

from openscrip.assets.iso20022.codes import (
    Completeness,
    Confirmation,
    Direction,
    EventCancellation,
    EventType,
    Fractions,
    Notification,
    OptionType,
    Participation,
)
from openscrip.assets.iso20022.profile import Fixed, Group, Leaf, Part
from openscrip.assets.iso20022.shared import eligible, security
from openscrip.assets.iso20022.values import (
    BOOLEAN,
    DATE,
    IDENTIFIER,
    MIC,
    NARRATIVE,
    OPTION,
    PER_SHARE,
    PERCENT,
    QUANTITY,
    RATIO_PART,
    UNKNOWN_DATE,
    code,
)
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.money import Bps, PricePerShare
from openscrip.kernel.quantities import Shares

OPTIONS_MAX = 20
MOVEMENTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Ratio:
    """`new` shares for `old`."""

    new: int
    old: int


@dataclass(frozen=True, slots=True)
class SharesToCome:
    """Shares that an option gives or takes: `exchanged` new for old ones, or `added` ones for those held."""

    isin: str
    direction: Direction
    paid_on: date | None
    entitled: Shares | None = None
    fractions: Fractions | None = None
    exchanged: Ratio | None = None
    added: Ratio | None = None

    def __post_init__(self) -> None:
        one = self.exchanged is None or self.added is None
        refuse_unless(one, "iso.event.ratio", f"movement: {self.isin} had two ratios")


@dataclass(frozen=True, slots=True)
class CashToCome:
    """Cash that an option gives or takes, in USD a share; the rate of withholding where it is known."""

    direction: Direction
    paid_on: date | None
    gross: PricePerShare | None = None
    withheld: Bps | None = None
    net: PricePerShare | None = None

    def __post_init__(self) -> None:
        fits = self.gross is None or self.net is None or self.net <= self.gross
        refuse_unless(fits, "iso.event.cash", f"movement: the net of {self.net} was above the gross of {self.gross}")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an event: what it gives, and whether whoever says nothing gets it."""

    number: str
    type: OptionType
    by_default: bool
    fractions: Fractions | None = None
    shares: tuple[SharesToCome, ...] = ()
    cash: tuple[CashToCome, ...] = ()


@dataclass(frozen=True, slots=True)
class EventNotification:
    """A custodian's notice of a corporate action (seev.031.001.14); one source of two that must agree.

    `event_id` is the custodian's; `official_id` is the market's, and P where there is one. A date that is not known is
    absent. `account` is absent when the notice is for all accounts.
    """

    id: str
    notification: Notification
    completeness: Completeness
    confirmation: Confirmation
    event_id: str
    type: EventType
    participation: Participation
    isin: str
    options: tuple[Option, ...]
    official_id: str | None = None
    previous_id: str | None = None
    listed_at: str | None = None
    account: str | None = None
    eligible: Shares | None = None
    announced_on: date | None = None
    effective_on: date | None = None
    record_on: date | None = None
    ex_on: date | None = None

    def __post_init__(self) -> None:
        told = self.eligible is None or self.account is not None
        refuse_unless(told, "iso.event.account", f"notification: {self.event_id} had a balance without an account")
        numbers = [each.number for each in self.options]
        unique = len(numbers) == len(set(numbers)) and numbers != []
        refuse_unless(unique, "iso.event.options", f"notification: {self.event_id} had no option, or one twice")
        follows = self.notification is Notification.NEW or self.previous_id is not None
        refuse_unless(follows, "iso.event.previous", f"notification: {self.id} followed a notice that it did not name")


def ratio(path: str, name: str) -> Group:
    """A ratio of new shares to old ones."""
    return Group(path, name, Ratio, (Leaf("Qty1", "new", RATIO_PART), Leaf("Qty2", "old", RATIO_PART)))


def payment_day(path: str) -> tuple[Part, ...]:
    """A pay date, which the standard wants told even where it is not known."""
    return (Leaf(f"{path}/Dt", "paid_on", DATE), Leaf(f"{path}/DtCd/Cd", "paid_on", UNKNOWN_DATE))


EVENT_HEAD: tuple[Part, ...] = (
    Leaf("CorpActnGnlInf/CorpActnEvtId", "event_id", IDENTIFIER),
    Leaf("CorpActnGnlInf/OffclCorpActnEvtId", "official_id", IDENTIFIER),
    Leaf("CorpActnGnlInf/EvtTp/Cd", "type", code(EventType)),
)
UNDERLYING: tuple[Part, ...] = (
    Leaf("CorpActnGnlInf/MndtryVlntryEvtTp/Cd", "participation", code(Participation)),
    *security("CorpActnGnlInf/UndrlygScty/FinInstrmId"),
    Leaf("CorpActnGnlInf/UndrlygScty/PlcOfListg/MktIdrCd", "listed_at", MIC),
)
SHARES_TO_COME: tuple[Part, ...] = (
    *security("SctyDtls/FinInstrmId"),
    Leaf("CdtDbtInd", "direction", code(Direction)),
    Leaf("EntitldQty/Qty/Unit", "entitled", QUANTITY),
    Leaf("FrctnDspstn/Cd", "fractions", code(Fractions)),
    *payment_day("DtDtls/PmtDt"),
    ratio("RateDtls/AddtlQtyForExstgScties/QtyToQty", "added"),
    ratio("RateDtls/NewToOd/QtyToQty", "exchanged"),
)
OPTION_HEAD: tuple[Part, ...] = (
    Leaf("OptnNb", "number", OPTION),
    Leaf("OptnTp/Cd", "type", code(OptionType)),
    Leaf("FrctnDspstn/Cd", "fractions", code(Fractions)),
    Leaf("DfltPrcgOrStgInstr/DfltOptnInd", "by_default", BOOLEAN),
)
RATES: tuple[Part, ...] = (
    Leaf("RateAndAmtDtls/GrssDvddRate/Amt", "gross", PER_SHARE),
    Leaf("RateAndAmtDtls/WhldgTaxRate/Rate", "withheld", PERCENT),
    Leaf("RateAndAmtDtls/NetDvddRate/Amt", "net", PER_SHARE),
)
NOTIFICATION: tuple[Part, ...] = (
    Leaf("NtfctnGnlInf/NtfctnId", "id", IDENTIFIER),
    Leaf("NtfctnGnlInf/NtfctnTp", "notification", code(Notification)),
    Leaf("NtfctnGnlInf/PrcgSts/Cd/EvtCmpltnsSts", "completeness", code(Completeness)),
    Leaf("NtfctnGnlInf/PrcgSts/Cd/EvtConfSts", "confirmation", code(Confirmation)),
    Leaf("PrvsNtfctnId/Id", "previous_id", IDENTIFIER),
    *EVENT_HEAD,
    *UNDERLYING,
    Fixed("AcctDtls/ForAllAccts/IdCd", "GENR", beside="-account"),
    Leaf("AcctDtls/AcctsListAndBalDtls/SfkpgAcct", "account", IDENTIFIER),
    *eligible("AcctDtls/AcctsListAndBalDtls/Bal"),
    Leaf("CorpActnDtls/DtDtls/AnncmntDt/Dt/Dt", "announced_on", DATE),
    Leaf("CorpActnDtls/DtDtls/FctvDt/Dt", "effective_on", DATE),
    Leaf("CorpActnDtls/DtDtls/RcrdDt/Dt", "record_on", DATE),
    Leaf("CorpActnDtls/DtDtls/ExDvddDt/Dt", "ex_on", DATE),
    Group(
        "CorpActnOptnDtls",
        "options",
        Option,
        (
            *OPTION_HEAD,
            Group("SctiesMvmntDtls", "shares", SharesToCome, SHARES_TO_COME, many=MOVEMENTS_MAX),
            Group(
                "CshMvmntDtls",
                "cash",
                CashToCome,
                (Leaf("CdtDbtInd", "direction", code(Direction)), *payment_day("DtDtls/PmtDt"), *RATES),
                many=MOVEMENTS_MAX,
            ),
        ),
        many=OPTIONS_MAX,
    ),
)


@dataclass(frozen=True, slots=True)
class EventCancellationAdvice:
    """The event is called off by its issuer (WITH), or was told by a mistake of the custodian (PROC) (seev.039.001.12)."""

    reason: EventCancellation
    completeness: Completeness
    confirmation: Confirmation
    event_id: str
    type: EventType
    participation: Participation
    isin: str
    official_id: str | None = None
    information: str | None = None


EVENT_CANCELLATION: tuple[Part, ...] = (
    Leaf("CxlAdvcGnlInf/CxlRsnCd", "reason", code(EventCancellation)),
    Leaf("CxlAdvcGnlInf/CxlRsn", "information", NARRATIVE),
    Leaf("CxlAdvcGnlInf/PrcgSts/EvtCmpltnsSts", "completeness", code(Completeness)),
    Leaf("CxlAdvcGnlInf/PrcgSts/EvtConfSts", "confirmation", code(Confirmation)),
    *EVENT_HEAD,
    Leaf("CorpActnGnlInf/MndtryVlntryEvtTp/Cd", "participation", code(Participation)),
    *security("CorpActnGnlInf/FinInstrmId"),
    Fixed("AcctsDtls/ForAllAccts/IdCd", "GENR"),
)
