"""Reads the custodian over HTTP and believes only what its signature closes over."""

from collections.abc import Mapping
from typing import Any

import httpx

from openscrip_watch.custody import Custody
from openscrip_watch.refusal import Silent, refuse_unless
from openscrip_watch.statement import (
    MovementLog,
    Statement,
    public_key,
    read_statement,
    refuse_unless_next,
)

TIMEOUT_S = 15.0


class HttpSource:
    """A server that answers JSON. Raises `Silent("….unavailable")` when it does not."""

    def __init__(self, name: str, url: str, client: httpx.Client) -> None:
        self.name = name
        self.url = url
        self._client = client

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON under a path; None for what the server does not know (404)."""
        try:
            answer = self._client.get(self.url + path, params=query, timeout=TIMEOUT_S)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            text = f"{self.name}: it did not answer ({type(error).__name__})"
            raise Silent(f"{self.name}.unavailable", text) from None

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a request is answered with; None for what the server does not know (404)."""
        try:
            answer = self._client.post(self.url + path, json=body, timeout=TIMEOUT_S)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            text = f"{self.name}: it did not answer ({type(error).__name__})"
            raise Silent(f"{self.name}.unavailable", text) from None

    def events(self, after: int, path: str = "/v1/events") -> list[Mapping[str, Any]]:
        """All events numbered above `after`; none where the server has no such events."""
        found: list[Mapping[str, Any]] = []
        while True:
            page = self.get(path, after=after, limit=1_000) or {"events": []}
            found += page["events"]
            if not page["events"] or page["events"][-1]["seq"] >= page["last"]:
                return found
            after = page["events"][-1]["seq"]


class CustodianReader:
    """Statements, movements and events of one custodian, each verified against what was read before."""

    def __init__(
        self, source: HttpSource, key: str, custody: Custody | None = None, *, name: str = "", keep: bool = False
    ) -> None:
        self.source = source
        self.name = name
        self._keep = keep
        self.kept: dict[str, list[Statement]] = {}
        """With `keep`: every verified statement of each line, oldest first."""
        self._key = public_key(key)
        self.statements: dict[str, Statement] = {}
        """The newest verified statement of each line."""
        self.log = MovementLog(name)
        self.custody = Custody() if custody is None else custody
        """Where its movements go, beside those of other custodians."""
        self._taken = 0
        self.notices: dict[str, Mapping[str, Any]] = {}
        """Corporate actions that the custodian announced, by event id."""
        self.told: dict[str, list[Mapping[str, Any]]] = {}
        """Every word of it about each, in order: what took effect stands on the words of its day."""
        self._events_read = 0
        self.bodies: dict[str, Mapping[str, Any]] = {}
        """The newest statement of each line as it was served."""

    def statement(self, isin: str) -> Statement:
        """The newest statement of a line, after every statement and movement before it was verified.

        Raises `statement.…` or `movement.…` naming what was wrong.
        """
        body = self.source.get("/v1/statements/latest", isin=isin)
        known = self.statements.get(isin)
        if known and body == self.bodies.get(isin):
            return known
        refuse_unless(body is not None, "statement.missing", f"statement: {self.name or 'custodian'} has none of {isin}")
        newest = self._read(body)
        due = known.sequence + 1 if known else 1
        follows = [newest] if newest.sequence == due else self.history(isin, due - 1)
        for each in follows:
            self._accept(each)
        served = newest.hash in {each.hash for each in follows} or (known is not None and newest.hash == known.hash)
        text = f"statement: {isin} number {newest.sequence} was not the one in the custodian's own history"
        refuse_unless(served, "statement.chain", text)
        self.bodies[isin] = body
        return self.statements[isin]

    def history(self, isin: str, after: int = 0) -> list[Statement]:
        """All statements of a line above `after`, signatures verified."""
        page = self.source.get("/v1/statements", isin=isin, after=after)["statements"]
        return [self._read(body) for body in page]

    def read_movements(self) -> None:
        """Read the movements that were served since; a statement must close over them before they count."""
        self.log.extend(self.source.get("/v1/movements", after=len(self.log))["movements"])

    def read_events(self) -> None:
        """Read what the custodian announced since."""
        for event in self.source.events(self._events_read):
            self._events_read = int(event["seq"])
            if event["type"] == "corporate_action":
                notice = event["notice"]
                if notice.get("function") == "CANC":
                    self.notices.pop(str(notice["event_id"]), None)
                elif notice.get("complete", True) and notice.get("confirmed", True):
                    self.notices[str(notice["event_id"])] = notice
                    self.told.setdefault(str(notice["event_id"]), []).append(notice)

    def instruction_status(self, instruction_id: str) -> str:
        """The state of an instruction, or `unknown`."""
        answer = self.source.get(f"/v1/instructions/{instruction_id}")
        return str(answer["status"]) if answer else "unknown"

    def restore(self, movements: list[Mapping[str, Any]], statements: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on from what was verified before a restart."""
        self.log.extend(movements)
        self._take()
        self.bodies = dict(statements)
        self.statements = {isin: self._read(body) for isin, body in statements.items()}

    def _accept(self, statement: Statement) -> None:
        refuse_unless_next(self.statements.get(statement.isin), statement)
        if statement.movement_seq > len(self.log):
            before = len(self.log)
            self.read_movements()
            self._refuse_open_tail(statement, before)
            self._take()
        else:
            self.log.refuse_unless_closed_by(statement)
        self.statements[statement.isin] = statement
        if self._keep:
            self.kept.setdefault(statement.isin, []).append(statement)

    def _take(self) -> None:
        self.custody.extend(self.log.movements[self._taken :])
        self._taken = len(self.log)

    def _read(self, body: Mapping[str, Any]) -> Statement:
        return read_statement(body, self._key, self.name)

    def _refuse_open_tail(self, statement: Statement, before: int) -> None:
        """Keep only what the statement closes over; what came later is read again with its own statement."""
        try:
            self.log.refuse_unless_closed_by(statement)
        except Exception:
            self.log.truncate(before)
            raise
        self.log.truncate(statement.movement_seq)
