"""Whether another Solana transaction may be co-signed: burn and refund out of escrow, founding, pause.

A burn or refund is about what stands in escrow for that request, and happens once. Founding hands an empty mint's
authority to the multisig. A pause stops new risk; a resume needs the consent of the watch's operator (configuration).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import GRAIN
from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import Fact, TokenFacts
from openscrip_watch.chains.solana_wire import ASSOCIATED, Asked, Authority, MintAccount, Step, memo, read_asked
from openscrip_watch.refusal import BadInput, Silent, refuse_unless
from openscrip_watch.register import SignedCall

ESCROWED, STANDING = ("burn", "refund"), ("founding", "pause", "resume")
_MINT_PLACE = {12: 1, 15: 1, 44: 0}


@dataclass(frozen=True, slots=True)
class TransactionAsked:
    """A request to co-sign a transaction, read strictly but not judged yet."""

    purpose: str
    request_id: str
    asked: Asked
    transaction: str
    mint: str

    @property
    def request(self) -> str:
        """The request's hash on chain."""
        return request_hash(self.request_id)

    @property
    def key(self) -> str:
        """What is in escrow leaves it once, one way or the other; the rest may be done again."""
        return f"escrow:{self.request}" if self.purpose in ESCROWED else f"{self.purpose}:{self.mint}"


def read_transaction(body: Mapping[str, Any]) -> TransactionAsked:
    """The request in a JSON body. Raises `BadInput`."""
    purpose = fields.text(body, "purpose", 20)
    if purpose not in (*ESCROWED, *STANDING) or fields.text(body, "chain", 20) != "solana":
        raise BadInput("body.value", f"purpose: {purpose!r} was not {', '.join((*ESCROWED, *STANDING))} on solana")
    asked = read_asked(body.get("transaction"))
    named = [step.accounts[place] for step in asked.steps if (place := _place(step)) is not None]
    if not named:
        raise BadInput("transaction.malformed", "transaction: it named no token")
    return TransactionAsked(purpose, fields.text(body, "request_id", 200), asked, str(body["transaction"]), named[0])


def earlier_transaction(asked: TransactionAsked, before: SignedCall | None, *, dead: bool) -> SignedCall | None:
    """The signature given before for the same transaction; None if it is to be judged.

    Raises `Silent("transaction.unsettled")` with the earlier transaction while it may still land, `escrow.conflict`
    when that one is for the other purpose.
    """
    if before is None or dead or asked.purpose in STANDING:
        return None
    text = f"escrow: request {asked.request_id:.80} was signed for a {before.content}, which may still land"
    refuse_unless(before.content == asked.purpose, "escrow.conflict", text)
    if before.transaction != asked.transaction:
        text = f"transaction: an earlier one for {asked.request_id:.80} may still land"
        raise Silent("transaction.unsettled", text, before.answer)
    return before


def judge_escrow(asked: TransactionAsked, facts: TokenFacts, authority: Authority) -> None:
    """Exactly the escrowed amount leaves escrow: burned, or back to where it came from. Raises `escrow.…`."""
    where = f"escrow: request {asked.request_id:.80}"
    escrowed = facts.escrowed.get(asked.request)
    refuse_unless(escrowed is not None, "escrow.unknown", f"{where} put nothing into escrow")
    refuse_unless(asked.request not in facts.burned, "escrow.burned", f"{where} was burned")
    refuse_unless(asked.request not in facts.refunded, "escrow.refunded", f"{where} was refunded")
    if escrowed is not None:
        authority.refuse_unless_exact(asked.asked, _leaving(asked, escrowed, authority))


def judge_standing(asked: TransactionAsked, mint: MintAccount, authority: Authority, resume: tuple[str, ...]) -> None:
    """Founding of an empty mint, a pause, or a resume with consent. Raises `founding.supply`, `resume.consent`."""
    if asked.purpose == "founding":
        refuse_unless(mint.supply == 0, "founding.supply", f"founding: {asked.mint} had a supply before its handover")
        authority.refuse_unless_exact(asked.asked, authority.handover(asked.mint))
        return
    consented = asked.purpose == "pause" or asked.mint in resume
    refuse_unless(consented, "resume.consent", f"resume: the watch's operator did not consent to resume {asked.mint}")
    authority.refuse_unless_exact(asked.asked, [authority.pause(asked.mint, paused=asked.purpose == "pause")])


def _leaving(asked: TransactionAsked, escrowed: Fact, authority: Authority) -> list[Step]:
    grains = escrowed.raw // GRAIN
    if asked.purpose == "burn":
        return [authority.burn(asked.mint, grains), memo(f"openscrip:burn:{asked.request}")]
    reopened = asked.asked.steps[0].program == ASSOCIATED
    opening = [authority.open_account(asked.mint, escrowed.party)] if reopened else []
    account = opening[0].accounts[1] if opening else escrowed.account
    return [*opening, authority.refund(asked.mint, account, grains), memo(f"openscrip:refund:{asked.request}")]


def _place(step: Step) -> int | None:
    """Where a token instruction names its mint."""
    place = _MINT_PLACE.get(step.tag)
    return place if place is not None and len(step.accounts) > place else None
