"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class StuckCommandStatus(StrEnum):
    DUE = "due"
    LEASED = "leased"
    PARKED = "parked"

    def __str__(self) -> str:
        return str(self.value)
