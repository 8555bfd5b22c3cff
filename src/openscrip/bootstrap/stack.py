"""The whole stack on one machine: chains, paper broker and custodian, and the watch, as processes with stores of their own.

`Stack.start` brings a data folder up, new or used before, and returns when every part answers; `stop` ends its children.
"""

import json
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from typing import Any

from solders.pubkey import Pubkey

from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.brokers.paper_margin import PaperCredit
from openscrip.assets.compliance.identities.paper import PaperIdentity
from openscrip.assets.custodians.iso_file_carrier import exchange_of
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.custodians.paper_core import CUSTODIAN
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.paper_child import BROKER_MODULE, CUSTODIAN_MODULE, PaperChild
from openscrip.assets.paper_client import PaperConnection
from openscrip.bootstrap.broker_line import refuse_other_kind
from openscrip.bootstrap.coin_founding import found_coins
from openscrip.bootstrap.coin_parts import watch_coins
from openscrip.bootstrap.compliance import plays_identity
from openscrip.bootstrap.market_clock import FileClock
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.places import CustodianWiring, EvmWiring, Places, Wiring, read_wiring, write_json, write_wiring
from openscrip.bootstrap.platform import evm_signer, solana_key, treasury_key
from openscrip.bootstrap.signer import keystore_of
from openscrip.issuance.chains.evm.deployment import EvmDeployment, EvmRoles, deploy_platform
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import SolanaRoles, found_program
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.programs import stock_program
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.keys import Keystore
from openscrip.runtime.settings import Settings

START_S = 180.0
FUNDED_ROLES = ("issuer", "lister", "corporate-action", "guardian")
EXECUTOR = "timelock-executor"


