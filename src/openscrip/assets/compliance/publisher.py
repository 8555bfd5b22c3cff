"""The port of sanctions publishers: files as they were published, in; names and addresses, out.

To add one: a module in `publishers/` with a function from bytes to `Published`, its line in `publishers/__init__.py`, and
samples of its published shape in `tests/assets/compliance/publications.py`, from where the fuzz test takes them too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.sanctions import ListedAddress
from openscrip.kernel.errors import Malformed

FILE_BYTES_MAX = 512 << 20
NAME_LENGTH_MAX = 500
_EVM = re.compile(r"0x[0-9a-fA-F]{40}")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: f"{place:02}" for place, name in enumerate(_MONTH_NAMES.split(), 1)}
_DAY = re.compile(r"(\d{1,2}) (\w{3})\w* (\d{4})")
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication says. `declared` is how many entries it says that it has; 0 where it does not say."""

    names: tuple[ListedName, ...]
    addresses: tuple[ListedAddress, ...]
    published_on: str = ""
    declared: int = 0

    def checked(self) -> "Published":
        """These, if they can be all of it. Raises `Malformed("list.empty")`, `Malformed("list.count")`."""
        if not self.names:
            raise Malformed("list.empty", "list: it named nobody; an empty list would let everybody pass")
        if self.declared and self.declared != len(self.names):
            raise Malformed(
                "list.count", f"list: it said {self.declared} entries and had {len(self.names)}; fetch it again, whole"
            )
        return self


Reader = Callable[[Mapping[str, bytes]], Published]
"""From the files of one publication, by name in lower case. Raises `Malformed("list.…")` naming the rule."""


def address_of(ticker: str, text: str, programme: str, entry: str) -> ListedAddress:
    """A digital-currency address under our name of its chain: the address says more than the ticker, which may be a token's."""
    address = text.strip()
    if _EVM.fullmatch(address):
        chain = "evm"
    elif ticker in {"SOL", "USDC", "USDT"} and _BASE58.fullmatch(address) and not address.startswith(("1", "3", "T")):
        chain = "solana"
    else:
        chain = ticker.lower()[:12] or "unknown"
    if not 8 <= len(address) <= 200 or not address.isascii() or " " in address:
        raise Malformed("list.address", f"list: {entry:.40} had an address of {len(address)} signs that was none")
    return ListedAddress(chain, address, programme, entry)


def birth_of(text: str) -> tuple[str, ...]:
    """`18 Dec 1948`, `circa 1948`, `1948 to 1950`, `Dec 1948`: an ISO date, or every year of it; nothing for what is none."""
    words = text.strip().lower()
    day = _DAY.fullmatch(words)
    if day and day[2] in _MONTHS and 1 <= int(day[1]) <= 31:
        return (f"{day[3]}-{_MONTHS[day[2]]}-{int(day[1]):02}",)
    years = sorted({int(each) for each in _YEAR.findall(words)})
    if len(years) == 2 and years[1] - years[0] <= 20:
        return tuple(str(year) for year in range(years[0], years[1] + 1))
    return tuple(str(year) for year in years[:20])


def name_of(*parts: str) -> str:
    """Name parts in one line. Raises `Malformed("list.name")` for what is longer than a name."""
    name = " ".join(" ".join(parts).split())
    if len(name) > NAME_LENGTH_MAX:
        raise Malformed("list.name", f"list: a name had {len(name)} signs, more than {NAME_LENGTH_MAX}")
    return name


def text_of(raw: bytes, what: str) -> str:
    """UTF-8, or the Windows encoding of older publications. Raises `Malformed("list.size")`, `Malformed("list.encoding")`."""
    if len(raw) > FILE_BYTES_MAX:
        raise Malformed("list.size", f"list: {what:.40} had {len(raw)} bytes, more than {FILE_BYTES_MAX}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Malformed("list.encoding", f"list: {what:.40} held a NUL")
    return text
