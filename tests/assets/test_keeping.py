"""Several custodians: which one a movement goes to, that the choice is kept, and what all of them state together."""

from dataclasses import replace
from typing import Any

import pytest

from openscrip.assets.accounts import CHART
from openscrip.assets.actions import Instruct
from openscrip.assets.custody import InstructionKind, Statement
from openscrip.assets.keeping import AGE_S_MAX, NO_EPOCH, Keeper, Keeping, Lodging, choose, newest_of, summed
from openscrip.kernel.errors import NotYet, Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.memory import MemoryStore

ISIN, NOW = "US88160R1014", 1_717_400_000
RECEIVE, DELIVER = InstructionKind.RECEIVE, InstructionKind.DELIVER


def stated(available: str, *, name: str = "ONE", epoch: int = 0, as_of: int = NOW, **more: str) -> Statement:
    """A statement in which everything that is not given is zero."""
    nothing, held = Shares(0), Shares.parse(available)
    none = (nothing,) * 4
    plain = Statement(name, f"{name}-SEG", ISIN, 1, as_of, epoch, held, *none, held, 1, "", "", "s")
    changed: dict[str, Any] = {field: Shares.parse(shares) for field, shares in more.items()}
    return replace(plain, **changed)


class States:
    """A custodian that states what it is told to state, or is silent."""

    def __init__(self, statement: Statement | None) -> None:
        self.statement = statement

    def latest_statement(self, isin: str) -> Statement:
        """What it was told."""
        if self.statement is None or self.statement.isin != isin:
            raise Unavailable("custodian: did not answer")
        return self.statement


def keeping(**statements: Statement | None) -> Keeping:
    """Custodians by name."""
    said: dict[str, Any] = {name: States(each) for name, each in statements.items()}
    keepers = {name: Keeper(each, f"SEG-{name}") for name, each in said.items()}
    return Keeping(keepers, MemoryStore(CHART, lambda: NOW), lambda: NOW)


def asked(kind: InstructionKind, shares: str, name: str = "sub-1:buy:t1") -> Instruct:
    """What the books ask for."""
    return Instruct(name, kind, ISIN, Shares.parse(shares), "SEG-a", "BROKER", "sub-1")


@pytest.mark.parametrize(
    ("first", "second", "goes_to"),
    [
        (stated("5"), stated("4"), "b"),
        (stated("4"), stated("5"), "a"),
        (stated("5"), stated("5"), "a"),
        (stated("5"), stated("4", pending_receipt="2"), "a"),
        (stated("5"), stated("0", aggregate="6", blocked="6"), "a"),
    ],
)
def test_a_purchase__goes_to_the_custodian_with_least_of_the_stock(first: Statement, second: Statement, goes_to: str) -> None:
    assert choose(RECEIVE, Shares.whole(1), {"a": first, "b": second}) == goes_to


@pytest.mark.parametrize(
    ("first", "second", "goes_to"),
    [
        (stated("5"), stated("4"), "a"),
        (stated("4"), stated("5"), "b"),
        (stated("5", pending_delivery="3"), stated("4"), "b"),
        (stated("3"), stated("3"), None),
        (stated("9", pending_delivery="6"), stated("3", aggregate="9", pledged="6"), None),
    ],
)
def test_a_delivery__leaves_the_custodian_with_most_free__or_none(
    first: Statement, second: Statement, goes_to: str | None
) -> None:
    assert choose(DELIVER, Shares.whole(4), {"a": first, "b": second}) == goes_to


def test_what_was_chosen_and_not_sent_yet__counts_as_there_and_as_gone() -> None:
    waiting = [Lodging("x", ISIN, "a", RECEIVE, Shares.whole(3)), Lodging("y", ISIN, "b", DELIVER, Shares.whole(2))]
    both = {"a": stated("5"), "b": stated("6")}
    assert choose(RECEIVE, Shares.whole(1), both) == "a"
    assert choose(RECEIVE, Shares.whole(1), both, waiting) == "b"
    assert choose(DELIVER, Shares.whole(5), both) == "b"
    assert choose(DELIVER, Shares.whole(5), both, waiting) == "a"


def test_small_purchases__keep_to_the_weights_of_the_custodians() -> None:
    parts, held = (("a", 60), ("b", 40)), {"a": 0, "b": 0}
    for _ in range(10):
        told = {name: stated(str(count)) for name, count in held.items()}
        chosen = choose(RECEIVE, Shares.whole(1), told, (), parts)
        assert chosen is not None
        held[chosen] += 1
    assert held == {"a": 6, "b": 4}


def test_an_instruction__keeps_its_custodian__whatever_is_held_by_then() -> None:
    desk = keeping(a=stated("5"), b=stated("4"))
    assert desk.route(asked(RECEIVE, "10"))[1] == "SEG-b"
    chosen: Any = desk.keepers["b"].custodian
    chosen.statement = stated("14")
    assert desk.route(asked(RECEIVE, "10"))[1] == "SEG-b"
    desk.sent("sub-1:buy:t1")
    assert desk.route(asked(RECEIVE, "10"))[1] == "SEG-b"
    assert desk.route(asked(RECEIVE, "1", "sub-2:buy:t1"))[1] == "SEG-a"


def test_a_delivery_that_no_custodian_can_fill__waits_with_the_reason_and_nothing_is_chosen() -> None:
    desk = keeping(a=stated("5"), b=stated("4"))
    with pytest.raises(NotYet, match=r"no custodian had 6 shares .* \(a had 5, b had 4\)"):
        desk.route(asked(DELIVER, "6"))
    assert desk.route(asked(DELIVER, "5"))[1] == "SEG-a", "the first try left nothing behind"


def test_a_silent_custodian__gets_no_purchase__and_makes_the_sum_unknown() -> None:
    desk = keeping(a=stated("5"), b=None)
    assert desk.route(asked(RECEIVE, "1"))[1] == "SEG-a"
    with pytest.raises(Unavailable, match=r"^b: custodian: did not answer"):
        desk.newest(ISIN)
    with pytest.raises(Unavailable, match="did not answer"):
        keeping(a=None, b=None).route(asked(RECEIVE, "1"))


def test_one_custodian__is_asked_nothing() -> None:
    assert keeping(a=None).route(asked(DELIVER, "6"))[1] == "SEG-a"


def test_statements_of_all__are_summed__as_old_as_the_oldest__and_signed_by_nobody() -> None:
    first = stated("5", aggregate="8", pledged="3", pending_receipt="1")
    second = stated("4", name="TWO", as_of=NOW - 20, pending_delivery="2")
    whole = summed({"a": first, "b": second})
    assert [str(each) for each in (whole.available, whole.aggregate, whole.pending_receipt, whole.pending_delivery)] == [
        "9", "12", "1", "2",
    ]  # fmt: skip
    assert (whole.as_of, whole.epoch, whole.signature, whole.custodian) == (NOW - 20, 0, "", "ONE + TWO")
    assert summed({"a": first}) is first


def test_custodians_that_count_different_shares__have_no_sum() -> None:
    desk = keeping(a=stated("50", epoch=1), b=stated("4", epoch=0))
    assert summed({"a": stated("50", epoch=1), "b": stated("4")}).epoch == NO_EPOCH
    with pytest.raises(Unavailable, match=r"different epochs \(a 1, b 0\)"):
        desk.newest(ISIN)


def test_a_stale_statement__is_as_none() -> None:
    old: Any = States(stated("5", as_of=NOW - AGE_S_MAX - 1))
    with pytest.raises(Unavailable, match="at b was 301 s old"):
        newest_of({"b": old}, ISIN, NOW)
