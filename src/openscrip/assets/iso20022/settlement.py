"""Settlement: the instruction (sese.023), what became of it (sese.024), and that it settled (sese.025)."""

from dataclasses import dataclass
from datetime import date

from openscrip.assets.iso20022.codes import (
    NO_REASON,
    REASONS,
    Direction,
    Movement,
    PartialSettlement,
    PartOfSettlement,
    PaymentType,
    PreConfirmation,
    StatusKind,
    TransactionType,
)
from openscrip.assets.iso20022.profile import Group, Leaf, Part
from openscrip.assets.iso20022.shared import (
    EPOCH,
    LISTED,
    OWN_NAMES,
    OWN_PARTY,
    PLACE,
    SafekeepingPlace,
    SettlementParties,
    account,
    day,
    security,
    settlement_parties,
)
from openscrip.assets.iso20022.values import BALANCE, DATE, IDENTIFIER, MONEY, NARRATIVE, QUANTITY, code, one_code_of
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares


def _refuse_wrong_sides(
    movement: Movement, delivering: SettlementParties | None, receiving: SettlementParties | None, *, needed: bool
) -> None:
    other, own = (delivering, receiving) if movement is Movement.RECEIVE else (receiving, delivering)
    word = "delivering" if movement is Movement.RECEIVE else "receiving"
    text = f"settlement: {movement} names the {word} parties and no others"
    refuse_unless(own is None and (other is not None or not needed), "iso.settlement.parties", text)


def _refuse_wrong_amount(payment: PaymentType, movement: Movement, amount: Money | None, direction: Direction | None) -> None:
    paid = payment is PaymentType.AGAINST_PAYMENT
    complete = (amount is not None) == (direction is not None) == paid
    refuse_unless(complete, "iso.settlement.amount", f"settlement: {payment} came with an amount of {amount} and {direction}")
    way = Direction.DEBIT if movement is Movement.RECEIVE else Direction.CREDIT
    refuse_unless(
        direction in {None, way}, "iso.settlement.amount", f"settlement: {movement} against payment is a {way}, not {direction}"
    )


@dataclass(frozen=True, slots=True)
class SettlementInstruction:
    """Receive or deliver `quantity` of a line in `account`, free of or against payment (sese.023.001.11).

    `id` is the account owner's and the key of everything that follows. `delivering` is the other side when we receive,
    `receiving` when we deliver. `reference` is common to both sides.
    """

    id: str
    movement: Movement
    payment: PaymentType
    traded_on: date
    settles_on: date
    isin: str
    quantity: Shares
    account: str
    transaction: TransactionType
    partial: PartialSettlement
    delivering: SettlementParties | None = None
    receiving: SettlementParties | None = None
    amount: Money | None = None
    amount_direction: Direction | None = None
    reference: str | None = None
    event_id: str | None = None
    listed_at: str | None = None
    place: SafekeepingPlace | None = None
    own_id: str | None = None
    own_reference: str | None = None
    own_counterparty: str | None = None

    def __post_init__(self) -> None:
        _refuse_wrong_sides(self.movement, self.delivering, self.receiving, needed=True)
        _refuse_wrong_amount(self.payment, self.movement, self.amount, self.amount_direction)
        in_order = self.traded_on <= self.settles_on
        refuse_unless(
            in_order, "iso.settlement.dates", f"settlement: {self.settles_on} lay before the trade date {self.traded_on}"
        )


