"""Names made comparable: one alphabet, no marks, no case, words in order; and a skeleton in which spellings fall together.

Cyrillic, Greek, Arabic, Hebrew, Korean and Japanese kana are written in Latin letters by rule. Han characters have no rule
that fits in a table of ours: they are compared as they are, so a listed name is found in Han only if the list has it in Han.
"""

import re
import unicodedata
from functools import lru_cache

_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_DOUBLED = re.compile(r"(.)\1+")
_INNER_H = re.compile(r"(?<=\w)h")


def _table(signs: str, latin: str) -> dict[str, str]:
    """Each sign with its Latin letters, one word for each."""
    return dict(zip(signs, latin.split(), strict=True))


_CYRILLIC = _table(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќѕ",
    "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e yu ya i yi ye g u dj j lj nj c dzh gj kj dz",
)
_GREEK = _table("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
_ARABIC = _table(
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئءپچژگکی",
    "a b t th j h kh d dh r z s sh s d t z a gh f q k l m n h w y a a a i a w y - p ch zh g k y",
)
_HEBREW = _table("אבגדהוזחטיכךלמםנןסעפףצץקרשת", "a b g d h v z kh t y k k l m m n n s a p f ts ts k r sh t")
_KANA = (
    _table("アイウエオカキクケコサシスセソ", "a i u e o ka ki ku ke ko sa shi su se so")
    | _table("タチツテトナニヌネノハヒフヘホ", "ta chi tsu te to na ni nu ne no ha hi fu he ho")
    | _table("マミムメモヤユヨラリルレロワヲン", "ma mi mu me mo ya yu yo ra ri ru re ro wa o n")
    | _table("ガギグゲゴザジズゼゾダヂヅデド", "ga gi gu ge go za ji zu ze zo da ji zu de do")
    | _table("バビブベボパピプペポャュョッー", "ba bi bu be bo pa pi pu pe po ya yu yo - -")
)
_KANA |= {chr(ord(sign) - 0x60): latin for sign, latin in _KANA.items() if sign != "ー"}
_OTHERS = _table("ßæœøđðþł\u0131ħə", "ss ae oe o d d th l i h a")
_LATIN = {
    ord(sign): "" if latin == "-" else latin
    for table in (_CYRILLIC, _GREEK, _ARABIC, _HEBREW, _KANA, _OTHERS)
    for sign, latin in table.items()
}

_HANGUL_SOUNDS = (
    "g kk n d tt r m b pp s ss - j jj ch k t p h",
    "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i",
    "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t",
)
_HANGUL_FIRST, _HANGUL_VOWEL, _HANGUL_LAST = (sounds.split() for sounds in _HANGUL_SOUNDS)
_SYLLABLE_FIRST, _SYLLABLE_LAST = 0xAC00, 0xD7A3

# Longer spellings first: each is replaced once, in this order.
_SPELLINGS = (
    ("shch", "s"), ("sch", "s"), ("dzh", "j"), ("tch", "k"), ("dj", "j"), ("zh", "j"), ("kh", "k"), ("gh", "k"), ("dh", "d"),
    ("th", "t"), ("ph", "f"), ("sh", "s"), ("ch", "k"), ("ck", "k"), ("ts", "s"), ("tz", "s"), ("q", "k"), ("c", "k"),
    ("g", "k"), ("x", "ks"), ("w", "f"),
    ("v", "f"), ("z", "s"), ("y", "i"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ie", "i"),
    ("ei", "i"), ("ai", "i"), ("e", "i"), ("o", "u"),
)  # fmt: skip


def normalised_name(name: str) -> str:
    """Lower case, Latin where a rule gives it, without marks and punctuation, words in order of the alphabet."""
    return " ".join(sorted(words_of(name)))


@lru_cache(maxsize=100_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, as `normalised_name` but in the order in which they were given."""
    folded = _INITIALS.sub("", unicodedata.normalize("NFKC", name)).casefold()
    latin = _with_latin_syllables(folded).translate(_LATIN)
    plain = "".join(each for each in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(each))
    return tuple(_NOT_A_LETTER.sub(" ", plain.translate(_LATIN)).split())


@lru_cache(maxsize=100_000)
def skeleton(word: str) -> str:
    """A word in which usual spellings of the same sounds fall together: `qadhafi` and `kaddafi` are both `kadafi`."""
    for spelling, sound in _SPELLINGS:
        word = word.replace(spelling, sound)
    return _DOUBLED.sub(r"\1", _INNER_H.sub("", word))


def _with_latin_syllables(text: str) -> str:
    if not any(_SYLLABLE_FIRST <= ord(sign) <= _SYLLABLE_LAST for sign in text):
        return text
    return "".join(_syllable(sign) for sign in text)


def _syllable(sign: str) -> str:
    number = ord(sign) - _SYLLABLE_FIRST
    if not 0 <= number <= _SYLLABLE_LAST - _SYLLABLE_FIRST:
        return sign
    first, rest = divmod(number, 588)
    vowel, last = divmod(rest, 28)
    return (_HANGUL_FIRST[first] + _HANGUL_VOWEL[vowel] + _HANGUL_LAST[last]).replace("-", "")
