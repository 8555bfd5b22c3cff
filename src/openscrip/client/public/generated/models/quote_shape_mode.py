"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from enum import StrEnum


class QuoteShapeMode(StrEnum):
    INSTANT = "instant"
    ORDER_THROUGH = "order_through"

    def __str__(self) -> str:
        return str(self.value)
