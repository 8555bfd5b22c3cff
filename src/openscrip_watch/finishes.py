"""Whether a corporate action has ended: applied on chain by our own reading, and counted by the custodian."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.register import SignedCall
from openscrip_watch.view import StockView


@dataclass(frozen=True, slots=True)
class FinishAsked:
    """A request for a signature under the end of a corporate action, read strictly but not judged yet."""

    chain: str
    stock: str
    action: str
    evidence: str

    @property
    def key(self) -> str:
        """One action ends on one chain once."""
        return f"finish:{self.action}:{self.chain}"


def read_finish(body: Mapping[str, Any]) -> FinishAsked:
    """The request in a JSON body. Raises `BadInput`."""
    chain = fields.text(body, "chain", 20)
    if chain != "evm":
        raise BadInput("body.value", f"chain: {chain!r} keeps no state of corporate actions")
    stock = fields.text(body, "stock", 40)
    return FinishAsked(chain, stock, fields.hex32(body, "action_id"), fields.hex32(body, "evidence"))


def earlier_finish(asked: FinishAsked, calls: Mapping[str, SignedCall]) -> SignedCall | None:
    """The signature that was given before. Raises `finish.conflict` for other evidence."""
    before = calls.get(asked.key)
    same = before is None or before.content == asked.evidence
    refuse_unless(same, "finish.conflict", f"finish: action {asked.action} was ended on other evidence")
    return before


def judge(asked: FinishAsked, view: StockView) -> None:
    """Refuse an end before the change is in force and custody counts as the token does. Raises `finish.…`."""
    at = view.standings[asked.chain].at
    applied = any(fact.action == asked.action and fact.effective_at <= at for fact in view.facts[asked.chain].scheduled)
    refuse_unless(applied, "finish.unapplied", f"finish: action {asked.action} was not in force on {asked.chain}")
    text = f"finish: the statement was of epoch {view.statement.epoch}, the token of {view.epoch}"
    refuse_unless(view.statement.epoch == view.epoch, "epoch.differs", text)
    view.refuse_unless_one_multiplier()
