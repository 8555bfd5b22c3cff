"""Rows of the SQL store that were read before: what a list costs is what changed of it."""

from collections.abc import Sequence
from typing import Any

from openscrip.runtime.codec import Codec

REMEMBERED_ROWS_MAX, REMEMBERED_MAX = 2_500, 10_000
"""Longer lists are not remembered, and so many rows at the most."""


class Remembered:
    """Rows by what they were read from: the same text is the same row, and rows are never changed.

    Reading a list that mostly stayed as it was costs what changed of it. Threads may share it.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._rows: dict[tuple[str, str], Any] = {}

    def rows(self, kind: str, bodies: Sequence[str]) -> list[Any]:
        """The rows behind these texts."""
        known, found = self._rows, []
        for body in bodies:
            row = known.get((kind, body))
            if row is None:
                row = known[kind, body] = self._codec.decode(kind, body)
            found.append(row)
        if len(known) > REMEMBERED_MAX:
            self._rows = {}
        return found
