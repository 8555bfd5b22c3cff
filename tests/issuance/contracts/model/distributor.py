"""Dividends paid in a stablecoin, each holder once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.model.actions import ANNOUNCED, CANCELLED, CORRECTED, Actions, Steps
from tests.issuance.contracts.model.coin import Coin, unpayable
from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import NO_HASH, Block, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, CORPORATE_ACTION, Signers

CLAIM_S_MIN, CLAIM_S_MAX = 30 * 86_400, 10 * 366 * 86_400


class Distribution(NamedTuple):
    """As it is signed."""

    event: bytes
    token: str
    coin: str
    root: bytes
    total: int
    record_at: int
    record_block: int
    deadline: int
    remainder_to: str
    payer: str
    signer_epoch: int


class Due(NamedTuple):
    """A leaf of the tree, or what somebody passes off as one."""

    number: int
    account: str
    amount: int


@dataclass
class Open:
    """A distribution that was paid for, with what is due by its tree."""

    about: Distribution
    due: frozenset[Due]
    paid: dict[int, int] = field(default_factory=dict)
    returned: bool = False

    @property
    def left(self) -> int:
        """What was not paid."""
        return self.about.total - sum(self.paid.values())


@dataclass
class Distributor:
    """Distributions by id."""

    at: str
    chain_id: int
    policy: Policy
    signers: Signers
    issuer: Issuer
    actions: Actions
    block: Block
    coins: dict[str, Coin]
    open: dict[bytes, Open] = field(default_factory=dict)

    def id_of(self, event: bytes, token: str) -> bytes:
        """One per event and token in this contract."""
        return keccak(encode(["uint256", "address", "bytes32", "address"], [self.chain_id, self.at, event, token]))

    def create(self, caller: str, new: Distribution, due: frozenset[Due], by: Steps) -> Reasons:
        """By the payer whom both roles signed for, with the whole total."""
        reasons, now = Reasons(), self.block.now
        signed = self.signers.signed(CORPORATE_ACTION, by.by_action)
        reasons.unless(signed, "distributor: corporate action signature was wrong")
        reasons.unless(self.signers.signed(ATTESTOR, by.by_attestor), "distributor: attestor signature was wrong")
        in_force = new.signer_epoch == self.signers.epoch
        reasons.unless(in_force, "distributor: signer epoch was not in force")
        reasons.unless(new.payer == caller, "distributor: caller was not the payer")
        reasons.unless(new.token in self.issuer.tokens, "distributor: token was not registered")
        reasons.unless(new.coin in self.coins, "distributor: stablecoin was no contract")
        reasons.needs(self._wrong_event(new))
        reasons.unless(new.root != NO_HASH, "distributor: root was zero")
        reasons.unless(new.total > 0, "distributor: total was zero")
        reasons.unless(new.record_at <= now, "distributor: record date was in the future")
        reasons.unless(new.deadline >= now + CLAIM_S_MIN, "distributor: deadline was too near")
        reasons.unless(new.deadline <= now + CLAIM_S_MAX, "distributor: deadline was too far")
        reasons.needs(unpayable(self.policy, "distributor", self.at, new.remainder_to))
        key = self.id_of(new.event, new.token)
        reasons.unless(key not in self.open, "distributor: event was distributed")
        if not reasons:
            reasons.needs(self.coins[new.coin].pay("distributor", caller, self.at, new.total))
        if not reasons:
            self.open[key] = Open(new, due)
        return reasons

    def _wrong_event(self, new: Distribution) -> Reasons:
        """Money is paid for an action that stands, and for a dividend only if it was not reinvested."""
        reasons, action, state = Reasons(), self.actions.known.get(new.event), self.actions.state_of(new.event)
        reasons.unless(action is not None and action.token == new.token, "distributor: event was not announced for the token")
        reasons.unless(state not in {CANCELLED, CORRECTED}, "distributor: event was taken back")
        reinvested = action is not None and action.caev == "DVCA" and state != ANNOUNCED
        reasons.unless(not reinvested, "distributor: dividend was reinvested")
        return reasons

    def _payable(self, key: bytes, dues: Sequence[Due]) -> Reasons:
        reasons, found = Reasons(), self.open.get(key)
        reasons.unless(found is not None, "distributor: distribution was unknown")
        if found:
            reasons.unless(self.block.now <= found.about.deadline, "distributor: deadline was over")
            reasons.unless(set(dues) <= found.due, "distributor: proof was wrong")
        return reasons

    def claim(self, key: bytes, due: Due) -> Reasons:
        """For anyone, by anyone."""
        reasons = self._payable(key, [due])
        found = self.open.get(key)
        if found:
            reasons.unless(due.number not in found.paid, "distributor: claim was paid")
        reasons.unless(not self.policy.lists_of(due.account), "distributor: account was listed")
        if not reasons and found:
            reasons.needs(self._pay(found, due))
        return reasons

    def push(self, key: bytes, dues: Sequence[Due]) -> Reasons:
        """Many; the listed and the paid are left out. The caller takes all back if one is refused."""
        reasons = self._payable(key, dues)
        reasons.unless(len(dues) > 0, "distributor: batch was empty")
        for due in dues:
            if not reasons and due.number not in self.open[key].paid and not self.policy.lists_of(due.account):
                reasons.needs(self._pay(self.open[key], due))
        return reasons

    def _pay(self, found: Open, due: Due) -> Reasons:
        reasons = Reasons()
        reasons.unless(due.amount <= found.left, "distributor: total was paid")
        reasons.unless(due.account != self.at, "distributor: account was the distributor")
        if not reasons:
            reasons.needs(self.coins[found.about.coin].pay("distributor", self.at, due.account, due.amount))
        if not reasons:
            found.paid[due.number] = due.amount
        return reasons

    def return_remainder(self, key: bytes) -> Reasons:
        """After the deadline, once, to whom both roles named."""
        reasons, found = Reasons(), self.open.get(key)
        reasons.unless(found is not None, "distributor: distribution was unknown")
        if found is None:
            return reasons
        reasons.unless(self.block.now > found.about.deadline, "distributor: deadline was not over")
        reasons.unless(not found.returned, "distributor: remainder was returned")
        listed = self.policy.lists_of(found.about.remainder_to)
        reasons.unless(not listed, "distributor: receiver was listed")
        reasons.unless(found.left > 0, "distributor: nothing was left")
        if not reasons:
            reasons.needs(self.coins[found.about.coin].pay("distributor", self.at, found.about.remainder_to, found.left))
        found.returned = found.returned or not reasons
        return reasons
