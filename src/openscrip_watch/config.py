"""Where the watch looks: a JSON file, read again when it changes. Stocks can be added, never changed or taken away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openscrip_watch import fields
from openscrip_watch.chains.facts import is_evm
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless


@dataclass(frozen=True, slots=True)
class EvmConfig:
    """The node, and the one Issuer contract."""

    rpc: str
    chain_id: int
    issuer_contract: str
    depth: int = 0
    cancel: tuple[str, ...] = ()
    """Corporate actions, by their id on chain, that the watch's operator allows to be taken back before they take effect."""


@dataclass(frozen=True, slots=True)
class SolanaConfig:
    """The node, the program that commands the mints, and the issuer who pays fees."""

    rpc: str
    program: str
    issuer: str
    commitment: str = "finalized"
    cancel: tuple[str, ...] = ()
    """Corporate actions, by their id on chain, that the watch's operator allows to be taken back before they take effect."""
    operations: tuple[str, ...] = ()
    """Operations, by their hash, that the watch's operator allows to be put into the timelock."""


@dataclass(frozen=True, slots=True)
class CustodianConfig:
    """Where a custodian answers, its ed25519 key in base64 or hex, and in which form it speaks: `json` or `iso20022`."""

    url: str
    public_key: str
    form: str = "json"


@dataclass(frozen=True, slots=True)
class CoinConfig:
    """A stablecoin on one chain: who holds it for clients, and the bank's address there. `treasurer` is Solana's first key.

    A deposit is final with `depth` blocks on top of it, where the chain counts so.
    """

    token: str
    treasury: str
    bank: str
    treasurer: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class StockConfig:
    """A stock: its line at the custodian, its token and feed on EVM, its mint on Solana; empty where not listed."""

    symbol: str
    isin: str
    account: str
    token: str = ""
    feed: str = ""
    mint: str = ""
    epoch: int = 0
    """The epoch at listing; needed only for a stock that is on Solana alone."""
    more: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Token and feed on further EVM chains, by chain."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The segregated account at single custodians, by their names, where it is another than `account`."""

    def account_at(self, custodian: str) -> str:
        """The segregated account at a custodian."""
        return self.accounts.get(custodian, self.account)

    @property
    def tokens(self) -> dict[str, str]:
        """The token on every chain that the stock is listed on, `evm` first and Solana last."""
        first = {"evm": self.token} if self.token else {}
        last = {"solana": self.mint} if self.mint else {}
        return first | {chain: token for chain, (token, _) in self.more.items()} | last

    def feed_on(self, chain: str) -> str:
        """The reserve feed on an EVM chain, empty where there is none."""
        return self.feed if chain == "evm" else self.more.get(chain, ("", ""))[1]

    def address(self, chain: str) -> str:
        """The token on a chain. Raises `chain.unknown`."""
        address = self.tokens.get(chain, "")
        refuse_unless(bool(address), "chain.unknown", f"stock: {self.symbol} was not listed on {chain!r:.20}")
        return address


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Everything that the watch is told. Times in seconds of market time, money in dollars."""

    custodians: Mapping[str, CustodianConfig]
    """By name; the reserve is what all of them state."""
    broker: str
    evm: EvmConfig | None
    solana: SolanaConfig | None
    stocks: Mapping[str, StockConfig]
    evidence: str = ""
    """Public folder with `evidence.jsonl`; used by the verifier."""
    statement_age_s_max: int = 300
    feed_refresh_s: int = 1_800
    heartbeat_s: int = 86_400
    """A reserve on chain that was stated so long ago is reported again when the issuer asks."""
    deviation_bps: int = 50
    """Likewise one that differs from the newest statements by more than so many hundredths of a per cent."""
    fraction_usd_max: int = field(default=5_000)
    """The most that is paid for a fraction of a share without a sale at the broker."""
    crossing_hour_shares: int = 100_000
    """How many shares' worth of one stock may arrive by one lane in an hour."""
    lanes: Mapping[str, int] = field(default_factory=dict)
    """The same for single lanes, `source>destination`."""
    more_evm: Mapping[str, EvmConfig] = field(default_factory=dict)
    """Further EVM chains by name."""
    coins: Mapping[str, CoinConfig] = field(default_factory=dict)
    """Stablecoins that clients pay with, by `asset:chain`."""
    convert_usd_day_max: int = 5_000_000
    """The most coins that go to the bank in one day."""
    bank: str = ""
    """Where money comes in and goes out; the first custodian where none is named."""

    @property
    def evm_chains(self) -> dict[str, EvmConfig]:
        """Every EVM chain by name, `evm` first."""
        return ({"evm": self.evm} if self.evm else {}) | dict(self.more_evm)

    def cancels(self, chain: str) -> tuple[str, ...]:
        """The corporate actions that may be taken back on a chain."""
        found = self.solana if chain == "solana" else self.evm_chains.get(chain)
        return found.cancel if found else ()

    @property
    def chains(self) -> tuple[str, ...]:
        """The names of all chains, Solana last."""
        return (*self.evm_chains, *(("solana",) if self.solana else ()))


