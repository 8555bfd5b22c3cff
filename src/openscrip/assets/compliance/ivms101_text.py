"""IVMS101 written: the same message in the casing that a network reads. Empty fields are left out."""

from typing import Any

from openscrip.assets.compliance.ivms101 import (
    Address,
    AnyPerson,
    Casing,
    LegalName,
    LegalPerson,
    NationalId,
    NaturalName,
    Party,
    TravelMessage,
    read_message,
)

Json = dict[str, Any]


def write_message(message: TravelMessage, casing: Casing) -> Json:
    """The document. What is written is read again before it is given away: it says nothing that we would not accept."""
    roots: Json = {
        "originator": _party(message.originator, "originator", casing),
        "beneficiary": _party(message.beneficiary, "beneficiary", casing),
    }
    if message.originating_vasp is not None:
        roots["originatingVASP"] = {"originatingVASP": _person(message.originating_vasp, casing)}
    if message.beneficiary_vasp is not None:
        roots["beneficiaryVASP"] = {"beneficiaryVASP": _person(message.beneficiary_vasp, casing)}
    if casing is Casing.PASCAL_ROOTS:
        roots = {name[:1].upper() + name[1:]: value for name, value in roots.items()}
    read_message(roots)
    return roots


def _full(**given: Any) -> Json:
    return {name: value for name, value in given.items() if value not in ("", (), [], None)}


def _party(party: Party, name: str, casing: Casing) -> Json:
    return {f"{name}Persons": [_person(each, casing) for each in party.persons], "accountNumber": list(party.accounts)}


def _person(person: AnyPerson, casing: Casing) -> Json:
    name = _full(
        nameIdentifier=[_name(each) for each in person.names],
        localNameIdentifier=[_name(each) for each in person.local_names],
        phoneticNameIdentifier=[_name(each) for each in person.phonetic_names],
    )
    shared: Json = {
        "name": name,
        "geographicAddress": [_address(each) for each in person.addresses],
        "nationalIdentification": _national(person.national_id),
    }
    if isinstance(person, LegalPerson):
        customer = "customerNumber" if casing is Casing.PASCAL_ROOTS else "customerIdentification"
        return {"legalPerson": _full(**shared, **{customer: person.customer}, countryOfRegistration=person.registered_in)}
    birth = {"dateOfBirth": person.born_on.isoformat(), "placeOfBirth": person.born_at} if person.born_on else None
    natural = _full(
        **shared, customerIdentification=person.customer, dateAndPlaceOfBirth=birth, countryOfResidence=person.residence
    )
    return {"naturalPerson": natural}


def _name(name: NaturalName | LegalName) -> Json:
    if isinstance(name, LegalName):
        return {"legalPersonName": name.name, "legalPersonNameIdentifierType": name.type.value}
    return _full(primaryIdentifier=name.primary, secondaryIdentifier=name.secondary, nameIdentifierType=name.type.value)


def _address(address: Address) -> Json:
    return _full(
        addressType=address.type.value, **dict(address.lines), addressLine=list(address.plain), country=address.country
    )


def _national(number: NationalId | None) -> Json | None:
    if number is None:
        return None
    return _full(
        nationalIdentifier=number.identifier, nationalIdentifierType=number.type.value, countryOfIssue=number.country,
        registrationAuthority=number.authority,
    )  # fmt: skip
