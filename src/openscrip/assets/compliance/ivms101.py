"""IVMS101 in memory: who sends and who receives, checked field by field, and written in the two casings that networks use.

The profile is one network's JSON schema: PascalCase at the root, camelCase below; other networks write camelCase throughout.
In that schema a legal person has `customerNumber` where the standard has `customerIdentification`; both are read, and each
casing writes its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from openscrip.kernel.errors import Malformed

MALFORMED = "travel.field"
TEXT_MAX = 100
_COUNTRY = re.compile(r"[A-Z]{2}")
_AUTHORITY = re.compile(r"RA\d{6}")
_LEI = re.compile(r"[A-Z0-9]{18}\d{2}")


class NaturalNameType(StrEnum):
    """What a natural person's name is."""

    ALIAS = "ALIA"
    BIRTH = "BIRT"
    MAIDEN = "MAID"
    LEGAL = "LEGL"
    OTHER = "MISC"


class LegalNameType(StrEnum):
    """What a legal person's name is."""

    LEGAL = "LEGL"
    SHORT = "SHRT"
    TRADING = "TRAD"


class AddressType(StrEnum):
    """What an address is."""

    HOME = "HOME"
    BUSINESS = "BIZZ"
    GEOGRAPHIC = "GEOG"


class IdentifierType(StrEnum):
    """What a national identifier is."""

    ALIEN = "ARNU"
    PASSPORT = "CCPT"
    REGISTRATION = "RAID"
    DRIVING = "DRLC"
    FOREIGN_INVESTMENT = "FIIN"
    TAX = "TXID"
    SOCIAL = "SOCS"
    IDENTITY_CARD = "IDCD"
    LEI = "LEIX"
    OTHER = "MISC"


class Casing(StrEnum):
    """How a network writes its fields: PascalCase roots, or camelCase throughout."""

    PASCAL_ROOTS = "pascal-roots"
    CAMEL = "camel"


ADDRESS_LINES = (
    "department", "subDepartment", "streetName", "buildingNumber", "buildingName", "floor", "postBox", "room", "postCode",
    "townName", "townLocationName", "districtName", "countrySubDivision",
)  # fmt: skip
LINE_MAX = {"floor": 70, "buildingNumber": 16, "postCode": 16, "postBox": 16, "buildingName": 35, "townName": 35}


@dataclass(frozen=True, slots=True)
class NaturalName:
    """A family name, and given names where there are any."""

    primary: str = field(repr=False)
    secondary: str = field(default="", repr=False)
    type: NaturalNameType = NaturalNameType.LEGAL


@dataclass(frozen=True, slots=True)
class LegalName:
    """A company's name."""

    name: str = field(repr=False)
    type: LegalNameType = LegalNameType.LEGAL


@dataclass(frozen=True, slots=True)
class Address:
    """A place, in named lines or in plain ones. A town and a country always."""

    type: AddressType
    lines: tuple[tuple[str, str], ...] = field(repr=False)
    plain: tuple[str, ...] = field(default=(), repr=False)
    country: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NationalId:
    """A number that a state or register gave. A register's must name it; a state's must name the state."""

    identifier: str = field(repr=False)
    type: IdentifierType
    country: str = field(default="", repr=False)
    authority: str = ""


@dataclass(frozen=True, slots=True)
class NaturalPerson:
    """A human being."""

    names: tuple[NaturalName, ...]
    local_names: tuple[NaturalName, ...] = ()
    phonetic_names: tuple[NaturalName, ...] = ()
    addresses: tuple[Address, ...] = ()
    national_id: NationalId | None = None
    customer: str = ""
    born_on: date | None = field(default=None, repr=False)
    born_at: str = field(default="", repr=False)
    residence: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """A company."""

    names: tuple[LegalName, ...]
    local_names: tuple[LegalName, ...] = ()
    phonetic_names: tuple[LegalName, ...] = ()
    addresses: tuple[Address, ...] = ()
    national_id: NationalId | None = None
    customer: str = ""
    registered_in: str = field(default="", repr=False)


AnyPerson = NaturalPerson | LegalPerson


@dataclass(frozen=True, slots=True)
class Party:
    """Originator or beneficiary: persons, and the accounts (wallets) of the transfer."""

    persons: tuple[AnyPerson, ...]
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TravelMessage:
    """Both parties and both providers. Which transfer it is about travels outside of it."""

    originator: Party
    beneficiary: Party
    originating_vasp: AnyPerson | None = None
    beneficiary_vasp: AnyPerson | None = None


# reading


def read_message(found: object) -> TravelMessage:
    """A message in either casing. Raises `Malformed("travel.field")` with the path of the field, never its content."""
    root = _fields(found, "message", {"originator", "beneficiary", "originatingVASP", "beneficiaryVASP"}, roots=True)
    if "originator" not in root or "beneficiary" not in root:
        raise Malformed(MALFORMED, "message: originator and beneficiary are both required")
    vasps = {}
    for name in ("originatingVASP", "beneficiaryVASP"):
        inside = _fields(root[name], name, {name}, roots=False) if name in root else {}
        vasps[name] = _person(inside[name], name) if name in inside else None
    return TravelMessage(
        _party(root["originator"], "originator"), _party(root["beneficiary"], "beneficiary"), vasps["originatingVASP"],
        vasps["beneficiaryVASP"],
    )  # fmt: skip


