"""`verify --venue`: whether a venue's statement of what it owes is signed, adds up, counts a customer, and is held.

From the document alone: body, signatures, sums, chain of documents, a customer's proof. With nodes: what chains and banks
show. Each check is independent and says what it found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from openscrip_watch.checks import Check, made
from openscrip_watch.refusal import Refusal
from openscrip_watch.report_document import read_json
from openscrip_watch.venue_document import (
    check_body,
    check_customer,
    check_previous,
    check_signatures,
    check_sums,
    load_liabilities,
)


@dataclass(frozen=True, slots=True)
class BesideVenue:
    """What a document is checked with, as far as it is there."""

    previous: Path | None = None
    proof: Path | None = None
    keys: Path | None = None
    nodes: Path | None = None


def verify_venue(where: str, beside: BesideVenue) -> list[Check]:
    """All checks of the document in a file or at a URL."""
    try:
        found = load_liabilities(where)
    except Refusal as refusal:
        return [Check("document", False, f"{refusal.text} [{refusal.code}]")]
    keys, previous, proof, nodes = beside.keys, beside.previous, beside.proof, beside.nodes
    checks: dict[str, Callable[[], str]] = {
        "document": lambda: check_body(found),
        "signatures": lambda: check_signatures(found, read_json(keys, "keys") if keys else None),
        "sums": lambda: check_sums(found),
    }
    if previous is not None:
        checks["chain"] = lambda: check_previous(found, previous)
    if proof is not None:
        checks["customer"] = lambda: check_customer(found, proof)
    if nodes is not None:
        from openscrip_watch.venue_holdings import check_holdings, read_nodes  # noqa: PLC0415

        checks["holdings"] = lambda: check_holdings(found, read_nodes(nodes))
    return [made(name, check) for name, check in checks.items()]
