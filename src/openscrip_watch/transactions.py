"""Whether another Solana transaction may be co-signed: the opening of a token, an operation put into the timelock.

What may be stopped is stopped by the guardian alone, and what is in escrow ends by the issuer's key: the program itself
keeps amount, holder and once. An operation needs the consent of the watch's operator (configuration), hash by hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.chains.solana_wire import Asked, read_asked
from openscrip_watch.refusal import BadInput, refuse_unless

FOUNDING, QUEUE = "founding", "queue"
_OPEN_MINT_AT = 3


@dataclass(frozen=True, slots=True)
class TransactionAsked:
    """A request to co-sign a transaction, read strictly but not judged yet. `mint` is what a founding opens."""

    purpose: str
    request_id: str
    asked: Asked
    mint: str

    @property
    def key(self) -> str:
        """Under which the signature is kept."""
        return f"{self.purpose}:{self.mint or self.request_id}"


def read_transaction(body: Mapping[str, Any]) -> TransactionAsked:
    """The request in a JSON body. Raises `BadInput`."""
    purpose = fields.text(body, "purpose", 20)
    if purpose not in (FOUNDING, QUEUE) or fields.text(body, "chain", 20) != "solana":
        raise BadInput("body.value", f"purpose: {purpose!r} was neither founding nor queue on solana")
    asked = read_asked(body.get("transaction"))
    if purpose == QUEUE:
        return TransactionAsked(purpose, fields.hex32(body, "request_id"), asked, "")
    last = asked.steps[-1].accounts if asked.steps else ()
    if len(last) <= _OPEN_MINT_AT:
        raise BadInput("transaction.malformed", "transaction: it named no token")
    return TransactionAsked(purpose, fields.text(body, "request_id", 200), asked, last[_OPEN_MINT_AT])


def refuse_without_consent(asked: TransactionAsked, operations: tuple[str, ...]) -> None:
    """Raises `queue.consent` for an operation that the watch's operator did not consent to."""
    consented = asked.request_id in operations
    text = f"queue: the watch's operator did not consent to operation {asked.request_id}"
    refuse_unless(consented, "queue.consent", text)
