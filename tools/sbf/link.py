"""Links one relocatable BPF object into a Solana program: `link(object, "v0")`.

It refuses whatever it does not know: a program that was linked wrongly would still load, and do something else.
Sources: the ELF-64 layout (`elf.h`), LLVM's BPF relocations, and what the loader of LiteSVM took and refused.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

ENTRYPOINT = "entrypoint"
# Rust wants a panic handler, here an endless loop; nothing may lead to it. Later releases put their own words before its name.
PANIC_HANDLER = "rust_begin_unwind"
FORMATS = ("v0", "v3")
SYSCALLS = frozenset({
    "abort", "sol_panic_", "sol_log_", "sol_log_64_", "sol_log_compute_units_", "sol_log_pubkey", "sol_log_data",
    "sol_create_program_address", "sol_try_find_program_address", "sol_sha256", "sol_keccak256",
    "sol_get_clock_sysvar", "sol_get_rent_sysvar", "sol_get_sysvar", "sol_get_return_data", "sol_set_return_data",
    "sol_invoke_signed_c", "sol_memcpy_", "sol_memmove_", "sol_memset_", "sol_memcmp_", "sol_remaining_compute_units",
    "sol_get_stack_height",
})  # fmt: skip

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_REL = struct.Struct("<QQ")
_INSTRUCTION = struct.Struct("<BBhi")
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_ET_REL, _ET_DYN, _EM_BPF = 1, 3, 247
_PROGBITS, _SYMTAB, _STRTAB, _RELA, _NOBITS, _REL_TYPE, _DYNSYM = 1, 2, 3, 4, 8, 9, 11
_WRITE, _ALLOC, _EXECUTE = 1, 2, 4
_R_BPF_64_64, _R_BPF_64_32 = 1, 10
_STACK_BYTES, _FRAME = 4096, 10
_RODATA_BASE, _TEXT_BASE_V3 = 0x1_0000_0000, 0x1_0000_0000
_TEXT_OFFSET = _HEADER.size + 2 * _SEGMENT.size
_SECTIONS_V0 = (".text", ".rodata", ".dynsym", ".dynstr")
_LDDW, _CALL, _CALLX, _EXIT, _JUMP = 0x18, 0x85, 0x8D, 0x95, 0x05
_LOADS = {0x61: 4, 0x69: 2, 0x71: 1, 0x79: 8}
_STORES = {0x62: 4, 0x6A: 2, 0x72: 1, 0x7A: 8, 0x63: 4, 0x6B: 2, 0x73: 1, 0x7B: 8}
_BIG_ENDIAN = 0xDC
_ALU64 = frozenset({op | source | 7 for op in range(0, 0xD0, 16) for source in (0, 8)}) - {0x8F}
_BRANCHES = frozenset({op | source | 5 for op in range(0x10, 0xE0, 16) for source in (0, 8)}) - {_CALL, _CALLX, _EXIT, 0x9D}
_DIVISIONS, _MOVES = frozenset({0x37, 0x3F, 0x97, 0x9F}), frozenset({0xB7, 0xBF})


class LinkRefused(Exception):
    """The object holds something that a program must not have; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the object; `rel` sections say by `info` which section they change."""

    name: str
    kind: int
    flags: int
    link: int
    info: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol of the object: `section` 0 means that nobody defines it."""

    name: str
    section: int
    value: int


@dataclass(frozen=True, slots=True)
class Program:
    """What was linked, addresses not yet given: rodata is one block, syscalls stand by instruction."""

    text: bytearray
    rodata: bytes
    entry: int
    handler: int
    pointers: dict[int, int]
    syscalls: dict[int, str]


def link(relocatable: bytes, form: str = "v0") -> bytes:
    """The program of an object. Raises `LinkRefused`."""
    if form not in FORMATS:
        raise LinkRefused(f"link: format {form} is not known, only {', '.join(FORMATS)}")
    program = read_program(relocatable)
    check_instructions(program)
    return write_v0(program) if form == "v0" else write_v3(program)


