"""A client as the onboarding file describes them, and the wallets that they have signed for."""

from dataclasses import dataclass
from enum import StrEnum

from openscrip.kernel.errors import Malformed


class PersonKind(StrEnum):
    """Natural persons have a nationality, legal ones a place of incorporation in the same field."""

    NATURAL = "natural"
    LEGAL = "legal"


class UsEvidence(StrEnum):
    """What marks a US person beside nationality, residence and tax residence."""

    W9 = "W-9"
    GREEN_CARD = "green_card"
    BIRTHPLACE = "us_birthplace"
    ADDRESS = "us_address"
    PHONE = "us_phone"
    BANK = "us_bank"
    SELF_CERTIFIED = "self_certified"


@dataclass(frozen=True, slots=True)
class Person:
    """A client. Countries are ISO 3166 alpha-2; `controllers` are the countries of who holds 50 % or more."""

    id: str
    name: str
    kind: PersonKind
    nationality: str
    residence: str
    tax_residence: str
    verified: bool = True
    us_evidence: tuple[UsEvidence, ...] = ()
    documents: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id or not self.name.strip():
            raise Malformed("person.name", f"person: {self.id!r} had no id or no name")
        for country in self.countries():
            if len(country) != 2 or not country.isascii() or not country.isupper():
                raise Malformed(
                    "person.country", f"person: {self.id} had country {country!r:.20}, not a code like 'DE'"
                )

    def countries(self) -> tuple[str, ...]:
        """Every country that ties this person to a jurisdiction."""
        return (self.nationality, self.residence, self.tax_residence, *self.documents, *self.controllers)


@dataclass(frozen=True, slots=True)
class Wallet:
    """An address on a chain, whose it is, and whether the owner has signed for it."""

    chain: str
    address: str
    person_id: str
    attested: bool
