"""Whether a scheduled multiplier may be taken back: never without the consent of the watch's operator (configuration)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.register import SignedCall
from openscrip_watch.view import StockView


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A request for a signature under a cancellation, read strictly but not judged yet."""

    chain: str
    stock: str
    action: str
    reason: str

    @property
    def key(self) -> str:
        """One action is taken back on one chain once."""
        return f"cancel:{self.action}:{self.chain}"


def read_cancel(body: Mapping[str, Any]) -> CancelAsked:
    """The request in a JSON body. Raises `BadInput`."""
    chain = fields.text(body, "chain", 20)
    if chain != "evm":
        raise BadInput("body.value", f"chain: {chain!r} keeps no state of corporate actions")
    stock = fields.text(body, "stock", 40)
    return CancelAsked(chain, stock, fields.hex32(body, "action_id"), fields.hex32(body, "reason"))


def earlier_cancel(asked: CancelAsked, calls: Mapping[str, SignedCall]) -> SignedCall | None:
    """The signature that was given before. Raises `cancel.conflict` for another reason."""
    before = calls.get(asked.key)
    same = before is None or before.content == asked.reason
    refuse_unless(same, "cancel.conflict", f"cancel: action {asked.action} was taken back for another reason")
    return before


def judge(asked: CancelAsked, view: StockView, consented: tuple[str, ...]) -> None:
    """Refuse what nobody consented to, and what is not pending. Raises `cancel.consent`, `cancel.pending`."""
    text = f"cancel: the watch's operator did not consent to take {asked.action} back"
    refuse_unless(asked.action in consented, "cancel.consent", text)
    at = view.standings[asked.chain].at
    pending = any(fact.action == asked.action and fact.effective_at > at for fact in view.facts[asked.chain].scheduled)
    refuse_unless(pending, "cancel.pending", f"cancel: action {asked.action} was not pending on {asked.chain}")
