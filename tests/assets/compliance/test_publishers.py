"""Lists are read as they are published, and what is damaged, cut or hostile is refused with its rule."""

import random
from collections.abc import Mapping

import pytest
from tests.assets.compliance.publications import (
    ADD_CSV,
    ADVANCED_XML,
    ALT_CSV,
    COMMENTS_CSV,
    CONSOLIDATED_XML,
    FLAT,
    PLAIN_CSV,
    SDN_CSV,
    SDN_XML,
)

from openscrip.assets.compliance.publisher import Published, birth_of
from openscrip.assets.compliance.publishers import read_publication
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.kernel.errors import Malformed

FUZZED = 10_000
EVM, BITCOIN = "0xBAd0000000000000000000000000000000000001", "1BitcoinEaterAddressDontSendDemo"

PUBLICATIONS: dict[str, tuple[str, Mapping[str, bytes]]] = {
    "sdn.xml": ("ofac-sdn", {"sdn.xml": SDN_XML}),
    "consolidated.xml": ("ofac-consolidated", {"consolidated.xml": CONSOLIDATED_XML}),
    "sdn_advanced.xml": ("ofac-sdn", {"SDN_ADVANCED.XML": ADVANCED_XML}),
    "flat files": ("ofac-sdn", FLAT),
    "plain": ("own", {"own.csv": PLAIN_CSV}),
}


def read(name: str) -> Published:
    publisher, files = PUBLICATIONS[name]
    return read_publication(publisher, files)


@pytest.mark.parametrize("name", PUBLICATIONS)
def test_a_publication__in_its_own_shape__gives_names_births_and_addresses(name: str) -> None:
    found = read(name)
    first = found.names[0]
    assert any("1968-12-18" in entry.born for entry in found.names)
    assert [each.lower() for each in first.weak] == ["the accountant"]
    assert ("evm", EVM) in {(each.chain, each.address) for each in found.addresses}
    lists = SanctionsLists(found.names, found.addresses)
    match = lists.match_name("Igor Mirsanow", 82)
    assert match is not None
    assert match.listed.id == first.id
    assert lists.match_address("evm", EVM.lower()) is not None


def test_ofac_xml__tells_kinds_programmes_countries_and_every_chain() -> None:
    found = read("sdn.xml")
    person, company, vessel = found.names
    assert (person.id, person.kind, person.programme, person.countries) == (
        "ofac:90001",
        "natural",
        "DEMO-FRAUD, DEMO-CYBER",
        ("RU", "CY"),
    )
    assert person.names == ("Igor Vasilievich MIRSANOV", "I. V. MIRSANOFF", "Игорь Мирсанов")
    assert person.born == ("1968-12-18", "1970")
    assert (company.kind, company.names[1], vessel.kind) == ("legal", "BLACKFERN MARITIME", "vessel")
    assert [(each.chain, each.address) for each in found.addresses] == [
        ("evm", EVM), ("xbt", BITCOIN), ("solana", "DeMo1111111111111111111111111111111111111112"),
    ]  # fmt: skip
    assert (found.published_on, found.declared) == ("11/20/2026", 3)


def test_ofac_flat_files__joined_by_entry__tell_the_same_as_the_xml() -> None:
    flat, tree = read("flat files"), read("sdn.xml")
    assert [each.id for each in flat.names] == [each.id for each in tree.names]
    assert flat.names[0].born == tree.names[0].born
    assert flat.names[0].countries == ("CY", "RU")
    assert {each.address for each in flat.addresses} == {each.address for each in tree.addresses}


@pytest.mark.parametrize(("extension", "separator"), [("del", b"@"), ("pip", b"|")])
def test_ofac_flat_files__with_another_separator__tell_the_same(extension: str, separator: bytes) -> None:
    other = {
        name.replace("csv", extension): b"\r\n".join(_separated(line, separator) for line in raw.splitlines())
        for name, raw in FLAT.items()
    }
    assert read_publication("ofac-sdn", other).names == read("flat files").names


def _separated(line: bytes, separator: bytes) -> bytes:
    parts, quoted = bytearray(), False
    for sign in line:
        quoted ^= sign == ord('"')
        parts += separator if sign == ord(",") and not quoted else bytes([sign])
    return bytes(parts)


