"""What may be sent to compliance: each body as a strict model."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from openscrip.api.asked import Address, Asked, ChainName, Name, PersonAsked, Words

Day = Annotated[str, Field(min_length=10, max_length=10, pattern=r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", examples=["2024-06-03"])]
Digest = Annotated[str, Field(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Kind = Literal[
    "identity_document", "proof_of_address", "tax_certification", "liveness", "source_of_funds", "register_extract",
    "ownership_chart", "classification",
]  # fmt: skip


class Signed(Asked):
    """In whose name, and why."""

    by: Words
    reason: Words


class CaseDecided(Signed):
    """A named person's word on a case: `release` needs two of them, `confirm` one."""

    word: Literal["release", "confirm"]


class EvidenceAsked(Asked):
    """A paper of a client. `sha256` is the document's; its number and its issuer are sealed."""

    kind: Kind
    issued_on: Day
    expires_on: Day | None = None
    sha256: Digest
    number: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    country: Annotated[str, Field(max_length=2, pattern=r"^([A-Z]{2})?$")] = ""
    by: Words


class StakeAsked(Asked):
    """A share of an entity in 1e-4, and who owns it."""

    owner: Name
    bps: Annotated[int, Field(ge=1, le=10_000)]


class OwnersAsked(Asked):
    """Who owns an entity; every owner was entered before."""

    stakes: Annotated[list[StakeAsked], Field(max_length=100)]
    by: Words


class RelatedAsked(PersonAsked):
    """An owner of an entity, who is screened and does not subscribe."""

    by: Words


class ChangeAsked(PersonAsked):
    """A client's particulars as they are now."""

    by: Words
    reason: Words


class ChallengeAsked(Asked):
    """A wallet that a client wants to prove."""

    client: Name
    chain: ChainName
    address: Address


class ChallengeAnswered(Asked):
    """The wallet's signature under the challenge: hex on EVM (a key's or a contract's), base58 on Solana."""

    signature: Annotated[str, Field(min_length=1, max_length=4_100, pattern=r"^[A-Za-z0-9]+$")]


class ListAsked(Asked):
    """Files in the folder `lists/incoming` of the data folder, as one publication."""

    publisher: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    files: Annotated[list[FileName], Field(min_length=1, max_length=4)]


class ExaminationAsked(Asked):
    """A client was sent to an identity provider, which knows them as `subject`."""

    provider: Literal["persona", "sumsub"]
    subject: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]


def day(text: str) -> date:
    """The date of a `Day`. Raises `ValueError` for a month or day that does not exist."""
    return date.fromisoformat(text)
