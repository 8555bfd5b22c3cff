"""The signer process and what each of the platform's keys may sign; and where the platform's keys are.

A digest of an EVM transaction says nothing about itself: there the role's name and the rate are judged here, and what the
role may do by the contracts. Messages for Solana are read: only calls of the programs that the platform uses. What the
treasury and reports sign are JSON documents or envelopes of custody messages, so that no key signs a transaction in disguise.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from solders.message import Message, MessageV0

from openscrip.assets.custodians.iso_envelope import DOMAIN
from openscrip.bootstrap.places import Places
from openscrip.issuance.chains.solana.program import local_program
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.keys import KeyKind, Keystore, passphrase_from
from openscrip.runtime.public_keys import SHARED, write_public_keys
from openscrip.runtime.settings import Settings
from openscrip.runtime.signing import RemoteKeystore, SignerServer, token_of

EVM_ROLES = ("issuer", "corporate-action", "guardian", "lister", "timelock-executor", "treasury-evm")
SOLANA_ROLES = ("issuer-solana", "corporate-action-solana", "guardian-solana", "treasury-solana")
DOCUMENT_ROLES = ("treasury", "reports")
SOLANA_PROGRAMS = frozenset({
    "11111111111111111111111111111111",
    "ComputeBudget111111111111111111111111111111",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
    "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
    "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
    "AddressLookupTab1e1111111111111111111111111",
})  # fmt: skip
LOADER = "BPFLoaderUpgradeab1e11111111111111111111111"
HAND_OVER = tuple(number.to_bytes(4, "little") for number in (4, 7))
"""Of the loader's instructions those that give the power to upgrade away; an upgrade itself is no business of these keys."""
ENVELOPE_LINES = 7
"""Of the text that is signed for a message to a custodian (`iso_envelope`)."""
MINT_NAME = b"\xffopenscrip mint\n"
"""What the issuer's key signs to name a mint; its first byte is none of a transaction's."""
MESSAGE_MAX = 64 << 10


class RolePolicy:
    """What each name may sign, and how often in a minute."""

    def __init__(self, per_minute: int, programs: frozenset[str], machine: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._programs = programs
        self._machine = machine
        self._signed: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, kind: KeyKind, content: bytes) -> None:
        """Raise `Refused("signer.policy")` or `Refused("signer.rate")`. Empty content: only whether there may be such a key."""
        known = {KeyKind.SECP256K1: EVM_ROLES, KeyKind.ED25519: (*SOLANA_ROLES, *DOCUMENT_ROLES)}[kind]
        refuse_unless(name in known, "signer.policy", f"signer: {name} is no role that signs with {kind}")
        if not content:
            return
        refuse_unless(len(content) <= MESSAGE_MAX, "signer.policy", f"signer: {name} was asked to sign {len(content)} bytes")
        if name in SOLANA_ROLES:
            self._solana(name, content)
        if name in DOCUMENT_ROLES:
            _document(name, content)
        self._count(name)

    def _solana(self, name: str, content: bytes) -> None:
        if name == "issuer-solana" and content.startswith(MINT_NAME):
            return
        try:
            message = Message.from_bytes(content) if content[0] < 0x80 else MessageV0.from_bytes(content[1:])
            calls = [(str(message.account_keys[each.program_id_index]), bytes(each.data)) for each in message.instructions]
        except (ValueError, IndexError):
            raise Refused("signer.policy", f"signer: {name} was asked to sign what is no message of Solana") from None
        handed_over = {program for program, data in calls if program == LOADER and data[:4] in HAND_OVER}
        strange = sorted({program for program, _ in calls} - self._programs - handed_over)
        refuse_unless(not strange, "signer.policy", f"signer: {name} was asked to call {', '.join(strange)}")

    def _count(self, name: str) -> None:
        now = self._machine()
        with self._lock:
            signed = self._signed.setdefault(name, deque())
            while signed and signed[0] <= now - 60:
                signed.popleft()
            text = f"signer: {name} signed {len(signed)} times in a minute, {self._per_minute} are allowed"
            refuse_unless(len(signed) < self._per_minute, "signer.rate", text)
            signed.append(now)


def _document(name: str, content: bytes) -> None:
    if name == "treasury" and content.startswith(f"{DOMAIN}\n".encode()) and content.count(b"\n") == ENVELOPE_LINES:
        return
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    refuse_unless(isinstance(found, dict), "signer.policy", f"signer: {name} was asked to sign what is no document")


def keystore_of(settings: Settings, places: Places) -> Keystore:
    """The platform's keys: files of the data folder, or the signer process that is set."""
    passphrase, signer = passphrase_from(os.environ), settings.signer
    if not signer.address:
        return Keystore(places.keys, passphrase)
    return RemoteKeystore(signer.address, token_of(token_file(settings)), places.keys, passphrase)


def tell_public_keys(keys: Keystore, places: Places) -> None:
    """Write the public halves of the platform's keys and of the venue's, for processes that hold none.

    What such a process may open is made here, too: it could not.
    """
    for name in SHARED:
        keys.ensure(name, KeyKind.ED25519)
    names = {
        KeyKind.SECP256K1: (*EVM_ROLES, "treasurer-evm"),
        KeyKind.ED25519: (*SOLANA_ROLES, *DOCUMENT_ROLES, "treasurer-solana"),
    }
    stores = {places.keys: keys, places.venue_keys: keys.beside(places.venue_keys)}
    write_public_keys(places.public_keys, stores, names)


def token_file(settings: Settings) -> Path:
    """Where the shared token is."""
    return Path(settings.signer.token_file) if settings.signer.token_file else settings.data / "signer" / "token"


def serve_keys(settings: Settings, keys: Path, address: str) -> SignerServer:
    """The signer over a folder of keys, made where they are missing; the token too. `serve_forever` begins."""
    token = token_of(token_file(settings), make=True)
    policy = RolePolicy(settings.signer.per_minute, SOLANA_PROGRAMS | {str(local_program().program_id)})
    return SignerServer(Keystore(keys, passphrase_from(os.environ)), token, policy, address)
