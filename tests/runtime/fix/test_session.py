"""The rules of a FIX 4.2 session, each from the side that keeps it and the side that breaks it."""

import pytest
from tests.runtime.fix.desk import (
    DAY_1,
    DAY_2,
    ORDER,
    START_MS,
    acceptor,
    at,
    initiator,
    linked,
    logon,
    order,
    theirs,
    told,
)

from openscrip.kernel.errors import Refused
from openscrip.runtime.fix.codec import format_utc
from openscrip.runtime.fix.effects import Counters
from openscrip.runtime.fix.session import Phase

EARLIER = format_utc(START_MS - 5_000)
LATER = format_utc(START_MS + 5_000)

# Logon


def test_logon__an_initiator_speaks_first__and_is_up_on_the_answer() -> None:
    desk = initiator()
    assert told(desk.connect(), 34, 98, 108, 141) == [("A", "2", "0", "30", "")]
    assert desk.session.phase is Phase.CONNECTED
    assert desk.take(logon(1, to=desk)) == []
    assert (desk.ups, desk.counters.next_in) == (1, 2)


def test_logon__an_acceptor_waits_and_takes_the_heartbeat_it_is_asked_for() -> None:
    desk = acceptor()
    assert told(desk.take(logon(1, to=desk, heartbeat=7)), 34, 108) == [("A", "1", "7")]
    assert (desk.ups, desk.session.heartbeat_s) == (1, 7)


@pytest.mark.parametrize("kind", ["D", "0", "5", "2"])
def test_logon__anything_else_first__an_acceptor_drops_without_a_word(kind: str) -> None:
    desk = acceptor()
    assert desk.take(theirs(kind, 1, to=desk)) == []
    assert desk.dropped is not None
    assert desk.counters == Counters()


def test_logon__anything_else_first__an_initiator_drops_without_a_word() -> None:
    desk = initiator()
    assert desk.take(theirs("D", 1, *ORDER, to=desk)) == []
    assert desk.dropped is not None
    assert desk.received == []


def test_logon__refused_by_a_logout__the_reason_is_told_and_its_number_counts() -> None:
    desk = initiator()
    assert desk.take(theirs("5", 1, (58, "not today"), to=desk)) == []
    assert desk.alerts == ["the logon was refused: not today"]
    assert desk.counters.next_in == 2
    assert desk.dropped == "logon refused"


def test_logon__from_a_stranger__is_dropped_without_a_word() -> None:
    desk, other = acceptor(), initiator()
    assert desk.take(logon(1, to=other)) == []
    assert desk.dropped is not None


def test_logon__another_heartbeat_than_was_asked_for__is_refused() -> None:
    desk = initiator()
    assert told(desk.take(logon(1, to=desk, heartbeat=60))) == [("5",)]
    assert desk.dropped is not None
    assert desk.ups == 0


@pytest.mark.parametrize(("heartbeat", "ups"), [(0, 0), (1, 1), (300, 1), (301, 0)])
def test_logon__a_heartbeat_out_of_bounds__is_refused(heartbeat: int, ups: int) -> None:
    desk = acceptor()
    desk.take(logon(1, to=desk, heartbeat=heartbeat))
    assert desk.ups == ups


def test_logon__with_encryption__is_refused() -> None:
    desk = acceptor()
    assert told(desk.take(theirs("A", 1, (98, "2"), (108, "30"), to=desk))) == [("5",)]
    assert desk.ups == 0


def test_logon__twice__ends_the_session() -> None:
    desk = linked(acceptor())
    assert told(desk.take(logon(2, to=desk))) == [("5",)]
    assert desk.dropped is not None


def test_logon__without_an_answer__is_given_up() -> None:
    desk = initiator()
    assert (desk.tick(9.9), desk.dropped) == ([], None)
    desk.tick(10.0)
    assert desk.dropped == "no answer to connected"


def test_send__before_logon__is_refused() -> None:
    with pytest.raises(Refused, match="the link was not up"):
        initiator().send()


# Reset


def test_reset__at_the_start_of_a_period__begins_both_sides_at_1() -> None:
    desk = acceptor(Counters(57, 91, DAY_1, spoken=True))
    desk.now = at(period=DAY_2)
    answer = desk.take(logon(1, (141, "Y"), to=desk))
    assert told(answer, 34, 141) == [("A", "1", "Y"), ("1", "2", "")]
    assert desk.counters == Counters(3, 2, DAY_2, linked=True)


def test_reset__during_the_day__is_refused_and_moves_nothing_back() -> None:
    desk = acceptor(Counters(57, 91, DAY_1, spoken=True))
    assert told(desk.take(logon(1, (141, "Y"), to=desk)), 34) == [("5", "57")]
    assert (desk.counters.next_out, desk.counters.next_in, desk.ups) == (58, 91, 0)


@pytest.mark.parametrize("who", ["they", "we", "nobody"])
def test_reset__again_in_a_period__is_allowed_as_long_as_nobody_spoke(who: str) -> None:
    desk = linked(acceptor())
    if who == "they":
        desk.take(theirs("D", 2, *ORDER, to=desk))
    if who == "we":
        desk.send()
    desk.connect()
    desk.take(logon(1, (141, "Y"), to=desk))
    assert desk.ups == (2 if who == "nobody" else 1)


def test_reset__with_another_number_than_1__is_refused() -> None:
    desk = acceptor()
    assert told(desk.take(logon(2, (141, "Y"), to=desk))) == [("5",)]


