"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class WebhookShapeState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"
    GIVEN_UP = "given_up"

    def __str__(self) -> str:
        return str(self.value)
