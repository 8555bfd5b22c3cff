"""The operators: each takes a contract's source and gives every mutant that it can make, in the order of the text.

A mutant is told by its place in the code's own words (contract, function, operator, what became what), never by a line,
so that a list of survivors outlives edits elsewhere.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from vyper.ast import nodes as vy
from vyper.ast.parse import parse_to_ast

COMPARISONS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=", ">=", "<="), "!=": ("==",),
    "in": ("not in",), "not in": ("in",),
}  # fmt: skip
ARITHMETIC = {"+": "-", "-": "+", "*": "//", "//": "*", "%": "*"}
CALLS = {"unsafe_add": "unsafe_sub", "unsafe_sub": "unsafe_add", "max": "min", "min": "max"}
COMMUTATIVE = ("unsafe_add", "max", "min")
SIZED_TYPES = ("String", "Bytes", "DynArray")
SPELLING = {
    "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!=", "In": "in", "NotIn": "not in",
    "Add": "+", "Sub": "-", "Mult": "*", "FloorDiv": "//", "Mod": "%", "And": "and", "Or": "or",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """`source[start:end]` becomes `after`."""

    operator: str
    start: int
    end: int
    after: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one source file; `name` is what the list of survivors calls it."""

    name: str
    file: str
    operator: str
    source: str

    @property
    def key(self) -> str:
        """A short name for folders, and a shuffle that is the same on every machine."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]


class Source:
    """A source text whose nodes know their place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.module = parse_to_ast(text)

    def span(self, node: Any) -> tuple[int, int]:
        """Where a node stands in the text."""
        start = self._starts[node.lineno - 1] + int(node.col_offset)
        return start, self._starts[node.end_lineno - 1] + int(node.end_col_offset)

    def whole(self, function: Any) -> tuple[int, int]:
        """Where a function stands, with its decorators."""
        return min(self.span(each)[0] for each in (function, *function.decorator_list)) - 1, self.span(function)[1]

    def words(self, node: Any) -> str:
        """A node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def before(self, node: Any, spelling: str) -> tuple[int, int] | None:
        """Where the operator that stands before `node` is written."""
        head = self.text[: self.span(node)[0]].rstrip("( \n")
        if spelling == "not in":
            found = re.search(r"not\s+in$", head)
            return (found.start(), found.end()) if found else None
        return (len(head) - len(spelling), len(head)) if head.endswith(spelling) else None

    def within(self, kind: type[Any]) -> Iterator[Any]:
        """All nodes of a kind in constants and functions, as written; not in types, events, structs and interfaces."""
        for part in self.module.body:
            if isinstance(part, vy.FunctionDef | vy.VariableDecl):
                yield from part.get_descendants(kind)


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of one contract or module; the same list for the same text."""
    source = Source(path.read_text())
    found: dict[tuple[int, int, str], Edit] = {}
    for edit in sorted(edits(source), key=lambda each: (each.start, each.end, each.operator, each.after)):
        found.setdefault((edit.start, edit.end, edit.after), edit)
    functions = [(source.whole(each), each.name) for each in source.module.get_children(vy.FunctionDef)]
    seen: Counter[str] = Counter()
    mutants = []
    for edit in found.values():
        where = next((name for (start, end), name in functions if start <= edit.start < end), "constants")
        name = f"{path.stem}.{where}: {edit.operator}: {shown(source, edit)}"
        seen[name] += 1
        name += f" #{seen[name]}" if seen[name] > 1 else ""
        changed = source.text[: edit.start] + edit.after + source.text[edit.end :]
        mutants.append(Mutant(name, path.name, edit.operator, changed))
    return mutants


def shown(source: Source, edit: Edit) -> str:
    """The edit with the words around it, on one line."""
    text = source.text
    first, last = text.rfind("\n", 0, edit.start) + 1, text.find("\n", edit.end)
    around = f"{text[first : edit.start]}[{text[edit.start : edit.end]} => {edit.after}]{text[edit.end : last]}"
    return " ".join(around.split("  #", maxsplit=1)[0].split()).replace("|", "/").replace("`", "'")


def edits(source: Source) -> Iterator[Edit]:
    """What all operators find."""
    yield from dropped(source)
    yield from compared(source)
    yield from calculated(source)
    yield from rounded(source)
    yield from counted(source)
    yield from negated(source)
    yield from swapped(source)


