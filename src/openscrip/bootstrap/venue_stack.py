"""The venue beside an issuer, as `openscrip up` runs it: its process, its second key's process, its banks' processes.

The first start founds a treasury of two keys on each chain. Later starts find what stands.
"""

import json
import os
import select
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from solders.pubkey import Pubkey

from openscrip.assets.paper_child import CUSTODIAN_MODULE, PaperChild
from openscrip.bootstrap.children import child_command, child_environment
from openscrip.bootstrap.coin_founding import MINTER, evm_account, solana_pair
from openscrip.bootstrap.coin_parts import read_coins
from openscrip.bootstrap.running import Running
from openscrip.bootstrap.venue_approver_client import VenueApproverProcess
from openscrip.bootstrap.venue_approver_config import ApproverConfig, ApproverHolding, EvmEyes, SolanaEyes
from openscrip.bootstrap.venue_catalogue import COIN
from openscrip.bootstrap.venue_wiring import EVM, SOLANA, TreasuryWiring, VenueKeys, VenueWiring
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.treasury import deploy_treasury
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.treasury import found_treasury
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.keys import Keystore, passphrase_from
from openscrip.runtime.settings import Settings

START_S, STOP_S = 180.0, 30.0
FUNDED_SOL = 10
DAY_MAX_UNITS = 10**15
"""What the approver signs for of one asset in a day: ten million tokens, or a billion dollars."""


class VenueChild:
    """`openscrip venue` as a child, known by its doors."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.doors: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def start(self) -> None:
        """Start it and wait until its doors are open. Raises `Unavailable`."""
        self._process = subprocess.Popen(
            child_command("venue", self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=child_environment(self.settings),
        )
        out = self._process.stdout
        ready = select.select([out], [], [], START_S)[0] if out else ()
        line = out.readline() if out and ready else b""
        if not line:
            self.stop()
            raise Unavailable(f"venue: was not ready within {START_S:.0f} s")
        told = json.loads(line)
        if "doors" not in told:
            self.stop()
            raise Unavailable(f"venue: it did not start: {told}")
        self.doors = told["doors"]

    def stop(self) -> None:
        """Ask it to end and wait; what does not end in time is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout:
            self._process.stdout.close()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            if self._process.stdout:
                self._process.stdout.close()