def _fields(found: object, path: str, allowed: set[str], *, roots: bool) -> dict[str, Any]:
    """An object's fields by their camelCase names; at the root PascalCase is the same field."""
    if not isinstance(found, Mapping):
        raise Malformed(MALFORMED, f"{path}: an object was expected")
    named: dict[str, Any] = {}
    for key, value in found.items():
        plain = key[:1].lower() + key[1:] if roots and isinstance(key, str) else key
        if plain not in allowed or plain in named:
            raise Malformed(MALFORMED, f"{path}: a field was not known, or came twice")
        if value is not None:
            named[plain] = value
    return named


def _list(found: object, path: str, most: int = 20) -> Sequence[Any]:
    if not isinstance(found, list) or not 0 < len(found) <= most:
        raise Malformed(MALFORMED, f"{path}: a list of 1 to {most} was expected")
    return found


def _text(found: object, path: str, most: int = TEXT_MAX) -> str:
    plain = isinstance(found, str) and found.strip() == found and 0 < len(found) <= most
    if not plain or not isinstance(found, str) or any(ord(sign) < 32 or ord(sign) == 127 for sign in found):
        raise Malformed(MALFORMED, f"{path}: a text of 1 to {most} signs was expected, without blanks around it")
    return found


def _country(found: object, path: str) -> str:
    code = _text(found, path, 2)
    if not _COUNTRY.fullmatch(code):
        raise Malformed(MALFORMED, f"{path}: a country is two capital letters")
    return code


def _enum(kind: Any, found: object, path: str) -> Any:
    try:
        return kind(found)
    except ValueError:
        raise Malformed(MALFORMED, f"{path}: it was none of {', '.join(kind)}") from None


def _party(found: object, path: str) -> Party:
    persons_field = f"{path}Persons"
    inside = _fields(found, path, {persons_field, "accountNumber"}, roots=False)
    persons = _list(inside.get(persons_field), f"{path}.{persons_field}")
    accounts = _list(inside.get("accountNumber"), f"{path}.accountNumber")
    return Party(
        tuple(_person(each, f"{path}.{persons_field}[{place}]") for place, each in enumerate(persons)),
        tuple(_text(each, f"{path}.accountNumber[{place}]") for place, each in enumerate(accounts)),
    )


def _person(found: object, path: str) -> AnyPerson:
    inside = _fields(found, path, {"naturalPerson", "legalPerson"}, roots=False)
    if len(inside) != 1:
        raise Malformed(MALFORMED, f"{path}: it is either a naturalPerson or a legalPerson")
    if "naturalPerson" in inside:
        return _natural(inside["naturalPerson"], f"{path}.naturalPerson")
    return _legal(inside["legalPerson"], f"{path}.legalPerson")


def _natural(found: object, path: str) -> NaturalPerson:
    inside = _fields(found, path, {
        "name", "geographicAddress", "nationalIdentification", "customerIdentification", "dateAndPlaceOfBirth",
        "countryOfResidence",
    }, roots=False)  # fmt: skip
    names = _names(inside.get("name"), f"{path}.name", _natural_name)
    born_on, born_at = _birth(inside.get("dateAndPlaceOfBirth"), f"{path}.dateAndPlaceOfBirth")
    person = NaturalPerson(
        *names, _addresses(inside.get("geographicAddress"), path),
        _national(inside.get("nationalIdentification"), f"{path}.nationalIdentification"),
        _optional(inside.get("customerIdentification"), f"{path}.customerIdentification", 50), born_on, born_at,
        _country(inside["countryOfResidence"], f"{path}.countryOfResidence") if "countryOfResidence" in inside else "",
    )  # fmt: skip
    if not any(name.type is NaturalNameType.LEGAL for name in person.names):
        raise Malformed(MALFORMED, f"{path}.name: one of the names must be the legal one (LEGL)")
    return person


def _legal(found: object, path: str) -> LegalPerson:
    inside = _fields(found, path, {
        "name", "geographicAddress", "customerNumber", "customerIdentification", "nationalIdentification",
        "countryOfRegistration",
    }, roots=False)  # fmt: skip
    customer = inside.get("customerIdentification", inside.get("customerNumber"))
    person = LegalPerson(
        *_names(inside.get("name"), f"{path}.name", _legal_name), _addresses(inside.get("geographicAddress"), path),
        _national(inside.get("nationalIdentification"), f"{path}.nationalIdentification"),
        _optional(customer, f"{path}.customerNumber", 50),
        _country(inside["countryOfRegistration"], f"{path}.countryOfRegistration") if "countryOfRegistration" in inside else "",
    )  # fmt: skip
    if not any(name.type is LegalNameType.LEGAL for name in person.names):
        raise Malformed(MALFORMED, f"{path}.name: one of the names must be the legal one (LEGL)")
    return person


