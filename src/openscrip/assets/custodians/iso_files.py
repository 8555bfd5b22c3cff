"""One folder of custody messages: names, writing that a kill cannot halve, reading that trusts nothing, archive and refusals.

A message is two files, `NNNNNNNN-<type>-<id>.xml` with its exact bytes and `.json` with its envelope. The envelope is written
first, so that a message that can be seen is whole. The layout is in docs/custody-messages.md.
"""

import hashlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openscrip.assets.custodians.iso_envelope import Envelope, envelope_from_json, envelope_json
from openscrip.kernel.errors import Malformed, Refused, refuse_unless

REQUEST = "statement-request"
SIDECAR_BYTES_MAX = 16 << 10
AT_ONCE, A_FOLDER = 500, 1_000
_NAME = re.compile(rf"(\d{{8,12}})-([a-z]{{4}}\.\d{{3}}\.\d{{3}}\.\d{{2}}|{REQUEST})-([A-Za-z0-9_.~%-]{{1,120}})")
_PART = ".part-"


@dataclass(frozen=True, slots=True, order=True)
class Drop:
    """A message file by its name without ending; `id` as it stands there, percent-encoded."""

    number: int
    stem: str
    type: str
    id: str

    @classmethod
    def of(cls, stem: str) -> "Drop | None":
        """The parts of a name; None for one that is no message's."""
        found = _NAME.fullmatch(stem)
        return None if found is None else cls(int(found[1]), stem, found[2], found[3])


