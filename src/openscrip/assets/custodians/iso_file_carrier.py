"""Custody messages by files: dropped into `in`, read from `out`, each acknowledged by the side that took it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from openscrip.assets.custodians.iso_envelope import RAW_BYTES_MAX, Envelope
from openscrip.assets.custodians.iso_files import REQUEST, Drop, Tray, signed_by
from openscrip.assets.custodians.iso_http import READER
from openscrip.assets.custody import Signatures
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable

CLIENT = "OPENSCRIP"
TIMEOUT_S = 10.0
ASKED_EVERY_S = 0.005
IN_BYTES_MAX = 64 << 10
REQUEST_TEXT = '<StmtReq xmlns="urn:openscrip:custody:1"><ISIN>{}</ISIN></StmtReq>'


class FileCarrier:
    """The `Carrier` over an exchange folder. `refused` counts the custodian's files that were not taken, by rule.

    `key` is the custodian's public key, `sign` and `now` are for requests of statements, and `kept(number)` is the SHA-256 of
    a message that the inbox holds already.
    """

    def __init__(
        self, exchange: Path, key: bytes, sign: Callable[[bytes], str], now: Callable[[], int],
        kept: Callable[[int], str | None], timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self.refused: Counter[str] = Counter()
        self._requests: dict[str, Envelope] = {}
        self._in = Tray(exchange, "in", IN_BYTES_MAX, self.refused)
        self._out = Tray(exchange, "out", RAW_BYTES_MAX, self.refused)
        self._key, self._sign, self._now, self._kept, self._timeout_s = key, sign, now, kept, timeout_s

    def send(self, envelope: Envelope, signatures: Signatures | None) -> None:
        """Drop a message and wait until it is acknowledged."""
        more = {} if signatures is None else {"treasury": signatures.treasury, "approver": signatures.approver}
        with _disk():
            self._answered(self._in.put(envelope, more))

    def after(self, number: int, limit: int) -> Sequence[Envelope]:
        """The custodian's messages numbered above `number`, from the folder or, where they were taken before, its archive."""
        with _disk():
            lie: dict[int, list[Drop]] = {}
            for drop in self._out.look():
                if drop.number <= number:
                    self._again(drop)
                else:
                    lie.setdefault(drop.number, []).append(drop)
            page: list[Envelope] = []
            while len(page) < limit:
                due = number + len(page) + 1
                found = self._first(lie.get(due, ())) or self._archived(due)
                if found is None:
                    break
                page.append(found)
            return page

    def acknowledge(self, envelope: Envelope) -> None:
        """Acknowledge every file up to this message, and archive them."""
        with _disk():
            for drop in self._out.look():
                if drop.number <= envelope.number:
                    self._again(drop)

    def state(self, isin: str) -> int:
        """Ask for a statement; the acknowledgement tells its number."""
        if isin not in self._requests:  # signed once: to ask again does no harm, and a signer counts signatures
            plain = Envelope(0, CLIENT, REQUEST, isin, self._now(), REQUEST_TEXT.format(isin).encode())
            self._requests[isin] = replace(plain, signature=self._sign(plain.signed_text().encode()))
        with _disk():
            stem = self._in.put(self._requests[isin], {})
            return int(self._answered(stem)["number"])

    def close(self) -> None:
        """Nothing stays open."""

    def _answered(self, stem: str) -> dict[str, Any]:
        ends = time.monotonic() + self._timeout_s
        while (answer := self._in.answer(stem)) is None:
            if time.monotonic() > ends:
                raise Unavailable(f"custodian: {stem} was not acknowledged within {self._timeout_s} s; it stays where it lies")
            time.sleep(ASKED_EVERY_S)
        tail = stem.partition("-")[2]
        for name in self._in.said():
            if name[:-4].partition("-")[2] == tail and name[:-4] < stem:
                self._in.shelve(name)  # an answer that came after its asker had given up
        if answer["taken"]:
            return answer
        code, text = str(answer.get("rule")), str(answer.get("reason"))
        if answer.get("malformed"):
            raise Malformed(code, text)
        raise Conflict(code, text) if code.endswith(".conflict") else Refused(code, text)

    def _first(self, drops: Sequence[Drop]) -> Envelope | None:
        """The first of several files under one number that the custodian signed; the others are refused."""
        for drop in drops:
            envelope = self._read(drop)
            if envelope is not None:
                return envelope
        return None

    def _read(self, drop: Drop) -> Envelope | None:
        try:
            envelope = signed_by(self._out.read(drop), self._key)
            if envelope.number != drop.number:
                raise Malformed("file.name", f"file: {drop.stem} was message {envelope.number}")
        except FileNotFoundError:
            return None
        except Refused as refusal:
            self._out.refuse(drop, refusal)
            return None
        return envelope

    def _archived(self, number: int) -> Envelope | None:
        try:
            body = self._out.archived(number)
            return None if body is None else signed_by(body, self._key)
        except Refused as refusal:
            raise Unavailable(f"custodian: {refusal.text} ({refusal.code})") from refusal

    def _again(self, drop: Drop) -> None:
        """A message whose number is kept: acknowledged, again if need be, and an incident with other bytes."""
        envelope, kept = self._read(drop), self._kept(drop.number)
        if envelope is None or kept is None:
            return
        if envelope.hash == kept:
            self._out.acknowledge(drop, {"reader": READER, "number": drop.number, "sha256": kept})
        else:
            text = f"message: {drop.number} came again with other bytes; the first one stands"
            self._out.refuse(drop, Conflict("message.conflict", text))


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"custodian: the exchange folder could not be used: {error}") from error


def exchange_of(data: os.PathLike[str] | str, name: str) -> Path:
    """The exchange folder of the custodian `name` in a data folder of one machine."""
    return Path(data) / name / "exchange"
