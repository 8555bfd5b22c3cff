"""Keys of the second API, in the books of a data folder, whether or not anything runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from openscrip.assets.accounts import CHART
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.clients import Client
from openscrip.kernel.clock import Clock, instant
from openscrip.kernel.errors import Malformed
from openscrip.runtime.api_keys import ApiKey, Scope, keys_of, make_key, revoke_key
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore

BY = "command line"
OF_CLIENTS = (Scope.READ, Scope.TRADE)


class KeyDesk:
    """Makes, lists and revokes keys."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def make(self, owner: str, label: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
        """A new key and its text. Raises `Malformed("client.unknown")` for a client's scope of who is none."""
        wanted = tuple(Scope(each) for each in scopes)
        with self.store.transaction() as unit:
            if set(wanted) & set(OF_CLIENTS) and unit.row(Client, owner) is None:
                raise Malformed("client.unknown", f"client: {owner!a:.70} was never taken on")
            return make_key(unit, owner, label, wanted, BY, self._clock.now())

    def list(self, owner: str) -> list[ApiKey]:
        """The keys of an owner, the newest first."""
        with self.store.view() as view:
            return keys_of(view, owner)

    def revoke(self, key_id: str, by: str) -> ApiKey:
        """End a key. Raises `Malformed("apikey.unknown")`."""
        with self.store.transaction() as unit:
            return revoke_key(unit, key_id, by, self._clock.now())


@contextmanager
def key_desk(settings: Settings) -> Iterator[KeyDesk]:
    """The desk of a data folder, closed with the block."""
    places = Places(settings.data)
    places.clock.parent.mkdir(parents=True, exist_ok=True)
    engine = open_database(settings.database_url)
    upgrade(engine)
    mode = places.data / "platform" / "clock.mode"
    moved = mode.exists() and mode.read_text(encoding="utf-8").strip() == "accelerated"
    clock = clock_of("accelerated" if moved else "live", places.clock, instant(settings.market.start))
    store = SqlStore(engine, CHART, REGISTERED, clock.now)
    try:
        yield KeyDesk(store, clock)
    finally:
        store.close()
