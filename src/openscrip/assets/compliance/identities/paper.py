"""The identity provider of a paper run: what a visitor chose on its simulated page, kept in a folder, told in Persona's shapes.

Nobody is examined here. The answers go the way that Persona's go: a signed webhook, then the state when it is asked for.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openscrip.assets.compliance.identities.persona import read_inquiry
from openscrip.assets.compliance.identity import IdentityState, Outcome
from openscrip.assets.compliance.paper_shapes import persona_inquiry
from openscrip.kernel.errors import Malformed

_SUBJECT = re.compile(r"inq_[0-9a-f]{8,40}")
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is posted to the platform's door, and the header that signs it."""

    body: bytes
    signature: str


class PaperIdentity:
    """Examinations in files of one folder. Any process may read what another wrote."""

    name = "persona"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_open(self) -> bool:
        """Whether this run has a paper provider."""
        return self._secret_file.is_file()

    def open(self) -> None:
        """Make the provider's webhook secret, once for a folder."""
        if self.is_open:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self._secret_file, secrets.token_hex(SECRET_BYTES).encode())

    @property
    def secret(self) -> bytes:
        """What its webhooks are signed with."""
        return self._secret_file.read_bytes().strip()

    def tell(
        self, subject: str, client: str, outcome: Outcome, at: int, papers: Sequence[tuple[str, str, str | None]] = ()
    ) -> Webhook:
        """Note what the simulated examination came to at market time `at`, and sign the webhook that says so.

        `papers` are kind, issued on, expires on. Raises `Malformed("identity.unknown")` for what is no subject of ours.
        """
        path = self._file(subject)
        before = int(self._known(subject)["updated_at"]) if path.exists() else 0
        updated = max(at, before + 1)  # market time may stand: a newer word must be told by a newer time
        known = {"client": client, "outcome": outcome.value, "updated_at": updated, "papers": [list(each) for each in papers]}
        _write(path, json.dumps(known).encode())
        event = "evt_" + hashlib.sha256(f"{subject}:{outcome.value}:{updated}".encode()).hexdigest()[:24]
        inquiry = {"type": "inquiry", "id": subject}
        attributes = {"name": f"inquiry.{outcome.value}", "payload": {"data": inquiry}}
        body = json.dumps({"data": {"type": "event", "id": event, "attributes": attributes}}).encode()
        signed = hmac.new(self.secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return Webhook(body, f"t={at},v1={signed}")

    def state(self, subject: str) -> IdentityState:
        """As `IdentityProvider.state`."""
        return read_inquiry(persona_inquiry(subject, self._known(subject)), subject)

    def _known(self, subject: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._file(subject).read_bytes())
        except FileNotFoundError:
            raise Malformed("identity.unknown", "identity: the paper provider knew nothing of that examination") from None
        return found

    def _file(self, subject: str) -> Path:
        if not _SUBJECT.fullmatch(subject):
            raise Malformed("identity.unknown", f"identity: {subject!a:.60} was no examination of the paper provider")
        return self._folder / f"{subject}.json"

    @property
    def _secret_file(self) -> Path:
        return self._folder / "webhook.secret"


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, readable by the owner alone."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    beside.touch(mode=0o600)
    beside.write_bytes(body)
    beside.replace(path)
