"""What the program should do with an instruction, from the rules alone: bytes and accounts in, a verdict out.

It reads the instruction as it will be sent, mutated or not, so that whatever a mutation means is judged by what it says.
Written from the ABI and the EVM contracts, not from the program.
"""

import struct
from dataclasses import dataclass, field

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DAY_S, HOUR_S, KEYS, Issuer

U64 = 2**64 - 1
WEEK_S = 7 * DAY_S
REPORT, MINT, VOID, ESCROW, DEPART, BURN, REFUND, PAUSE, LOWER = 2, 3, 4, 5, 6, 7, 8, 9, 11
LENGTHS = {REPORT: 58, MINT: 146, VOID: 33, ESCROW: 42, DEPART: 105, BURN: 1, REFUND: 1, PAUSE: 2, LOWER: 25}


@dataclass
class Window:
    """A cap that refills evenly."""

    cap: int
    span: int
    at: int
    used: int = 0

    def used_at(self, now: int) -> int:
        return self.used - min(self.used, self.cap * (now - self.at) // self.span)

    def fits(self, raw: int, now: int) -> bool:
        return self.used_at(now) + raw <= self.cap

    def take(self, raw: int, now: int) -> None:
        self.used, self.at = self.used_at(now) + raw, now

    def lower(self, cap: int, now: int) -> None:
        self.used, self.at, self.cap = self.used_at(now), now, cap


@dataclass
class Held:
    """What a holder gave in."""

    raw: int
    state: int
    arrive_by: int = 0


@dataclass
class Model:
    """One token with one holder and one lane, as the books would have it."""

    issuer: Issuer
    day: Window
    hour: Window
    lane: Window
    lane_destination: bytes
    life_s: int
    supply_cap: int
    report: tuple[int, ...]
    epoch: int
    multiplier: int
    age_s_max: int
    supply: int = 0
    balance: int = 0
    escrowed: int = 0
    pauses: int = 0
    used: set[tuple[int, bytes]] = field(default_factory=set)
    redemptions: dict[bytes, Held] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return self.issuer.now

    def accepts(self, instruction: Instruction) -> bool:
        """Whether it should be taken; if so, it has been."""
        data = bytes(instruction.data)
        if not data or len(data) != LENGTHS.get(data[0], -1):
            return False
        signers = {meta.pubkey for meta in instruction.accounts if meta.is_signer}
        return self._accepts(data[0], data[1:], [meta.pubkey for meta in instruction.accounts], signers)

    def _accepts(self, tag: int, data: bytes, keys: list[Pubkey], signers: set[Pubkey]) -> bool:
        issuers = len(signers & set(KEYS.issuers))
        attestors = len(signers & set(KEYS.attestors))
        if tag == REPORT:
            return issuers >= 1 and attestors >= 2 and self._report(data)
        if tag == MINT:
            return issuers >= 1 and attestors >= 2 and self._mint(data, keys)
        if tag == VOID:
            return issuers >= 1 and self._is_new(0, data, keys[2]) and self._use((0, data))
        if tag == PAUSE:
            return KEYS.guardian in signers and self._pause(data[0])
        if tag == LOWER:
            return KEYS.guardian in signers and self._lower(*struct.unpack("<3Q", data))
        if tag in (BURN, REFUND):
            return issuers >= 1 and self._end(tag, keys)
        if KEYS.holder not in signers or keys[3] != KEYS.holder:
            return False
        return self._escrow(data, keys) if tag == ESCROW else self._depart(data, keys)

    def _report(self, data: bytes) -> bool:
        new = struct.unpack("<5QqQ", data[:56])
        shares, _, _, allocation, epoch, as_of, sequence = new
        if sequence <= self.report[6]:
            return data[56] != 0
        if not self.report[5] <= as_of <= self.now or epoch < self.report[4] or allocation > shares:
            return False
        self.report = new
        return True

    def _mint(self, data: bytes, keys: list[Pubkey]) -> bool:
        kind, raw = data[0], int.from_bytes(data[1:9], "little")
        request, evidence, origin = data[9:41], data[41:73], data[73:105]
        epoch, low, high, signer_epoch, deadline = struct.unpack("<QQQQq", data[105:145])
        if not self.now <= deadline <= self.now + WEEK_S or kind not in (1, 2, 3) or raw == 0:
            return False
        if not self._is_new(0, request, keys[5]) or not self._is_new(kind, evidence, keys[6]) or signer_epoch != 1:
            return False
        if epoch != self.epoch or low + (high << 64) != self.multiplier or not self._answers(kind, raw, origin, keys[7]):
            return False
        _, _, _, allocation, report_epoch, as_of, sequence = self.report
        after = self.supply + raw
        if sequence == 0 or self.now - as_of > self.age_s_max or report_epoch != self.epoch or after > U64:
            return False
        if after * self.multiplier > allocation * 10**17 or not 0 < after <= self.supply_cap:
            return False
        window = {1: self.day, 2: self.hour}.get(kind)
        if (window and not window.fits(raw, self.now)) or self.pauses & (6 if kind == 2 else 2):
            return False
        if keys[4] != self.issuer.account:
            return False
        if window:
            window.take(raw, self.now)
        if kind == 2:
            self._use((18, origin))
        if kind == 3:
            self.redemptions[origin].state = 4
        self.supply, self.balance = after, self.balance + raw
        return self._use((0, request), (kind, evidence))

    def _answers(self, kind: int, raw: int, origin: bytes, account: Pubkey) -> bool:
        if kind == 1:
            return origin == bytes(32)
        if kind == 2:
            return origin != bytes(32) and self._is_new(18, origin, account)
        held = self.redemptions.get(origin)
        arrived = held is not None and self.now > held.arrive_by + HOUR_S
        return held is not None and bytes(account) == origin and held.state == 2 and raw <= held.raw and arrived

    def _escrow(self, data: bytes, keys: list[Pubkey]) -> bool:
        kind, raw, request = data[0], int.from_bytes(data[1:9], "little"), data[9:41]
        if raw == 0 or kind not in (1, 2) or not self._is_asked(raw, request, keys):
            return False
        self.redemptions[bytes(keys[6])] = Held(raw, 1)
        self.balance, self.escrowed = self.balance - raw, self.escrowed + raw
        return True

    def _depart(self, data: bytes, keys: list[Pubkey]) -> bool:
        raw, request, destination, receiver = int.from_bytes(data[:8], "little"), data[8:40], data[40:72], data[72:104]
        if raw == 0 or receiver == bytes(32) or self.pauses & 5 or destination != self.lane_destination:
            return False
        if self.lane.cap == 0 or not self.lane.fits(raw, self.now) or not self._is_asked(raw, request, keys):
            return False
        self.lane.take(raw, self.now)
        self.redemptions[bytes(keys[6])] = Held(raw, 2, self.now + self.life_s)
        self.balance, self.supply = self.balance - raw, self.supply - raw
        return True

    def _is_asked(self, raw: int, request: bytes, keys: list[Pubkey]) -> bool:
        record = self.issuer.program.redemption(KEYS.holder, request)
        fresh = keys[6] == record and bytes(record) not in self.redemptions
        return fresh and keys[4] == self.issuer.account and raw <= self.balance

    def _end(self, tag: int, keys: list[Pubkey]) -> bool:
        held = self.redemptions.get(bytes(keys[4]))
        if held is None or held.state != 1 or (tag == REFUND and keys[5] != self.issuer.account):
            return False
        self.escrowed -= held.raw
        held.state = 2 if tag == BURN else 3
        if tag == BURN:
            self.supply -= held.raw
        else:
            self.balance += held.raw
        return True

    def _pause(self, scope: int) -> bool:
        if not 1 <= scope <= 7 or self.pauses & scope == scope:
            return False
        self.pauses |= scope
        return True

    def _lower(self, supply: int, day: int, hour: int) -> bool:
        before = (self.supply_cap, self.day.cap, self.hour.cap)
        lower = supply <= before[0] and day <= before[1] and hour <= before[2]
        if supply == 0 or (supply, day, hour) == before or not lower:
            return False
        self.supply_cap = supply
        self.day.lower(day, self.now)
        self.hour.lower(hour, self.now)
        return True

    def _is_new(self, kind: int, hash_: bytes, account: Pubkey) -> bool:
        return account == self.issuer.program.used(kind, hash_) and (kind, hash_) not in self.used

    def _use(self, *marks: tuple[int, bytes]) -> bool:
        self.used.update(marks)
        return True
