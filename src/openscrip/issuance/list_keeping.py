"""Sanctions lists as they come in: the files kept with their hashes, one version in force for each publisher, and stops.

A list that lost more entries than the rules allow is kept and not put in force; one that is older than the rules allow stays
in force. Both stop onboarding and subscriptions until a whole and fresh list is there, or a named person accepts the loss.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.publisher import Published
from openscrip.assets.compliance.publishers import PUBLISHERS, read_publication
from openscrip.assets.compliance.rules import RuleBook
from openscrip.assets.compliance.sanctions import ListedAddress, ListPart, SanctionsLists
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.store import Store, Unit, View

WHOLE_BPS = 10_000
NOT_THERE = "was not loaded yet"
FILES_MAX = 4


@dataclass(frozen=True, slots=True)
class ListVersion:
    """Row: one publication as it was taken in; its id is `publisher:` and the hash of its files."""

    id: str
    publisher: str
    sha256: str
    files: tuple[tuple[str, str], ...]
    published_on: str
    entries: int
    addresses: int
    retrieved_at: int
    reason: str = ""
    accepted_by: str = ""
    stock: str = ""
    state: str = "in_force"


@dataclass(frozen=True, slots=True)
class ListInForce:
    """Row: which version of a publisher is in force, when it was fetched last, and why nothing newer is; its id is the name."""

    id: str
    version: str
    retrieved_at: int
    stopped: str = ""
    stock: str = ""
    state: str = "in_force"


@dataclass(frozen=True, slots=True)
class ListChanged:
    """Fact: another version of a list is in force; everybody is screened anew."""

    publisher: str
    version: str
    entries: int


@dataclass(frozen=True, slots=True)
class ListStopped:
    """Fact, and an alarm: a list came that was not put in force."""

    publisher: str
    version: str
    reason: str


class ListKeeper:
    """Keeps the lists of `publishers` in `folder`, and gives those in force, parsed once. One for each process."""

    def __init__(self, store: Store, folder: Path, publishers: Sequence[str], book: RuleBook, now: Callable[[], int]) -> None:
        unknown = [name for name in publishers if name not in PUBLISHERS]
        if unknown or not publishers:
            raise Malformed("list.publisher", f"list: publishers {unknown} were none of {', '.join(PUBLISHERS)}")
        self._store = store
        self._folder = folder
        self._publishers = tuple(publishers)
        self._book = book
        self._now = now
        self._parsed: dict[str, Published] = {}
        self._key: tuple[ListInForce | None, ...] = ()
        self._lists = self._build(())

    def lists(self) -> SanctionsLists:
        """The lists in force, as of the last `refresh`."""
        return self._lists

    def receive(self, publisher: str, files: Mapping[str, bytes]) -> ListVersion:
        """Keep a publication, and put it in force if it is whole. The same files again only say that they were fetched now.

        Raises `Malformed("list.…")` for what cannot be read: the list in force stays.
        """
        refuse_unless(
            publisher in self._publishers, "list.publisher", f"list: publisher {publisher!a:.40} was not set to be kept here"
        )
        if not 0 < len(files) <= FILES_MAX:
            raise Malformed("list.files", f"list: {len(files)} files came, 1 to {FILES_MAX} are a publication")
        published = read_publication(publisher, files)
        SanctionsLists(published.names, published.addresses)  # an entry that cannot be screened by is refused before it counts
        digests = tuple(sorted((_plain(name), hashlib.sha256(raw).hexdigest()) for name, raw in files.items()))
        sha256 = hashlib.sha256(repr(digests).encode()).hexdigest()
        self._keep(publisher, sha256, files)
        version = ListVersion(
            f"{publisher}:{sha256[:16]}", publisher, sha256, digests, published.published_on, len(published.names),
            len(published.addresses), self._now(),
        )  # fmt: skip
        with self._store.transaction() as unit:
            version = self._decided(unit, version)
        self.refresh()
        return version

    def accept(self, version_id: str, by: str, reason: str) -> ListVersion:
        """Put a list that was stopped in force all the same, in a named person's name. Raises `list.unknown`, `list.state`."""
        with self._store.transaction() as unit:
            version = unit.row(ListVersion, version_id)
            if version is None:
                raise Malformed("list.unknown", f"list: {version_id!a:.80} never came")
            refuse_unless(version.state == "stopped", "list.state", f"list: {version_id} was {version.state}, not stopped")
            refuse_unless(bool(by.strip() and reason.strip()), "list.reason", "list: it is accepted by a name and for a reason")
            version = self._put_in_force(unit, replace(version, accepted_by=by, reason=reason))
        self.refresh()
        return version

    def refresh(self) -> None:
        """Look at what is in force; parse what is new. Files that are not on this machine stop onboarding here."""
        with self._store.view() as view:
            self.refresh_from(view)

    def refresh_from(self, view: View) -> None:
        """The same in a transaction: the door looks at each request, so that no process answers by an old list."""
        key = tuple(view.row(ListInForce, name) for name in self._publishers)
        if key != self._key:
            versions = [view.row(ListVersion, row.version) if row else None for row in key]
            self._lists = self._build([(row, version) for row, version in zip(key, versions, strict=True) if row and version])
            self._key = key

    def _decided(self, unit: Unit, version: ListVersion) -> ListVersion:
        before = unit.row(ListInForce, version.publisher)
        if before is not None and before.version == version.id:
            unit.put(replace(before, retrieved_at=self._now(), stopped=""))
            return unit.row(ListVersion, version.id) or version
        known = unit.row(ListVersion, before.version) if before is not None else None
        if before is not None and known is not None:
            lost = known.entries - version.entries
            if lost * WHOLE_BPS > known.entries * self._book.list_shrink_bps_max:
                reason = f"it had {version.entries} entries, {lost} fewer than the one in force"
                stopped = replace(version, state="stopped", reason=reason)
                unit.put(stopped)
                unit.put(replace(before, stopped=f"shrank: {reason}"))
                unit.record(ListStopped(version.publisher, version.id, reason), self._now())
                return stopped
        return self._put_in_force(unit, version)

    def _put_in_force(self, unit: Unit, version: ListVersion) -> ListVersion:
        before = unit.row(ListInForce, version.publisher)
        old = unit.row(ListVersion, before.version) if before is not None else None
        if old is not None:
            unit.put(replace(old, state="superseded"))
        version = replace(version, state="in_force")
        unit.put(version)
        unit.put(ListInForce(version.publisher, version.id, version.retrieved_at))
        unit.record(ListChanged(version.publisher, version.id, version.entries), self._now())
        return version

    def _keep(self, publisher: str, sha256: str, files: Mapping[str, bytes]) -> None:
        folder = self._folder / publisher / sha256
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in files.items():
            path = folder / _plain(name)
            if not path.exists():
                part = path.with_name(path.name + ".part")
                part.write_bytes(raw)
                part.replace(path)

    def _build(self, found: Sequence[tuple[ListInForce, ListVersion]]) -> SanctionsLists:
        names: list[ListedName] = []
        addresses: list[ListedAddress] = []
        parts: list[ListPart] = []
        by_name = {version.publisher: (row, version) for row, version in found}
        for publisher in self._publishers:
            if publisher not in by_name:
                parts.append(ListPart(publisher, "", 0, 0, stopped=NOT_THERE))
                continue
            row, version = by_name[publisher]
            published, stopped = self._published(version)
            names += published.names if published else ()
            addresses += published.addresses if published else ()
            parts.append(
                ListPart(
                    publisher,
                    version.sha256,
                    row.retrieved_at,
                    version.entries,
                    version.published_on,
                    stopped=stopped or row.stopped,
                )
            )
        # Without any list nobody may be taken on: the one name keeps the lists from being empty, which they refuse to be.
        return SanctionsLists(names or [ListedName("none", ("no list was loaded",), "none")], addresses, parts=parts)

    def _published(self, version: ListVersion) -> tuple[Published | None, str]:
        if version.id in self._parsed:
            return self._parsed[version.id], ""
        folder = self._folder / version.publisher / version.sha256
        try:
            files = {name: (folder / name).read_bytes() for name, _ in version.files}
            for name, digest in version.files:
                if hashlib.sha256(files[name]).hexdigest() != digest:
                    return None, f"file {name} on this machine was not the one that came"
            published = read_publication(version.publisher, files)
        except (OSError, Refused) as error:
            return None, f"its files could not be read on this machine: {type(error).__name__}"
        self._parsed = {**{key: each for key, each in self._parsed.items() if not key.startswith(f"{version.publisher}:")}}
        self._parsed[version.id] = published
        return published, ""


def _plain(name: str) -> str:
    """A file's name without folders. Raises `Malformed("list.files")`."""
    if not name or len(name) > 80 or not name.isascii() or set(name) & set("/\\\0") or name.startswith("."):
        raise Malformed("list.files", f"list: {name!a:.40} was not the name of a file")
    return name.lower()


def lists_told(view: View) -> list[ListVersion]:
    """Every publication that came, oldest first."""
    return view.rows(ListVersion)