class WatchProcess:
    """The watch as a child, known to the platform by its address and public keys alone."""

    def __init__(self, places: Places, *, live: bool, port: int = 0) -> None:
        folder = places.data / "watch"
        self._keys, self._port = folder / "keys", port
        self._command = [
            sys.executable, "-m", "openscrip_watch", "attestor", "--data", str(folder), "--keys", str(self._keys),
            "--config", str(places.watch_config), "--die-with-parent", *(["--live"] if live else []),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.keys: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self) -> None:
        """Make missing keys, start, and wait for the ready line."""
        made = [sys.executable, "-m", "openscrip_watch", "keys", "--keys", str(self._keys)]
        if not (self._keys / "approver-evm.json").exists():
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=START_S)
        self._process = subprocess.Popen(
            [*self._command, "--port", str(self._port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        out = self._process.stdout
        ready = select.select([out], [], [], START_S)[0] if out else ()
        line = out.readline() if out and ready else b""
        if not line:
            self.stop()
            raise Unavailable(f"watch: was not ready within {START_S} s")
        told = json.loads(line)
        self.url, self.keys = told["url"], told["keys"]

    def stop(self) -> None:
        """Ask it to end and wait."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout:
            self._process.stdout.close()


def local_evm_chains(settings: Settings, places: Places) -> list[str]:
    """The names of the EVM chains of a data folder: as many as are set, and never fewer than it had."""
    before = len(read_wiring(places).evm_chains) if places.wiring.exists() else 0
    count = max(1, settings.evm.local_chains, before)
    return ["evm", *(f"evm-{number}" for number in range(2, count + 1))]


def local_custodians(settings: Settings, places: Places) -> list[str]:
    """The names of the custodians of a data folder: as many as are set, and never fewer than it had.

    Raises `Refused("custody.custodians")` for more of them than there were when its first stock was listed.
    """
    known = read_wiring(places) if places.wiring.exists() else None
    before = len(known.custodians) if known else 0
    count = max(settings.custody.custodians, before)
    if known and known.feeds and count > before:
        text = f"custody: {count} custodians were asked for a folder that listed stocks with {before}; start a new folder"
        raise Refused("custody.custodians", text)
    return ["custodian", *(f"custodian-{number}" for number in range(2, count + 1))]


class Stack:
    """The children of one data folder. `solana_slot_ms` is how fast the local cluster's slots pass, in machine time."""

    def __init__(self, settings: Settings, places: Places, *, solana_slot_ms: int = 400) -> None:
        live = settings.market.clock == "live"
        self._settings = settings
        self._places = places
        self._live = live
        self._keys = keystore_of(settings, places)
        self.clock = None if live else FileClock(places.clock, instant(settings.market.start))
        start_at = self.clock.now() if self.clock else 0
        data, ports = places.data, settings.ports
        self.evms = {
            name: EvmNode(
                data / name,
                node_modules(),
                port=ports.evm_rpc + place if ports.evm_rpc else 0,
                chain_id=settings.evm.chain_id + place,
                start_at=start_at,
                live=live,
                durable=True,
            )
            for place, name in enumerate(local_evm_chains(settings, places))
        }
        self.evm = self.evms["evm"]
        deployer = solana_key(self._keys).pubkey()
        self.solana = SolanaNode(
            data / "solana",
            port=ports.solana_rpc,
            live=live,
            start_at=start_at,
            slot_ms=solana_slot_ms,
            programs=[ProgramAtGenesis(local_program().program_id, stock_program(), deployer)],
        )
        timing = ["--live"] if live else ["--start-time", str(start_at)]
        line = settings.broker
        spoken = ["--alpaca"] if line.kind == "alpaca" else ["--sender", line.target, "--target", line.sender]
        fills = ["--at-once"] if line.paper_fills == "at_once" else []
        self.broker = PaperChild(BROKER_MODULE, data / "broker", [*timing, *spoken, *fills], ports.broker, ports.broker_fix)
        self.custodians: dict[str, PaperChild] = {}
        self._custodian_timing = timing
        self.watch = WatchProcess(places, live=live, port=ports.attestor)
        self._doors: dict[str, PaperConnection] = {}
        self._followers: dict[str, str] = {}

    def start(self) -> Wiring:
        """Start every part; deploy the contracts in a new folder. Returns where everything is."""
        (self._places.data / "platform").mkdir(parents=True, exist_ok=True)
        if self._places.wiring.exists():
            refuse_other_kind(self._settings, read_wiring(self._places))
        if plays_identity(self._settings.compliance):
            PaperIdentity(self._places.identity).open()
        try:
            parts: list[Callable[[], Any]] = [self.solana.start, self.broker.start, self.watch.start]
            _together([*(evm.start for evm in self.evms.values()), *parts])
            self._agree_credit()
            self._start_custodians()
            if self.clock is not None:
                self.advance_to(self.clock.now())
            return self._wire()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every child; each writes what it keeps."""
        parts: list[Callable[[], Any]] = [self.watch.stop, self.broker.stop, self.solana.stop]
        parts += [evm.stop for evm in self.evms.values()]
        parts += [each.stop for each in self.custodians.values()]
        _together(parts)
        self._keys.close()
        for door in self._doors.values():
            door.close()
        self._doors.clear()

    def pids(self) -> dict[str, int]:
        """The process ids of all children."""
        return {
            **{name: evm.pid for name, evm in self.evms.items()},
            "solana": self.solana.pid,
            "broker": self.broker.pid,
            **{name: each.pid for name, each in self.custodians.items()},
            "watch": self.watch.pid,
        }

    def advance_to(self, now: int) -> None:
        """Push accelerated market time to every part, the platform last. The caller sees to it that nothing is in flight."""
        if self.clock is None:
            raise Refused("clock.live", "clock: market time is the wall clock; it cannot be moved")
        # The chains first: what custodian and watch sign at `now` must not be ahead of a block.
        for evm in self.evms.values():
            evm.set_time(now)
        self.solana.set_time(now)
        for name, url in (*self._paper_parties(), ("watch", self.watch.url)):
            self._door(name, url).post("/v1/clock", {"now": now})
        self.clock.advance_to(now)

    def follow(self, name: str, url: str) -> None:
        """Tell a party of somebody else's the time, too."""
        self._followers[name] = url

    def forget(self, name: str) -> None:
        """Tell it no more."""
        self._followers.pop(name, None)

    def next_due(self) -> int | None:
        """When broker or custodians will do something by themselves."""
        found = []
        for name, url in self._paper_parties():
            due = self._door(name, url).get("/v1/clock").get("next_due")
            if due is not None:
                found.append(int(due))
        return min(found, default=None)

    def _door(self, name: str, url: str) -> PaperConnection:
        """The kept connection to a part; a part that was started anew may answer elsewhere."""
        if url not in self._doors:
            self._doors[url] = PaperConnection(name, url)
        return self._doors[url]

    def _paper_parties(self) -> list[tuple[str, str]]:
        """Broker and custodians with their addresses, in the order in which they are told the time."""
        if not self.custodians:
            raise Unavailable("stack: the custodians were not started")
        custodians = ((name, each.url) for name, each in self.custodians.items())
        return [("broker", self.broker.url), *custodians, *self._followers.items()]

    def _agree_credit(self) -> None:
        """The paper broker lends as is set, and by default nothing."""
        agreed = self._settings.financing
        credit = PaperCredit()
        if agreed.lender:
            credit = PaperCredit(agreed.limit_usd, agreed.rate_day_bps.count, agreed.haircut_bps.count)
        with closing(PaperBrokerClient(self.broker.url)) as office:
            office.agree(credit)

    def _start_custodians(self) -> None:
        treasury = treasury_key(self._keys).public_key.hex()
        options = [*self._custodian_timing, "--broker", self.broker.url]
        options += ["--treasury-key", treasury, "--approver-key", self.watch.keys["approver"]]
        for place, name in enumerate(local_custodians(self._settings, self._places)):
            number = f"-{place + 1}" if place else ""
            named = ["--name", f"{CUSTODIAN}{number}", "--account", f"{SEGREGATED_ACCOUNT}{number}"]
            if self._settings.custody.carrier == "files":
                named += ["--exchange", str(exchange_of(self._places.data, name))]
            bank = ["--bank", self.custodians["custodian"].url] if place else []
            port = self._settings.ports.custodian + place if self._settings.ports.custodian else 0
            child = PaperChild(CUSTODIAN_MODULE, self._places.data / name, [*options, *named, *bank], port)
            self.custodians[name] = child
            if not place:
                child.start()  # its address is the others' bank
        if len(self.custodians) > 1:
            _together([each.start for name, each in self.custodians.items() if name != "custodian"])

    def _custodian_wirings(self) -> dict[str, CustodianWiring]:
        found = {}
        for place, (name, child) in enumerate(self.custodians.items()):
            client = PaperCustodianClient(child.url)
            number = f"-{place + 1}" if place else ""
            found[name] = CustodianWiring(child.url, client.public_key().hex(), f"{SEGREGATED_ACCOUNT}{number}")
            client.close()
        return found

    def _wire(self) -> Wiring:
        """Fund the accounts, deploy the contracts where they are not yet, and write down where everything is."""
        known = read_wiring(self._places) if self._places.wiring.exists() else None
        for evm in self.evms.values():
            for role in (*FUNDED_ROLES, EXECUTOR):
                evm.fund(evm_signer(self._keys, role).address)
        if known is None:
            self._found_solana()
        before = known.evm_chains if known else {}
        stand = {
            name: EvmWiring(evm.url, evm.chain_id, before[name].deployment if name in before else self._deploy(evm).to_json())
            for name, evm in self.evms.items()
        }
        custodians = self._custodian_wirings()
        first = custodians.pop("custodian")
        wiring = Wiring(
            self.evm.url, self.evm.chain_id, self.solana.url, self.broker.url, first.url, first.key, self.watch.url,
            self.watch.keys["solana"], stand.pop("evm").deployment, known.feeds if known else {}, stand,
            f"127.0.0.1:{self.broker.fix_port}", self._settings.broker.kind, custodians,
        )  # fmt: skip
        write_wiring(self._places, wiring)
        if self._settings.treasury.test_coin == "on":
            found_coins(self._places, self._keys, self.evm, self.solana, self.watch.keys)
        write_watch_config(self._places, wiring, self._keys)
        return wiring

    def _deploy(self, evm: EvmNode) -> EvmDeployment:
        rpc = JsonRpc(evm.url)
        try:
            node = Node(rpc, evm.chain_id, Fees())
            deployer, age = evm_signer(self._keys, "lister"), self._settings.ages.feed_s_max
            return deploy_platform(node, deployer, self._roles(), node_modules(), feed_age_s_max=age)
        finally:
            rpc.close()

    def _found_solana(self) -> None:
        """Fund the keys that pay there, and name the program's roles; harmless when it was done."""
        key = {role: solana_key(self._keys, role).pubkey() for role in ("issuer", "corporate-action", "guardian")}
        for role in ("issuer", "guardian"):
            self.solana.fund(str(key[role]))
        attestor = Pubkey.from_string(self.watch.keys["solana"])
        roles = SolanaRoles.single(key["issuer"], attestor, key["corporate-action"], key["guardian"])
        cluster = Cluster(self.solana.url)
        try:
            found_program(cluster, local_program(), solana_key(self._keys), roles)
        finally:
            cluster.close()

    def _roles(self) -> EvmRoles:
        address = {role: evm_signer(self._keys, role).address for role in (*FUNDED_ROLES, EXECUTOR)}
        return EvmRoles(
            address["issuer"],
            self.watch.keys["evm"],
            address["corporate-action"],
            address["guardian"],
            address[EXECUTOR],
            address["lister"],
        )


def write_watch_config(
    places: Places,
    wiring: Wiring,
    keys: Keystore,
    stocks: dict[str, dict[str, Any]] | None = None,
    operations: Sequence[str] = (),
) -> None:
    """Tell the watch where to look; `stocks` are added to those that it knows, `operations` to what its operator allows."""
    path = places.watch_config
    before: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"stocks": {}}
    consents = sorted({*before.get("solana", {}).get("operations", []), *operations})
    consented = {"operations": consents} if consents else {}
    evms = {
        name: {"rpc": each.rpc, "chain_id": each.chain_id, "issuer_contract": each.contracts.issuer}
        for name, each in wiring.evm_chains.items()
    }
    program, issuer = local_program().program_id, solana_key(keys).pubkey()
    document = {
        "custodians": {
            name: {"url": each.url, "public_key": each.key, "form": "iso20022"} for name, each in wiring.custodians.items()
        },
        "bank": wiring.custodian,
        "broker": wiring.broker,
        **evms,
        "solana": {"rpc": wiring.solana_rpc, "program": str(program), "issuer_pubkey": str(issuer)} | consented,
        "stocks": before["stocks"] | (stocks or {}),
        "evidence": str(places.evidence),
        "coins": watch_coins(places, str(solana_key(keys, "treasury").pubkey())),
    }
    write_json(path, document)


def wiring_json(wiring: Wiring) -> dict[str, Any]:
    """The wiring as plain JSON values."""
    return asdict(wiring)


def _together(starts: Sequence[Callable[[], Any]]) -> None:
    """Run all in parallel; the first failure is raised after all have ended."""
    with ThreadPoolExecutor(len(starts)) as pool:
        running = [pool.submit(start) for start in starts]
    for each in running:
        each.result()
