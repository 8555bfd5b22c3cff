"""The operators for the Solana program: each takes one Rust source and gives every mutant that it can make.

A mutant is told by its place in the code's own words, as those of the contracts are.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.mutation.operators import Edit, Mutant
from tests.mutation.rust import Source

from sbf.build import STOCK

COMPARISONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
ARITHMETIC = {
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
    "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<=",
}  # fmt: skip
METHODS = {
    "wrapping_add": "wrapping_sub", "wrapping_sub": "wrapping_add", "wrapping_mul": "wrapping_add",
    "wrapping_shl": "wrapping_shr", "wrapping_shr": "wrapping_shl", "checked_add": "checked_sub", "checked_sub": "checked_add",
    "min": "max", "max": "min",
}  # fmt: skip
# Signatures that a row of the table asks for, and what is left when one is taken away.
SIGNATURES = {"BY_TWO": ("BY_ISSUER", "BY_ATTESTOR"), "BY_ACTION": ("BY_CORPORATE_ACTION", "BY_ATTESTOR")}
GUARD = "refuse_unless"
NO_REFUSAL = "9999"
# Only names of numbers: the words of each are compared by the tests of `program_errors`.
_NO_CODE = {"refusal.rs"}
_KEPT = {"let", "use", "const", "static", "fn", "#"}
_ENDS = {";", ",", "=", "=>", "return", "if", "while", "match", "let", "", "else"}


def sources() -> list[Path]:
    """The program's sources."""
    return [path for path in sorted((STOCK / "src").rglob("*.rs")) if path.name not in _NO_CODE]


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of one source; the same list for the same text."""
    source = Source(path)
    found: dict[tuple[int, int, str], Edit] = {}
    for edit in sorted(edits(source), key=lambda each: (each.start, each.end, each.operator, each.after)):
        found.setdefault((edit.start, edit.end, edit.after), edit)
    seen: Counter[str] = Counter()
    mutants = []
    places = [(source.span(each.first, each.last), each.name) for each in source.regions if each.first < each.last]
    for edit in found.values():
        where = next((name for (start, end), name in places if start <= edit.start < end), "")
        name = f"{path.stem}.{where}: {edit.operator}: {shown(source.text, edit)}"
        seen[name] += 1
        name += f" #{seen[name]}" if seen[name] > 1 else ""
        mutants.append(Mutant(name, path.name, edit.operator, source.text[: edit.start] + edit.after + source.text[edit.end :]))
    return mutants


def shown(text: str, edit: Edit) -> str:
    """The edit with the words around it, on one line."""
    first, last = text.rfind("\n", 0, edit.start) + 1, text.find("\n", edit.end)
    around = f"{text[first : edit.start]}[{text[edit.start : edit.end]} => {edit.after}]{text[edit.end : last]}"
    return re.sub(r"\s+", " ", around.split(" //", maxsplit=1)[0]).strip().replace("|", "/").replace("`", "'")


def edits(source: Source) -> Iterator[Edit]:
    """What all operators find."""
    yield from unguarded(source)
    yield from dropped(source)
    yield from compared(source)
    yield from calculated(source)
    yield from counted(source)
    yield from negated(source)
    yield from unasked(source)
    yield from swapped(source)


def unguarded(source: Source) -> Iterator[Edit]:
    """A guard that lets everything pass, and one that refuses with another number."""
    for index in source.within(functions_only=True):
        if source.words(index) == GUARD and source.words(index + 1) == "(":
            condition, number, *_ = source.arguments(index + 1)
            yield Edit("drop check", *source.span(*condition), "true")
            yield Edit("word", *source.span(*number), NO_REFUSAL)
        elif source.words(index) == "Err" and source.words(index + 1) == "(" and source.words(index - 1) != "::":
            yield Edit("drop check", *source.span(index, source.partner[index + 1] + 1), "Ok(())")


def dropped(source: Source) -> Iterator[Edit]:
    """A statement left out: a write, a call for its effect, a return, a break."""
    for first, last in source.statements():
        if source.words(first) in _KEPT or (source.words(first) == GUARD and source.words(first + 1) == "("):
            continue
        words = [source.words(index) for index in range(first, last)]
        operator = "drop write" if "=" in words or ".set(" in "".join(words) or ".put(" in "".join(words) else "drop call"
        yield Edit("drop end" if words[0] in {"return", "break"} else operator, *source.span(first, last), "")


def compared(source: Source) -> Iterator[Edit]:
    """Another comparison than the one that stands there."""
    for index in source.within():
        if source.words(index) in COMPARISONS and source.is_between_operands(index):
            for after in COMPARISONS[source.words(index)]:
                yield Edit("compare", *source.span(index, index + 1), after)


def calculated(source: Source) -> Iterator[Edit]:
    """The opposite calculation."""
    for index in source.within():
        words = source.words(index)
        if words in ARITHMETIC and source.is_between_operands(index):
            yield Edit("calculate", *source.span(index, index + 1), ARITHMETIC[words])
        elif words in METHODS and source.words(index - 1) == "." and source.words(index + 1) == "(":
            yield Edit("calculate", *source.span(index, index + 1), METHODS[words])


def counted(source: Source) -> Iterator[Edit]:
    """A number one higher, and one lower."""
    for index in source.within():
        token = source.tokens[index]
        if token.kind != "number" or source.words(index - 1) == ".":
            continue
        digits, kind = re.fullmatch(r"(0x[0-9a-fA-F_]+|[\d_]+)([iu]\w+)?", token.words).groups()  # type: ignore[union-attr]  # a number
        for after in (int(digits.replace("_", ""), 0) + 1, int(digits.replace("_", ""), 0) - 1):
            if after >= 0:
                yield Edit("count", token.start, token.end, f"{after}{kind or ''}")


def negated(source: Source) -> Iterator[Edit]:
    """A condition turned round, one part of it left out, a truth turned round."""
    for index in source.within(functions_only=True):
        words = source.words(index)
        if words in {"true", "false"}:
            yield Edit("negate", *source.span(index, index + 1), "false" if words == "true" else "true")
        elif words == "if" and source.words(index + 1) != "let":
            end = source.operand(index, 1, {"=>"})
            start, stop = source.span(index + 1, end + 1)
            yield Edit("negate", start, stop, f"!({source.text[start:stop]})")
        elif words in {"&&", "||"} and source.is_between_operands(index):
            neutral = "true" if words == "&&" else "false"
            stops = _ENDS | ({"&&", "||"} if words == "&&" else {"||"})
            left, right = source.operand(index, -1, stops), source.operand(index, 1, stops)
            yield Edit("negate", *source.span(left, index), neutral)
            yield Edit("negate", *source.span(index + 1, right + 1), neutral)


def unasked(source: Source) -> Iterator[Edit]:
    """A row of the table that asks for one signature less, or takes any account where it named one."""
    for region in source.regions:
        if region.name != "ROWS":
            continue
        for index in range(region.first, region.last):
            words, place = source.words(index), source.span(index, index + 1)
            if words.startswith("BY_"):
                for after in SIGNATURES.get(words, ("0",)):
                    yield Edit("drop signature", *place, after)
            elif source.tokens[index].kind == "word" and words.isupper() and words not in {"ANY", "VARIABLE"}:
                yield Edit("drop account", *place, "ANY")


def swapped(source: Source) -> Iterator[Edit]:
    """Two neighbours among the arguments of a call; where their types differ the compiler sorts the mutant out."""
    for index in source.within():
        is_call = source.words(index) == "(" and source.tokens[index - 1].kind == "word"
        if not is_call or index not in source.partner or source.words(index - 1) == GUARD:
            continue
        for left, right in pairwise(source.arguments(index)):
            (start, middle), (resumed, end) = source.span(*left), source.span(*right)
            first, second = source.text[start:middle], source.text[resumed:end]
            if first != second:
                yield Edit("swap", start, end, second + source.text[middle:resumed] + first)
