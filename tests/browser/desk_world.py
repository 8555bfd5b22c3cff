"""A desk with something in every queue, served in process; market time and machine time stand at a Monday in June."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.web.desk_books import SplitQuestion, give_books
from tests.web.stage import Stage
from tests.web.venue_books import give_venue

from openscrip.assets.stock import Lot, Stock
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.break_row import Break, BreakOpened
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.coins import PayCoins, Stablecoin
from openscrip.issuance.coverage import ChainLine, Coverage
from openscrip.issuance.deposits import CoinDeposit, book
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption, MoveIn
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Parcel, Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command, Unit

NOW = 1_717_424_400
"""Monday 3 June 2024, 10:20 in New York."""
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
TEN, HOLDER = Shares.whole(10), "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"
STOCK = Stock(
    "AAPL", "US0378331005", "SEG", "AAPLx", (("evm", "0x" + "a1" * 20), ("solana", "4Nd1mYzUqT3hWkFh1kq4Vw8Lrj9wq3Zx")),
    price=PricePerShare.parse("194.03"),
)  # fmt: skip
COIN = Stablecoin("tusd:evm", "tusd", "evm", "0x" + "c0" * 20, "0x" + "7e" * 20, "0x" + "ba" * 20)
BREAK = Break("AAPL:supply:evm:1", "AAPL", "supply", "evm", "1,250.5", "1,250.75", "0.25", NOW - 25 * MINUTE_S)
SPLIT = SplitQuestion(NOW, 4, date(2024, 5, 28), "the split moves the multiplier by a factor of 4")
ASKED = SPLIT.asked
CASE = Case(
    "case-2024-0017", "alice", "name", "compliance.name_review", "the name is alike one of the OFAC list (score 0.87)", "g:1",
    NOW - 3 * HOUR_S, True,
)  # fmt: skip
OTHER_CASE = replace(CASE, id="case-2024-0018", person="bruno", what="the country of residence changed", opened_at=NOW - HOUR_S)
SUBSCRIPTION = Subscription(
    "sub-20240531-0042", "AAPL", "alice", "evm", HOLDER, TEN, STOCK.price, Money.parse("1960.00"), at_once=False,
    asked_at=NOW - 3 * DAY_S, paid=Money.parse("1960.00"), charged=Money.parse("1942.24"), allotted=TEN,
)  # fmt: skip
PARCEL = Parcel(1, TEN, (Lot("sub-20240531-0042:buy:t1", TEN),), RawAmount.parse("10"), 1, "moving")
REDEMPTION = Redemption(
    "red-20240602-0007", "AAPL", "bruno", "evm", HOLDER, RawAmount.parse("4"), RedemptionKind.CASH, "", 0, NOW - DAY_S,
    state="held", reason="bank: it refused the account",
)  # fmt: skip
CREATION = InKindCreation(
    "itn-8f41c20ab7", "AAPL", "ap-1", "evm", HOLDER, Shares.whole(250), "r-77120", "ethereum", "ITN", NOW - 5 * HOUR_S,
)  # fmt: skip
MOVED = MoveIn("itn-8f41c20ab7:t1", Shares.whole(250))
AT_NETWORK = InKindRedemption(
    "itn-ap-1-12", "AAPL", "ap-1", "evm", HOLDER, "AAPLx", "ethereum", "ITN", "0x" + "5e" * 32, NOW - 2 * HOUR_S,
    shares=Shares.whole(40),
)  # fmt: skip
DEPOSIT = CoinDeposit(
    f"evm:0x{'d4' * 32}:3", "evm", "tusd", "0x" + "9b" * 20, Money.parse("500"), "0x" + "d4" * 32, 812, NOW - 40 * MINUTE_S,
    rule="deposit.sender", reason="the sender is no client's wallet",
)  # fmt: skip
CROSSING = Crossing(
    "evm:0x6b", "AAPL", "evm", STOCK.token("evm"), HOLDER, RawAmount.parse("3"), "ab", "0x6b", NOW + DAY_S, "0x" + "6b" * 32, 7,
    NOW - 90 * MINUTE_S, "solana", "Mint", "receiver", booked=True, state="held", rule="compliance.holder",
    reason="crossing: the receiver is listed",
)  # fmt: skip
PARKED = Command(
    "red-20240602-0007:pay:1", "Redemption", "red-20240602-0007",
    PayCoins("evm", "tusd", "red-20240602-0007:pay:1", HOLDER, Money.parse("771.20"), "red-20240602-0007"), NOW - DAY_S,
)  # fmt: skip
STATUS = {
    "troubles": {}, "breaks": [], "commands": [],
    "processes": {"evm": 40_101, "solana": 40_102, "broker": 40_103, "custodian": 40_104, "custodian-2": 40_105,
        "watch": 40_106,
    },
}  # fmt: skip


class PlayedDoor:
    """The operator's door: what it tells is set by the test."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = dict(STATUS)

    def get(self, path: str, **query: str) -> Any:
        assert (path, query) == ("/v1/parts", {})
        return self.status