def test_ofac_advanced__puts_name_parts_in_order__and_keeps_every_script() -> None:
    found = read("sdn_advanced.xml").names[0]
    assert found.names == ("Igor MIRSANOV", "Игорь Мирсанов")
    assert (found.programme, found.born) == ("DEMO-FRAUD", ("1968-12-18",))


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("18 Dec 1948", ("1948-12-18",)), ("1948", ("1948",)), ("circa 1948", ("1948",)), ("Dec 1948", ("1948",)),
        ("1948 to 1950", ("1948", "1949", "1950")), ("unknown", ()), ("99 Xyz 1948", ("1948",)), ("", ()),
    ],
)  # fmt: skip
def test_a_date_of_birth__however_vague__is_a_date_or_years(text: str, born: tuple[str, ...]) -> None:
    assert birth_of(text) == born


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'


@pytest.mark.parametrize(
    ("publisher", "files", "code"),
    [
        ("nobody", {"sdn.xml": SDN_XML}, "list.publisher"),
        ("ofac-sdn", {}, "list.files"),
        ("ofac-sdn", {"sdn.xml": SDN_XML, "more.xml": SDN_XML}, "list.files"),
        ("ofac-sdn", {"sdn.xml": SDN_XML[:900]}, "list.xml"),
        ("ofac-sdn", {"sdn.xml": SDN_XML.replace(b"<Record_Count>3", b"<Record_Count>4")}, "list.count"),
        ("ofac-sdn", {"sdn.xml": SDN_XML.replace(b"90001", b"x")}, "list.entry"),
        ("ofac-sdn", {"sdn.xml": SDN_XML.replace(b"<sdnList", ENTITY + b"<sdnList", 1)}, "list.doctype"),
        ("ofac-sdn", {"sdn.xml": b"<sdnList>" + b"<a>" * 60 + b"</a>" * 60 + b"</sdnList>"}, "list.depth"),
        ("ofac-sdn", {"sdn.xml": b"<sdnList></sdnList>"}, "list.empty"),
        ("ofac-sdn", {"alt.csv": ALT_CSV, "add.csv": ADD_CSV}, "list.files"),
        ("ofac-sdn", {"sdn.csv": SDN_CSV, "alt.csv": ALT_CSV.replace(b"90002", b"90009")}, "list.entry"),
        ("ofac-sdn", {"sdn.csv": SDN_CSV, "sdn_comments.csv": COMMENTS_CSV, "odd.csv": b"1"}, "list.files"),
        ("ofac-sdn", {"sdn.csv": b"90001,NAME"}, "list.row"),
        ("ofac-sdn", {"sdn.csv": b""}, "list.empty"),
        ("own", {"own.csv": b"id,name\n1,x\n"}, "list.row"),
        ("own", {"own.csv": PLAIN_CSV.replace(b"RU", b"russia")}, "list.row"),
        ("own", {"own.csv": PLAIN_CSV.splitlines()[0]}, "list.empty"),
        ("own", {"own.csv": b"\0"}, "list.encoding"),
    ],
)
def test_a_publication__damaged_cut_or_hostile__is_refused_with_its_rule(
    publisher: str, files: dict[str, bytes], code: str
) -> None:
    with pytest.raises(Malformed) as refused:
        read_publication(publisher, files)
    assert refused.value.code == code


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut out, doubled or put in, as damage and malice do."""
    found = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(found):
            found[at] = chance.randrange(256)
        elif kind == 1:
            del found[at : at + chance.randint(1, 40)]
        elif kind == 2:
            found[at:at] = found[at : at + chance.randint(1, 60)]
        elif kind == 3:
            found[at:at] = chance.choice([b"<", b">", b"&lt;", b'"', b"\0", b"\xff\xfe", b"-0-", b"]]>", b"<!--", b"\n", b","])
        else:
            del found[at:]
    return bytes(found)


def fuzz(seed: int, count: int) -> tuple[int, int]:
    """How many mutated publications were read, and how many refused; anything else that is raised ends the test."""
    chance, taken, refused = random.Random(seed), 0, 0
    samples = list(PUBLICATIONS.values())
    for _ in range(count):
        publisher, files = chance.choice(samples)
        victim = chance.choice(list(files))
        try:
            found = read_publication(publisher, {**files, victim: mutated(files[victim], chance)})
        except Malformed as malformed:
            refused += malformed.code.startswith("list.")
        else:
            assert all(each.names or each.weak for each in found.names)
            taken += 1
    return taken, refused


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_damaged_publications__are_read_or_refused__and_nothing_else(seed: int) -> None:
    taken, refused = fuzz(seed, FUZZED // 2)
    assert taken + refused == FUZZED // 2
    assert min(taken, refused) > 300


@pytest.mark.soak
def test_a_million_damaged_publications__are_read_or_refused__and_nothing_else() -> None:
    taken, refused = fuzz(3, 1_000_000)
    assert taken + refused == 1_000_000
