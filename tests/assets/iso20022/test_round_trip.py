"""What is written is read back, byte for byte, and equal messages have equal bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.assets.iso20022.anything import message_of
from tests.assets.iso20022.samples import SAMPLES

from openscrip.assets.iso20022.messages import TYPES, Message, MessageType, read_message, type_of, write_message


@pytest.mark.parametrize("message", SAMPLES, ids=lambda each: type(each).__name__)
def test_a_message__written__is_read_back(message: Message) -> None:
    raw = write_message(message)
    assert read_message(raw) == message
    assert write_message(read_message(raw)) == raw


def test_the_samples__of_every_type__cover_every_type() -> None:
    assert {type_of(each).id for each in SAMPLES} == {each.id for each in TYPES}


@pytest.mark.parametrize("kind", TYPES, ids=lambda each: each.id)
@given(data=st.data())
def test_any_message__written__is_read_back(kind: MessageType, data: st.DataObject) -> None:
    message = data.draw(message_of(kind))
    raw = write_message(message)
    assert read_message(raw) == message
    assert write_message(read_message(raw)) == raw
