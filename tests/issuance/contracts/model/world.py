"""All contracts of one chain together, in plain Python, written from the design (I1 to I8) and the contracts' own promises.

Each act answers with the words of the rules that it breaks, none if it is allowed; what is refused changes nothing. Amounts
are raw atoms, shares are in 1e-9.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from tests.issuance.contracts.model.actions import Actions
from tests.issuance.contracts.model.coin import Coin
from tests.issuance.contracts.model.conversion import Conversion
from tests.issuance.contracts.model.crossings import Crossings
from tests.issuance.contracts.model.distributor import Distributor
from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.policy import Policy, Source
from tests.issuance.contracts.model.reasons import Block, Reasons
from tests.issuance.contracts.model.registry import Registry
from tests.issuance.contracts.model.signers import Signers
from tests.issuance.contracts.model.token import Token


@dataclass
class World:
    """One of each, and whatever there are several of in dictionaries by address."""

    block: Block
    policy: Policy
    signers: Signers
    issuer: Issuer
    actions: Actions
    conversion: Conversion
    registry: Registry
    distributor: Distributor
    coins: dict[str, Coin]
    sources: dict[str, Source]
    crossings: Crossings

    @property
    def tokens(self) -> dict[str, Token]:
        """The stock tokens by address."""
        return self.issuer.tokens

    def pass_time(self, seconds: int) -> None:
        """Changes whose time has come are in force."""
        self.block.now += seconds
        for token in self.tokens.values():
            token.roll()

    def all_or_nothing(self, act: Callable[["World"], Reasons]) -> tuple["World", Reasons]:
        """An act of several parts: the world after it, which is this one if a part was refused."""
        after = deepcopy(self)
        reasons = act(after)
        return (self if reasons else after), reasons
