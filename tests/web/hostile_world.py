"""Everybody signed in at one stage whose books hold hostile words wherever a person, a chain or a partner may have put them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel
from starlette.testclient import TestClient
from tests.web.investing import InvestorStage, ordered
from tests.web.public_world import PlayedPublic
from tests.web.stage import Stage, Visitor
from tests.web.venue_books import LARGE, NOBODYS, PARKED, give_venue

from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.break_row import Break
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.deposits import CoinDeposit
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal
from openscrip.web import pages
from openscrip.web.app import web_application
from openscrip.web.shell.routes_table import INVESTOR, OPERATOR, PUBLIC, ROUTES, WALLET
from openscrip.web.shell.rows import ROLES

VENUE_PAGES = (
    "/desk/queues/venue-deposits", f"/desk/items/venue-deposits/{NOBODYS}", f"/desk/items/venue-withdrawals/{LARGE}",
    f"/desk/items/venue-commands/{PARKED}",
)  # fmt: skip
"""What of the venue's money is shown with hostile words."""
HOSTILE = """'"><x-evil onload=alert(1) hx-get=/evil hx-trigger=load></x-evil><script>alert(1)</script>{{7*7}}${7*7}"""
"""Breaks out of text, of attributes in either quote and of scripts, asks htmx and a template engine to act."""
SHORT = HOSTILE[:40]


class _Reader(HTMLParser):
    """Collects what would have come alive."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.alive: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._script = tag == "script"
        if tag == "x-evil" or told.get("hx-get") == "/evil":
            self.alive.append(tag)
        self.alive += [f"{tag} {name}" for name in told if name.startswith("on") or name == "style"]
        if tag == "script" and not told.get("src"):
            self.alive.append("inline script")
        led = [(told.get(name) or "").strip().lower() for name in ("href", "src", "action", "formaction")]
        if any(each.startswith(("javascript:", "data:text")) for each in led):
            self.alive.append(f"{tag} runs a script")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.alive.append("script text")


def alive(text: str) -> list[str]:
    """What of a page's text would act that is not ours."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    found = reader.alive
    return [*found, "a template ran"] if "49${" in text or "$49" in text.replace("$49.", "") else found


class Silent:
    """A part that does not answer, whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._answer

    def _answer(self, *_: Any, **__: Any) -> Any:
        raise Unavailable(f"part: {HOSTILE}")


class World(InvestorStage):
    """An investor with an order, another investor, a wallet of nobody, operators of all roles; and what is hostile."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        office: Any = self.office
        office.public, office.venue_money = PlayedPublic(place, office.now()), Silent()
        office.door, office.trading = Silent(), Silent()
        office.crossings = Crossings(office.books, {}, lambda chain, wallet: None)
        self.anna, self.otto = self.investor("anna"), self.investor("otto", 3)
        self.order_path = ordered(self.anna)
        self.ada, self.device = self.operator("ada", *[role for role in ROLES if role != "auditor"])
        self.plant()
        self.venue = give_venue(self, place)
        self.plant_at_the_venue()

    @property
    def order_id(self) -> str:
        """Anna's order."""
        return self.order_path.removeprefix("/orders/")

    def opened(self, origin: str) -> TestClient:
        """The same pages at another address."""
        return TestClient(web_application(replace(self.shell, origin=origin)), base_url=origin)

    def plant(self) -> None:
        """Hostile words into the books."""
        office, at = self.office, self.office.now()
        with office.store.transaction() as unit:
            row = unit.row(Subscription, self.order_id)
            assert row is not None
            unit.put(replace(row, id="sub-held", state="held", rule=HOSTILE, reason=HOSTILE, wallet=HOSTILE))
            unit.put(Break("TSLA:supply:evm:1", "TSLA", "supply", "evm", HOSTILE, HOSTILE, HOSTILE, at))
            open_case(unit, Case("case-1", "anna", "sanctions", "sanctions.name", HOSTILE, HOSTILE, at, True))
            unit.put(QueueItem("question-1", "TSLA", HOSTILE, HOSTILE, HOSTILE, at, by=HOSTILE, document=HOSTILE))
            unit.put(
                CoinDeposit("evm:0xtx:1", "evm", "tusd", HOSTILE, Money.parse("5"), HOSTILE, 7, at, rule="x", reason=HOSTILE)
            )
            unit.put(
                Crossing(
                    "evm:0xkey", "TSLA", "evm", HOSTILE, HOSTILE, RawAmount.parse("3"), "ab", HOSTILE, at + 9, HOSTILE, 7, at,
                    "solana", HOSTILE, HOSTILE, booked=True, state="held", rule=HOSTILE, reason=HOSTILE,
                )
            )  # fmt: skip
            coin = unit.row(Stablecoin, "tusd:evm")
            assert coin is not None
            unit.put(replace(coin, bank=HOSTILE))

    def plant_at_the_venue(self) -> None:
        """The same into the rows and commands of its money."""
        with self.venue.store.transaction() as unit:
            deposit, withdrawal = unit.row(VenueDeposit, NOBODYS), unit.row(VenueWithdrawal, LARGE)
            assert deposit is not None
            assert withdrawal is not None
            told: dict[str, Any] = {"rule": HOSTILE, "reason": HOSTILE, "by": HOSTILE, "why": HOSTILE}
            unit.put(replace(deposit, source=HOSTILE, sender=HOSTILE, tx_id=HOSTILE, **told))
            unit.put(replace(withdrawal, request=HOSTILE, to=HOSTILE, **told))
            assert unit.unpark(PARKED)
        [lease] = self.venue.store.lease("worker", 1, self.venue.now(), 0.0)
        self.venue.store.park(lease, HOSTILE)

    def close(self) -> None:
        self.venue.close()
        super().close()


def everybody(world: World) -> dict[str, Visitor]:
    """A browser of each kind, signed in."""
    return {PUBLIC: world.visitor(), INVESTOR: world.anna, OPERATOR: world.ada}


def for_whom(name: str) -> str:
    """The kind of visitor that a route is for."""
    needed = ROUTES[name]
    return INVESTOR if needed in {WALLET, INVESTOR} else PUBLIC if needed == PUBLIC else OPERATOR


def form_fields() -> set[str]:
    """The name of every field of every form that is read anywhere in the pages."""
    found = {"topics", "after", "q", "next"}
    for module in iter_modules(pages.__path__):
        for each in vars(import_module(f"openscrip.web.pages.{module.name}")).values():
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= set(each.model_fields)
    return found


def query_fields() -> Iterator[tuple[str, str]]:
    """Every route that is asked by GET, and each name of its query."""
    for router in pages.all_routes():
        for route in router.routes:
            dependant = getattr(route, "dependant", None)
            for each in getattr(dependant, "query_params", ()):
                yield f"GET {getattr(route, 'path', '')}", str(each.alias)


def concrete(path: str, value: str) -> str:
    """A route's path with `value` in place of its names."""
    return re.sub(r"\{[^}]+\}", value, path)


def token_of(who: Visitor, stage: Stage) -> str:
    """The token of the visitor's session."""
    page = "/sign-in" if not who.id or who.get("/security").status_code != 200 else "/security"
    return who.fields(page)["csrf"]
