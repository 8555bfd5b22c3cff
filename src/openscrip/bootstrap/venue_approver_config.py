"""What the approver of the venue is told in `config.json` of its folder, and the approver built on it with its own eyes.

The file names chains, treasuries, tokens, banks and limits; the keys are made beforehand, so that treasuries can be founded
for them. Whoever may write the file may raise its limits: it belongs to the approver's operator, not to the venue's.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from solders.pubkey import Pubkey

from openscrip.assets.banks.paper import PaperBankClient
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import write_json
from openscrip.bootstrap.venue_approver import EvmSigning, SolanaSigning, VenueApprover
from openscrip.bootstrap.venue_money import arrivals
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import SolanaAccount
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Malformed, Refused
from openscrip.markets.funding import DAY_S, FundingTerms, Holding, Nature
from openscrip.markets.funding_approval import ApprovalTerms
from openscrip.runtime.keys import KeyKind, Keystore

CONFIG = "config.json"


class Closed(Protocol):
    """What is open until it is closed."""

    def close(self) -> None:
        """Close it."""
        ...


PartT = TypeVar("PartT", bound=Closed)


@dataclass(frozen=True, slots=True)
class ApproverHolding:
    """An asset at one place, as the approver signs for it; `day_max` in the venue's units, once for an asset."""

    asset: str
    place: str
    nature: str
    token: str = ""
    treasury: str = ""
    atoms_per_unit: int = 1
    day_max: int = 0


@dataclass(frozen=True, slots=True)
class EvmEyes:
    """An EVM chain; `finality` is a tag of the node, or digits: so many blocks on top."""

    rpc: str
    chain_id: int
    treasury: str
    finality: str = "finalized"
    first: int = 0


@dataclass(frozen=True, slots=True)
class SolanaEyes:
    """A cluster; `payer` and `treasurer` are the venue's keys there."""

    rpc: str
    treasury: str
    payer: str
    treasurer: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class ApproverConfig:
    """All of it. `clock` is `live`, or the file of accelerated market time."""

    holdings: tuple[ApproverHolding, ...]
    evm: Mapping[str, EvmEyes] = field(default_factory=dict)
    solana: Mapping[str, SolanaEyes] = field(default_factory=dict)
    banks: Mapping[str, str] = field(default_factory=dict)
    clock: str = "live"
    address_delay_s: int = DAY_S

    def write(self, folder: Path) -> None:
        """Put it where the approver looks."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / CONFIG, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "ApproverConfig":
        """Raises `Refused("approver.unready")` where there is none yet, `Malformed("approver.config")` for another's."""
        try:
            told: dict[str, Any] = json.loads((folder / CONFIG).read_text())
            holdings = tuple(ApproverHolding(**each) for each in told.pop("holdings"))
            evm = {name: EvmEyes(**each) for name, each in told.pop("evm").items()}
            solana = {name: SolanaEyes(**each) for name, each in told.pop("solana").items()}
            return cls(holdings, evm, solana, **told)
        except FileNotFoundError:
            raise Refused(
                "approver.unready", f"approver: {folder / CONFIG} was not written yet; found the treasuries first"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed("approver.config", f"approver: {folder / CONFIG} could not be read: {error}") from error


class ApproverKeys:
    """The approver's own keys, made where they are missing."""

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        keys = Keystore(folder / "keys", passphrase)
        self.evm = EvmAccount(keys.ensure("approver-evm", KeyKind.SECP256K1))
        self.solana = SolanaAccount(keys.ensure("approver-solana", KeyKind.ED25519))
        self.bank = keys.ensure("approver-bank", KeyKind.ED25519)

    def public(self) -> dict[str, str]:
        """What treasuries and banks are told: an address, a public key in base58, one in hex."""
        return {"evm": self.evm.address, "solana": str(self.solana.pubkey()), "bank": self.bank.public_key.hex()}


class ConfiguredApprover:
    """The approver of a folder, built when its configuration is there, and anew when that has changed."""

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self.folder = folder
        self.keys = ApproverKeys(folder, passphrase)
        self._stack = ExitStack()
        self._stamp = -1
        self._approver: VenueApprover | None = None
        self._holdings: dict[tuple[str, str], Holding] = {}

    def holding(self, asset: str, place: str) -> Holding:
        """Raises `Refused("approver.token")`."""
        found = self._holdings.get((asset, place))
        if found is None:
            raise Refused("approver.token", f"approver: {asset!a:.20} at {place!a:.20} was not configured")
        return found

    def ready(self) -> VenueApprover:
        """Raises as `ApproverConfig.read`."""
        path = self.folder / CONFIG
        stamp = path.stat().st_mtime_ns if path.exists() else -1
        if self._approver is None or stamp != self._stamp:
            config = ApproverConfig.read(self.folder)
            self.close()
            self._approver, self._stamp = self._build(config), stamp
        return self._approver

    def close(self) -> None:
        """Close record and connections."""
        self._stack.close()
        self._approver = None

    def _build(self, config: ApproverConfig) -> VenueApprover:
        holdings = [
            Holding(each.asset, each.place, Nature(each.nature), each.token, each.treasury, atoms_per_unit=each.atoms_per_unit)
            for each in config.holdings
        ]
        self._holdings = {(each.asset, each.place): each for each in holdings}
        limits: dict[str, int] = {}
        for each in config.holdings:
            limits[each.asset] = max(limits.get(each.asset, 0), each.day_max)
        banks = {currency: self._open(PaperBankClient(url)) for currency, url in config.banks.items()}
        now = clock_of("live" if config.clock == "live" else "accelerated", Path(config.clock), 0).now
        terms = ApprovalTerms(limits, config.address_delay_s)
        approver = self._open(VenueApprover(self.folder, terms, now, self.keys.bank, banks))
        all_terms = FundingTerms({each.id: each for each in holdings})
        for name, evm in config.evm.items():
            finality = int(evm.finality) if evm.finality.isdecimal() else evm.finality
            reading = EvmHistory(name, self._open(JsonRpc(evm.rpc)), finality, tail_blocks=0)
            signing = EvmSigning(self.keys.evm, evm.chain_id, evm.treasury)
            approver.watch_chain(name, signing, self._tokens(name), arrivals(all_terms, name, reading, evm.treasury, evm.first))
        for name, there in config.solana.items():
            cluster, history = self._open(Cluster(there.rpc)), SolanaHistory(name, self._open(JsonRpc(there.rpc)))
            payer, treasurer = Pubkey.from_string(there.payer), Pubkey.from_string(there.treasurer)
            seal = SolanaSigning(self.keys.solana, cluster, there.treasury, payer, treasurer)
            arrived = arrivals(all_terms, name, history, there.treasury, there.first)
            approver.watch_chain(name, seal, self._tokens(name), arrived)
        return approver

    def _tokens(self, place: str) -> dict[str, str]:
        return {asset: holding.token for (asset, at), holding in self._holdings.items() if at == place}

    def _open(self, part: PartT) -> PartT:
        self._stack.callback(part.close)
        return part
