"""Large XML as a stream of entries: each wanted element comes as a small tree, and is forgotten when the next one comes.

Document types and entities end the reading at once; depth, size, and what one entry may hold are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from openscrip.kernel.errors import Malformed

DEPTH_MAX = 40
ENTRY_NODES_MAX = 50_000
TEXT_LENGTH_MAX = 20_000
CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class Node:
    """An element by its local name, whatever its namespace."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self, *path: str) -> list["Node"]:
        """Every descendant by this path of names."""
        found = [self]
        for name in path:
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def said(self, *path: str) -> str:
        """The text of the first descendant by this path, without blanks around it; empty if there is none."""
        found = self.all(*path)
        return found[0].text.strip() if found else ""


def entries(raw: bytes, wanted: frozenset[str]) -> Iterator[Node]:
    """Every outermost element of a wanted name, in order. Raises `Malformed("list.xml")`, `Malformed("list.doctype")`."""
    reader = _Reader(wanted)
    for start in range(0, max(len(raw), 1), CHUNK_BYTES):
        try:
            reader.expat.Parse(raw[start : start + CHUNK_BYTES], start + CHUNK_BYTES >= len(raw))
        except expat.ExpatError as error:
            text = f"list: line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}"
            raise Malformed("list.xml", text) from None
        except (ValueError, LookupError, UnicodeError):
            raise Malformed("list.xml", "list: its encoding was not one that is read here") from None
        yield from reader.ended
        reader.ended.clear()


class _Reader:
    """Expat's handlers; outside of wanted elements nothing is kept."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.ended: list[Node] = []
        self._wanted = wanted
        self._open: list[Node] = []
        self._depth = self._nodes = 0
        self.expat = expat.ParserCreate(namespace_separator=" ")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._text
        self.expat.StartDoctypeDeclHandler = self._doctype
        self.expat.EntityDeclHandler = self._doctype

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = qualified.rpartition(" ")[2]
        if self._depth > DEPTH_MAX:
            raise Malformed("list.depth", f"list: elements were nested deeper than {DEPTH_MAX}")
        if not self._open and name not in self._wanted:
            return
        self._nodes = self._nodes + 1 if self._open else 1
        if self._nodes > ENTRY_NODES_MAX:
            raise Malformed("list.size", f"list: one {self._open[0].name:.40} held more than {ENTRY_NODES_MAX} elements")
        node = Node(name, attributes)
        if self._open:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self.ended.append(node)

    def _text(self, text: str) -> None:
        if self._open:
            node = self._open[-1]
            node.text += text
            if len(node.text) > TEXT_LENGTH_MAX:
                raise Malformed("list.size", f"list: the text of a {node.name:.40} was longer than {TEXT_LENGTH_MAX}")

    def _doctype(self, *_: object) -> None:
        raise Malformed("list.doctype", "list: it declared a document type or an entity; publications have none")
