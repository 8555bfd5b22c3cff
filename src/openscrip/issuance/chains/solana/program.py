"""Our stock program's instructions, byte for byte.

Data is `tag u8` and fields of fixed size, little endian (`k` 32 bytes). Where an instruction takes a placeholder, the
system program stands there. Whoever signs follows the listed accounts, read only. Amounts are grains (1e-8 raw), except
`shares`, `encumbered`, `in_transit` and `allocation`: atoms of 1e-9 share. Times are UTC seconds, multipliers 1e-18.
"""

import hashlib
import struct
from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.program_parts import (
    NO_HASH,
    ORIGIN_OF_ARRIVAL,
    Operation,
    ProgramAddresses,
    Role,
    Tag,
)
from openscrip.issuance.chains.solana.token_program import SYSTEM, TOKEN_2022
from openscrip.kernel.errors import refuse_unless

_ARRIVAL, _RESTITUTION = 2, 3


class Program(ProgramAddresses):
    """One deployment of the program: a builder for each instruction, named as the program names it."""

    __slots__ = ()

    def found(
        self, *, payer: Pubkey, guardian: Pubkey, delay_s: int, roles: Sequence[Role], signers: Sequence[Pubkey]
    ) -> Instruction:
        """`0, guardian k, delay u64, 3 x (threshold u8, count u8, count x k)`. The upgrade authority signs; once."""
        refuse_unless(len(roles) == 3, "solana.program", f"found: {len(roles)} roles were not three")
        data = bytes(guardian) + _u64(delay_s) + b"".join(map(bytes, roles))
        accounts = [_payer(payer), _w(self.issuer()), *map(_r, (SYSTEM, self.program_id, self.program_data()))]
        return self._instruction(Tag.FOUND, data, accounts, signers)

    def open(
        self,
        *,
        payer: Pubkey,
        mint: Pubkey,
        supply_cap: int,
        day_cap: int,
        hour_cap: int,
        age_s_max: int,
        multiplier: int,
        f64: int,
        epoch: int,
        version: int,
        signers: Sequence[Pubkey],
        escrow: Pubkey | None = None,
    ) -> Instruction:
        """`1, caps 3 x u64, age u64, multiplier u128, f64 bits u64, epoch u64, version u64`. Issuer, attestor and mint."""
        data = b"".join(map(_u64, (supply_cap, day_cap, hour_cap, age_s_max))) + _u128(multiplier)
        data += b"".join(map(_u64, (f64, epoch, version)))
        accounts = [_payer(payer), _r(self.issuer()), _w(self.stock(mint)), AccountMeta(mint, True, False)]
        accounts += [_r(escrow or self.escrow_account(mint)), _r(SYSTEM)]
        return self._instruction(Tag.OPEN, data, accounts, signers)

    def report(
        self,
        *,
        mint: Pubkey,
        shares: int,
        encumbered: int,
        in_transit: int,
        allocation: int,
        epoch: int,
        as_of: int,
        sequence: int,
        lenient: bool,
        signers: Sequence[Pubkey],
    ) -> Instruction:
        """`2, shares, encumbered, in transit, allocation, epoch u64, as-of i64, sequence u64, lenient u8`."""
        data = b"".join(map(_u64, (shares, encumbered, in_transit, allocation, epoch)))
        data += _i64(as_of) + _u64(sequence) + bytes([lenient])
        return self._instruction(Tag.REPORT, data, [_r(self.issuer()), _w(self.stock(mint))], signers)

    def mint(
        self,
        *,
        payer: Pubkey,
        mint: Pubkey,
        destination: Pubkey,
        kind: int,
        raw: int,
        request: bytes,
        evidence: bytes,
        origin: bytes,
        epoch: int,
        multiplier: int,
        signer_epoch: int,
        deadline: int,
        signers: Sequence[Pubkey],
    ) -> Instruction:
        """`3, kind u8, raw u64, request k, evidence k, origin k, epoch u64, multiplier u128, signer epoch u64, deadline i64`.

        Issuer and attestor. `origin` is zero for an issuance, and for a restitution the redemption account's address.
        """
        data = bytes([kind]) + _u64(raw) + _k(request) + _k(evidence) + _k(origin)
        data += _u64(epoch) + _u128(multiplier) + _u64(signer_epoch) + _i64(deadline)
        accounts = [_payer(payer), _r(self.issuer()), _w(self.stock(mint)), _w(mint), _w(destination)]
        accounts += [_w(self.used(0, request)), _w(self.used(kind, evidence)), self._origin(kind, origin)]
        return self._instruction(Tag.MINT, data, [*accounts, _r(TOKEN_2022), _r(SYSTEM)], signers)

    def void(self, *, payer: Pubkey, request: bytes, signers: Sequence[Pubkey]) -> Instruction:
        """`4, request k`: no voucher for this request will ever serve. A member of the issuer role."""
        accounts = [_payer(payer), _r(self.issuer()), _w(self.used(0, request)), _r(SYSTEM)]
        return self._instruction(Tag.VOID, _k(request), accounts, signers)

    def escrow(
        self,
        *,
        payer: Pubkey,
        mint: Pubkey,
        holder: Pubkey,
        source: Pubkey,
        kind: int,
        raw: int,
        request: bytes,
        escrow: Pubkey | None = None,
    ) -> Instruction:
        """`5, kind u8, raw u64, request k`. The holder, wherever the transaction came from."""
        accounts = [_payer(payer), _w(self.stock(mint)), _w(mint), AccountMeta(holder, True, False), _w(source)]
        accounts += [_w(escrow or self.escrow_account(mint)), _w(self.redemption(holder, request))]
        data = bytes([kind]) + _u64(raw) + _k(request)
        return self._instruction(Tag.ESCROW, data, [*accounts, _r(TOKEN_2022), _r(SYSTEM)], ())

    def depart(
        self,
        *,
        payer: Pubkey,
        mint: Pubkey,
        holder: Pubkey,
        source: Pubkey,
        raw: int,
        request: bytes,
        destination: bytes,
        receiver: bytes,
    ) -> Instruction:
        """`6, raw u64, request k, destination k, receiver k`: burned here, to be minted there. The holder."""
        accounts = [_payer(payer), _w(self.stock(mint)), _w(mint), AccountMeta(holder, True, False), _w(source)]
        accounts += [_w(self.lane(mint, destination)), _w(self.redemption(holder, request))]
        data = _u64(raw) + _k(request) + _k(destination) + _k(receiver)
        return self._instruction(Tag.DEPART, data, [*accounts, _r(TOKEN_2022), _r(SYSTEM)], ())

    def burn(
        self, *, mint: Pubkey, holder: Pubkey, request: bytes, signers: Sequence[Pubkey], escrow: Pubkey | None = None
    ) -> Instruction:
        """`7`: burn what `holder` has in escrow under `request`. A member of the issuer role."""
        accounts = [*self._in_escrow(mint, escrow), _w(self.redemption(holder, request)), _r(TOKEN_2022)]
        return self._instruction(Tag.BURN, b"", accounts, signers)

    def refund(
        self,
        *,
        mint: Pubkey,
        holder: Pubkey,
        request: bytes,
        destination: Pubkey,
        signers: Sequence[Pubkey],
        escrow: Pubkey | None = None,
    ) -> Instruction:
        """`8`: give it back to an account of the holder. A member of the issuer role."""
        accounts = [*self._in_escrow(mint, escrow), _w(self.redemption(holder, request)), _w(destination), _r(TOKEN_2022)]
        return self._instruction(Tag.REFUND, b"", accounts, signers)

    def pause(self, *, mint: Pubkey, scope: int, signers: Sequence[Pubkey]) -> Instruction:
        """`9, scope u8`. The guardian."""
        accounts = [_r(self.issuer()), _w(self.stock(mint)), _w(mint), _r(TOKEN_2022)]
        return self._instruction(Tag.PAUSE, bytes([scope]), accounts, signers)

    def freeze(self, *, mint: Pubkey, account: Pubkey, reason: int, signers: Sequence[Pubkey]) -> Instruction:
        """`10, reason u8`. The guardian."""
        accounts = [_r(self.issuer()), _r(self.stock(mint)), _r(mint), _w(account), _r(TOKEN_2022)]
        return self._instruction(Tag.FREEZE, bytes([reason]), accounts, signers)

    def lower_limits(
        self, *, mint: Pubkey, supply_cap: int, day_cap: int, hour_cap: int, signers: Sequence[Pubkey]
    ) -> Instruction:
        """`11, supply, day, hour u64`. The guardian, never up."""
        data = b"".join(map(_u64, (supply_cap, day_cap, hour_cap)))
        return self._instruction(Tag.LOWER_LIMITS, data, [_r(self.issuer()), _w(self.stock(mint))], signers)

    def lower_lane(self, *, mint: Pubkey, destination: bytes, hour_cap: int, signers: Sequence[Pubkey]) -> Instruction:
        """`12, hour u64`. The guardian, never up."""
        accounts = [_r(self.issuer()), _r(self.stock(mint)), _w(self.lane(mint, destination))]
        return self._instruction(Tag.LOWER_LANE, _u64(hour_cap), accounts, signers)

    def announce(
        self,
        *,
        payer: Pubkey,
        mint: Pubkey,
        action: bytes,
        kind: bytes,
        ex_date: int,
        record_date: int,
        pay_date: int,
        ratio_new: int,
        ratio_old: int,
        cash: int,
        signers: Sequence[Pubkey],
        into: bytes = NO_HASH,
        sources: bytes = NO_HASH,
        corrects: bytes = NO_HASH,
    ) -> Instruction:
        """`13, id k, kind 4, ex, record, pay u32, ratio u64 / u64, cash u64, into k, sources k, corrects k`.

        `kind` is four ASCII letters; dates are numbers like 20260302. Corporate action and attestor.
        """
        refuse_unless(len(kind) == 4, "solana.program", f"announce: kind {kind!r} was not four bytes")
        data = _k(action) + kind + struct.pack("<III", ex_date, record_date, pay_date)
        data += b"".join(map(_u64, (ratio_new, ratio_old, cash))) + _k(into) + _k(sources) + _k(corrects)
        corrected = _w(self.action(corrects)) if corrects != NO_HASH else _r(SYSTEM)
        accounts = [_payer(payer), _r(self.issuer()), _w(self.stock(mint)), _w(mint), _w(self.action(action)), corrected]
        return self._instruction(Tag.ANNOUNCE, data, [*accounts, _r(TOKEN_2022), _r(SYSTEM)], signers)

    def stage(
        self,
        *,
        mint: Pubkey,
        action: bytes,
        expected: int,
        multiplier: int,
        f64: int,
        effective_at: int,
        epoch_after: int,
        ratio_new: int,
        ratio_old: int,
        paused_from: int,
        signers: Sequence[Pubkey],
    ) -> Instruction:
        """`14, expected u128, multiplier u128, f64 bits u64, effective i64, epoch u64, ratio u64 / u64, paused from i64`.

        Corporate action and attestor.
        """
        data = _u128(expected) + _u128(multiplier) + _u64(f64) + _i64(effective_at) + _u64(epoch_after)
        data += _u64(ratio_new) + _u64(ratio_old) + _i64(paused_from)
        return self._instruction(Tag.STAGE, data, self._on_action(mint, action), signers)

    def cancel(self, *, mint: Pubkey, action: bytes, reason: bytes, signers: Sequence[Pubkey]) -> Instruction:
        """`15, reason k`. Corporate action and attestor."""
        return self._instruction(Tag.CANCEL, _k(reason), self._on_action(mint, action), signers)

    def finish(self, *, mint: Pubkey, action: bytes, evidence: bytes, signers: Sequence[Pubkey]) -> Instruction:
        """`16, evidence k`. Corporate action and attestor."""
        accounts = [_r(self.issuer()), _r(self.stock(mint)), _w(self.action(action))]
        return self._instruction(Tag.FINISH, _k(evidence), accounts, signers)

    def queue(self, *, payer: Pubkey, operation_hash: bytes, signers: Sequence[Pubkey]) -> Instruction:
        """`17, operation hash k`. Issuer and attestor."""
        accounts = [_payer(payer), _r(self.issuer()), _w(self.operation_of_hash(operation_hash)), _r(SYSTEM)]
        return self._instruction(Tag.QUEUE, _k(operation_hash), accounts, signers)

    def call_off(self, *, operation_hash: bytes, signers: Sequence[Pubkey]) -> Instruction:
        """`18, operation hash k`. The guardian, or issuer and attestor."""
        accounts = [_r(self.issuer()), _w(self.operation_of_hash(operation_hash))]
        return self._instruction(Tag.CALL_OFF, _k(operation_hash), accounts, signers)

    def execute(self, *, payer: Pubkey, operation: Operation, signers: Sequence[Pubkey]) -> Instruction:
        """`19, operation data`. A member of the issuer role, once it is ready."""
        accounts = [_payer(payer), _w(self.issuer()), _w(self.operation(operation.data)), *operation.accounts]
        return self._instruction(Tag.EXECUTE, operation.data, accounts, signers)

    def end(self, *, mint: Pubkey, action: bytes, effective_at: int, signers: Sequence[Pubkey]) -> Instruction:
        """`20, effective i64`: an announced ending closes the token for mints. Corporate action and attestor."""
        accounts = [_r(self.issuer()), _w(self.stock(mint)), _w(self.action(action))]
        return self._instruction(Tag.END, _i64(effective_at), accounts, signers)

    def _origin(self, kind: int, origin: bytes) -> AccountMeta:
        if kind == _ARRIVAL:
            return _w(self.used(ORIGIN_OF_ARRIVAL, origin))
        return _w(Pubkey(origin)) if kind == _RESTITUTION else _r(SYSTEM)

    def _in_escrow(self, mint: Pubkey, escrow: Pubkey | None) -> list[AccountMeta]:
        return [_r(self.issuer()), *map(_w, (self.stock(mint), mint, escrow or self.escrow_account(mint)))]

    def _on_action(self, mint: Pubkey, action: bytes) -> list[AccountMeta]:
        return [_r(self.issuer()), *map(_w, (self.stock(mint), mint, self.action(action))), _r(TOKEN_2022)]

    def _instruction(self, tag: Tag, data: bytes, accounts: Sequence[AccountMeta], signers: Sequence[Pubkey]) -> Instruction:
        signing = [AccountMeta(key, is_signer=True, is_writable=False) for key in signers]
        return Instruction(self.program_id, bytes([tag]) + data, [*accounts, *signing])


def local_program() -> Program:
    """The program as every local node carries it from genesis on; on other clusters its id is a deployer's choice."""
    return Program(Keypair.from_seed(hashlib.sha256(b"openscrip stock program").digest()).pubkey())


def _u64(value: int) -> bytes:
    return _sized(value, 8)


def _u128(value: int) -> bytes:
    return _sized(value, 16)


def _sized(value: int, length: int) -> bytes:
    fits = 0 <= value < 1 << (8 * length)
    refuse_unless(fits, "solana.amount", f"program: {value} did not fit in {8 * length} bits")
    return value.to_bytes(length, "little")


def _i64(value: int) -> bytes:
    refuse_unless(-(2**63) <= value < 2**63, "solana.amount", f"program: {value} did not fit in 64 bits")
    return value.to_bytes(8, "little", signed=True)


def _k(value: bytes) -> bytes:
    refuse_unless(len(value) == 32, "solana.program", f"program: {len(value)} bytes were not a hash of 32")
    return value


def _payer(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=True)


def _w(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _r(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)
