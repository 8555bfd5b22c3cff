"""Instructions in the words of ISO 20022 and back, and which sub-balance code counts as what: shared by both sides.

A name longer than the standard's 35 characters is sent as `h` and the beginning of its SHA-256, with the whole name in
supplementary data.
"""

import hashlib
from collections.abc import Mapping
from datetime import date

from openscrip.assets.custody import Instruction, InstructionKind
from openscrip.assets.iso20022.codes import (
    Movement,
    PartialSettlement,
    PaymentType,
    PositionType,
    SubBalanceType,
    TransactionType,
)
from openscrip.assets.iso20022.settlement import SettlementConfirmation, SettlementInstruction
from openscrip.assets.iso20022.shared import ProprietaryId, SettlementParties

ISSUER, DEPOSITORY = "OPENSCRIP", "DTCYUS33"
NAME_LENGTH_MAX = 35
MOVEMENT: Mapping[InstructionKind, Movement] = {
    InstructionKind.RECEIVE: Movement.RECEIVE,
    InstructionKind.DELIVER: Movement.DELIVER,
}
KIND: Mapping[Movement, InstructionKind] = {movement: kind for kind, movement in MOVEMENT.items()}
SUB_BALANCE: Mapping[str, SubBalanceType] = {
    "blocked": SubBalanceType.BLOCKED,
    "pledged": SubBalanceType.PLEDGED,
    "lent": SubBalanceType.LENT,
    "borrowed": SubBalanceType.BORROWED,
    "in_transit": SubBalanceType.IN_TRANSIT,
    "restricted": SubBalanceType.RESTRICTED,
    "other": SubBalanceType.OTHER,
}
"""The code that each encumbered sub-balance of ours is written as."""
COUNTED_AS: Mapping[SubBalanceType, str] = {
    SubBalanceType.BLOCKED: "blocked",
    SubBalanceType.BLOCKED_CORPORATE_ACTION: "blocked",
    SubBalanceType.BLOCKED_TRADING: "blocked",
    SubBalanceType.BLOCKED_OTHER: "blocked",
    SubBalanceType.PLEDGED: "pledged",
    SubBalanceType.COLLATERAL_OUT: "pledged",
    SubBalanceType.MARGIN: "pledged",
    SubBalanceType.LENT: "lent",
    SubBalanceType.ON_LOAN_DEFERRED: "lent",
    SubBalanceType.BORROWED: "borrowed",
    SubBalanceType.BORROWED_DEFERRED: "borrowed",
    SubBalanceType.BORROWED_EXTERNAL: "borrowed",
    SubBalanceType.COLLATERAL_IN: "borrowed",
    SubBalanceType.IN_TRANSIT: "in_transit",
    SubBalanceType.IN_REGISTRATION: "in_transit",
    SubBalanceType.AWAITING: "in_transit",
    SubBalanceType.RESTRICTED: "restricted",
    SubBalanceType.DRAWN: "restricted",
    SubBalanceType.PENDING_ACTION_CREDIT: "other",
    SubBalanceType.PENDING_ACTION_DEBIT: "other",
    SubBalanceType.OTHER: "other",
    SubBalanceType.PENDING_DELIVERY: "pending_delivery",
    SubBalanceType.PENDING_RECEIPT: "pending_receipt",
}
"""What each code of a statement counts as. None but the available backs a token."""
POSITION: Mapping[str, PositionType] = {
    "available": PositionType.AVAILABLE,
    "blocked": PositionType.BLOCKED,
    "pledged": PositionType.PLEDGED,
    "lent": PositionType.LENT,
    "in_transit": PositionType.IN_TRANSIT,
    "restricted": PositionType.RESTRICTED,
    "other": PositionType.OTHER,
}
SUB_BALANCE_OF: Mapping[PositionType, str] = {code: name for name, code in POSITION.items()} | {
    PositionType.COLLATERAL_OUT: "pledged"
}


def short(name: str) -> str:
    """The name as the standard holds it."""
    if len(name) <= NAME_LENGTH_MAX:
        return name
    return "h" + hashlib.sha256(name.encode()).hexdigest()[: NAME_LENGTH_MAX - 1]


def whole(name: str) -> str | None:
    """The name for supplementary data, None where the standard holds it."""
    return name if len(name) > NAME_LENGTH_MAX else None


def other_side(counterparty: str) -> SettlementParties:
    """The counterparty at the depository."""
    name = short(counterparty)
    return SettlementParties(DEPOSITORY, name, proprietary=ProprietaryId(name, ISSUER))


def counterparty_of(message: SettlementInstruction | SettlementConfirmation) -> str:
    """Whose account is on the other side."""
    parties = message.delivering or message.receiving
    named = parties.proprietary.id if parties and parties.proprietary else (parties.bic or "") if parties else ""
    return message.own_counterparty or named


def to_message(instruction: Instruction, traded_on: date, settles_on: date) -> SettlementInstruction:
    """The instruction as sese.023: free of payment; what we receive may come in parts, what we deliver may not."""
    receives = instruction.kind is InstructionKind.RECEIVE
    other = other_side(instruction.counterparty)
    return SettlementInstruction(
        id=short(instruction.id),
        movement=MOVEMENT[instruction.kind],
        payment=PaymentType.FREE,
        traded_on=traded_on,
        settles_on=settles_on,
        isin=instruction.isin,
        quantity=instruction.quantity,
        account=instruction.account,
        transaction=TransactionType.OWN_EXTERNAL,
        partial=PartialSettlement.ALLOWED if receives else PartialSettlement.NOT_ALLOWED,
        delivering=other if receives else None,
        receiving=None if receives else other,
        reference=short(instruction.reference) or None,
        own_id=whole(instruction.id),
        own_reference=whole(instruction.reference),
        own_counterparty=whole(instruction.counterparty),
    )


def from_message(message: SettlementInstruction) -> Instruction:
    """The terms of a sese.023: what the two keys sign."""
    return Instruction(
        message.own_id or message.id,
        KIND[message.movement],
        message.isin,
        message.quantity,
        message.account,
        counterparty_of(message),
        message.own_reference or message.reference or "",
    )
