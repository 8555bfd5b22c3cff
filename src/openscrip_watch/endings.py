"""How a corporate action leaves the register: finished once applied, or taken back while pending. One signature each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from openscrip_watch import fields
from openscrip_watch.chains.facts import is_evm
from openscrip_watch.chains.solana_wire import Asked, read_asked
from openscrip_watch.refusal import refuse_unless
from openscrip_watch.register import SignedCall
from openscrip_watch.view import StockView


@dataclass(frozen=True, slots=True)
class EndingAsked:
    """A request for a signature, read strictly but not judged yet. `document` is the hash of what it rests on."""

    chain: str
    stock: str
    action: str
    document: str
    asked: Asked | None
    step: ClassVar[str]
    document_name: ClassVar[str]

    @property
    def key(self) -> str:
        """One action ends on one chain once each way."""
        return f"{self.step}:{self.action}:{self.chain}"

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """The request in a JSON body. Raises `BadInput`."""
        chain = fields.text(body, "chain", 20)
        asked = None if is_evm(chain) else read_asked(body.get("transaction"))
        named = (chain, fields.text(body, "stock", 40))
        return cls(*named, fields.hex32(body, "action_id"), fields.hex32(body, cls.document_name), asked)

    def earlier(self, calls: Mapping[str, SignedCall]) -> SignedCall | None:
        """The signature that was given before. Raises `finish.conflict`, `cancel.conflict` for another document."""
        before = calls.get(self.key)
        same = before is None or before.content == self.document
        text = f"{self.step}: action {self.action} was signed for with another {self.document_name}"
        refuse_unless(same, f"{self.step}.conflict", text)
        return before


class FinishAsked(EndingAsked):
    """The end of an action: applied on chain by our own reading, and counted by the custodian."""

    __slots__ = ()
    step = "finish"
    document_name = "evidence"

    def judge(self, view: StockView) -> None:
        """Refuse an end before the change is in force and custody counts as the token does. Raises `finish.…`."""
        at, scheduled = view.standings[self.chain].at, view.facts[self.chain].scheduled
        applied = any(fact.action == self.action and fact.effective_at <= at for fact in scheduled)
        refuse_unless(applied, "finish.unapplied", f"finish: action {self.action} was not in force on {self.chain}")
        text = f"finish: the statement was of epoch {view.statement.epoch}, the token of {view.epoch}"
        refuse_unless(view.statement.epoch == view.epoch, "epoch.differs", text)
        view.refuse_unless_one_multiplier()


class CancelAsked(EndingAsked):
    """A pending action taken back: never without the consent of the watch's operator, in the configuration."""

    __slots__ = ()
    step = "cancel"
    document_name = "reason"

    def judge(self, view: StockView, consented: tuple[str, ...]) -> None:
        """Refuse what nobody consented to, and what is not pending. Raises `cancel.consent`, `cancel.pending`."""
        text = f"cancel: the watch's operator did not consent to take {self.action} back"
        refuse_unless(self.action in consented, "cancel.consent", text)
        at, scheduled = view.standings[self.chain].at, view.facts[self.chain].scheduled
        pending = any(fact.action == self.action and fact.effective_at > at for fact in scheduled)
        refuse_unless(pending, "cancel.pending", f"cancel: action {self.action} was not pending on {self.chain}")
