"""The codes of the profile. A code that is not here is refused, whatever the standard's list holds.

The comments give the market's words; that each code stands in the standard's own list is tested.
"""

from enum import StrEnum


class Movement(StrEnum):
    """Which way the securities move, seen from the account owner."""

    RECEIVE = "RECE"
    DELIVER = "DELI"


class PaymentType(StrEnum):
    """Whether money moves with the securities."""

    FREE = "FREE"
    AGAINST_PAYMENT = "APMT"


class Direction(StrEnum):
    """Whether a quantity or amount is added to the account or taken from it."""

    CREDIT = "CRDT"
    DEBIT = "DBIT"


class TransactionType(StrEnum):
    """Why securities settle."""

    TRADE = "TRAD"
    CORPORATE_ACTION = "CORP"
    OWN_EXTERNAL = "OWNE"
    """Between accounts of the same owner at two custodians: from the broker to segregated custody."""
    OWN_INTERNAL = "OWNI"


class PartialSettlement(StrEnum):
    """Whether an instruction may settle in parts."""

    ALLOWED = "PART"
    NOT_ALLOWED = "NPAR"
    CASH_THRESHOLD = "PARC"
    QUANTITY_THRESHOLD = "PARQ"


class PartOfSettlement(StrEnum):
    """Which part of an instruction a confirmation is about."""

    NEXT = "PAIN"
    LAST = "PARC"


class PreConfirmation(StrEnum):
    """A confirmation that is not a settlement: balances never move on it."""

    CASH = "PRCA"
    SECURITIES = "PRSE"


class SafekeepingPlaceType(StrEnum):
    """What kind of place keeps the securities."""

    CUSTODIAN = "CUST"
    INTERNATIONAL_DEPOSITORY = "ICSD"
    NATIONAL_DEPOSITORY = "NCSD"
    SHARES_ABROAD = "SHHE"


class StatusKind(StrEnum):
    """What a status advice says, as the path of its element."""

    ACCEPTED = "PrcgSts/AckdAccptd"
    PROCESSING = "PrcgSts/PdgPrcg"
    REJECTED = "PrcgSts/Rjctd"
    REPAIR = "PrcgSts/Rpr"
    CANCELLED = "PrcgSts/Canc"
    CANCELLATION_PENDING = "PrcgSts/PdgCxl"
    CANCELLATION_REQUESTED = "PrcgSts/CxlReqd"
    MODIFICATION_REQUESTED = "PrcgSts/ModReqd"
    INFERRED_MATCHED = "IfrrdMtchgSts/Mtchd"
    INFERRED_UNMATCHED = "IfrrdMtchgSts/Umtchd"
    MATCHED = "MtchgSts/Mtchd"
    UNMATCHED = "MtchgSts/Umtchd"
    PENDING = "SttlmSts/Pdg"
    FAILING = "SttlmSts/Flng"


NO_REASON = "NORE"
_REJECTED = frozenset(["SAFE", "DQUA", "DSEC", "DDEA", "DTRD", "DMON", "CASH", "PLCE", "REFE", "LATE", "INVE", "OTHR"])
_UNMATCHED = frozenset(["DQUA", "DMON", "DDAT", "DTRD", "DSEC", "CMIS", "NMAS", "DELN", "SAFE"])
_PENDING = frozenset(
    ["LACK", "MONY", "CLAC", "PREA", "BLOC", "FUTU", "AWMO", "LATE", "PART", "FROZ", "REFU", "NMAS", "LINK", "OTHR"]
)
REASONS: dict[StatusKind, frozenset[str]] = {
    StatusKind.ACCEPTED: frozenset(("LATE", "OTHR")),
    StatusKind.PROCESSING: frozenset(["LACK", "MONY", "PREA", "BLOC", "OTHR"]),
    StatusKind.REJECTED: _REJECTED,
    StatusKind.REPAIR: frozenset(["SAFE", "DQUA", "DSEC", "DDEA", "DTRD", "DMON", "CASH", "PLCE", "REFE", "OTHR"]),
    StatusKind.CANCELLED: frozenset(["CANI", "CANS", "CSUB", "CXLR", "CANZ", "CORP", "BYIY", "SCEX", "CTHP", "OTHR"]),
    StatusKind.CANCELLATION_PENDING: frozenset(("CONF", "OTHR")),
    StatusKind.CANCELLATION_REQUESTED: frozenset(),
    StatusKind.MODIFICATION_REQUESTED: frozenset(),
    StatusKind.INFERRED_MATCHED: frozenset(),
    StatusKind.INFERRED_UNMATCHED: _UNMATCHED,
    StatusKind.MATCHED: frozenset(),
    StatusKind.UNMATCHED: _UNMATCHED,
    StatusKind.PENDING: _PENDING,
    StatusKind.FAILING: _PENDING - {"FUTU", "NMAS", "REFU"} | frozenset(["CANR", "OBJT", "CYCL", "STCD", "MLAT"]),
}
"""The reasons that each status may give, beside that none is specified. Four statuses give no reason at all."""


class CancellationKind(StrEnum):
    """What became of a request to call an instruction off, as the path of its element."""

    PENDING = "PrcgSts/PdgCxl"
    REJECTED = "PrcgSts/Rjctd"
    ACCEPTED = "PrcgSts/AckdAccptd"
    DENIED = "PrcgSts/Dnd"
    CANCELLED = "PrcgSts/Canc"


