"""Everybody that a crossing needs: chains, a custodian, the product's watch, books and worker, and market time for all."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Lock, Thread
from typing import Any

from tests.issuance.crossing.places import HOLDERS, Leaving, Place
from tests.watch.fake_custodian import FakeCustodian, serve
from tests.watch.stage import ISIN, NOON, NVDA, STOCK

from openscrip.assets import accounts
from openscrip.assets.actions import Wake, Woken
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES, HEARS, view_of
from openscrip.issuance.actions import Burn, Mint, Refund, Report
from openscrip.issuance.attestor import WatchClient
from openscrip.issuance.bridge_row import Crossing, destination_hash
from openscrip.issuance.calls import Calls
from openscrip.issuance.chain import Call, Chain, Landing, Outcome
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.news import News
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import MintKind, MintVoucher, evidence_hash
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Refused
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Books
from openscrip.runtime.feed import Feed
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command, Unit
from openscrip.runtime.worker import Retries, Worker
from openscrip_watch.attestor import Watch, read_asked
from openscrip_watch.batch import Answer, Asked
from openscrip_watch.keys import WatchKeys
from openscrip_watch.refusal import BadInput, Refusal, Silent
from openscrip_watch.store import Store as WatchStore

LISTED = "listed-wallet"


class NearWatch(WatchClient):
    """The product's client of a watch that judges in this very process, on a store and readings of its own."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.asked = 0
        self._waiting: SimpleQueue[tuple[Asked, Future[Answer | Refusal]] | None] = SimpleQueue()
        self._judging = Lock()
        self._judge = Thread(target=self._judge_all, daemon=True)
        self._judge.start()

    def close(self) -> None:
        """Judge no more."""
        self._waiting.put(None)
        self._judge.join(10)

    def push_clock(self, now: int) -> None:
        """As `WatchClient.push_clock`."""
        with self._judging:
            self.watch.push_clock(now)

    def _judge_all(self) -> None:
        """Whoever waits is judged on one reading, as the watch's own door does it."""
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while not self._waiting.empty() and len(batch) < 64 and (more := self._waiting.get_nowait()) is not None:
                batch.append(more)
            try:
                with self._judging:
                    answers = self.watch.answer_all([asked for asked, _ in batch])
                for (_, told), answer in zip(batch, answers, strict=True):
                    told.set_result(answer)
            except BaseException as error:  # noqa: BLE001  # whoever waits is told
                for _, told in batch:
                    if not told.done():
                        told.set_exception(error)

    def _exchange(self, method: str, path: str, content: bytes | None) -> tuple[int, dict[str, Any]]:
        self.asked += 1
        try:
            asked = read_asked(path, json.loads(content or b"{}"))
        except BadInput as bad:
            return 400, {"code": bad.code, "text": bad.text}
        told: Future[Answer | Refusal] = Future()
        self._waiting.put((asked, told))
        answer = told.result(90)
        if isinstance(answer, Silent):
            return 503, {"code": answer.code, "text": answer.text}
        if isinstance(answer, Refusal):
            return 409, {"code": answer.code, "text": answer.text}
        return 200, json.loads(json.dumps(answer))


