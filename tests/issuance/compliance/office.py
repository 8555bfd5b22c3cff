"""Compliance over a store, with a clock that is moved by hand and lists that are changed by hand."""

from dataclasses import replace
from datetime import date

from openscrip.assets.accounts import CHART
from openscrip.assets.compliance.persons import EvidenceKind, Paper, Person, PersonKind
from openscrip.assets.compliance.rules import Profile, shipped_profiles
from openscrip.assets.compliance.sanctions import ListedName, SanctionsLists, demonstration_lists
from openscrip.assets.compliance.screening import DEMONSTRATION_POLICY
from openscrip.assets.compliance.vault import Vault
from openscrip.bootstrap.compliance import COMPLIANCE_ROWS
from openscrip.issuance.cases import Case
from openscrip.issuance.clients import ClientStanding
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.primary_market import Asked
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Store

NOW = instant("2026-11-20T12:00:00Z")
ANNA = Person(
    "c1", "Annabella Lindqvistson", PersonKind.NATURAL, "SE", "CH", "CH", aliases=("Bella Geheimrath",),
    born_on=date(1980, 5, 6),
    address_country="CH", phone_country="CH", bank_country="LI",
)  # fmt: skip
FUND = Person("fund", "Northlightia Fund Ltd", PersonKind.LEGAL, "KY", "KY", "KY")
WALLETS = {"evm": "0x" + "11" * 20}
ONE_KEY = {1: b"\x01" * 32}


class Desk:
    """A compliance with its store. `lists` may be replaced; `clock` moves."""

    def __init__(
        self, store: Store | None = None, profile: str = "demonstration", keys: dict[int, bytes] | None = None
    ) -> None:
        self.clock = SteppedClock(NOW)
        self.store = store or MemoryStore(CHART, self.clock.now)
        self.lists = demonstration_lists()
        self.profile: Profile = shipped_profiles()[profile]
        policy = replace(DEMONSTRATION_POLICY, profile=self.profile)
        self.compliance = Compliance(policy, lambda: self.lists, Vault(keys or ONE_KEY), self.clock.now)

    def take_on(self, person: Person = ANNA, wallets: dict[str, str] | None = None) -> None:
        with self.store.transaction() as unit:
            self.compliance.take_on(unit, person, WALLETS if wallets is None else wallets)

    def subscribe(self, person: str = "c1", usd: str = "5000", wallet: str = WALLETS["evm"], stock: str = "TSLA") -> None:
        self._ask("subscribe", person, usd, wallet, stock)

    def redeem(self, person: str = "c1", usd: str = "5000", wallet: str = WALLETS["evm"], stock: str = "TSLA") -> None:
        self._ask("redeem", person, usd, wallet, stock)

    def _ask(self, side: str, person: str, usd: str, wallet: str, stock: str) -> None:
        """As the primary market does: a refusal is recorded in the same transaction, which commits."""
        refusal: Refused | None = None
        with self.store.transaction() as unit:
            try:
                self.compliance.screen(unit, Asked(side, person, stock, "evm", wallet, Money.parse(usd)))
            except Refused as refused:
                refusal = refused
        if refusal is not None:
            raise refusal

    def standing(self, person: str = "c1") -> ClientStanding:
        with self.store.view() as view:
            found = view.row(ClientStanding, person)
        assert found is not None
        return found

    def cases(self, state: str = "open") -> list[Case]:
        with self.store.view() as view:
            return view.rows(Case, state=state)

    def add_paper(
        self, kind: EvidenceKind, issued: date, expires: date | None = None, person: str = "c1", sign: str = "a"
    ) -> None:
        with self.store.transaction() as unit:
            self.compliance.add_paper(unit, person, Paper(kind, issued, expires, sign * 64), {"number": "P-GEHEIM-1"}, "olga")

    def list_more(self, *names: ListedName) -> None:
        self.lists = self.lists.extended(names)

    def only_list(self, *names: ListedName) -> None:
        self.lists = SanctionsLists(names, (), parts=self.lists.parts)


def sql_store(folder: object) -> SqlStore:
    """A store on disk that keeps compliance's rows."""
    engine = open_database(sqlite_url(folder / "books.db"))  # type: ignore[operator]  # a path
    upgrade(engine)
    return SqlStore(engine, CHART, COMPLIANCE_ROWS, lambda: NOW)
