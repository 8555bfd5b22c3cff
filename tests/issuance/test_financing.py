"""Whatever comes from broker, bank and custodian, in whatever order and however often: nothing pledged ever counts."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from openscrip.assets import accounts, bank, broker, custody
from openscrip.assets.acquisition import Acquisition, acquire
from openscrip.assets.actions import Instruct, Pay, Woken
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.financing import Loan
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES, HEARS, view_of
from openscrip.issuance.news import News
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import instant, new_york_date
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.ledger import Transfer, unbalanced
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Unit

NOW = instant("2024-06-04T16:00:00Z")
DAY = new_york_date(NOW)
STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),))
ORDER, LOAN = "inv-1:o1", "inv-1:o1/l1"
SIX, FOUR = Shares.whole(6), Shares.whole(4)
ROOM = Money(10**12)
Told = broker.LoanEvent | broker.Settled | str
TOLD: tuple[Told, ...] = (
    broker.Settled(1, NOW, ORDER, "AAPL", broker.Side.BUY, ("x2",), FOUR, Money(400), DAY, 0),
    broker.LoanCharged(1, NOW, LOAN, "i1", Money(3)),
    broker.LoanCharged(1, NOW, LOAN, "i2", Money(5)),
    broker.MarginCall(1, NOW, LOAN, Money(300)),
    broker.PledgeReleased(1, NOW, LOAN, "r1", "AAPL", Shares.whole(2), 0),
    broker.PledgeReleased(1, NOW, LOAN, "r2", "AAPL", Shares.whole(3), 0),
    broker.PledgeReleased(1, NOW, LOAN, "r3", "AAPL", Shares.whole(1), 0),
    broker.ReleaseRefused(1, NOW, LOAN, "margin"),
    broker.PledgeSold(1, NOW, LOAN, "s1", "AAPL", Shares.whole(3), Money(310), 0),
    broker.PledgeSold(1, NOW, LOAN, "s2", "AAPL", Shares.whole(1), Money(90), 0),
    "paid",
    "not paid",
    "arrived",
    "woken",
)


class Noting(Books):
    """Books that remember what was asked outside."""

    asked: tuple[object, ...] = ()

    def record(self, unit: Unit, decision: Decision) -> None:
        self.asked = (*self.asked, *(command.action for command in decision.commands))
        super().record(unit, decision)


@dataclass
class Purchase:
    """Ten shares bought for inventory: six settled with a loan, four may settle without; `free` is what may count."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(accounts.CHART))
    books: Noting = field(default_factory=lambda: Noting(DECIDES, HEARS, view_of(Terms(), lambda: NOW), lambda: NOW))
    free: int = 0
    heard: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.news = News(self.books, new_york_calendar())
        with self.store.transaction() as unit:
            unit.put(STOCK)
            paid_in = (accounts.BROKER_CASH, accounts.BANK)
            unit.post(tuple(Transfer(f"in:{at}", at, accounts.CAPITAL, ROOM.atoms, "capital") for at in paid_in))
            self.books.record(unit, acquire("inv-1", STOCK, "inventory", SIX + FOUR))
            for exec_id, shares in (("x1", SIX), ("x2", FOUR)):
                traded = (exec_id, "AAPL", broker.Side.BUY, shares, PricePerShare(100), Money(0), DAY)
                self.news.from_broker(unit, broker.Fill(1, NOW, ORDER, *traded))
            self.news.from_broker(unit, broker.OrderDone(1, NOW, ORDER, SIX + FOUR, ""))
            settled = ("AAPL", broker.Side.BUY, ("x1",), SIX, Money(600), DAY, 0, LOAN, Money(500))
            self.news.from_broker(unit, broker.Settled(1, NOW, ORDER, *settled))

    def hear(self, event: Told) -> None:
        with self.store.transaction() as unit:
            if isinstance(event, str):
                self._other(unit, event)
                return
            told = f"{type(event).__name__} {getattr(event, 'id', '')}"
            if told not in self.heard and isinstance(event, broker.PledgeReleased | broker.Settled):
                self.free += event.quantity.atoms
            self.heard.add(told)
            self.news.from_broker(unit, event)

    def _other(self, unit: Unit, event: str) -> None:
        """What bank and custodian say to the newest that was asked of them, or time."""
        pays = [each for each in self.books.asked if isinstance(each, Pay)]
        moves = [each for each in self.books.asked if isinstance(each, Instruct)]
        if event == "woken":
            self.books.tell(unit, Loan, LOAN, Woken("spurious"))
        elif event == "paid" and pays[-1].payment_id not in self.heard:
            self.heard.add(pays[-1].payment_id)
            self.news.from_bank(unit, bank.PaymentSent(1, NOW, pays[-1].payment_id, pays[-1].amount))
        elif event == "not paid" and pays[-1].payment_id not in self.heard:
            self.heard.add(pays[-1].payment_id)
            self.news.from_bank(unit, bank.PaymentFailed(1, NOW, pays[-1].payment_id, "CASH"))
        for move in moves if event == "arrived" else ():
            moved = (custody.InstructionKind.RECEIVE, STOCK.isin, move.shares, STOCK.account, "BROKER", "inventory", 0)
            here = (move.instruction_id, *moved)
            self.news.from_custodian(unit, custody.InstructionSettled(1, NOW, *here))


