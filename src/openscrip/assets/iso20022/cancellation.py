"""Calling an instruction off: the request (sese.020), and what became of the request (sese.027)."""

from dataclasses import dataclass

from openscrip.assets.iso20022.codes import CANCELLATION_REASONS, NO_REASON, CancellationKind, Movement, PaymentType
from openscrip.assets.iso20022.profile import Group, Leaf, Part
from openscrip.assets.iso20022.shared import OWN_NAMES, account
from openscrip.assets.iso20022.values import IDENTIFIER, NARRATIVE, code, one_code_of
from openscrip.kernel.errors import refuse_unless


@dataclass(frozen=True, slots=True)
class CancellationRequest:
    """Call the settlement instruction `id` off (sese.020.001.07).

    Warning: only sese.027 with `CANCELLED` says that it will not settle; it may have settled before.
    """

    id: str
    movement: Movement
    payment: PaymentType
    account: str
    servicer_id: str | None = None
    own_id: str | None = None
    own_reference: str | None = None


CANCELLATION: tuple[Part, ...] = (
    Leaf("AcctOwnrTxId/SctiesSttlmTxId/TxId", "id", IDENTIFIER),
    Leaf("AcctOwnrTxId/SctiesSttlmTxId/SctiesMvmntTp", "movement", code(Movement)),
    Leaf("AcctOwnrTxId/SctiesSttlmTxId/Pmt", "payment", code(PaymentType)),
    Leaf("AcctSvcrTxId", "servicer_id", IDENTIFIER),
    *account("SfkpgAcct"),
    *OWN_NAMES,
)


@dataclass(frozen=True, slots=True)
class CancellationStatus:
    """What an advice says of a request, with its reason (`NORE` where none is specified)."""

    kind: CancellationKind
    reason: str
    information: str | None = None

    def __post_init__(self) -> None:
        allowed = self.reason == NO_REASON or self.reason in CANCELLATION_REASONS[self.kind]
        refuse_unless(allowed, "iso.status.reason", f"status: {self.reason!r:.20} was no reason of {self.kind}")
        told = self.information is None or self.reason != NO_REASON
        refuse_unless(told, "iso.status.reason", "status: more was told of a reason that was not specified")


@dataclass(frozen=True, slots=True)
class CancellationAdvice:
    """What became of the request to call `id` off (sese.027.001.07). `request` is the request's reference."""

    id: str
    movement: Movement
    payment: PaymentType
    request: str
    status: CancellationStatus
    own_id: str | None = None
    own_reference: str | None = None


def _status(kind: CancellationKind) -> Group:
    parts: tuple[Part, ...] = (
        Leaf("NoSpcfdRsn", "reason", one_code_of(frozenset((NO_REASON,)), "word for no reason")),
        Leaf("Rsn/Cd/Cd", "reason", one_code_of(CANCELLATION_REASONS[kind], f"reason of {kind}")),
        Leaf("Rsn/AddtlRsnInf", "information", NARRATIVE),
    )
    return Group(kind.value, "status", CancellationStatus, parts, preset=(("kind", kind),))


CANCELLATION_ADVICE: tuple[Part, ...] = (
    Leaf("CxlReqRef", "request", IDENTIFIER),
    Leaf("TxId/AcctOwnrTxId/SctiesSttlmTxId/TxId", "id", IDENTIFIER),
    Leaf("TxId/AcctOwnrTxId/SctiesSttlmTxId/SctiesMvmntTp", "movement", code(Movement)),
    Leaf("TxId/AcctOwnrTxId/SctiesSttlmTxId/Pmt", "payment", code(PaymentType)),
    *(_status(kind) for kind in CancellationKind),
    *OWN_NAMES,
)
