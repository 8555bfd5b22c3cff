"""The platform as pages see it, in a process beside the `openscrip up` that started its parts."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from openscrip.assets.calendar import Calendar
from openscrip.assets.compliance.ownership import ContractCall
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.practice import practice_of
from openscrip.bootstrap.reporting import Coverage, coverage_of
from openscrip.bootstrap.web_public import PlatformPublic
from openscrip.bootstrap.web_rails import PlatformRails
from openscrip.bootstrap.web_trading import WebTrading
from openscrip.bootstrap.web_venue_desk import WebVenueDesk
from openscrip.bootstrap.web_venue_money import WebVenueMoney
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.terms import Terms
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable
from openscrip.runtime.decision import Books
from openscrip.runtime.sql import SqlStore

log = logging.getLogger(__name__)

ANSWER_S = 30.0
NUDGE_S = 2.0


class DoorBeside:
    """`web.office.Door`: the door of whoever runs the data folder now; asked where it is again when it moved."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._client = httpx.Client(timeout=ANSWER_S, trust_env=False)

    def get(self, path: str, **query: str) -> Any:
        """As `Door.get`."""
        return self._ask("GET", path, params=query)

    def post(self, path: str, **body: Any) -> Any:
        """As `Door.post`."""
        return self._ask("POST", path, json=body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def doors(self) -> Mapping[str, str]:
        """Every door of the run by name. Raises `Unavailable` when nothing runs."""
        try:
            told: Mapping[str, str] = json.loads(self._places.doors.read_text(encoding="utf-8"))["doors"]
        except (OSError, ValueError, KeyError) as error:
            raise Unavailable(f"platform: nothing runs in {self._places.data}") from error
        return told

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        try:
            response = self._client.request(method, self.doors()["api"] + path, **rest)
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"platform: its door did not answer ({type(error).__name__})") from error
        if response.is_success:
            return body
        code, text = str(body.get("code", "internal")), str(body.get("text", ""))
        family = {400: Malformed, 404: Malformed, 409: Conflict, 422: Refused}.get(response.status_code)
        if family is None:
            raise Unavailable(f"platform: its door answered {response.status_code}: {text}")
        raise family(code, text)


class WebOffice:
    """`web.office.Office` over a built platform, without a worker."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.door = DoorBeside(platform.places)
        self.public = PlatformPublic(platform)
        self.chain_ids = {name: at.chain_id for name, at in platform.wiring.evm_chains.items()}
        self.rails = PlatformRails(platform)
        self.trading = WebTrading(platform.settings, self.door.doors)
        self.venue_money = WebVenueMoney(platform.settings)
        self.venue_desk = WebVenueDesk(self.venue_money)
        self.practice = practice_of(platform, self.door, lambda: self.door.doors()["api"])

    @property
    def store(self) -> SqlStore:
        """As `Office.store`."""
        return self._platform.store

    @property
    def books(self) -> Books:
        """As `Office.books`."""
        return self._platform.books

    @property
    def market(self) -> PrimaryMarket:
        """As `Office.market`."""
        return self._platform.market

    @property
    def room(self) -> ComplianceRoom:
        """As `Office.room`."""
        return self._platform.compliance_room

    @property
    def crossings(self) -> Crossings:
        """As `Office.crossings`."""
        return self._platform.crossings

    @property
    def terms(self) -> Terms:
        """As `Office.terms`."""
        return self._platform.terms

    @property
    def calendar(self) -> Calendar:
        """As `Office.calendar`."""
        return self._platform.calendar

    @property
    def contracts(self) -> Mapping[str, ContractCall]:
        """As `Office.contracts`."""
        return self._platform.compliance_room.contracts

    @property
    def solana_cluster(self) -> str:
        """As `Office.solana_cluster`."""
        return "mainnet" if self._platform.settings.solana.rpc_url else "localnet"

    @property
    def clock_mode(self) -> str:
        """As `Office.clock_mode`."""
        return self._platform.settings.market.clock

    @property
    def simulated(self) -> Sequence[str]:
        """As `Office.simulated`: the paper broker where no other is set, the paper custodian, and moved market time."""
        settings = self._platform.settings
        found = [] if settings.broker.is_outside else ["broker"]
        found += ["custodian"]
        return [*found, "clock"] if self.clock_mode == "accelerated" else found

    def now(self) -> int:
        """As `Office.now`."""
        return self._platform.clock.now()

    def standing(self, symbol: str) -> Coverage:
        """As `Office.standing`."""
        self._platform.know_stocks()
        return coverage_of(self._platform, symbol)

    def nudge(self) -> None:
        """As `Office.nudge`."""
        try:
            self.door.post("/v1/nudge")
        except (Refused, Unavailable) as missed:
            log.debug("web: no worker was told: %s", missed)

    def close(self) -> None:
        """Close what this opened; the platform is closed by who built it."""
        self.public.close()
        self.trading.close()
        self.venue_money.close()
        self.door.close()
