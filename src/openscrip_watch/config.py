"""Where the watch looks: a JSON file, read again when it changes. Stocks can be added, never changed or taken away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openscrip_watch import fields
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
    """The node, the multisig that holds the mints' authorities, and the issuer who pays fees."""

    rpc: str
    multisig: str
    issuer: str
    commitment: str = "finalized"
    resume: tuple[str, ...] = ()
    """Mints that the watch's operator allows to be resumed after a pause."""


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

    def address(self, chain: str) -> str:
        """The token on a chain. Raises `chain.unknown`."""
        address = {"evm": self.token, "solana": self.mint}.get(chain, "")
        refuse_unless(bool(address), "chain.unknown", f"stock: {self.symbol} was not listed on {chain!r:.20}")
        return address


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Everything that the watch is told. Times in seconds of market time, money in dollars."""

    custodian: str
    custodian_key: str
    broker: str
    evm: EvmConfig | None
    solana: SolanaConfig | None
    stocks: Mapping[str, StockConfig]
    evidence: str = ""
    """Public folder with `evidence.jsonl`; used by the verifier."""
    statement_age_s_max: int = 300
    feed_refresh_s: int = 1_800
    fraction_usd_max: int = field(default=5_000)
    """The most that is paid for a fraction of a share without a sale at the broker."""


def read_config(body: Mapping[str, Any]) -> WatchConfig:
    """The configuration in a JSON object. Raises `BadInput` or `Refusal("config.…")`."""
    stocks = {symbol: _stock(symbol, fields.mapping(each, symbol)) for symbol, each in _object(body, "stocks").items()}
    evm, solana = _object(body, "evm"), _object(body, "solana")
    config = WatchConfig(
        custodian=fields.text(body, "custodian").rstrip("/"),
        custodian_key=fields.text(body, "custodian_public_key"),
        broker=str(body.get("broker") or "").rstrip("/"),
        evm=EvmConfig(
            fields.text(evm, "rpc"),
            fields.integer(evm, "chain_id", 1),
            fields.text(evm, "issuer_contract").lower(),
            int(evm.get("depth", 0)),
            tuple(str(each) for each in evm.get("cancel", ())),
        )
        if evm
        else None,
        solana=SolanaConfig(
            fields.text(solana, "rpc"),
            fields.text(solana, "multisig"),
            fields.text(solana, "issuer_pubkey"),
            str(solana.get("commitment", "finalized")),
            tuple(str(each) for each in solana.get("resume", ())),
        )
        if solana
        else None,
        stocks=stocks,
        evidence=str(body.get("evidence") or ""),
        **{name: fields.integer(body, name, 1) for name in _LIMITS if name in body},
    )
    complete = all((not each.token or config.evm) and (not each.mint or config.solana) for each in stocks.values())
    refuse_unless(complete, "config.chain", "config: a stock was listed on a chain that was not configured")
    return config


_LIMITS = ("statement_age_s_max", "feed_refresh_s", "fraction_usd_max")


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
    same = (before.custodian_key, before.evm and before.evm.issuer_contract, before.solana and before.solana.multisig)
    same_now = (after.custodian_key, after.evm and after.evm.issuer_contract, after.solana and after.solana.multisig)
    refuse_unless(
        kept and (same == same_now or not before.stocks),
        "config.changed",
        "config: a listed stock, the custodian's key or a contract was changed; only stocks may be added",
    )


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
    )


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return fields.mapping(body.get(name) or {}, name)
