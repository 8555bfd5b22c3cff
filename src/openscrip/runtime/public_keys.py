"""The public halves of keys, for processes that must know them and never sign: nothing here can open a key that signs.

Whoever holds the keys writes their public halves into one file; whoever shows pages reads that file. What seals or salts and
signs nothing (`SHARED`) lies in files of its own and is opened as ever.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.keys import KeyKind, Keystore, LocalKey
from openscrip.runtime.signing import RemoteKey

SHARED = ("webhooks", "report-salts")
"""Of the platform's keystore what pages use: by what receivers know our webhooks, and what hides holders."""

Names = Mapping[KeyKind, tuple[str, ...]]


def write_public_keys(file: Path, stores: Mapping[Path, Keystore], names: Names) -> None:
    """Write the public half of every key of `names` that a store has, by the folder's name. Makes no key."""
    told: dict[str, dict[str, str]] = {}
    for folder, keys in stores.items():
        told[folder.name] = {}
        for kind, wanted in names.items():
            for name in wanted:
                try:
                    told[folder.name][name] = f"{kind.value}:{keys.load(name, kind).public_key.hex()}"
                except Refused as refusal:
                    if refusal.code not in {"key.missing", "signer.policy"}:
                        raise
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")
    part.replace(file)


class PublicKeys(Keystore):
    """A keystore of public halves. What it gives tells its public key and refuses to sign, with `key.remote`."""

    def __init__(self, file: Path, folder: Path, passphrase: str | None = None) -> None:
        """Raises `Refused("key.public")` where no public halves were written."""
        super().__init__(folder, passphrase)
        self._file = file
        try:
            self._known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")).get(folder.name, {})
        except (OSError, ValueError) as error:
            raise Refused("key.public", f"keys: {file.name} could not be read; start `openscrip up` once") from error

    def ensure(self, name: str, kind: KeyKind) -> LocalKey:
        """As `Keystore.ensure` of what is shared; no other key is ever made here."""
        return super().ensure(name, kind) if name in SHARED else self.load(name, kind)

    def load(self, name: str, kind: KeyKind) -> LocalKey:
        """As `Keystore.load` of what is shared; of others the public half."""
        if name in SHARED:
            return super().load(name, kind)
        told_kind, _, told = self._known.get(name, "").partition(":")
        refuse_unless(bool(told), "key.missing", f"keys: the public half of {name} was not told")
        refuse_unless(told_kind == kind, "key.kind", f"keys: {name} was not of kind {kind}")

        def sign(_content: bytes) -> bytes:
            raise Refused("key.remote", f"keys: {name} signs in another process, never in this one")

        return RemoteKey(name, kind, bytes.fromhex(told), sign)

    def beside(self, folder: Path) -> "PublicKeys":
        """As `Keystore.beside`."""
        return PublicKeys(self._file, folder)
