"""The stock program's instructions and accounts, byte for byte as the interface says."""

import hashlib
import struct
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.program import Program, local_program
from openscrip.issuance.chains.solana.program_accounts import (
    ActionAccount,
    IssuerAccount,
    LaneAccount,
    OperationAccount,
    RedemptionAccount,
    StockAccount,
    UsedAccount,
)
from openscrip.issuance.chains.solana.program_parts import Operation, Role
from openscrip.issuance.chains.solana.token_program import SYSTEM, TOKEN_2022, associated_account
from openscrip.kernel.errors import Malformed, Refused


def key(number: int) -> Pubkey:
    return Pubkey(bytes([number]) * 32)


def h(number: int) -> bytes:
    return bytes([number]) * 32


PROGRAM = Program(key(200))
P, MINT, HOLDER, SOURCE, TO, A, B = (key(number) for number in range(1, 8))
ISSUER, STOCK, ESCROW = PROGRAM.issuer(), PROGRAM.stock(MINT), PROGRAM.escrow_account(MINT)
REDEMPTION = PROGRAM.redemption(HOLDER, h(20))
NAMES = {P: "P", MINT: "mint", HOLDER: "holder", SOURCE: "source", TO: "to", A: "a", B: "b", SYSTEM: "S", TOKEN_2022: "T"}
NAMES |= {ISSUER: "issuer", STOCK: "stock", ESCROW: "escrow", REDEMPTION: "redemption", PROGRAM.program_id: "program"}
NAMES |= {
    PROGRAM.used(0, h(20)): "used request",
    PROGRAM.used(1, h(21)): "used evidence",
    PROGRAM.used(2, h(21)): "used arrival's evidence",
    PROGRAM.used(18, h(22)): "used origin",
    PROGRAM.action(h(30)): "action",
    PROGRAM.action(h(33)): "corrected",
    PROGRAM.lane(MINT, h(40)): "lane",
    PROGRAM.operation_of_hash(h(50)): "operation",
    PROGRAM.program_data(): "programdata",
}


def accounts(instruction: Instruction) -> str:
    """`P[ws] issuer stock[w] ...`"""

    def flags(writable: bool, signer: bool) -> str:
        return f"[{'w' * writable}{'s' * signer}]" if writable or signer else ""

    metas = instruction.accounts
    return ", ".join(NAMES.get(one.pubkey, str(one.pubkey)) + flags(one.is_writable, one.is_signer) for one in metas)


