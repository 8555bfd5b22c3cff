"""The rules of a FIX 4.2 session, each from the side that keeps it and the side that breaks it: begin, keep alive, end."""

import pytest
from tests.runtime.fix.desk import (
    DAY_1,
    DAY_2,
    ORDER,
    acceptor,
    at,
    initiator,
    linked,
    logon,
    theirs,
    told,
)

from openscrip.kernel.errors import Refused
from openscrip.runtime.fix.effects import Counters
from openscrip.runtime.fix.session import Phase

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
