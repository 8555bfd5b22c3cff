"""The shapes that the paper Alpaca answers in: instants, errors, announcements, and the log behind an event stream."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.paper_rest import Answer, written

HEARTBEAT_S = 1.0


class AlpacaStreamLog:
    """Numbered documents that any number of streams follow. `drop_after` ends every stream after so many events, once;
    a stream that is taken up again repeats the last `overlap` of those that were asked for.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._changed = threading.Condition(lock)
        self.documents: list[dict[str, Any]] = []
        self.overlap = 1
        self.drop_after = 0
        self.opened = 0

    @property
    def last_id(self) -> str:
        """The id of the newest document, empty before the first."""
        return self.documents[-1]["event_ulid"] if self.documents else ""

    def append(self, document: dict[str, Any]) -> None:
        """Add a document under the next id."""
        with self._changed:
            number = len(self.documents) + 1
            self.documents.append({**document, "event_ulid": f"01J{number:023d}"})
            self._changed.notify_all()

    def place_of(self, since: str) -> int:
        """Where a stream begins that is taken up again from the id `since`, which comes again."""
        start = next((n for n, each in enumerate(self.documents) if each["event_ulid"] >= since), len(self.documents))
        return max(0, start + 1 - self.overlap) if since else 0

    def follow(self, since: str) -> Iterator[bytes]:
        """Everything from `since` on (which comes again), as a stream without an end."""
        with self._changed:
            self.opened += 1
            place, sent = self.place_of(since), 0
        yield b": you are connected\n\n"
        while True:
            with self._changed:
                if place >= len(self.documents):
                    self._changed.wait(HEARTBEAT_S)
                fresh, place = self.documents[place:], len(self.documents)
            if not fresh:
                yield b": heartbeat\n\n"
            for document in fresh:
                yield b"data: " + written(document) + b"\n\n"
                sent += 1
                if self.drop_after and sent >= self.drop_after:
                    self.drop_after = 0
                    return


def instant_text(at: int) -> str:
    """An instant with nine digits of a second, as the vendor writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000001Z")


def error(status: int, code: int, message: str) -> Answer:
    """An error in the vendor's shape."""
    return Answer(status, {"code": code, "message": message})


def announcement_json(notice: Notice) -> dict[str, Any]:
    """A corporate action as it is announced."""
    split = notice.event in (ActionEvent.FORWARD_SPLIT, ActionEvent.REVERSE_SPLIT)
    sub = "reverse_split" if notice.event is ActionEvent.REVERSE_SPLIT else "stock_split"

    def day(value: object) -> str | None:
        return None if value is None else str(value)

    return {
        "id": notice.event_id, "corporate_action_id": notice.event_id, "ca_type": "split" if split else "dividend",
        "ca_sub_type": sub if split else "cash", "initiating_symbol": notice.symbol, "target_symbol": notice.symbol,
        "declaration_date": day(notice.announced_on), "ex_date": day(notice.ex_date),
        "record_date": day(notice.record_date), "payable_date": day(notice.pay_date),
        "cash": str(notice.cash_usd) if notice.cash_usd else "0", "old_rate": str(notice.ratio_old or 0),
        "new_rate": str(notice.ratio_new or 0),
    }  # fmt: skip