class DeskWorld(Stage):
    """The desk at an address."""

    def __init__(self, place: Path, origin: str) -> None:
        super().__init__(place, registered=REGISTERED, origin=origin)
        self.at = self.market_at = NOW
        self.door = PlayedDoor()
        office: Any = self.office
        office.now, office.door = lambda: self.market_at, self.door
        self.room = give_books(self)
        with self.office.store.transaction() as unit:
            self._fill(unit)
        [lease] = self.office.store.lease("worker", 1, NOW, 0.0)
        self.office.store.park(lease, "treasury: the chain refused it: transfer amount exceeds balance")
        self.market_at = NOW
        self.venue = give_venue(self, place)

    def close(self) -> None:
        self.venue.close()
        super().close()

    def _fill(self, unit: Unit) -> None:
        zero, one = Shares(0), Multiplier.one()
        chains = tuple(ChainLine(name, token, 7, RawAmount.parse("1250"), one, 0) for name, token in STOCK.tokens)
        held, owed = Shares.whole(2_600), Shares.whole(2_500)
        seen = Coverage("AAPL", "AAPL", "covered", NOW, NOW, held, owed, 0, 0, RawAmount(0), zero, one, chains, ())
        for row in (STOCK, COIN, CROSSING, seen, SPLIT.action, ASKED):
            unit.put(row)
        unit.put(BREAK)
        unit.record(BreakOpened(BREAK.id, "AAPL", BREAK.kind, BREAK.chain, BREAK.expected, BREAK.seen), BREAK.since)
        open_case(unit, CASE)
        open_case(unit, OTHER_CASE)
        capital = Transfer("capital", "USD/bank", "USD/capital", 25_000_000 * 10**6, "capital")
        unit.post((capital, Transfer("bought", "AAPL/custody", "AAPL/bought", Shares.whole(2_600).atoms, "bought")))
        unit.post((Transfer("journal", "AAPL/at_network", "AAPL/bought", CREATION.shares.atoms, CREATION.id),))
        office: Any = self.office
        office.books.record(unit, book(DEPOSIT))
        self._orders(unit)
        unit.enqueue(PARKED)

    def _orders(self, unit: Unit) -> None:
        """Each as the books would have come to write it, a step after the other."""
        ordered, held = replace(SUBSCRIPTION, state="buying"), "attestor: the evidence was older than a minute"
        told: tuple[tuple[int, Any], ...] = (
            (NOW - 3 * DAY_S, replace(SUBSCRIPTION, state="awaiting_payment")),
            (NOW - 3 * DAY_S + 4 * MINUTE_S, ordered),
            (NOW - 26 * HOUR_S, replace(ordered, parcels=(PARCEL,))),
            (NOW - 25 * HOUR_S, replace(ordered, parcels=(replace(PARCEL, state="in_custody"),))),
            (NOW - 25 * HOUR_S, replace(ordered, state="minting", parcels=(replace(PARCEL, state="minting"),))),
            (
                NOW - 24 * HOUR_S - 20 * MINUTE_S,
                replace(SUBSCRIPTION, state="held", reason=held, parcels=(replace(PARCEL, state="held"),)),
            ),
            (NOW - DAY_S, REDEMPTION),
            (NOW - 5 * HOUR_S, CREATION),
            (NOW - 5 * HOUR_S, replace(CREATION, state="journaled", moves=(MOVED,))),
            (
                NOW - 2 * HOUR_S,
                replace(
                    CREATION, state="held", rule="in_kind.custody", reason="custodian: five transfers were refused",
                    moves=(replace(MOVED, state="failed"),),
                ),
            ),
            (NOW - 2 * HOUR_S, AT_NETWORK),
            (NOW - 100 * MINUTE_S, replace(AT_NETWORK, state="pending", request="n-4410")),
            (
                NOW - 30 * MINUTE_S,
                replace(
                    AT_NETWORK, state="held", request="n-4410", rule="network.overdue",
                    reason="the network did not journal within its time",
                ),
            ),
        )  # fmt: skip
        office: Any = self.office
        for at, row in told:
            self.market_at = at
            office.books.record(unit, Decision(rows=(row,)))
