"""OFAC's flat files without a header: `sdn`, `alt`, `add` and `sdn_comments`, or `cons_prim`, `cons_alt` and so on.

The separator follows the extension: `.csv` a comma, `.del` an at sign, `.pip` a bar. `-0-` stands for nothing. Dates of
birth, nationalities, weak aliases (in quotation marks) and digital-currency addresses stand in the remarks.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from openscrip.assets.compliance.countries import country_code
from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.publisher import Published, address_of, birth_of, name_of, text_of
from openscrip.assets.compliance.publishers.ofac_xml import DIGITAL
from openscrip.assets.compliance.sanctions import ListedAddress
from openscrip.kernel.errors import Malformed

SEPARATORS = {"csv": ",", "del": "@", "pip": "|"}
NOTHING = "-0-"
KINDS = {"individual": "natural", "vessel": "vessel", "aircraft": "aircraft"}
PRIMARY, ALIASES, ADDRESSES, COMMENTS = (
    frozenset({"sdn", "cons_prim"}), frozenset({"alt", "cons_alt"}), frozenset({"add", "cons_add"}),
    frozenset({"sdn_comments", "cons_comments"}),
)  # fmt: skip
PRIMARY_FIELDS, ALIAS_FIELDS, ADDRESS_FIELDS, COMMENT_FIELDS = 12, 5, 6, 2
REMARKS = 11
_WEAK = re.compile(r"[afn]\.k\.a\. [\"'“]([^\"'”]+)[\"'”]")
_DIGITAL = re.compile(rf"{DIGITAL}(\w+) (\w+)")
_ENDED = "\x1a"


def read_ofac_csv(files: Mapping[str, bytes]) -> Published:
    """As `Reader`: the primary file and its companions. Raises `Malformed("list.files")` without the primary file."""
    by_stem = {name.rpartition(".")[0]: name for name in files}
    primary = [name for stem, name in by_stem.items() if stem in PRIMARY]
    if len(primary) != 1:
        raise Malformed("list.files", "list: the primary file, sdn or cons_prim, was missing or came twice")
    found: dict[str, ListedName] = {}
    remarks: dict[str, str] = {}
    for row in _rows(primary[0], files[primary[0]], PRIMARY_FIELDS):
        uid, kind = _uid(row[0]), row[2].strip().lower()
        if uid in found:
            raise Malformed("list.entry", f"list: entry {uid} came twice in {primary[0]}")
        listed = ListedName(f"ofac:{uid}", (name_of(row[1]),), row[3].strip()[:200], kind=KINDS.get(kind, "legal"))
        if not listed.names[0]:
            raise Malformed("list.entry", f"list: entry {uid} had no name")
        found[uid], remarks[uid] = listed, row[REMARKS]
    for stem, name in by_stem.items():
        if stem in COMMENTS:
            for row in _rows(name, files[name], COMMENT_FIELDS):
                remarks[_known(row[0], found)] += f"; {row[1]}"
        elif stem in ALIASES:
            for row in _rows(name, files[name], ALIAS_FIELDS):
                uid = _known(row[0], found)
                found[uid] = replace(found[uid], names=(*found[uid].names, name_of(row[3])))
        elif stem in ADDRESSES:
            for row in _rows(name, files[name], ADDRESS_FIELDS):
                uid = _known(row[0], found)
                code = country_code(row[4])
                if code and code not in found[uid].countries:
                    found[uid] = replace(found[uid], countries=(*found[uid].countries, code))
        elif stem not in PRIMARY:
            raise Malformed("list.files", f"list: {name!r:.40} was none of OFAC's flat files")
    addresses = [each for uid, listed in found.items() for each in _addresses(remarks[uid], listed)]
    names = tuple(_remarked(listed, remarks[uid]) for uid, listed in found.items())
    return Published(names, tuple(addresses)).checked()


def _rows(name: str, raw: bytes, fields: int) -> Iterator[list[str]]:
    separator = SEPARATORS.get(name.rpartition(".")[2])
    if separator is None:
        raise Malformed("list.files", f"list: {name!r:.40} did not end in .csv, .del or .pip")
    text = text_of(raw, name).rstrip(_ENDED + "\r\n ")
    try:
        for number, row in enumerate(csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True, strict=True), 1):
            if len(row) < fields:
                raise Malformed("list.row", f"list: {name} line {number} had {len(row)} fields, not {fields}")
            yield ["" if value.strip() == NOTHING else value for value in row]
    except csv.Error as error:
        raise Malformed("list.row", f"list: {name} could not be read as a table: {error}") from None


def _uid(text: str) -> str:
    uid = text.strip()
    if not uid.isascii() or not uid.isdigit() or len(uid) > 12:
        raise Malformed("list.entry", f"list: an entry had the number {uid!r:.20}")
    return uid


def _known(text: str, found: Mapping[str, ListedName]) -> str:
    uid = _uid(text)
    if uid not in found:
        raise Malformed("list.entry", f"list: entry {uid} was not in the primary file; the files are of different days")
    return uid


def _remarked(listed: ListedName, remarks: str) -> ListedName:
    births: list[str] = []
    countries = list(listed.countries)
    for part in remarks.split(";"):
        words = part.strip().rstrip(".").removeprefix("alt. ")
        if words.startswith("DOB "):
            births += birth_of(words.removeprefix("DOB "))
        elif words.startswith(("nationality ", "citizen ")):
            code = country_code(words.partition(" ")[2])
            countries += [code] if code and code not in countries else []
    weak = tuple(dict.fromkeys(name_of(each) for each in _WEAK.findall(remarks)))
    return replace(listed, weak=weak, born=tuple(dict.fromkeys(births)), countries=tuple(countries))


def _addresses(remarks: str, listed: ListedName) -> Iterator[ListedAddress]:
    for ticker, address in _DIGITAL.findall(remarks):
        yield address_of(ticker, address, listed.programme, listed.id)
