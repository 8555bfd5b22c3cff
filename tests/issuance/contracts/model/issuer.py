"""The only door through which tokens come and go: vouchers, redemptions, conversions (I1, I2, I3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.model.feed import Feed, Report
from tests.issuance.contracts.model.limits import DAY_S, HOUR_S, Window
from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH, Block, Reasons, refuse_unless_grains
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER, Signers
from tests.issuance.contracts.model.token import BRIDGE, Token

ISSUANCE, ARRIVAL, RESTITUTION, SUCCESSION = range(1, 5)
ESCROWED, BURNED, REFUNDED, RESTORED = 1, 2, 4, 8
CROSSING = 3
LIFE_S_MAX, GRACE_S = 7 * 86_400, 3_600
LIMIT_MAX = 2**72 - 1


class Voucher(NamedTuple):
    """As it is signed."""

    token: str
    receiver: str
    raw: int
    kind: int
    request: bytes
    evidence: bytes
    origin: bytes
    epoch: int
    multiplier: int
    signer_epoch: int
    deadline: int


class SignedVoucher(NamedTuple):
    """A voucher, and who signed exactly it for each role, in the order of the signatures."""

    voucher: Voucher
    by_issuer: Sequence[str]
    by_attestor: Sequence[str]


@dataclass
class Redemption:
    """What a holder put into escrow, or sent to another chain to arrive there in time."""

    holder: str
    token: str
    raw: int
    kind: int
    state: int = ESCROWED
    arrive_by: int = 0


@dataclass
class Limits:
    """Caps of one token in raw atoms; a supply cap of zero is a closed token."""

    supply: int = 0
    day: Window = field(default_factory=lambda: Window(DAY_S))
    hour: Window = field(default_factory=lambda: Window(HOUR_S))

    @property
    def caps(self) -> tuple[int, int, int]:
        """Supply, a day's issuances, an hour's arrivals."""
        return self.supply, self.day.cap, self.hour.cap

    def resize(self, caps: tuple[int, int, int], now: int) -> None:
        """Other caps."""
        self.supply = caps[0]
        self.day.resize(caps[1], now)
        self.hour.resize(caps[2], now)

    def available(self, kind: int, supply: int, now: int) -> int:
        """What they leave to a mint of a kind."""
        windows = {ISSUANCE: self.day, ARRIVAL: self.hour}
        left = max(0, self.supply - supply)
        if kind in windows:
            return min(left, windows[kind].left_at(now))
        return left if kind in {RESTITUTION, SUCCESSION} else 0


@dataclass
class Issuer:
    """Tokens with their feeds and limits, what was used, and redemptions by key. `ended` asks the register of actions."""

    at: str
    registry: str
    actions: str
    conversion: str
    policy: Policy
    signers: Signers
    block: Block
    ended: Callable[[str], bool] = field(default=lambda token: False)
    tokens: dict[str, Token] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)
    requests: set[bytes] = field(default_factory=set)
    evidence: set[tuple[int, bytes]] = field(default_factory=set)
    origins: set[bytes] = field(default_factory=set)
    redemptions: dict[bytes, Redemption] = field(default_factory=dict)

    # ---------------------------------------------------------------- mint

    def covers(self, token: str, raw: int) -> bool:
        """Whether shares and the supply cap allow so much more; what a pool's mint asks."""
        if token not in self.tokens:
            return False
        within = raw <= self.limits[token].available(SUCCESSION, self.tokens[token].supply, self.block.now)
        return within and not self._uncovered(token, raw)

    def _uncovered(self, token: str, raw: int) -> Reasons:
        """Shares owed after a mint never pass what the custodian's statement allots to this chain (I1)."""
        reasons, feed, held = Reasons(), self.feeds[token], self.tokens[token]
        reasons.unless(feed.last is not None, "feed: nothing was reported")
        if feed.last:
            reasons.unless(feed.fresh, "issuer: feed was stale")
            reasons.unless(feed.last.epoch == held.epoch, "issuer: feed carried another epoch")
            owed = held.shares_owed_up(held.supply + raw)
            reasons.unless(owed <= feed.last.allocation, "issuer: allocation was too small")
        return reasons

    def _issue(self, token: str, receiver: str, raw: int, kind: int) -> Reasons:
        """What every kind of mint goes through, and the mint; only the caller's rules are left out."""
        reasons, limits, now = self._uncovered(token, raw), self.limits[token], self.block.now
        reasons.unless(self.policy.mirror_is_fresh(), "issuer: mirror was stale")
        reasons.unless(limits.supply > 0, "issuer: token was closed")
        reasons.unless(self.tokens[token].supply + raw <= limits.supply, "issuer: supply cap was reached")
        reasons.unless(kind != ISSUANCE or raw <= limits.day.left_at(now), "issuer: day cap was reached")
        reasons.unless(kind != ARRIVAL or raw <= limits.hour.left_at(now), "issuer: hourly arrival cap was reached")
        barred = kind == ARRIVAL and self.tokens[token].pauses & BRIDGE
        reasons.unless(not barred, "token: was paused")
        if reasons:
            return reasons
        reasons.needs(self.tokens[token].mint(self.at, receiver, raw, covered=True))
        if not reasons:
            if kind == ISSUANCE:
                limits.day.use(raw, now)
            elif kind == ARRIVAL:
                limits.hour.use(raw, now)
        return reasons

    def mint(self, signed: SignedVoucher) -> Reasons:
        """Relayed by anyone: signed by both roles, in time, once, from what its kind comes from."""
        voucher, reasons = signed.voucher, Reasons()
        life = voucher.deadline - self.block.now
        reasons.unless(life >= 0, "issuer: voucher was expired")
        reasons.unless(life <= LIFE_S_MAX, "issuer: voucher life was too long")
        reasons.unless(ISSUANCE <= voucher.kind <= SUCCESSION, "issuer: kind of mint was unknown")
        reasons.unless(voucher.kind != SUCCESSION, "issuer: succession has no voucher")
        refuse_unless_grains(reasons, voucher.raw)
        reasons.unless(voucher.request not in self.requests, "issuer: voucher was used")
        reasons.unless((voucher.kind, voucher.evidence) not in self.evidence, "issuer: evidence was used")
        in_force = voucher.signer_epoch == self.signers.epoch
        reasons.unless(in_force, "issuer: signer epoch was not in force")
        reasons.unless(self.signers.signed(ISSUER, signed.by_issuer), "issuer: issuer signature was wrong")
        reasons.unless(self.signers.signed(ATTESTOR, signed.by_attestor), "issuer: attestor signature was wrong")
        reasons.needs(self._wrong_origin(voucher))
        reasons.unless(voucher.token in self.tokens, "issuer: token was not registered")
        if voucher.token in self.tokens:
            token = self.tokens[voucher.token]
            reasons.unless(self.feeds[voucher.token].last is not None, "feed: nothing was reported")
            reasons.unless(voucher.epoch == token.epoch, "issuer: epoch was not the token's")
            reasons.unless(voucher.multiplier == token.multiplier.value, "issuer: multiplier was not the token's")
        if not reasons:
            reasons.needs(self._issue(voucher.token, voucher.receiver, voucher.raw, voucher.kind))
        if not reasons:
            self._use(voucher)
        return reasons

    def _wrong_origin(self, voucher: Voucher) -> Reasons:
        """What each kind of mint comes from: nothing, a crossing that arrives once, or a burned redemption of its holder."""
        reasons = Reasons()
        if voucher.kind == ISSUANCE:
            reasons.unless(voucher.origin == NO_HASH, "issuer: issuance had an origin")
        elif voucher.kind == ARRIVAL:
            reasons.unless(voucher.origin != NO_HASH, "issuer: arrival had no origin")
            reasons.unless(voucher.origin not in self.origins, "issuer: origin was used")
        elif voucher.kind == RESTITUTION:
            found = self.redemptions.get(voucher.origin)
            reasons.unless(found is not None and found.state == BURNED, "issuer: origin was no burned redemption")
            if found:
                reasons.unless(voucher.token == found.token, "issuer: redemption was of another token")
                reasons.unless(voucher.receiver == found.holder, "issuer: receiver was not the redemption's holder")
                reasons.unless(voucher.raw <= found.raw, "issuer: amount was above the redemption's")
                dead = found.kind != CROSSING or self.block.now > found.arrive_by + GRACE_S
                reasons.unless(dead, "issuer: crossing could still arrive")
        return reasons

    def _use(self, voucher: Voucher) -> None:
        self.requests.add(voucher.request)
        self.evidence.add((voucher.kind, voucher.evidence))
        if voucher.kind == ARRIVAL:
            self.origins.add(voucher.origin)
        elif voucher.kind == RESTITUTION:
            self.redemptions[voucher.origin].state = RESTORED

    def mint_batch(self, vouchers: Sequence[SignedVoucher]) -> Reasons:
        """One after the other; the caller takes all back if one is refused."""
        reasons = Reasons()
        reasons.unless(len(vouchers) > 0, "issuer: batch was empty")
        for each in vouchers:
            if not reasons:
                reasons.needs(self.mint(each))
        return reasons

    def report_and_mint(self, caller: str, report: Report, by: Sequence[str], signed: SignedVoucher) -> Reasons:
        """By the issuer; a report that is not newer is left out. The caller takes the report back if the mint is refused."""
        reasons = self._by_issuer(caller)
        reasons.unless(report.token == signed.voucher.token, "issuer: report was for another token")
        reasons.unless(signed.voucher.token in self.tokens, "issuer: token was not registered")
        if not reasons:
            feed = self.feeds[report.token]
            if report.sequence > feed.sequence:
                reasons.needs(feed.report(self.at, report, by))
        if not reasons:
            reasons.needs(self.mint(signed))
        return reasons

    def void_request(self, caller: str, request: bytes) -> Reasons:
        """By the issuer: its voucher never serves."""
        reasons = self._by_issuer(caller)
        reasons.unless(request not in self.requests, "issuer: voucher was used")
        if not reasons:
            self.requests.add(request)
        return reasons

    # ---------------------------------------------------------------- redemption and conversion

    def escrow(self, caller: str, token: str, raw: int, kind: int, request: bytes) -> Reasons:
        """By the holder, who allowed it; open while paused (I8)."""
        reasons, key = Reasons(), redemption_key(caller, request)
        reasons.unless(token in self.tokens, "issuer: token was not registered")
        refuse_unless_grains(reasons, raw)
        reasons.unless(kind in {1, 2}, "issuer: kind of redemption was unknown")
        reasons.unless(key not in self.redemptions, "issuer: request was used")
        if not reasons:
            reasons.needs(self.tokens[token].transfer_from(self.at, caller, self.at, raw))
        if not reasons:
            self.redemptions[key] = Redemption(caller, token, raw, kind)
        return reasons

    def burn(self, caller: str, holder: str, request: bytes) -> Reasons:
        """By the issuer, what is in escrow; nothing blocks it."""
        reasons = self._end(caller, holder, request)
        if not reasons:
            found = self.redemptions[redemption_key(holder, request)]
            reasons.needs(self.tokens[found.token].burn(self.at, found.raw))
            found.state = BURNED
        return reasons

    def refund(self, caller: str, holder: str, request: bytes) -> Reasons:
        """By the issuer, what is in escrow, unless its holder may not take it."""
        reasons = self._end(caller, holder, request)
        if not reasons:
            found = self.redemptions[redemption_key(holder, request)]
            reasons.needs(self.tokens[found.token].transfer(self.at, holder, found.raw))
            found.state = found.state if reasons else REFUNDED
        return reasons

    def _end(self, caller: str, holder: str, request: bytes) -> Reasons:
        reasons = self._by_issuer(caller)
        found = self.redemptions.get(redemption_key(holder, request))
        reasons.unless(found is not None and found.state == ESCROWED, "issuer: request was not in escrow")
        return reasons

    def surrender(self, caller: str, holder: str, token: str, raw: int) -> Reasons:
        """By the conversion contract, of a holder who allowed it."""
        reasons = self._by_conversion(caller)
        reasons.unless(token in self.tokens, "issuer: token was not registered")
        reasons.unless(raw > 0, "issuer: amount was zero")
        if not reasons:
            reasons.needs(self.tokens[token].transfer_from(self.at, holder, self.at, raw))
        if not reasons:
            reasons.needs(self.tokens[token].burn(self.at, raw))
        return reasons

    def succeed(self, caller: str, receiver: str, token: str, raw: int, request: bytes) -> Reasons:
        """By the conversion contract, covered as any mint."""
        reasons = self._by_conversion(caller)
        refuse_unless_grains(reasons, raw)
        reasons.unless(request not in self.requests, "issuer: voucher was used")
        reasons.unless(token in self.tokens, "issuer: token was not registered")
        if not reasons:
            reasons.needs(self._issue(token, receiver, raw, SUCCESSION))
        if not reasons:
            self.requests.add(request)
        return reasons

    # ---------------------------------------------------------------- set-up and limits

    def register(self, caller: str, token: Token, feed: Feed, caps: tuple[int, int, int]) -> Reasons:
        """By the registry."""
        reasons = Reasons()
        reasons.unless(caller == self.registry, "issuer: caller was not the registry")
        reasons.unless(token.at not in self.tokens, "issuer: token was registered")
        reasons.unless(feed.token == token.at, "issuer: feed was for another token")
        reasons.unless(feed.issuer == self.at, "issuer: feed was for another issuer")
        reasons.unless(caps[0] > 0, "issuer: supply cap was zero")
        reasons.unless(caps[1] > 0, "issuer: day cap was zero")
        reasons.needs(_bad_limits(caps))
        if not reasons:
            self.tokens[token.at], self.feeds[token.at] = token, feed
            self.limits[token.at] = Limits()
            self.limits[token.at].resize(caps, self.block.now)
        return reasons

    def set_limits(self, caller: str, token: str, caps: tuple[int, int, int]) -> Reasons:
        """By the owner, or lower by the guardian. What an action closed stays closed while that action stands."""
        reasons = Reasons()
        by_owner = caller == self.policy.owner
        allowed = by_owner or caller == self.policy.guardian
        reasons.unless(allowed, "issuer: caller was neither owner nor guardian")
        reasons.unless(token in self.tokens, "issuer: token was not registered")
        reasons.unless(caps[0] > 0, "issuer: supply cap was zero")
        reasons.needs(_bad_limits(caps))
        if token in self.tokens:
            before = self.limits[token].caps
            reasons.unless(caps != before, "issuer: limits were unchanged")
            lower = all(new <= old for new, old in zip(caps, before, strict=True))
            reasons.unless(by_owner or lower, "issuer: guardian only lowers limits")
            reasons.unless(before[0] > 0 or not self.ended(token), "issuer: token was closed")
        if not reasons:
            self.limits[token].resize(caps, self.block.now)
        return reasons

    def close(self, caller: str, token: str) -> Reasons:
        """By the register of actions: no mint from here on, and every exit open."""
        reasons = Reasons()
        reasons.unless(caller == self.actions, "issuer: caller was not the corporate actions contract")
        reasons.unless(token in self.tokens, "issuer: token was not registered")
        if not reasons:
            self.limits[token].resize((0, 0, 0), self.block.now)
        return reasons

    def _by_issuer(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(self.signers.has_role(caller, ISSUER), "issuer: caller was not the issuer")
        return reasons

    def _by_conversion(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(caller == self.conversion, "issuer: caller was not the conversion contract")
        return reasons


def _bad_limits(caps: tuple[int, int, int]) -> Reasons:
    reasons = Reasons()
    reasons.unless(all(cap % GRAIN == 0 for cap in caps), "issuer: limit was finer than 1e-8")
    reasons.unless(all(cap // GRAIN <= LIMIT_MAX for cap in caps), "issuer: limit was out of bounds")
    return reasons


def redemption_key(holder: str, request: bytes) -> bytes:
    """Nobody can take up another's id."""
    return keccak(encode(["address", "bytes32"], [holder, request]))
