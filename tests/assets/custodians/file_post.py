"""Issuer and paper custodian with an exchange folder between them, in one thread, each killed before any step on the disk."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conformance.brokers import START
from tests.conformance.paper_parties import APPROVER, TREASURY, TSLA

from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.custodians.iso import IsoCustodian
from openscrip.assets.custodians.iso_file_carrier import FileCarrier
from openscrip.assets.custodians.iso_store import IsoStore
from openscrip.assets.custodians.paper_files import FileDesk
from openscrip.assets.custodians.paper_server import House, custodian_shell
from openscrip.assets.custodians.two_keys import Ed25519TwoKeys
from openscrip.assets.custody import SEGREGATED_ACCOUNT, Instruction, InstructionKind
from openscrip.assets.paper import CashIn, Transfer, TransferAnswer
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import sqlite_url

STEPS = frozenset(("open", "os.rename", "os.remove", "os.mkdir"))


class Killed(BaseException):
    """The process ended here, as a power cut would end it."""


class Scythe:
    """Ends `side` before its `left`-th step on the disk below `folder`."""

    def __init__(self) -> None:
        self.side, self.left, self.folder, self.now = "", 0, "", ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.left and event in STEPS and self.now == self.side and self.folder in str(args[0]):
            self.left -= 1
            if not self.left:
                raise Killed

    def aim(self, folder: Path, side: str, left: int) -> None:
        """Arm it."""
        self.side, self.left, self.folder = side, left, str(folder)

    @contextmanager
    def at_work(self, side: str) -> Iterator[None]:
        """`side` is the one that works now."""
        before, self.now = self.now, side
        try:
            yield
        finally:
            self.now = before


SCYTHE = Scythe()
sys.addaudithook(SCYTHE)


class NoBroker:
    """These shares come from outside."""

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        raise Unavailable(f"broker: {transfer.id} was not expected")

    def receive(self, transfer: Transfer) -> TransferAnswer:
        raise Unavailable(f"broker: {transfer.id} was not expected")

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        raise Unavailable(f"broker: {cash.id} was not expected")


class Paced(FileCarrier):
    """Lets the custodian work whenever the issuer waits."""

    post: "FilePost"

    def _answered(self, stem: str) -> dict[str, Any]:
        self.post.custodian_works()
        return super()._answered(stem)


class FilePost:
    """Both sides and the folder; a side that was killed is opened again from its disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.exchange = folder, folder / "exchange"
        (folder / "issuer").mkdir(parents=True)
        self.house: House | None = None
        self.open_custodian()
        self.open_issuer()

    def open_custodian(self) -> None:
        """Start the custodian from its disk."""
        if self.house is not None:
            self.house.close()
        keys = Ed25519TwoKeys(TREASURY.public_key(), APPROVER.public_key())
        with SCYTHE.at_work("opening"):
            self.house = custodian_shell(self.folder / "custodian", instant(START), NoBroker(), keys)
            self.desk = FileDesk(self.exchange, self.house.shell, self.house.box, TREASURY.public_key())

    def open_issuer(self) -> None:
        """Start the adapter from its disk."""
        store = IsoStore.open(sqlite_url(self.folder / "issuer" / "custody.db"))
        assert self.house is not None
        core = self.house.shell.core()

        def kept(number: int) -> str | None:
            row = store.message("custodian", number)
            return None if row is None else row.envelope.hash

        def now() -> int:
            return self.now

        with SCYTHE.at_work("opening"):
            self.carrier = Paced(self.exchange, core.public_key(), TREASURY.sign, now, kept, 0)
        self.carrier.post = self
        self.iso = IsoCustodian("custodian", self.carrier, store, core.public_key(), TREASURY.sign, now, new_york_calendar())

    @property
    def now(self) -> int:
        """The custodian's market time."""
        assert self.house is not None
        return self.house.shell.core().now

    @property
    def refused(self) -> dict[str, int]:
        """What the custodian refused, by rule."""
        assert self.house is not None
        return dict(self.house.box.refused)

    @property
    def letters(self) -> int:
        """How many messages the custodian has written."""
        assert self.house is not None
        return len(self.house.shell.core().post.letters)

    def custodian_works(self) -> None:
        """One look into the folder; after a kill, a new start and one more."""
        try:
            with SCYTHE.at_work("custodian"):
                self.desk.work()
        except Killed:
            self.open_custodian()
            self.desk.work()

    def advance_to(self, now: int) -> None:
        """Market time at the custodian, with a look before it and after it."""
        assert self.house is not None
        self.custodian_works()
        self.house.shell.push_clock({"now": now})
        self.custodian_works()

    def close(self) -> None:
        """Close both."""
        self.iso.close()
        assert self.house is not None
        self.house.close()

    def lying(self) -> list[str]:
        """What lies in `in` and `out`."""
        return sorted(each.name for way in ("in", "out") for each in (self.exchange / way).iterdir())


def receive(case: str, quantity: int = 5) -> Instruction:
    """Shares that come from outside."""
    whole = Shares.whole(quantity)
    return Instruction(case, InstructionKind.RECEIVE, TSLA, whole, SEGREGATED_ACCOUNT, "OUTSIDE", "sub-1")
