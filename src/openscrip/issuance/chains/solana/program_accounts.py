"""Our stock program's accounts, decoded byte for byte: fixed sizes, little endian, the first byte the kind of account.

Amounts are grains (1e-8 raw), except a reserve's: atoms of 1e-9 share. Times are UTC seconds, multipliers 1e-18.
"""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.program_parts import KEYS_MAX, Role
from openscrip.kernel.errors import Malformed

ISSUER_SPACE, STOCK_SPACE, USED_SPACE, REDEMPTION_SPACE = 752, 424, 16, 192
ACTION_SPACE, LANE_SPACE, OPERATION_SPACE = 320, 104, 16
ESCROWED, BURNED, REFUNDED, RESTORED = 1, 2, 3, 4
"""States of a redemption."""
ANNOUNCED, STAGED, FINAL, CANCELLED, CORRECTED = 1, 2, 4, 5, 6
"""States of an action. That a staged one applied follows from the time."""
CALLED_OFF, DONE = 0, -1
"""What an operation's `ready_at` is when it waits no longer."""
_ROLE_SPACE = 8 + 32 * KEYS_MAX


@dataclass(frozen=True, slots=True)
class IssuerAccount:
    """752 bytes: `1 | bump u8 | 8 signer epoch u64 | 16 delay u64 | 24 guardian k | 56 three roles of 232`.

    A role is `threshold u8 | count u8 | 8 7 x k`, unused keys zero. The signer epoch counts from 1.
    """

    bump: int
    signer_epoch: int
    delay_s: int
    guardian: Pubkey
    issuer: Role
    attestor: Role
    corporate_action: Role

    @classmethod
    def read(cls, data: bytes) -> "IssuerAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 1, ISSUER_SPACE, "issuer")
        issuer, attestor, corporate_action = (_role(data, 56 + _ROLE_SPACE * place) for place in range(3))
        return cls(data[1], _u(data, 8), _u(data, 16), _key(data, 24), issuer, attestor, corporate_action)


@dataclass(frozen=True, slots=True)
class StockAccount:
    """424 bytes, of one mint: pauses, caps with what was used of them, the newest reserve report, the multiplier.

    `2 | bump | 2 pauses u8 | 8 mint k | 40 escrow k | 72 supply cap | 80 day cap, used, at | 104 hour cap, used, at |
    128 age max | 136 shares, encumbered, in transit, allocation | 168 reserve epoch | 176 as-of i64 | 184 sequence |
    192 base: multiplier u128, f64 bits, epoch | 224 next: multiplier u128, f64 bits, epoch | 256 base version |
    264 next at i64 | 272 next action k | 304 newest action k | 336 before newest k | 368 opening k |
    400 escrowed | 408 action count | 416 opening at i64`; u64 where nothing is said. Without a scheduled change (next at 0)
    what is next repeats the base.
    """

    bump: int
    pauses: int
    mint: Pubkey
    escrow: Pubkey
    supply_cap: int
    day_cap: int
    day_used: int
    day_at: int
    hour_cap: int
    hour_used: int
    hour_at: int
    age_s_max: int
    shares: int
    encumbered: int
    in_transit: int
    allocation: int
    reserve_epoch: int
    as_of: int
    sequence: int
    base_multiplier: int
    next_multiplier: int
    base_epoch: int
    next_epoch: int
    base_version: int
    next_at: int
    next_action: bytes
    base_f64: int
    next_f64: int
    newest_action: bytes
    before_newest: bytes
    opening: bytes
    escrowed: int
    action_count: int
    opening_at: int

    @classmethod
    def read(cls, data: bytes) -> "StockAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 2, STOCK_SPACE, "stock")
        return cls(
            bump=data[1],
            pauses=data[2],
            mint=_key(data, 8),
            escrow=_key(data, 40),
            supply_cap=_u(data, 72),
            day_cap=_u(data, 80),
            day_used=_u(data, 88),
            day_at=_i(data, 96),
            hour_cap=_u(data, 104),
            hour_used=_u(data, 112),
            hour_at=_i(data, 120),
            age_s_max=_u(data, 128),
            shares=_u(data, 136),
            encumbered=_u(data, 144),
            in_transit=_u(data, 152),
            allocation=_u(data, 160),
            reserve_epoch=_u(data, 168),
            as_of=_i(data, 176),
            sequence=_u(data, 184),
            base_multiplier=_u(data, 192, 16),
            next_multiplier=_u(data, 224, 16),
            base_epoch=_u(data, 216),
            next_epoch=_u(data, 248),
            base_version=_u(data, 256),
            next_at=_i(data, 264),
            next_action=data[272:304],
            base_f64=_u(data, 208),
            next_f64=_u(data, 240),
            newest_action=data[304:336],
            before_newest=data[336:368],
            opening=data[368:400],
            escrowed=_u(data, 400),
            action_count=_u(data, 408),
            opening_at=_i(data, 416),
        )

    def matured(self, now: int) -> bool:
        """Whether the scheduled change, if there is one, is in force at `now`."""
        return self.next_at != 0 and now >= self.next_at

    def multiplier_at(self, now: int) -> int:
        """The multiplier in force."""
        return self.next_multiplier if self.matured(now) else self.base_multiplier

    def f64_at(self, now: int) -> int:
        """The bits of the f64 that the mint shows."""
        return self.next_f64 if self.matured(now) else self.base_f64

    def epoch_at(self, now: int) -> int:
        """The corporate-action epoch in force."""
        return self.next_epoch if self.matured(now) else self.base_epoch

    def version_at(self, now: int) -> int:
        """How many changes took effect."""
        return self.base_version + self.matured(now)


