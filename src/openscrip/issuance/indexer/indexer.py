"""Moves a chain's history into the index, page by page, and takes back what the chain took back."""

import logging

from openscrip.issuance.indexer.movements import IndexBroken
from openscrip.issuance.indexer.reading import History, Undone
from openscrip.issuance.indexer.store import IndexStore, Overtaken

log = logging.getLogger(__name__)

PAGES_MAX = 100_000


class Indexer:
    """Reads one chain for all tokens that the store follows on it."""

    def __init__(self, store: IndexStore, history: History) -> None:
        self.store = store
        self.history = history

    @property
    def chain(self) -> str:
        """The chain's name."""
        return self.history.name

    def catch_up(self, pages_max: int = PAGES_MAX) -> bool:
        """Read until nothing is left, or for `pages_max` pages; whether nothing is left.

        Raises `Unavailable` when the node does not answer, and `IndexBroken` for what does not add up, after which
        nothing is believed any more: it will be read from the beginning.
        """
        try:
            return any(self.step() for _ in range(pages_max))
        except IndexBroken:
            self.store.undo(self.chain, -1, "")
            raise

    def step(self) -> bool:
        """Read one page, or take back what was undone; whether nothing is left to read."""
        cursors = self.store.cursors(self.chain)
        if not cursors:
            return True
        newest, final = self.history.heads()
        least = min(cursor.number for cursor in cursors)
        behind = [cursor for cursor in cursors if cursor.number == least]
        if least >= newest:
            return self._stands()
        last = min([newest, *(cursor.number for cursor in cursors if cursor.number > least)])
        try:
            page = self.history.page([cursor.token for cursor in behind], (least, behind[0].hash), last, final)
            self.store.append(self.chain, behind, page, final)
        except Undone:
            self._go_back()
        except Overtaken as overtaken:
            log.info("%s", overtaken)
        return False

    def _stands(self) -> bool:
        """Whether the newest block that was read is still there; otherwise goes back."""
        kept = self.store.tail(self.chain)
        if not kept or self.history.stands(*kept[0]):
            return True
        self._go_back()
        return False

    def _go_back(self) -> None:
        """Take back every block that does not stand any more; everything, where the chain is another one."""
        for number, hashed in self.store.tail(self.chain):
            if self.history.stands(number, hashed):
                log.warning("index: %s took back what came after block %d", self.chain, number)
                self.store.undo(self.chain, number, hashed)
                return
        log.error("index: %s took back more than can be undone; it is read from the beginning", self.chain)
        self.store.undo(self.chain, -1, "")
