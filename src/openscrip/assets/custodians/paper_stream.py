"""The paper custodian's one stream of outgoing messages: numbered, signed, and chained by their hashes."""

import hashlib
from collections.abc import Callable, Mapping

from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.paper_account import FIRST_HASH
from openscrip.assets.custodians.two_keys import StatementKey


class Post:
    """The outgoing messages, with the hash chain over all of them: h(n) = SHA-256(h(n-1) || SHA-256(message n))."""

    def __init__(self, sender: str, key: StatementKey, kept: Mapping[int, Envelope]) -> None:
        self.letters: list[Envelope] = []
        self._hashes = [FIRST_HASH]
        self._sender, self._key, self._kept = sender, key, kept

    def signed(self, number: int, message_type: str, message_id: str, created: int, raw: bytes) -> Envelope:
        """The message in its signed envelope."""
        plain = Envelope(number, self._sender, message_type, message_id, created, raw)
        signature = self._key.sign(plain.signed_text().encode())
        return Envelope(number, self._sender, message_type, message_id, created, raw, signature)

    def send(self, write: Callable[[], bytes], message_type: str, message_id: str, created: int) -> Envelope:
        """Number, sign and keep a message. One that was written before a restart is not written again."""
        number = len(self.letters) + 1
        kept = self._kept.get(number)
        if kept is None or (kept.type, kept.id, kept.created) != (message_type, message_id, created):
            kept = self.signed(number, message_type, message_id, created, write())
        self.letters.append(kept)
        link = bytes.fromhex(self._hashes[-1]) + bytes.fromhex(kept.hash)
        self._hashes.append(hashlib.sha256(link).hexdigest())
        return kept

    def head(self) -> tuple[int, str]:
        """The number of the newest message and the hash up to it."""
        return len(self.letters), self._hashes[-1]
