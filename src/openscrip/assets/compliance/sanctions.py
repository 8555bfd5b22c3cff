"""Sanctions lists by name and by address. Names are compared over all aliases, whatever the order or spelling.

Two steps: rapidfuzz's token_set_ratio finds candidates; where one side is a single word, which would match every longer
name that contains it, the whole names must be alike too.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from openscrip.kernel.errors import Malformed

_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class ListedName:
    """A sanctioned person or entity with all its names."""

    id: str
    names: tuple[str, ...]
    programme: str


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """A sanctioned address on one chain."""

    chain: str
    address: str
    programme: str


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How like a listed name a client's name was, 0 to 100."""

    listed: ListedName
    name: str
    score: int


class SanctionsLists:
    """Both lists, normalised once. `digest` names their content for the decision record.

    Raises `Malformed("sanctions.empty")`: an empty list would let everybody pass without a word.
    """

    def __init__(self, names: Iterable[ListedName], addresses: Iterable[ListedAddress], retrieved_at: int = 0) -> None:
        self.retrieved_at = retrieved_at
        self._given = (tuple(names), tuple(addresses))
        self._listed: list[ListedName] = []
        self._names: list[str] = []
        for each in self._given[0]:
            for name in each.names:
                self._listed.append(each)
                self._names.append(normalised_name(name))
        self._addresses = {(each.chain, normalised_address(each.address)): each for each in self._given[1]}
        if not self._names or not all(self._names):
            raise Malformed("sanctions.empty", "sanctions: the list of names was empty or had an empty name")
        content = repr([sorted(zip(self._names, (each.id for each in self._listed), strict=True)), *self._addresses])
        self.digest = hashlib.sha256(content.encode()).hexdigest()
        self._found: dict[tuple[str, int], NameMatch | None] = {}

    def extended(self, names: Iterable[ListedName] = (), addresses: Iterable[ListedAddress] = ()) -> "SanctionsLists":
        """These lists and more entries."""
        return SanctionsLists((*self._given[0], *names), (*self._given[1], *addresses), self.retrieved_at)

    def match_name(self, name: str, score_min: int) -> NameMatch | None:
        """The listed name most like `name` with at least `score_min`, if there is one."""
        key = (name, score_min)
        if key not in self._found:
            if len(self._found) > 10_000:
                self._found.clear()
            self._found[key] = self._search(normalised_name(name), score_min)
        return self._found[key]

    def match_address(self, chain: str, address: str) -> ListedAddress | None:
        """The listing of an address, on its chain."""
        return self._addresses.get((chain, normalised_address(address)))

    def _search(self, name: str, score_min: int) -> NameMatch | None:
        # Imported here: only a process that screens names pays for it.
        from rapidfuzz import fuzz, process  # noqa: PLC0415  # see the line above

        best: NameMatch | None = None
        for listed_name, score, place in process.extract(
            name, self._names, scorer=fuzz.token_set_ratio, score_cutoff=score_min, limit=None
        ):
            single = " " not in name or " " not in listed_name
            whole = fuzz.token_sort_ratio(name, listed_name) if single else score
            if whole >= score_min and (best is None or int(whole) > best.score):
                best = NameMatch(self._listed[place], listed_name, int(whole))
        return best


@lru_cache(maxsize=10_000)
def normalised_name(name: str) -> str:
    """Lower case, without marks and punctuation, words in order of the alphabet."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return " ".join(sorted(_NOT_A_LETTER.sub(" ", plain.casefold()).split()))


def normalised_address(address: str) -> str:
    """Hex addresses in lower case (their capitals are a checksum); base58 as it is."""
    return address.lower() if address[:2] in {"0x", "0X"} else address


@cache
def demonstration_lists() -> SanctionsLists:
    """The lists that ship with the package. Every name and address in them is invented."""
    names: dict[str, list[str]] = {}
    programmes: dict[str, str] = {}
    for row in _rows("sanctioned_names.csv"):
        names.setdefault(row["id"], []).append(row["name"])
        programmes[row["id"]] = row["programme"]
    return SanctionsLists(
        (ListedName(key, tuple(each), programmes[key]) for key, each in names.items()),
        (ListedAddress(row["chain"], row["address"], row["programme"]) for row in _rows("sanctioned_addresses.csv")),
    )


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = (files("openscrip.assets") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
