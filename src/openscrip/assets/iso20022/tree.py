"""XML as a plain tree: a strict reader of hostile bytes, and a writer with one way to write each tree.

Expat is told nothing but elements, attributes and text. Document types, entities, processing instructions, comments and
CDATA sections end the reading at once: none of them is in the profile, and each has been used to make two readers of one
signed text see different things. Size, depth, and the number of elements are bounded before memory is taken for them.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from openscrip.kernel.errors import Malformed

SIZE_BYTES_MAX = 1 << 20
DEPTH_MAX = 24
ELEMENTS_MAX = 20_000
TEXT_LENGTH_MAX = 350
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_BLANK = " \t\r\n"


@dataclass(slots=True)
class Element:
    """An element: its namespace and local name, attributes without a namespace, and either text or children."""

    namespace: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def child(self, namespace: str, name: str) -> "Element":
        """A new last child."""
        added = Element(namespace, name)
        self.children.append(added)
        return added


def parse(raw: bytes) -> Element:
    """The tree of a message. Raises `Malformed("iso.…")` naming the rule and where the reading ended."""
    if len(raw) > SIZE_BYTES_MAX:
        raise Malformed("iso.size", f"message: {len(raw)} bytes were more than {SIZE_BYTES_MAX}")
    _refuse_other_encodings(raw)
    reader = _Reader()
    try:
        reader.expat.Parse(raw, True)
    except expat.ExpatError as error:
        raise Malformed(
            "iso.xml", f"message: line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}"
        ) from None
    if reader.root is None:
        raise Malformed("iso.xml", "message: there was no element in it")
    return reader.root


def _refuse_other_encodings(raw: bytes) -> None:
    """Expat guesses UTF-16 from the first bytes whatever it was told; nobody guesses here."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("iso.encoding", f"message: byte {error.start} was not UTF-8") from None
    if text.startswith("\ufeff") or "\0" in text:
        raise Malformed("iso.encoding", "message: it began with a byte order mark or held a NUL; the profile is plain UTF-8")


def render(root: Element) -> bytes:
    """The canonical bytes of a tree: UTF-8, one declaration, no blank between elements, namespaces where they change."""
    parts: list[str] = []
    _render(root, "", parts)
    return DECLARATION + "".join(parts).encode()


def _render(element: Element, outer: str, parts: list[str]) -> None:
    attributes = dict(sorted(element.attributes.items()))
    if element.namespace != outer:
        attributes = {"xmlns": element.namespace, **attributes}
    written = "".join(f' {name}="{_escaped(value)}"' for name, value in attributes.items())
    if not element.children and not element.text:
        parts.append(f"<{element.name}{written}/>")
        return
    parts.append(f"<{element.name}{written}>{_escaped(element.text)}")
    for child in element.children:
        _render(child, element.namespace, parts)
    parts.append(f"</{element.name}>")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class _Reader:
    """Expat's handlers, and the elements that are open."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.expat = expat.ParserCreate("UTF-8", namespace_separator=" ")
        self.expat.buffer_text = True
        self.expat.XmlDeclHandler = self._declared
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._text
        self.expat.StartDoctypeDeclHandler = self._doctype
        self.expat.EntityDeclHandler = self._doctype
        self.expat.ProcessingInstructionHandler = self._instruction
        self.expat.CommentHandler = self._comment
        self.expat.StartCdataSectionHandler = self._cdata

    @property
    def _path(self) -> str:
        return "/".join(each.name[:40] for each in self._open[-DEPTH_MAX:]) or "message"

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if version != "1.0" or (encoding or "UTF-8").upper() != "UTF-8" or standalone == 0:
            raise Malformed(
                "iso.encoding", f"message: it was declared as XML {version:.20} in {encoding!r:.40}, not 1.0 in UTF-8"
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEPTH_MAX:
            raise Malformed("iso.depth", f"{self._path}: elements were nested deeper than {DEPTH_MAX}")
        if self._count > ELEMENTS_MAX:
            raise Malformed("iso.size", f"{self._path}: there were more than {ELEMENTS_MAX} elements")
        namespace, _, local = name.rpartition(" ")
        started = Element(namespace, local, attributes)
        if self._open:
            parent = self._open[-1]
            if parent.text.strip(_BLANK):
                raise Malformed("iso.text", f"{self._path}: text stood beside elements")
            parent.text = ""
            parent.children.append(started)
        else:
            self.root = started
        self._open.append(started)

    def _end(self, _name: str) -> None:
        ended = self._open[-1]
        if ended.children and not ended.text.strip(_BLANK):
            ended.text = ""
        if ended.children and ended.text:
            raise Malformed("iso.text", f"{self._path}: text stood beside elements")
        self._open.pop()

    def _text(self, text: str) -> None:
        element = self._open[-1]
        element.text += text
        if len(element.text) > TEXT_LENGTH_MAX and element.text.strip(_BLANK):
            raise Malformed("iso.text", f"{self._path}: the text was longer than {TEXT_LENGTH_MAX}")
        if not element.text.strip(_BLANK):
            element.text = element.text[:TEXT_LENGTH_MAX]

    def _doctype(self, *_: object) -> None:
        raise Malformed("iso.doctype", "message: it declared a document type or an entity; the profile has none")

    def _instruction(self, *_: object) -> None:
        raise Malformed("iso.instruction", f"{self._path}: a processing instruction stood there; the profile has none")

    def _comment(self, *_: object) -> None:
        raise Malformed("iso.comment", f"{self._path}: a comment stood there; the profile has none")

    def _cdata(self, *_: object) -> None:
        raise Malformed("iso.cdata", f"{self._path}: a CDATA section stood there; the profile has none")
