"""Sessions that stay open between questions."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from openscrip.runtime.prepared import Prepared, Session
from openscrip.runtime.sessions import KEPT_MAX, Sessions


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return create_engine(f"sqlite:///{tmp_path / 'a.db'}", pool_size=64)


def one(session: Session) -> object:
    return session.value(Prepared(text("SELECT 1"), session.dialect), {})


def test_a_session_is_used_again__by_the_next_who_asks(engine: Engine) -> None:
    sessions = Sessions(engine)
    with sessions.one() as first:
        assert one(first) == 1
    with sessions.one() as second:
        assert one(second) == 1
        assert second is first
        with sessions.one() as beside:
            assert beside is not first
    sessions.close()


def test_a_session_in_which_something_failed__is_not_used_again(engine: Engine) -> None:
    sessions = Sessions(engine)
    with pytest.raises(ValueError, match="failed"), sessions.one() as first:
        raise ValueError("failed")
    with sessions.one() as second:
        assert one(second) == 1
        assert second is not first
    sessions.close()


def test_no_more_are_kept__than_are_said__and_closing_gives_all_back(engine: Engine) -> None:
    sessions = Sessions(engine)
    asked = [sessions.one() for _ in range(KEPT_MAX + 3)]
    for each in asked:
        each.__enter__()
    for each in asked:
        each.__exit__(None, None, None)
    assert engine.pool.checkedout() == KEPT_MAX  # type: ignore[attr-defined]  # a pool with a queue counts
    sessions.close()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # as above
    engine.dispose()
