"""The linker of the Solana program: what it makes runs in both formats, and what it does not know it refuses."""

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction
from solders.transaction_metadata import TransactionMetadata
from tests.tools.objects import (
    ALLOC,
    CALL,
    EXECUTE,
    EXIT,
    FINE,
    NOBITS,
    POINTER,
    RELA,
    WRITE,
    ZERO,
    Piece,
    Relocation,
    call,
    op,
    relocatable,
    wide,
)  # fmt: skip

from sbf.link import FORMATS, SYSCALLS, LinkRefused, link, murmur3

TEXT = Piece(".rodata", b"said by the program")
GREETING = wide(1) + op(0xB7, 2, 0, 0, 4) + call() + ZERO + EXIT
GREETED = [Relocation(0, ".rodata", POINTER), Relocation(24, "sol_log_", CALL)]
SYMBOLS = (("entrypoint", ".text", 0), ("sol_log_", "", 0))


def run(program: bytes) -> TransactionMetadata:
    """The program's answer to an empty instruction."""
    chain, payer, address = LiteSVM(), Keypair(), Pubkey.new_unique()
    chain.airdrop(payer.pubkey(), 10**9)
    chain.add_program(address, program)
    message = Message([Instruction(address, b"", [])], payer.pubkey())
    done = chain.send_transaction(Transaction([payer], message, chain.latest_blockhash()))
    assert isinstance(done, TransactionMetadata), done
    return done


def said(program: bytes) -> list[str]:
    return [line.removeprefix("Program log: ") for line in run(program).logs() if line.startswith("Program log: ")]


def refusal(relocated: bytes, form: str = "v0") -> str:
    with pytest.raises(LinkRefused) as refused:
        link(relocated, form)
    return str(refused.value)


# What it makes


@pytest.mark.parametrize("form", FORMATS)
def test_link__constant_and_syscall__program_says_the_constant(form: str) -> None:
    assert said(link(relocatable(GREETING, [TEXT], GREETED, SYMBOLS), form)) == ["said"]