# Reading


def read_sections(image: bytes) -> list[Section]:
    """All sections of a relocatable object."""
    try:
        head = _HEADER.unpack_from(image)
        if head[0] != _IDENT or head[1] != _ET_REL or head[2] != _EM_BPF:
            raise LinkRefused("object: not a relocatable little-endian 64-bit BPF object")
        raw = [_SECTION.unpack_from(image, head[6] + index * _SECTION.size) for index in range(head[12])]
        names = raw[head[13]]
        texts = image[names[4] : names[4] + names[5]]
    except (struct.error, IndexError) as failure:
        raise LinkRefused(f"object: cut off or damaged: {failure}") from failure
    sections = []
    for name, kind, flags, _, offset, size, following, info, _, _ in raw:
        data = b"" if kind == _NOBITS else image[offset : offset + size]
        if kind == _NOBITS and size:
            raise LinkRefused(f"section {text_at(texts, name)}: zeroed data is not possible in a program")
        if len(data) != size:
            raise LinkRefused(f"section {text_at(texts, name)}: cut off")
        sections.append(Section(text_at(texts, name), kind, flags, following, info, data))
    return sections


def text_at(texts: bytes, start: int) -> str:
    """A name of a string table."""
    return texts[start : texts.index(b"\0", start)].decode()


def read_symbols(sections: list[Section]) -> list[Symbol]:
    """The symbols of the only symbol table; a section's own symbol carries the section's name."""
    tables = [section for section in sections if section.kind == _SYMTAB]
    if len(tables) != 1:
        raise LinkRefused(f"object: {len(tables)} symbol tables, one is needed")
    texts = sections[tables[0].link].data
    symbols = []
    for name, _, _, section, value, _ in _SYMBOL.iter_unpack(tables[0].data):
        symbols.append(Symbol(text_at(texts, name), section, value))
    return symbols


def read_program(image: bytes) -> Program:
    """The code and constants of an object with its relocations understood."""
    sections = read_sections(image)
    symbols = read_symbols(sections)
    text_index = only_text(sections)
    rodata, bases = joined_rodata(sections, text_index)
    handler = next((each.value for each in symbols if each.name.endswith(PANIC_HANDLER) and each.section == text_index), -1)
    program = Program(bytearray(sections[text_index].data), rodata, entry_of(symbols, text_index), handler, {}, {})
    for relocation in sections:
        if relocation.kind not in (_REL_TYPE, _RELA) or not relocation.data:
            continue
        target = sections[relocation.info]
        if not target.flags & _ALLOC:
            continue
        if relocation.kind == _RELA:
            raise LinkRefused(f"section {relocation.name}: relocations with addends are not known")
        if relocation.info != text_index:
            raise LinkRefused(f"section {target.name}: holds pointers, and a program has no pointer tables")
        for offset, info in _REL.iter_unpack(relocation.data):
            relocate(program, offset, info & 0xFFFFFFFF, symbols[info >> 32], text_index, bases)
    return program


def only_text(sections: list[Section]) -> int:
    """Where the one section of code stands."""
    found = [index for index, section in enumerate(sections) if section.flags & _EXECUTE and section.data]
    names = [sections[index].name for index in found]
    if names != [".text"]:
        # core's panics are small enough to be compiled in, and as cold code they go to a section of their own.
        raise LinkRefused(f"object: code in {names}, all of it belongs in one .text; .text.unlikely is a panic's")
    if len(sections[found[0]].data) % 8:
        raise LinkRefused("section .text: not a whole number of instructions")
    return found[0]


