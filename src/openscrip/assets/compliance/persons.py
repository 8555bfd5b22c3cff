"""A client as the onboarding file describes them, their evidence, and the wallets that they have signed for.

Nothing here shows in a repr but ids: what is personal is told by the vault alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from openscrip.kernel.errors import Malformed


class PersonKind(StrEnum):
    """Natural persons have a nationality, legal ones a place of incorporation in the same field."""

    NATURAL = "natural"
    LEGAL = "legal"


class UsEvidence(StrEnum):
    """What marks a US person beside the countries that they are tied to."""

    W9 = "W-9"
    GREEN_CARD = "green_card"
    BIRTHPLACE = "us_birthplace"
    ADDRESS = "us_address"
    PHONE = "us_phone"
    BANK = "us_bank"
    SELF_CERTIFIED = "self_certified"


class Tie(StrEnum):
    """By what a person belongs to a jurisdiction."""

    NATIONALITY = "nationality"
    RESIDENCE = "residence"
    TAX_RESIDENCE = "tax_residence"
    DOCUMENT = "document"
    ADDRESS = "address"
    PHONE = "phone"
    BANK = "bank"
    OWNER = "owner"


class EvidenceKind(StrEnum):
    """What is asked for to know a client."""

    IDENTITY_DOCUMENT = "identity_document"
    PROOF_OF_ADDRESS = "proof_of_address"
    TAX_CERTIFICATION = "tax_certification"
    LIVENESS = "liveness"
    SOURCE_OF_FUNDS = "source_of_funds"
    REGISTER_EXTRACT = "register_extract"
    OWNERSHIP_CHART = "ownership_chart"
    CLASSIFICATION = "classification"


def _country(code: str, person: str) -> None:
    if len(code) != 2 or not code.isascii() or not code.isupper():
        raise Malformed("person.country", f"person: {person:.64} had a country that was no code like 'DE'")


@dataclass(frozen=True, slots=True)
class Person:
    """A client. Countries are ISO 3166 alpha-2, empty where nobody asked; `documents` are the issuers of their papers.

    `controllers` are the countries of owners of 50 % or more who are not entered as persons of their own.
    """

    id: str
    name: str = field(repr=False)
    kind: PersonKind
    nationality: str = field(repr=False)
    residence: str = field(repr=False)
    tax_residence: str = field(repr=False)
    verified: bool = True
    us_evidence: tuple[UsEvidence, ...] = field(default=(), repr=False)
    documents: tuple[str, ...] = field(default=(), repr=False)
    controllers: tuple[str, ...] = field(default=(), repr=False)
    aliases: tuple[str, ...] = field(default=(), repr=False)
    born_on: date | None = field(default=None, repr=False)
    address_country: str = field(default="", repr=False)
    phone_country: str = field(default="", repr=False)
    bank_country: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.id or not self.name.strip():
            raise Malformed("person.name", f"person: {self.id!r:.64} had no id or no name")
        for country in (self.nationality, self.residence, self.tax_residence):
            _country(country, self.id)
        for _, country in self.ties():
            _country(country, self.id)

    def ties(self) -> Iterator[tuple[Tie, str]]:
        """Every country that ties this person to a jurisdiction, and by what."""
        yield Tie.NATIONALITY, self.nationality
        yield Tie.RESIDENCE, self.residence
        yield Tie.TAX_RESIDENCE, self.tax_residence
        yield from ((Tie.DOCUMENT, country) for country in self.documents)
        for tie, country in (
            (Tie.ADDRESS, self.address_country), (Tie.PHONE, self.phone_country), (Tie.BANK, self.bank_country),
        ):  # fmt: skip
            if country:
                yield tie, country
        yield from ((Tie.OWNER, country) for country in self.controllers)

    def countries(self) -> tuple[str, ...]:
        """The countries of this person's ties."""
        return tuple(dict.fromkeys(country for _, country in self.ties()))


@dataclass(frozen=True, slots=True)
class Paper:
    """One piece of evidence: issued, expiring (None: not by itself), and the SHA-256 of the document, which lies elsewhere."""

    kind: EvidenceKind
    issued_on: date
    expires_on: date | None
    sha256: str

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise Malformed("evidence.hash", f"evidence: the document's hash was not 64 digits of SHA-256 ({self.kind})")
        if self.expires_on is not None and self.expires_on < self.issued_on:
            raise Malformed("evidence.dates", f"evidence: {self.kind} expired before it was issued")


@dataclass(frozen=True, slots=True)
class Wallet:
    """An address on a chain, whose it is, and whether the owner has signed for it."""

    chain: str
    address: str
    person_id: str
    attested: bool
