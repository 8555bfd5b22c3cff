"""`PaperCustodianClient`: the custodian port over HTTP to the paper custodian's process."""

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openscrip.assets.custodians.paper_core import SubBalanceMove
from openscrip.assets.custody import (
    ActionNotified,
    CustodianEvent,
    DividendPaid,
    Instruction,
    InstructionAnswer,
    InstructionCancelled,
    InstructionFailed,
    InstructionSettled,
    Movement,
    Signatures,
    SplitBooked,
    Statement,
)
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Switches
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.errors import Malformed

EVENTS: Mapping[str, type[CustodianEvent]] = {
    each.TYPE: each
    for each in (
        InstructionSettled,
        InstructionFailed,
        InstructionCancelled,
        ActionNotified,
        SplitBooked,
        DividendPaid,
    )
}


class PaperCustodianClient:
    """The `Custodian` port, and beside it what only a paper custodian has: pushed time, switches, notices."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._connection = PaperConnection("paper custodian", url, timeout_s)

    def instruct(self, instruction: Instruction, signatures: Signatures | None = None) -> InstructionAnswer:
        """Instruct a movement."""
        body = to_json(instruction)
        if signatures is not None:
            body["signatures"] = to_json(signatures)
        return from_json(InstructionAnswer, self._connection.post("/v1/instructions", body))

    def cancel(self, instruction_id: str) -> InstructionAnswer:
        """Call a pending instruction off."""
        path = f"/v1/instructions/{quote(instruction_id, safe='')}/cancel"
        return from_json(InstructionAnswer, self._connection.post(path, {}))

    def instruction(self, instruction_id: str) -> InstructionAnswer | None:
        """The state of an instruction."""
        found = self._connection.find(f"/v1/instructions/{quote(instruction_id, safe='')}")
        return None if found is None else from_json(InstructionAnswer, found)

    def events(self, after: int, limit: int) -> Sequence[CustodianEvent]:
        """Up to `limit` (at most 1000) events numbered above `after`."""
        rows = self._connection.get("/v1/events", after=after, limit=limit)["events"]
        return [custodian_event(each) for each in rows]

    def latest_statement(self, isin: str) -> Statement:
        """The newest statement of a line."""
        return from_json(Statement, self._connection.get("/v1/statements/latest", isin=isin))

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """All statements of a line numbered above `after`."""
        rows = self._connection.get("/v1/statements", isin=isin, after=after)["statements"]
        return [from_json(Statement, each) for each in rows]

    def movements(self, after: int) -> Sequence[Movement]:
        """All movements numbered above `after`."""
        return [from_json(Movement, each) for each in self._connection.get("/v1/movements", after=after)["movements"]]

    def public_key(self) -> bytes:
        """The key that statements are signed with."""
        return base64.b64decode(self._connection.get("/v1/public-key")["public_key"])

    def move_sub_balance(self, move: SubBalanceMove) -> None:
        """Have the custodian block, pledge or release shares."""
        self._connection.post("/v1/paper/sub-balances", to_json(move))

    def advance_to(self, now: int) -> None:
        """Push market time; returns when all that is due by then has happened."""
        self._connection.post("/v1/clock", {"now": now})

    def now(self) -> int:
        """The custodian's market time."""
        return int(self._connection.get("/v1/clock")["now"])

    def next_due(self) -> int | None:
        """The next instant at which something happens by itself."""
        due_at: int | None = self._connection.get("/v1/clock")["next_due"]
        return due_at

    def turn(self, switches: Switches) -> None:
        """Replace the failure switches."""
        self._connection.post("/v1/paper/faults", to_json(switches))

    def announce(self, notice: Notice) -> None:
        """Have the custodian announce a corporate action."""
        self._connection.post("/v1/paper/notices", to_json(notice))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def custodian_event(body: Mapping[str, object]) -> CustodianEvent:
    """The event in a JSON object. Raises `Malformed("event.type")` for a type that is not known."""
    kind = EVENTS.get(str(body.get("type")))
    if kind is None:
        raise Malformed("event.type", f"event: custodian event type {body.get('type')!r:.40} was not known")
    return from_json(kind, body)
