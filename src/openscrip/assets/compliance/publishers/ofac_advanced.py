"""OFAC's `sdn_advanced.xml` (the model that the UN sponsored): parties with name parts in every script, and typed features."""

from collections.abc import Mapping

from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.publisher import Published, address_of, name_of
from openscrip.assets.compliance.publishers.ofac_xml import DIGITAL
from openscrip.assets.compliance.sanctions import ListedAddress
from openscrip.assets.compliance.xml_entries import Node, entries
from openscrip.kernel.errors import Malformed

WANTED = frozenset({"DateOfIssue", "FeatureType", "DistinctParty", "SanctionsEntry", "PartySubType", "NamePartType"})
BIRTHDATE = "Birthdate"
LAST_NAME = "Last Name"


def read_ofac_advanced(files: Mapping[str, bytes]) -> Published:
    """As `Reader`: one XML file. Reference values come before the parties, the entries with their programmes after them."""
    if len(files) != 1:
        raise Malformed("list.files", f"list: {len(files)} files came where one XML file is the list")
    features: dict[str, str] = {}
    part_types: dict[str, str] = {}
    parties: dict[str, Node] = {}
    programmes: dict[str, list[str]] = {}
    issued = ""
    for node in entries(next(iter(files.values())), WANTED):
        if node.name == "FeatureType":
            features[node.attributes.get("ID", "")] = node.text.strip()
        elif node.name == "NamePartType":
            part_types[node.attributes.get("ID", "")] = node.text.strip()
        elif node.name == "DateOfIssue":
            issued = "-".join(node.said(part) for part in ("Year", "Month", "Day"))
        elif node.name == "DistinctParty":
            parties[node.attributes.get("FixedRef", "")] = node
        elif node.name == "SanctionsEntry":
            said = [measure.said("Comment") for measure in node.all("SanctionsMeasure")]
            programmes.setdefault(node.attributes.get("ProfileID", ""), []).extend(each for each in said if each)
    names: list[ListedName] = []
    addresses: list[ListedAddress] = []
    for uid, party in parties.items():
        listed = _party(uid, party, features, part_types, programmes)
        names.append(listed)
        addresses += _addresses(party, listed, features)
    return Published(tuple(names), tuple(addresses), issued).checked()


def _party(
    uid: str, party: Node, features: Mapping[str, str], part_types: Mapping[str, str], programmes: Mapping[str, list[str]]
) -> ListedName:
    if not uid.isascii() or not uid.isdigit() or len(uid) > 12:
        raise Malformed("list.entry", f"list: a party had the reference {uid!r:.20}, not a number")
    strong: list[str] = []
    weak: list[str] = []
    for identity in party.all("Profile", "Identity"):
        groups = {
            group.attributes.get("ID", ""): part_types.get(group.attributes.get("NamePartTypeID", ""), "")
            for group in identity.all("NamePartGroups", "MasterNamePartGroup", "NamePartGroup")
        }
        for alias in identity.all("Alias"):
            found = [_documented(each, groups) for each in alias.all("DocumentedName")]
            (weak if alias.attributes.get("LowQuality") == "true" else strong).extend(each for each in found if each)
    if not strong and not weak:
        raise Malformed("list.entry", f"list: party {uid} had no name")
    profiles = [profile.attributes.get("ID", "") for profile in party.all("Profile")]
    listed_under = [each for profile in profiles for each in programmes.get(profile, [])]
    return ListedName(
        f"ofac:{uid}",
        tuple(dict.fromkeys(strong)),
        ", ".join(dict.fromkeys(listed_under))[:200],
        tuple(dict.fromkeys(weak)),
        _births(party, features),
    )


def _documented(name: Node, groups: Mapping[str, str]) -> str:
    """First names before the last one, as far as the parts say which they are."""
    parts = [
        (groups.get(value.attributes.get("NamePartGroupID", ""), "") == LAST_NAME, value.text.strip())
        for value in name.all("DocumentedNamePart", "NamePartValue")
    ]
    return name_of(*(text for _, text in sorted(parts, key=lambda part: part[0])))


def _births(party: Node, features: Mapping[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    for feature in party.all("Profile", "Feature"):
        if features.get(feature.attributes.get("FeatureTypeID", "")) != BIRTHDATE:
            continue
        for start in feature.all("FeatureVersion", "DatePeriod", "Start", "From"):
            year, month, day = (start.said(part) for part in ("Year", "Month", "Day"))
            ends = [end.said("Year") for end in feature.all("FeatureVersion", "DatePeriod", "End", "To")]
            if not (year.isascii() and year.isdigit() and len(year) == 4):
                continue
            exact = month.isdigit() and day.isdigit() and (not ends or ends == [year])
            found.append(f"{year}-{int(month):02}-{int(day):02}" if exact and len(month + day) <= 4 else year)
    return tuple(dict.fromkeys(found))


def _addresses(party: Node, listed: ListedName, features: Mapping[str, str]) -> list[ListedAddress]:
    found: list[ListedAddress] = []
    for feature in party.all("Profile", "Feature"):
        kind = features.get(feature.attributes.get("FeatureTypeID", ""), "")
        if kind.startswith(DIGITAL):
            ticker = kind.removeprefix(DIGITAL).strip()
            details = feature.all("FeatureVersion", "VersionDetail")
            found += [address_of(ticker, detail.text, listed.programme, listed.id) for detail in details]
    return found
