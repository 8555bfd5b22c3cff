"""Who works at the desk: roles, wallets, keys, and the one-time links by which a key is enrolled."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace

from openscrip.issuance.clients import wallet_id
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.audit_trail import canonical_body
from openscrip.runtime.store import Unit, View
from openscrip.web.shell.rows import ROLES, DeskOperator, DeskWallet, Enrolment, Passkey
from openscrip.web.shell.sessions import end_all

LINK_S = 86_400
RECOVERY_S = 86_400
APPROVALS_NEEDED = 2
MAY_RECOVER = frozenset({"admin", "approver"})
CONSOLE = "console"
"""Who acts from the machine's own command line."""


def enrol(unit: Unit, name: str, roles: Sequence[str], wallets: Sequence[str], by: str, now: int, market_now: int) -> str:
    """Take a person on, or change roles and wallets, which ends their sessions; the secret of a one-time link.

    The link is empty for who has a key already: they enrol others when they are signed in. Raises `Malformed("operator.…")`.
    """
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise Malformed("operator.role", f"operator: {', '.join(unknown) or 'no role'} was asked; there are {', '.join(ROLES)}")
    before = unit.row(DeskOperator, name)
    kept = tuple(wallet_id(*each.split(":", 1)) for each in wallets) or (before.wallets if before else ())
    unit.put(DeskOperator(name, tuple(dict.fromkeys(roles)), kept, before.since if before else now, by))
    for each in kept:
        owner = unit.row(DeskWallet, each)
        refuse_unless(
            owner is None or owner.person == name,
            "operator.wallet",
            f"operator: {each} is the wallet of {owner and owner.person}",
        )
        unit.put(DeskWallet(each, name))
    end_all(unit, f"operator:{name}", now, "roles were changed")
    secret = "" if unit.page(Passkey, person=name, state="active", limit=1).rows else _link(unit, name, "first", by, now)
    told = {"roles": list(roles), "wallets": list(kept), "link": bool(secret)}
    unit.audit(_who(by), "operator.enrol", name, canonical_body(told), now, market_now)
    return secret


def remove(unit: Unit, name: str, by: str, reason: str, now: int, market_now: int) -> None:
    """Let a person go: sessions, keys and links end at once. Raises `Malformed("operator.unknown")`."""
    person = _known(unit, name)
    unit.put(replace(person, roles=(), wallets=(), state="removed"))
    for each in person.wallets:
        owned = unit.row(DeskWallet, each)
        if owned is not None:
            unit.put(replace(owned, person="", state="removed"))
    for key in unit.page(Passkey, person=name, state="active").rows:
        unit.put(replace(key, state="removed"))
    for link in unit.page(Enrolment, person=name).rows:
        if link.state in {"open", "waiting"}:
            unit.put(replace(link, state="void"))
    end_all(unit, f"operator:{name}", now, "the operator was removed")
    unit.audit(_who(by), "operator.remove", name, canonical_body({"reason": reason}), now, market_now)


def recover(unit: Unit, name: str, by: str, now: int, market_now: int) -> str:
    """The secret of a link for who lost every key; it opens when two other persons have approved it at the desk."""
    _known(unit, name)
    secret = _link(unit, name, "recovery", by, now)
    unit.audit(_who(by), "operator.recover", name, canonical_body({}), now, market_now)
    return secret


def approve_recovery(unit: Unit, link: str, by: str, roles: frozenset[str], now: int, market_now: int) -> Enrolment:
    """Another person says that whoever asks is who they say. Raises `Refused("recovery.…")`."""
    row = unit.row(Enrolment, link)
    if row is None or row.purpose != "recovery" or row.state != "waiting" or now >= row.expires_at:
        raise Refused("recovery.void", "recovery: it was approved, used or too old")
    refuse_unless(bool(roles & MAY_RECOVER), "recovery.role", "recovery: an admin or an approver approves it")
    refuse_unless(
        by not in {row.person, row.by}, "recovery.self", "recovery: nobody approves their own, or what they asked for"
    )
    refuse_unless(by not in row.approvals, "recovery.twice", "recovery: you approved it; another person does the rest")
    approvals = (*row.approvals, by)
    row = replace(row, approvals=approvals, state="open" if len(approvals) >= APPROVALS_NEEDED else "waiting")
    unit.put(row)
    unit.audit(
        _who(by), "operator.recover_approved", row.person, canonical_body({"approvals": len(approvals)}), now, market_now
    )
    return row


def deny_recovery(unit: Unit, link: str, by: str, reason: str, now: int, market_now: int) -> None:
    """A recovery's link is void for good. Raises `Refused("recovery.void")`."""
    row = unit.row(Enrolment, link)
    if row is None or row.purpose != "recovery" or row.state != "waiting":
        raise Refused("recovery.void", "recovery: it was approved, used or too old")
    unit.put(replace(row, state="void"))
    unit.audit(_who(by), "operator.recover_denied", row.person, canonical_body({"reason": reason}), now, market_now)


def waiting_recoveries(view: View, now: int) -> list[Enrolment]:
    """Recoveries that wait for approvals."""
    found = view.page(Enrolment, state="waiting").rows
    return [row for row in found if row.purpose == "recovery" and now < row.expires_at]


def open_link(view: View, secret: str, now: int) -> Enrolment:
    """The link that a secret belongs to. Raises `Refused("enrolment.void")`, the same for every reason."""
    row = view.row(Enrolment, link_id(secret))
    if row is None or row.state != "open" or now >= row.expires_at:
        raise Refused("enrolment.void", "enrolment: this link was used, is too old, or waits for approvals; ask for a new one")
    return row


def use_link(unit: Unit, secret: str, key: Passkey, now: int, market_now: int) -> None:
    """Keep the passkey that was made by a link, once; a recovery takes every other key away. Raises as `open_link`."""
    link = open_link(unit, secret, now)
    refuse_unless(unit.row(Passkey, key.id) is None, "passkey.known", "passkey: it is enrolled already")
    if link.purpose == "recovery":
        for lost in unit.page(Passkey, person=link.person, state="active").rows:
            unit.put(replace(lost, state="removed"))
        end_all(unit, f"operator:{link.person}", now, "the operator's keys were recovered")
    unit.put(replace(link, state="used"))
    unit.put(key)
    told = {"key": key.id[:16], "label": key.label, "purpose": link.purpose}
    unit.audit(f"operator:{link.person}", "passkey.enrol", link.person, canonical_body(told), now, market_now)


def link_id(secret: str) -> str:
    """How a link's secret is kept."""
    return hashlib.sha256(b"openscrip enrolment 1\n" + secret.encode()).hexdigest()


def _link(unit: Unit, name: str, purpose: str, by: str, now: int) -> str:
    for old in unit.page(Enrolment, person=name).rows:
        if old.state in {"open", "waiting"}:
            unit.put(replace(old, state="void"))
    secret = secrets.token_urlsafe(32)
    life_s = RECOVERY_S if purpose == "recovery" else LINK_S
    state = "waiting" if purpose == "recovery" else "open"
    unit.put(Enrolment(link_id(secret), name, purpose, now, now + life_s, by, state=state))
    return secret


def _known(unit: Unit, name: str) -> DeskOperator:
    found = unit.row(DeskOperator, name)
    if found is None or found.state != "active":
        raise Malformed("operator.unknown", f"operator: {name!a:.40} is not at the desk")
    return found


def _who(by: str) -> str:
    return by if by == CONSOLE else f"operator:{by}"
