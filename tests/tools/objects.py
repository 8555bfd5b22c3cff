"""Hand-made relocatable BPF objects: each piece as it is told, so that a test can put one thing wrong."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

WRITE, ALLOC, EXECUTE = 1, 2, 4
PROGBITS, SYMTAB, STRTAB, RELA, NOBITS, REL = 1, 2, 3, 4, 8, 9
POINTER, CALL = 1, 10


@dataclass(frozen=True)
class Piece:
    """A section: its name, content, flags and kind."""

    name: str
    data: bytes
    flags: int = ALLOC
    kind: int = PROGBITS


@dataclass(frozen=True)
class Relocation:
    """At `offset` of section `into`, by the symbol of that name; kinds are LLVM's."""

    offset: int
    symbol: str
    kind: int
    into: str = ".text"
    table: int = REL


def op(code: int, destination: int = 0, source: int = 0, jump: int = 0, immediate: int = 0) -> bytes:
    """One instruction."""
    return struct.pack("<BBhi", code, destination | source << 4, jump, immediate)


def wide(destination: int, low: int = 0, high: int = 0) -> bytes:
    """The instruction that loads 64 bits."""
    return op(0x18, destination, 0, 0, low) + op(0, 0, 0, 0, high)


def call(immediate: int = -1, source: int = 1) -> bytes:
    """A call as the compiler leaves it for the linker."""
    return op(0x85, 0, source, 0, immediate)


EXIT = op(0x95)
ZERO = op(0xB7)
FINE = ZERO + EXIT


def relocatable(
    text: bytes = FINE,
    pieces: Sequence[Piece] = (),
    relocations: Sequence[Relocation] = (),
    symbols: Sequence[tuple[str, str, int]] = (("entrypoint", ".text", 0),),
    machine: int = 247,
    kind: int = 1,
    ident: bytes = b"\x7fELF\x02\x01\x01",
) -> bytes:
    """An object. Symbols are (name, section or "" where undefined, value); each section has a symbol of its own name."""
    sections = [Piece("", b"", 0, 0), Piece(".text", text, ALLOC | EXECUTE), *pieces]
    places = {section.name: index for index, section in enumerate(sections)}
    listed = [("", 0, 0), *((name, places[name], 0) for name in places if name)]
    listed += [(name, places.get(section, 0), value) for name, section, value in symbols]
    names = [name for name, _, _ in listed]
    texts = b"\0"
    table = b""
    for name, section, value in listed:
        table += struct.pack("<IBBHQQ", len(texts) if name else 0, 0x10 if name else 0, 0, section, value, 0)
        texts += name.encode() + b"\0" if name else b""
    for into, relocation_kind in dict.fromkeys((each.into, each.table) for each in relocations):
        data = b""
        for each in relocations:
            if (each.into, each.table) == (into, relocation_kind):
                data += struct.pack("<QQ", each.offset, names.index(each.symbol) << 32 | each.kind)
                data += bytes(8) if relocation_kind == RELA else b""
        sections.append(Piece(f".rel{into}", data, places[into], relocation_kind))
    symbol_table = len(sections)
    sections += [Piece(".symtab", table, 0, SYMTAB), Piece(".strtab", texts, 0, STRTAB)]
    return assembled(sections, symbol_table, struct.pack("<16sHHI", ident, kind, machine, 1))


def assembled(sections: list[Piece], symbol_table: int, start: bytes) -> bytes:
    """Header, the sections' contents, their names, their table."""
    body, rows, names = b"", b"", b"\0"
    sections = [*sections, Piece(".shstrtab", b"", 0, STRTAB)]
    for section in sections[1:]:
        names += section.name.encode() + b"\0"
    sections[-1] = Piece(".shstrtab", names, 0, STRTAB)
    for section in sections:
        named = names.index(b"\0" + section.name.encode() + b"\0") + 1 if section.name else 0
        relocates = section.kind in (REL, RELA)
        flags, info = (0, section.flags) if relocates else (section.flags, 0)
        link = symbol_table if relocates else symbol_table + 1
        at, size = 64 + len(body), len(section.data)
        rows += struct.pack("<IIQQQQIIQQ", named, section.kind, flags, 0, at, size, link, info, 8, 0)
        body += b"" if section.kind == NOBITS else section.data
    head = start + struct.pack("<QQQIHHHHHH", 0, 0, 64 + len(body), 0, 64, 0, 0, 64, len(sections), len(sections) - 1)
    return head + body + rows
