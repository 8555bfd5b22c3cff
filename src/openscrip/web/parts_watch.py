"""Looks at the parts once a second while anybody follows them, and tells the stream what became different.

No fact of the books stands for a part that stopped answering, so nobody else would say it. `status` is what everybody may know,
a part and its state; `health` is for operators: each feed with its last error, each process and whether it runs.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from openscrip.kernel.errors import Refused, Unavailable
from openscrip.web.live import Hub
from openscrip.web.office import Office
from openscrip.web.pages.facts import components_of
from openscrip.web.pages.stock_list import all_stocks_of

log = logging.getLogger(__name__)

LOOK_S, IDLE_S = 1.0, 0.25
TOPICS = ("status", "health")
WELL: Mapping[str, str] = {"state": "well", "text": ""}
"""What is told of something that was wrong and is no more."""

Seen = Mapping[tuple[str, str], Mapping[str, str]]
"""What is told, by topic and key."""


def look(office: Office) -> Seen:
    """The state of every part now."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    try:
        for part in components_of(office, all_stocks_of(office)):
            found["status", part.name] = {"state": part.kind, "text": part.word}
    except (Unavailable, OSError):
        found["status", "Books"] = {"state": "halted", "text": "Do not answer"}
    try:
        told = office.door.get("/v1/parts")
        found["health", "platform"] = WELL
    except (Refused, Unavailable) as outage:
        found["health", "platform"] = {"state": "ill", "text": str(outage)[:200]}
        return found
    for feed, error in told["troubles"].items():
        found["health", f"feed {feed}"] = {"state": "ill", "text": str(error)[:200]}
    for name, pid in told["processes"].items():
        found["health", f"process {name}"] = WELL if pid else {"state": "ill", "text": "does not run"}
    waiting = len(told["commands"])
    found["health", "commands"] = {"state": "well" if not waiting else "waiting", "text": str(waiting)}
    return found


class PartsWatch:
    """A thread that publishes each change once. What nobody heard, since no stream was open yet, is told again."""

    def __init__(self, office: Office, hub: Hub, looking: Callable[[Office], Seen] = look) -> None:
        self._office, self._hub, self._looking = office, hub, looking
        self._told: dict[tuple[str, str], Mapping[str, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parts", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()

    def look_once(self) -> None:
        """Look, and tell what is different from what was told last."""
        found = dict(self._looking(self._office))
        for slot in self._told.keys() - found.keys():
            found[slot] = WELL
        for (topic, key), body in found.items():
            if self._told.get((topic, key)) != body and self._hub.publish(topic, key, body):
                self._told[topic, key] = body

    def _run(self) -> None:
        looked_s = 0.0
        while not self._stop.wait(IDLE_S):
            if self._hub.is_followed(TOPICS) and time.monotonic() - looked_s >= LOOK_S:
                looked_s = time.monotonic()
                try:
                    self.look_once()
                except (Refused, Unavailable, OSError) as error:
                    log.warning("parts: they could not be looked at: %s", error)
