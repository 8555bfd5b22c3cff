"""A process that forks lives of a whole venue with its money, one at a time: `python -m tests.bootstrap.money_nursery DIR`.

Each life opens the venue's journal, its ledger and its money anew from `DIR`, works until nothing is left to do, or kills
itself where no life has died before, as a power cut would. A line on stdin is a life; the answer says how it ended.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.bootstrap.money_stage import DAY_S, TREASURY_KEY, evm_key, screen
from tests.issuance.test_evm_chain import CHAIN_ID, SigningAttestor

from openscrip.assets.banks.paper import PaperBankClient
from openscrip.bootstrap.venue_approver_client import VenueApproverClient
from openscrip.bootstrap.venue_money import MoneyChain, VenueMoney, VenuePaymentKeys, open_money_store
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.deployment import EvmDeployment
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.treasury import EvmVoidingTreasury
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.quantities import ATOMS_PER_GRAIN
from openscrip.markets.commands import Admit, Open
from openscrip.markets.funding import FundingTerms, Holding, Nature, VenueAction
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_door import SequencerDoor, VenueDoor
from openscrip.markets.funding_withdrawals import VenueWithdrawal
from openscrip.markets.instruments import money, token
from openscrip.markets.recovery import facts_after, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.settlement import SETTLEMENT_REGISTERED, Settlement
from openscrip.markets.venue import Venue

ASSETS = (money(1, "USD", "ZUSD"), token(2, "TSLAx"), money(3, "TUSD"))
ENDED = ("credited", "returned", "kept", "suspense", "done", "refused", "given_back")
IDLE_S = 60.0


def die() -> None:
    """End this process at once: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_once_at_each(deaths: Path) -> Callable[[str], None]:
    """A probe that kills where no earlier life died; it writes the place down first."""
    died = set(deaths.read_text().splitlines()) if deaths.exists() else set()

    def probe(told: str) -> None:
        point, _, subjects = told.partition(": ")
        new = [line for line in (f"{point}\t{subject}" for subject in subjects.split(", ")) if line not in died]
        if new:
            with deaths.open("a") as file:
                file.write("".join(f"{line}\n" for line in new))
            die()

    return probe


class ProbedDoor:
    """The real door, which dies before and after."""

    def __init__(self, door: SequencerDoor, probe: Callable[[str], None]) -> None:
        self._door, self._probe = door, probe

    def tell(self, action: VenueAction) -> None:
        subject = f"{type(action).__name__} {action.reference}"
        self._probe(f"before venue: {subject}")
        self._door.tell(action)
        self._probe(f"after venue: {subject}")


def terms_of(told: dict[str, Any]) -> FundingTerms:
    """The holdings that a stage's `told.json` names."""
    holdings = (
        Holding("TSLAx", "evm", Nature.TOKEN, told["tokens"]["TSLAx"], told["treasury"], atoms_per_unit=ATOMS_PER_GRAIN),
        Holding("TUSD", "evm", Nature.COIN, told["tokens"]["TUSD"], told["treasury"]),
        Holding("USD", "bank", Nature.CASH),
    )
    return FundingTerms({each.id: each for each in holdings}, DAY_S, 60, 3)


def money_of(folder: Path, told: dict[str, Any], door: VenueDoor, parts: ExitStack) -> VenueMoney:
    """The venue's money of a folder, on the parts that run; `parts` closes the connections to them."""
    rpc, approver, bank = JsonRpc(told["evm"]), VenueApproverClient(told["approver"]), PaperBankClient(told["bank"])
    for each in (rpc, approver, bank):
        parts.callback(each.close)
    node = Node(rpc, CHAIN_ID, Fees())
    deployment, sender = EvmDeployment.from_json(told["deployment"]), evm_key("sender")
    chain = EvmChain("evm", node, deployment, sender, sender, SigningAttestor(node))
    vault = EvmVoidingTreasury("evm", node, told["treasury"], evm_key("treasurer"), approver)
    reading = EvmHistory("evm", rpc, "latest", tail_blocks=0)
    store = open_money_store(folder / "venue", lambda: int(told["now"]), SETTLEMENT_REGISTERED)
    return VenueMoney(
        store, terms_of(told), {"evm": MoneyChain(chain, vault, reading)}, {"USD": bank},
        VenuePaymentKeys(TREASURY_KEY, approver), door, screen, SimpleNamespace(now=lambda: int(told["now"])),
    )  # fmt: skip


