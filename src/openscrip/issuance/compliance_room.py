"""Everything that compliance works with, in one place: the door, the lists, the inbox, the Travel Rule, and its feeds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from openscrip.assets.compliance.ownership import ContractCall
from openscrip.issuance.clients import Client, Evidence
from openscrip.issuance.compliance import PERSONS, Compliance
from openscrip.issuance.identity_inbox import IdentityInbox, Notification
from openscrip.issuance.list_keeping import ListKeeper
from openscrip.issuance.rescreening import Rescreener
from openscrip.issuance.travel_rule import TravelExchange, TravelRule
from openscrip.kernel.errors import refuse_unless
from openscrip.runtime.feed import Feed
from openscrip.runtime.store import Store

BATCH = 100


@dataclass(frozen=True, slots=True)
class ParticularsRevealed:
    """Fact: a named person has seen a client's particulars, and why."""

    client: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ComplianceRoom:
    """`keeper` is None where the lists are the demonstration's; `incoming` is where files of lists are put to be loaded."""

    compliance: Compliance
    rescreener: Rescreener
    keeper: ListKeeper | None
    inbox: IdentityInbox
    travel: TravelRule
    incoming: Path
    contracts: Mapping[str, ContractCall] = field(default_factory=dict)

    def feeds(self) -> tuple[Feed, ...]:
        """For the worker."""
        return (self.rescreener.feed(), self.inbox.feed(), self.travel.feed())


def reveal(store: Store, compliance: Compliance, person: str, by: str, reason: str) -> dict[str, Any]:
    """A client's particulars for a named person, and the fact that they saw them."""
    refuse_unless(bool(by.strip() and reason.strip()), "reveal.reason", "reveal: it is asked by a name and for a reason")
    with store.transaction() as unit:
        found = compliance.person(unit, person)
        unit.record(ParticularsRevealed(person, by, reason), compliance.now())
    document: dict[str, Any] = json.loads(PERSONS.encode(found))
    return document


def reseal(store: Store, compliance: Compliance) -> int:
    """Seal everything under the newest key, in small transactions; how many texts were sealed anew. Again is harmless."""
    vault, count = compliance.vault, 0
    with store.view() as view:
        clients = [row.id for row in view.rows(Client) if row.sealed.key != vault.newest]
        papers = [row.id for row in view.rows(Evidence) if row.sealed.key != vault.newest]
        letters = [row.id for row in view.rows(Notification) if row.sealed.key != vault.newest]
        travels = [row.id for row in view.rows(TravelExchange) if row.sealed and row.sealed.key != vault.newest]
    work: list[tuple[type[Any], str, str]] = [(Client, each, f"client/{each}") for each in clients]
    work += [(Evidence, each, f"client/{each}") for each in papers]
    work += [(Notification, each, f"notification/{each}") for each in letters]
    work += [(TravelExchange, each, f"travel/{each}") for each in travels]
    for first in range(0, len(work), BATCH):
        with store.transaction() as unit:
            for kind, row_id, place in work[first : first + BATCH]:
                row = unit.row(kind, row_id)
                if row is not None and row.sealed is not None and row.sealed.key != vault.newest:
                    unit.put(replace(row, sealed=vault.renewed(row.sealed, place)))
                    count += 1
    return count
