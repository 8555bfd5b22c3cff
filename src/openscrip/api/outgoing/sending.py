"""Tells webhooks what happened: facts become deliveries in the order of their numbers, deliveries are sent until they arrive.

At least once: a delivery is marked after it was answered, so a crash in between sends it again with the same number. Each is
tried by itself; one that waits to be tried again is overtaken by later ones, which is why every delivery has its number.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from openscrip.api.outgoing.events import told_of
from openscrip.api.outgoing.rows import Delivery, Webhook, secret_of, signature
from openscrip.api.outgoing.targets import Resolve, address_of, resolved
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused
from openscrip.runtime.store import Store

CURSOR = "webhooks"
FACTS_AT_ONCE, SENT_AT_ONCE = 500, 50
WAITS_S = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200)
"""Before each further try; after the last the delivery is dead."""
GIVEN_UP_AFTER = 50
"""So many tries in a row without an answer end a webhook: its deliveries stay to be seen."""
WAITING_MAX = 2_000
"""More than this waiting for one webhook ends it, too."""
ANSWER_S, THREADS = 10.0, 8
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target answered: the HTTP status, 0 for none, and what went wrong."""

    status: int
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Any 2xx. A redirect is none: it is never followed."""
        return 200 <= self.status < 300


class Post(Protocol):
    """Sends one telling."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer. Never raises."""
        ...


def poster(*, paper: bool, resolve: Resolve = resolved, answer_s: float = ANSWER_S) -> Post:
    """Posts to the address that was checked, whatever the name points to by then; follows nothing, reads next to nothing."""

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        try:
            address = address_of(url, paper=paper, resolve=resolve)
            host = urlsplit(url).hostname or ""
            place = httpx.URL(url).copy_with(host=address)
            more = {"Host": urlsplit(url).netloc, **headers}
            with (
                httpx.Client(timeout=answer_s, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", place, content=body, headers=more, extensions={"sni_hostname": host}) as told,
            ):
                return Answer(told.status_code, "" if told.is_success else f"answered {told.status_code}")
        except Refused as refusal:
            return Answer(0, str(refusal))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(0, f"{type(error).__name__}: {str(error)[:200]}")

    return post


class Sender:
    """Turns facts into deliveries and sends them. `machine` is wall time in whole seconds; one sender at a time is enough."""

    def __init__(self, store: Store, master: bytes, post: Post, machine: Callable[[], int]) -> None:
        self._store = store
        self._master = master
        self._post = post
        self._machine = machine

    def step(self) -> int:
        """Read what is new and send what is due; how much of both there was."""
        return self._read() + self._send()

    def _read(self) -> int:
        with self._store.view() as view:
            after = int(view.cursor(CURSOR) or 0)
            facts = view.facts(after, FACTS_AT_ONCE)
            hooks = view.rows(Webhook, state="active") if facts else []
            told = [(number, at, told_of(view, fact)) for number, at, fact in facts] if hooks else []
        if not facts:
            return 0
        with self._store.transaction() as unit:
            if int(unit.cursor(CURSOR) or 0) != after:
                return 1  # another read them
            for number, at, one in told:
                if one is None:
                    continue
                name, data, person = one
                for hook in hooks:
                    if name in hook.events and person in ("", hook.person) and number > hook.after:
                        document = {"id": number, "type": name, "at": iso(at), "data": data}
                        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
                        unit.put(Delivery(f"{hook.id}:{number}", hook.person, hook.id, number, name, body, at))
            unit.set_cursor(CURSOR, str(facts[-1][0]))
        return len(facts)

    def _send(self) -> int:
        now = self._machine()
        with self._store.view() as view:
            waiting = view.rows(Delivery, state="waiting")
            hooks = {row.id: row for row in view.rows(Webhook)} if waiting else {}
        backlog = Counter(each.webhook for each in waiting)
        due: dict[str, list[Delivery]] = {}
        for each in waiting:
            if each.next_s <= now:
                due.setdefault(each.webhook, []).append(each)
        if not due:
            return 0
        with ThreadPoolExecutor(min(THREADS, len(due)), "webhook") as pool:  # a slow target holds up nobody but itself
            return sum(pool.map(lambda name: self._send_to(hooks[name], due[name], backlog[name] > WAITING_MAX), due))

    def _send_to(self, hook: Webhook, due: Sequence[Delivery], too_many: bool) -> int:
        """Send to one webhook, in order; after one that was not answered the rest waits for the next turn."""
        for place, each in enumerate(due[:SENT_AT_ONCE], 1):
            if hook.state != "active" or too_many:
                self._mark(each, Answer(0, "the webhook had ended"), ended=True)
                continue
            timestamp = self._machine()
            body = each.body.encode()
            headers = {
                "Content-Type": "application/json",
                "User-Agent": "openscrip-webhooks/1",
                "Openscrip-Event": each.event,
                "Openscrip-Delivery": str(each.number),
                "Openscrip-Timestamp": str(timestamp),
                "Openscrip-Signature": signature(secret_of(self._master, hook.id), each.number, timestamp, body),
            }
            answer = self._post(hook.url, body, headers)
            self._mark(each, answer)
            if not answer.status:
                return place
        return min(len(due), SENT_AT_ONCE)

    def _mark(self, sent: Delivery, answer: Answer, *, ended: bool = False) -> None:
        """Note an answer, beside whatever another sender noted meanwhile."""
        with self._store.transaction() as unit:
            row, hook = unit.row(Delivery, sent.id), unit.row(Webhook, sent.webhook)
            if row is None or hook is None or row.state != "waiting":
                return
            after = replace(row, attempts=row.attempts + 1, status=answer.status, error=answer.error)
            if answer.is_good:
                unit.put(replace(after, state="delivered", delivered_at=self._machine()))
                if hook.failures:
                    unit.put(replace(hook, failures=0))
                return
            dead = ended or after.attempts > len(WAITS_S) or answer.status == GONE
            next_s = 0 if dead else self._machine() + WAITS_S[after.attempts - 1]
            unit.put(replace(after, state="dead" if dead else "waiting", next_s=next_s))
            failures = hook.failures + 1
            given_up = hook.state == "active" and (failures >= GIVEN_UP_AFTER or answer.status == GONE or ended)
            unit.put(replace(hook, failures=failures, state="given_up" if given_up else hook.state))
