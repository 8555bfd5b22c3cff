"""The attestor and approver: takes requests in batches, looks at everything once, judges each, records, then answers.

One thread does it all, so that no two signatures are judged on the same shares. A request is always judged on readings
that began after it arrived.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openscrip_watch import fields, mints, multipliers, payouts, releases, reports, transactions
from openscrip_watch.batch import Answer, Asked, Batch
from openscrip_watch.chains.facts import ChainBook
from openscrip_watch.clock import MarketClock
from openscrip_watch.config import WatchConfig, load_config, refuse_unless_extends
from openscrip_watch.endings import CancelAsked, FinishAsked
from openscrip_watch.keys import WatchKeys
from openscrip_watch.proof import Claims
from openscrip_watch.reading import Sources, http_client
from openscrip_watch.refusal import BadInput, Refusal
from openscrip_watch.register import Register
from openscrip_watch.store import Store
from openscrip_watch.view import unsigned_mint


class Watch:
    """The state of the running attestor: configuration, readers, register, clock. Not for more than one thread."""

    def __init__(self, store: Store, keys: WatchKeys, config_path: Path, *, live: bool) -> None:
        self._store = store
        self._keys = keys
        self._config_path = config_path
        self._config_seen = 0
        self._config: WatchConfig | None = None
        self._sources: Sources | None = None
        self._client = http_client()
        self.clock = MarketClock(live, int(store.meta("now") or 0))
        self._load()

    def close(self) -> None:
        """Let go of connections and of the store."""
        self._client.close()
        self._store.close()

    def push_clock(self, now: int) -> int:
        """Set and store the market time."""
        self.clock.push(now)
        with self._store.transaction():
            self._store.put_meta("now", str(now))
        return self.clock.now()

    def answer_all(self, asked: Sequence[Asked]) -> list[Answer | Refusal]:
        """The answer or refusal to each request; everything is on disk when this returns."""
        try:
            sources = self._refresh_config()
            batch = Batch(sources, self._register, self._claims, self._keys, self.clock.now(), self._offences)
            batch.read(asked)
        except Refusal as refusal:
            if len(asked) == 1 or refusal.code.startswith(("config.", "clock.")):
                return [refusal for _ in asked]
            return [answer for each in asked for answer in self.answer_all([each])]
        answers: list[Answer | Refusal] = []
        for each in asked:
            try:
                answers.append(batch.answer(each))
            except Refusal as refusal:
                answers.append(refusal)
        try:
            self._save(batch)
        except BaseException:
            self._load()
            raise
        return answers

    def public(self) -> Mapping[str, object]:
        """What may be told to everyone."""
        stocks = sorted(self._config.stocks) if self._config else []
        return {"now": self.clock.now() if self.clock.is_set else None, "keys": self._keys.public(), "stocks": stocks}

    def _load(self) -> None:
        """Everything as the store has it."""
        self._register = Register.load(self._store)
        self._books = {chain: self._store.book(chain) for chain in self._store.chains()}
        self._claims: dict[str, Claims] = {}
        self._offences: dict[str, str] = {}
        self._sources = None
        self._config_seen = 0
        for chain, book in self._books.items():
            for token, facts in book.tokens.items():
                if offence := unsigned_mint(facts, self._register, list(facts.minted)):
                    self._offences[f"{chain}:{token}"] = offence

    def _refresh_config(self) -> Sources:
        """Read the configuration again when its file changed."""
        try:
            stamp = self._config_path.stat().st_mtime_ns
        except OSError:
            raise Refusal("config.missing", f"config: {self._config_path.name} could not be read") from None
        if self._sources is not None and stamp == self._config_seen:
            return self._sources
        config = load_config(self._config_path)
        refuse_unless_extends(self._config, config)
        for chain in config.chains:
            self._books.setdefault(chain, ChainBook())
        if self._sources is None:
            self._sources = Sources(config, self._client, self._books)
            for name, reader in self._sources.custodians.readers.items():
                reader.restore(self._store.movements(name), self._store.statements(name))
            self._note_saved(self._sources)
        else:
            self._sources.extend(config)
        self._config, self._config_seen = config, stamp
        return self._sources

    def _save(self, batch: Batch) -> None:
        """One transaction: what was read, what was signed."""
        readers = batch.sources.custodians.readers
        with self._store.transaction():
            for chain, book in self._books.items():
                self._store.put_book(chain, book)
            for name, reader in readers.items():
                self._store.put_movements(name, reader.log.bodies[self._saved_movements.get(name, 0) :])
                for isin, body in reader.bodies.items():
                    if self._saved_statements.get((name, isin)) is not body:
                        self._store.put_statement(name, isin, body)
            for what, key, state, row in batch.rows:
                self._store.put_signed(what, key, state, row)
            for what, key, signature, row in batch.signatures:
                self._store.add_signature(what, key, batch.now, signature, row)
        for book in self._books.values():
            book.mark_saved()
        self._note_saved(batch.sources)

    def _note_saved(self, sources: Sources) -> None:
        """What the store knows of the custodians."""
        readers = sources.custodians.readers
        self._saved_movements = {name: len(reader.log) for name, reader in readers.items()}
        self._saved_statements = {
            (name, isin): body for name, reader in readers.items() for isin, body in reader.bodies.items()
        }


def read_asked(path: str, body: object) -> Asked:
    """The request behind a path. Raises `BadInput`."""
    readers: dict[str, Callable[[Mapping[str, Any]], Asked]] = {
        "/v1/mints": mints.read_mint,
        "/v1/multipliers": multipliers.read_change,
        "/v1/finishes": FinishAsked.read,
        "/v1/cancellations": CancelAsked.read,
        "/v1/reports": reports.ReportAsked.read,
        "/v1/transactions": transactions.read_transaction,
        "/v1/releases": releases.read_release,
        "/v1/payouts": payouts.read_payout,
    }
    if path not in readers:
        raise BadInput("route.unknown", f"route: {path:.80} is none")
    return readers[path](fields.mapping(body, "body"))