def joined_rodata(sections: list[Section], text_index: int) -> tuple[bytes, dict[int, int]]:
    """All constants as one block, each section on 8 bytes, and where each begins in it."""
    block, bases = b"", {}
    for index, section in enumerate(sections):
        if index == text_index or not section.flags & _ALLOC or not section.data:
            continue
        if section.flags & _WRITE:
            raise LinkRefused(f"section {section.name}: can be written, and a program has no memory of its own")
        if section.kind != _PROGBITS or not section.name.startswith(".rodata"):
            raise LinkRefused(f"section {section.name}: neither code nor constants")
        block += bytes(-len(block) % 8)
        bases[index] = len(block)
        block += section.data
    return block, bases


def entry_of(symbols: list[Symbol], text_index: int) -> int:
    """Where the program begins, in bytes of `.text`."""
    found = [symbol.value for symbol in symbols if symbol.name == ENTRYPOINT and symbol.section == text_index]
    if len(found) != 1:
        raise LinkRefused(f"object: {len(found)} functions are called {ENTRYPOINT}, one is needed")
    return found[0]


def relocate(program: Program, offset: int, kind: int, symbol: Symbol, text_index: int, bases: dict[int, int]) -> None:
    """Take one relocation into the program: a pointer to a constant, a call of ours, or a syscall."""
    if offset % 8 or offset + 8 > len(program.text):
        raise LinkRefused(f"relocation at {offset}: outside the code")
    opcode, _, _, immediate = _INSTRUCTION.unpack_from(program.text, offset)
    where = f"relocation at {offset} of {symbol.name or 'a section'}"
    if kind == _R_BPF_64_64 and opcode == _LDDW:
        if symbol.section == text_index:
            raise LinkRefused(f"{where}: a function's address is taken, and calls go by name only")
        if symbol.section not in bases:
            raise LinkRefused(f"{where}: undefined symbol")
        high = _INSTRUCTION.unpack_from(program.text, offset + 8)[3]
        at = bases[symbol.section] + symbol.value + immediate
        if high or not 0 <= at <= len(program.rodata):
            raise LinkRefused(f"{where}: outside the constants")
        program.pointers[offset] = at
    elif kind == _R_BPF_64_32 and opcode == _CALL:
        if symbol.section == text_index:
            target = symbol.value + (immediate + 1) * 8
            _INSTRUCTION.pack_into(program.text, offset, _CALL, 1 << 4, 0, (target - offset) // 8 - 1)
        elif symbol.section == 0 and symbol.name in SYSCALLS and immediate == -1:
            program.syscalls[offset] = symbol.name
        else:
            raise LinkRefused(f"{where}: undefined symbol; is it a panic, a division or a copy that core would serve?")
    else:
        raise LinkRefused(f"{where}: relocation type {kind} on instruction {opcode:#04x} is not known")


# Checking


def instructions(text: bytes | bytearray) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Offset, opcode, destination, source, jump and immediate of each instruction; a wide one counts once."""
    at = 0
    while at < len(text):
        opcode, registers, jump, immediate = _INSTRUCTION.unpack_from(text, at)
        yield at, opcode, registers & 15, registers >> 4, jump, immediate
        if opcode == _LDDW and (at + 16 > len(text) or text[at + 8 : at + 12] != bytes(4)):
            raise LinkRefused(f"instruction at {at}: wide constant without its second half")
        at += 16 if opcode == _LDDW else 8


def check_instructions(program: Program) -> None:
    """Refuse what the loader would run differently from what the compiler meant, or not at all."""
    starts = {at for at, *_ in instructions(program.text)}
    if program.entry not in starts:
        raise LinkRefused("entrypoint: not at an instruction")
    opcode = -1
    for at, opcode, destination, source, jump, immediate in instructions(program.text):
        where = f"instruction {opcode:#04x} at {at}"
        if opcode in _ALU64 or opcode in (_BIG_ENDIAN, _LDDW):
            check_arithmetic(where, opcode, destination, source, jump, immediate)
        elif opcode in _LOADS or opcode in _STORES:
            check_access(where, opcode, destination, source, jump)
        elif opcode in _BRANCHES or opcode == _JUMP:
            if at + 8 + jump * 8 not in starts:
                raise LinkRefused(f"{where}: jumps out of the code")
            if opcode == _JUMP and jump == -1 and at != program.handler:
                raise LinkRefused(f"{where}: loops for ever, as a panic does")
        elif opcode == _CALL:
            inside = source == 1 and jump == 0 and immediate != -1 and at + 8 + immediate * 8 in starts
            if at not in program.syscalls and not inside:
                raise LinkRefused(f"{where}: calls out of the code")
            if inside and at + 8 + immediate * 8 == program.handler:
                raise LinkRefused(f"{where}: calls the panic handler")
        elif opcode != _EXIT:
            raise LinkRefused(f"{where}: {family(opcode)} not known to every program format")
    if opcode not in (_EXIT, _JUMP):
        raise LinkRefused("section .text: the last instruction runs on past the end")


def check_arithmetic(where: str, opcode: int, destination: int, source: int, jump: int, immediate: int) -> None:
    """Arithmetic is unsigned, on whole registers, and leaves the frame pointer alone."""
    if destination >= _FRAME:
        raise LinkRefused(f"{where}: the frame pointer is written")
    if opcode in _DIVISIONS and jump:
        raise LinkRefused(f"{where}: signed division is not known")
    if opcode in _MOVES and jump:
        raise LinkRefused(f"{where}: sign-extending move is not known")
    if jump or source > _FRAME or (opcode == _LDDW and source):
        raise LinkRefused(f"{where}: fields that must be zero are not")
    if opcode in (0x37, 0x97) and not immediate:
        raise LinkRefused(f"{where}: division by zero")


def check_access(where: str, opcode: int, destination: int, source: int, jump: int) -> None:
    """Loads and stores by the frame pointer stay within the frame."""
    base, size = (source, _LOADS[opcode]) if opcode in _LOADS else (destination, _STORES[opcode])
    if base == _FRAME and not -_STACK_BYTES <= jump <= -size:
        raise LinkRefused(f"{where}: touches {jump} from the frame pointer, outside the frame of {_STACK_BYTES} bytes")
    if base > _FRAME or (opcode in _LOADS and destination >= _FRAME):
        raise LinkRefused(f"{where}: the frame pointer is written")


def family(opcode: int) -> str:
    """What an instruction that is refused belongs to."""
    if opcode == _CALLX:
        return "call by register,"
    if opcode in (0xC3, 0xDB):
        return "atomic instruction,"
    return {4: "32-bit arithmetic,", 6: "32-bit jump,"}.get(opcode & 7, "instruction")


def murmur3(name: str) -> int:
    """The 32-bit hash by which a program of format v3 names a syscall."""
    data, state = name.encode(), 0
    blocks = data + bytes(-len(data) % 4)
    for at in range(0, len(blocks), 4):
        word = int.from_bytes(blocks[at : at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        state ^= (word << 15 | word >> 17) * 0x1B873593 & 0xFFFFFFFF
        if at + 4 <= len(data):
            state = ((state << 13 | state >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    state = (state ^ state >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return state ^ state >> 16


# Writing


def put_pointers(program: Program, base: int) -> bytearray:
    """The code with each pointer to a constant written in full."""
    text = bytearray(program.text)
    for offset, at in program.pointers.items():
        struct.pack_into("<I", text, offset + 4, (base + at) & 0xFFFFFFFF)
        struct.pack_into("<I", text, offset + 12, (base + at) >> 32)
    return text


def header(entry: int, flags: int, sections_at: int, sections: int) -> bytes:
    """The ELF header of a program of two segments; the last section has the names."""
    counts = (_HEADER.size, _SEGMENT.size, 2, _SECTION.size if sections else 0, sections, max(sections - 1, 0))
    return _HEADER.pack(_IDENT, _ET_DYN, _EM_BPF, 1, entry, _HEADER.size, sections_at, flags, *counts)


def write_v3(program: Program) -> bytes:
    """Constants at address 0, code at 2**32, no sections; syscalls are hashes."""
    text = put_pointers(program, 0)
    for offset, name in program.syscalls.items():
        struct.pack_into("<BBhI", text, offset, _CALL, 0, 0, murmur3(name))
    rodata = program.rodata + bytes(-len(program.rodata) % 8)
    at = _TEXT_OFFSET
    segments = _SEGMENT.pack(1, 4, at, 0, 0, len(rodata), len(rodata), 8)
    segments += _SEGMENT.pack(1, 1, at + len(rodata), *[_TEXT_BASE_V3] * 2, len(text), len(text), 8)
    return header(_TEXT_BASE_V3 + program.entry, 3, 0, 0) + segments + rodata + bytes(text)


def write_v0(program: Program) -> bytes:
    """Address = offset, code first; each syscall is a relocation that the loader fills in by name.

    Sections only for what the loader looks up by its section, and one table for their names and the syscalls'.
    """
    rodata_at = _TEXT_OFFSET + len(program.text)
    text = put_pointers(program, _RODATA_BASE + rodata_at)
    for offset in program.syscalls:
        _INSTRUCTION.pack_into(text, offset, _CALL, 0, 0, -1)
    names = sorted(set(program.syscalls.values()))
    rodata = program.rodata + bytes(-len(program.rodata) % 8)
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in (*_SECTIONS_V0, *names))
    places = {name: strings.index(b"\0" + name.encode() + b"\0") + 1 for name in (*_SECTIONS_V0, *names)}
    strings += bytes(-len(strings) % 8)
    symbols = bytes(_SYMBOL.size) + b"".join(_SYMBOL.pack(places[name], 0x10, 0, 0, 0, 0) for name in names)
    relocations = b"".join(
        _REL.pack(_TEXT_OFFSET + offset, names.index(name) + 1 << 32 | _R_BPF_64_32)
        for offset, name in sorted(program.syscalls.items())
    )
    symbols_at = rodata_at + len(rodata)
    strings_at = symbols_at + len(symbols)
    relocations_at = strings_at + len(strings)
    dynamic_at = relocations_at + len(relocations)
    tags = [(6, symbols_at), (11, _SYMBOL.size), (5, strings_at), (10, len(strings))]
    tags += [(17, relocations_at), (18, len(relocations)), (19, _REL.size)] if relocations else []
    dynamic = b"".join(_REL.pack(*tag) for tag in [*tags, (0, 0)])
    sections_at = dynamic_at + len(dynamic)
    count = 4 if rodata else 3
    parts = [
        (_PROGBITS, _ALLOC | _EXECUTE, _TEXT_OFFSET, len(text), 0, 0, 8, 0),
        (_PROGBITS, _ALLOC, rodata_at, len(rodata), 0, 0, 8, 0),
        (_DYNSYM, _ALLOC, symbols_at, len(symbols), count, 1, 8, _SYMBOL.size),
        (_STRTAB, _ALLOC, strings_at, len(strings), 0, 0, 1, 0),
    ]
    table = bytes(_SECTION.size)
    for name, (kind, flags, at, size, *more) in zip(_SECTIONS_V0, parts, strict=True):
        if size:  # a section without content would stand where the next one is looked for
            table += _SECTION.pack(places[name], kind, flags, at, at, size, *more)
    segments = _SEGMENT.pack(1, 5, *[_TEXT_OFFSET] * 3, *[sections_at - _TEXT_OFFSET] * 2, 8)
    segments += _SEGMENT.pack(2, 4, *[dynamic_at] * 3, *[len(dynamic)] * 2, 8)
    head = header(_TEXT_OFFSET + program.entry, 0, sections_at, count + 1)
    return head + segments + bytes(text) + rodata + symbols + strings + relocations + dynamic + table
