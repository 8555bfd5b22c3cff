"""What a FIX 4.2 session rejects, and what of it ends the session."""

import pytest
from tests.runtime.fix.desk import (
    ORDER,
    START_MS,
    acceptor,
    linked,
    theirs,
    told,
)

from openscrip.runtime.fix.codec import format_utc


@pytest.mark.parametrize(
    ("kind", "fields", "tag", "reason"),
    [
        ("D", (*ORDER, (0, "x")), "", "0"),
        ("D", ORDER[1:], "11", "1"),
        ("D", (*ORDER, (36, "1")), "36", "2"),
        ("0", ((44, "1"),), "44", "2"),
        ("D", (*ORDER, (11, "twice")), "11", "2"),
        ("D", (*ORDER, (447, "x")), "447", "3"),
        ("D", ((11, "o-1"), (21, "1"), (55, "AAPL"), (54, "x"), *ORDER[4:]), "54", "5"),
        ("D", (*ORDER, (44, "1,5")), "44", "6"),
        ("D", (*ORDER, (44, "1e5")), "44", "6"),
        ("D", (*ORDER, (432, "20260230")), "432", "6"),
        ("2", ((7, "0"), (16, "0")), "7", "6"),
        ("ZZ", (), "35", "11"),
    ],
)
def test_reject__well_formed_but_invalid__consumes_its_number(
    kind: str, fields: tuple[tuple[int, str], ...], tag: str, reason: str
) -> None:
    desk = linked(acceptor())
    answer = desk.take(theirs(kind, 2, *fields, to=desk))
    assert told(answer, 45, 371, 373) == [("3", "2", tag, reason)]
    assert (desk.counters.next_in, desk.received, desk.dropped) == (3, [], None)


def test_reject__an_empty_field__says_so() -> None:
    desk = linked(acceptor())
    message = theirs("D", 2, *ORDER, to=desk)
    empty = type(message)(message.type, (*message.fields, (44, "")))
    assert told(desk.take(empty), 371, 373) == [("3", "44", "4")]


@pytest.mark.parametrize("extra", [(5_001, "of the user"), (15, "USD"), (167, "CS")])
def test_reject__fields_of_fix_4_2_or_the_users_own_that_we_do_not_read__are_passed_over(extra: tuple[int, str]) -> None:
    desk = linked(acceptor())
    assert desk.take(theirs("D", 2, *ORDER, extra, to=desk)) == []
    assert desk.ids == ["o-1"]


def test_reject__of_ours__reaches_the_application_and_is_never_rejected_itself() -> None:
    desk = linked(acceptor())
    assert desk.take(theirs("3", 2, (45, "1"), (58, "why"), to=desk)) == []
    assert told(desk.received, 45) == [("3", "1")]
    assert desk.take(theirs("3", 3, (44, "1"), to=desk)) == []
    assert desk.counters.next_in == 4


def test_reject__a_type_of_fix_4_2_that_we_do_not_speak__is_the_applications_reject() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("R", 2, (131, "q"), to=desk)), 45, 372, 380) == [("j", "2", "R", "3")]
    assert desk.counters.next_in == 3


@pytest.mark.parametrize(("tag", "value"), [(49, "SOMEBODY"), (56, "SOMEBODY")])
def test_comp_id__wrong_in_a_session__is_rejected_and_ends_it(tag: int, value: str) -> None:
    desk = linked(acceptor())
    message = theirs("D", 2, *ORDER, to=desk)
    wrong = type(message)("D", tuple((found, value if found == tag else text) for found, text in message.fields))
    assert told(desk.take(wrong), 373) == [("3", "9"), ("5", "")]
    assert (desk.received, desk.counters.next_in) == ([], 3)


@pytest.mark.parametrize(("skew_ms", "dropped"), [(120_000, False), (-120_000, False), (120_001, True), (-120_001, True)])
def test_clock__off_by_more_than_the_bound__is_rejected_and_ends_the_session(skew_ms: int, dropped: bool) -> None:
    desk = linked(acceptor())
    answer = desk.take(theirs("D", 2, *ORDER, to=desk, when=format_utc(START_MS + skew_ms)))
    assert (told(answer, 373) == [("3", "10"), ("5", "")]) is dropped
    assert (desk.dropped is not None) is dropped
    assert (desk.received == []) is dropped
