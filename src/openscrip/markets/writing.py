"""The part of the venue that writes: what it did, as records, numbered without a gap; and who and what it knows."""

from collections.abc import Callable, Sequence

from openscrip.markets.accounts import Account, OrderRefused
from openscrip.markets.books import BookFace, make_book
from openscrip.markets.clearing import Clearing
from openscrip.markets.floors import Floor
from openscrip.markets.instruments import Directory
from openscrip.markets.records import FOR_A_BOOK, NO_ROW, Kind, pack, texts
from openscrip.markets.state_hash import chained


class Writing(Clearing):
    """Records since somebody asked, and the running hash over those that touch no book."""

    def __init__(self) -> None:
        super().__init__()
        self.instruments = Directory()
        self.floors: dict[int, Floor] = {}
        self.last_order = 0
        self.is_stopped = False
        self._make_book: Callable[[], BookFace] = make_book
        self.chain = 0
        self._written = bytearray()

    @property
    def now_us(self) -> int:
        """The latest time that the venue was told."""
        return self.time_us

    def written(self) -> bytes:
        """The records since the last call, 128 bytes each."""
        written = bytes(self._written)
        self._written.clear()
        return written

    def _write(
        self, kind: Kind, instrument: int = 0, row: Sequence[int] = NO_ROW, account: int = 0, extra: int = 0, text: str = ""
    ) -> None:  # fmt: skip
        """Put a record down. It comes before what it does, so that facts bear its sequence."""
        if text:
            for record in texts(text, self.sequence + 1, self.time_us):
                self._written += record
                self.sequence += 1
        self.sequence += 1
        record = pack(kind, self.sequence, self.time_us, instrument, *row, account, extra)
        self._written += record
        if kind not in FOR_A_BOOK:
            self.chain = chained(self.chain, record, text)

    def _floor(self, instrument: int) -> Floor:
        floor = self.floors.get(instrument)
        if floor is None:
            raise OrderRefused("query.pair", f"order: instrument {instrument} was not listed")
        return floor

    def _account(self, number: int) -> Account:
        account = self.accounts.get(number)
        if account is None:
            raise OrderRefused("account.unknown", f"account: number {number} was not opened")
        return account