@contextmanager
def a_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def live(folder: Path, life: dict[str, Any]) -> None:
    """Open everything, work until nothing is left to do, and say what there is."""
    told = json.loads((folder / "told.json").read_text())
    probe = dying_once_at_each(folder / "deaths") if life.get("mortal") else lambda _: None
    venue, journal = open_venue(folder / "journal", Venue)
    with a_loop() as loop:

        async def begin() -> Sequencer:
            sequencer = await Sequencer(venue, journal, lambda: int(told["now"]) * 10**6).__aenter__()
            if not venue.instruments.assets:
                for each in ASSETS:
                    sequencer.submit(Admit(each))
                for number, name in ((1, "alice"), (2, "bob")):
                    sequencer.submit(Open(number, name))
            return sequencer

        sequencer = asyncio.run_coroutine_threadsafe(begin(), loop).result(60)
        asyncio.run_coroutine_threadsafe(sequencer.settled(), loop).result(60)
        numbers = {asset.altname: number for number, asset in venue.instruments.assets.items()}
        money_there = money_of(
            folder, told, ProbedDoor(SequencerDoor(sequencer, loop, numbers.__getitem__), probe), ExitStack()
        )

        def again(sequence: int) -> Any:
            return facts_after(folder / "journal", Venue, sequence, sequencer.durable_sequence)

        settlement = Settlement(money_there.store, venue.instruments, again, lambda: int(told["now"]))
        sequencer.consumers.append(settlement.hear)
        settlement.start(sequencer.durable_sequence, balances(venue), 30)
        work(money_there, probe)
        asyncio.run_coroutine_threadsafe(sequencer.settled(), loop).result(60)
        settlement.reached(sequencer.durable_sequence, 30)
        found = settlement.compare(sequencer.durable_sequence, balances(venue))
        if found is None or found:
            raise AssertionError(f"the ledger and the venue differ: {found}")
        settlement.stop()
        (folder / "balances.json").write_text(json.dumps(sorted([*key, amount] for key, amount in balances(venue).items())))
        asyncio.run_coroutine_threadsafe(sequencer.__aexit__(None, None, None), loop).result(60)


def balances(venue: Venue) -> dict[tuple[int, int], int]:
    """What the venue owes, by account and asset."""
    return {
        (account, asset): balance
        for account in venue.accounts
        for asset, (balance, _) in venue.balances(account).items()
        if balance
    }


def work(money_there: VenueMoney, probe: Callable[[str], None]) -> None:
    """Until everything that came and was asked has ended."""
    worker, ends, quiet = money_there.worker(probe=probe), time.monotonic() + IDLE_S, 0
    while quiet < 3:
        did = worker.step()
        with money_there.store.view() as view:
            open_rows = [
                row.id for kind in (VenueDeposit, VenueWithdrawal) for row in view.rows(kind) if row.state not in ENDED
            ]
        quiet = 0 if did or open_rows else quiet + 1
        if not did:
            time.sleep(0.02)
        if time.monotonic() > ends:
            raise TimeoutError(f"money: {open_rows} were still open; {money_there.store.waiting()}; {worker.troubles()}")


def main() -> None:
    """Serve until stdin ends."""
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                live(folder, json.loads(line))
                code = 0
            except BaseException:  # noqa: BLE001  # the parent reads it, and the exit code
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}), flush=True)


if __name__ == "__main__":
    main()
