"""What custodians state together, as the reconciler holds it against the books."""

from collections.abc import Sequence
from typing import Any

from openscrip.assets.custody import Statement
from openscrip.assets.stock import Stock
from openscrip.issuance.reconciliation import StockBooks, StockSeen, compare
from openscrip.issuance.stated import STATEMENT_S, Stated
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount, Shares

ISIN, NOW = "US67066G1040", 1_717_400_000
BOOKS = StockBooks(Stock("NVDA", ISIN, "SEG", "NVDAx", ()), {}, RawAmount(0), Shares.whole(10), Shares(0))


class States:
    """A custodian with a history of statements; `silent` does not answer, `news` is what the books have not heard."""

    def __init__(self, *shares: str) -> None:
        self.silent, self.news, self.asked = False, 0, 0
        self.history: list[Statement] = []
        for each in shares:
            self.state(each)

    def state(self, shares: str, at: int = NOW, epoch: int = 0) -> None:
        """A new statement."""
        held, none = Shares.parse(shares), Shares(0)
        number = len(self.history) + 1
        self.history.append(Statement("C", "SEG", ISIN, number, at, epoch, held, none, none, none, none, held, 1, "", "", "s"))

    def latest_statement(self, isin: str) -> Statement:
        """The newest."""
        self.asked += 1
        if self.silent:
            raise Unavailable("custodian: did not answer")
        return self.history[-1]

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """Those numbered above `after`."""
        return self.history[after:]

    def events(self, after: int, limit: int) -> Sequence[int]:
        """Numbers above `after`."""
        return range(after + 1, self.news + 1)[:limit]


def stated(**custodians: Any) -> tuple[Stated, SteppedClock]:
    """The custodians by name, at `NOW`."""
    clock = SteppedClock(NOW)
    return Stated(custodians, clock), clock


def seen(these: Stated, *, heard: str = "0") -> tuple[list[str], list[str]]:
    """What `compare` finds, and who was silent."""
    silent: list[str] = []
    told = these.now([BOOKS], dict.fromkeys(these.custodians, heard), silent).get(ISIN)
    if told is None:
        return [], silent
    return [each.seen for each in compare(BOOKS, StockSeen({}, told.newest if told.heard else None, parts=told.parts))], silent


def test_what_all_state_together__is_held_against_the_books() -> None:
    these, _ = stated(one=States("6"), two=States("4"))
    assert seen(these) == ([], [])


def test_one_share_too_few__is_told_with_each_custodians_part() -> None:
    these, _ = stated(one=States("6"), two=States("3"))
    assert seen(these) == (["9 shares (6 in statement 1 of one, 3 in statement 1 of two)"], [])


def test_another_epoch_at_one__is_told_by_name() -> None:
    one, two = States("6"), States()
    two.state("40", epoch=1)
    these, _ = stated(one=one, two=two)
    assert seen(these) == (["epoch 0 at one, epoch 1 at two"], [])


def test_a_silent_custodian__is_named__and_nothing_is_compared() -> None:
    one, two = States("6"), States("3")
    two.silent = True
    these, _ = stated(one=one, two=two)
    assert seen(these) == ([], ["two: custodian: did not answer"])


def test_news_of_one_that_the_books_have_not_heard__leaves_the_sum_uncompared() -> None:
    one, two = States("6"), States("3")
    two.news = 1
    these, _ = stated(one=one, two=two)
    assert seen(these) == ([], [])
    assert len(seen(these, heard="1")[0]) == 1


def test_statements_that_agree__are_not_asked_for_again_until_one_is_old() -> None:
    one, two = States("6"), States("4")
    these, clock = stated(one=one, two=two)
    seen(these)
    seen(these)
    assert (one.asked, two.asked) == (1, 1)
    clock.advance_to(NOW + STATEMENT_S)
    seen(these)
    assert (one.asked, two.asked) == (2, 2)


def test_a_report__may_stand_on_any_sum_of_one_epoch_since_it_was_made() -> None:
    one, two = States("6", "7"), States("4")
    one.state("70", epoch=1)
    these, _ = stated(one=one, two=two)
    seen(these)
    assert {(epoch, str(held)) for epoch, held in these.held_since(ISIN, NOW)} == {(0, "11")}
    assert these.held_since(ISIN, NOW - 1) == frozenset()


def test_one_custodian__speaks_without_its_name() -> None:
    custodian: Any = States("9")
    assert seen(Stated(custodian, SteppedClock(NOW))) == (["9 shares in statement 1"], [])
