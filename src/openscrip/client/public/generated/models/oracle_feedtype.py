"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class OracleFeedtype(StrEnum):
    MULTIPLIER = "Multiplier"
    PROOFOFRESERVE = "ProofOfReserve"

    def __str__(self) -> str:
        return str(self.value)