class Tray:
    """One direction, `in` or `out`, of the exchange folder. `counted` counts what was refused, by rule.

    Raises `Refused("file.folder")` where one of its folders is a link.
    """

    def __init__(self, exchange: Path, way: str, raw_max: int, counted: Counter[str]) -> None:
        self.folder, self._archive = exchange / way, exchange / "archive" / way
        self._refused, self._lock = exchange / "archive" / "refused", exchange / f".{way}.lock"
        self._way, self._raw_max, self._counted = way, raw_max, counted
        for each in (self.folder, self._archive, self._refused):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
            refuse_unless(not each.is_symlink(), "file.folder", f"exchange: {each.name} was a link; make it a folder")

    # who writes

    def put(self, envelope: Envelope, more: Mapping[str, str], number: int = 0) -> str:
        """Drop a message under `number`, or under the next one; the name without ending.

        What lies there still with the same bytes and envelope is not dropped twice.
        """
        sidecar = json.dumps({**_side(envelope), **more}, sort_keys=True).encode()
        tail = f"-{envelope.type}-{quote(envelope.id, safe='')}"
        with self._alone():
            names = [f"{number:08d}{tail}.xml"] if number else _names(self.folder)
            for name in names:
                stem = name.removesuffix(".xml")
                if stem != name and stem.endswith(tail) and Drop.of(stem) and self._holds(stem, envelope.raw, sidecar):
                    return stem
            stem = f"{number or self._next(names):08d}{tail}"
            self._write(f"{stem}.json", sidecar)
            self._write(f"{stem}.xml", envelope.raw)
            _sync(self.folder)
        return stem

    def answer(self, stem: str) -> dict[str, Any] | None:
        """What the reader said to a message, with `taken`; None while it has said nothing. What was said is archived."""
        for ending in ("ack", "nak"):
            for path in (self.folder / f"{stem}.{ending}", self._place(stem) / f"{stem}.{ending}"):
                with suppress(FileNotFoundError, Refused):
                    body = _strict(_plain(path, SIDECAR_BYTES_MAX))
                    self.shelve(path.name)
                    return {**body, "taken": ending == "ack"}
        return None

    def shelve(self, name: str) -> None:
        """Move an answer to the archive."""
        with suppress(FileNotFoundError):
            (self.folder / name).replace(self._place(name.rpartition(".")[0]) / name)

    def said(self) -> list[str]:
        """The names of answers that lie here, in order."""
        return sorted(name for name in _names(self.folder) if name.endswith((".ack", ".nak")) and Drop.of(name[:-4]))

    # who reads

    def look(self) -> list[Drop]:
        """The messages that lie here, in order, up to `AT_ONCE`. What is no message is refused on the way."""
        names = set(_names(self.folder))
        drops: list[Drop] = []
        for name in sorted(names):
            stem, _, ending = name.rpartition(".")
            drop = Drop.of(stem.removeprefix(_PART))
            if drop is None or ending not in {"xml", "json", "ack", "nak"}:
                self._refuse_strange(name)
            elif stem.startswith(_PART) or (ending == "json" and f"{stem}.xml" not in names):
                if ending in {"xml", "json"}:
                    self._refuse_half(name)
            elif ending == "xml":
                drops.append(drop)
        return sorted(drops)[:AT_ONCE]

    def read(self, drop: Drop) -> dict[str, Any]:
        """The envelope with its message, as JSON. Raises `Malformed("file.…")`, or `FileNotFoundError` if it is gone."""
        raw = _plain(self.folder / f"{drop.stem}.xml", self._raw_max)
        try:
            side = _strict(_plain(self.folder / f"{drop.stem}.json", SIDECAR_BYTES_MAX))
        except FileNotFoundError:
            if not (self.folder / f"{drop.stem}.xml").exists():
                raise
            raise Malformed("file.envelope", f"file: {drop.stem} had no envelope beside it") from None
        return _joined(drop, side, raw)

    def acknowledge(self, drop: Drop, body: Mapping[str, Any]) -> None:
        """Say that a message was taken, then move it to the archive under its SHA-256."""
        self._write(f"{drop.stem}.ack", json.dumps(body, sort_keys=True).encode())
        _sync(self.folder)
        with self._alone():
            self._store(drop.stem)

    def refuse(self, drop: Drop, refusal: Refused, *, counted: bool = True) -> None:
        """Say that a message was not taken, and why; move it out of the way."""
        self._counted[refusal.code] += counted
        malformed = isinstance(refusal, Malformed)
        body: dict[str, Any] = {"rule": refusal.code, "reason": refusal.text, "malformed": malformed}
        with suppress(OSError, Refused):
            body["sha256"] = hashlib.sha256(_plain(self.folder / f"{drop.stem}.xml", self._raw_max)).hexdigest()
        self._write(f"{drop.stem}.nak", json.dumps(body, sort_keys=True).encode())
        _sync(self.folder)
        with self._alone():
            for ending in ("xml", "json"):
                self._out_of_the_way(f"{drop.stem}.{ending}", refusal)

    def archived(self, number: int) -> dict[str, Any] | None:
        """An archived message by its number, as JSON. Raises `Malformed` for one that is not what its name says."""
        folder = self._archive / f"{number // A_FOLDER:05d}"
        if not folder.is_dir():
            return None
        with self._alone():  # message and envelope are moved under the lock
            for name in sorted(_names(folder)):
                stem, _, sha256 = name.removesuffix(".xml").rpartition(".")
                drop = Drop.of(stem) if name.endswith(".xml") else None
                if drop is None or drop.number != number:
                    continue
                with suppress(FileNotFoundError):  # a kill parted them; the next look brings the envelope after it
                    raw = _plain(folder / name, self._raw_max)
                    right = hashlib.sha256(raw).hexdigest() == sha256
                    refuse_unless(right, "file.archive", f"archive: {name} had other bytes than its name says")
                    return _joined(drop, _strict(_plain(folder / f"{stem}.{sha256}.json", SIDECAR_BYTES_MAX)), raw)
        return None

    def numbers(self) -> set[int]:
        """The numbers of all messages here and in the archive."""
        places = [self.folder, *(each for each in self._archive.iterdir() if each.is_dir())]
        names = (name for each in places for name in _names(each) if name.endswith(".xml"))
        found = (Drop.of(_stem(name)) for name in names if not name.startswith(_PART))
        return {drop.number for drop in found if drop is not None}

    # beneath

    @contextmanager
    def _alone(self, flags: int = LOCK_EX) -> Iterator[None]:
        """Whoever writes a message or moves one does so alone; an end of the process gives the lock back."""
        held = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            flock(held, flags)
            yield
        finally:
            os.close(held)

    def _next(self, names: list[str]) -> int:
        """The next number: above the last that was given, and above what lies here."""
        held = os.open(self._lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            told = os.pread(held, 20, 0).strip()
            lie = [drop.number for drop in map(Drop.of, map(_stem, names)) if drop is not None]
            number = 1 + (max([int(told), *lie]) if told.isdigit() else max(self.numbers(), default=0))
            os.pwrite(held, b"%-20d" % number, 0)
        finally:
            os.close(held)
        return number

    def _write(self, name: str, content: bytes) -> None:
        part = self.folder / f"{_PART}{name}"
        with suppress(FileNotFoundError):
            part.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # another reader answered the same at the same time
            part.replace(self.folder / name)

    def _holds(self, stem: str, raw: bytes, sidecar: bytes) -> bool:
        try:
            lies = _plain(self.folder / f"{stem}.xml", self._raw_max), _plain(self.folder / f"{stem}.json", SIDECAR_BYTES_MAX)
        except (OSError, Refused):
            return False
        return lies == (raw, sidecar)

    def _place(self, stem: str) -> Path:
        drop = Drop.of(stem)
        place = self._archive / f"{(drop.number if drop else 0) // A_FOLDER:05d}"
        place.mkdir(exist_ok=True, mode=0o700)
        return place

    def _store(self, stem: str) -> None:
        """Move message and envelope to the archive; what another reader moved before stays there."""
        with suppress(FileNotFoundError):
            sha256 = hashlib.sha256(_plain(self.folder / f"{stem}.xml", self._raw_max)).hexdigest()
            for ending in ("xml", "json"):
                (self.folder / f"{stem}.{ending}").replace(self._place(stem) / f"{stem}.{sha256}.{ending}")
            _sync(self._place(stem))

    def _refuse_strange(self, name: str) -> None:
        refusal = Malformed("file.name", f"file: {name:.80} was no message's name; see docs/custody-messages.md")
        self._counted[refusal.code] += 1
        with self._alone():
            self._out_of_the_way(name, refusal)

    def _refuse_half(self, name: str) -> None:
        """A writer that lives holds the lock; what lies half-written without one will never be whole."""
        with suppress(BlockingIOError), self._alone(LOCK_EX | LOCK_NB):
            stem, path = _stem(name), self.folder / name
            if not path.is_symlink() and (not path.exists() or (self.folder / f"{stem}.xml").exists()):
                return
            whole = sorted(self._place(stem).glob(f"{stem}.*.xml"))
            if whole and not name.startswith(_PART):
                path.replace(whole[-1].with_suffix(".json"))  # a reader was killed between the two moves
                return
            refusal = Malformed("file.half", f"file: {name:.80} was left half-written; it is sent anew")
            self._counted[refusal.code] += 1
            self._out_of_the_way(name, refusal)

    def _out_of_the_way(self, name: str, refusal: Refused) -> None:
        """Keep what was refused beside the reason; a link is taken away, never followed."""
        path = self.folder / name
        told = {"name": name, "way": self._way, "rule": refusal.code, "reason": refusal.text}
        key = hashlib.sha256(f"{self._way}/{name}".encode(errors="surrogateescape")).hexdigest()[:16]
        number = sum(1 for each in _names(self._refused) if each.startswith(f"{key}-") and not each.endswith(".nak"))
        kept = self._refused / f"{key}-{number}"
        try:
            if path.is_symlink():
                told["link"] = str(path.readlink())
                path.unlink()
            elif path.exists():
                if stat.S_ISREG(path.stat().st_mode) and path.stat().st_size <= self._raw_max:
                    told["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
                path.replace(kept)
            else:
                return
        except FileNotFoundError:
            return
        kept.with_name(f"{kept.name}.nak").write_text(json.dumps(told, sort_keys=True), encoding="utf-8")


def signed_by(body: Mapping[str, Any], key: bytes) -> Envelope:
    """The envelope in the JSON that `Tray.read` gave. Raises `Malformed`, or `Refused("envelope.signature")`."""
    envelope = envelope_from_json({name: body[name] for name in body if name not in {"treasury", "approver"}})
    envelope.refuse_unless_signed(key)
    return envelope


def _side(envelope: Envelope) -> dict[str, Any]:
    return {name: each for name, each in envelope_json(envelope).items() if name != "raw"}


def _joined(drop: Drop, side: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    named = side.get("type"), quote(str(side.get("id")), safe="")
    refuse_unless(named == (drop.type, drop.id), "file.name", f"file: {drop.stem} was not named as its envelope says")
    try:
        return {**side, "raw": raw.decode()}
    except UnicodeDecodeError:
        raise Malformed("iso.encoding", f"file: {drop.stem} was not UTF-8") from None


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as found:
        return [each.name for each in found]


def _stem(name: str) -> str:
    """A name without its endings, whether it lies here, in the archive or half-written."""
    stem = name.removeprefix(_PART).rpartition(".")[0]
    inner, _, sha256 = stem.rpartition(".")
    return inner if len(sha256) == 64 and Drop.of(inner) else stem


def _plain(path: Path, size_max: int) -> bytes:
    """The bytes of a plain file that is no link. Raises `Malformed("file.kind")`, `file.size`, or `FileNotFoundError`."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:
        raise Malformed("file.kind", f"file: {path.name} was a link, or could not be opened") from None
    try:
        told = os.fstat(held)
        plain = stat.S_ISREG(told.st_mode) and told.st_nlink == 1
        if not plain:
            raise Malformed("file.kind", f"file: {path.name} was no plain file, or had a second name")
        with os.fdopen(os.dup(held), "rb") as file:
            raw = file.read(size_max + 1)
    finally:
        os.close(held)
    if len(raw) > size_max:
        raise Malformed("file.size", f"file: {path.name} was longer than {size_max} bytes")
    return raw


def _strict(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError):
        raise Malformed("file.json", "file: an envelope or answer was no JSON") from None
    if not isinstance(body, dict):
        raise Malformed("file.json", "file: an envelope or answer was no JSON object")
    return body


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("file.json", "file: a field was given twice")
    return found


def _sync(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
