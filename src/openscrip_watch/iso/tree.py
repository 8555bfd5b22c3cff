"""XML as elements with text, and nothing else: no document type, no entity, no processing instruction, no comment.

The parser is expat, as the standard library has it; what it would expand or fetch is refused when it is declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

from openscrip_watch.refusal import BadInput

BYTES_MAX = 1 << 20
ELEMENTS_MAX, DEPTH_MAX, TEXT_MAX = 20_000, 40, 4_000
SPACE = "urn:iso:std:iso:20022:tech:xsd:"
OURS = "urn:openscrip:custody:1"


@dataclass(slots=True)
class Element:
    """`name` without its namespace; `text` only where there are no children."""

    space: str
    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, path: str) -> Iterator["Element"]:
        """Every element under a path such as `BalForAcct/BalBrkdwn`."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def one(self, path: str) -> "Element":
        """The only element under a path. Raises `BadInput("xml.one")` where there are none or several."""
        found = list(self.all(path))
        if len(found) != 1:
            raise BadInput("xml.one", f"xml: {path} stood in {self.name} {len(found)} times, once was due")
        return found[0]

    def has(self, path: str) -> bool:
        """Whether there is one."""
        return next(self.all(path), None) is not None

    def said(self, path: str) -> str:
        """The text under a path. Raises `BadInput` where there is none."""
        found = self.one(path)
        if found.children or not found.text:
            raise BadInput("xml.text", f"xml: {path} held no text")
        return found.text

    def told(self, path: str) -> str:
        """The text under a path, empty where the element is not there."""
        return self.said(path) if self.has(path) else ""


def read_tree(raw: bytes) -> tuple[str, Element]:
    """The message type, such as `semt.002.001.11`, and the element inside `Document`.

    Raises `BadInput("xml.…")`: size, what XML should not have, what is not well formed, another namespace.
    """
    if len(raw) > BYTES_MAX:
        raise BadInput("xml.size", f"xml: {len(raw)} bytes were more than {BYTES_MAX}")
    builder = _Builder()
    try:
        raw.decode("utf-8")
        builder.parser.Parse(raw, True)
    except (ExpatError, UnicodeDecodeError) as error:
        raise BadInput("xml.form", f"xml: it was not well formed UTF-8 XML ({error})") from None
    document = builder.root
    if document is None or document.name != "Document" or len(document.children) != 1:
        raise BadInput("xml.document", "xml: it was no Document with one message")
    inside = document.children[0]
    if not document.space.startswith(SPACE) or inside.space != document.space:
        raise BadInput("xml.space", f"xml: the namespace {document.space:.80} was not one of ISO 20022")
    return document.space.removeprefix(SPACE), inside


class _Builder:
    def __init__(self) -> None:
        self.parser = ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        for name in ("StartDoctypeDecl", "EntityDecl", "ProcessingInstruction", "Comment", "NotationDecl"):
            setattr(self.parser, f"{name}Handler", _refused)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > ELEMENTS_MAX or len(self._open) >= DEPTH_MAX:
            raise BadInput("xml.size", f"xml: more than {ELEMENTS_MAX} elements, or {DEPTH_MAX} within one another")
        if set(attributes) - {"Ccy"}:
            raise BadInput("xml.attribute", f"xml: {name:.60} had an attribute that no message has")
        space, _, plain = name.rpartition(" ")
        element = Element(space, plain)
        if self._open:
            if self._open[-1].text.strip():
                raise BadInput("xml.mixed", f"xml: {self._open[-1].name} held text and elements")
            self._open[-1].text = ""
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if element.children:
            if text.strip():
                raise BadInput("xml.mixed", f"xml: {element.name} held text and elements")
            return
        element.text += text
        if len(element.text) > TEXT_MAX:
            raise BadInput("xml.size", f"xml: a text was longer than {TEXT_MAX} characters")


def _refused(*_: object) -> NoReturn:
    raise BadInput("xml.declared", "xml: it declared a document type, an entity, an instruction or a comment")
