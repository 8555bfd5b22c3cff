"""A venue so small that one sees what it does, with the face that the journal and the sequencer ask for.

Credits fill a purse, orders take out of it. An order's number is the venue's, a client's id may serve once.
"""

import json
import struct

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Answer, Command, Credit, Place
from openscrip.markets.facts import Fact, Moved, What
from openscrip.markets.groups import Records
from openscrip.markets.orders import Limit, Side
from openscrip.markets.records import RECORD_BYTES, Kind, pack, text_of, texts

START, PRIME, WHOLE = 14695981039346656037, 1099511628211, 2**64


class TinyVenue:
    def __init__(self) -> None:
        self.sequence = 0
        self.digest = START
        self.purse: dict[int, int] = {}
        self.orders: dict[str, int] = {}
        self.last_order = 0
        self._written = bytearray()
        self._told: list[Fact] = []

    def submit(self, command: Command, now_us: int) -> Answer:
        match command:
            case Credit(account, asset, amount, reference):
                text = texts(reference, self.sequence + 1, now_us)
                record = (Kind.CREDIT, self.sequence + len(text) + 1, now_us, asset, *[0] * 10, account, amount)
            case Place(account, instrument, _side, lots, _terms, _mode, client_id):
                if lots > self.purse.get(account, 0):
                    raise Refused("order.funds", f"order: {lots} lots were asked for")
                if client_id in self.orders:
                    raise Refused("client_id.used", f"order: {client_id} was used")
                text = texts(client_id, self.sequence + 1, now_us)
                order = self.last_order + 1
                record = (Kind.PLACE, self.sequence + len(text) + 1, now_us, instrument, 1, order, *[0] * 3, lots, *[0] * 4,
                          account, 0)  # fmt: skip
            case _:
                raise ZeroDivisionError("tiny venue: a bug")
        self._written += b"".join(text) + pack(*record)
        self._do(record, text_of([struct.unpack("<16q", each) for each in text]), tell=True)
        return Answer(self.last_order, 1)

    def replay(self, records: Records, tell: bool = False) -> None:
        waiting: list[list[int]] = []
        for record in records.tolist():
            if record[0] == Kind.TEXT:
                waiting.append(record)
            else:
                self._do(record, text_of(waiting), tell)
                waiting = []

    def _do(self, record: list[int] | tuple[int, ...], text: str, tell: bool) -> None:
        kind, self.sequence, now_us = record[:3]
        account = record[14]
        amount = record[15] if kind == Kind.CREDIT else -record[9]
        self.purse[account] = self.purse.get(account, 0) + amount
        if kind == Kind.PLACE:
            self.last_order = record[5]
            self.orders[text] = self.last_order
        for number in (*record, hash_of(text)):
            self.digest = ((self.digest ^ number % WHOLE) * PRIME) % WHOLE
        if tell:
            self._told.append(Moved(self.sequence, now_us, 0, account, 1, amount, self.purse[account], What.CREDIT, text))

    def written(self) -> bytes:
        written, self._written = bytes(self._written), bytearray()
        assert len(written) % RECORD_BYTES == 0
        return written

    def told(self) -> list[Fact]:
        told, self._told = self._told, []
        return told

    def state(self) -> bytes:
        return json.dumps([self.sequence, self.digest, self.last_order, sorted(self.purse.items()), self.orders]).encode()

    def load(self, state: bytes) -> None:
        self.sequence, self.digest, self.last_order, purse, self.orders = json.loads(state)
        self.purse = dict(map(tuple, purse))


def hash_of(text: str) -> int:
    number = START
    for byte in text.encode():
        number = ((number ^ byte) * PRIME) % WHOLE
    return number


def credit(amount: int, account: int = 1) -> Credit:
    return Credit(account, 1, amount, f"deposit of {amount}")


def order(name: str, lots: int = 1, account: int = 1) -> Place:
    return Place(account, 1, Side.BUY, lots, Limit(100), client_id=name)
