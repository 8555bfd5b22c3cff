"""The part of a restart that need not be executed: the log's transactions whose effects are still written down."""

from collections.abc import Iterator

from solders.account import Account
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.account_index import AccountIndex
from openscrip.issuance.nodes.solana.effects import Effects, Remembered, unpack_account
from openscrip.issuance.nodes.solana.history import History
from openscrip.issuance.nodes.solana.log import Record


class Recovery:
    """Takes effects as long as each belongs to the next transaction of the log, then sets the accounts they left."""

    def __init__(self, effects: Effects, history: History) -> None:
        self._effects, self._history = effects, history
        self._entries: Iterator[tuple[int, Remembered]] | None = effects.replay()
        self._accounts: dict[bytes, bytes | None] = {}
        self._renewals = 0
        self._end = 0

    def recall(self, record: Record, log_end: int) -> bool:
        """Whether the effects of this transaction were written down; then they are taken, and it need not be executed."""
        start, entry = next(self._entries, (0, None)) if self._entries is not None else (0, None)
        if entry is None or entry.log_end != log_end or entry.raw != record.payload or entry.slot != record.slot:
            return False
        self._history.recall(start, entry)
        self._accounts.update(entry.changed())
        self._renewals += entry.renews_blockhash
        self._end = start + entry.frame_bytes
        return True

    def finish(self, svm: LiteSVM, index: AccountIndex) -> None:
        """Set what was recalled, and forget effects that the log does not know. Further transactions are executed."""
        if self._entries is None:
            return
        self._entries = None
        self._effects.cut(self._end)
        accounts = {Pubkey(key): unpack_account(packed) if packed else None for key, packed in self._accounts.items()}
        # A program is loaded when its account is set, from data that have to be there by then.
        for key, account in sorted(accounts.items(), key=lambda one: one[1] is not None and one[1].executable):
            if account is not None or svm.get_account(key) is not None:
                svm.set_account(key, account if account is not None else Account(0, b"", Pubkey.default()))
            index.put(key, account)
        self._accounts = {}
        for _ in range(self._renewals):
            svm.expire_blockhash()