class Setting:
    """A stock on several places, covered by a custodian, with the product's workflow between them."""

    def __init__(self, folder: Path, places: Sequence[Place], keys: WatchKeys) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.places = folder, {place.name: place for place in places}
        self.clock = SteppedClock(NOON)
        self.random = Random(0)
        self.stormy = 0.0
        """How often blocks are undone while something waits for them."""
        self.custodian = FakeCustodian(NOON)
        self.server = serve(self.custodian)
        self.config = folder / "watch.json"
        self.watch_store = WatchStore(Path(":memory:"))  # that it outlives a power cut is another test's
        self.keys = keys
        self.listed: set[str] = set()
        self.undone = 0
        self.passing = Lock()

    def begin(self, chains: Mapping[str, Any], stock: Mapping[str, Any]) -> None:
        """Tell the watch where everything is, and wire books and worker. `chains` and `stock` as in the configuration."""
        body = {
            "custodian": f"http://127.0.0.1:{self.server.server_port}",
            "custodian_public_key": self.custodian.public_key,
            "stocks": {STOCK: {"isin": ISIN, "account": "SEG", **stock}},
            "evidence": str(self.folder),
            **chains,
        }
        self.config.write_text(json.dumps(body))
        self.watch = Watch(self.watch_store, self.keys, self.config, live=False)
        self.attestor = NearWatch(self.watch)
        self.attestor.push_clock(NOON)
        for place in self.places.values():
            place.connect(self.attestor)
        self.chains: dict[str, Chain] = {name: place.chain for name, place in self.places.items()}
        self.store = MemoryStore(accounts.CHART)
        self.terms = Terms(voucher_life_s=1_800)
        self.books = Books(DECIDES, HEARS, view_of(self.terms, self.clock.now), self.clock.now)
        self.crossings = Crossings(self.books, self.chains, self._screen)
        self.news = News(self.books, new_york_calendar(), self.crossings)
        tokens = tuple((name, place.token) for name, place in self.places.items())
        with self.store.transaction() as unit:
            unit.put(Stock(STOCK, ISIN, "SEG", NVDA.token_symbol, tokens))
        self.worker = self.new_worker()

    def new_worker(self) -> Worker:
        """The product's worker, one step at a time; what lies between two looks at a chain is a few blocks."""
        calls = Calls(self.store, self.chains, wait=lambda _: self.pass_by(), poll_s=0.0)
        perform: dict[type[Any], Any] = dict.fromkeys((Mint, Burn, Refund, Report), calls.perform)
        perform[Wake] = lambda lease: Woken(lease.command.action.why)
        return Worker(
            self.store, self.clock, perform, self._apply, feeds=self._feeds(), retries=Retries(0.01, 0.2, 100_000)
        )  # fmt: skip

    def _apply(self, unit: Unit, command: Command, answer: Any) -> None:
        if isinstance(answer, Refused):
            raise answer
        self.books.tell(unit, command.row_kind, command.row_id, answer)

    def _feeds(self) -> list[Feed]:
        return [Feed(f"chain:{name}", chain.events, self.news.from_chain) for name, chain in self.chains.items()]

    def _screen(self, chain: str, wallet: str) -> None:
        if f"{chain}:{wallet}" in self.listed:
            raise Refused("compliance.sanctioned_address", f"compliance: {wallet} was listed")

    def bury(self) -> None:
        """Everything that landed becomes final, everywhere."""
        for place in self.places.values():
            place.bury()

    def pass_by(self) -> None:
        """A few blocks, or, in a storm, others in the place of the newest. Whoever comes meanwhile shares them."""
        if not self.passing.acquire(blocking=False):
            with self.passing:
                return
        try:
            for place in self.places.values():
                if self.stormy and self.random.random() < self.stormy:
                    self.undone += place.reorganise(self.random)
                else:
                    place.bury()
        finally:
            self.passing.release()

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Work until nothing is due; whether it came to that, which it cannot while a chain is halted (`unfinished`)."""
        self.unfinished = ""
        self.worker.nudge()
        try:
            self.worker.run_until_idle(timeout_s)
        except TimeoutError as late:
            self.unfinished = str(late)
        return not self.unfinished

    def advance(self, seconds: int) -> None:
        """Market time passes for everybody."""
        self.clock.advance_to(self.clock.now() + seconds)
        now = self.custodian.now = self.clock.now()
        for place in self.places.values():
            place.set_time(now)
        self.attestor.push_clock(now)

    def stock(self) -> Stock:
        """The books' row."""
        with self.store.view() as view:
            found = view.row(Stock, STOCK)
        assert found is not None
        return found

    def crossing(self, row_id: str) -> Crossing:
        """A crossing's row."""
        with self.store.view() as view:
            found = view.row(Crossing, row_id)
        assert found is not None
        return found

    def rows(self) -> list[Crossing]:
        """Every crossing."""
        with self.store.view() as view:
            return view.rows(Crossing)

    def land(self, chain: Chain, calls: Sequence[Call]) -> Outcome:
        """Send and wait; the outcome of the last."""
        with self.store.view() as view:
            given = int(view.cursor(f"nonce:{chain.name}") or -1)
        nonce = max(chain.next_nonce(), given + 1) if chain.counts_nonces else 0
        signed = [chain.sign(call, nonce + place) for place, call in enumerate(calls)]
        for each in signed:
            chain.submit(each)
        self.bury()
        outcome = chain.outcomes(signed[-1:])[0]
        for _ in range(1_000):
            if outcome.landing not in (Landing.PENDING, Landing.UNKNOWN):
                break
            self.bury()
            outcome = chain.outcomes(signed[-1:])[0]
        return outcome

    def issue(self, name: str, holder: str, raw: RawAmount, mint_id: str) -> None:
        """Shares arrive in custody, and tokens for them are minted; books know of it."""
        stock, place = self.stock(), self.places[name]
        shares = stock.multiplier.to_shares_up(raw).whole_up()
        self.custodian.move("receipt", mint_id, ISIN, shares.atoms // 10**9)
        evidence = {
            "kind": "issuance", "mint_id": mint_id, "stock": STOCK, "isin": ISIN, "epoch": stock.epoch,
            "receipts": [{"receipt": mint_id, "shares": str(shares)}],
        }  # fmt: skip
        voucher = MintVoucher(
            name, STOCK, place.token, place.wallet(holder), raw, MintKind.ISSUANCE, mint_id, evidence_hash(evidence),
            stock.epoch, stock.multiplier, self.clock.now() + 1_800,
        )  # fmt: skip
        assert self.land(place.chain, place.chain.prepare_mint(voucher, evidence)) == Outcome(Landing.FINAL)
        names = accounts.raw_issuer(STOCK, name), accounts.raw_supply(STOCK, name)
        with self.store.transaction() as unit:
            unit.post((Transfer(f"issued:{mint_id}", *names, raw.grains, mint_id),))

    def leaving(self, source: str, holder: str, raw: str, destination: str, receiver: str, request: str) -> Leaving:
        """A departure in the chains' own words; `receiver` is a holder's name."""
        there = self.places[destination]
        word = there.chain.word_of(there.wallet(receiver))
        return Leaving(holder, RawAmount.parse(raw), destination_hash(there.chain.caip2()), word, request)

    def open_lanes(self, hour_cap: RawAmount) -> None:
        """From everywhere to everywhere."""
        for place in self.places.values():
            for other in self.places.values():
                if other is not place:
                    place.open_lane(other.chain.caip2(), hour_cap)

    def split(self, epoch: int, multiplier: Multiplier) -> None:
        """The books count anew."""
        before = self.stock()
        with self.store.transaction() as unit:
            unit.put(replace(before, multiplier=multiplier, epoch=epoch, chain_epoch=epoch))

    def close(self) -> None:
        """End everything."""
        self.attestor.close()
        self.watch.close()
        self.server.shutdown()
        self.server.server_close()
        for place in self.places.values():
            place.close()


__all__ = ["HOLDERS", "LISTED", "Setting"]
