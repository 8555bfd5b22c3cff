"""The thin edge to the tokenisation network: performs what the books ask, as often as it takes, once for its id.

A mint is never undone because the network does not listen: it is told for ever. A redemption is polled from 250 ms on, twice
as long each time up to 30 s, for an hour; after that a person looks, because silence is no refusal.
"""

from dataclasses import dataclass
from typing import Any

from openscrip.assets.network import (
    AskRequest,
    CallRedeem,
    ConfirmMint,
    MintConfirmed,
    NetworkAnswered,
    NetworkOverdue,
    NetworkRefused,
    NetworkStatus,
    TokenizationNetwork,
)
from openscrip.kernel.errors import NotYet, Refused, Unavailable
from openscrip.runtime.store import Lease

SHORT_OF_SHARES = "network.insufficient"
"""The journal from the depository may be a moment behind the custodian's word: this refusal passes by itself."""


@dataclass(frozen=True, slots=True)
class Polling:
    """How long to wait before each next question, in machine seconds, and how long in all."""

    first_s: float = 0.25
    most_s: float = 30.0
    limit_s: float = 3_600.0

    def delay_s(self, attempts: int) -> float:
        """The wait after question number `attempts`, from 0."""
        return min(self.most_s, self.first_s * 2.0 ** min(attempts, 40))

    def is_over(self, attempts: int) -> bool:
        """Whether the waits after questions 0 to `attempts` would exceed the limit."""
        waited, number = 0.0, 0
        while number <= attempts and waited <= self.limit_s:
            waited += self.delay_s(number)
            number += 1
        return waited > self.limit_s


PATIENT = Polling()


class NetworkDesk:
    """Performs confirmations, redemption calls and questions. The network refuses duplicates by id, so asking twice is safe."""

    def __init__(self, network: TokenizationNetwork, polling: Polling = PATIENT) -> None:
        self._network = network
        self._polling = polling

    def confirm_mint(self, lease: Lease) -> MintConfirmed:
        """Tell the network of a mint. Whatever it answers but yes is asked again; the waiting command shows why."""
        action: Any = lease.command.action
        asked: ConfirmMint = action
        try:
            self._network.confirm_mint(asked)
        except NotYet:
            raise
        except (Refused, Unavailable) as trouble:
            raise NotYet(f"network: the mint is not confirmed: {trouble}", self._polling.delay_s(lease.attempts)) from trouble
        return MintConfirmed()

    def redeem(self, lease: Lease) -> NetworkAnswered | NetworkRefused:
        """Ask for the journal. A call whose answer was lost is looked for by our own id before it is sent again."""
        action: Any = lease.command.action
        asked: CallRedeem = action
        try:
            return self._redeem(asked, lease.attempts)
        except NotYet:
            raise
        except Unavailable as outage:
            raise NotYet(str(outage), self._polling.delay_s(lease.attempts)) from outage

    def _redeem(self, asked: CallRedeem, attempts: int) -> NetworkAnswered | NetworkRefused:
        known = self._network.by_issuer_request_id(asked.issuer_request_id) if attempts else None
        if known is None:
            try:
                known = self._network.redeem(asked)
            except Refused as refusal:
                # It ends the redemption only if the network has no request of this id, and if it does not pass by itself.
                known = self._network.by_issuer_request_id(asked.issuer_request_id)
                if known is None and refusal.code == SHORT_OF_SHARES and not self._polling.is_over(attempts):
                    raise NotYet(refusal.text, self._polling.delay_s(attempts)) from refusal
                if known is None:
                    return NetworkRefused(refusal.code, refusal.text)
        return NetworkAnswered(known.tokenization_request_id, known.status)

    def ask(self, lease: Lease) -> NetworkAnswered | NetworkOverdue:
        """Ask what became of a redemption, until it is final or the time is over. Not found yet is asked again."""
        action: Any = lease.command.action
        asked: AskRequest = action
        trouble = "it was not found"
        try:
            found = self._network.by_issuer_request_id(asked.issuer_request_id)
            if found is None and asked.tokenization_request_id:
                found = self._network.request(asked.tokenization_request_id)
            if found is not None:
                if found.status is not NetworkStatus.PENDING:
                    return NetworkAnswered(found.tokenization_request_id, found.status)
                trouble = "it was pending"
        except (Refused, Unavailable) as error:
            trouble = str(error)
        if self._polling.is_over(lease.attempts):
            text = f"network: {asked.issuer_request_id} had no end after {self._polling.limit_s:.0f} s: {trouble}"
            return NetworkOverdue(text)
        raise NotYet(f"network: {asked.issuer_request_id} waits: {trouble}", self._polling.delay_s(lease.attempts))
