"""Numbers of a FIX 4.2 session: gaps, possible duplicates, resends and resets of the count, from both sides."""

import pytest
from tests.runtime.fix.desk import (
    DAY_1,
    ORDER,
    START_MS,
    acceptor,
    at,
    linked,
    logon,
    order,
    theirs,
    told,
)

from openscrip.runtime.fix.codec import format_utc
from openscrip.runtime.fix.effects import Counters

EARLIER = format_utc(START_MS - 5_000)
LATER = format_utc(START_MS + 5_000)

# Numbers


def test_number__as_expected__is_delivered_once() -> None:
    desk = linked(acceptor())
    assert desk.take(theirs("D", 2, *ORDER, to=desk)) == []
    assert (desk.ids, desk.counters.next_in) == (["o-1"], 3)


def test_number__high__is_queued_asked_for_once_and_taken_in_order() -> None:
    desk = linked(acceptor())
    asked = desk.take(*(theirs("D", number, *order(number), to=desk) for number in (4, 5, 6)))
    assert told(asked, 7, 16) == [("2", "2", "0")]
    assert desk.ids == []
    again = [theirs("D", number, *order(number), to=desk, first_sent=EARLIER) for number in range(2, 7)]
    assert desk.take(*again) == []
    assert desk.ids == ["o-2", "o-3", "o-4", "o-5", "o-6"]
    assert desk.counters.next_in == 7


def test_number__high_at_logon__the_logon_counts_and_what_is_missing_is_asked_for_once() -> None:
    desk = acceptor(Counters(5, 3, DAY_1, spoken=True))
    assert told(desk.take(logon(6, to=desk)), 34, 7, 16) == [("A", "5", "", ""), ("2", "6", "3", "0")]
    desk.take(theirs("D", 3, *order(3), to=desk, first_sent=EARLIER))
    assert desk.take(theirs("D", 7, *order(7), to=desk)) == [], "the gap is asked for already"
    desk.take(theirs("D", 4, *order(4), to=desk, first_sent=EARLIER))
    desk.take(theirs("4", 5, (123, "Y"), (36, "7"), to=desk, first_sent=EARLIER))
    assert desk.ids == ["o-3", "o-4", "o-7"]
    assert desk.counters.next_in == 8


def test_number__a_second_gap__is_asked_for_again() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 3, *order(3), to=desk), theirs("D", 2, *order(2), to=desk, first_sent=EARLIER))
    assert told(desk.take(theirs("D", 5, *order(5), to=desk)), 7, 16) == [("2", "4", "0")]


def test_number__a_gap_that_nobody_fills__ends_the_session() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 3, *ORDER, to=desk))
    assert told(desk.tick(10.0)) == [("5",)]
    assert desk.dropped == "the resend that was asked for did not come"
    assert desk.counters.next_in == 2


def test_number__too_many_above_a_gap__ends_the_session() -> None:
    desk = linked(acceptor(queued_max=2))
    desk.take(*(theirs("D", number, *order(number), to=desk) for number in (3, 4, 5)))
    assert desk.dropped == "too many messages came above a gap"


def test_number__what_a_gap_fill_passed_over__takes_no_more_room_above_the_next_gap() -> None:
    desk = linked(acceptor(queued_max=2))
    desk.take(*(theirs("D", number, *order(number), to=desk) for number in (3, 4)))
    desk.take(theirs("4", 2, (123, "Y"), (36, "5"), to=desk, first_sent=EARLIER))
    desk.take(*(theirs("D", number, *order(number), to=desk) for number in (6, 7)))
    assert (desk.dropped, desk.counters.next_in) == (None, 5)


def test_number__low__ends_the_session_with_an_alert() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk))
    assert told(desk.take(theirs("D", 2, *ORDER, to=desk)), 58) == [("5", "MsgSeqNum too low, expecting 3 but received 2")]
    assert desk.dropped is not None
    assert "disagree" in desk.alerts[0]
    assert desk.ids == ["o-1"]


def test_number__low_at_logon__is_refused() -> None:
    desk = acceptor(Counters(5, 9, DAY_1, spoken=True))
    assert told(desk.take(logon(4, to=desk))) == [("5",)]
    assert (desk.ups, desk.counters.next_in) == (0, 9)


