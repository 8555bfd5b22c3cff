"""The register of corporate actions on Solana: what is announced, staged, taken back, corrected, finished and ended."""

from typing import Any

import pytest
from solders.instruction import Instruction
from tests.issuance.programs.world import DAY_S, EPOCH, HOUR_S, KEYS, ONE, VERSION, Issuer, f64_of, hashed, with_accounts

from openscrip.issuance.chains.solana.program_accounts import ActionAccount
from openscrip.issuance.chains.solana.program_operations import limits

ENDS = (b"MRGR", b"CHAN", b"DLST")
NOT_STANDING = "actions: corrected action did not stand"
OTHERS = "actions: corrected action was not the token's"


def cancelling(issuer: Issuer, name: str = "split", reason: bytes = hashed("reason"), **changed: Any) -> Instruction:
    named: dict[str, Any] = {"mint": issuer.mint, "action": hashed(name), "reason": reason, "signers": KEYS.acting, **changed}
    return issuer.program.cancel(**named)


def finishing(issuer: Issuer, name: str = "split", evidence: bytes = hashed("evidence")) -> Instruction:
    return issuer.program.finish(mint=issuer.mint, action=hashed(name), evidence=evidence, signers=KEYS.acting)


def ending(issuer: Issuer, name: str = "merger", after_s: int = HOUR_S) -> Instruction:
    return issuer.program.end(mint=issuer.mint, action=hashed(name), effective_at=issuer.now + after_s, signers=KEYS.acting)


@pytest.fixture(scope="module")
def announced(stock_so: bytes) -> Issuer:
    """A split, a dividend, a reverse split and a merger, announced. Rehearse only."""
    issuer = Issuer(stock_so)
    issuer.send(issuer.announcing(), issuer.announcing("dividend", kind=b"DVCA"))
    issuer.send(issuer.announcing("reverse", kind=b"SPLR"), issuer.announcing("merger", kind=b"MRGR"))
    return issuer


@pytest.fixture
def staged(issuer: Issuer) -> Issuer:
    """A split of two for one that takes effect in an hour."""
    issuer.send(issuer.announcing())
    issuer.send(issuer.staging())
    return issuer


# Announce


def test_announce__in_order__stands_as_it_was_sent(issuer: Issuer) -> None:
    issuer.send(issuer.announcing("a", ex_date=20260101, record_date=20261231, pay_date=99991231, ratio_new=7, ratio_old=3))
    read = issuer.action("a")
    assert (read.state, read.kind, read.mint, read.action) == (1, b"SPLF", issuer.mint, hashed("a"))
    assert (read.ex_date, read.record_date, read.pay_date) == (20260101, 20261231, 99991231)
    assert (read.ratio_new, read.ratio_old, read.cash) == (7, 3, 0)
    assert (read.into, read.sources, read.corrects, read.multiplier) == (bytes(32), hashed("sources"), bytes(32), 0)
    assert issuer.stock().action_count == 1
    issuer.send(issuer.announcing("b", kind=b"DVCA", cash=5))
    assert (issuer.stock().action_count, issuer.action("b").cash) == (2, 5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action": bytes(32)}, "actions: id was zero"),
        ({"sources": bytes(32)}, "actions: sources were zero"),
        ({"kind": b"SPLX"}, "actions: kind was unknown"),
        ({"kind": bytes(4)}, "actions: kind was unknown"),
        ({"kind": b"DVCA", "ratio_new": 1}, "actions: ratio was not of its kind"),
        ({"kind": b"DVCA", "ratio_old": 1}, "actions: ratio was not of its kind"),
        ({"kind": b"DVCA", "cash": 0}, "actions: cash was out of bounds"),
        ({"kind": b"DLST", "cash": 0}, "actions: cash was out of bounds"),
        ({"ratio_new": 0}, "actions: ratio was not of its kind"),
        ({"ratio_old": 0}, "actions: ratio was not of its kind"),
        ({"ratio_new": 5, "ratio_old": 5}, "actions: ratio was not of its kind"),
        ({"ratio_new": 5, "ratio_old": 6}, "actions: ratio was not of its kind"),
        ({"kind": b"DVSE", "ratio_new": 5, "ratio_old": 6}, "actions: ratio was not of its kind"),
        ({"kind": b"SPLR", "ratio_new": 5, "ratio_old": 5}, "actions: ratio was not of its kind"),
        ({"kind": b"SPLR", "ratio_new": 6, "ratio_old": 5}, "actions: ratio was not of its kind"),
        ({"kind": b"MRGR", "ratio_new": 2**32}, "actions: ratio was not of its kind"),
        ({"kind": b"MRGR", "ratio_old": 2**32}, "actions: ratio was not of its kind"),
        ({"kind": b"CHAN", "ratio_new": 0}, "actions: ratio was not of its kind"),
        ({"cash": 1}, "actions: cash was not of its kind"),
        ({"kind": b"MRGR", "cash": 1}, "actions: cash was not of its kind"),
        ({"into": hashed("x")}, "actions: into was not of its kind"),
        ({"kind": b"DVCA", "into": hashed("x")}, "actions: into was not of its kind"),
        *(({"kind": kind, "into": bytes(32)}, "actions: into was not of its kind") for kind in ENDS),
        ({"action": hashed("split")}, "actions: id was used"),
    ],
)
def test_announce__against_a_rule__is_refused_with_its_words(announced: Issuer, changed: dict[str, Any], words: str) -> None:
    assert announced.refusal(announced.announcing("new", **changed)) == words