@dataclass(frozen=True, slots=True)
class UsedAccount:
    """16 bytes: `3 | kind u8 | 8 at i64`: a hash of this kind was used at that time."""

    kind: int
    at: int

    @classmethod
    def read(cls, data: bytes) -> "UsedAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 3, USED_SPACE, "used")
        return cls(data[1], _i(data, 8))


@dataclass(frozen=True, slots=True)
class RedemptionAccount:
    """192 bytes: `4 | kind u8 (1 in kind, 2 cash, 3 crossing) | state u8 | 8 mint k | 40 holder k | 72 raw u64 | 80 at i64
    | 88 arrive by i64 | 96 destination k | 128 receiver k | 160 request k`.
    """

    kind: int
    state: int
    mint: Pubkey
    holder: Pubkey
    raw: int
    at: int
    arrive_by: int
    destination: bytes
    receiver: bytes
    request: bytes

    @classmethod
    def read(cls, data: bytes) -> "RedemptionAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 4, REDEMPTION_SPACE, "redemption")
        keys, hashes = (_key(data, 8), _key(data, 40)), (data[96:128], data[128:160], data[160:192])
        return cls(data[1], data[2], *keys, _u(data, 72), _i(data, 80), _i(data, 88), *hashes)


@dataclass(frozen=True, slots=True)
class ActionAccount:
    """320 bytes: `5 | state u8 | 8 mint k`, the announcement as sent: `40 id k | 72 kind 4 | 76 ex, record, pay u32 |
    88 ratio new, old u64 | 104 cash u64 | 112 into k | 144 sources k | 176 corrects k`, the staging as sent:
    `208 expected u128 | 224 multiplier u128 | 240 f64 bits u64 | 248 effective i64 | 256 epoch after u64 |
    264 staged new, old u64 | 280 paused from i64`, and `288 evidence or reason k`. Of an end only the time is set.
    """

    state: int
    kind: bytes
    mint: Pubkey
    action: bytes
    ex_date: int
    record_date: int
    pay_date: int
    ratio_new: int
    ratio_old: int
    cash: int
    sources: bytes
    corrects: bytes
    staged_new: int
    staged_old: int
    expected: int
    multiplier: int
    effective_at: int
    paused_from: int
    epoch_after: int
    evidence: bytes
    into: bytes

    @classmethod
    def read(cls, data: bytes) -> "ActionAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 5, ACTION_SPACE, "action")
        return cls(
            *(data[1], data[72:76], _key(data, 8), data[40:72], _u(data, 76, 4), _u(data, 80, 4), _u(data, 84, 4)),
            *(_u(data, 88), _u(data, 96), _u(data, 104), data[144:176], data[176:208]),
            *(_u(data, 264), _u(data, 272), _u(data, 208, 16), _u(data, 224, 16), _i(data, 248), _i(data, 280)),
            *(_u(data, 256), data[288:320], data[112:144]),
        )


@dataclass(frozen=True, slots=True)
class LaneAccount:
    """104 bytes: `6 | 8 mint k | 40 destination k | 72 hour cap u64 | 80 used u64 | 88 at i64 | 96 life u64`."""

    hour_cap: int
    used: int
    at: int
    life_s: int
    mint: Pubkey
    destination: bytes

    @classmethod
    def read(cls, data: bytes) -> "LaneAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 6, LANE_SPACE, "lane")
        return cls(_u(data, 72), _u(data, 80), _i(data, 88), _u(data, 96), _key(data, 8), data[40:72])


@dataclass(frozen=True, slots=True)
class OperationAccount:
    """16 bytes: `7 | 8 ready at i64` (0 called off, -1 done)."""

    ready_at: int

    @classmethod
    def read(cls, data: bytes) -> "OperationAccount":
        """Raises `Malformed("solana.account")`."""
        _check(data, 7, OPERATION_SPACE, "operation")
        return cls(_i(data, 8))


def _check(data: bytes, kind: int, space: int, name: str) -> None:
    if len(data) != space or data[0] != kind:
        first = data[0] if data else "nothing"
        raise Malformed("solana.account", f"{name}: {len(data)} bytes starting with {first} were not such an account")


def _role(data: bytes, at: int) -> Role:
    threshold, count = data[at], data[at + 1]
    if count > KEYS_MAX:
        raise Malformed("solana.account", f"issuer: a role of {count} keys was read, more than {KEYS_MAX}")
    return Role(threshold, tuple(_key(data, at + 8 + 32 * place) for place in range(count)))


def _key(data: bytes, at: int) -> Pubkey:
    return Pubkey(data[at : at + 32])


def _u(data: bytes, at: int, length: int = 8) -> int:
    return int.from_bytes(data[at : at + length], "little")


def _i(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little", signed=True)