INSTRUCTION: tuple[Part, ...] = (
    Leaf("TxId", "id", IDENTIFIER),
    Leaf("SttlmTpAndAddtlParams/SctiesMvmntTp", "movement", code(Movement)),
    Leaf("SttlmTpAndAddtlParams/Pmt", "payment", code(PaymentType)),
    Leaf("SttlmTpAndAddtlParams/CmonId", "reference", IDENTIFIER),
    Leaf("SttlmTpAndAddtlParams/CorpActnEvtId", "event_id", IDENTIFIER),
    day("TradDtls/TradDt", "traded_on"),
    day("TradDtls/SttlmDt", "settles_on"),
    *security(),
    LISTED,
    Leaf("QtyAndAcctDtls/SttlmQty/Qty/Unit", "quantity", QUANTITY),
    *account("QtyAndAcctDtls/SfkpgAcct"),
    Group("QtyAndAcctDtls/SfkpgPlc", "place", SafekeepingPlace, PLACE),
    Leaf("SttlmParams/SctiesTxTp/Cd", "transaction", code(TransactionType)),
    Leaf("SttlmParams/PrtlSttlmInd", "partial", code(PartialSettlement)),
    settlement_parties("DlvrgSttlmPties", "delivering"),
    settlement_parties("RcvgSttlmPties", "receiving"),
    Leaf("SttlmAmt/Amt", "amount", MONEY),
    Leaf("SttlmAmt/CdtDbtInd", "amount_direction", code(Direction)),
    *OWN_NAMES,
    OWN_PARTY,
)


@dataclass(frozen=True, slots=True)
class Status:
    """What an advice says, with its reason (`NORE` where none is specified; empty for a status that has none)."""

    kind: StatusKind
    reason: str = ""
    information: str | None = None

    def __post_init__(self) -> None:
        reasons = REASONS[self.kind]
        allowed = self.reason == "" if not reasons else self.reason == NO_REASON or self.reason in reasons
        refuse_unless(allowed, "iso.status.reason", f"status: {self.reason!r:.20} was no reason of {self.kind}")
        told = self.information is None or self.reason != NO_REASON
        refuse_unless(told, "iso.status.reason", "status: more was told of a reason that was not specified")


def _status(kind: StatusKind) -> Group:
    reasons = REASONS[kind]
    parts: tuple[Part, ...] = (
        (
            Leaf("NoSpcfdRsn", "reason", one_code_of(frozenset((NO_REASON,)), "word for no reason")),
            Leaf("Rsn/Cd/Cd", "reason", one_code_of(reasons, f"reason of {kind}")),
            Leaf("Rsn/AddtlRsnInf", "information", NARRATIVE),
        )
        if reasons
        else (Leaf("AddtlRsnInf", "information", NARRATIVE),)
    )
    return Group(kind.value, "status", Status, parts, preset=(("kind", kind),))


@dataclass(frozen=True, slots=True)
class StatusDetails:
    """The instruction as the custodian knows it, and the day on which it now expects it to settle."""

    isin: str
    quantity: Shares
    settles_on: date
    movement: Movement
    payment: PaymentType
    transaction: TransactionType
    account: str | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class StatusAdvice:
    """What became of the instruction `id` (sese.024.001.12). Exactly one status in each advice."""

    id: str
    status: Status
    servicer_id: str | None = None
    reference: str | None = None
    details: StatusDetails | None = None
    own_id: str | None = None
    own_reference: str | None = None


STATUS_ADVICE: tuple[Part, ...] = (
    Leaf("TxId/AcctOwnrTxId", "id", IDENTIFIER),
    Leaf("TxId/AcctSvcrTxId", "servicer_id", IDENTIFIER),
    Leaf("TxId/CmonId", "reference", IDENTIFIER),
    *(_status(kind) for kind in StatusKind),
    Group(
        "TxDtls",
        "details",
        StatusDetails,
        (
            *account("SfkpgAcct"),
            *security(),
            Leaf("SttlmQty/Qty/Unit", "quantity", QUANTITY),
            Leaf("XpctdSttlmDt/Dt", "expected_on", DATE),
            day("SttlmDt", "settles_on"),
            Leaf("SctiesMvmntTp", "movement", code(Movement)),
            Leaf("Pmt", "payment", code(PaymentType)),
            Leaf("SttlmParams/SctiesTxTp/Cd", "transaction", code(TransactionType)),
        ),
    ),
    *OWN_NAMES,
)