def test_number__missing__ends_the_session() -> None:
    desk = linked(acceptor())
    message = theirs("D", 2, *ORDER, to=desk)
    bare = type(message)(message.type, tuple(each for each in message.fields if each[0] != 34))
    assert told(desk.take(bare)) == [("5",)]
    assert desk.dropped is not None


# Possible duplicates


def test_possible_duplicate__seen__is_ignored() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk))
    assert desk.take(theirs("D", 2, *ORDER, to=desk, first_sent=EARLIER)) == []
    assert (desk.ids, desk.counters.next_in, desk.dropped) == (["o-1"], 3, None)


def test_possible_duplicate__not_seen__is_taken() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk, first_sent=EARLIER))
    assert desk.ids == ["o-1"]


@pytest.mark.parametrize("number", [2, 3])
def test_possible_duplicate__sent_first_after_it_was_sent_again__ends_the_session(number: int) -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk))
    answer = desk.take(theirs("D", number, *ORDER, to=desk, first_sent=LATER))
    assert told(answer, 373) == [("3", "10"), ("5", "")]
    assert desk.ids == ["o-1"]


@pytest.mark.parametrize("number", [2, 3])
def test_possible_duplicate__that_does_not_say_since_when__is_rejected(number: int) -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk))
    assert told(desk.take(theirs("D", number, *ORDER, to=desk, first_sent="")), 371, 373) == [("3", "122", "1")]
    assert (desk.ids, desk.counters.next_in, desk.dropped) == (["o-1"], 3 + (number == 3), None)


def test_possible_resend__has_a_new_number__and_reaches_the_application_marked() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, (97, "Y"), *ORDER, to=desk))
    assert [message.flag(97) for message in desk.received] == [True]


# Resends


def test_resend__orders_go_again_as_possible_duplicates__session_messages_are_gap_filled() -> None:
    desk = linked(acceptor())
    desk.send(order(1))
    desk.tick(29.0)
    desk.take(theirs("1", 2, (112, "x"), to=desk))
    desk.send(order(2))
    answer = desk.take(theirs("2", 3, (7, "1"), (16, "0"), to=desk))
    started, resent = format_utc(START_MS), format_utc(START_MS + 29_000)
    assert told(answer, 34, 43, 122, 52, 36, 123, 11) == [
        ("4", "1", "Y", resent, resent, "2", "Y", ""),
        ("D", "2", "Y", started, resent, "", "", "o-1"),
        ("4", "3", "Y", resent, resent, "4", "Y", ""),
        ("D", "4", "Y", resent, resent, "", "", "o-2"),
    ]
    assert desk.counters.next_out == 5


def test_resend__of_a_closed_range__sends_no_more() -> None:
    desk = linked(acceptor())
    for number in (1, 2, 3):
        desk.send(order(number))
    assert told(desk.take(theirs("2", 2, (7, "2"), (16, "3"), to=desk)), 34) == [("D", "2"), ("D", "3")]
    assert told(desk.take(theirs("2", 3, (7, "4"), (16, "99"), to=desk)), 34) == [("D", "4")]


def test_resend__of_a_session_message_alone__is_one_gap_fill() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("2", 2, (7, "1"), (16, "0"), to=desk)), 34, 36, 123) == [("4", "1", "2", "Y")]


@pytest.mark.parametrize(("first", "last"), [("9", "0"), ("3", "2")])
def test_resend__of_what_was_never_sent__is_rejected(first: str, last: str) -> None:
    desk = linked(acceptor())
    desk.send()
    desk.send()
    assert told(desk.take(theirs("2", 2, (7, first), (16, last), to=desk)), 371, 373) == [("3", "7", "5")]


def test_resend__a_reject_goes_again() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, to=desk))
    assert told(desk.take(theirs("2", 3, (7, "2"), (16, "0"), to=desk)), 34, 43, 45) == [("3", "2", "Y", "2")]


