"""Sanctions lists in memory, by name and by address. Names are compared over all aliases, whatever order or spelling.

Two steps: rapidfuzz finds in one pass the listed names that sound like the one asked about, then a `Scorer` judges those.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from openscrip.assets.compliance.logic import SecondJudgement, is_installed
from openscrip.assets.compliance.matching import ListedName, PlainScorer, Scorer, Sought, adjusted, word_counts
from openscrip.assets.compliance.names import normalised_name, skeleton
from openscrip.kernel.errors import Malformed

__all__ = ("ListedAddress", "ListedName", "NameMatch", "SanctionsLists", "demonstration_lists", "normalised_address")

PREFILTER_MIN = 70
"""Listed names that sound less alike are not judged. Lower finds no more in the test set, and costs time."""
JUDGED_MAX = 400
KEPT_ANSWERS = 10_000


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """A sanctioned address on one chain. `chain` is `evm`, `solana`, or the publisher's own code of another one."""

    chain: str
    address: str
    programme: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How like a listed name a client's name was, 0 to 100; `weak` if it was like an alias that the publisher calls weak."""

    listed: ListedName
    name: str
    score: int
    weak: bool = False


@dataclass(frozen=True, slots=True)
class ListPart:
    """One publisher's list as it was taken in: which, the hash of its file, when it was fetched, how much it held."""

    publisher: str
    sha256: str
    retrieved_at: int
    entries: int
    published_on: str = ""
    ages: bool = True
    """Whether it must be fetched anew each day; the demonstration's lists are not."""
    stopped: str = ""
    """Why nobody may be taken on by it: it shrank, or it is not there."""


class SanctionsLists:
    """All lists in force, normalised once. `digest` names their content for the decision record.

    Raises `Malformed("sanctions.empty")`: an empty list would let everybody pass without a word.
    """

    def __init__(
        self,
        names: Iterable[ListedName],
        addresses: Iterable[ListedAddress],
        retrieved_at: int = 0,
        parts: Sequence[ListPart] = (),
        scorer: Scorer | None = None,
    ) -> None:
        self.retrieved_at = retrieved_at
        self.parts = tuple(parts)
        self.given = (tuple(names), tuple(addresses))
        self._listed: list[tuple[ListedName, str, bool]] = []
        self._sounds: list[str] = []
        words: list[list[str]] = []
        for each in self.given[0]:
            weak = set(each.weak)
            for name in each.names + each.weak:
                split = normalised_name(name).split()
                if split:
                    words.append(split)
                    self._listed.append((each, name, name in weak))
                    self._sounds.append(_sounds(split))
            if not any(normalised_name(name) for name in each.names + each.weak):
                raise Malformed("sanctions.empty", f"sanctions: {each.id!r:.40} had no name in letters")
        self._by_id = {each.id: each for each in self.given[0]}
        self._addresses = {(each.chain, normalised_address(each.address)): each for each in self.given[1]}
        if not self._sounds:
            raise Malformed("sanctions.empty", "sanctions: the list of names was empty")
        plain = PlainScorer(word_counts(words))
        self.scorer: Scorer = scorer or (SecondJudgement(plain) if is_installed() else plain)
        self.digest = self._digest()
        self._found: dict[tuple[Sought, int, int, frozenset[str]], NameMatch | None] = {}

    def __len__(self) -> int:
        return len(self.given[0])

    def _digest(self) -> str:
        content = hashlib.sha256(self.scorer.name.encode())
        for each in sorted(self.given[0], key=lambda entry: (entry.id, entry.names)):
            content.update(repr((each.id, each.names, each.weak, each.born, each.countries, each.kind)).encode())
        content.update(repr(sorted(self._addresses)).encode())
        return content.hexdigest()

    def extended(self, names: Iterable[ListedName] = (), addresses: Iterable[ListedAddress] = ()) -> "SanctionsLists":
        """These lists and more entries."""
        return SanctionsLists((*self.given[0], *names), (*self.given[1], *addresses), self.retrieved_at, self.parts)

    def match_name(self, name: str, score_min: int) -> NameMatch | None:
        """The listed name most like `name` with at least `score_min`, if there is one."""
        return self.match(Sought(name), score_min)

    def match(
        self, sought: Sought, score_min: int, weak_max: int = 100, cleared: frozenset[str] = frozenset()
    ) -> NameMatch | None:
        """The listed name most like the person sought, if one reaches `score_min`; entries that are `cleared` are passed over.

        A weak alias reaches at most `weak_max`, unless the date of birth is the listed one.
        """
        key = (sought, score_min, weak_max, cleared)
        if key not in self._found:
            if len(self._found) > KEPT_ANSWERS:
                self._found.clear()
            self._found[key] = self._search(sought, score_min, weak_max, cleared)
        return self._found[key]

    def entry_digest(self, entry: str) -> str:
        """The hash of an entry as it stands; empty for none. A case is released for this entry and no other."""
        found = self._by_id.get(entry)
        return hashlib.sha256(repr(found).encode()).hexdigest() if found is not None else ""

    def match_address(self, chain: str, address: str) -> ListedAddress | None:
        """The listing of an address, on its chain."""
        return self._addresses.get((chain, normalised_address(address)))

    def _search(self, sought: Sought, score_min: int, weak_max: int, cleared: frozenset[str]) -> NameMatch | None:
        # Imported here: only a process that screens names pays for it.
        from rapidfuzz import fuzz, process  # noqa: PLC0415  # see the line above

        words = normalised_name(sought.name).split()
        best: NameMatch | None = None
        for _, _, place in process.extract(
            _sounds(words), self._sounds, scorer=fuzz.token_set_ratio, score_cutoff=PREFILTER_MIN, limit=JUDGED_MAX
        ):
            listed, name, weak = self._listed[place]
            if listed.id in cleared:
                continue
            by_name = self.scorer.score(sought, listed, name)
            score = adjusted(by_name, sought, listed) if by_name >= score_min - 10 else by_name
            if weak and not (sought.born is not None and sought.born.isoformat() in listed.born):
                score = min(score, weak_max)
            if score >= score_min and (best is None or score > best.score):
                best = NameMatch(listed, name, score, weak)
        return best


def _sounds(words: Sequence[str]) -> str:
    return " ".join(sorted(map(skeleton, words)))


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
    listed = [ListedName(key, tuple(each), programmes[key]) for key, each in names.items()]
    addresses = [ListedAddress(row["chain"], row["address"], row["programme"]) for row in _rows("sanctioned_addresses.csv")]
    digest = hashlib.sha256(repr((listed, addresses)).encode()).hexdigest()
    part = ListPart("demonstration", digest, 0, len(listed), ages=False)
    return SanctionsLists(listed, addresses, parts=[part])


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = (files("openscrip.assets") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
