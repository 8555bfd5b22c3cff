"""How like a listed name a client's name is, 0 to 100: words are paired, rare ones count more, spelling matters little.

The port is `Scorer`. `PlainScorer` is ours; `logic.py` holds the second judgement of the optional `screening` extra. A date
of birth and a country raise or lower a score that the names have made; they never make one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from openscrip.assets.compliance.names import skeleton, words_of

_FORMS = """
llc ltd limited gmbh ag sa inc incorporated corp corporation company co ooo ao pao oao zao jsc ojsc pjsc plc bv nv srl spa sarl
kg kgaa ab oy as fze fzco llp lp pte pty sdn bhd kk group holding holdings international trading general enterprises
establishment est foundation and the of de la le du von van der
"""
_PARTICLES = """
al el ul bin ibn ben bint abu abd umm dos da do di del haji hadji mr mrs dr sheikh sayyid mullah
"""
FORMS = frozenset(_FORMS.split())
"""Legal forms and words that companies share: they hardly count."""
PARTICLES = frozenset(_PARTICLES.split())
WORD_LIKE_MIN = 78
"""Two words that are less alike, 0 to 100, are not the same word."""
EXACT_BIRTH, SAME_YEAR, TURNED_BIRTH, OTHER_BIRTH = 5, 2, 3, -15
SAME_COUNTRY, OTHER_COUNTRY = 2, -5


@dataclass(frozen=True, slots=True)
class ListedName:
    """A sanctioned person or entity. `weak` are aliases that the publisher calls weak; `born` are ISO dates or years.

    `countries` are ISO 3166 alpha-2 where they are known; `kind` is `natural`, `legal`, `vessel`, `aircraft` or empty.
    """

    id: str
    names: tuple[str, ...]
    programme: str
    weak: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a list is asked about. Its repr says nothing."""

    name: str = field(repr=False)
    born: date | None = field(default=None, repr=False)
    countries: tuple[str, ...] = field(default=(), repr=False)


class Scorer(Protocol):
    """Judges the few names that the prefilter left.

    Safe if: the same pair always gets the same score, whatever was asked before.
    """

    @property
    def name(self) -> str:
        """Which judgement, and its version: it stands in each decision record."""
        ...

    def score(self, sought: Sought, listed: ListedName, name: str) -> int:
        """0 to 100 for one of the names of `listed`, by names alone."""
        ...


class PlainScorer:
    """Pairs words by their letters and by their sounds. `counts` says how common a word is in the lists."""

    name = "plain-1"

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = counts or {}

    def score(self, sought: Sought, listed: ListedName, name: str) -> int:
        """As `Scorer.score`."""
        return self.alike(words_of(sought.name), words_of(name))

    def alike(self, ours: Sequence[str], theirs: Sequence[str]) -> int:
        """Two names as normalised words.

        The shorter name counts three quarters when it has two words that matter, so that a name with a patronymic left out
        is found; a single word must be most of the other name.
        """
        from rapidfuzz import fuzz  # noqa: PLC0415

        if not ours or not theirs:
            return 0
        weights_a, weights_b = [self.weight(each) for each in ours], [self.weight(each) for each in theirs]
        matched_a, matched_b = _paired(ours, theirs, weights_a, weights_b)
        covered = sorted(
            [(sum(weights_a), matched_a, weights_a), (sum(weights_b), matched_b, weights_b)], key=lambda side: side[0]
        )
        (short, short_matched, short_weights), (long, long_matched, _) = covered
        substantial = sum(weight >= 500 for weight in short_weights) >= 2
        share = 75 if substantial else 50
        by_words = (share * short_matched // max(short, 1) + (100 - share) * long_matched // max(long, 1)) // 100
        joined_a, joined_b = "".join(ours), "".join(theirs)
        if min(len(joined_a), len(joined_b)) < 6:
            return by_words
        return max(by_words, int(fuzz.ratio(joined_a, joined_b)) if abs(len(joined_a) - len(joined_b)) <= 3 else 0)

    def weight(self, word: str) -> int:
        """What a word counts, in permille: initials and company words little, words that many listed names share less."""
        if word in FORMS:
            return 100
        if word in PARTICLES or len(word) == 1:
            return 200
        common = self._counts.get(word, 0)
        return max(500, 1_000 - 40 * common.bit_length()) if len(word) > 2 else 500


def word_counts(names: Iterable[Sequence[str]]) -> Counter[str]:
    """How many listed names have each word."""
    return Counter(word for words in names for word in set(words))


def _paired(ours: Sequence[str], theirs: Sequence[str], weights_a: Sequence[int], weights_b: Sequence[int]) -> tuple[int, int]:
    """The weight that found its word on either side, times how alike (0 to 100); the best pairs first."""
    pairs = []
    for i, a in enumerate(ours):
        for k, b in enumerate(theirs):
            alike = _words_alike(a, b)
            if alike >= WORD_LIKE_MIN:
                pairs.append((alike * (weights_a[i] + weights_b[k]), alike, i, k))
    pairs.sort(reverse=True)
    used_a: set[int] = set()
    used_b: set[int] = set()
    matched_a = matched_b = 0
    for _, alike, i, k in pairs:
        if i not in used_a and k not in used_b:
            used_a.add(i)
            used_b.add(k)
            matched_a += alike * weights_a[i]
            matched_b += alike * weights_b[k]
    return matched_a, matched_b


def _words_alike(a: str, b: str) -> int:
    if a == b:
        return 100
    if len(a) == 1 or len(b) == 1:
        return 90 if a[0] == b[0] else 0
    sounds_a, sounds_b = skeleton(a), skeleton(b)
    if sounds_a == sounds_b:
        return 97
    if a[0] != b[0] and sounds_a[:1] != sounds_b[:1]:
        return 0
    found = max(_letters_alike(a, b), _letters_alike(sounds_a, sounds_b) * 95 // 100)
    # Short words differ by a letter and are other names: Li and Lu, Kim and Kin.
    return found if min(len(a), len(b)) > 3 else found - 15


def _letters_alike(a: str, b: str) -> int:
    """The mean of two measures: one forgives ends, the other counts every letter."""
    from rapidfuzz.distance import JaroWinkler, Levenshtein  # noqa: PLC0415

    return int(50 * JaroWinkler.normalized_similarity(a, b) + 50 * Levenshtein.normalized_similarity(a, b))


def adjusted(score: int, sought: Sought, listed: ListedName) -> int:
    """A score of names raised or lowered by what else is known. Without a score there is nothing to raise."""
    if not score:
        return 0
    change = 0
    if sought.born is not None and listed.born:
        change += max(_birth(sought.born, each) for each in listed.born)
    if sought.countries and listed.countries:
        change += SAME_COUNTRY if set(sought.countries) & set(listed.countries) else OTHER_COUNTRY
    return max(1, min(100, score + change))


def _birth(born: date, listed: str) -> int:
    if listed == born.isoformat():
        return EXACT_BIRTH
    year = int(listed[:4])
    if len(listed) == 10 and (year, listed[5:7], listed[8:]) == (born.year, f"{born.day:02}", f"{born.month:02}"):
        return TURNED_BIRTH
    if year == born.year:
        return SAME_YEAR if len(listed) == 4 else 0
    return 0 if abs(year - born.year) <= 2 else OTHER_BIRTH
