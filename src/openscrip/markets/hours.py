"""When markets open and close: what state is due at a time, and which state may follow which.

CLOSED -> PRE_OPEN -> CALL -> OPEN -> CLOSED        OPEN -> HALTED -> CALL -> OPEN
any -> CORP_ACTION -> PRE_OPEN                      any -> CANCEL_ONLY -> CALL
"""

from datetime import datetime

from openscrip.assets.calendar import new_york_calendar
from openscrip.kernel.clock import NEW_YORK
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import State
from openscrip.markets.instruments import Hours, Instrument

_SECOND_US = 1_000_000
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_TURN_HOUR = 20
"""24x5 begins and ends at 20:00 in New York."""

_ANYWHERE = {State.CANCEL_ONLY, State.CORP_ACTION, State.DELISTED}
_AT_WORK = (State.OPEN, State.POST_ONLY, State.REDUCE_ONLY)
FOLLOWERS: dict[State, set[State]] = {
    State.CLOSED: {State.PRE_OPEN} | _ANYWHERE,
    State.PRE_OPEN: {State.CALL, State.CLOSED, State.HALTED} | _ANYWHERE,
    State.CALL: {State.OPEN, State.CLOSED, State.HALTED} | _ANYWHERE,
    State.OPEN: {State.CLOSED, State.HALTED, State.POST_ONLY, State.REDUCE_ONLY} | _ANYWHERE,
    State.POST_ONLY: {State.CLOSED, State.HALTED, State.OPEN, State.REDUCE_ONLY} | _ANYWHERE,
    State.REDUCE_ONLY: {State.CLOSED, State.HALTED, State.OPEN, State.POST_ONLY} | _ANYWHERE,
    State.CANCEL_ONLY: {State.CALL, State.CLOSED} | _ANYWHERE,
    State.HALTED: {State.CALL, State.CLOSED} | _ANYWHERE,
    State.CORP_ACTION: {State.PRE_OPEN, State.DELISTED},
    State.DELISTED: set(),
}
"""Which state may follow which. Nothing trades again but through a call: what gathered meanwhile meets at one price."""


def is_open(hours: Hours, at_us: int) -> bool:
    """Whether trading hours are on. Beyond the calendar's table nothing opens."""
    if hours is Hours.ALWAYS:
        return True
    at = at_us // _SECOND_US
    if hours is Hours.EXCHANGE:
        try:
            return new_york_calendar().open_session(at) is not None
        except Refused:
            return False
    here = datetime.fromtimestamp(at, NEW_YORK)
    day, evening = here.weekday(), here.hour >= _TURN_HOUR
    return day < _FRIDAY or (day == _FRIDAY and not evening) or (day == _SUNDAY and evening)


def due_state(instrument: Instrument, state: State, since_us: int, until_us: int, now_us: int) -> State | None:
    """The state that the schedule wants next, or None. What an operator set (a halt without end, an action) stays."""
    hours = instrument.hours
    if state is State.CLOSED:
        return State.PRE_OPEN if is_open(hours, now_us + instrument.pre_open_us + instrument.call_us) else None
    if state is State.PRE_OPEN:
        ready = now_us >= since_us + instrument.pre_open_us
        return State.CALL if ready and is_open(hours, now_us + instrument.call_us) else None
    if state is State.CALL:
        return State.OPEN if now_us >= since_us + instrument.call_us and is_open(hours, now_us) else None
    if state in _AT_WORK:
        return None if is_open(hours, now_us) else State.CLOSED
    if state is State.HALTED and 0 < until_us <= now_us:
        return State.CALL if is_open(hours, now_us) else State.CLOSED
    return None
