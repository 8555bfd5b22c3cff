"""Where everything lies under one data folder, and where the running parts listen."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.issuance.chains.evm.deployment import EvmDeployment
from openscrip.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders of one data folder."""

    data: Path

    @property
    def keys(self) -> Path:
        """The platform's keystore."""
        return self.data / "keys"

    @property
    def public_keys(self) -> Path:
        """The public halves of the keys that sign, for processes that hold none."""
        return self.data / "platform" / "public-keys.json"

    @property
    def pages_lock(self) -> Path:
        """Held by the one process that serves pages."""
        return self.data / "platform" / "pages.lock"

    @property
    def venue_keys(self) -> Path:
        """The venue's keystore."""
        return self.data / "venue" / "keystore"

    @property
    def wallets(self) -> Path:
        """Keys of the demonstration's investors: theirs, kept here because they have no wallet of their own."""
        return self.data / "wallets"

    @property
    def practice(self) -> Path:
        """Keys of the practice wallets that visitors of a paper run are lent."""
        return self.data / "practice"

    @property
    def identity(self) -> Path:
        """The paper identity provider."""
        return self.data / "identity"

    @property
    def watch_config(self) -> Path:
        """What the watch is told."""
        return self.data / "watch" / "config.json"

    @property
    def clock(self) -> Path:
        """Accelerated market time."""
        return self.data / "platform" / "clock"

    @property
    def wiring(self) -> Path:
        """Addresses and contracts, written when the parts stand."""
        return self.data / "platform" / "wiring.json"

    @property
    def doors(self) -> Path:
        """Where a running `openscrip up` answers."""
        return self.data / "doors.json"

    @property
    def evidence(self) -> Path:
        """The public folder with the evidence of every mint."""
        return self.data / "public"

    @property
    def reports(self) -> Path:
        """Reserve reports."""
        return self.data / "reports"


@dataclass(frozen=True, slots=True)
class EvmWiring:
    """One EVM chain: its node, its id, and the contracts there."""

    rpc: str
    chain_id: int
    deployment: Mapping[str, Any]

    @property
    def contracts(self) -> EvmDeployment:
        """The contracts."""
        return EvmDeployment.from_json(self.deployment)


@dataclass(frozen=True, slots=True)
class CustodianWiring:
    """One custodian beside the first: where it answers, its public key (hex), and our account there."""

    url: str
    key: str
    account: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """Where the parts answer and which contracts are in force. `more` are the EVM chains beside the first, by name."""

    evm_rpc: str
    evm_chain_id: int
    solana_rpc: str
    broker: str
    custodian: str
    custodian_key: str
    watch: str
    watch_solana_key: str
    deployment: Mapping[str, Any]
    feeds: Mapping[str, str]
    more: Mapping[str, EvmWiring] = field(default_factory=dict)
    broker_fix: str = ""
    """`host:port` of the broker's FIX acceptor."""
    broker_kind: str = "fix"
    """How the broker is spoken with: the books' place in its news means nothing to another kind."""
    more_custodians: Mapping[str, CustodianWiring] = field(default_factory=dict)
    """The custodians beside the first, by name."""

    @property
    def custodians(self) -> dict[str, CustodianWiring]:
        """Every custodian by name, `custodian` first."""
        first = CustodianWiring(self.custodian, self.custodian_key, SEGREGATED_ACCOUNT)
        return {"custodian": first} | dict(self.more_custodians)

    @property
    def contracts(self) -> EvmDeployment:
        """The contracts on the first EVM chain."""
        return EvmDeployment.from_json(self.deployment)

    @property
    def evm_chains(self) -> dict[str, EvmWiring]:
        """Every EVM chain by name, `evm` first."""
        return {"evm": EvmWiring(self.evm_rpc, self.evm_chain_id, self.deployment)} | dict(self.more)


def write_json(path: Path, document: object) -> None:
    """Replace a file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1, sort_keys=True))
    part.replace(path)


def write_wiring(places: Places, wiring: Wiring) -> None:
    """Remember where the parts are."""
    write_json(places.wiring, asdict(wiring))


def read_wiring(places: Places) -> Wiring:
    """Where the parts are. Raises `Refused("platform.missing")` in a data folder that was never started."""
    if not places.wiring.exists():
        raise Refused("platform.missing", f"platform: nothing was ever started in {places.data}; run `openscrip up`")
    told = json.loads(places.wiring.read_text())
    more = {name: EvmWiring(**each) for name, each in told.pop("more", {}).items()}
    custodians = {name: CustodianWiring(**each) for name, each in told.pop("more_custodians", {}).items()}
    return Wiring(**told, more=more, more_custodians=custodians)
