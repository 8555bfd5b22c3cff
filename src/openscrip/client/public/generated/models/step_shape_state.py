"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class StepShapeState(StrEnum):
    DONE = "done"
    NEXT = "next"
    NOW = "now"
    STOPPED = "stopped"

    def __str__(self) -> str:
        return str(self.value)