def test_resend__an_order_past_its_validity__is_gap_filled_and_told() -> None:
    desk = linked(acceptor())
    desk.send(order(1), valid_until_ms=START_MS + 10_000)
    desk.send(order(2), valid_until_ms=START_MS + 20_000)
    desk.now = at(10.0)
    assert told(desk.take(theirs("2", 2, (7, "2"), (16, "0"), to=desk)), 34) == [("D", "2"), ("D", "3")]
    desk.now = at(10.001)
    assert told(desk.take(theirs("2", 3, (7, "2"), (16, "0"), to=desk)), 34, 36) == [("4", "2", "3"), ("D", "3", "")]
    assert desk.expired == [2]


def test_resend__after_our_clock_was_set_back__does_not_claim_to_be_sent_before_it_was_sent_first() -> None:
    desk = linked(acceptor())
    desk.send()
    desk.now = at(-60.0)
    back = format_utc(START_MS - 60_000)
    answer = desk.take(theirs("2", 2, (7, "2"), (16, "0"), to=desk))
    assert told(answer, 52, 122) == [("D", back, back)]


def test_resend__both_sides_miss_something__neither_waits_for_the_other() -> None:
    desk = linked(acceptor())
    desk.send()
    answer = desk.take(theirs("2", 4, (7, "2"), (16, "0"), to=desk))
    assert told(answer, 34, 7) == [("D", "2", ""), ("2", "3", "2")]
    again = desk.take(*(theirs("D", number, *order(number), to=desk, first_sent=EARLIER) for number in (2, 3)))
    assert again == [], "the request was answered when it came"
    assert (desk.ids, desk.counters.next_in) == (["o-2", "o-3"], 5)


# SequenceReset


def test_gap_fill__moves_forward__and_never_to_its_own_number_or_below() -> None:
    desk = linked(acceptor())
    assert desk.take(theirs("4", 2, (123, "Y"), (36, "9"), to=desk)) == []
    assert desk.counters.next_in == 9
    assert told(desk.take(theirs("4", 9, (123, "Y"), (36, "9"), to=desk)), 371, 373) == [("3", "36", "5")]
    assert desk.counters.next_in == 10


def test_gap_fill__with_a_high_number__waits_like_any_other() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("4", 3, (123, "Y"), (36, "9"), to=desk)), 7) == [("2", "2")]
    assert desk.counters.next_in == 2
    desk.take(theirs("D", 2, *ORDER, to=desk, first_sent=EARLIER))
    assert desk.counters.next_in == 9


def test_gap_fill__with_a_low_number__ends_the_session_unless_it_is_a_possible_duplicate() -> None:
    desk = linked(acceptor())
    desk.take(theirs("D", 2, *ORDER, to=desk))
    assert desk.take(theirs("4", 2, (123, "Y"), (36, "9"), to=desk, first_sent="")) == []
    assert (desk.counters.next_in, desk.dropped) == (3, None)
    desk.take(theirs("4", 2, (123, "Y"), (36, "9"), to=desk))
    assert desk.dropped is not None
    assert desk.counters.next_in == 3


@pytest.mark.parametrize("number", [1, 2, 99])
def test_reset_mode__whatever_its_own_number__moves_forward_with_an_alert(number: int) -> None:
    desk = linked(acceptor())
    assert desk.take(theirs("4", number, (36, "50"), to=desk)) == []
    assert desk.counters.next_in == 50
    assert desk.alerts == ["the counterparty skipped numbers 2 to 49: compare the orders"]


def test_reset_mode__back__is_rejected() -> None:
    desk = linked(acceptor())
    desk.take(theirs("4", 2, (36, "50"), to=desk))
    assert told(desk.take(theirs("4", 50, (36, "49"), to=desk)), 371, 373) == [("3", "36", "5")]
    assert desk.counters.next_in == 51


def test_reset_mode__over_a_gap__what_is_queued_above_it_is_taken() -> None:
    desk = linked(acceptor())
    desk.take(*(theirs("D", number, *order(number), to=desk) for number in (4, 6)))
    desk.take(theirs("4", 7, (36, "6"), to=desk))
    assert (desk.ids, desk.counters.next_in) == (["o-6"], 7)
