"""Passkeys of operators (WebAuthn): enrolled by a one-time link, with a person's own verification, for our one name."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.store import Unit, View
from openscrip.web.shell.current import Shell
from openscrip.web.shell.rows import Passkey

NAME = "Openscrip"
CREDENTIAL_MAX = 16_384
KEYS_MAX = 10


def user_handle(name: str) -> bytes:
    """What a passkey carries of its owner: a hash, so that the authenticator tells nobody a name."""
    return hashlib.sha256(b"openscrip operator 1\n" + name.encode()).digest()


def keys_of(view: View, operator: str) -> list[Passkey]:
    """The passkeys of an operator that count, oldest first."""
    return list(reversed(view.page(Passkey, person=operator, state="active", limit=KEYS_MAX).rows))


def enrolment_options(shell: Shell, operator: str, known: list[Passkey], challenge: bytes) -> str:
    """What the browser is asked to make a passkey with, as JSON."""
    return options_to_json(
        generate_registration_options(
            rp_id=shell.name,
            rp_name=NAME,
            user_name=operator,
            user_id=user_handle(operator),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known],
        )
    )


def sign_in_options(shell: Shell, challenge: bytes, known: list[Passkey] | None = None) -> str:
    """What the browser is asked to sign with a passkey, as JSON; without `known` any of our passkeys may answer."""
    allowed = [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known or ()]
    return options_to_json(
        generate_authentication_options(
            rp_id=shell.name,
            challenge=challenge,
            allow_credentials=allowed,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def enrolled(shell: Shell, operator: str, credential: str, challenge: bytes, label: str) -> Passkey:
    """The passkey that a browser made. Raises `Refused("passkey.refused")`."""
    try:
        made = verify_registration_response(
            credential=_read(credential),
            expected_challenge=challenge,
            expected_rp_id=shell.name,
            expected_origin=shell.origin,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise _refused() from error
    key = bytes_to_base64url(made.credential_id)
    return Passkey(key, operator, made.credential_public_key, made.sign_count, label, shell.now())


def verified(shell: Shell, unit: Unit, credential: str, challenge: bytes, operator: str = "") -> Passkey:
    """The passkey that signed `challenge`, its count written down. With `operator`, only theirs counts.

    Raises `Refused("passkey.refused")`, which says the same whatever was wrong.
    """
    told = _read(credential)
    known = unit.row(Passkey, str(told.get("id", ""))[:2_000])
    if known is None or known.state != "active" or (operator and known.person != operator):
        raise _refused()
    try:
        done = verify_authentication_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=shell.name,
            expected_origin=shell.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise _refused() from error
    handle = told.get("response", {}).get("userHandle")
    refuse_unless(handle in (None, "", bytes_to_base64url(user_handle(known.person))), "passkey.refused", _refused().text)
    used = replace(known, sign_count=done.new_sign_count, used_at=shell.now())
    unit.put(used)
    return used


def _read(credential: str) -> dict[str, Any]:
    try:
        told = json.loads(credential) if len(credential) <= CREDENTIAL_MAX else None
        json.dumps(told, ensure_ascii=False).encode()  # half of a surrogate pair is no text that could be looked up
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("response"), dict):
        raise _refused()
    return told


def _refused() -> Refused:
    return Refused("passkey.refused", "passkey: it did not sign this, or it is not known here; try again or use another key")