def _names(found: object, path: str, read: Any) -> tuple[Any, Any, Any]:
    inside = _fields(found, path, {"nameIdentifier", "localNameIdentifier", "phoneticNameIdentifier"}, roots=False)
    if "nameIdentifier" not in inside:
        raise Malformed(MALFORMED, f"{path}.nameIdentifier: it is required")
    return tuple(  # type: ignore[return-value]  # three fields, three tuples
        tuple(read(each, f"{path}.{kind}[{place}]") for place, each in enumerate(_list(inside[kind], f"{path}.{kind}")))
        if kind in inside
        else ()
        for kind in ("nameIdentifier", "localNameIdentifier", "phoneticNameIdentifier")
    )


def _natural_name(found: object, path: str) -> NaturalName:
    inside = _fields(found, path, {"primaryIdentifier", "secondaryIdentifier", "nameIdentifierType"}, roots=False)
    return NaturalName(
        _text(inside.get("primaryIdentifier"), f"{path}.primaryIdentifier"),
        _optional(inside.get("secondaryIdentifier"), f"{path}.secondaryIdentifier", TEXT_MAX),
        _enum(NaturalNameType, inside.get("nameIdentifierType"), f"{path}.nameIdentifierType"),
    )


def _legal_name(found: object, path: str) -> LegalName:
    inside = _fields(found, path, {"legalPersonName", "legalPersonNameIdentifierType"}, roots=False)
    kind = _enum(LegalNameType, inside.get("legalPersonNameIdentifierType"), f"{path}.legalPersonNameIdentifierType")
    return LegalName(_text(inside.get("legalPersonName"), f"{path}.legalPersonName"), kind)


def _optional(found: object, path: str, most: int) -> str:
    return "" if found is None else _text(found, path, most)


def _birth(found: object, path: str) -> tuple[date | None, str]:
    if found is None:
        return None, ""
    inside = _fields(found, path, {"dateOfBirth", "placeOfBirth"}, roots=False)
    text = _text(inside.get("dateOfBirth"), f"{path}.dateOfBirth", 10)
    try:
        born = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        born = None
    if born is None:
        raise Malformed(MALFORMED, f"{path}.dateOfBirth: it is written YYYY-MM-DD")
    return born, _text(inside.get("placeOfBirth"), f"{path}.placeOfBirth", 70)


def _addresses(found: object, path: str) -> tuple[Address, ...]:
    if found is None:
        return ()
    where = f"{path}.geographicAddress"
    return tuple(_address(each, f"{where}[{place}]") for place, each in enumerate(_list(found, where)))


def _address(found: object, path: str) -> Address:
    inside = _fields(found, path, {"addressType", "addressLine", "country", *ADDRESS_LINES}, roots=False)
    lines = tuple(
        (name, _text(inside[name], f"{path}.{name}", LINE_MAX.get(name, 70))) for name in ADDRESS_LINES if name in inside
    )
    plain: tuple[str, ...] = ()
    if "addressLine" in inside:
        found_lines = _list(inside["addressLine"], f"{path}.addressLine", 7)
        plain = tuple(_text(each, f"{path}.addressLine[{place}]", 70) for place, each in enumerate(found_lines))
    named = dict(lines)
    street = "streetName" in named and ("buildingNumber" in named or "buildingName" in named)
    if not plain and not (street or "postBox" in named):
        raise Malformed(MALFORMED, f"{path}: a street with a building, a post box, or plain lines are required")
    if "townName" not in named and not plain:
        raise Malformed(MALFORMED, f"{path}.townName: it is required")
    kind = _enum(AddressType, inside.get("addressType"), f"{path}.addressType")
    return Address(kind, lines, plain, _country(inside.get("country"), f"{path}.country"))


def _national(found: object, path: str) -> NationalId | None:
    if found is None:
        return None
    inside = _fields(
        found, path, {"nationalIdentifier", "nationalIdentifierType", "countryOfIssue", "registrationAuthority"}, roots=False
    )
    kind = _enum(IdentifierType, inside.get("nationalIdentifierType"), f"{path}.nationalIdentifierType")
    identifier = _text(inside.get("nationalIdentifier"), f"{path}.nationalIdentifier", 35)
    authority = _optional(inside.get("registrationAuthority"), f"{path}.registrationAuthority", 8)
    if authority and not _AUTHORITY.fullmatch(authority):
        raise Malformed(MALFORMED, f"{path}.registrationAuthority: it is RA and six digits")
    if kind is IdentifierType.LEI and not _is_lei(identifier):
        raise Malformed(MALFORMED, f"{path}.nationalIdentifier: an LEI is twenty letters and digits whose check digits hold")
    if kind is IdentifierType.REGISTRATION and not authority:
        raise Malformed(MALFORMED, f"{path}.registrationAuthority: a registration number names its register")
    country = _country(inside["countryOfIssue"], f"{path}.countryOfIssue") if "countryOfIssue" in inside else ""
    return NationalId(identifier, kind, country, authority)


def _is_lei(text: str) -> bool:
    """ISO 17442: twenty signs, and 1 modulo 97 as ISO 7064 counts them."""
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(sign, 36)) for sign in text)) % 97 == 1
