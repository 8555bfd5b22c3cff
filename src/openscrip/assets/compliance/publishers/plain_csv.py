"""A plain list of one's own, or of a publisher whose format has no reader: UTF-8, one header line, one name or address a row.

Columns: `id,name,quality,programme,born,country,kind,chain,address`. `quality` is `weak`, `strong` or empty; `born` an ISO
date or a year; several rows of one `id` are one entry. A row has a name, or a chain and an address, or both.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import replace

from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.publisher import Published, address_of, name_of, text_of
from openscrip.assets.compliance.sanctions import ListedAddress
from openscrip.kernel.errors import Malformed

COLUMNS = ("id", "name", "quality", "programme", "born", "country", "kind", "chain", "address")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_BORN = re.compile(r"\d{4}(-\d{2}-\d{2})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ROW_MALFORMED = "list.row"


def read_plain_csv(files: Mapping[str, bytes]) -> Published:
    """As `Reader`: one file."""
    if len(files) != 1:
        raise Malformed("list.files", f"list: {len(files)} files came where one is the list")
    name, raw = next(iter(files.items()))
    try:
        rows = list(csv.DictReader(text_of(raw, name).splitlines(), strict=True))
    except csv.Error as error:
        raise Malformed(_ROW_MALFORMED, f"list: {name!r:.40} could not be read as a table: {error}") from None
    found: dict[str, ListedName] = {}
    addresses: list[ListedAddress] = []
    for number, row in enumerate(rows, 2):
        _checked(row, number)
        known = found.get(row["id"]) or ListedName(row["id"], (), row["programme"][:200], kind=row["kind"])
        listed = _with(known, row)
        if listed.names or listed.weak:
            found[row["id"]] = listed
        if row["address"]:
            listed_address = address_of(row["chain"].upper(), row["address"], row["programme"], row["id"])
            addresses.append(replace(listed_address, chain=row["chain"]))
    return Published(tuple(found.values()), tuple(addresses)).checked()


def _checked(row: Mapping[str | None, str], number: int) -> None:
    if tuple(row) != COLUMNS or None in row.values():
        raise Malformed(_ROW_MALFORMED, f"list: line {number} or the header had other columns than {','.join(COLUMNS)}")
    if not _ID.fullmatch(row["id"]):
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had no id")
    if not row["name"].strip() and not row["address"]:
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had neither a name nor an address")
    if bool(row["chain"]) != bool(row["address"]):
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had a chain without an address, or an address without a chain")
    if row["quality"] not in {"", "weak", "strong"}:
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had the quality {row['quality']!r:.20}")
    if row["born"] and not _BORN.fullmatch(row["born"]):
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had a date of birth that was neither a date nor a year")
    if row["country"] and not _COUNTRY.fullmatch(row["country"]):
        raise Malformed(_ROW_MALFORMED, f"list: line {number} had the country {row['country']!r:.20}, not a code like 'DE'")


def _with(known: ListedName, row: Mapping[str, str]) -> ListedName:
    name, born, country = name_of(row["name"]), row["born"], row["country"]
    more = (name,) if name and name not in known.names + known.weak else ()
    weak = row["quality"] == "weak"
    return replace(
        known,
        names=known.names + (() if weak else more),
        weak=known.weak + (more if weak else ()),
        born=known.born + ((born,) if born and born not in known.born else ()),
        countries=known.countries + ((country,) if country and country not in known.countries else ()),
    )
