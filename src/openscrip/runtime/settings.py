"""Every setting of the platform in one typed object: defaults, then a TOML file, then the environment.

In `DATA/openscrip.toml` (or the file named by `--config` or `OPENSCRIP_CONFIG`) each section is a table; in the
environment `OPENSCRIP_<SECTION>_<NAME>`, such as `OPENSCRIP_PORTS_API=8080`. Amounts and rates are decimal strings.
An unknown key is refused, so that a misspelt limit cannot be silently off. Keys and passphrases are not settings.
"""

import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from openscrip.kernel.clock import instant
from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.broker_settings import BrokerLine
from openscrip.runtime.custody_settings import Custody
from openscrip.runtime.database_url import with_password, without_password
from openscrip.runtime.financing_settings import Financing
from openscrip.runtime.itn_settings import Itn
from openscrip.runtime.market_settings import Closed, Extended, Fees, Inventory, Limits, Overnight, Treasury
from openscrip.runtime.signer_settings import SignerLine
from openscrip.runtime.venue_settings import VenueLine
from openscrip.runtime.web_settings import WebLine

PREFIX = "OPENSCRIP_"
NOT_SETTINGS = frozenset({"DATA", "CONFIG", "KEYS_PASSPHRASE", "KEYS_PASSPHRASE_FILE"})
"""Names in the environment that are read elsewhere; no setting may take them."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the books are kept."""

    url: str = ""
    """`postgresql://USER@HOST/NAME` or another SQLAlchemy URL; empty: SQLite in `DATA/platform/store.db`."""
    password_file: str = ""
    """File with the password of the URL's user, so that it stands in no setting."""
    free_mib_min: int = 64
    """Refuse to start with less free space."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Doors on 127.0.0.1; 0 takes a free port."""

    api: int = 0
    evm_rpc: int = 0
    solana_rpc: int = 0
    broker: int = 0
    broker_fix: int = 0
    custodian: int = 0
    attestor: int = 0
    web: int = 0


@dataclass(frozen=True, slots=True)
class Market:
    """Market time."""

    clock: Literal["live", "accelerated"] = "live"
    start: str = "2024-06-03T12:00:00Z"
    """First instant of accelerated time in a new data folder."""


@dataclass(frozen=True, slots=True)
class Work:
    """The workers."""

    workers: int = 1
    """How many processes `openscrip up` works with; the first is its own."""
    threads: int = 8
    lease_s: int = 120
    """A command's performer must give up before this many machine seconds."""
    attempts_max: int = 200
    """A command that gets no answer so often waits for an operator."""


@dataclass(frozen=True, slots=True)
class Ages:
    """How old evidence may be, in seconds of market time."""

    statement_s_max: int = 3_600
    feed_s_max: int = 3_600
    """A reserve report older than this stops mints on the chain."""
    voucher_life_s: int = 3_600


@dataclass(frozen=True, slots=True)
class Evm:
    """The EVM chain."""

    rpc_url: str = ""
    """Empty: the local node."""
    chain_id: int = 31_337
    finality: Literal["latest", "safe", "finalized"] = "latest"
    """Which block counts as final; `latest` only where blocks are never undone, as on the local node."""
    confirmations: int = 0
    """Instead of `finality`: a block is final with so many blocks on top of it; 0 leaves it to `finality`."""
    local_chains: int = 1
    """How many EVM chains run on this machine: `evm`, `evm-2` and so on, with the ids and ports that follow the first's."""


@dataclass(frozen=True, slots=True)
class Solana:
    """The Solana chain."""

    rpc_url: str = ""
    """Empty: the embedded node."""
    commitment: Literal["confirmed", "finalized"] = "finalized"


@dataclass(frozen=True, slots=True)
class Reports:
    """Reserve reports, and the reserve on each chain."""

    issuer: str = "Openscrip paper issuer"
    """The name that reports are published under."""
    auditor: str = "Openscrip paper auditor"
    auditor_key: str = ""
    """The auditor's ed25519 key in base64; empty: one is made in `DATA/auditor`, for development only."""
    heartbeat_s: int = 86_400
    """A reserve on chain that was stated so long ago is reported again; 0 leaves it to mints."""
    deviation_bps: Bps = Bps(50)
    """One that differs from the newest statements by so much is reported again."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """Who may subscribe, and by which lists."""

    profile: str = "demonstration"
    """The regime, by its name in the package's `profiles.toml`: which evidence it asks for, whom it admits."""
    rules_file: str = ""
    """Rules per jurisdiction in place of the package's `rules.toml`."""
    publishers: str = ""
    """Whose lists must be there, such as `ofac-sdn,ofac-consolidated`; empty: the invented ones of the demonstration."""
    persona_secrets_file: str = ""
    """Secrets of Persona's webhooks, one a line; any of them is accepted, so that they can be rotated."""
    sumsub_secrets_file: str = ""
    """The same of Sumsub's."""
    persona_url: str = ""
    """Where Persona is asked; empty: it is not."""
    persona_key_file: str = ""
    """Its API key, in a file of one line."""
    sumsub_url: str = ""
    """Where Sumsub is asked; empty: it is not."""
    sumsub_key_file: str = ""
    """Its app token and secret with a blank between them, in a file of one line."""
    travel_url: str = ""
    """Where Travel Rule messages go; empty: nobody can be told, and what needs telling stays."""
    travel_casing: Literal["pascal-roots", "camel"] = "camel"
    """How that network writes IVMS101."""


