"""Logging set up once per process: lines of text, or one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One object a line: `at`, `level`, `logger`, `text`, `trace` if there is one, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of `record`."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return json.dumps(line, default=str, ensure_ascii=False)


def set_up_logging(level: str = "info", form: str = "text") -> None:
    """Send what `openscrip` logs to standard error. Called again, it replaces what it set up before."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else text)
    logger = logging.getLogger("openscrip")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
