"""The venue's money put together: chains, banks and the second key of a data folder, performed by a worker in a thread.

What the wiring names is looked at each second: a stock that was listed meanwhile gets its deposits and withdrawals while the
venue runs on.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack

from openscrip.assets.bank import Bank
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.compliance.sanctions import demonstration_lists
from openscrip.bootstrap.places import Wiring
from openscrip.bootstrap.venue_approver_client import VenueApproverClient
from openscrip.bootstrap.venue_money import MoneyChain, VenueMoney, VenuePaymentKeys
from openscrip.bootstrap.venue_wiring import EVM, SOLANA, VenueKeys, VenueWiring
from openscrip.issuance.attestor import WatchClient
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.treasury import EvmVoidingTreasury
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.chains.solana.treasury import SolanaTreasury
from openscrip.issuance.compliance import address_screening
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Unavailable
from openscrip.markets.funding import FundingTerms
from openscrip.markets.funding_door import VenueDoor
from openscrip.runtime.keys import passphrase_from
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore

log = logging.getLogger(__name__)

STOPPED_S = 60.0
LOOKED_S = 1.0


def build_funds(
    settings: Settings, platform: Wiring, wiring: VenueWiring, store: SqlStore, door: VenueDoor, clock: Clock, stack: ExitStack
) -> VenueMoney:
    """Connect to what `wiring` names; `stack` closes the connections."""
    keys = VenueKeys(settings.data / "venue", passphrase_from(os.environ))
    approver = VenueApproverClient(wiring.approver)
    watch = WatchClient(platform.watch)
    stack.callback(approver.close)
    stack.callback(watch.close)
    holdings = {each.id: each for each in wiring.holdings()}
    terms = FundingTerms(holdings, settings.venue.address_delay_s)

    def rpc(url: str) -> JsonRpc:
        made = JsonRpc(url)
        stack.callback(made.close)
        return made

    def on_evm() -> MoneyChain:
        treasury, finality = wiring.treasuries[EVM], settings.evm.confirmations or settings.evm.finality
        node = Node(rpc(platform.evm_rpc), platform.evm_chain_id, Fees(), finality)
        chain = EvmChain(EVM, node, platform.contracts, keys.evm, keys.evm, watch)
        desk = EvmVoidingTreasury(EVM, node, treasury.address, keys.evm, approver)
        return MoneyChain(chain, desk, EvmHistory(EVM, rpc(platform.evm_rpc), finality, tail_blocks=0), treasury.first)

    def on_solana() -> MoneyChain:
        treasury, payer = wiring.treasuries[SOLANA], keys.solana
        clusters = [Cluster(platform.solana_rpc) for _ in range(2)]
        for cluster in clusters:
            stack.callback(cluster.close)
        chain = SolanaChain(clusters[0], local_program(), payer, payer, platform.watch_solana_key, watch)
        vault = SolanaTreasury(clusters[1], treasury.address, payer.pubkey(), payer, wiring.approver_keys[SOLANA], approver)
        return MoneyChain(chain, vault, SolanaHistory(SOLANA, rpc(platform.solana_rpc)), treasury.first, balance_is_units=True)

    makers: dict[str, Callable[[], MoneyChain]] = {EVM: on_evm, SOLANA: on_solana}
    chains = {name: makers[name]() for name in wiring.treasuries}
    banks: dict[str, Bank] = {}
    for currency, url in wiring.banks.items():
        banks[currency] = bank = PaperBankClient(url)
        stack.callback(bank.close)
    signers = VenuePaymentKeys(keys.bank, approver)
    screen = address_screening(demonstration_lists())
    return VenueMoney(store, terms, chains, banks, signers, door, screen, clock)


class FundsWorker:
    """Performs what the venue's money decides, in a thread of its own."""

    def __init__(self, money: VenueMoney) -> None:
        self.money = money
        self._worker = money.worker()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._worker.run_forever, args=(self._stop,), name="venue-money")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def nudge(self) -> None:
        """Something may be new."""
        self._worker.nudge()

    def troubles(self) -> list[str]:
        """What could not be done or read."""
        return [f"{feed}: {error}" for feed, error in self._worker.troubles().items()]

    def stop(self) -> None:
        """Finish what is in hand. Raises `Unavailable` when that takes too long; nobody else may begin then."""
        self._stop.set()
        self._worker.nudge()
        self._thread.join(STOPPED_S)
        if self._thread.is_alive():
            raise Unavailable(f"venue: its money's worker did not come to rest within {STOPPED_S:.0f} s")


class Funds:
    """The venue's money as its wiring is now. `make` connects to what a wiring names; its stack closes that again."""

    def __init__(self, wiring: Callable[[], VenueWiring | None], make: Callable[[VenueWiring, ExitStack], VenueMoney]) -> None:
        self._read, self._make = wiring, make
        self._wiring: VenueWiring | None = None
        self._worker: FundsWorker | None = None
        self._connections = ExitStack()
        self._trouble = ""
        self._one_at_a_time = threading.Lock()
        self._ended = False

    @property
    def money(self) -> VenueMoney | None:
        """What is in force; None before treasuries were founded."""
        return self._worker.money if self._worker else None

    def refresh(self) -> bool:
        """Take a changed wiring into force: finish what is in hand, and go on with the new one. Says whether it changed."""
        with self._one_at_a_time:
            wiring = self._read()
            if wiring is None or wiring == self._wiring or self._ended:
                return False
            if self._worker is not None:
                self._worker.stop()
                self._connections.close()
            self._connections = ExitStack()
            self._worker = FundsWorker(self._make(wiring, self._connections))
            self._worker.start()
            self._wiring = wiring
            return True

    async def follow(self) -> None:
        """Refresh now and then, until cancelled."""
        while True:
            await asyncio.sleep(LOOKED_S)
            try:
                await asyncio.to_thread(self.refresh)
                self._trouble = ""
            except (Unavailable, OSError, ValueError) as trouble:
                if str(trouble) != self._trouble:
                    log.warning("venue: its wiring could not be taken into force: %s", trouble)
                self._trouble = str(trouble)

    def troubles(self) -> list[str]:
        """What could not be done or read."""
        return [*([self._trouble] if self._trouble else []), *(self._worker.troubles() if self._worker else [])]

    def stop(self) -> None:
        """Finish what is in hand, and close the connections; for good."""
        with self._one_at_a_time:
            self._ended = True
            if self._worker is not None:
                self._worker.stop()
            self._connections.close()
