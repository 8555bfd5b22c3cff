"""All custodians of a configuration, read as one reserve. One that is silent, stale or wrong makes the whole so."""

from collections.abc import Mapping

import httpx

from openscrip_watch.config import CustodianConfig, WatchConfig
from openscrip_watch.custodian import CustodianReader, HttpSource
from openscrip_watch.custody import Custody, Line
from openscrip_watch.held import Held, moments
from openscrip_watch.iso.reader import IsoCustodianReader
from openscrip_watch.multipliers import TERMS
from openscrip_watch.refusal import refuse_unless
from openscrip_watch.statement import Statement


class Custodians:
    """The readers by the custodians' names in the configuration, and the movements of all of them."""

    def __init__(self, config: WatchConfig, client: httpx.Client, *, keep: bool = False) -> None:
        self._client = client
        self._keep = keep
        self.custody = Custody()
        self.readers: dict[str, CustodianReader | IsoCustodianReader] = {}
        self.bank = HttpSource("bank", config.bank, client)
        self.payments: dict[str, int] = {}
        """When each payment left the bank, by its id."""
        self._bank_read = 0
        self.extend(config)

    def extend(self, config: WatchConfig) -> None:
        """Go on with a configuration that moved an address."""
        self.bank.url = config.bank
        for name, each in config.custodians.items():
            if name in self.readers:
                self.readers[name].source.url = each.url
            else:
                self.readers[name] = self._reader(name, each)

    def read(self, isin: str) -> Held:
        """The newest statement of every custodian, verified. Raises `statement.…` naming the custodian and what was wrong."""
        return Held(tuple(reader.statement(isin) for reader in self.readers.values()))

    def held(self, isin: str) -> Held:
        """What was read last. Raises `statement.missing` where a custodian's statement was not read."""
        missing = [name for name, reader in self.readers.items() if isin not in reader.statements]
        refuse_unless(not missing, "statement.missing", f"{isin}: no verified statement of {', '.join(missing)}")
        return Held(tuple(reader.statements[isin] for reader in self.readers.values()))

    def line(self, isin: str) -> Line:
        """The movements of one stock at all custodians."""
        return self.custody.line(isin)

    def kept(self, isin: str) -> list[list[Statement]]:
        """Every statement of a line that was read, by custodian, oldest first (with `keep`)."""
        return [reader.kept.get(isin, []) for reader in self.readers.values()]

    def kept_at(self, isin: str, at: int) -> Mapping[str, Statement]:
        """The newest statement of each custodian at `at`, by the name that it states."""
        found = next(moments(self.kept(isin), at, 0), None)
        return {part.custodian: part for part in found.parts} if found else {}

    def read_events(self) -> None:
        """Read what custodians announced and what the bank paid since."""
        for reader in self.readers.values():
            reader.read_events()
        for event in self.bank.events(self._bank_read, "/v1/bank/events"):
            self._bank_read = int(event["seq"])
            if event["type"] == "payment_sent":
                self.payments[str(event["id"])] = int(event["at"])

    @property
    def notices(self) -> dict[str, Mapping[str, object]]:
        """Corporate actions by event id, as the first custodian announced them; none on whose terms another differs."""
        found: dict[str, Mapping[str, object]] = {}
        differing: set[str] = set()
        for reader in self.readers.values():
            for event_id, notice in reader.notices.items():
                first = found.setdefault(event_id, notice)
                if any(first.get(term) != notice.get(term) for term in TERMS):
                    differing.add(event_id)
        return {event_id: notice for event_id, notice in found.items() if event_id not in differing}

    def words(self) -> dict[str, list[Mapping[str, object]]]:
        """Everything that any custodian ever announced of each event, also what was corrected or withdrawn since."""
        found: dict[str, list[Mapping[str, object]]] = {}
        for reader in self.readers.values():
            for event_id, told in reader.told.items():
                found.setdefault(event_id, []).extend(told)
        return found

    def payment_status(self, payment_id: str) -> str:
        """`pending`, `sent`, `failed`, or `unknown` when the bank never received it."""
        answer = self.bank.get(f"/v1/payments/{payment_id}")
        return str(answer["status"]) if answer else "unknown"

    def cash(self, reference: str) -> Mapping[str, object]:
        """`{"received", "paid"}` under a reference, as decimal strings."""
        answer: Mapping[str, object] = self.bank.get("/v1/cash", reference=reference)
        return answer

    def _reader(self, name: str, config: CustodianConfig) -> CustodianReader | IsoCustodianReader:
        source = HttpSource(name, config.url, self._client)
        if config.form == "iso20022":
            return IsoCustodianReader(source, config.public_key, self.custody, name=name, keep=self._keep)
        return CustodianReader(source, config.public_key, self.custody, name=name, keep=self._keep)
