"""Whether a Solana burn or refund may be co-signed: it is about what stands in escrow for that request, and once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import GRAIN
from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import Fact, TokenFacts
from openscrip_watch.chains.solana_wire import ASSOCIATED, Asked, Authority, Step, memo, read_asked
from openscrip_watch.refusal import BadInput, Silent, refuse_unless
from openscrip_watch.register import SignedCall

PURPOSES = ("burn", "refund")


@dataclass(frozen=True, slots=True)
class TransactionAsked:
    """A request to co-sign a burn or refund, read strictly but not judged yet."""

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
        """What is in escrow leaves it once, one way or the other."""
        return f"escrow:{self.request}"


def read_transaction(body: Mapping[str, Any]) -> TransactionAsked:
    """The request in a JSON body. Raises `BadInput`."""
    purpose = fields.text(body, "purpose", 20)
    if purpose not in PURPOSES or fields.text(body, "chain", 20) != "solana":
        raise BadInput("body.value", "purpose: was not burn or refund on solana")
    asked = read_asked(body.get("transaction"))
    mints = [step.accounts[1] for step in asked.steps if step.tag in (12, 15) and len(step.accounts) > 1]
    if not mints:
        raise BadInput("transaction.malformed", "transaction: it moved no token")
    return TransactionAsked(purpose, fields.text(body, "request_id", 200), asked, str(body["transaction"]), mints[0])


def earlier_transaction(asked: TransactionAsked, before: SignedCall | None, *, dead: bool) -> SignedCall | None:
    """The signature given before for the same transaction; None if it is to be judged.

    Raises `Silent("transaction.unsettled")` while an earlier one for the same escrow may still land.
    """
    if before is None:
        return None
    if before.transaction == asked.transaction and before.content == asked.purpose:
        return before
    if not dead:
        text = f"transaction: an earlier one for {asked.request_id:.80} may still land; ask again"
        raise Silent("transaction.unsettled", text)
    return None


def judge(asked: TransactionAsked, facts: TokenFacts, authority: Authority) -> None:
    """Exactly the escrowed amount leaves escrow: burned, or back to the account it came from. Raises `escrow.…`."""
    where = f"escrow: request {asked.request_id:.80}"
    escrowed = facts.escrowed.get(asked.request)
    refuse_unless(escrowed is not None, "escrow.unknown", f"{where} put nothing into escrow")
    refuse_unless(asked.request not in facts.burned, "escrow.burned", f"{where} was burned")
    refuse_unless(asked.request not in facts.refunded, "escrow.refunded", f"{where} was refunded")
    if escrowed is not None:
        authority.refuse_unless_exact(asked.asked, _expected(asked, escrowed, authority))


def _expected(asked: TransactionAsked, escrowed: Fact, authority: Authority) -> list[Step]:
    grains = escrowed.raw // GRAIN
    if asked.purpose == "burn":
        return [authority.burn(asked.mint, grains), memo(f"openscrip:burn:{asked.request}")]
    steps = [
        authority.refund(asked.mint, escrowed.account, grains),
        memo(f"openscrip:refund:{asked.request}"),
    ]
    reopened = asked.asked.steps[0].program == ASSOCIATED
    return [authority.open_account(asked.mint, escrowed.party), *steps] if reopened else steps