class VenueStack:
    """The venue of a running platform, with all stocks that are listed; one that is listed later joins them at once."""

    def __init__(self, run: Running) -> None:
        self._run = run
        settings, places = run.platform.settings, run.platform.places
        self._settings, self._folder = settings, places.data / "venue"
        self.keys = VenueKeys(self._folder, passphrase_from(os.environ))
        self.approver = VenueApproverProcess(places.data / "venue-approver")
        self.banks: dict[str, PaperChild] = {}
        self.venue = VenueChild(settings)

    def start(self) -> None:
        """Start everything and found what is missing."""
        try:
            self.approver.start()
            self._start_banks()
            self.refresh()
            self.venue.start()
            self._run.on_listed.append(self.refresh)
        except BaseException:
            self.stop()
            raise

    def refresh(self) -> None:
        """Tell approver and venue of all stocks that are listed now; both take it into force by themselves."""
        banks = {name: each.url for name, each in self.banks.items()}
        wiring = VenueWiring(self.approver.url, self.approver.keys, self._treasuries(), banks)
        self._tell_approver(wiring)
        wiring.write(self._folder)

    def stop(self) -> None:
        """End all of it; each writes what it keeps."""
        if self.refresh in self._run.on_listed:
            self._run.on_listed.remove(self.refresh)
        self.venue.stop()
        self.approver.stop()
        for currency, bank in self.banks.items():
            self._run.stack.forget(f"venue-bank-{currency}")
            bank.stop()

    def treasury(self, chain: str) -> str:
        """Where customers send to on a chain. Raises `LookupError` before the start."""
        wiring = VenueWiring.read(self._folder)
        if wiring is None:
            raise LookupError("venue: no treasury was founded")
        return wiring.treasuries[chain].address

    def pids(self) -> dict[str, int]:
        """The process ids of all of them."""
        banks = {f"venue-bank-{currency}": each.pid for currency, each in self.banks.items()}
        return {"venue": self.venue.pid, "venue-approver": self.approver.pid, **banks}

    def _start_banks(self) -> None:
        stack, settings = self._run.stack, self._settings
        live = settings.market.clock == "live"
        timing = ["--live"] if live else ["--start-time", str(stack.clock.now() if stack.clock else 0)]
        keys = ["--treasury-key", self.keys.bank_key, "--approver-key", self.approver.keys["bank"]]
        for currency in settings.venue.named_currencies:
            options = [*timing, "--broker", stack.broker.url, *keys, "--name", f"VENUE-{currency}"]
            folder = settings.data / f"venue-bank-{currency.lower()}"
            self.banks[currency] = PaperChild(CUSTODIAN_MODULE, folder, options)
        with ThreadPoolExecutor(len(self.banks)) as pool:
            list(pool.map(lambda bank: bank.start(), self.banks.values()))
        for currency, bank in self.banks.items():
            stack.follow(f"venue-bank-{currency}", bank.url)

    def _treasuries(self) -> dict[str, TreasuryWiring]:
        """Those that stand, or new ones, with the tokens of today."""
        before = VenueWiring.read(self._folder)
        found = {}
        for chain, make in ((EVM, self._on_evm), (SOLANA, self._on_solana)):
            known = before.treasuries.get(chain) if before else None
            address, first = (known.address, known.first) if known else make()
            found[chain] = TreasuryWiring(address, first, self._tokens(chain), self._coins(chain))
        return found

    def _on_evm(self) -> tuple[str, int]:
        stack = self._run.stack
        stack.evm.fund(self.keys.evm.address)
        rpc = JsonRpc(stack.evm.url)
        try:
            node = Node(rpc, stack.evm.chain_id, Fees())
            founder = evm_account(Keystore(self._run.platform.places.wallets), MINTER)
            stack.evm.fund(founder.address)
            first = int(str(rpc.call("eth_blockNumber")), 16)
            return deploy_treasury(node, founder, self.keys.evm.address, self.approver.keys[EVM]), first
        finally:
            rpc.close()

    def _on_solana(self) -> tuple[str, int]:
        stack = self._run.stack
        founder = solana_pair(Keystore(self._run.platform.places.wallets), MINTER)
        for key in (founder.pubkey(), self.keys.solana.pubkey()):
            stack.solana.fund(str(key), FUNDED_SOL)
        cluster = Cluster(stack.solana.url)
        try:
            approver = Pubkey.from_string(self.approver.keys[SOLANA])
            return found_treasury(cluster, founder, self.keys.solana.pubkey(), approver), 0
        finally:
            cluster.close()

    def _tokens(self, chain: str) -> dict[str, str]:
        return {f"{stock.id}x": stock.token(chain) for stock in self._run.platform.stocks()}

    def _coins(self, chain: str) -> dict[str, str]:
        tokens = [each.token for each in read_coins(self._run.platform.places) if each.chain == chain]
        return {COIN.altname: tokens[0]} if tokens else {}

    def _tell_approver(self, wiring: VenueWiring) -> None:
        settings, platform = self._settings, self._run.platform.wiring
        holdings = [
            ApproverHolding(
                each.asset, each.place, each.nature.value, each.token, each.treasury, each.atoms_per_unit, DAY_MAX_UNITS
            )
            for each in wiring.holdings()
        ]
        evm, solana = wiring.treasuries[EVM], wiring.treasuries[SOLANA]
        finality = str(settings.evm.confirmations or settings.evm.finality)
        key = str(self.keys.solana.pubkey())
        clock = "live" if settings.market.clock == "live" else str(self._run.platform.places.clock)
        ApproverConfig(
            tuple(holdings),
            {EVM: EvmEyes(platform.evm_rpc, platform.evm_chain_id, evm.address, finality, evm.first)},
            {SOLANA: SolanaEyes(platform.solana_rpc, solana.address, key, key, solana.first)},
            wiring.banks,
            clock,
            settings.venue.address_delay_s,
        ).write(self.approver.folder)


def doors_of(venue: VenueStack) -> dict[str, Any]:
    """The venue's doors by name, as others find them."""
    return {f"venue_{name}": url for name, url in venue.venue.doors.items()}
