"""Logs: one line an event, for people or for programs."""

import json
import logging
from collections.abc import Iterator

import pytest

from openscrip.runtime.logs import set_up_logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    logger = logging.getLogger("openscrip")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


def test_json_lines_carry_text_trace_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "json")
    logger = logging.getLogger("openscrip.test")
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logger.exception("worker: %s was parked", "a", extra={"command": "a"})
    logger.debug("not said")
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["logger"], told["text"]) == ("error", "openscrip.test", "worker: a was parked")
    assert told["command"] == "a"
    assert "ZeroDivisionError" in told["trace"]


def test_setting_up_again_does_not_say_things_twice(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    set_up_logging()
    logging.getLogger("openscrip.test").warning("once")
    assert capsys.readouterr().err.count("once") == 1
