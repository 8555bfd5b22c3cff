"""The shell of the pages over a real database, asked in process: browsers with cookies of their own, a clock moved by hand."""

import html
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI
from jinja2 import Environment
from solders.keypair import Keypair
from starlette.testclient import TestClient
from tests.databases import url_of
from tests.web.authenticator import Device

from openscrip.assets.accounts import CHART
from openscrip.assets.compliance.persons import Wallet
from openscrip.bootstrap.npm import node_modules
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.runtime.api_keys import ApiKey
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.web_settings import WebLine
from openscrip.web.app import pages_application
from openscrip.web.shell.assets import Assets, read_assets
from openscrip.web.shell.current import Shell
from openscrip.web.shell.headers import Front
from openscrip.web.shell.render import environment
from openscrip.web.shell.rows import SHELL_ROWS
from openscrip.web.signing.operators import CONSOLE, enrol

Response = Any
"""What the test client answers; its class is not one of ours to name."""
ORIGIN = "https://localhost:8443"
FIELD = re.compile(r'name="(csrf|nonce|key|digest)" value="([^"]*)"')
OPTIONS = re.compile(r'data-options="([^"]*)"')


@cache
def assets() -> Assets:
    """The files of this process's stages."""
    return read_assets(node_modules())


@cache
def templates() -> Environment:
    """Their templates, compiled once."""
    return environment(assets())


@cache
def application() -> FastAPI:
    """Their routes: what they need of a stage comes with each request."""
    return pages_application()


KEPT: tuple[type, ...] = (*SHELL_ROWS, ClientWallet, ApiKey)
"""What the shell's stages keep."""


class NoVenue:
    """`TradingLine` where no venue runs."""

    is_open = False
    gives_play_money = False


class NoVenueMoney:
    """`VenueDesk` where no venue was founded."""

    is_founded = False


class StageOffice:
    """Of `Office` what the shell asks for."""

    solana_cluster = "localnet"
    chain_ids: Mapping[str, int] = {"evm": 31_337}
    simulated = ("broker", "custodian", "clock")
    clock_mode = "accelerated"
    practice = None
    trading: Any = NoVenue()
    venue_desk: Any = NoVenueMoney()

    def __init__(self, place: Path, registered: Iterable[type]) -> None:
        engine = open_database(url_of(place))
        upgrade(engine)
        self.store = SqlStore(engine, CHART, registered)
        self.contracts: dict[str, Any] = {}

    def now(self) -> int:
        """Market time stands."""
        return 1_717_416_000

    def nudge(self) -> None:
        """Nobody works here."""


class Stage:
    """The application and its clock."""

    def __init__(
        self, place: Path, lives: WebLine | None = None, registered: Iterable[type] = KEPT, origin: str = ORIGIN
    ) -> None:
        self.office = StageOffice(place, registered)
        self.at = 1_800_000_000
        office: Any = self.office
        self.shell = Shell(office, origin, lambda: self.at, assets(), templates(), lives or WebLine())
        self.app = Front(application(), self.shell)

    def close(self) -> None:
        self.office.store.close()

    def visitor(self, agent: str = "browser/1", **headers: str) -> "Visitor":
        """Somebody with a browser."""
        return Visitor(self, agent, headers)

    def operator_link(self, name: str, *roles: str, wallets: tuple[str, ...] = ()) -> str:
        """The path of a one-time link; empty where the operator has a key."""
        with self.office.store.transaction() as unit:
            secret = enrol(unit, name, roles or ("operator",), wallets, CONSOLE, self.at, self.office.now())
        return f"/desk/enrol/{secret}" if secret else ""

    def operator(self, name: str, *roles: str) -> tuple["Visitor", Device]:
        """An operator who is signed in with the key that they have just enrolled."""
        who, device = self.visitor(), Device(ORIGIN)
        done = who.enrol(self.operator_link(name, *roles), device)
        assert done.headers["location"] == "/security", done.text
        return who, device

    def client(self, person: str, chain: str, address: str) -> None:
        """Somebody who was taken on with a wallet."""
        with self.office.store.transaction() as unit:
            unit.put(ClientWallet(wallet_id(chain, address), Wallet(chain, address, person, True)))

    def acts(self) -> list[str]:
        """What the audit chain holds."""
        with self.office.store.view() as view:
            return [f"{entry.who} {entry.action} {entry.subject}" for entry in view.audited()]


class Visitor:
    """A browser: its cookies, and the token of the last page with a form."""

    def __init__(self, stage: Stage, agent: str, headers: Mapping[str, str]) -> None:
        self.stage = stage
        self.http = TestClient(stage.app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False)
        self.http.headers.update({"user-agent": agent, "origin": ORIGIN, **headers})

    @property
    def id(self) -> str:
        """What the cookie holds."""
        return self.http.cookies.get(self.stage.shell.cookie) or ""

    def get(self, path: str, **headers: str) -> Response:
        return self.http.get(path, headers=headers)

    def fields(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's first form, with its options."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        found: dict[str, str] = {}
        for name, value in FIELD.findall(answer.text):
            if value:
                found.setdefault(name, html.unescape(value))
        options = OPTIONS.search(answer.text)
        return found | ({"options": html.unescape(options[1])} if options else {})

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Response:
        return self.http.post(path, data=dict(fields), headers=headers)

    def enrol(self, path: str, device: Device) -> Response:
        told = self.fields(path)
        return self.post(path, {**told, "credential": device.create(told["options"]), "label": "laptop"})

    def sign_in_with(self, device: Device, **over: str) -> Response:
        told = self.fields("/desk/sign-in")
        return self.post("/desk/sign-in", {**told, "credential": device.get(told["options"]), **over})

    def challenge(self, chain: str, address: str) -> dict[str, Any]:
        """What the wallet is to sign, with the token for the answer."""
        token = self.fields("/sign-in")["csrf"]
        answer = self.post("/sign-in/challenge", {"csrf": token, "chain": chain, "address": address})
        assert answer.status_code == 200, answer.text
        asked: dict[str, Any] = answer.json()
        return {**asked, "csrf": token}

    def sign_in(self, account: LocalAccount, next_path: str = "") -> Response:
        """With an EVM wallet."""
        asked = self.challenge("evm", account.address)
        told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "next": next_path}
        return self.post("/sign-in", {**told, "signature": signature_of(account, asked["text"])})


def signature_of(account: LocalAccount, text: str) -> str:
    """What an EVM wallet answers."""
    return "0x" + account.sign_message(encode_defunct(text=text)).signature.hex()


def evm_wallet(number: int = 1) -> LocalAccount:
    """A wallet, always the same for a number."""
    made: LocalAccount = Account.from_key(number.to_bytes(32))
    return made


def solana_wallet(number: int = 1) -> Keypair:
    """A wallet, always the same for a number."""
    return Keypair.from_seed(number.to_bytes(32))
