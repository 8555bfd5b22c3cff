"""Who works at the desk, from the machine's own command line: the books are opened for it, whether a platform runs or not."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from openscrip.assets.accounts import CHART
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places
from openscrip.kernel.clock import Clock, LiveClock, instant
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Store
from openscrip.web.shell.rows import SHELL_ROWS, DeskOperator
from openscrip.web.signing.operators import CONSOLE, enrol, recover, remove
from openscrip.web.signing.passkeys import keys_of

PRACTICE = {"ada": ("operator", "approver", "compliance", "admin"), "bert": ("operator", "approver", "compliance", "admin")}
"""Two persons of a simulated run, so that what needs two can be tried."""


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """One person of the desk as the command line shows them."""

    name: str
    roles: tuple[str, ...]
    wallets: tuple[str, ...]
    keys: int
    state: str


class OperatorDesk:
    """Takes persons on and lets them go."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._machine = LiveClock().now
        self._market = _market_clock(settings).now
        self._origin = settings.web.origin or _origin(Places(settings.data))

    def enrol(self, name: str, roles: Sequence[str], wallets: Sequence[str], by: str = CONSOLE) -> str:
        """Take on, or change roles; the one-time link, empty for who has a key."""
        with self._store.transaction() as unit:
            secret = enrol(unit, name, roles, wallets, by, self._machine(), self._market())
        return self._link(secret) if secret else ""

    def recover(self, name: str, by: str = CONSOLE) -> str:
        """The link for who lost every key; two other persons approve it at the desk."""
        with self._store.transaction() as unit:
            return self._link(recover(unit, name, by, self._machine(), self._market()))

    def remove(self, name: str, reason: str, by: str = CONSOLE) -> None:
        """Let go."""
        with self._store.transaction() as unit:
            remove(unit, name, by, reason, self._machine(), self._market())

    def lines(self) -> list[OperatorLine]:
        """Everybody who ever was at the desk."""
        with self._store.view() as view:
            people = view.rows(DeskOperator)
            return [OperatorLine(p.id, p.roles, p.wallets, len(keys_of(view, p.id)), p.state) for p in people]

    def practice_links(self, origin: str) -> dict[str, str]:
        """One-time links of the practice operators who have no key yet."""
        self._origin = origin
        known = {line.name: line for line in self.lines()}
        wanted = {name: roles for name, roles in PRACTICE.items() if name not in known or not known[name].keys}
        return {name: self.enrol(name, roles, ()) for name, roles in wanted.items()}

    def _link(self, secret: str) -> str:
        return f"{self._origin}/desk/enrol/{secret}"


@contextmanager
def operator_desk(settings: Settings) -> Iterator[OperatorDesk]:
    """The desk's list of a data folder."""
    (settings.data / "platform").mkdir(parents=True, exist_ok=True)
    engine = open_database(settings.database_url)
    upgrade(engine)
    store = SqlStore(engine, CHART, SHELL_ROWS)
    try:
        yield OperatorDesk(settings, store)
    finally:
        store.close()


def _market_clock(settings: Settings) -> Clock:
    """Market time as the folder has it; one that was never used has the machine's."""
    places = Places(settings.data)
    mode = places.data / "platform" / "clock.mode"
    moved = mode.exists() and mode.read_text(encoding="utf-8").strip() == "accelerated"
    return clock_of("accelerated" if moved else "live", places.clock, instant(settings.market.start))


def _origin(places: Places) -> str:
    try:
        return str(json.loads(places.doors.read_text(encoding="utf-8"))["doors"]["web"])
    except (OSError, ValueError, KeyError):
        return "http://localhost:PORT"