@pytest.mark.parametrize(
    "changed",
    [
        {"ratio_new": 2**64 - 1, "ratio_old": 2**64 - 2},
        {"kind": b"DVSE", "ratio_new": 101, "ratio_old": 100},
        {"kind": b"SPLR", "ratio_new": 1, "ratio_old": 2},
        {"kind": b"DVCA", "cash": 2**64 - 1},
        {"kind": b"MRGR", "ratio_new": 2**32 - 1, "ratio_old": 2**32 - 1},
        {"kind": b"CHAN", "ratio_new": 1, "ratio_old": 1},
        {"kind": b"DLST", "cash": 1},
    ],
)
def test_announce__at_the_edge_of_its_kind__is_taken(announced: Issuer, changed: dict[str, Any]) -> None:
    assert announced.takes(announced.announcing("new", **changed))


def test_announce__token_as_its_own_successor__is_refused(announced: Issuer) -> None:
    said = announced.refusal(announced.announcing("new", kind=b"MRGR", into=bytes(announced.mint)))
    assert said == "actions: token was its own successor"


@pytest.mark.parametrize("field", ["ex_date", "record_date", "pay_date"])
@pytest.mark.parametrize(
    ("day", "taken"),
    [
        (0, True),
        (19000101, True),
        (99991231, True),
        (20260331, True),
        (20261001, True),
        (18991231, False),
        (100000101, False),
        (20260001, False),
        (20261301, False),
        (20260100, False),
        (20260132, False),
        (1, False),
        (2**32 - 1, False),
    ],
)
def test_announce__day_that_is_none__is_refused(announced: Issuer, field: str, day: int, taken: bool) -> None:
    changed: dict[str, Any] = {field: day}
    asked = announced.announcing("new", **changed)
    if taken:
        assert announced.takes(asked)
    else:
        assert announced.refusal(asked) == "actions: date was no date"


# Cancel


def test_cancel__what_is_pending__puts_the_mint_back(staged: Issuer) -> None:
    staged.send(cancelling(staged))
    stock = staged.stock()
    assert (stock.base_multiplier, stock.next_multiplier, stock.next_at, stock.next_epoch) == (ONE, ONE, 0, EPOCH)
    assert (stock.newest_action, stock.next_action, stock.base_version) == (bytes(32), bytes(32), VERSION)
    assert staged.scaled() == (f64_of(ONE), 0, f64_of(ONE))
    assert (staged.action().state, staged.action().evidence) == (5, hashed("reason"))
    staged.after(2 * HOUR_S)
    assert staged.stock().multiplier_at(staged.now) == ONE
    staged.send(staged.reporting(), staged.minting())
    assert staged.refusal(staged.announcing()) == "actions: id was used"


def test_cancel__of_the_second__gives_the_window_back_to_the_first(staged: Issuer) -> None:
    staged.after(2 * HOUR_S)
    staged.send(staged.announcing("second"))
    staged.send(staged.staging("second"))
    staged.send(cancelling(staged, "second"))
    stock = staged.stock()
    assert (stock.newest_action, stock.base_multiplier, stock.base_epoch, stock.next_at) == (
        hashed("split"),
        2 * ONE,
        EPOCH + 1,
        0,
    )
    assert staged.scaled() == (f64_of(2 * ONE), 0, f64_of(2 * ONE))
    staged.send(staged.announcing("third"))
    staged.send(staged.staging("third"))
    assert staged.stock().next_multiplier == 4 * ONE
    assert staged.stock().base_version == VERSION + 1


def test_cancel__against_a_rule__is_refused(staged: Issuer) -> None:
    assert staged.refusal(cancelling(staged, reason=bytes(32))) == "actions: reason was zero"
    staged.after(HOUR_S)
    assert staged.refusal(cancelling(staged)) == "actions: action was not pending"
    staged.send(finishing(staged))
    assert staged.refusal(cancelling(staged)) == "actions: action was not pending"


