"""What was sent to a custodian and what came from it, byte for byte, in a database of our own: outbox, inbox, what was read.

Everything here can be told again by the custodian, and reading it again gives the same numbers: a power cut loses nothing.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.runtime.database import INBOX_LOCK, READ_ONLY, open_database, unavailable

metadata = MetaData()
inbox = Table(
    "custody_inbox",
    metadata,
    Column("custodian", String, primary_key=True),
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("sender", String, nullable=False),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", String, nullable=False),
    Column("signature", String, nullable=False),
    Column("seq", BigInteger),
    Column("event", Text, nullable=False),
    Column("movement", Text, nullable=False),
    Column("isin", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("instruction", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("trouble", String, nullable=False),
    Index("custody_inbox_seq", "custodian", "seq", unique=True),
    Index("custody_inbox_isin", "custodian", "isin", "sequence"),
    Index("custody_inbox_instruction", "custodian", "instruction"),
)
outbox = Table(
    "custody_outbox",
    metadata,
    Column("custodian", String, primary_key=True),
    Column("type", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("terms", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", String, nullable=False),
    Column("signature", String, nullable=False),
    Column("taken", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One message of a custodian with what was read in it.

    `event` and `movement` are canonical JSON or empty; `isin` and `sequence` are a statement's; `status` is what the message
    says of `instruction`; `trouble` is the rule for which nothing of the message counts.
    """

    envelope: Envelope
    seq: int | None = None
    event: str = ""
    movement: str = ""
    isin: str = ""
    sequence: int = 0
    instruction: str = ""
    status: str = ""
    reason: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of ours; `terms` is the canonical JSON of what it asks."""

    envelope: Envelope
    terms: str
    taken: bool


class IsoStore:
    """Inbox and outbox of all custodians in one database. Several processes may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        metadata.create_all(engine)

    @classmethod
    def open(cls, url: str) -> "IsoStore":
        """The store at a database URL, made if it is not there."""
        return cls(open_database(url, synchronous="NORMAL"))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with unavailable(), self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with unavailable(), self._engine.begin() as connection:
            yield connection

    def add(self, custodian: str, rows: Sequence[Row]) -> bool:
        """Keep messages that follow each other, all or nothing; False if they do not follow the newest that is kept.

        One process at a time: another that read the same ones is no error, and the server's log shall not say so.
        """
        with self._writing() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(select(func.pg_advisory_xact_lock(INBOX_LOCK, func.hashtext(custodian))))
            newest = connection.execute(select(func.max(inbox.c.number)).where(inbox.c.custodian == custodian)).scalar()
            if rows[0].envelope.number != (newest or 0) + 1:
                return False
            connection.execute(insert(inbox), [_values(custodian, row) for row in rows])
        return True

    def rows(self, custodian: str, after: int, limit: int = 1_000) -> list[Row]:
        """Messages numbered above `after`, in order."""
        query = select(inbox).where(inbox.c.custodian == custodian, inbox.c.number > after).order_by(inbox.c.number)
        with self._reading() as connection:
            return [_row(each) for each in connection.execute(query.limit(limit))]

    def events(self, custodian: str, after: int, limit: int) -> list[dict[str, Any]]:
        """The events numbered above `after` as JSON, in order."""
        known = inbox.c.custodian == custodian, inbox.c.seq > after
        query = select(inbox.c.event).where(*known).order_by(inbox.c.seq).limit(limit)
        with self._reading() as connection:
            return [json.loads(body) for (body,) in connection.execute(query)]

    def movements(self, custodian: str, after: int) -> list[dict[str, Any]]:
        """The movements in messages numbered above `after` as JSON, in order."""
        known = inbox.c.custodian == custodian, inbox.c.number > after, inbox.c.movement != ""
        query = select(inbox.c.movement).where(*known).order_by(inbox.c.number)
        with self._reading() as connection:
            return [json.loads(body) for (body,) in connection.execute(query)]

    def statements(self, custodian: str, isin: str, after: int) -> list[Row]:
        """The statements of a line that are right, numbered above `after`, in order of their own numbers."""
        known = inbox.c.custodian == custodian, inbox.c.isin == isin, inbox.c.sequence > after, inbox.c.trouble == ""
        query = select(inbox).where(*known).order_by(inbox.c.sequence)
        with self._reading() as connection:
            return [_row(each) for each in connection.execute(query)]

    def message(self, custodian: str, number: int) -> Row | None:
        """One message by its number."""
        found = self.rows(custodian, number - 1, 1)
        return found[0] if found and found[0].envelope.number == number else None

    def standing(self, custodian: str, instruction: str) -> tuple[str, str] | None:
        """(status, reason) of an instruction as last told; None if nothing was."""
        known = inbox.c.custodian == custodian, inbox.c.instruction == instruction, inbox.c.status != ""
        query = select(inbox.c.status, inbox.c.reason).where(*known).order_by(inbox.c.number.desc()).limit(1)
        with self._reading() as connection:
            found = connection.execute(query).first()
        return None if found is None else (str(found[0]), str(found[1]))

    def troubles(self, custodian: str) -> dict[str, int]:
        """How many messages were refused, by rule."""
        known = inbox.c.custodian == custodian, inbox.c.trouble != ""
        query = select(inbox.c.trouble, func.count()).where(*known).group_by(inbox.c.trouble)
        with self._reading() as connection:
            return {str(rule): int(count) for rule, count in connection.execute(query)}

    def sent(self, custodian: str, message_type: str, message_id: str) -> Sent | None:
        """A message of ours."""
        known = outbox.c.custodian == custodian, outbox.c.type == message_type, outbox.c.id == message_id
        with self._reading() as connection:
            found = connection.execute(select(outbox).where(*known)).first()
        if found is None:
            return None
        envelope = Envelope(0, "", found.type, found.id, int(found.created), bytes(found.raw), found.signature)
        return Sent(envelope, str(found.terms), bool(found.taken))

    def keep(self, custodian: str, envelope: Envelope, terms: str) -> Sent:
        """Keep a message of ours before it is sent; what another thread kept first stands."""
        values = {
            "custodian": custodian, "type": envelope.type, "id": envelope.id, "terms": terms, "created": envelope.created,
            "raw": envelope.raw, "sha256": envelope.hash, "signature": envelope.signature, "taken": 0,
        }  # fmt: skip
        try:
            with self._writing() as connection:
                connection.execute(insert(outbox).values(values))
        except IntegrityError:
            known = self.sent(custodian, envelope.type, envelope.id)
            if known is not None:
                return known
            raise
        return Sent(envelope, terms, taken=False)

    def taken(self, custodian: str, message_type: str, message_id: str) -> None:
        """The custodian acknowledged a message of ours."""
        known = outbox.c.custodian == custodian, outbox.c.type == message_type, outbox.c.id == message_id
        with self._writing() as connection:
            connection.execute(update(outbox).where(*known).values(taken=1))


def _values(custodian: str, row: Row) -> dict[str, Any]:
    envelope = row.envelope
    return {
        "custodian": custodian, "number": envelope.number, "sender": envelope.sender, "type": envelope.type,
        "id": envelope.id, "created": envelope.created, "raw": envelope.raw, "sha256": envelope.hash,
        "signature": envelope.signature, "seq": row.seq, "event": row.event, "movement": row.movement, "isin": row.isin,
        "sequence": row.sequence, "instruction": row.instruction, "status": row.status, "reason": row.reason,
        "trouble": row.trouble,
    }  # fmt: skip


def _row(found: Any) -> Row:
    envelope = Envelope(
        int(found.number), found.sender, found.type, found.id, int(found.created), bytes(found.raw), found.signature
    )
    seq = None if found.seq is None else int(found.seq)
    return Row(
        envelope, seq, found.event, found.movement, found.isin, int(found.sequence), found.instruction, found.status,
        found.reason, found.trouble,
    )  # fmt: skip


def numbered(row: Row, seq: int) -> Row:
    """The row with the number of its event, in the event too."""
    body = json.loads(row.event)
    return replace(row, seq=seq, event=json.dumps({**body, "seq": seq}, sort_keys=True))