@pytest.mark.parametrize("form", FORMATS)
def test_link__constants_in_several_sections__each_is_found(form: str) -> None:
    greeting = wide(1, 8) + op(0xB7, 2, 0, 0, 2) + call() + wide(1) + op(0xB7, 2, 0, 0, 3) + call() + ZERO + EXIT
    pieces = [Piece(".rodata.cst", b"0123456789"), Piece(".rodata.str", b"abcdef")]
    relocations = [Relocation(0, ".rodata.cst", POINTER), Relocation(24, "sol_log_", CALL)]
    relocations += [Relocation(32, ".rodata.str", POINTER), Relocation(56, "sol_log_", CALL)]
    assert said(link(relocatable(greeting, pieces, relocations, SYMBOLS), form)) == ["89", "abc"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("by", ["symbol", "section"])
def test_link__call_of_its_own__reaches_the_function(form: str, by: str) -> None:
    text = op(0xB7, 1, 0, 0, 40) + call(-1 if by == "symbol" else 3) + op(0x07, 0, 0, 0, -42) + EXIT
    text += op(0xBF, 0, 1) + op(0x07, 0, 0, 0, 2) + EXIT
    relocation = Relocation(8, "two_more" if by == "symbol" else ".text", CALL)
    symbols = (("entrypoint", ".text", 0), ("two_more", ".text", 32))
    run(link(relocatable(text, [], [relocation], symbols), form))


@pytest.mark.parametrize("form", FORMATS)
def test_link__entrypoint_behind_other_functions__starts_there(form: str) -> None:
    text = op(0xB7, 0, 0, 0, 7) + EXIT + FINE
    run(link(relocatable(text, symbols=(("entrypoint", ".text", 16),)), form))


@pytest.mark.parametrize("form", FORMATS)
def test_link__every_syscall_it_knows__is_one_that_the_loader_knows(form: str) -> None:
    names = sorted(SYSCALLS)
    text = FINE + b"".join(call() for _ in names) + EXIT
    relocations = [Relocation(16 + 8 * index, name, CALL) for index, name in enumerate(names)]
    symbols = (("entrypoint", ".text", 0), *((name, "", 0) for name in names))
    run(link(relocatable(text, [], relocations, symbols), form))


def test_link__whole_frame__may_be_touched() -> None:
    text = op(0x7A, 10, 0, -4096, 5) + op(0x72, 10, 0, -1, 5) + op(0x79, 0, 10, -4096) + op(0x07, 0, 0, 0, -5) + EXIT
    for form in FORMATS:
        run(link(relocatable(text), form))


def test_link__debug_sections__are_left_out() -> None:
    debug = Piece(".debug_info", bytes(999), 0)
    assert link(relocatable(FINE, [debug])) == link(relocatable(FINE))
    related = Relocation(0, ".text", 2, ".debug_info")
    assert link(relocatable(FINE, [debug], [related])) == link(relocatable(FINE))


def test_link__same_object__gives_the_same_bytes() -> None:
    greeting = relocatable(GREETING, [TEXT], GREETED, SYMBOLS)
    assert [link(greeting, form) for form in FORMATS] == [link(greeting, form) for form in FORMATS]


@pytest.mark.parametrize(
    ("name", "hashed"),
    [("entrypoint", 0x71E3CF81), ("abort", 0xB6FC1A11), ("sol_panic_", 0x686093BB), ("sol_log_", 0x207559BD)],
)
def test_murmur3__known_names__known_hashes(name: str, hashed: int) -> None:
    assert murmur3(name) == hashed


# What it refuses: sections


@pytest.mark.parametrize(
    ("piece", "says"),
    [
        (Piece(".text.unlikely.", FINE, ALLOC | EXECUTE), "all of it belongs in one .text; .text.unlikely is a panic's"),
        (Piece(".text.more", FINE, ALLOC | EXECUTE), "all of it belongs in one .text"),
        (Piece(".data", bytes(8), ALLOC | WRITE), "section .data: can be written"),
        (Piece(".data.rel.ro", bytes(8), ALLOC | WRITE), "section .data.rel.ro: can be written"),
        (Piece(".tdata", bytes(8), ALLOC | WRITE | 0x400), "section .tdata: can be written"),
        (Piece(".bss", bytes(8), ALLOC | WRITE, NOBITS), "section .bss: zeroed data"),
        (Piece(".eh_frame", bytes(8)), "section .eh_frame: neither code nor constants"),
        (Piece(".init_array", bytes(8), ALLOC, 14), "section .init_array: neither code nor constants"),
    ],
)
def test_link__section_that_a_program_cannot_have__is_refused(piece: Piece, says: str) -> None:
    assert says in refusal(relocatable(FINE, [piece]))


def test_link__empty_section_of_such_a_kind__is_nothing() -> None:
    empty = [Piece(".data", b"", ALLOC | WRITE), Piece(".bss", b"", ALLOC | WRITE, NOBITS)]
    assert link(relocatable(FINE, empty)) == link(relocatable(FINE))


def test_link__no_code__is_refused() -> None:
    assert "code in []" in refusal(relocatable(b""))


def test_link__pointer_table__is_refused() -> None:
    table = [Piece(".rodata", bytes(16))]
    assert "section .rodata: holds pointers" in refusal(relocatable(FINE, table, [Relocation(0, ".text", 2, ".rodata")]))


def test_link__half_an_instruction__is_refused() -> None:
    assert "not a whole number of instructions" in refusal(relocatable(FINE + b"\x95"))


# What it refuses: relocations and symbols


@pytest.mark.parametrize("kind", [0, 2, 3, 4, 11])
def test_link__relocation_of_another_kind__is_refused(kind: int) -> None:
    assert f"relocation type {kind} " in refusal(relocatable(GREETING, [TEXT], [Relocation(0, ".rodata", kind)], SYMBOLS))


@pytest.mark.parametrize(("kind", "offset"), [(POINTER, 24), (CALL, 0), (POINTER, 32), (CALL, 40)])
def test_link__relocation_on_an_instruction_of_another_kind__is_refused(kind: int, offset: int) -> None:
    relocation = Relocation(offset, ".rodata", kind)
    assert f"relocation type {kind} on instruction" in refusal(relocatable(GREETING, [TEXT], [relocation], SYMBOLS))


def test_link__relocation_with_addend__is_refused() -> None:
    relocation = Relocation(0, ".rodata", POINTER, table=RELA)
    assert "relocations with addends" in refusal(relocatable(GREETING, [TEXT], [relocation], SYMBOLS))


@pytest.mark.parametrize("offset", [4, len(GREETING), 2**40])
def test_link__relocation_outside_the_code__is_refused(offset: int) -> None:
    relocation = Relocation(offset, ".rodata", POINTER)
    assert f"relocation at {offset}: outside the code" in refusal(relocatable(GREETING, [TEXT], [relocation], SYMBOLS))


def test_link__address_of_a_function__is_refused() -> None:
    text = wide(1) + FINE
    assert "a function's address is taken" in refusal(relocatable(text, [], [Relocation(0, ".text", POINTER)]))


@pytest.mark.parametrize("low", [-1, 20, 2**31 - 1])
def test_link__pointer_outside_the_constants__is_refused(low: int) -> None:
    text = wide(1, low) + FINE
    assert "outside the constants" in refusal(relocatable(text, [TEXT], [Relocation(0, ".rodata", POINTER)]))


def test_link__pointer_with_a_high_half__is_refused() -> None:
    text = wide(1, 0, 1) + FINE
    assert "outside the constants" in refusal(relocatable(text, [TEXT], [Relocation(0, ".rodata", POINTER)]))


@pytest.mark.parametrize("name", ["memcpy", "sol_log", "__multi3", "_ZN4core9panicking5panic17h0123456789abcdefE"])
def test_link__symbol_that_nobody_defines__is_refused(name: str) -> None:
    symbols = (("entrypoint", ".text", 0), (name, "", 0))
    assert f"of {name}: undefined symbol" in refusal(relocatable(call() + FINE, [], [Relocation(0, name, CALL)], symbols))
    unknown = relocatable(wide(1) + FINE, [], [Relocation(0, name, POINTER)], symbols)
    assert f"of {name}: undefined symbol" in refusal(unknown)


def test_link__syscall_with_an_offset__is_refused() -> None:
    broken = relocatable(call(3) + FINE + FINE, [], [Relocation(0, "sol_log_", CALL)], SYMBOLS)
    assert "of sol_log_: undefined symbol" in refusal(broken)


@pytest.mark.parametrize(
    ("symbols", "count"),
    [((), 0), ((("entrypoint", "", 0),), 0), ((("entrypoint", ".text", 0), ("entrypoint", ".text", 8)), 2)],
)
def test_link__not_exactly_one_entrypoint__is_refused(symbols: tuple[tuple[str, str, int], ...], count: int) -> None:
    assert f"object: {count} functions are called entrypoint" in refusal(relocatable(symbols=symbols))


@pytest.mark.parametrize("value", [4, 8, 16, 2**40])
def test_link__entrypoint_not_at_an_instruction__is_refused(value: int) -> None:
    text = wide(0)
    assert "entrypoint: not at an instruction" in refusal(relocatable(text, symbols=(("entrypoint", ".text", value),)))


# What it refuses: instructions

ALU32 = [code | source | 4 for code in range(0, 0xD0, 16) for source in (0, 8)]
JUMP32 = [code | source | 6 for code in range(0, 0xE0, 16) for source in (0, 8)]


@pytest.mark.parametrize("code", ALU32)
def test_link__32_bit_arithmetic__is_refused(code: int) -> None:
    assert f"instruction {code:#04x} at 0: 32-bit arithmetic" in refusal(relocatable(op(code, 1, 0, 0, 1) + FINE))


@pytest.mark.parametrize("code", JUMP32)
def test_link__32_bit_jump__is_refused(code: int) -> None:
    assert f"instruction {code:#04x} at 0: 32-bit jump" in refusal(relocatable(op(code, 1) + FINE))


@pytest.mark.parametrize("code", [0xC3, 0xDB])
def test_link__atomic_instruction__is_refused(code: int) -> None:
    assert "atomic instruction" in refusal(relocatable(op(code, 10, 1, -8) + FINE))


@pytest.mark.parametrize("code", [0x37, 0x3F, 0x97, 0x9F])
def test_link__signed_division__is_refused(code: int) -> None:
    assert "signed division" in refusal(relocatable(op(code, 1, 0, 1, 3) + FINE))


@pytest.mark.parametrize("code", [0xB7, 0xBF])
def test_link__sign_extending_move__is_refused(code: int) -> None:
    assert "sign-extending move" in refusal(relocatable(op(code, 1, 0, 8) + FINE))


def test_link__call_by_register__is_refused() -> None:
    assert "call by register" in refusal(relocatable(op(0x8D, 1) + FINE))


@pytest.mark.parametrize("code", [0x00, 0x20, 0x28, 0x30, 0x40, 0x81, 0x89, 0x91, 0x99, 0xD4, 0xD7, 0xDF, 0xE5, 0xFF])
def test_link__instruction_that_not_every_format_has__is_refused(code: int) -> None:
    assert f"instruction {code:#04x} at 0: " in refusal(relocatable(op(code, 1, 0, 0, 16) + FINE))


@pytest.mark.parametrize("code", [0x37, 0x97])
def test_link__division_by_a_constant_zero__is_refused(code: int) -> None:
    assert "division by zero" in refusal(relocatable(op(code, 1) + FINE))


@pytest.mark.parametrize(
    "text",
    [op(0x0F, 1, 2, 5), op(0x0F, 1, 12), wide(1)[:2] + b"\1\0" + wide(1)[4:], op(0x18, 1, 1) + bytes(8)],
)
def test_link__field_that_must_be_zero__is_refused(text: bytes) -> None:
    assert "fields that must be zero are not" in refusal(relocatable(text + FINE))


@pytest.mark.parametrize("code", [0x05, 0x15, 0x1D, 0x55, 0xD5])
@pytest.mark.parametrize("jump", [-2, 5, 1, 32767, -32768])
def test_link__jump_out_of_the_code_or_into_a_wide_constant__is_refused(code: int, jump: int) -> None:
    text = op(code, 1, 0, jump) + wide(1) + FINE
    assert "jumps out of the code" in refusal(relocatable(text))


@pytest.mark.parametrize("immediate", [-2, 5, 1, -1, 2**31 - 1])
def test_link__call_out_of_the_code_or_of_itself__is_refused(immediate: int) -> None:
    assert "calls out of the code" in refusal(relocatable(call(immediate) + wide(1) + FINE))


HANDLED = (("entrypoint", ".text", 0), ("rust_begin_unwind", ".text", 16))
FOR_EVER = op(0x05, 0, 0, -1)


@pytest.mark.parametrize("name", ["rust_begin_unwind", "_RNvCs1abcDEF_7___rustc17rust_begin_unwind"])
def test_link__panic_handler_that_nothing_leads_to__may_stand(name: str) -> None:
    run(link(relocatable(FINE + FOR_EVER, symbols=(("entrypoint", ".text", 0), (name, ".text", 16)))))


def test_link__way_into_the_panic_handler__is_refused() -> None:
    by_symbol = relocatable(call() + EXIT + FOR_EVER, [], [Relocation(0, "rust_begin_unwind", CALL)], HANDLED)
    assert "calls the panic handler" in refusal(by_symbol)
    assert "calls the panic handler" in refusal(relocatable(call(1) + EXIT + FOR_EVER, symbols=HANDLED))


def test_link__panic_handler_compiled_into_the_code__is_refused() -> None:
    assert "loops for ever, as a panic does" in refusal(relocatable(FOR_EVER + EXIT + FOR_EVER, symbols=HANDLED))
    assert "loops for ever, as a panic does" in refusal(relocatable(FOR_EVER))


def test_link__call_that_could_be_read_as_a_syscall__is_refused() -> None:
    assert "calls out of the code" in refusal(relocatable(call(0, source=0) + FINE))
    assert "calls out of the code" in refusal(relocatable(call(0x207559BD, source=0) + FINE))


@pytest.mark.parametrize(
    ("code", "size"),
    [(0x61, 4), (0x69, 2), (0x71, 1), (0x79, 8), (0x62, 4), (0x6A, 2), (0x72, 1), (0x7A, 8), (0x63, 4), (0x7B, 8)],
)
def test_link__access_outside_the_frame__is_refused(code: int, size: int) -> None:
    loads = code in (0x61, 0x69, 0x71, 0x79)
    registers = (1, 10) if loads else (10, 1)
    for fine in (-4096, -size):
        link(relocatable(op(code, *registers, fine) + FINE))
    for wrong in (-4097, 1 - size, 0, 8):
        assert "outside the frame of 4096 bytes" in refusal(relocatable(op(code, *registers, wrong) + FINE))


@pytest.mark.parametrize(
    "text", [op(0x07, 10, 0, 0, 8), op(0xBF, 10, 1), op(0x79, 10, 1), wide(10), op(0xB7, 11), op(0xDC, 10, 0, 0, 64)]
)
def test_link__write_to_the_frame_pointer__is_refused(text: bytes) -> None:
    assert "the frame pointer is written" in refusal(relocatable(text + FINE))


@pytest.mark.parametrize("text", [ZERO, EXIT + ZERO, op(0x15, 0, 0, -1), wide(1)])
def test_link__code_that_runs_on_past_its_end__is_refused(text: bytes) -> None:
    assert "runs on past the end" in refusal(relocatable(text))


@pytest.mark.parametrize("text", [FINE + wide(1)[:8], op(0x18, 1) + FINE])
def test_link__half_a_wide_constant__is_refused(text: bytes) -> None:
    assert "wide constant without its second half" in refusal(relocatable(text))


# What it refuses: files


@pytest.mark.parametrize(
    "wrong",
    [
        relocatable(machine=62), relocatable(kind=3), relocatable(ident=b"\x7fELF\x01\x01\x01"),
        relocatable(ident=b"\x7fELF\x02\x02\x01"), b"MZ" + bytes(98),
    ],
)  # fmt: skip
def test_link__file_of_another_kind__is_refused(wrong: bytes) -> None:
    assert refusal(wrong) == "object: not a relocatable little-endian 64-bit BPF object"


def test_link__file_cut_off_anywhere__is_refused() -> None:
    whole = relocatable(GREETING, [TEXT], GREETED, SYMBOLS)
    for end in range(len(whole)):
        refusal(whole[:end])


def test_link__format_that_is_not_known__is_refused() -> None:
    assert refusal(relocatable(), "v4") == "link: format v4 is not known, only v0, v3"
