"""A chain in memory: the rules of the port with nothing behind it, for simulation and as the adapters' specification."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from openscrip.issuance.chain import (
    AnyChainEvent,
    Burned,
    Call,
    ChainMultiplier,
    Departed,
    Head,
    Landing,
    Minted,
    Outcome,
    RedemptionEscrowed,
    Refunded,
    SignedCall,
)
from openscrip.issuance.voucher import (
    NO_HASH,
    ActionCancel,
    ActionFinish,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    RedemptionKind,
    chain_hash,
)
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount

ESCROW = "escrow"
LIFE_S_MIN, LIFE_S_MAX = 600, 7 * 86_400
GRACE_S = 3_600
_HOUR_S = 3_600


@dataclass(slots=True)
class Window:
    """A cap of grains an hour that refills evenly. `at` is when `used` was counted."""

    cap: int = 0
    used: int = 0
    at: int = 0
    life_s: int = 0

    def used_at(self, now: int) -> int:
        """What still counts now."""
        return max(0, self.used - self.cap * (now - self.at) // _HOUR_S)

    def change(self, cap: int, life_s: int, now: int) -> None:
        """Another cap or life; what was used stays used."""
        self.used, self.at = self.used_at(now), now
        self.cap, self.life_s = cap, life_s

    def take(self, grains: int, now: int, words: str) -> None:
        """Count grains. Raises `Refused` with `words` above the cap."""
        used = self.used_at(now) + grains
        refuse_unless(used <= self.cap, "crossing.cap", words)
        self.used, self.at = used, now


@dataclass(frozen=True, slots=True)
class Crossed:
    """The record that a departure leaves."""

    token: str
    holder: str
    grains: int
    arrive_by: int


@dataclass(slots=True)
class Token:
    """One token's state: raw balances, multiplier with at most one scheduled change, escrowed redemptions."""

    supply: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    shown: ChainMultiplier = ChainMultiplier(ONE, 0, 0, 0, 0)
    pending_epoch: int = 0
    pending_action: str = ""
    paused: bool = False
    escrows: dict[tuple[str, str], int] = field(default_factory=dict)
    """Grains in escrow by holder and request hash."""
    bridge_paused: bool = False
    lanes: dict[str, Window] = field(default_factory=dict)
    arrivals: Window | None = None
    """The cap on arrivals; none where it was never set."""


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
        self._crossed: dict[str, Crossed] = {}
        self._restored: set[str] = set()

    def caip2(self) -> str:
        """As `Chain.caip2`."""
        return f"memory:{self.name}"

    def word_of(self, wallet: str) -> str:
        """As `Chain.word_of`: the name in ASCII, zeros before it."""
        if not (wallet.isascii() and wallet.isprintable() and 0 < len(wallet) <= 32):
            raise Malformed("address.malformed", f"address: {wallet!a:.40} was not 1 to 32 ASCII characters")
        return wallet.encode().rjust(32, b"\0").hex()

    def wallet_of(self, word: str) -> str:
        """As `Chain.wallet_of`."""
        name = bytes.fromhex(word).lstrip(b"\0").decode("ascii", "replace")
        if not name or not name.isprintable() or "\ufffd" in name:
            raise Malformed("address.malformed", f"address: {word} was not a name in ASCII")
        return name

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
        crossing = evidence.get("crossing")
        origin = str(crossing["key"]) if isinstance(crossing, Mapping) else NO_HASH
        return (self._call("mint", lambda tx_id: self._mint(voucher, origin, tx_id)),)

    def prepare_report(self, stock: str, token: str) -> tuple[Call, ...]:
        """As `Chain.prepare_report`; no reserve is reported here."""
        return ()

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

    def prepare_cancel(self, cancel: ActionCancel) -> tuple[Call, ...]:
        """As `Chain.prepare_cancel`."""
        return (self._call("cancel", lambda tx_id: self._take_back(cancel)),)

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

    def set_lane(self, token: str, destination: str, hour_cap: RawAmount, life_s: int) -> None:
        """The owner opens, changes or, with a cap of zero, closes a lane to `destination` (hex)."""
        bounds = LIFE_S_MIN <= life_s <= LIFE_S_MAX
        refuse_unless(bounds, "crossing.life", "issuer: lane life was out of bounds")
        self.tokens[token].lanes.setdefault(destination, Window()).change(hour_cap.grains, life_s, self._now())

    def depart(self, token: str, holder: str, raw: RawAmount, destination: str, receiver: str, request_id: str) -> str:
        """A holder's departure: burned at once. `destination` and `receiver` in hex; the record's key."""
        state, digest, now = self.tokens[token], chain_hash(request_id).hex(), self._now()
        key = chain_hash(f"{holder}:{digest}").hex()
        refuse_unless(raw.grains > 0, "amount.zero", "issuer: amount was zero")
        refuse_unless(receiver != NO_HASH, "crossing.receiver", "issuer: receiver was zero")
        self._refuse_paused(token)
        refuse_unless(not state.bridge_paused, "token.paused", "token: was paused")
        lane = state.lanes.get(destination, Window())
        refuse_unless(lane.cap > 0, "crossing.lane", "issuer: lane was closed")
        refuse_unless(f"{holder}:{digest}" not in self._used, "escrow.used", "issuer: request was used")
        balance = state.balances.get(holder, 0)
        refuse_unless(balance >= raw.grains, "token.balance", "token: amount was above balance")
        lane.take(raw.grains, now, "issuer: hourly departure cap was reached")
        state.balances[holder] -= raw.grains
        state.supply -= raw.grains
        self._used.add(f"{holder}:{digest}")
        self._crossed[key] = Crossed(token, holder, raw.grains, now + lane.life_s)
        place = self._event(token, f"depart:{holder}:{request_id}")
        self.log.append(Departed(*place, digest, holder, raw, destination, receiver, now + lane.life_s, key))
        return key

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

    def _mint(self, voucher: MintVoucher, origin: str, tx_id: str) -> None:
        shown, digest = self.multiplier(voucher.token), chain_hash(voucher.mint_id).hex()
        state, grains = self.tokens[voucher.token], voucher.raw.grains
        refuse_unless(grains > 0, "voucher.amount", "issuer: amount was zero")
        refuse_unless(digest not in self._used, "voucher.used", f"issuer: mint {voucher.mint_id} was used")
        refuse_unless(voucher.evidence_hash not in self._evidence, "evidence.used", "issuer: evidence was used")
        refuse_unless(self._now() <= voucher.deadline, "voucher.expired", "issuer: voucher was expired")
        self._refuse_wrong_origin(voucher, origin)
        refuse_unless(voucher.epoch == shown.epoch, "epoch.differs", "issuer: voucher carried another epoch")
        same = voucher.multiplier.value == shown.current
        refuse_unless(same, "multiplier.differs", "issuer: voucher carried another multiplier")
        self._refuse_paused(voucher.token)
        self._use_origin(voucher, origin)
        self._used.add(digest)
        self._evidence.add(voucher.evidence_hash)
        state.supply += grains
        state.balances[voucher.receiver] = state.balances.get(voucher.receiver, 0) + grains
        self.log.append(Minted(*self._event(voucher.token, tx_id), digest, voucher.receiver, voucher.raw))

    def _refuse_wrong_origin(self, voucher: MintVoucher, origin: str) -> None:
        """An arrival's origin serves once; a crossing is given back once, to its holder, when it can arrive no more."""
        if voucher.kind is MintKind.ARRIVAL:
            refuse_unless(voucher.origin != NO_HASH, "origin.missing", "issuer: arrival had no origin")
            refuse_unless(f"origin:{voucher.origin}" not in self._used, "origin.used", "issuer: origin was used")
        if voucher.kind is not MintKind.RESTITUTION or origin == NO_HASH:
            return
        crossed = self._crossed.get(origin)
        if crossed is None or origin in self._restored:
            raise Refused("origin.used", "issuer: origin was no burned redemption")
        whole = (crossed.token, crossed.holder) == (voucher.token, voucher.receiver) and voucher.raw.grains <= crossed.grains
        refuse_unless(whole, "origin.differs", "issuer: receiver was not the redemption's holder")
        dead = self._now() > crossed.arrive_by + GRACE_S
        refuse_unless(dead, "crossing.alive", "issuer: crossing could still arrive")

    def _use_origin(self, voucher: MintVoucher, origin: str) -> None:
        if voucher.kind is MintKind.RESTITUTION:
            self._restored.add(origin)
        if voucher.kind is not MintKind.ARRIVAL:
            return
        state = self.tokens[voucher.token]
        refuse_unless(not state.bridge_paused, "token.paused", "token: was paused")
        if state.arrivals is not None:
            state.arrivals.take(voucher.raw.grains, self._now(), "issuer: hourly arrival cap was reached")
        self._used.add(f"origin:{voucher.origin}")

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

    def _take_back(self, cancel: ActionCancel) -> None:
        shown, state = self.multiplier(cancel.token), self.tokens[cancel.token]
        pending = bool(shown.pending) and state.pending_action == cancel.action_id
        refuse_unless(pending, "action.pending", "actions: action was not pending")
        state.shown = replace(shown, pending=0, effective_at=0)

    def _schedule(self, change: MultiplierChange) -> None:
        shown, state = self.multiplier(change.token), self.tokens[change.token]
        refuse_unless(f"action:{change.action_id}" not in self._used, "action.used", "token: action was used")
        expected = shown.current == change.expected.value
        refuse_unless(expected, "multiplier.expected", "token: multiplier was not the expected one")
        refuse_unless(not shown.pending, "multiplier.pending", "token: another change was pending")
        refuse_unless(change.effective_at > self._now(), "multiplier.late", "token: change was not in the future")
        self._used.add(f"action:{change.action_id}")
        state.shown = replace(shown, pending=change.multiplier.value, effective_at=change.effective_at)
        state.pending_epoch, state.pending_action = change.epoch_after, change.action_id
