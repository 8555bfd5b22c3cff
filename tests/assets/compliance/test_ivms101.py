"""IVMS101: every field is checked, both casings say the same, and damage is refused by the path of its field."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from openscrip.assets.compliance.ivms101 import Casing, LegalPerson, NaturalPerson, read_message
from openscrip.assets.compliance.ivms101_text import write_message
from openscrip.kernel.errors import Malformed

FUZZED = 10_000
ADDRESS = {
    "addressType": "HOME", "streetName": "Hauptgeheimgasse", "buildingNumber": "7", "townName": "Zug", "postCode": "6300",
    "country": "CH",
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "Originator": {
        "originatorPersons": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"primaryIdentifier": "Lindqvistson", "secondaryIdentifier": "Annabella",
                             "nameIdentifierType": "LEGL"},
                            {"primaryIdentifier": "Bella", "nameIdentifierType": "ALIA"},
                        ],
                        "localNameIdentifier": [{"primaryIdentifier": "リンドクヴィスト", "nameIdentifierType": "LEGL"}],
                    },
                    "geographicAddress": [ADDRESS],
                    "nationalIdentification": {
                        "nationalIdentifier": "X1234567", "nationalIdentifierType": "CCPT", "countryOfIssue": "SE",
                    },
                    "customerIdentification": "c1",
                    "dateAndPlaceOfBirth": {"dateOfBirth": "1980-05-06", "placeOfBirth": "Lund"},
                    "countryOfResidence": "CH",
                }
            }
        ],
        "accountNumber": ["0x1111111111111111111111111111111111111111"],
    },
    "Beneficiary": {
        "beneficiaryPersons": [
            {
                "legalPerson": {
                    "name": {"nameIdentifier": [{"legalPersonName": "Quietwater AG", "legalPersonNameIdentifierType": "LEGL"}]},
                    "geographicAddress": [{"addressType": "BIZZ", "addressLine": ["1 Demo Quay", "Valletta"], "country": "MT"}],
                    "customerNumber": "q-9",
                    "nationalIdentification": {"nationalIdentifier": "529900T8BM49AURSDO55", "nationalIdentifierType": "LEIX"},
                    "countryOfRegistration": "MT",
                }
            }
        ],
        "accountNumber": ["0x2222222222222222222222222222222222222222"],
    },
    "OriginatingVASP": {
        "originatingVASP": {
            "legalPerson": {
                "name": {"nameIdentifier": [
                    {"legalPersonName": "Openscrip Issuer", "legalPersonNameIdentifierType": "TRAD"},
                    {"legalPersonName": "Openscrip Issuer Ltd", "legalPersonNameIdentifierType": "LEGL"},
                ]},
                "nationalIdentification": {
                    "nationalIdentifier": "HR-1", "nationalIdentifierType": "RAID", "registrationAuthority": "RA000001",
                },
            }
        }
    },
}  # fmt: skip


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    found = copy.deepcopy(MESSAGE)
    change(found)
    return found


def natural(message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = message["Originator"]["originatorPersons"][0]["naturalPerson"]
    return found


def legal(message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = message["Beneficiary"]["beneficiaryPersons"][0]["legalPerson"]
    return found


def test_a_message_in_pascal_roots__is_read__and_written_as_it_was() -> None:
    message = read_message(MESSAGE)
    person, company = message.originator.persons[0], message.beneficiary.persons[0]
    assert isinstance(person, NaturalPerson)
    assert isinstance(company, LegalPerson)
    assert (person.names[0].primary, str(person.born_on), company.customer) == ("Lindqvistson", "1980-05-06", "q-9")
    assert write_message(message, Casing.PASCAL_ROOTS) == MESSAGE


def test_the_same_message__in_the_other_casing__is_the_same_message() -> None:
    message = read_message(MESSAGE)
    camel = write_message(message, Casing.CAMEL)
    assert set(camel) == {"originator", "beneficiary", "originatingVASP"}
    company = camel["beneficiary"]["beneficiaryPersons"][0]["legalPerson"]
    assert (company["customerIdentification"], "customerNumber" in company) == ("q-9", False)
    assert read_message(camel) == message
    assert read_message(json.loads(json.dumps(camel))) == message


def test_nothing_personal__shows_in_a_repr() -> None:
    shown = repr(read_message(MESSAGE))
    for word in ("Lindqvistson", "Annabella", "Hauptgeheimgasse", "X1234567", "1980", "Lund", "Quietwater"):
        assert word not in shown


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda m: m.pop("Originator"), "message"),
        (lambda m: m.update(Extra={}), "message"),
        (lambda m: m.update(originator=m["Originator"]), "message"),
        (lambda m: m["Originator"].update(accountNumber=[]), "originator.accountNumber"),
        (lambda m: m["Originator"].pop("accountNumber"), "originator.accountNumber"),
        (lambda m: m["Originator"].update(originatorPersons=[{}]), "originator.originatorPersons[0]"),
        (lambda m: m["Originator"]["originatorPersons"][0].update(legalPerson={}), "originator.originatorPersons[0]"),
        (lambda m: natural(m)["name"]["nameIdentifier"][0].update(nameIdentifierType="NICK"), "nameIdentifierType"),
        (lambda m: natural(m)["name"]["nameIdentifier"][0].update(primaryIdentifier="x" * 101), "primaryIdentifier"),
        (lambda m: natural(m)["name"]["nameIdentifier"][0].update(primaryIdentifier=" x"), "primaryIdentifier"),
        (lambda m: natural(m)["name"]["nameIdentifier"][0].update(primaryIdentifier="a\x00b"), "primaryIdentifier"),
        (lambda m: natural(m)["name"]["nameIdentifier"].pop(0), "name"),
        (lambda m: natural(m).update(customerIdentification="x" * 51), "customerIdentification"),
        (lambda m: natural(m)["dateAndPlaceOfBirth"].update(dateOfBirth="1980-13-06"), "dateOfBirth"),
        (lambda m: natural(m)["dateAndPlaceOfBirth"].update(dateOfBirth="06/05/1980"), "dateOfBirth"),
        (lambda m: natural(m)["dateAndPlaceOfBirth"].pop("placeOfBirth"), "placeOfBirth"),
        (lambda m: natural(m)["dateAndPlaceOfBirth"].update(placeOfBirth="x" * 71), "placeOfBirth"),
        (lambda m: natural(m).update(countryOfResidence="ch"), "countryOfResidence"),
        (lambda m: natural(m)["geographicAddress"][0].update(country="CHE"), "country"),
        (lambda m: natural(m)["geographicAddress"][0].pop("streetName"), "geographicAddress[0]"),
        (lambda m: natural(m)["geographicAddress"][0].pop("townName"), "townName"),
        (lambda m: natural(m)["geographicAddress"][0].update(addressType="WORK"), "addressType"),
        (lambda m: natural(m)["geographicAddress"][0].update(addressLine=["x"] * 8), "addressLine"),
        (lambda m: natural(m)["nationalIdentification"].update(nationalIdentifier="x" * 36), "nationalIdentifier"),
        (lambda m: natural(m)["nationalIdentification"].update(registrationAuthority="RA1"), "registrationAuthority"),
        (lambda m: legal(m)["nationalIdentification"].update(nationalIdentifier="529900T8BM49AURSDO56"), "nationalIdentifier"),
        (lambda m: legal(m)["nationalIdentification"].update(nationalIdentifierType="RAID"), "registrationAuthority"),
        (
            lambda m: legal(m)["name"]["nameIdentifier"][0].update(legalPersonNameIdentifierType="BIRT"),
            "legalPersonNameIdentifierType",
        ),
        (lambda m: legal(m).update(countryOfRegistration=5), "countryOfRegistration"),
        (lambda m: legal(m).update(more="x"), "legalPerson"),
        (lambda m: m.update(BeneficiaryVASP={"beneficiaryVASP": []}), "beneficiaryVASP"),
    ],
)
def test_a_field_that_is_wrong__is_refused_by_its_path__and_its_content_is_not_told(
    change: Callable[[dict[str, Any]], Any], path: str
) -> None:
    with pytest.raises(Malformed) as malformed:
        read_message(changed(change))
    assert malformed.value.code == "travel.field"
    assert path in malformed.value.text.partition(":")[0]
    assert "Lindqvistson" not in malformed.value.text


def mutate(value: Any, chance: random.Random) -> Any:
    """One place of a document changed into something else."""
    odd: list[Any] = [
        None,
        "",
        5,
        -1.5,
        True,
        [],
        {},
        "x" * 200,
        "\u0000",
        "LEGL",
        ["a"],
        {"naturalPerson": {}},
        "2020-02-30",
        "\ud800",
    ]
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {each: inner for each, inner in value.items() if each != key}
        return {**value, key: mutate(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [*value[:place], mutate(value[place], chance), *value[place + 1 :]]
    return chance.choice(odd)


def fuzz(seed: int, count: int) -> tuple[int, int]:
    chance, taken, refused = random.Random(seed), 0, 0
    samples = [MESSAGE, write_message(read_message(MESSAGE), Casing.CAMEL)]
    for _ in range(count):
        try:
            found = read_message(mutate(chance.choice(samples), chance))
        except Malformed as malformed:
            refused += malformed.code == "travel.field"
        else:
            taken += read_message(write_message(found, Casing.CAMEL)) == found
    return taken, refused


@pytest.mark.slow
def test_ten_thousand_damaged_messages__are_read_or_refused__and_what_is_read_can_be_written() -> None:
    taken, refused = fuzz(1, FUZZED)
    assert taken + refused == FUZZED
    assert taken > 100


@pytest.mark.soak
def test_a_million_damaged_messages__are_read_or_refused__and_nothing_else() -> None:
    assert sum(fuzz(2, 1_000_000)) == 1_000_000
