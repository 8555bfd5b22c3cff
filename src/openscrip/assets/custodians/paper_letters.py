"""How messages reach the paper custodian and leave it, by HTTP or by files: checked, taken once, counted, and archived.

What is malformed, oversized, wrongly signed or named before with other bytes is refused with a rule and counted; nothing of
it is logged, and nothing changes.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from openscrip.assets.custodians.iso_envelope import Envelope, envelope_from_json, envelope_json
from openscrip.assets.custodians.paper_post import PostingCustodian
from openscrip.assets.custody import Signatures
from openscrip.assets.iso20022.messages import read_message
from openscrip.assets.paper_http import get, post, query_integer
from openscrip.assets.paper_log import PaperShell
from openscrip.assets.wire import Document, to_json
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, Refused, refuse_unless

CLIENT = "OPENSCRIP"
LETTERS_MAX, PAGE_BYTES_MAX = 500, 4 << 20


@dataclass(frozen=True, slots=True)
class LetterAsked:
    """A message as the log keeps it. Both keys sign the terms of what leaves the account."""

    client: str
    type: str
    id: str
    created: int
    raw: Document
    signature: str
    treasury: str = ""
    approver: str = ""

    def envelope(self) -> Envelope:
        """The message as it came."""
        return Envelope(0, self.client, self.type, self.id, self.created, self.raw.encode(), self.signature)

    def signatures(self) -> Signatures | None:
        """The two keys' signatures, where both came."""
        return Signatures(self.treasury, self.approver) if self.treasury and self.approver else None


@dataclass(frozen=True, slots=True)
class StateAsked:
    """The line that is to be stated."""

    isin: str


class LetterArchive:
    """The custodian's own messages on disk: not written anew after a restart. What a power cut takes is written again."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=OFF")
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS letter (number INTEGER PRIMARY KEY, sender TEXT, type TEXT, id TEXT,"
            " created INTEGER, raw BLOB, sha256 TEXT, signature TEXT)"
        )
        self.count = 0

    def read(self) -> dict[int, Envelope]:
        """All that were kept whole, by number."""
        rows = self._rows.execute("SELECT number, sender, type, id, created, raw, signature, sha256 FROM letter")
        found = {}
        for *fields, sha256 in rows:
            envelope = Envelope(*fields)
            if envelope.hash == sha256:
                found[envelope.number] = envelope
        return found

    def keep(self, letters: list[Envelope]) -> None:
        """Keep those that are new."""
        new = letters[self.count :]
        if not new:
            return
        rows = [(e.number, e.sender, e.type, e.id, e.created, e.raw, e.hash, e.signature) for e in new]
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR REPLACE INTO letter VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._rows.execute("COMMIT")
        self.count = len(letters)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()


class LetterBox:
    """Takes messages in and gives messages out; `refused` counts what was not taken, by rule."""

    def __init__(self, shell: PaperShell[PostingCustodian], client_key: bytes, archive: LetterArchive) -> None:
        self._shell, self._client_key, self._archive = shell, client_key, archive
        self.refused: Counter[str] = Counter()
        self.acknowledged: dict[str, int] = {}

    def take(self, body: object) -> dict[str, Any]:
        """Take one message in its envelope, with the two signatures beside it where shares leave."""
        try:
            return self._take(body)
        except Refused as refusal:
            self.refused[refusal.code] += 1
            raise

    def _take(self, body: object) -> dict[str, Any]:
        if not isinstance(body, Mapping):
            raise Malformed("body.object", "body: it was not a JSON object")
        fields = dict(body)
        both = {name: fields.pop(name, "") for name in ("treasury", "approver")}
        envelope = envelope_from_json(fields)
        refuse_unless(envelope.number == 0, "envelope.number", "envelope: a message to a custodian has number 0")
        refuse_unless(envelope.sender == CLIENT, "envelope.sender", f"envelope: {envelope.sender:.40} was no client here")
        envelope.refuse_unless_signed(self._client_key)
        core = self._shell.core()
        if not core.again(envelope):
            read_message(envelope.raw)
        record = {name: fields[name] for name in ("type", "id", "raw", "signature")}
        record["client"] = envelope.sender
        taken = self._shell.perform("message", {**record, "created": envelope.created, **both})
        self._archive.keep(core.post.letters)
        return to_json(taken)

    def after(self, number: int, limit: int) -> dict[str, Any]:
        """A page of messages numbered above `number`: `{"messages": [...], "last": N}`."""
        core, page, size = self._shell.core(), [], 0
        for envelope in core.letters(number, min(limit, LETTERS_MAX)):
            page.append(envelope_json(envelope))
            size += len(envelope.raw)
            if size > PAGE_BYTES_MAX:
                break
        self._archive.keep(core.post.letters)
        return {"messages": page, "last": len(core.post.letters)}

    def state(self, body: object) -> dict[str, Any]:
        """The newest statement of a line, by its number; a new one if one is due."""
        isin = body.get("isin") if isinstance(body, Mapping) and set(body) == {"isin"} else None
        if not isinstance(isin, str):
            raise Malformed("body.field", "body: it was not an object with an isin")
        if self._shell.core().statement_desk.is_due(isin):
            self._shell.perform("state", {"isin": isin})
        newest = self._shell.core().statement_desk.state(isin)
        return {"number": newest.number, "id": newest.id, "created": iso(newest.created)}

    def acknowledge(self, body: object) -> dict[str, Any]:
        """A reader has kept every message up to a number. Raises `Refused("acknowledgement.hash")` for another message."""
        if not isinstance(body, Mapping) or set(body) != {"reader", "number", "sha256"}:
            raise Malformed("body.field", "body: an acknowledgement has reader, number and sha256")
        reader, number, sha256 = str(body["reader"]), body["number"], body["sha256"]
        letters = self._shell.core().post.letters
        known = type(number) is int and 0 < number <= len(letters) and letters[number - 1].hash == sha256
        refuse_unless(known, "acknowledgement.hash", f"acknowledgement: {number!r:.20} was no message of that hash")
        self.acknowledged[reader[:40]] = max(self.acknowledged.get(reader[:40], 0), int(number))
        return {"acknowledged": self.acknowledged[reader[:40]]}

    def metrics(self) -> str:
        """What was refused and how far readers are, as Prometheus reads it."""
        lines = [f'openscrip_custodian_refused_total{{rule="{rule}"}} {count}' for rule, count in sorted(self.refused.items())]
        lines += [f'openscrip_custodian_acknowledged{{reader="{name}"}} {n}' for name, n in sorted(self.acknowledged.items())]
        lines.append(f"openscrip_custodian_messages {len(self._shell.core().post.letters)}")
        return "\n".join(lines) + "\n"

    def archive(self) -> None:
        """Keep on disk what was written since."""
        self._archive.keep(self._shell.core().post.letters)

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def message_routes(box: LetterBox) -> list[Route]:
    """The doors for messages."""

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(box.metrics())

    return [
        post("/v1/messages", lambda _, body: box.take(body)),
        get(
            "/v1/messages",
            lambda _, query: box.after(query_integer(query, "after", 0), query_integer(query, "limit", LETTERS_MAX)),
        ),
        post("/v1/statement-requests", lambda _, body: box.state(body)),
        post("/v1/acknowledgements", lambda _, body: box.acknowledge(body)),
        Route("/metrics", metrics, methods=["GET"]),
    ]