CANCELLATION_REASONS: dict[CancellationKind, frozenset[str]] = {
    CancellationKind.PENDING: frozenset(("CONF", "OTHR")),
    CancellationKind.REJECTED: frozenset(("SAFE", "LATE", "REFE", "OTHR")),
    CancellationKind.ACCEPTED: frozenset(("OTHR",)),
    CancellationKind.DENIED: frozenset(("DCAN", "DSET", "DPRG", "LATE", "OTHR")),
    CancellationKind.CANCELLED: frozenset(("CANI", "OTHR")),
}
"""The reasons that each may give: DCAN cancelled already, DSET settled already, DPRG in progress."""


class Frequency(StrEnum):
    """How often a statement comes."""

    DAILY = "DAIL"
    INTRADAY = "INDA"
    MONTHLY = "MNTH"
    ON_DEMAND = "ONDE"
    ADHOC = "ADHO"


class Update(StrEnum):
    """Whether a statement tells everything or what changed. Reserves are counted on complete ones alone."""

    COMPLETE = "COMP"
    DELTA = "DELT"


class Basis(StrEnum):
    """What a statement counts as held. Reserves are counted on the settled basis alone."""

    SETTLED = "SETT"
    TRADE_DATE = "TRAD"
    CONTRACTUAL = "CONT"


class SubBalanceType(StrEnum):
    """The sub-balances of a line in a statement. All but the two pending ones are parts of the aggregate."""

    BLOCKED = "BLOK"
    BLOCKED_CORPORATE_ACTION = "BLCA"
    BLOCKED_TRADING = "BLOT"
    BLOCKED_OTHER = "BLOV"
    PLEDGED = "PLED"
    COLLATERAL_OUT = "COLO"
    COLLATERAL_IN = "COLI"
    BORROWED = "BORR"
    LENT = "LOAN"
    ON_LOAN_DEFERRED = "LODE"
    BORROWED_DEFERRED = "BODE"
    BORROWED_EXTERNAL = "BORE"
    PENDING_DELIVERY = "PEND"
    PENDING_RECEIPT = "PENR"
    IN_REGISTRATION = "REGO"
    IN_TRANSIT = "TRAN"
    AWAITING = "AWAS"
    RESTRICTED = "RSTR"
    DRAWN = "DRAW"
    PENDING_ACTION_CREDIT = "PECA"
    PENDING_ACTION_DEBIT = "PEDA"
    MARGIN = "MARG"
    OTHER = "OTHR"


class PositionType(StrEnum):
    """The sub-balances between which securities move inside one account."""

    AVAILABLE = "AVAI"
    BLOCKED = "BLOK"
    PLEDGED = "PLED"
    LENT = "LOAN"
    COLLATERAL_OUT = "COLO"
    RESTRICTED = "RSTR"
    IN_TRANSIT = "TRAN"
    OTHER = "OTHR"


class EventType(StrEnum):
    """Corporate actions (CAEV) that can be told. What is done about each is decided elsewhere."""

    CASH_DIVIDEND = "DVCA"
    DIVIDEND_OPTION = "DVOP"
    STOCK_DIVIDEND = "DVSE"
    FORWARD_SPLIT = "SPLF"
    REVERSE_SPLIT = "SPLR"
    BONUS = "BONU"
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
    CAPITAL_DISTRIBUTION = "CAPD"
    CAPITAL_GAINS = "CAPG"
    SHARE_PREMIUM = "SHPR"
    CASH_NON_ELIGIBLE = "DRCA"
    INTEREST = "INTR"
    REDEMPTION = "REDM"


class Notification(StrEnum):
    """Whether a notice is new, replaces an earlier one, or repeats it."""

    NEW = "NEWM"
    REPLACEMENT = "REPL"
    REMINDER = "RMDR"


class EventCancellation(StrEnum):
    """Why a corporate action is called off."""

    WITHDRAWN = "WITH"
    PROCESSED = "PROC"


class AdviceType(StrEnum):
    """Whether a preliminary advice is new or replaces an earlier one."""

    NEW = "NEWM"
    REPLACEMENT = "REPL"


class AdviceFunction(StrEnum):
    """Whether a preliminary advice tells an entitlement or the payment that is coming."""

    ENTITLEMENT = "ENTL"
    PAYMENT = "CAPA"


class Completeness(StrEnum):
    """Whether all that is to be known of an event is told."""

    COMPLETE = "COMP"
    INCOMPLETE = "INCO"


class Confirmation(StrEnum):
    """Whether the issuer confirmed an event."""

    CONFIRMED = "CONF"
    UNCONFIRMED = "UCON"


class Participation(StrEnum):
    """Whether holders choose: no, between options, or whether to take part."""

    MANDATORY = "MAND"
    WITH_OPTIONS = "CHOS"
    VOLUNTARY = "VOLU"


class OptionType(StrEnum):
    """What an option gives."""

    CASH = "CASH"
    SECURITIES = "SECU"
    CASH_AND_SECURITIES = "CASE"
    LAPSE = "LAPS"
    NO_ACTION = "NOAC"
    SELL = "SLLE"
    OTHER = "OTHR"


class Fractions(StrEnum):
    """What becomes of fractions of a share."""

    STANDING = "STAN"
    CASH_IN_LIEU = "CINL"
    BOUGHT_UP = "BUYU"
    ROUNDED_DOWN = "RDDN"
    ROUNDED_UP = "RDUP"
    DISTRIBUTED = "DIST"
