"""Every message that we write is accepted by an independent ISO 20022 library, and we read what that library writes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets.iso20022 import oracle
from tests.assets.iso20022.anything import message_of
from tests.assets.iso20022.samples import DIVIDEND_PAID, PAGE, RECEIVE_FREE, SAMPLES

from openscrip.assets.iso20022.messages import TYPES, Message, MessageType, read_message, type_of, write_message
from openscrip.assets.iso20022.tree import Element
from openscrip.assets.iso20022.tree import parse as parse_tree

# Every message goes through the library, which takes a second for one.
pytestmark = pytest.mark.slow


def by_type(each: Message) -> str:
    return f"{type_of(each).id}-{getattr(each, 'id', '')}"


def names(element: Element) -> list[object]:
    """An element as nested lists, in order: names, texts and attributes."""
    return [
        element.namespace,
        element.name,
        element.text,
        sorted(element.attributes.items()),
        [names(each) for each in element.children],
    ]


def refuse_unless_the_library_agrees(message: Message) -> None:
    raw = write_message(message)
    parsed = oracle.parse(type_of(message).id, raw)
    assert oracle.wrongs(parsed) == []
    written = oracle.render(parsed)
    assert read_message(written) == message
    assert names(parse_tree(written)) == names(parse_tree(raw)), "the library writes the same elements in the same order"


@pytest.mark.parametrize("message", SAMPLES, ids=by_type)
def test_a_message__given_to_the_library__is_accepted_and_comes_back_the_same(message: Message) -> None:
    refuse_unless_the_library_agrees(message)


@pytest.mark.parametrize("kind", TYPES, ids=lambda each: each.id)
@settings(max_examples=12)
@given(data=st.data())
def test_any_message__given_to_the_library__is_accepted_and_comes_back_the_same(kind: MessageType, data: st.DataObject) -> None:
    refuse_unless_the_library_agrees(data.draw(message_of(kind)))


@pytest.mark.parametrize("message", [RECEIVE_FREE, PAGE, DIVIDEND_PAID], ids=by_type)
def test_a_message_of_the_library__written_over_many_lines__is_read(message: Message) -> None:
    parsed = oracle.parse(type_of(message).id, write_message(message))
    assert read_message(oracle.render(parsed).replace(b"><", b">\n\t <")) == message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<TxId>sub-000017:transfer</TxId>", b"<TxxId>1</TxxId>"),
        (b"</TxId>", b"</TxId><Nonsense/>"),
        (b">RECE<", b">RECEIVE<"),
    ],
)
def test_the_library__given_a_name_or_code_that_is_not_in_the_standard__objects(before: bytes, after: bytes) -> None:
    raw = write_message(RECEIVE_FREE)
    assert before in raw
    with pytest.raises(ValueError, match="Failed to parse XML"):
        oracle.parse("sese.023.001.11", raw.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (b"<PgNb>1</PgNb>", b"", "PgNb: missing"),
        (b"<PgNb>1<", b"<PgNb>1234567<", "PgNb: pattern"),
        (b"<Unit>5<", b"<Unit>1234567890.123456789<", "Unit: 1234567890.123456789 has too many digits"),
        (b"STMT-2026-10-13-0041", b"S" * 36, "StmtId: length 36"),
    ],
)
def test_the_library__given_a_value_that_the_standard_forbids__is_asked_and_says_so(
    before: bytes, after: bytes, wrong: str
) -> None:
    raw = write_message(PAGE)
    assert before in raw
    found = oracle.wrongs(oracle.parse("semt.002.001.11", raw.replace(before, after)))
    assert any(wrong in each for each in found)
