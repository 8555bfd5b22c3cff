"""A chain in memory: the rules of the port with nothing behind it, for simulation and as the adapters' specification."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from openscrip.issuance.chain import (
    AnyChainEvent,
    Burned,
    Call,
    ChainMultiplier,
    Head,
    Landing,
    Minted,
    Outcome,
    RedemptionEscrowed,
    Refunded,
    SignedCall,
)
from openscrip.issuance.voucher import (
    ActionFinish,
    Evidence,
    MintVoucher,
    MultiplierChange,
    RedemptionKind,
    chain_hash,
)
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount

ESCROW = "escrow"


@dataclass(slots=True)
class Token:
    """One token's state: raw balances, multiplier with at most one scheduled change, escrowed redemptions."""

    supply: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    shown: ChainMultiplier = ChainMultiplier(ONE, 0, 0, 0, 0)
    pending_epoch: int = 0
    paused: bool = False
    escrows: dict[tuple[str, str], int] = field(default_factory=dict)
    """Grains in escrow by holder and request hash."""


class MemoryChain:
    """Safe and live as the port says: a submitted call lands at once, in order, or reverts with a reason.

    `now` gives market time. Calls live in this object, so it must outlive whoever crashes around it.
    """

    finality_s_max = 1.0
    counts_nonces = False

    def __init__(self, now: Callable[[], int], name: str = "memory") -> None:
        self.name = name
        self.tokens: dict[str, Token] = {}
        self.log: list[AnyChainEvent] = []
        self._now = now
        self._numbers = itertools.count(1)
        self._prepared: dict[bytes, Callable[[str], None]] = {}
        self._landed: dict[str, Outcome] = {}
        self._used: set[str] = set()
        self._evidence: set[str] = set()

    def create(self, token: str) -> str:
        """List a token."""
        self.tokens.setdefault(token, Token())
        return token

    def head(self) -> Head:
        """As `Chain.head`."""
        return Head(len(self._landed), str(len(self._landed)), self._now())

    def supply(self, token: str) -> RawAmount:
        """As `Chain.supply`."""
        return RawAmount.from_grains(self.tokens[token].supply)

    def balance(self, token: str, wallet: str) -> RawAmount:
        """As `Chain.balance`."""
        return RawAmount.from_grains(self.tokens[token].balances.get(wallet, 0))

    def multiplier(self, token: str) -> ChainMultiplier:
        """As `Chain.multiplier`; a scheduled change counts from its very second on."""
        state = self.tokens[token]
        shown = state.shown
        if shown.pending and shown.effective_at <= self._now():
            shown = ChainMultiplier(shown.pending, 0, 0, state.pending_epoch, shown.version + 1)
            state.shown = shown
        return shown

    def next_nonce(self) -> int:
        """As `Chain.next_nonce`; nonces are not counted here."""
        return 0

    def prepare_mint(self, voucher: MintVoucher, evidence: Evidence) -> tuple[Call, ...]:
        """As `Chain.prepare_mint`."""
        return (self._call("mint", lambda tx_id: self._mint(voucher, tx_id)),)

    def prepare_burn(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """As `Chain.prepare_burn`."""
        return (self._call("burn", lambda tx_id: self._burn(token, request_id, holder, tx_id)),)

    def prepare_refund(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """As `Chain.prepare_refund`."""
        return (self._call("refund", lambda tx_id: self._refund(token, request_id, holder, tx_id)),)

    def prepare_multiplier(self, change: MultiplierChange, event: Mapping[str, object]) -> tuple[Call, ...]:
        """As `Chain.prepare_multiplier`."""
        return (self._call("multiplier", lambda tx_id: self._schedule(change)),)

    def prepare_finish(self, finish: ActionFinish) -> tuple[Call, ...]:
        """As `Chain.prepare_finish`; no state of actions is kept here."""
        return ()

    def sign(self, call: Call, nonce: int) -> SignedCall:
        """As `Chain.sign`."""
        return SignedCall(self.name, call.body.decode(), call.body)

    def submit(self, signed: SignedCall) -> None:
        """As `Chain.submit`: lands or reverts at once, the second time not at all."""
        if signed.tx_id in self._landed:
            return
        try:
            self._prepared.pop(signed.raw)(signed.tx_id)
        except Refused as refusal:
            self._landed[signed.tx_id] = Outcome(Landing.REVERTED, refusal.text)
        else:
            self._landed[signed.tx_id] = Outcome(Landing.FINAL)

    def outcomes(self, signed: Sequence[SignedCall]) -> list[Outcome]:
        """As `Chain.outcomes`."""
        return [self._landed.get(each.tx_id, Outcome(Landing.UNKNOWN)) for each in signed]

    def events(self, cursor: str) -> tuple[list[AnyChainEvent], str]:
        """As `Chain.events`."""
        start = int(cursor or 0)
        return self.log[start:], str(len(self.log))

    def transfer(self, token: str, sender: str, receiver: str, raw: RawAmount) -> None:
        """A holder's transfer."""
        self._refuse_paused(token)
        self._move(token, sender, receiver, raw.grains)

    def escrow(self, token: str, holder: str, raw: RawAmount, kind: RedemptionKind, request_id: str) -> None:
        """A holder's request to redeem; taken even while transfers are paused."""
        digest = chain_hash(request_id).hex()
        key = f"{holder}:{digest}"  # an id belongs to its holder: nobody takes another's
        refuse_unless(key not in self._used, "escrow.used", f"escrow: {request_id} was used")
        self._move(token, holder, ESCROW, raw.grains)
        self._used.add(key)
        self.tokens[token].escrows[holder, digest] = raw.grains
        self.log.append(RedemptionEscrowed(*self._event(token, f"escrow:{request_id}"), digest, holder, raw, kind))

    def _call(self, label: str, effect: Callable[[str], None]) -> Call:
        body = f"{self.name}-{next(self._numbers)}".encode()
        self._prepared[body] = effect
        return Call(self.name, label, body)

    def _event(self, token: str, tx_id: str) -> tuple[str, str, str, int, int]:
        return self.name, token, tx_id, len(self._landed), self._now()

    def _refuse_paused(self, token: str) -> None:
        refuse_unless(not self.tokens[token].paused, "token.paused", "token: was paused")

    def _move(self, token: str, sender: str, receiver: str, grains: int) -> None:
        balances = self.tokens[token].balances
        refuse_unless(grains > 0 and balances.get(sender, 0) >= grains, "token.balance", "token: amount was above balance")
        balances[sender] -= grains
        balances[receiver] = balances.get(receiver, 0) + grains

    def _mint(self, voucher: MintVoucher, tx_id: str) -> None:
        shown, digest = self.multiplier(voucher.token), chain_hash(voucher.mint_id).hex()
        state, grains = self.tokens[voucher.token], voucher.raw.grains
        refuse_unless(grains > 0, "voucher.amount", "issuer: amount was zero")
        refuse_unless(digest not in self._used, "voucher.used", f"issuer: mint {voucher.mint_id} was used")
        refuse_unless(voucher.evidence_hash not in self._evidence, "evidence.used", "issuer: evidence was used")
        refuse_unless(self._now() <= voucher.deadline, "voucher.expired", "issuer: voucher was expired")
        refuse_unless(voucher.epoch == shown.epoch, "epoch.differs", "issuer: voucher carried another epoch")
        same = voucher.multiplier.value == shown.current
        refuse_unless(same, "multiplier.differs", "issuer: voucher carried another multiplier")
        self._refuse_paused(voucher.token)
        self._used.add(digest)
        self._evidence.add(voucher.evidence_hash)
        state.supply += grains
        state.balances[voucher.receiver] = state.balances.get(voucher.receiver, 0) + grains
        self.log.append(Minted(*self._event(voucher.token, tx_id), digest, voucher.receiver, voucher.raw))

    def _burn(self, token: str, request_id: str, holder: str, tx_id: str) -> None:
        digest = chain_hash(request_id).hex()
        grains = self._release(token, holder, digest)
        self.tokens[token].supply -= grains
        self.tokens[token].balances[ESCROW] -= grains
        self.log.append(Burned(*self._event(token, tx_id), digest, RawAmount.from_grains(grains)))

    def _refund(self, token: str, request_id: str, holder: str, tx_id: str) -> None:
        digest = chain_hash(request_id).hex()
        grains = self._release(token, holder, digest)
        self._move(token, ESCROW, holder, grains)
        self.log.append(Refunded(*self._event(token, tx_id), digest, holder, RawAmount.from_grains(grains)))

    def _release(self, token: str, holder: str, digest: str) -> int:
        grains = self.tokens[token].escrows.pop((holder, digest), None)
        if grains is None:
            raise Refused("escrow.unknown", "issuer: redemption was not in escrow")
        return grains

    def _schedule(self, change: MultiplierChange) -> None:
        shown, state = self.multiplier(change.token), self.tokens[change.token]
        refuse_unless(f"action:{change.action_id}" not in self._used, "action.used", "token: action was used")
        expected = shown.current == change.expected.value
        refuse_unless(expected, "multiplier.expected", "token: multiplier was not the expected one")
        refuse_unless(not shown.pending, "multiplier.pending", "token: another change was pending")
        refuse_unless(change.effective_at > self._now(), "multiplier.late", "token: change was not in the future")
        self._used.add(f"action:{change.action_id}")
        state.shown = replace(shown, pending=change.multiplier.value, effective_at=change.effective_at)
        state.pending_epoch = change.epoch_after
