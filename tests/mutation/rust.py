"""Reads Rust sources as far as mutants need it: words and marks, which brackets belong together, functions, statements.

It leans on the formatter: an operator between two operands has a space on both sides; a reference, a generic or a
negation has not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)')
    |(?P<lifetime>'\w+)
    |(?P<number>0x[0-9a-fA-F_]+|\d[\d_]*(?:[iu](?:8|16|32|64|128|size))?)
    |(?P<word>[A-Za-z_]\w*!?)
    |(?P<mark><<=|>>=|\.\.=|\.\.|=>|->|::|<=|>=|==|!=|&&|\|\||<<|>>|[-+*/%&|^]=|[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
# What stands behind the closing brace of an expression that goes on.
_GOES_ON = {";", ")", ".", "?", "else", ",", "]"}
_NOT_CODE = {"mod", "struct", "type", "extern"}
# Its loop is there for the compiler alone.
_LEFT_OUT = {"panic"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, text or mark, and where it stands."""

    kind: str
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Region:
    """The tokens `first` to before `last` of a function's body or a constant's value."""

    name: str
    is_function: bool
    first: int
    last: int


class Source:
    """The text of one file, its tokens, and the code in it."""

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self.text = path.read_text()
        self.tokens = [
            Token(str(found.lastgroup), found.group(), found.start(), found.end())
            for found in _TOKEN.finditer(self.text)
            if found.lastgroup != "comment"
        ]
        self.partner = self._partners()
        self.regions = list(self._regions())

    def words(self, index: int) -> str:
        """The token's words; nothing beyond either end."""
        return self.tokens[index].words if 0 <= index < len(self.tokens) else ""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where the tokens from `first` to before `last` stand in the text."""
        return self.tokens[first].start, self.tokens[last - 1].end

    def within(self, *, functions_only: bool = False) -> Iterator[int]:
        """Every token of code."""
        for region in self.regions:
            if region.is_function or not functions_only:
                yield from range(region.first, region.last)

    def is_between_operands(self, index: int) -> bool:
        """Whether a mark has a space, or a line's end, on both sides."""
        token = self.tokens[index]
        return self.text[token.start - 1].isspace() and self.text[token.end].isspace()

    def arguments(self, opening: int) -> list[tuple[int, int]]:
        """The tokens of each argument between an opening bracket and its partner."""
        found, first, index = [], opening + 1, opening + 1
        while index < self.partner[opening]:
            if self.words(index) == ",":
                found.append((first, index))
                first = index + 1
            index = self.partner.get(index, index) + 1
        if first < index:
            found.append((first, index))
        return found

    def operand(self, index: int, step: int, stops: set[str]) -> int:
        """How far the operand on one side of `index` reaches: its last token in the direction of `step`."""
        backwards = {closing: opening for opening, closing in self.partner.items()}
        at = index + step
        reached = at
        while self.words(at) not in stops:
            jump = (self.partner if step > 0 else backwards).get(at)
            if jump is None and self.words(at) in {*OPENING, *OPENING.values()}:
                break
            if step > 0 and self.words(at) == "{":
                break  # the block behind a condition
            reached = at if jump is None else jump
            at = reached + step
        return reached

    def statements(self) -> Iterator[tuple[int, int]]:
        """Every statement that ends with a semicolon, in a function's body, by its tokens."""
        for region in self.regions:
            if not region.is_function:
                continue
            starts = [(region.first, "{")]
            for index in range(region.first, region.last):
                words = self.words(index)
                if words in OPENING:
                    starts.append((index + 1, words))
                elif words in OPENING.values():
                    starts.pop()
                    if words == "}" and self.words(index + 1) not in _GOES_ON and starts:
                        starts[-1] = (index + 1, starts[-1][1])
                elif words == ";" and starts[-1][1] == "{":
                    if starts[-1][0] < index:
                        yield starts[-1][0], index + 1
                    starts[-1] = (index + 1, "{")

    def _partners(self) -> dict[int, int]:
        partner, waiting = {}, []
        for index, token in enumerate(self.tokens):
            if token.words in OPENING:
                waiting.append(index)
            elif token.words in OPENING.values():
                partner[waiting.pop()] = index
        return partner

    def _regions(self) -> Iterator[Region]:
        index = 0
        while index < len(self.tokens):
            words = self.words(index)
            if words == "#":
                index = self.partner[index + (2 if self.words(index + 1) == "!" else 1)] + 1
            elif words == "fn":
                name, opening = self.words(index + 1), self._next(index, {"{", ";"})
                if self.words(opening) == "{":
                    if name not in _LEFT_OUT:
                        yield Region(name, True, opening + 1, self.partner[opening])
                    opening = self.partner[opening]
                index = opening + 1
            elif words in {"const", "static"} and self.words(index + 2) == ":":
                value = self._next(index, {"="})
                end = self._next(value, {";"})
                yield Region(self.words(index + 1), False, value + 1, end)
                index = end + 1
            elif words == "use":
                index = self._next(index, {";"}) + 1
            elif words in _NOT_CODE and "fn" not in {self.words(index + 1), self.words(index + 2)}:
                end = self._next(index, {"{", ";"})
                index = self.partner.get(end, end) + 1
            else:
                index += 1

    def _next(self, index: int, wanted: set[str]) -> int:
        """The next of some tokens that is in no bracket that opens on the way."""
        while self.words(index) not in wanted:
            index = self.partner.get(index, index) + 1
        return index
