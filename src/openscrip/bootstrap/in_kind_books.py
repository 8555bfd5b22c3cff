"""How creations and redemptions in kind are wired: which rows decide, what is open, and who hears which fact."""

from collections.abc import Mapping
from typing import Any

from openscrip.assets.network import AskRequest, CallRedeem, ConfirmMint
from openscrip.issuance import in_kind, in_kind_redemption
from openscrip.issuance.in_kind_row import (
    InKindCreated,
    InKindCreation,
    InKindHeld,
    InKindMinted,
    InKindRedeemed,
    InKindRedemption,
    InKindReturned,
    Participant,
)
from openscrip.issuance.redemption import RedemptionCompleted, TokensRestored
from openscrip.runtime.decision import Books, Decide, Hears
from openscrip.runtime.store import Unit

IN_KIND_DECIDES: Mapping[type[Any], Decide] = {
    InKindCreation: in_kind.decide,
    InKindRedemption: in_kind_redemption.decide,
}
IN_KIND_OPEN_STATES: Mapping[type[Any], tuple[str, ...]] = {
    InKindCreation: ("journaled", "minting", "held"),
    InKindRedemption: ("calling", "pending", "returning", "held"),
}
IN_KIND_REGISTERED = (
    Participant, InKindCreation, InKindRedemption, ConfirmMint, CallRedeem, AskRequest,
    InKindMinted, InKindCreated, InKindRedeemed, InKindReturned, InKindHeld,
)  # fmt: skip
"""Every row, action and fact of creations and redemptions in kind."""


def _redemption(books: Books, unit: Unit, fact: RedemptionCompleted | TokensRestored) -> None:
    """The tokens were burned and the shares delivered, or given back: the network's side goes on."""
    if unit.row(InKindRedemption, fact.id) is not None:
        books.tell(unit, InKindRedemption, fact.id, fact)


def _minted(books: Books, unit: Unit, fact: InKindMinted) -> None:
    """What the network refused is tokens again."""
    if fact.origin:
        books.tell(unit, InKindRedemption, fact.origin, fact)


IN_KIND_HEARS: Hears = {
    RedemptionCompleted: (_redemption,),
    TokensRestored: (_redemption,),
    InKindMinted: (_minted,),
}
