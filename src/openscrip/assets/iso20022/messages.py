"""The messages of the profile by their types, and the two ways through: bytes to a record, a record to canonical bytes."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from openscrip.assets.iso20022 import cancellation, corporate_action, entitlement, holdings, settlement
from openscrip.assets.iso20022.cancellation import CancellationAdvice, CancellationRequest
from openscrip.assets.iso20022.corporate_action import EventCancellationAdvice, EventNotification
from openscrip.assets.iso20022.entitlement import MovementAdvice, MovementConfirmation
from openscrip.assets.iso20022.holdings import IntraPositionConfirmation, IntraPositionMovement, StatementPage
from openscrip.assets.iso20022.profile import Part, read, write
from openscrip.assets.iso20022.settlement import SettlementConfirmation, SettlementInstruction, StatusAdvice
from openscrip.assets.iso20022.tree import SIZE_BYTES_MAX, Element, parse, render
from openscrip.kernel.errors import Malformed

Message = (
    SettlementInstruction
    | StatusAdvice
    | SettlementConfirmation
    | CancellationRequest
    | CancellationAdvice
    | StatementPage
    | IntraPositionMovement
    | IntraPositionConfirmation
    | EventNotification
    | MovementAdvice
    | MovementConfirmation
    | EventCancellationAdvice
)
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message of the profile: its identifier with version, its root element, its record and its table."""

    id: str
    root: str
    record: type[Message]
    parts: tuple[Part, ...]


TYPES = (
    MessageType("sese.023.001.11", "SctiesSttlmTxInstr", SettlementInstruction, settlement.INSTRUCTION),
    MessageType("sese.024.001.12", "SctiesSttlmTxStsAdvc", StatusAdvice, settlement.STATUS_ADVICE),
    MessageType("sese.025.001.11", "SctiesSttlmTxConf", SettlementConfirmation, settlement.CONFIRMATION),
    MessageType("sese.020.001.07", "SctiesTxCxlReq", CancellationRequest, cancellation.CANCELLATION),
    MessageType("sese.027.001.07", "SctiesTxCxlReqStsAdvc", CancellationAdvice, cancellation.CANCELLATION_ADVICE),
    MessageType("semt.002.001.11", "SctiesBalCtdyRpt", StatementPage, holdings.STATEMENT),
    MessageType("semt.013.001.06", "IntraPosMvmntInstr", IntraPositionMovement, holdings.INTRA_POSITION),
    MessageType("semt.015.001.09", "IntraPosMvmntConf", IntraPositionConfirmation, holdings.INTRA_POSITION_CONFIRMATION),
    MessageType("seev.031.001.14", "CorpActnNtfctn", EventNotification, corporate_action.NOTIFICATION),
    MessageType("seev.035.001.15", "CorpActnMvmntPrlimryAdvc", MovementAdvice, entitlement.ADVICE),
    MessageType("seev.036.001.15", "CorpActnMvmntConf", MovementConfirmation, entitlement.MOVEMENT_CONFIRMATION),
    MessageType("seev.039.001.12", "CorpActnCxlAdvc", EventCancellationAdvice, corporate_action.EVENT_CANCELLATION),
)
_BY_NAMESPACE = {NAMESPACE + each.id: each for each in TYPES}
_BY_RECORD = {each.record: each for each in TYPES}


def type_of(message: Message) -> MessageType:
    """The type of a message."""
    return _BY_RECORD[type(message)]


def read_message(raw: bytes) -> Message:
    """The message in these bytes. Raises `Malformed` with the rule and the element's path; nothing else.

    The bytes that were received, not these values, are what a signature over a received message is checked against.
    """
    document = parse(raw)
    known = _BY_NAMESPACE.get(document.namespace)
    if known is None or document.name != "Document":
        name = f"{document.name:.40} in {document.namespace!r:.80}"
        raise Malformed("iso.message", f"message: {name} is not a Document of a type and version in the profile")
    if document.attributes or document.text or len(document.children) != 1:
        raise Malformed("iso.message", f"message: the Document held anything but one {known.root}")
    root = document.children[0]
    if (root.namespace, root.name) != (document.namespace, known.root):
        raise Malformed("iso.message", f"message: Document/{root.name:.40} stood where {known.id} has {known.root}")
    message: Message = read(root, known.record, known.parts, known.root)
    return message


@lru_cache(maxsize=64)
def read_lately(raw: bytes) -> Message:
    """As `read_message`, for what is read again soon: a statement when it comes and at each look."""
    return read_message(raw)


def write_message(message: Message) -> bytes:
    """The canonical bytes of a message: equal messages have equal bytes, and these are what is hashed and signed.

    Raises `Malformed` for a value that the format cannot hold, such as a sixth decimal of an amount of money.
    """
    known = type_of(message)
    document = Element(NAMESPACE + known.id, "Document")
    write(message, document.child(document.namespace, known.root), known.parts, known.root)
    raw = render(document)
    if len(raw) > SIZE_BYTES_MAX:
        raise Malformed("iso.size", f"{known.root}: {len(raw)} bytes were more than {SIZE_BYTES_MAX}; use more pages")
    return raw


def message_hash(raw: bytes) -> str:
    """The SHA-256 of a message's bytes, as they were written or received."""
    return hashlib.sha256(raw).hexdigest()
