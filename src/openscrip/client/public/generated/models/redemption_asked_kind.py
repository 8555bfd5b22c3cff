"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class RedemptionAskedKind(StrEnum):
    CASH = "cash"
    IN_KIND = "in_kind"

    def __str__(self) -> str:
        return str(self.value)
