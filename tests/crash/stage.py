"""The whole stack with one stock and one investor, and a worker that lives, dies and lives again in its own process."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.crash.nursery import IDLE_S, surroundings
from tests.databases import sqlite_place

from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.capital import buy_inventory, pay_in_capital
from openscrip.bootstrap.investors import Investor, onboard, pay, put_into_escrow
from openscrip.bootstrap.listing import list_stock
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import Platform, build_platform
from openscrip.bootstrap.stack import Stack
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.settings import load_settings

ROOT = Path(__file__).parents[2]
STOCK = "TSLA"
DAY_S = 86_400
ALICE = Person("alice", "Alice Example", PersonKind.NATURAL, "DE", "DE", "DE")
Life = Mapping[str, Any]


class Nursery:
    """The process that forks workers."""

    def __init__(self, data: Path) -> None:
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery", str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    def live(self, life: Life) -> int:
        """One life of a worker: 0 when it ended idle, -9 when it was killed."""
        to, out = self._process.stdin, self._process.stdout
        assert to is not None
        assert out is not None
        to.write(json.dumps(life).encode() + b"\n")
        to.flush()
        assert select.select([out], [], [], IDLE_S + 30)[0], "nursery: a life did not end"
        return int(json.loads(out.readline())["ended"])

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Stage:
    """Drives market time from one due instant to the next; whatever dies meanwhile is started again."""

    def __init__(
        self, data: Path, *, solana_slot_ms: int = 400, evm_chains: int = 1, on: Callable[[Path], Path] = sqlite_place
    ) -> None:
        """`on` says which database the books lie in, as in `tests.databases`."""
        settings = load_settings({**surroundings(on(data)), "OPENSCRIP_EVM_LOCAL_CHAINS": str(evm_chains)}, data)
        self.settings = settings
        self.data = data
        self.places = Places(data)
        self.stack = Stack(settings, self.places, solana_slot_ms=solana_slot_ms)
        wiring = self.stack.start()
        self.nursery = Nursery(data)
        self.asked: list[Subscription | Redemption] = []
        self.kills = 0
        self.lives = 0
        try:
            platform = build_platform(settings, self.places, wiring)
            self.platform: Platform = list_stock(platform, STOCK)[0]
            pay_in_capital(self.platform, Money(100_000_000 * 10**6))
            self.alice: Investor = onboard(self.platform, self.stack, ALICE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.platform.close()
        self.close()

    def close(self) -> None:
        """End every child."""
        self.nursery.close()
        self.stack.stop()

    def keep_inventory(self, shares: int) -> None:
        """Buy the issuer's own shares, which give and take fractions."""
        buy_inventory(self.platform, "first", STOCK, Shares.whole(shares))

    def subscribe(self, request_id: str, chain: str, shares: str) -> Subscription:
        """Ask, and pay."""
        wallet = self.alice.address(chain)
        asked = self.platform.market.subscribe(request_id, "alice", STOCK, chain, wallet, Shares.parse(shares))
        assert asked.state == "awaiting_payment", asked
        pay(self.platform, asked)
        self.asked.append(asked)
        return asked

    def redeem(self, request_id: str, chain: str, raw: str, kind: RedemptionKind) -> Redemption:
        """Ask, and put the tokens into escrow."""
        wallet, to = self.alice.address(chain), "AP-1" if kind is RedemptionKind.IN_KIND else ""
        amount = RawAmount.parse(raw)
        asked = self.platform.market.redeem(request_id, "alice", STOCK, chain, wallet, amount, kind, to)
        assert asked.state == "requested", asked
        put_into_escrow(self.platform, self.alice, asked)
        self.asked.append(asked)
        return asked

    def settle(self, life: Callable[[], Life]) -> None:
        """Live one life after another until a worker ends idle."""
        while True:
            self.lives += 1
            ended = self.nursery.live(life())
            if ended == 0:
                return
            assert ended == -9, f"stage: a worker ended with {ended}"
            self.kills += 1

    def play(self, life: Callable[[], Life], days: int = 8) -> None:
        """Go on until nothing is open and nothing will come by itself for whoever still waits."""
        clock = self.platform.clock
        ends = clock.now() + days * DAY_S
        self.settle(life)
        while self.open_rows():
            due = [at for at in (self.stack.next_due(), self.platform.store.next_due()) if at is not None]
            next_at = min((at for at in due if at > clock.now()), default=ends + 1)
            assert next_at <= ends, f"stage: after {days} days still open: {self.open_rows()}"
            self.stack.advance_to(next_at)
            self.settle(life)

    def open_rows(self) -> list[str]:
        """Requests that are not completed, in words."""
        with self.platform.store.view() as view:
            rows: list[Subscription | Redemption] = [*view.rows(Subscription), *view.rows(Redemption)]
        return [f"{row.id} {row.state} {row.reason}" for row in rows if row.state != "completed"]
