"""`sign-report`: one party signs a reserve report with its own key, after it was checked. Nobody signs for another.

A custodian signs only what carries statements that its own key signed; an auditor, told where chains and custodians are,
reads them before (`report_audit.py`).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openscrip_watch.checks import Check, made
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.report_check import Beside, statement_of, verify_report
from openscrip_watch.report_document import (
    Party,
    Report,
    load_report,
    own_party,
    report_bytes,
    signatures_section,
    split_page,
    with_signature,
)


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of it: the checks, and who signed; nobody did where one of them was broken."""

    checks: tuple[Check, ...]
    party: Party | None


def sign_report(
    path: Path,
    role: str,
    name: str,
    key: Ed25519PrivateKey,
    beside: Beside,
    audit: Callable[[Report], list[Check]] | None = None,
) -> Signed:
    """Check the report in a file and sign it there, and on the page beside it. Raises `report.party`.

    `audit` are the checks that need more than the file.
    """
    checks = verify_report(path, beside, unsigned=True)
    if not all(check.ok for check in checks):
        return Signed(tuple(checks), None)
    report = load_report(path)
    party = own_party(report, role, name, key)
    if role == "custodian":
        checks.append(made("own statements", lambda: _own_statements(report, party)))
    checks += audit(report) if audit else []
    if not all(check.ok for check in checks):
        return Signed(tuple(checks), None)
    signed = with_signature(report, party, key)
    page = beside.page or path.with_suffix(".html")
    text = _signed_page(page, signed) if page.exists() else None
    _replace(path, report_bytes(signed))
    if text is not None:
        _replace(page, text.encode())
    return Signed(tuple(checks), party)


def _own_statements(report: Report, party: Party) -> str:
    """A custodian's: at least one, each under its own key."""
    own = [each for each in report.body.get("statements", ()) if each.get("custodian") == party.name]
    for each in own:
        statement_of(report, str(each.get("sha256")))
    refuse_unless(bool(own), "report.statements", f"report: it carries no statement of {party.name:.80}")
    return f"{len(own)} statements of {party.name}"


def _signed_page(page: Path, report: Report) -> str:
    before, _, after = split_page(page.read_text(encoding="utf-8"))
    return before + signatures_section(report) + after


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise Refusal("report.write", f"report: {path.name} could not be written ({error.strerror})") from None