def test_cancel__what_was_only_announced__leaves_the_mint_alone(staged: Issuer) -> None:
    staged.send(staged.announcing("other"))
    staged.send(cancelling(staged, "other"))
    assert staged.scaled()[1] != 0
    assert staged.refusal(cancelling(staged, "other")) == "actions: action was not pending"
    assert staged.refusal(staged.staging("other")) == "actions: action was not announced"


# Finish


def test_finish__once_it_applied__and_only_once(staged: Issuer) -> None:
    staged.after(HOUR_S - 1)
    assert staged.refusal(finishing(staged)) == "actions: action was not applied"
    staged.after(1)
    assert staged.refusal(finishing(staged, evidence=bytes(32))) == "actions: evidence was zero"
    staged.send(finishing(staged))
    assert (staged.action().state, staged.action().evidence) == (4, hashed("evidence"))
    assert staged.refusal(finishing(staged)) == "actions: action was not applied"


def test_finish__what_was_only_announced__is_refused(announced: Issuer) -> None:
    assert announced.refusal(finishing(announced)) == "actions: action was not applied"


# Correct


def test_announce__correction_of_a_pending_change__takes_it_back(staged: Issuer) -> None:
    staged.send(staged.announcing("better", corrects=hashed("split"), ratio_new=3))
    assert (staged.action().state, staged.stock().next_at, staged.stock().newest_action) == (6, 0, bytes(32))
    assert staged.scaled() == (f64_of(ONE), 0, f64_of(ONE))
    assert staged.action("better").corrects == hashed("split")
    staged.send(staged.staging("better", ratio=(3, 1)))


def test_announce__correction_of_what_is_in_force__leaves_it_in_force(staged: Issuer) -> None:
    staged.after(HOUR_S)
    staged.send(staged.announcing("better", corrects=hashed("split")))
    assert (staged.action().state, staged.stock().multiplier_at(staged.now)) == (6, 2 * ONE)
    assert staged.stock().newest_action == hashed("split")


@pytest.mark.parametrize("state", ["cancelled", "corrected"])
def test_announce__correction_of_what_did_not_stand__is_refused(staged: Issuer, state: str) -> None:
    staged.send(cancelling(staged) if state == "cancelled" else staged.announcing("first", corrects=hashed("split")))
    assert staged.refusal(staged.announcing("second", corrects=hashed("split"))) == NOT_STANDING


def test_announce__correction_of_what_was_finished__is_taken(staged: Issuer) -> None:
    staged.after(HOUR_S)
    staged.send(finishing(staged))
    staged.send(staged.announcing("late", corrects=hashed("split")))
    assert staged.action().state == 6


def test_announce__correction_of_another_tokens_action__is_refused(staged: Issuer) -> None:
    other = staged.token("OTHER")
    assert staged.refusal(staged.announcing("b", mint=other, corrects=hashed("split"))) == OTHERS


def test_announce__correction_of_itself_or_of_nothing__is_refused(issuer: Issuer) -> None:
    itself = issuer.announcing("a", corrects=hashed("a"))
    assert issuer.refusal(itself) == OTHERS
    assert issuer.refusal(issuer.announcing("a", corrects=hashed("never"))) == OTHERS


def test_announce__correction_with_another_account_than_it_names__is_refused(staged: Issuer) -> None:
    staged.send(staged.announcing("other"))
    right = staged.announcing("better", corrects=hashed("split"))
    assert staged.refusal(with_accounts(right, a5=staged.program.action(hashed("other")))) == OTHERS
    assert staged.refusal(with_accounts(right, a5=staged.program.stock(staged.mint))) == OTHERS


# End


@pytest.fixture
def ended(issuer: Issuer) -> Issuer:
    """A merger that takes effect in an hour."""
    issuer.send(issuer.announcing("merger", kind=b"MRGR"), issuer.announcing("merger 2", kind=b"CHAN"))
    issuer.send(ending(issuer))
    return issuer


@pytest.mark.parametrize("kind", ENDS)
def test_end__of_each_kind__closes_the_token_for_mints(issuer: Issuer, kind: bytes) -> None:
    issuer.send(issuer.announcing("merger", kind=kind))
    issuer.send(ending(issuer))
    stock = issuer.stock()
    assert (stock.opening, stock.opening_at) == (hashed("merger"), issuer.now + HOUR_S)
    assert (stock.supply_cap, stock.day_cap, stock.hour_cap) == (0, 0, 0)
    assert (issuer.action("merger").state, issuer.action("merger").effective_at) == (2, issuer.now + HOUR_S)
    assert issuer.refusal(issuer.minting()) == "issuer: token was closed"