def test_reset__asked_by_an_initiator__comes_once_a_period_and_again_until_it_is_answered() -> None:
    desk = initiator(resets=True)
    assert told(desk.connect(), 34, 141) == [("A", "1", "Y")]
    assert told(desk.connect(), 34, 141) == [("A", "1", "Y")], "the answer was lost, so it is asked again"
    desk.take(logon(1, (141, "Y"), to=desk))
    assert desk.counters == Counters(2, 2, DAY_1, linked=True)
    assert told(desk.connect(), 34, 141) == [("A", "2", "")]
    desk.now = at(period=DAY_2)
    assert told(desk.connect(), 34, 141) == [("A", "1", "Y")]


@pytest.mark.parametrize(("asks", "answers"), [(True, False), (False, True)])
def test_reset__one_side_alone__is_refused(asks: bool, answers: bool) -> None:
    desk = initiator(resets=asks)
    fields = ((141, "Y"),) if answers else ()
    assert told(desk.take(logon(1, *fields, to=desk))) == [("5",)]
    assert desk.ups == 0


def test_reset__nothing_is_said_by_the_acceptor_until_the_initiator_saw_it__and_it_may_be_repeated() -> None:
    desk = acceptor()
    desk.take(logon(1, (141, "Y"), to=desk))
    with pytest.raises(Refused, match="keep the message"):
        desk.send()
    desk.connect()
    assert told(desk.take(logon(1, (141, "Y"), to=desk)), 34) == [("A", "1"), ("1", "2")]
    desk.take(theirs("0", 2, (112, "test-2"), to=desk))
    assert told(desk.send(), 34) == [("D", "3")]


# Heartbeats


def test_heartbeat__after_its_interval_of_our_silence__is_sent() -> None:
    desk = linked(acceptor())
    desk.take(theirs("0", 2, to=desk))
    assert desk.tick(29.9) == []
    assert told(desk.tick(30.0), 112) == [("0", "")]
    assert desk.tick(30.1) == []


def test_heartbeat__an_order_in_between__puts_it_off() -> None:
    desk = linked(acceptor())
    desk.tick(20.0)
    desk.send()
    assert desk.tick(34.0) == []


def test_test_request__after_interval_and_slack_of_their_silence__then_the_link_is_dropped() -> None:
    desk = linked(acceptor())
    desk.tick(30.0)
    assert told(desk.tick(35.0), 112) == [("1", "test-3")]
    desk.tick(69.9)
    assert desk.dropped is None
    desk.tick(70.0)
    assert desk.dropped == "silence"


def test_test_request__answered_with_its_own_text__keeps_the_link() -> None:
    desk = linked(acceptor())
    desk.tick(30.0)
    desk.tick(35.0)
    desk.take(theirs("0", 2, (112, "test-3"), to=desk))
    desk.tick(69.9)
    assert (desk.dropped, desk.session.phase) == (None, Phase.ACTIVE)


def test_test_request__answered_with_another_text__does_not_keep_the_link() -> None:
    desk = linked(acceptor())
    desk.tick(30.0)
    desk.tick(35.0)
    desk.take(theirs("0", 2, (112, "other"), to=desk))
    desk.tick(70.0)
    assert desk.dropped == "silence"


def test_test_request__of_theirs__is_answered_with_its_text() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("1", 2, (112, "are you there"), to=desk)), 112) == [("0", "are you there")]


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


# Rejects


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


# Logout and loss


def test_logout__of_theirs__is_answered_and_the_link_dropped() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("5", 2, (58, "bye"), to=desk))) == [("5",)]
    assert desk.dropped == "logout: bye"
    assert desk.counters.next_in == 3


def test_logout__of_ours__waits_for_the_answer_and_still_takes_what_comes() -> None:
    desk = linked(acceptor())
    assert told(desk.perform(desk.session.logout("the day ends", desk.now)), 58) == [("5", "the day ends")]
    desk.take(theirs("D", 2, *ORDER, to=desk))
    assert desk.ids == ["o-1"]
    assert desk.take(theirs("5", 3, to=desk)) == []
    assert desk.dropped == "logout: no reason"


def test_logout__of_ours_without_an_answer__is_given_up() -> None:
    desk = linked(acceptor())
    desk.perform(desk.session.logout("the day ends", desk.now))
    desk.tick(9.9)
    assert desk.dropped is None
    desk.tick(10.0)
    assert desk.dropped == "no answer to leaving"


def test_logout__above_a_gap__is_answered_and_the_gap_stays_for_the_next_link() -> None:
    desk = linked(acceptor())
    assert told(desk.take(theirs("5", 9, to=desk))) == [("5",)]
    assert desk.counters.next_in == 2


@pytest.mark.parametrize("agreed", [True, False])
def test_loss__of_a_link_that_was_up__is_told_once_with_the_agreed_mark(agreed: bool) -> None:
    desk = linked(acceptor(cancel_on_disconnect=agreed))
    desk.perform(desk.session.disconnected())
    desk.perform(desk.session.disconnected())
    assert desk.lost == [agreed]


def test_loss__of_a_link_that_was_never_up__is_told_nobody() -> None:
    desk = acceptor(cancel_on_disconnect=True)
    desk.perform(desk.session.disconnected())
    assert desk.lost == []


def test_after_the_end__nothing_is_taken_any_more() -> None:
    desk = linked(acceptor())
    desk.take(theirs("5", 2, to=desk))
    assert desk.take(theirs("D", 3, *ORDER, to=desk)) == []
    assert desk.received == []
