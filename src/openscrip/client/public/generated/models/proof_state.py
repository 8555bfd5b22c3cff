"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class ProofState(StrEnum):
    COVERED = "covered"
    IN_PROGRESS = "in_progress"
    SHORT = "short"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return str(self.value)