def check(bought: Purchase) -> None:
    with bought.store.view() as view:
        balances = dict(view.balances())
        loan, stock = view.row(Loan, LOAN), view.row(Stock, "AAPL")
        row = view.row(Acquisition, "inv-1")
    assert loan is not None
    assert stock is not None
    assert row is not None

    def debit(name: str) -> int:
        return balances[f"AAPL/{name}"].debit if f"AAPL/{name}" in balances else 0

    counted = sum(debit(name) for name in ("at_broker", "in_transit", "custody"))
    asked = sum(each.shares.atoms for each in bought.books.asked if isinstance(each, Instruct))
    assert max(counted, asked, sum(lot.shares.atoms for lot in stock.inventory)) <= bought.free
    assert balances["AAPL/inventory"].credit <= bought.free if "AAPL/inventory" in balances else True
    assert debit("pledged") == loan.shares.atoms
    assert (balances[accounts.broker_loan(LOAN)].credit, loan.owed.atoms >= 0) == (loan.owed.atoms, True)
    assert unbalanced(balances) == []
    if loan.state in ("released", "sold"):
        assert (loan.shares.atoms, loan.owed.atoms) == (0, 0)
    assert row.arrived.atoms <= min(bought.free, row.filled.atoms)


@given(st.lists(st.sampled_from(TOLD), max_size=24))
def test_news_of_a_financed_purchase__in_any_order_and_again__never_lets_pledged_shares_count(told: list[Told]) -> None:
    bought = Purchase()
    check(bought)
    for event in told:
        bought.hear(event)
        check(bought)


@given(st.lists(st.sampled_from([each for each in TOLD if not isinstance(each, broker.PledgeReleased)]), max_size=24))
def test_payments_without_a_release__leave_the_shares_pledged(told: list[Told]) -> None:
    bought = Purchase()
    for event in told:
        bought.hear(event)
    with bought.store.view() as view:
        row = view.row(Acquisition, "inv-1")
    assert row is not None
    assert row.arrived.atoms <= FOUR.atoms


def test_a_financed_purchase__repaid_and_released_arrives_whole_and_owes_nothing() -> None:
    bought = Purchase()
    for event in (TOLD[0], TOLD[1], "paid", "paid", *TOLD[4:7], "arrived"):
        bought.hear(event)
    check(bought)
    with bought.store.view() as view:
        loan, row, stock = view.row(Loan, LOAN), view.row(Acquisition, "inv-1"), view.row(Stock, "AAPL")
        cash = view.balance(accounts.BANK).debit
    assert loan is not None and loan.state == "released"  # noqa: PT018  # one thought
    assert row is not None and row.state == "arrived"  # noqa: PT018  # one thought
    assert stock is not None and stock.free == SIX + FOUR  # noqa: PT018  # one thought
    assert cash == ROOM.atoms - 503