def u64(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def u128(value: int) -> bytes:
    return value.to_bytes(16, "little")


ROLES = (Role.of(2, B, A), Role.of(1, key(9)), Role.of(1, A))
MINTED: dict[str, Any] = {
    "payer": P,
    "mint": MINT,
    "destination": TO,
    "raw": 7,
    "request": h(20),
    "evidence": h(21),
    "signers": [A, B],
}
MINTED |= {"epoch": 3, "multiplier": 10**24, "signer_epoch": 4, "deadline": 5}
_MINT_TAIL = u64(3) + u128(10**24) + u64(4, 5)
_ANNOUNCED: dict[str, Any] = {
    "payer": P,
    "mint": MINT,
    "action": h(30),
    "kind": b"SPLF",
    "ex_date": 1,
    "record_date": 2,
    "pay_date": 3,
}
_ANNOUNCED |= {"ratio_new": 4, "ratio_old": 5, "cash": 6, "into": h(31), "sources": h(32), "signers": [A]}
_ANNOUNCED_BYTES = b"\x0d" + h(30) + b"SPLF" + struct.pack("<III", 1, 2, 3) + u64(4, 5, 6) + h(31) + h(32)

INSTRUCTIONS: dict[str, tuple[Instruction, bytes, str]] = {
    "found": (
        PROGRAM.found(payer=P, guardian=key(8), delay_s=60, roles=ROLES, signers=[P]),
        b"\x00" + h(8) + u64(60) + b"\x02\x02" + h(6) + h(7) + b"\x01\x01" + h(9) + b"\x01\x01" + h(6),
        "P[ws], issuer[w], S, program, programdata, P[s]",
    ),
    "open": (
        PROGRAM.open(
            payer=P,
            mint=MINT,
            supply_cap=1,
            day_cap=2,
            hour_cap=3,
            age_s_max=4,
            multiplier=10**18,
            f64=5,
            epoch=6,
            version=7,
            signers=[A, B],
        ),
        b"\x01" + u64(1, 2, 3, 4) + u128(10**18) + u64(5, 6, 7),
        "P[ws], issuer, stock[w], mint[s], escrow, S, a[s], b[s]",
    ),
    "report": (
        PROGRAM.report(
            mint=MINT,
            shares=1,
            encumbered=2,
            in_transit=3,
            allocation=4,
            epoch=5,
            as_of=6,
            sequence=7,
            lenient=True,
            signers=[A, B],
        ),
        b"\x02" + u64(1, 2, 3, 4, 5, 6, 7) + b"\x01",
        "issuer, stock[w], a[s], b[s]",
    ),
    "mint": (
        PROGRAM.mint(kind=1, origin=h(0), **MINTED),
        b"\x03\x01" + u64(7) + h(20) + h(21) + h(0) + _MINT_TAIL,
        "P[ws], issuer, stock[w], mint[w], to[w], used request[w], used evidence[w], S, T, S, a[s], b[s]",
    ),
    "arrival": (
        PROGRAM.mint(kind=2, origin=h(22), **MINTED),
        b"\x03\x02" + u64(7) + h(20) + h(21) + h(22) + _MINT_TAIL,
        "P[ws], issuer, stock[w], mint[w], to[w], used request[w], used arrival's evidence[w], used origin[w], T, S, "
        "a[s], b[s]",
    ),
    "void": (
        PROGRAM.void(payer=P, request=h(20), signers=[A]),
        b"\x04" + h(20),
        "P[ws], issuer, used request[w], S, a[s]",
    ),
    "escrow": (
        PROGRAM.escrow(payer=P, mint=MINT, holder=HOLDER, source=SOURCE, kind=2, raw=7, request=h(20)),
        b"\x05\x02" + u64(7) + h(20),
        "P[ws], stock[w], mint[w], holder[s], source[w], escrow[w], redemption[w], T, S",
    ),
    "depart": (
        PROGRAM.depart(
            payer=P, mint=MINT, holder=HOLDER, source=SOURCE, raw=7, request=h(20), destination=h(40), receiver=h(41)
        ),
        b"\x06" + u64(7) + h(20) + h(40) + h(41),
        "P[ws], stock[w], mint[w], holder[s], source[w], lane[w], redemption[w], T, S",
    ),
    "burn": (
        PROGRAM.burn(mint=MINT, holder=HOLDER, request=h(20), signers=[A]),
        b"\x07",
        "issuer, stock[w], mint[w], escrow[w], redemption[w], T, a[s]",
    ),
    "refund": (
        PROGRAM.refund(mint=MINT, holder=HOLDER, request=h(20), destination=TO, signers=[A]),
        b"\x08",
        "issuer, stock[w], mint[w], escrow[w], redemption[w], to[w], T, a[s]",
    ),
    "pause": (PROGRAM.pause(mint=MINT, scope=4, signers=[A]), b"\x09\x04", "issuer, stock[w], mint[w], T, a[s]"),
    "freeze": (
        PROGRAM.freeze(mint=MINT, account=SOURCE, reason=3, signers=[A]),
        b"\x0a\x03",
        "issuer, stock, mint, source[w], T, a[s]",
    ),
    "lower limits": (
        PROGRAM.lower_limits(mint=MINT, supply_cap=1, day_cap=2, hour_cap=3, signers=[A]),
        b"\x0b" + u64(1, 2, 3),
        "issuer, stock[w], a[s]",
    ),
    "lower lane": (
        PROGRAM.lower_lane(mint=MINT, destination=h(40), hour_cap=3, signers=[A]),
        b"\x0c" + u64(3),
        "issuer, stock, lane[w], a[s]",
    ),
    "announce": (
        PROGRAM.announce(**_ANNOUNCED),
        _ANNOUNCED_BYTES + h(0),
        "P[ws], issuer, stock[w], mint[w], action[w], S, T, S, a[s]",
    ),
    "correction": (
        PROGRAM.announce(**_ANNOUNCED, corrects=h(33)),
        _ANNOUNCED_BYTES + h(33),
        "P[ws], issuer, stock[w], mint[w], action[w], corrected[w], T, S, a[s]",
    ),
    "stage": (
        PROGRAM.stage(
            mint=MINT,
            action=h(30),
            expected=1,
            multiplier=2,
            f64=3,
            effective_at=4,
            epoch_after=5,
            ratio_new=6,
            ratio_old=7,
            paused_from=8,
            signers=[A],
        ),
        b"\x0e" + u128(1) + u128(2) + u64(3, 4, 5, 6, 7, 8),
        "issuer, stock[w], mint[w], action[w], T, a[s]",
    ),
    "cancel": (
        PROGRAM.cancel(mint=MINT, action=h(30), reason=h(34), signers=[A]),
        b"\x0f" + h(34),
        "issuer, stock[w], mint[w], action[w], T, a[s]",
    ),
    "finish": (
        PROGRAM.finish(mint=MINT, action=h(30), evidence=h(34), signers=[A]),
        b"\x10" + h(34),
        "issuer, stock, action[w], a[s]",
    ),
    "queue": (
        PROGRAM.queue(payer=P, operation_hash=h(50), signers=[A]),
        b"\x11" + h(50),
        "P[ws], issuer, operation[w], S, a[s]",
    ),
    "call off": (
        PROGRAM.call_off(operation_hash=h(50), signers=[A]),
        b"\x12" + h(50),
        "issuer, operation[w], a[s]",
    ),
    "end": (
        PROGRAM.end(mint=MINT, action=h(30), effective_at=-2, signers=[A]),
        b"\x14" + struct.pack("<q", -2),
        "issuer, stock[w], action[w], a[s]",
    ),
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_each_instruction_has_the_bytes_and_accounts_of_the_interface(name: str) -> None:
    instruction, data, listed = INSTRUCTIONS[name]
    assert (bytes(instruction.data), accounts(instruction)) == (data, listed)
    assert instruction.program_id == PROGRAM.program_id


def test_a_restitution_names_the_redemption_it_gives_back() -> None:
    instruction = PROGRAM.mint(kind=3, origin=bytes(REDEMPTION), **MINTED)
    assert accounts(instruction).split(", ")[7] == "redemption[w]"
    assert bytes(instruction.data)[74:106] == bytes(REDEMPTION)


SALT = b"saltsalt"
OPERATIONS: dict[str, tuple[Operation, bytes, str]] = {
    "resume": (operations.resume(PROGRAM, salt=SALT, mint=MINT, scope=1), b"\x01" + h(2) + b"\x01", "stock[w], mint[w], T"),
    "thaw": (
        operations.thaw(PROGRAM, salt=SALT, mint=MINT, account=SOURCE, reason=2),
        b"\x02" + h(2) + h(4) + b"\x02",
        "stock, mint[w], source[w], T",
    ),
    "recover": (
        operations.recover(PROGRAM, salt=SALT, mint=MINT, account=SOURCE, to=TO, amount=7, case=h(60), reason=2),
        b"\x03" + h(2) + h(4) + h(5) + u64(7) + h(60) + b"\x02",
        "stock[w], mint[w], source[w], to[w], T",
    ),
    "signers": (
        operations.signers(salt=SALT, role=2, keys=Role.of(2, B, A)),
        b"\x04" + h(0) + b"\x02\x02\x02" + h(6) + h(7),
        "",
    ),
    "guardian": (operations.guardian(salt=SALT, key=A), b"\x05" + h(0) + h(6), ""),
    "delay": (operations.delay(salt=SALT, delay_s=60), b"\x06" + h(0) + u64(60), ""),
    "limits": (
        operations.limits(PROGRAM, salt=SALT, mint=MINT, supply_cap=1, day_cap=2, hour_cap=3),
        b"\x07" + h(2) + u64(1, 2, 3),
        "stock[w]",
    ),
    "lane": (
        operations.lane(PROGRAM, salt=SALT, mint=MINT, destination=h(40), hour_cap=1, life_s=600),
        b"\x08" + h(2) + h(40) + u64(1, 600),
        "stock, lane[w], S",
    ),
    "upgrade": (
        operations.upgrade(PROGRAM, salt=SALT, buffer=SOURCE, spill=TO, code=h(61)),
        b"\x09" + h(0) + h(4) + h(5) + h(61),
        "program[w], programdata[w], source[w], to[w], SysvarRent111111111111111111111111111111111, "
        "SysvarC1ock11111111111111111111111111111111, BPFLoaderUpgradeab1e11111111111111111111111",
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_has_the_bytes_and_accounts_of_the_interface(name: str) -> None:
    operation, data, listed = OPERATIONS[name]
    execute = PROGRAM.execute(payer=P, operation=operation, signers=[A])
    assert bytes(execute.data) == b"\x13" + SALT + data
    NAMES[PROGRAM.operation_of_hash(hashlib.sha256(SALT + data).digest())] = "operation"
    assert accounts(execute) == ", ".join(filter(None, ["P[ws], issuer[w], operation[w]", listed, "a[s]"]))


def test_addresses_follow_from_the_program_and_the_seeds_of_the_interface() -> None:
    def at(*seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), PROGRAM.program_id)[0]

    assert at(b"issuer") == ISSUER
    assert at(b"stock", h(2)) == STOCK
    assert PROGRAM.used(18, h(3)) == at(b"used", b"\x12", h(3))
    assert at(b"redemption", h(3), h(20)) == REDEMPTION
    assert PROGRAM.action(h(3)) == at(b"action", h(3))
    assert PROGRAM.lane(MINT, h(3)) == at(b"lane", h(2), h(3))
    assert PROGRAM.operation(b"op") == at(b"operation", hashlib.sha256(b"op").digest())
    assert associated_account(STOCK, MINT) == ESCROW


def test_the_local_program_is_the_same_on_every_machine() -> None:
    assert str(local_program().program_id) == "9ca1UXHxr1YHsiskUUuVqHLp3MQUcN418Lof3YGPYUzo"


def test_what_does_not_fit_a_field_is_refused() -> None:
    with pytest.raises(Refused, match="did not fit in 64 bits"):
        PROGRAM.lower_limits(mint=MINT, supply_cap=2**64, day_cap=2, hour_cap=3, signers=[A])
    with pytest.raises(Refused, match="31 bytes were not a hash of 32"):
        PROGRAM.void(payer=P, request=bytes(31), signers=[A])


def laid_out(space: int, fields: dict[int, bytes]) -> bytes:
    """`space` zero bytes with each field at its offset."""
    data = bytearray(space)
    for at, field in fields.items():
        data[at : at + len(field)] = field
    return bytes(data)


def test_the_issuer_account_reads_as_laid_out() -> None:
    fields = {0: b"\x01\xfe", 8: u64(3, 60), 24: h(8), 56: b"\x02\x02", 64: h(6) + h(7)}
    fields |= {288: b"\x01\x01", 296: h(9), 520: b"\x01\x01", 528: h(6)}
    roles = (Role(2, (A, B)), Role(1, (key(9),)), Role(1, (A,)))
    assert IssuerAccount.read(laid_out(752, fields)) == IssuerAccount(254, 3, 60, key(8), *roles)


def test_the_stock_account_reads_as_laid_out() -> None:
    fields = {0: b"\x02\xfe\x05", 8: h(2), 40: h(3), 72: u64(*range(1, 16)), 192: u128(16) + u64(23, 18)}
    fields |= {224: u128(17) + u64(24, 19), 256: u64(20, 21), 272: h(22), 304: h(25) + h(26) + h(27), 400: u64(28, 29, 30)}
    stock = StockAccount.read(laid_out(424, fields))
    assert (stock.bump, stock.pauses, stock.mint, stock.escrow) == (254, 5, key(2), key(3))
    limits = (stock.supply_cap, stock.day_cap, stock.day_used, stock.day_at, stock.hour_cap, stock.hour_used, stock.hour_at)
    assert limits == tuple(range(1, 8))
    reserve = (stock.age_s_max, stock.shares, stock.encumbered, stock.in_transit, stock.allocation)
    assert (*reserve, stock.reserve_epoch, stock.as_of, stock.sequence) == tuple(range(8, 16))
    assert (stock.base_multiplier, stock.next_multiplier, stock.base_epoch, stock.next_epoch) == (16, 17, 18, 19)
    assert (stock.base_version, stock.next_at, stock.next_action) == (20, 21, h(22))
    assert (stock.base_f64, stock.next_f64) == (23, 24)
    assert (stock.newest_action, stock.before_newest, stock.opening) == (h(25), h(26), h(27))
    assert (stock.escrowed, stock.action_count, stock.opening_at) == (28, 29, 30)


@pytest.mark.parametrize(("now", "in_force"), [(20, (16, 18, 20, 23)), (21, (17, 19, 21, 24))])
def test_a_scheduled_multiplier_is_in_force_from_its_time_on(now: int, in_force: tuple[int, ...]) -> None:
    fields = {0: b"\x02", 192: u128(16) + u64(23, 18) + u128(17) + u64(24, 19), 256: u64(20, 21)}
    stock = StockAccount.read(laid_out(424, fields))
    read = (stock.multiplier_at(now), stock.epoch_at(now), stock.version_at(now), stock.f64_at(now))
    assert read == in_force


def test_nothing_scheduled_leaves_the_multiplier_as_it_is() -> None:
    stock = StockAccount.read(laid_out(424, {0: b"\x02", 192: u128(16), 224: u128(17), 256: u64(20, 0)}))
    assert (stock.multiplier_at(2**40), stock.version_at(2**40)) == (16, 20)


def test_the_small_accounts_read_as_laid_out() -> None:
    assert UsedAccount.read(b"\x03\x12" + bytes(6) + u64(5)) == UsedAccount(18, 5)
    assert OperationAccount.read(b"\x07" + bytes(7) + struct.pack("<q", -1)) == OperationAccount(-1)
    lane = laid_out(104, {0: b"\x06", 8: h(2) + h(40), 72: u64(1, 2, 3, 600)})
    assert LaneAccount.read(lane) == LaneAccount(1, 2, 3, 600, MINT, h(40))
    redemption = laid_out(192, {0: b"\x04\x03\x02", 8: h(2) + h(3), 72: u64(7, 8, 9), 96: h(40) + h(41) + h(20)})
    assert RedemptionAccount.read(redemption) == RedemptionAccount(3, 2, MINT, HOLDER, 7, 8, 9, h(40), h(41), h(20))


def test_an_action_account_reads_as_laid_out() -> None:
    fields = {0: b"\x05\x02", 8: h(2) + h(30) + b"SPLF" + struct.pack("<III", 1, 2, 3), 88: u64(4, 5, 6)}
    fields |= {112: h(17) + h(7) + h(8), 208: u128(11) + u128(12), 248: u64(13, 15, 9, 10, 14), 288: h(16)}
    read = ActionAccount.read(laid_out(320, fields))
    numbers = (h(7), h(8), 9, 10, 11, 12, 13, 14, 15, h(16), h(17))
    assert read == ActionAccount(2, b"SPLF", MINT, h(30), 1, 2, 3, 4, 5, 6, *numbers)


@pytest.mark.parametrize(
    ("reader", "space", "tag"),
    [
        (IssuerAccount, 752, 1),
        (StockAccount, 424, 2),
        (UsedAccount, 16, 3),
        (RedemptionAccount, 192, 4),
        (ActionAccount, 320, 5),
        (LaneAccount, 104, 6),
        (OperationAccount, 16, 7),
    ],
)
def test_an_account_of_another_size_or_kind_is_refused(
    reader: Any,
    space: int,
    tag: int,
) -> None:
    for data in (bytes([tag]) + bytes(space), bytes([tag]) + bytes(space - 2), bytes([tag + 1]) + bytes(space - 1), b""):
        with pytest.raises(Malformed, match="were not such an account"):
            reader.read(data)
    assert reader.read(bytes([tag]) + bytes(space - 1)) is not None
