"""What passes the program's timelock: each operation's bytes and accounts.

Bytes: `salt 8, op u8, mint k (zero where none), arguments`. The salt tells two equal operations apart.
"""

from enum import IntEnum

from solders.instruction import AccountMeta
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR
from openscrip.issuance.chains.solana.program_parts import LOADER, RENT_SYSVAR, Operation, ProgramAddresses, Role
from openscrip.issuance.chains.solana.token_program import SYSTEM, TOKEN_2022
from openscrip.kernel.errors import refuse_unless

NO_MINT = Pubkey.default()


class Op(IntEnum):
    """The byte after the salt."""

    RESUME = 1
    THAW = 2
    RECOVER = 3
    SIGNERS = 4
    GUARDIAN = 5
    DELAY = 6
    LIMITS = 7
    LANE = 8
    UPGRADE = 9


def resume(program: ProgramAddresses, *, salt: bytes, mint: Pubkey, scope: int) -> Operation:
    """`scope u8`: lift a pause."""
    accounts = [_w(program.stock(mint)), _w(mint), _r(TOKEN_2022)]
    return _operation(salt, Op.RESUME, mint, bytes([scope]), *accounts)


def thaw(program: ProgramAddresses, *, salt: bytes, mint: Pubkey, account: Pubkey, reason: int) -> Operation:
    """`account k, reason u8`: free a frozen account."""
    accounts = [_r(program.stock(mint)), _w(mint), _w(account), _r(TOKEN_2022)]
    return _operation(salt, Op.THAW, mint, bytes(account) + bytes([reason]), *accounts)


def recover(
    program: ProgramAddresses, *, salt: bytes, mint: Pubkey, account: Pubkey, to: Pubkey, amount: int, case: bytes, reason: int
) -> Operation:
    """`account k, to k, amount u64 (grains), case k, reason u8`: move a frozen account's tokens, as a court ordered."""
    refuse_unless(len(case) == 32, "solana.program", f"recover: {len(case)} bytes were not a hash of 32")
    data = bytes(account) + bytes(to) + amount.to_bytes(8, "little") + case + bytes([reason])
    accounts = [*map(_w, (program.stock(mint), mint, account, to)), _r(TOKEN_2022)]
    return _operation(salt, Op.RECOVER, mint, data, *accounts)


def signers(*, salt: bytes, role: int, keys: Role) -> Operation:
    """`role u8, threshold u8, count u8, count x k`: replace a role's keys; vouchers signed before are dead."""
    return _operation(salt, Op.SIGNERS, NO_MINT, bytes([role]) + bytes(keys))


def guardian(*, salt: bytes, key: Pubkey) -> Operation:
    """`key k`: replace the guardian."""
    return _operation(salt, Op.GUARDIAN, NO_MINT, bytes(key))


def delay(*, salt: bytes, delay_s: int) -> Operation:
    """`delay u64`: change how long operations wait."""
    return _operation(salt, Op.DELAY, NO_MINT, delay_s.to_bytes(8, "little"))


def limits(program: ProgramAddresses, *, salt: bytes, mint: Pubkey, supply_cap: int, day_cap: int, hour_cap: int) -> Operation:
    """`supply, day, hour u64` (grains): set a token's caps."""
    data = b"".join(cap.to_bytes(8, "little") for cap in (supply_cap, day_cap, hour_cap))
    return _operation(salt, Op.LIMITS, mint, data, _w(program.stock(mint)))


def lane(program: ProgramAddresses, *, salt: bytes, mint: Pubkey, destination: bytes, hour_cap: int, life_s: int) -> Operation:
    """`destination k, hour cap u64 (grains), life u64 (seconds)`: open a lane to another chain, or change it.

    The payer of `execute` pays for a new lane's account.
    """
    data = destination + hour_cap.to_bytes(8, "little") + life_s.to_bytes(8, "little")
    accounts = [_r(program.stock(mint)), _w(program.lane(mint, destination)), _r(SYSTEM)]
    return _operation(salt, Op.LANE, mint, data, *accounts)


def upgrade(program: ProgramAddresses, *, salt: bytes, buffer: Pubkey, spill: Pubkey, code: bytes) -> Operation:
    """`buffer k, spill k, code k`: replace the program's code by the buffer's; what is left of its rent goes to `spill`.

    `code` is SHA-256 of the buffer account's data from byte 37 on, so that it cannot change while it waits.
    """
    refuse_unless(len(code) == 32, "solana.program", f"upgrade: {len(code)} bytes were not a hash of 32")
    accounts = [*map(_w, (program.program_id, program.program_data(), buffer, spill))]
    accounts += map(_r, (RENT_SYSVAR, CLOCK_SYSVAR, LOADER))
    return _operation(salt, Op.UPGRADE, NO_MINT, bytes(buffer) + bytes(spill) + code, *accounts)


def _operation(salt: bytes, op: Op, mint: Pubkey, arguments: bytes, *accounts: AccountMeta) -> Operation:
    refuse_unless(len(salt) == 8, "solana.program", f"operation: salt of {len(salt)} bytes was not 8")
    return Operation(salt + bytes([op]) + bytes(mint) + arguments, accounts)


def _w(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _r(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)