def dropped(source: Source) -> Iterator[Edit]:
    """A check, a write to the state, an event, a call for its effect, or the lock, left out."""
    for kind, operator in ((vy.Assert, "drop check"), (vy.Log, "drop event")):
        for node in source.within(kind):
            yield Edit(operator, *source.span(node), "pass")
    for kind in (vy.Assign, vy.AugAssign):
        for node in source.within(kind):
            if source.words(node).startswith("self."):
                yield Edit("drop write", *source.span(node), "pass")
    for node in source.within(vy.Expr):
        if isinstance(node.value, vy.Call | vy.ExtCall):
            yield Edit("drop call", *source.span(node), "pass")
    for function in source.module.get_children(vy.FunctionDef):
        for decorator in function.decorator_list:
            if source.words(decorator) == "nonreentrant":
                start, end = source.span(decorator)
                yield Edit("drop lock", start - 1, end, "")


def compared(source: Source) -> Iterator[Edit]:
    """Another comparison than the one that stands there."""
    for node in source.within(vy.Compare):
        spelling = SPELLING[type(node.op).__name__]
        place = source.before(node.right, spelling)
        if place:
            for after in COMPARISONS[spelling]:
                if (spelling, after, source.words(node.right)) != ("==", "<=", "0"):  # nothing here is below zero
                    yield Edit("compare", *place, after)


def calculated(source: Source) -> Iterator[Edit]:
    """The opposite calculation, and the other of two functions."""
    for node in source.within(vy.BinOp):
        spelling = SPELLING.get(type(node.op).__name__, "")
        place = source.before(node.right, spelling)
        if spelling in ARITHMETIC and place:
            yield Edit("calculate", *place, ARITHMETIC[spelling])
    for node in source.within(vy.AugAssign):
        spelling = SPELLING.get(type(node.op).__name__, "")
        place = source.before(node.value, spelling + "=")
        if spelling in ARITHMETIC and place:
            yield Edit("calculate", *place, ARITHMETIC[spelling] + "=")
    for node in source.within(vy.Call):
        name = source.words(node.func)
        if name in CALLS:
            yield Edit("calculate", *source.span(node.func), CALLS[name])


def rounded(source: Source) -> Iterator[Edit]:
    """A division that rounds the other way."""
    for node in source.within(vy.BinOp):
        place = source.before(node.right, "//")
        if not isinstance(node.op, vy.FloorDiv) or place is None:
            continue
        start, end = source.span(node)
        above, below = source.text[start : place[0]].strip(), source.words(node.right)
        up = f" + {below} - 1)"
        after = above.removesuffix(up) + ")" if above.endswith(up) else f"({above} + {below} - 1)"
        yield Edit("round", start, end, f"{after} // {below}")


def counted(source: Source) -> Iterator[Edit]:
    """A number one higher, and one lower."""
    for node in source.within(vy.Int):
        parent = node.get_ancestor()
        if isinstance(parent, vy.Subscript) and source.words(parent.value) in SIZED_TYPES:
            continue  # another type is another interface
        value = int(source.words(node).replace("_", ""), 0)
        for after in (value + 1, value - 1):
            if after >= 0:
                yield Edit("count", *source.span(node), str(after))


def negated(source: Source) -> Iterator[Edit]:
    """A condition, a truth or a connective turned round."""
    for node in source.within(vy.NameConstant):
        yield Edit("negate", *source.span(node), "False" if node.value else "True")
    for node in source.within(vy.BoolOp):
        spelling = SPELLING[type(node.op).__name__]
        for value in node.values[1:]:
            place = source.before(value, spelling)
            if place:
                yield Edit("negate", *place, "or" if spelling == "and" else "and")
    conditions = [node.test for kind in (vy.Assert, vy.If, vy.IfExp) for node in source.within(kind)]
    for node in (*conditions, *(value for each in source.within(vy.BoolOp) for value in each.values)):
        if isinstance(node, vy.UnaryOp):
            yield Edit("negate", *source.span(node), source.words(node.operand))
        elif not isinstance(node, vy.Compare):
            yield Edit("negate", *source.span(node), f"not ({source.words(node)})")


def swapped(source: Source) -> Iterator[Edit]:
    """Two neighbours among the arguments of a call; where their types differ the compiler sorts the mutant out."""
    for node in source.within(vy.Call):
        if source.words(node.func) in COMMUTATIVE:
            continue
        values = [*node.args]
        named = [each.value for each in node.keywords]
        for left, right in (*pairwise(values), *pairwise(named)):
            (start, middle), (resumed, end) = source.span(left), source.span(right)
            if source.words(left) != source.words(right):
                between = source.text[middle:resumed]
                yield Edit("swap", start, end, source.words(right) + between + source.words(left))
