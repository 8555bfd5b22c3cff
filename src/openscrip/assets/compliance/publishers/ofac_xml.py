"""OFAC's `sdn.xml` and `consolidated.xml`: one `sdnEntry` each, aliases marked weak or strong, identifiers by type."""

from collections.abc import Iterator, Mapping

from openscrip.assets.compliance.countries import country_code
from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.publisher import FILE_BYTES_MAX, Published, address_of, birth_of, name_of
from openscrip.assets.compliance.sanctions import ListedAddress
from openscrip.assets.compliance.xml_entries import Node, entries
from openscrip.kernel.errors import Malformed

WANTED = frozenset({"sdnEntry", "publshInformation"})
DIGITAL = "Digital Currency Address - "
KINDS = {"Individual": "natural", "Entity": "legal", "Vessel": "vessel", "Aircraft": "aircraft"}


def read_ofac_xml(files: Mapping[str, bytes]) -> Published:
    """As `Reader`: one XML file."""
    raw = _only(files)
    names: list[ListedName] = []
    addresses: list[ListedAddress] = []
    published_on, declared = "", 0
    for node in entries(raw, WANTED):
        if node.name == "publshInformation":
            published_on, declared = node.said("Publish_Date"), _count(node.said("Record_Count"))
            continue
        listed = _entry(node)
        names.append(listed)
        addresses += _addresses(node, listed)
    return Published(tuple(names), tuple(addresses), published_on, declared).checked()


def _only(files: Mapping[str, bytes]) -> bytes:
    if len(files) != 1:
        raise Malformed("list.files", f"list: {len(files)} files came where one XML file is the list")
    raw = next(iter(files.values()))
    if len(raw) > FILE_BYTES_MAX:
        raise Malformed("list.size", f"list: {len(raw)} bytes were more than {FILE_BYTES_MAX}")
    return raw


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _entry(node: Node) -> ListedName:
    uid = node.said("uid")
    if not uid.isascii() or not uid.isdigit() or len(uid) > 12:
        raise Malformed("list.entry", f"list: an entry had the uid {uid!r:.20}, not a number")
    strong = [name_of(node.said("firstName"), node.said("lastName"))]
    weak: list[str] = []
    for alias in node.all("akaList", "aka"):
        name = name_of(alias.said("firstName"), alias.said("lastName"))
        (weak if alias.said("category") == "weak" else strong).append(name)
    if not strong[0]:
        raise Malformed("list.entry", f"list: entry {uid} had no name")
    programmes = ", ".join(each.text.strip() for each in node.all("programList", "program"))
    births = [birth for each in node.all("dateOfBirthList", "dateOfBirthItem") for birth in birth_of(each.said("dateOfBirth"))]
    return ListedName(
        f"ofac:{uid}",
        tuple(each for each in strong if each),
        programmes[:200],
        tuple(each for each in weak if each),
        tuple(dict.fromkeys(births)),
        tuple(_countries(node)),
        KINDS.get(node.said("sdnType"), ""),
    )


def _countries(node: Node) -> list[str]:
    places = [each.said("country") for each in node.all("nationalityList", "nationality")]
    places += [each.said("country") for each in node.all("citizenshipList", "citizenship")]
    places += [each.said("country") for each in node.all("addressList", "address")]
    return list(dict.fromkeys(code for code in map(country_code, places) if code))


def _addresses(node: Node, listed: ListedName) -> Iterator[ListedAddress]:
    for each in node.all("idList", "id"):
        kind = each.said("idType")
        if kind.startswith(DIGITAL):
            yield address_of(kind.removeprefix(DIGITAL).strip(), each.said("idNumber"), listed.programme, listed.id)
