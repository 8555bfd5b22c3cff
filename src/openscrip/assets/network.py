"""The port of a tokenisation network: through it authorised participants give shares for tokens, and tokens for shares.

The network journals shares between a participant's account and the issuer's tokenisation account, and tells the issuer by
calling the issuer's own door (`api/itn`). Here is what the issuer calls. Adapters live in `networks/`. To add one: implement
`TokenizationNetwork` in `networks/<name>.py`, name it in `bootstrap`, and run `tests/conformance/test_network.py` on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from openscrip.kernel.quantities import Shares

CHAIN_NAMES = frozenset({
    "arbitrum", "base", "binance", "cronos", "ethereum", "hypercore", "hyperevm", "mantle", "robinhood", "solana", "ton",
    "tron",
})  # fmt: skip
"""What the network calls the chains that it knows (September 2026; older lists are shorter)."""
ISSUER_NAMES = frozenset({"binance", "coinbase", "ondo", "st0x", "xstocks"})
"""The issuers that the public network names. A private counterpart may name others."""


class NetworkStatus(StrEnum):
    """Where a request stands at the network; the last two are final."""

    PENDING = "pending"
    COMPLETED = "completed"
    REJECTED = "rejected"


class RequestType(StrEnum):
    """What a participant asks for."""

    MINT = "mint"
    REDEEM = "redeem"


@dataclass(frozen=True, slots=True)
class ConfirmMint:
    """Tell the network that tokens were minted for its request. `network` is its name for the chain."""

    tokenization_request_id: str
    client: str
    wallet: str
    tx_hash: str
    network: str


@dataclass(frozen=True, slots=True)
class CallRedeem:
    """Ask the network to journal `shares` to the participant whose burned tokens came from `wallet` by `tx_hash`.

    `issuer_request_id` is ours, once for ever; `client` is the participant's id with us.
    """

    issuer_request_id: str
    underlying: str
    token: str
    client: str
    shares: Shares
    network: str
    wallet: str
    tx_hash: str


@dataclass(frozen=True, slots=True)
class AskRequest:
    """Ask what became of a redemption at the network."""

    issuer_request_id: str
    tokenization_request_id: str


@dataclass(frozen=True, slots=True)
class NetworkRequest:
    """A request as the network tells it. What it has not assigned yet is empty, `created_at` in UTC seconds.

    `fees` are in the network's own unit, as a decimal string; `issuer` and `network` may be names that are new.
    """

    tokenization_request_id: str
    issuer_request_id: str
    client: str
    type: RequestType
    status: NetworkStatus
    underlying: str
    token: str
    shares: Shares
    issuer: str
    network: str
    wallet: str
    tx_hash: str
    fees: str
    created_at: int


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests are listed; empty fields choose all. `after` and `before` are RFC 3339 instants."""

    type: str = ""
    status: str = ""
    underlying_symbol: str = ""
    issuer: str = ""
    network: str = ""
    after: str = ""
    before: str = ""


# What the network's answers are to our rows.


@dataclass(frozen=True, slots=True)
class MintConfirmed:
    """The network took the confirmation of a mint."""


@dataclass(frozen=True, slots=True)
class NetworkAnswered:
    """The network knows the redemption and says where it stands."""

    tokenization_request_id: str
    status: NetworkStatus


@dataclass(frozen=True, slots=True)
class NetworkRefused:
    """The network refused the redemption for good: nothing was or will be journaled."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class NetworkOverdue:
    """The network did not come to an end in the agreed time. Its outcome is unknown, so nothing may be undone."""

    text: str


class TokenizationNetwork(Protocol):
    """A network that journals shares between its participants and the issuer's tokenisation account.

    Safe if: a redemption is journaled at most once for its `issuer_request_id`; a final status never changes.
    Live if: every request ends completed or rejected, and the network answers in the end.
    Raises `Refused("network.<what>")` for what it refuses for good, `NotYet` where it names a time to ask again, and
    `Unavailable` when it does not answer.
    Warning: a fresh request may not be found yet; that says nothing about whether it was taken.
    """

    def confirm_mint(self, confirmation: ConfirmMint) -> None:
        """Tell that tokens were minted. The same confirmation again is harmless."""
        ...

    def redeem(self, call: CallRedeem) -> NetworkRequest:
        """Ask for the journal to the participant. The same call again gives the same request."""
        ...

    def request(self, tokenization_request_id: str) -> NetworkRequest | None:
        """A request by the network's id; None while it is not found."""
        ...

    def by_issuer_request_id(self, issuer_request_id: str) -> NetworkRequest | None:
        """A redemption by our id; None while it is not found."""
        ...

    def by_client_request_id(self, client_request_id: str) -> NetworkRequest | None:
        """A request by the participant's own id; None while it is not found."""
        ...

    def requests(self, chosen: RequestFilter) -> Sequence[NetworkRequest]:
        """The requests of our account, newest first, as far as `chosen` lets them through."""
        ...