@dataclass(frozen=True, slots=True)
class Products:
    """What may be listed beside and instead of the package's products."""

    file: str = ""
    """A TOML file of the form of the package's `products.toml`."""


@dataclass(frozen=True, slots=True)
class Entities:
    """Who does what for each product."""

    file: str = ""
    """A TOML file of the form of the package's `entities.toml`, which it replaces."""


@dataclass(frozen=True, slots=True)
class Logs:
    """What is said, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["text", "json"] = "text"


@dataclass(frozen=True, slots=True)
class Described:
    """One setting in force and where it came from: `default`, a file name, or a variable."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Made by `load_settings`."""

    data: Path
    """The folder that everything is written under; from `--data` or `OPENSCRIP_DATA`, never from a file."""
    config: Path | None = None
    """The file that was read; None where there was none."""
    database: Database = Database()
    ports: Ports = Ports()
    market: Market = Market()
    work: Work = Work()
    limits: Limits = Limits()
    fees: Fees = Fees()
    extended: Extended = Extended()
    overnight: Overnight = Overnight()
    closed: Closed = Closed()
    inventory: Inventory = Inventory()
    treasury: Treasury = Treasury()
    ages: Ages = Ages()
    evm: Evm = Evm()
    solana: Solana = Solana()
    reports: Reports = Reports()
    compliance: Compliance = Compliance()
    itn: Itn = Itn()
    broker: BrokerLine = BrokerLine()
    custody: Custody = field(default_factory=Custody)
    financing: Financing = field(default_factory=Financing)
    signer: SignerLine = SignerLine()
    products: Products = Products()
    entities: Entities = Entities()
    venue: VenueLine = field(default_factory=VenueLine)
    web: WebLine = field(default_factory=WebLine)
    logs: Logs = Logs()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each setting came from that is not a default, by its dotted name."""

    @property
    def database_url(self) -> str:
        """The URL of the books, whether given or not."""
        url = self.database.url or f"sqlite:///{self.data / 'platform' / 'store.db'}"
        return with_password(url, self.database.password_file) if self.database.password_file else url

    def describe(self) -> list[Described]:
        """All settings with their sources, for `openscrip doctor`. A password in an address is hidden."""
        told = [Described("data", str(self.data), self.sources.get("data", "default"))]
        for section in SECTIONS:
            for entry in fields(SECTIONS[section]):
                name = f"{section}.{entry.name}"
                value = getattr(getattr(self, section), entry.name)
                shown = str(value.count) if isinstance(value, Bps) else str(value)
                if name in ("database.url", "broker.alpaca"):
                    shown = without_password(shown)
                told.append(Described(name, shown, self.sources.get(name, "default")))
        return told

    def problems(self) -> list[str]:
        """What is wrong or dangerous in this combination, each as a sentence that names the setting."""
        parts = (self.broker, self.custody, self.financing, self.venue, self.web)
        found = [problem for part in parts for problem in part.problems()]
        if self.financing.lender and self.broker.kind != "fix":
            found.append(f"financing: a broker of kind {self.broker.kind!r} tells of no loans; set broker.kind to 'fix'")
        taken = [port for port in (getattr(self.ports, entry.name) for entry in fields(Ports)) if port]
        if len(taken) != len(set(taken)):
            found.append("ports: two doors had the same port")
        found += [f"ports: {port} was not a port" for port in taken if port > 65_535]
        if not 1 <= self.evm.local_chains <= 9:
            found.append(f"evm: {self.evm.local_chains} local chains were asked, 1 to 9 can run")
        if not Shares(0) < self.limits.shares_min <= self.limits.shares_max:
            found.append("limits: shares_min was zero or above shares_max")
        if not Money(0) < self.limits.order_usd_max <= self.limits.daily_usd_max:
            found.append("limits: order_usd_max was zero or above daily_usd_max")
        for name in ("fees", "extended", "overnight", "closed"):
            hours: Fees | Extended | Overnight | Closed = getattr(self, name)
            if hours.fee_bps >= Bps(10_000) or hours.spread_bps >= Bps(10_000):
                found.append(f"{name}: a rate was 100 % or more")
            if hours.usd_min > hours.usd_max or not hours.quote_life_s:
                found.append(f"{name}: usd_min was above usd_max, or quotes had no life")
        found += [f"work: {entry.name} was zero" for entry in fields(Work) if not getattr(self.work, entry.name)]
        found += [f"ages: {entry.name} was zero" for entry in fields(Ages) if not getattr(self.ages, entry.name)]
        if self.evm.rpc_url and self.evm.finality == "latest" and not self.evm.confirmations:
            found.append("evm: finality was 'latest' on a chain of others, where blocks can be undone")
        if self.market.clock == "accelerated" and (self.evm.rpc_url or self.solana.rpc_url or self.broker.alpaca):
            found.append("market: the clock was accelerated with a chain or a broker of others, whose time is their own")
        if self.data.exists() and not self.data.is_dir():
            found.append(f"data: {self.data} was not a folder")
        return found


SECTIONS: Mapping[str, type[Any]] = {
    "database": Database,
    "ports": Ports,
    "market": Market,
    "work": Work,
    "limits": Limits,
    "fees": Fees,
    "extended": Extended,
    "overnight": Overnight,
    "closed": Closed,
    "inventory": Inventory,
    "treasury": Treasury,
    "ages": Ages,
    "evm": Evm,
    "solana": Solana,
    "reports": Reports,
    "compliance": Compliance,
    "itn": Itn,
    "broker": BrokerLine,
    "custody": Custody,
    "financing": Financing,
    "signer": SignerLine,
    "products": Products,
    "entities": Entities,
    "venue": VenueLine,
    "web": WebLine,
    "logs": Logs,
}


def load_settings(environment: Mapping[str, str], data: Path | None = None, config: Path | None = None) -> Settings:
    """The settings in force: defaults < TOML file < `environment`; `data` and `config` are the command line's.

    Raises `Malformed("settings.unknown")` for a key that is no setting, `Malformed("settings.value")` for a value that
    does not fit, and `Malformed("settings.file")` for a file that is missing or no TOML.
    """
    sources: dict[str, str] = {}
    if data is None and environment.get(f"{PREFIX}DATA"):
        data, sources["data"] = Path(environment[f"{PREFIX}DATA"]), f"{PREFIX}DATA"
    elif data is not None:
        sources["data"] = "--data"
    folder = (data or Path("var")).absolute()
    if config is None and environment.get(f"{PREFIX}CONFIG"):
        config = Path(environment[f"{PREFIX}CONFIG"])
    given: dict[str, tuple[object, str]] = {}
    file = config or folder / "openscrip.toml"
    is_there = config is not None or file.exists()
    if is_there:
        given |= {name: (value, str(file)) for name, value in _from_toml(file).items()}
    given |= _from_environment(environment)
    chosen: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for name, (value, source) in given.items():
        section, _, entry = name.partition(".")
        hint = typing.get_type_hints(SECTIONS[section])[entry]
        chosen[section][entry] = _parsed(value, hint, f"{name} in {source}")
        sources[name] = source
    made = {name: SECTIONS[name](**chosen[name]) for name in SECTIONS}
    return Settings(folder, file.absolute() if is_there else None, **made, sources=sources)


def _from_toml(file: Path) -> dict[str, object]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Malformed("settings.file", f"settings: {file} was missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed("settings.file", f"settings: {file} was not TOML: {error}") from error
    given = {}
    for section, table in document.items():
        known = {entry.name for entry in fields(SECTIONS[section])} if section in SECTIONS else set()
        if not isinstance(table, dict) or not known:
            raise Malformed("settings.unknown", f"settings: {file} had the unknown section {section!r}")
        for name, value in table.items():
            if name not in known:
                raise Malformed("settings.unknown", f"settings: {file} had the unknown key {section}.{name}")
            given[f"{section}.{name}"] = value
    return given


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    names = {
        f"{PREFIX}{section}_{entry.name}".upper(): f"{section}.{entry.name}"
        for section, cls in SECTIONS.items()
        for entry in fields(cls)
    }
    given: dict[str, tuple[object, str]] = {}
    for variable, value in environment.items():
        if variable in names:
            given[names[variable]] = (value, variable)
        elif variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in NOT_SETTINGS:
            raise Malformed("settings.unknown", f"settings: {variable} in the environment was no setting")
    return given


def _parsed(value: object, hint: Any, where: str) -> Any:
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise Malformed("settings.value", f"settings: {where} was {value!r}, not one of {', '.join(typing.get_args(hint))}")
        return value
    if hint in (Shares, Money):
        return hint.parse(value)
    if hint in (int, Bps):
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        count = parse_decimal(text, 0, f"settings: {where}")
        return Bps(count) if hint is Bps else count
    if not isinstance(value, str):
        raise Malformed("settings.value", f"settings: {where} was {value!r}, not text")
    if where.startswith("market.start "):
        _check_instant(value, where)
    return value


def _check_instant(value: str, where: str) -> None:
    try:
        instant(value)
    except ValueError as error:
        raise Malformed(
            "settings.value", f"settings: {where} was {value!r}, not an instant such as 2024-06-03T12:00:00Z"
        ) from error