@dataclass(frozen=True, slots=True)
class SettlementConfirmation:
    """`quantity` settled on `settled_on` (sese.025.001.11): only now do the shares count, or have they left.

    `part` is absent when all settled at once; otherwise `settled_before` and `remaining` tell the rest. `epoch`, in
    supplementary data, is the corporate-action epoch that the quantities are in.
    Warning: with `pre_confirmation` nothing settled, and no balance may move on it (`settles`).
    """

    id: str
    servicer_id: str
    movement: Movement
    payment: PaymentType
    settled_on: date
    isin: str
    quantity: Shares
    account: str
    transaction: TransactionType
    reference: str | None = None
    pre_confirmation: PreConfirmation | None = None
    part: PartOfSettlement | None = None
    previous_part_id: str | None = None
    traded_on: date | None = None
    due_on: date | None = None
    listed_at: str | None = None
    settled_before: Shares | None = None
    remaining: Shares | None = None
    place: SafekeepingPlace | None = None
    delivering: SettlementParties | None = None
    receiving: SettlementParties | None = None
    amount: Money | None = None
    amount_direction: Direction | None = None
    epoch: int | None = None
    own_id: str | None = None
    own_reference: str | None = None
    own_counterparty: str | None = None

    def __post_init__(self) -> None:
        _refuse_wrong_sides(self.movement, self.delivering, self.receiving, needed=False)
        _refuse_wrong_amount(self.payment, self.movement, self.amount, self.amount_direction)
        rest = self.remaining.atoms if self.remaining is not None else 0
        if self.part is None and (rest or self.settled_before or self.previous_part_id):
            raise Malformed("iso.settlement.part", "settlement: a part was confirmed without saying which")
        if self.part is not None and (rest > 0) == (self.part is PartOfSettlement.LAST):
            raise Malformed("iso.settlement.part", f"settlement: {self.part} was confirmed with {rest} atoms remaining")

    @property
    def settles(self) -> bool:
        """Whether balances may move on this confirmation."""
        return self.pre_confirmation is None


CONFIRMATION: tuple[Part, ...] = (
    Leaf("TxIdDtls/AcctOwnrTxId", "id", IDENTIFIER),
    Leaf("TxIdDtls/AcctSvcrTxId", "servicer_id", IDENTIFIER),
    Leaf("TxIdDtls/SctiesMvmntTp", "movement", code(Movement)),
    Leaf("TxIdDtls/Pmt", "payment", code(PaymentType)),
    Leaf("TxIdDtls/CmonId", "reference", IDENTIFIER),
    Leaf("AddtlParams/PreConf", "pre_confirmation", code(PreConfirmation)),
    Leaf("AddtlParams/PrtlSttlm", "part", code(PartOfSettlement)),
    Leaf("AddtlParams/PrvsPrtlConfId", "previous_part_id", IDENTIFIER),
    day("TradDtls/TradDt", "traded_on"),
    day("TradDtls/SttlmDt", "due_on"),
    day("TradDtls/FctvSttlmDt", "settled_on"),
    *security(),
    LISTED,
    Leaf("QtyAndAcctDtls/SttldQty/Qty/Unit", "quantity", QUANTITY),
    Leaf("QtyAndAcctDtls/PrevslySttldQty/Unit", "settled_before", BALANCE),
    Leaf("QtyAndAcctDtls/RmngToBeSttldQty/Unit", "remaining", BALANCE),
    *account("QtyAndAcctDtls/SfkpgAcct"),
    Group("QtyAndAcctDtls/SfkpgPlc", "place", SafekeepingPlace, PLACE),
    Leaf("SttlmParams/SctiesTxTp/Cd", "transaction", code(TransactionType)),
    settlement_parties("DlvrgSttlmPties", "delivering"),
    settlement_parties("RcvgSttlmPties", "receiving"),
    Leaf("SttldAmt/Amt", "amount", MONEY),
    Leaf("SttldAmt/CdtDbtInd", "amount_direction", code(Direction)),
    EPOCH,
    *OWN_NAMES,
    OWN_PARTY,
)