@pytest.mark.parametrize(
    ("name", "after_s", "words"),
    [
        ("split", HOUR_S, "actions: action ended no token"),
        ("dividend", HOUR_S, "actions: action ended no token"),
        ("merger", 599, "token: notice was too short"),
        ("merger", 60 * DAY_S + 1, "token: effective time was too far ahead"),
        ("unknown", HOUR_S, "actions: action was not announced"),
    ],
)
def test_end__against_a_rule__is_refused_with_its_words(announced: Issuer, name: str, after_s: int, words: str) -> None:
    assert announced.refusal(ending(announced, name, after_s)) == words


@pytest.mark.parametrize("after_s", [600, 60 * DAY_S])
def test_end__at_the_edge__is_taken(announced: Issuer, after_s: int) -> None:
    assert announced.takes(ending(announced, after_s=after_s))


def test_end__of_a_token_that_ends__is_refused(ended: Issuer) -> None:
    assert ended.refusal(ending(ended, "merger 2")) == "actions: token was ended"
    assert ended.refusal(ending(ended)) == "actions: action was not announced"


def test_end__before_a_pending_change__is_refused(staged: Issuer) -> None:
    staged.send(staged.announcing("merger", kind=b"MRGR"))
    assert staged.refusal(ending(staged, after_s=HOUR_S - 1)) == "actions: a change was pending beyond the end"
    assert staged.takes(ending(staged, after_s=HOUR_S))
    staged.after(2 * HOUR_S)
    assert staged.takes(ending(staged, after_s=600))


def test_stage__of_a_token_that_ends__up_to_the_end_and_not_after(ended: Issuer) -> None:
    ended.send(ended.announcing("last dividend", kind=b"DVCA"))
    at = ended.stock().opening_at
    late = ended.staging("last dividend", ratio=(11, 10), splits=False, effective_at=at + 1)
    assert ended.refusal(late) == "actions: token ended before"
    assert ended.takes(ended.staging("last dividend", ratio=(11, 10), splits=False, effective_at=at))


def test_cancel__of_an_end__leaves_the_token_closed_until_limits_are_set(ended: Issuer) -> None:
    def opening() -> Instruction:
        named: dict[str, Any] = {"mint": ended.mint, "supply_cap": 10, "day_cap": 9, "hour_cap": 8}
        operation = limits(ended.program, salt=b"reopened", **named)
        if not ended.data(ended.program.operation(operation.data)):
            ended.send(ended.queueing(operation))
        return ended.executing(operation)

    ended.after(-2 * DAY_S)
    opening()
    ended.after(2 * DAY_S)
    assert ended.refusal(opening()) == "issuer: token was closed"
    ended.send(cancelling(ended, "merger"))
    stock = ended.stock()
    assert (stock.opening, stock.opening_at, stock.supply_cap) == (bytes(32), 0, 0)
    assert ended.refusal(ended.minting(raw=1)) == "issuer: token was closed"
    ended.send(opening())
    assert ended.takes(ended.minting(raw=9))
    assert ended.takes(ending(ended, "merger 2"))


def test_lower_limits__of_a_token_that_ends__is_refused(ended: Issuer) -> None:
    named: dict[str, Any] = {"mint": ended.mint, "supply_cap": 1, "day_cap": 1, "hour_cap": 1, "signers": [KEYS.guardian]}
    assert ended.refusal(ended.program.lower_limits(**named)) == "issuer: token was closed"


def test_end__in_force__is_finished_and_neither_taken_back_nor_corrected(ended: Issuer) -> None:
    ended.after(HOUR_S)
    assert ended.refusal(cancelling(ended, "merger")) == "actions: action was not pending"
    correction = ended.announcing("better", kind=b"MRGR", corrects=hashed("merger"))
    assert ended.refusal(correction) == "actions: conversion was in force"
    ended.send(finishing(ended, "merger"))
    assert ended.refusal(correction) == "actions: conversion was in force"


def test_announce__correction_of_an_end_that_is_not_in_force__takes_it_back(ended: Issuer) -> None:
    ended.send(ended.announcing("better", kind=b"MRGR", corrects=hashed("merger")))
    assert (ended.stock().opening, ended.action("merger").state) == (bytes(32), 6)
    assert ended.takes(ending(ended, "better"))


def test_action_account__reads_whole(ended: Issuer) -> None:
    read = ActionAccount.read(ended.data(ended.program.action(hashed("merger"))))
    assert (read.kind, read.into, read.multiplier) == (b"MRGR", hashed("successor"), 0)