def read_config(body: Mapping[str, Any]) -> WatchConfig:
    """The configuration in a JSON object. Raises `BadInput` or `Refusal("config.…")`."""
    stocks = {symbol: _stock(symbol, fields.mapping(each, symbol)) for symbol, each in _object(body, "stocks").items()}
    evm, solana = _object(body, "evm"), _object(body, "solana")
    custodians = _custodians(body)
    config = WatchConfig(
        custodians=custodians,
        bank=str(body.get("bank") or next(iter(custodians.values())).url).rstrip("/"),
        broker=str(body.get("broker") or "").rstrip("/"),
        evm=_evm_chain(evm) if evm else None,
        solana=SolanaConfig(
            fields.text(solana, "rpc"),
            fields.text(solana, "program"),
            fields.text(solana, "issuer_pubkey"),
            str(solana.get("commitment", "finalized")),
            tuple(str(each) for each in solana.get("cancel", ())),
            tuple(str(each) for each in solana.get("operations", ())),
        )
        if solana
        else None,
        stocks=stocks,
        more_evm={name: _evm_chain(_object(body, name)) for name in _further(body)},
        lanes={lane: fields.integer(_object(body, "lanes"), lane) for lane in _object(body, "lanes")},
        evidence=str(body.get("evidence") or ""),
        coins={name: _coin(fields.mapping(each, name)) for name, each in _object(body, "coins").items()},
        **{name: fields.integer(body, name, 1) for name in _LIMITS if name in body},
    )
    complete = all(chain in config.chains for each in stocks.values() for chain in each.tokens)
    refuse_unless(complete, "config.chain", "config: a stock was listed on a chain that was not configured")
    return config


_LIMITS = (
    "heartbeat_s", "deviation_bps", "statement_age_s_max", "feed_refresh_s", "fraction_usd_max", "crossing_hour_shares",
    "convert_usd_day_max",
)  # fmt: skip


_FORMS = ("json", "iso20022")


def _custodians(body: Mapping[str, Any]) -> dict[str, CustodianConfig]:
    """By name, in the order of the file; `custodian` and `custodian_public_key` name the only one of a small file."""
    several = _object(body, "custodians")
    if not several:
        only = CustodianConfig(fields.text(body, "custodian").rstrip("/"), fields.text(body, "custodian_public_key"))
        return {"custodian": only}
    found = {}
    for name in several:
        each = fields.inner(several, name)
        form = str(each.get("form", "json"))
        refuse_unless(form in _FORMS, "config.form", f"config: custodian {name:.40} speaks {form!r:.20}; use json or iso20022")
        found[name] = CustodianConfig(fields.text(each, "url").rstrip("/"), fields.text(each, "public_key"), form)
    return found


def _coin(body: Mapping[str, Any]) -> CoinConfig:
    return CoinConfig(
        fields.text(body, "token"),
        fields.text(body, "treasury"),
        fields.text(body, "bank"),
        str(body.get("treasurer", "")),
        int(body.get("depth", 0)),
    )


def _further(body: Mapping[str, Any]) -> list[str]:
    """The EVM chains beside the first that a configuration or a stock names."""
    return [name for name in body if is_evm(name) and name != "evm"]


def _evm_chain(body: Mapping[str, Any]) -> EvmConfig:
    return EvmConfig(
        fields.text(body, "rpc"),
        fields.integer(body, "chain_id", 1),
        fields.text(body, "issuer_contract").lower(),
        int(body.get("depth", 0)),
        tuple(str(each) for each in body.get("cancel", ())),
    )


def load_config(path: Path) -> WatchConfig:
    """The configuration in a file. Raises `config.missing` or `config.malformed`."""
    try:
        return read_config(fields.mapping(json.loads(path.read_text()), "config"))
    except OSError:
        raise Refusal("config.missing", f"config: {path.name} could not be read") from None
    except (ValueError, TypeError) as error:
        raise Refusal("config.malformed", f"config: {path.name} was not JSON ({error})") from None
    except BadInput as error:
        raise Refusal("config.malformed", f"config: {error.text}") from None


def refuse_unless_extends(before: WatchConfig | None, after: WatchConfig) -> None:
    """A change may add stocks and nothing else. Raises `config.changed`."""
    if before is None:
        return
    kept = all(after.stocks.get(symbol) == stock for symbol, stock in before.stocks.items())
    same, same_now = _identity(before), _identity(after)
    refuse_unless(
        kept and (same == same_now or not before.stocks),
        "config.changed",
        "config: a listed stock, a custodian's key or a contract was changed; only stocks may be added",
    )


def _identity(config: WatchConfig) -> tuple[object, ...]:
    """What must stay once a stock is listed."""
    contracts = {name: each.issuer_contract for name, each in config.evm_chains.items()}
    keys = {name: (each.public_key, each.form) for name, each in config.custodians.items()}
    return keys, contracts, config.solana and config.solana.program


def _stock(symbol: str, body: Mapping[str, Any]) -> StockConfig:
    evm, solana = _object(body, "evm"), _object(body, "solana")
    return StockConfig(
        symbol=symbol,
        isin=fields.text(body, "isin"),
        account=fields.text(body, "account"),
        token=fields.text(evm, "token").lower() if evm else "",
        feed=fields.text(evm, "feed").lower() if evm else "",
        mint=fields.text(solana, "mint") if solana else "",
        epoch=fields.integer(body, "epoch") if "epoch" in body else 0,
        more={name: _token_and_feed(_object(body, name)) for name in _further(body)},
        accounts={name: fields.text(_object(body, "accounts"), name) for name in _object(body, "accounts")},
    )


def _token_and_feed(body: Mapping[str, Any]) -> tuple[str, str]:
    return fields.text(body, "token").lower(), fields.text(body, "feed").lower()


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return fields.mapping(body.get(name) or {}, name)
