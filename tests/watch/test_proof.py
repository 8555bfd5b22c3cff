"""The arithmetic of I1: rounding always favours holders, splits rescale exactly, receipts are used once."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip_watch.amounts import GRAIN, ONE, RAW, SHARE, f64_down, f64_floor, parse, shares_down, shares_up, show
from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import Fact, Standing, TokenFacts, What
from openscrip_watch.custody import Custody
from openscrip_watch.proof import (
    Claims,
    InForce,
    Restituted,
    cover,
    first_epoch,
    history,
    in_force,
    refuse_unless_receipts_allow,
)
from openscrip_watch.refusal import Refusal
from openscrip_watch.register import Register
from openscrip_watch.statement import Movement, Statement
from openscrip_watch.timeline import Past
from openscrip_watch.view import unsigned_mint

GRAINS = st.integers(0, 10**18)
MULTIPLIERS = st.integers(10**12, 10**24)
ISIN = "US67066G1040"


def movement(seq: int, kind: str, instruction: str, shares: int, reference: str = "", epoch: int = 0) -> Movement:
    return Movement(seq, seq, kind, instruction, ISIN, shares * SHARE, "SEG", "BROKER", reference, epoch)


def custody(*movements: Movement) -> Custody:
    made = Custody()
    made.extend(movements)
    return made


@given(GRAINS, GRAINS, MULTIPLIERS)
def test_what_is_owed_never_shrinks_by_counting_chains_together(one: int, other: int, multiplier: int) -> None:
    together = shares_up((one + other) * GRAIN, multiplier)
    apart = shares_up(one * GRAIN, multiplier) + shares_up(other * GRAIN, multiplier)
    assert apart - 1 <= together <= apart


@given(GRAINS, MULTIPLIERS)
def test_owed_is_the_least_that_covers_and_a_claim_the_most_that_is_covered(grains: int, multiplier: int) -> None:
    exact = Fraction(grains * GRAIN * multiplier, 10**27)
    assert shares_up(grains * GRAIN, multiplier) - 1 < exact <= shares_up(grains * GRAIN, multiplier)
    assert shares_down(grains * GRAIN, multiplier) <= exact < shares_down(grains * GRAIN, multiplier) + 1


@given(GRAINS, st.integers(1, 100), MULTIPLIERS, st.integers(0, 10**6))
def test_a_burn_never_breaks_cover(grains: int, part: int, multiplier: int, slack: int) -> None:
    """What was owed for a burned part is at least what it claims, so cover holds through every redemption."""
    raw, burned = grains * GRAIN, grains * part // 100 * GRAIN
    held = shares_up(raw, multiplier) + slack
    assert cover(raw, multiplier, 0, held).holds
    claims = Claims()
    claims.burn("red", burned, InForce(0, multiplier, 0))
    left = claims.remaining("red", Custody().line(ISIN), 0, 0)
    assert cover(raw - burned, multiplier, left, held).holds
    assert not cover(raw, multiplier, 1, shares_up(raw, multiplier)).holds


@given(st.integers(1, 10**15), st.integers(1, 50), st.integers(1, 50))
def test_a_claim_is_rescaled_by_a_split_and_rounded_down(shares: int, new: int, old: int) -> None:
    line = custody(movement(1, "split", "e", 0, f"{new}/{old}", 1)).line(ISIN)
    claims = Claims({"red": (shares, 0)})
    assert claims.remaining("red", line, 1, 9) == shares * new // old
    assert claims.remaining("red", line, 0, 9) == shares


def test_deliveries_and_restitutions_use_a_claim_up() -> None:
    red = request_hash("red-1")
    line = custody(
        movement(1, "delivery", "d1", 3, "red-1"),
        movement(2, "split", "e", 0, "10/1", 1),
        movement(3, "delivery", "d2", 20, "red-1", 1),
        movement(4, "delivery", "d3", 1, "another", 1),
    ).line(ISIN)
    claims = Claims({red: (10 * SHARE, 0)})
    assert claims.remaining(red, line, 1, 0) == 100 * SHARE, "a delivery counts when the statement closes over it"
    assert claims.remaining(red, line, 1, 1) == 70 * SHARE
    assert claims.remaining(red, line, 1, 4) == 50 * SHARE
    back = Restituted(2 * RAW, 10 * ONE, 1, landed=False)
    assert claims.remaining(red, line, 1, 4, {red: [back]}) == 30 * SHARE
    assert claims.remaining(red, line, 1, 4, {red: [back, Restituted(1, ONE, 1, landed=True)]}) == 0
    assert Claims({red: (SHARE, 0)}, {red}).remaining(red, line, 1, 4) == 0


def test_a_split_that_custody_did_not_book_is_unknown() -> None:
    with pytest.raises(Refusal, match="no split was booked for epoch 1"):
        Claims({"red": (1, 0)}).remaining("red", Custody().line(ISIN), 1, 0)
    with pytest.raises(Refusal, match="did not state its ratio"):
        custody(movement(1, "split", "e", 0, "ten", 1))


@pytest.mark.parametrize(
    ("receipts", "code"),
    [
        ([("r-1", 60)], ""),
        ([("r-1", 30), ("r-2", 30)], ""),
        ([("r-1", 59)], "evidence.short"),
        ([("r-1", 71)], "evidence.used"),
        ([("r-1", 60), ("r-1", 1)], "evidence.receipt"),
        ([("r-3", 60)], "evidence.receipt"),
        ([("r-9", 60)], "evidence.receipt"),
        ([("d-1", 60)], "evidence.receipt"),
    ],
)
def test_receipts_are_settled_here_and_used_at_most_to_their_quantity(receipts: Sequence[tuple[str, int]], code: str) -> None:
    line = custody(
        movement(1, "receipt", "r-1", 10),
        movement(2, "receipt", "r-2", 10),
        movement(3, "delivery", "d-1", 1),
        movement(4, "split", "e", 0, "10/1", 1),
        movement(5, "receipt", "r-9", 100, epoch=1),
    ).line(ISIN)
    asked = [(name, shares * SHARE) for name, shares in receipts]
    used = {"r-1": [(3 * SHARE, 0)]}
    try:
        refuse_unless_receipts_allow(asked, 60 * SHARE, line, used, 1, 4, "SEG")
        found = ""
    except Refusal as refusal:
        found = refusal.code
    assert found == code


def scheduled(at: int, effective_at: int, times: int, epoch: int, action: str = "") -> Fact:
    fact = Fact("evm", "t", "scheduled", "x", at, multiplier=times * ONE, epoch=epoch)
    return replace(fact, effective_at=effective_at, action=action)


def test_history_says_what_was_in_force_when_and_leaves_out_what_was_replaced() -> None:
    facts = [scheduled(10, 20, 2, 0), scheduled(30, 50, 3, 1), scheduled(40, 60, 4, 1)]
    past = history(facts, 0)
    assert [(each.since, each.multiplier // ONE, each.epoch) for each in past] == [(0, 1, 0), (20, 2, 0), (60, 4, 1)]
    assert [in_force(past, at).multiplier // ONE for at in (-5, 19, 20, 59, 60)] == [1, 1, 2, 2, 4]


def test_the_epoch_at_listing_follows_from_the_first_change() -> None:
    split = custody(movement(1, "split", "event", 0, "10/1", 3)).line(ISIN)
    standing = Standing(0, ONE, ONE, 0, 100, epoch=3)
    assert first_epoch([], standing, split) == 3
    assert first_epoch([scheduled(1, 200, 10, 4)], standing, split) == 3, "not in force yet"
    assert first_epoch([scheduled(1, 50, 10, 3, request_hash("event"))], standing, split) == 2
    assert first_epoch([scheduled(1, 50, 2, 3, request_hash("dividend"))], standing, split) == 3


@given(MULTIPLIERS)
def test_a_double_is_the_nearest_not_above(multiplier: int) -> None:
    below = Fraction(f64_down(multiplier))
    assert below * ONE <= multiplier < (below + Fraction(below, 2**51)) * ONE
    assert f64_floor(f64_down(multiplier)) <= multiplier


@given(st.integers(0, 10**30), st.sampled_from([SHARE, RAW]))
def test_an_amount_is_read_as_it_was_shown(units: int, unit: int) -> None:
    assert parse(show(units, unit), unit, "amount") == units


@pytest.mark.parametrize("text", ["", "01", "1e3", "-1", "+1", " 1", "1.", ".5", "1.0000000001", "NaN", 1, None, "1_0"])
def test_anything_but_a_plain_decimal_is_refused(text: object) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(text, SHARE, "amount")
    assert refusal.value.code == "amount.malformed"


def test_a_request_id_explains_one_event_on_chain() -> None:
    facts = TokenFacts()
    mint = Fact("evm", "t", "minted", "tx1", 1, request="a", raw=5)
    for each in (mint, Fact("evm", "t", "minted", "tx2", 2, request="a", raw=5)):
        facts.add(each)
    assert (facts.supply, [each.tx for each in facts.loose]) == (10, ["tx2"])


def test_an_escrow_under_a_known_id_explains_and_hides_nothing() -> None:
    """Anyone may name any id with an escrow: it changes no supply and must not stop the stock."""
    facts = TokenFacts()
    for chain, what, party in (("evm", "escrowed", "a"), ("evm", "escrowed", "b"), ("evm", "refunded", "a")):
        facts.add(Fact(chain, "t", cast(What, what), "tx", 1, request="r", raw=5, party=party))
    facts.add(Fact("evm", "t", "refunded", "tx", 2, request="r", raw=5, party="b"))
    facts.add(Fact("solana", "t", "escrowed", "tx", 2, request="r", raw=5, party="c"))
    facts.add(Fact("solana", "t", "refunded", "tx4", 3, request="r", raw=5, party="c"))
    assert (facts.loose, facts.escrowed["r"].party, facts.supply) == ([], "a", 0)
    facts.add(Fact("evm", "t", "burned", "tx5", 3, request="r", raw=5))
    facts.add(Fact("evm", "t", "burned", "tx6", 3, request="r", raw=5))
    assert [each.tx for each in facts.loose] == ["tx6"]


def test_a_conversion_explains_what_is_surrendered_and_what_comes_for_it_once_it_is_in_force() -> None:
    old, new = TokenFacts(), TokenFacts()
    for holder in ("a", "b"):
        old.add(Fact("evm", "old", "surrendered", "tx", 5, raw=3, action="m", party=holder))
    assert (old.supply, old.loose, old.burned, len(old.surrendered)) == (-6, [], {}, 2)
    minted = Fact("evm", "new", "minted", "tx", 5, request="q", raw=3, kind=4, evidence="m")
    new.add(minted)
    opened = Fact("evm", "new", "opened", "tx0", 1, action="m", effective_at=5)
    assert unsigned_mint(new, Register(), ["q"]).startswith("transaction tx minted")
    new.add(replace(opened, effective_at=6))
    assert unsigned_mint(new, Register(), ["q"])
    new.add(opened)
    assert unsigned_mint(new, Register(), ["q"]) == ""
    assert (new.supply, new.succeeds(replace(minted, kind=1)), new.succeeds(replace(minted, evidence="x"))) == (
        3, False, False,
    )  # fmt: skip


def test_a_mint_without_a_statement_in_force_is_not_covered() -> None:
    mint = Fact("evm", "t", "minted", "tx1", 5, request="a", raw=5 * RAW, multiplier=ONE)
    past = Past([], Custody().line(ISIN), [InForce(0, ONE, 0)], [mint], {})
    assert "no statement was in force" in past.uncovered()


def statement(as_of: int, shares: int, movement_seq: int = 0, epoch: int = 0) -> Statement:
    held = shares * SHARE
    return Statement(ISIN, "SEG", as_of, as_of, epoch, held, 0, 0, 0, 0, held, movement_seq, "", "", "")


def fact(what: What, at: int, raw: int, request: str) -> Fact:
    return Fact("evm", "t", what, f"tx-{request}", at, request=request, raw=raw * RAW, multiplier=ONE, epoch=0)


def test_every_mint_in_history_stood_on_the_statement_in_force() -> None:
    red = request_hash("red-1")
    line = custody(movement(1, "delivery", "d", 4, "red-1")).line(ISIN)
    facts = [fact("minted", 10, 10, "a"), fact("burned", 20, 4, red), fact("minted", 30, 4, "b"), fact("minted", 1_000, 1, "c")]

    def uncovered(statements: list[Statement], closed_at: dict[str, int] | None = None) -> str:
        return Past(statements, line, [InForce(0, ONE, 0)], facts, closed_at or {}).uncovered()

    enough = [statement(5, 10), statement(25, 14), statement(900, 11, 1)]
    assert uncovered(enough) == ""
    assert "mint b of 4 on evm at 30: 10 owed and 4 claimed, 13 held" in uncovered([statement(5, 10), statement(25, 13)])
    assert "mint a of 10" in uncovered([statement(200, 10), enough[2]])
    assert "mint c of 1" in uncovered([*enough[:2], statement(900, 11, 0)]), "the delivery is not in that statement"
    assert uncovered([*enough[:2], statement(900, 11, 0)], {red: 950}) == "", "paid out instead"
    assert "in epoch 0, statement 900 in 1" in uncovered([*enough[:2], statement(900, 99, 1, epoch=1)])
    assert uncovered([statement(5, 10), statement(31, 14), statement(900, 11, 1)]) == "", "clocks differ by seconds"
