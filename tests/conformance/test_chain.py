"""The conformance suite of the chain port, on every adapter: memory, and EVM and Solana on real local nodes.

What may differ stands in `chains.CAPABILITIES` and in `docs/chains.md`; the rest holds everywhere in the same words.
"""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.chains import (
    CAPABILITIES,
    RAW,
    Bench,
    capability_rows,
)  # fmt: skip

from openscrip.issuance.chain import (
    AnyChainEvent,
    Burned,
    Chain,
    ChainMultiplier,
    Landing,
    Minted,
    Outcome,
    RedemptionEscrowed,
    Refunded,
)  # fmt: skip
from openscrip.issuance.voucher import ActionFinish, RedemptionKind, chain_hash
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import RawAmount

ROOT = Path(__file__).parents[2]
FINAL, UNKNOWN = Outcome(Landing.FINAL), Outcome(Landing.UNKNOWN)
TEN = Multiplier.one().times_down(10, 1)
ZERO = RawAmount(0)


def test_c01_a_mint_lands_once_with_its_exact_amount_and_is_told_of(bench: Bench) -> None:
    exact = "10.00000001"
    (signed,) = bench.signed(bench.prepared(bench.voucher("sub-1/1", exact)))
    bench.chain.submit(signed)
    assert bench.settle(signed) == FINAL
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW(exact)
    assert bench.chain.balance(bench.token, bench.bob) == ZERO
    (event,) = bench.told()
    assert event == Minted(*bench.place(event), chain_hash("sub-1/1").hex(), bench.alice, RAW(exact))
    head = bench.chain.head()
    assert (event.tx_id, event.seen_at) == (signed.tx_id, head.at)
    assert event.block <= head.number


def test_c02_the_same_call_submitted_again_and_again_lands_once(bench: Bench) -> None:
    (signed,) = bench.signed(bench.prepared(bench.voucher("sub-1/1")))
    bench.chain.submit(signed)
    bench.chain.submit(signed)
    assert bench.settle(signed) == FINAL
    bench.chain.submit(signed)
    assert bench.settle(signed) == FINAL
    assert bench.chain.supply(bench.token) == RAW("5")
    assert len(bench.told()) == 1


def test_c03_a_call_that_was_never_submitted_is_unknown_until_it_is(bench: Bench) -> None:
    (signed,) = bench.signed(bench.prepared(bench.voucher("sub-1/1")))
    assert bench.chain.outcomes([signed]) == [UNKNOWN]
    assert (bench.chain.supply(bench.token), bench.told()) == (ZERO, [])
    bench.chain.submit(signed)
    assert bench.settle(signed) == FINAL


def test_c04_outcomes_of_several_calls_come_in_the_order_asked(bench: Bench) -> None:
    """A burn and a refund of one escrow, both signed before either is sent: the first wins, the other reverts."""
    bench.mint("sub-1/1")
    bench.escrow(RAW("2"), "red-1")
    calls = (
        *bench.chain.prepare_burn(bench.token, "red-1", bench.alice, RAW("2")),
        *bench.chain.prepare_refund(bench.token, "red-1", bench.alice, RAW("2")),
        *bench.prepared(bench.voucher("sub-2/1")),
    )
    burn, refund, unsent = bench.signed(calls)
    for signed in (burn, refund):
        bench.chain.submit(signed)
        bench.settle(signed)
    last, second, first, again = bench.chain.outcomes([unsent, refund, burn, burn])
    assert (last, first, again) == (UNKNOWN, FINAL, FINAL)
    assert (second.landing, second.reason != "") == (Landing.REVERTED, True)
    assert bench.chain.outcomes([]) == []
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("3")


def test_c05_a_second_mint_under_one_id_is_refused(bench: Bench) -> None:
    bench.mint("sub-1/1")
    again = bench.voucher("sub-1/1", "7", evidence="another")
    assert "used" in bench.refusal(lambda: bench.land(bench.prepared(again)))
    assert bench.chain.balance(bench.token, bench.alice) == RAW("5")
    assert len(bench.told()) == 1


def test_c06_a_mint_prepared_twice_before_either_is_sent_lands_once(bench: Bench) -> None:
    """What a crash between two signatures leaves: the second is the very same transaction, or it reverts."""
    voucher = bench.voucher("sub-1/1")
    first, second = bench.signed((*bench.prepared(voucher), *bench.prepared(voucher)))
    for signed in (first, second):
        bench.chain.submit(signed)
    assert bench.settle(first) == FINAL
    assert bench.settle(second).landing is (Landing.FINAL if first.tx_id == second.tx_id else Landing.REVERTED)
    assert bench.chain.supply(bench.token) == RAW("5")
    assert len(bench.told()) == 1


def test_c07_the_same_evidence_serves_once(bench: Bench) -> None:
    bench.mint("sub-1/1")
    again = bench.voucher("sub-2/1", evidence="sub-1/1")
    assert bench.refusal(lambda: bench.land(bench.prepared(again))) == "issuer: evidence was used"
    bench.mint("sub-2/1")
    assert bench.chain.supply(bench.token) == RAW("10")


def test_c08_a_voucher_serves_until_its_last_second(bench: Bench) -> None:
    now = bench.chain.head().at
    late = bench.voucher("sub-1/1", deadline=now - 1)
    assert "expired" in bench.refusal(lambda: bench.land(bench.prepared(late)))
    assert bench.land(bench.prepared(replace(late, deadline=now))) == FINAL


@pytest.mark.parametrize(("word", "epoch", "multiplier"), [("epoch", 1, Multiplier.one()), ("multiplier", 0, TEN)])
def test_c09_a_voucher_of_another_epoch_or_multiplier_is_refused(
    bench: Bench, word: str, epoch: int, multiplier: Multiplier
) -> None:
    other = bench.voucher("sub-1/1", epoch=epoch, multiplier=multiplier)
    assert word in bench.refusal(lambda: bench.land(bench.prepared(other)))
    bench.mint("sub-1/1")


@pytest.mark.parametrize("raw", ["0.000000001", "1.000000000000000001", "0"])
def test_c10_an_amount_of_zero_or_finer_than_1e_8_is_refused_and_uses_nothing_up(bench: Bench, raw: str) -> None:
    odd = bench.voucher("sub-1/1", raw)
    assert "amount" in bench.refusal(lambda: bench.land(bench.prepared(odd)))
    bench.mint("sub-1/1")
    with pytest.raises(Refused) if RAW(raw) else suppress(Refused):
        bench.escrow(RAW(raw), "red-1")  # a chain may let nothing move, but nobody is told of it
    assert bench.chain.balance(bench.token, bench.alice) == RAW("5")
    assert len(bench.told()) == 1


@pytest.mark.parametrize("kind", RedemptionKind)
def test_c11_an_escrow_is_told_with_its_hash_holder_amount_and_kind(bench: Bench, kind: RedemptionKind) -> None:
    bench.mint("sub-1/1")
    _, cursor = bench.chain.events("")
    bench.escrow(RAW("1.5"), "red-1", kind)
    (event,) = bench.told(cursor)
    assert event == RedemptionEscrowed(*bench.place(event), chain_hash("red-1").hex(), bench.alice, RAW("1.5"), kind)
    assert event.tx_id
    assert bench.chain.supply(bench.token) == RAW("5")
    assert bench.chain.balance(bench.token, bench.alice) == RAW("3.5")
    with pytest.raises(Refused):
        bench.escrow(RAW("3.50000001"), "red-2", kind)


def test_c12_only_what_is_in_escrow_is_burned_and_only_once(bench: Bench) -> None:
    bench.mint("sub-1/1")
    burn = bench.chain.prepare_burn
    assert "escrow" in bench.refusal(lambda: bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))))
    bench.escrow(RAW("2"), "red-1")
    bench.escrow(RAW("1"), "red-2")
    assert bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))) == FINAL
    assert bench.chain.supply(bench.token) == RAW("3")
    event = bench.told()[-1]
    assert event == Burned(*bench.place(event), chain_hash("red-1").hex(), RAW("2"))
    assert "escrow" in bench.refusal(lambda: bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))))
    assert bench.land(burn(bench.token, "red-2", bench.alice, RAW("1"))) == FINAL
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("2")


def test_c13_a_refund_gives_back_to_the_holder_once(bench: Bench) -> None:
    bench.mint("sub-1/1")
    bench.escrow(RAW("2"), "red-1")
    burn, refund = bench.chain.prepare_burn, bench.chain.prepare_refund
    assert bench.land(refund(bench.token, "red-1", bench.alice, RAW("2"))) == FINAL
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("5")
    event = bench.told()[-1]
    assert event == Refunded(*bench.place(event), chain_hash("red-1").hex(), bench.alice, RAW("2"))
    assert "escrow" in bench.refusal(lambda: bench.land(refund(bench.token, "red-1", bench.alice, RAW("2"))))
    assert "escrow" in bench.refusal(lambda: bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))))


def test_c14_a_burn_or_refund_of_another_amount_never_moves_more_than_the_escrow(bench: Bench) -> None:
    bench.mint("sub-1/1")
    for request_id in ("red-1", "red-2"):
        bench.escrow(RAW("2"), request_id)
    burn, refund = bench.chain.prepare_burn, bench.chain.prepare_refund
    assert bench.land(burn(bench.token, "red-1", bench.alice, RAW("3"))) == FINAL
    assert bench.land(refund(bench.token, "red-2", bench.alice, RAW("3"))) == FINAL
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("3")


def test_c15_a_second_escrow_under_one_id_is_never_burned(bench: Bench) -> None:
    bench.mint("sub-1/1")
    bench.escrow(RAW("2"), "red-1")
    with pytest.raises(Refused, match="used"):
        bench.escrow(RAW("2"), "red-1")
    assert len(bench.told()) == 2
    burn = bench.chain.prepare_burn
    assert bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))) == FINAL
    assert "escrow" in bench.refusal(lambda: bench.land(burn(bench.token, "red-1", bench.alice, RAW("2"))))
    assert bench.chain.supply(bench.token) == RAW("3")


def test_c16_events_go_on_from_a_cursor_without_loss_or_repetition(bench: Bench) -> None:
    heard: list[AnyChainEvent] = []
    cursors, cursor = [""], ""

    def listen() -> None:
        nonlocal cursor
        found, cursor = bench.chain.events(cursor)
        heard.extend(found)
        cursors.append(cursor)

    listen()
    bench.mint("sub-1/1")
    listen()
    listen()
    bench.mint("sub-2/1", "1")
    bench.escrow(RAW("2"), "red-1")
    bench.escrow(RAW("1"), "red-2")
    listen()
    bench.land(bench.chain.prepare_burn(bench.token, "red-1", bench.alice, RAW("2")))
    bench.set_time(bench.chain.head().at + 60)
    bench.land(bench.chain.prepare_refund(bench.token, "red-2", bench.alice, RAW("1")))
    listen()
    listen()
    assert [type(each) for each in heard] == [
        Minted, Minted, RedemptionEscrowed, RedemptionEscrowed, Burned, Refunded
    ]  # fmt: skip
    assert [each.seen_at - heard[0].seen_at for each in heard] == [0, 0, 0, 0, 0, 60]
    assert [each.block for each in heard] == sorted(each.block for each in heard)
    fresh = bench.reopened()
    for place, counted in zip(cursors, [0, 0, 1, 1, 4, 6, 6], strict=True):
        assert fresh.events(place)[0] == heard[counted:]


def test_c17_a_multiplier_is_pending_until_its_second_and_then_in_force(bench: Bench) -> None:
    bench.mint("sub-1/1")
    at = bench.chain.head().at + 600
    assert bench.chain.multiplier(bench.token) == ChainMultiplier(ONE, 0, 0, 0, 0)
    assert bench.change(Multiplier.one(), TEN, at, "act-1") == FINAL
    waiting, changed = ChainMultiplier(ONE, TEN.value, at, 0, 0), ChainMultiplier(TEN.value, 0, 0, 1, 1)
    for now, shown in ((at - 600, waiting), (at - 1, waiting), (at, changed), (at + 1, changed)):
        bench.set_time(now)
        assert bench.chain.head().at == now
        assert bench.chain.multiplier(bench.token) == bench.reopened().multiplier(bench.token) == shown
        assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("5")
    assert "epoch" in bench.refusal(lambda: bench.land(bench.prepared(bench.voucher("sub-2/1"))))
    new = bench.voucher("sub-2/1", "1", epoch=1, multiplier=TEN)
    assert bench.land(bench.prepared(new)) == FINAL
    assert bench.chain.supply(bench.token) == RAW("6")


def test_c18_a_multiplier_change_that_does_not_fit_is_refused(bench: Bench) -> None:
    now, notice = bench.chain.head().at, bench.can.notice_s_min
    at = now + notice
    two, other = (Multiplier(times * ONE, 1) for times in (2, 3))
    one, action = Multiplier.one(), "act-1"
    bench.refusal(lambda: bench.change(other, two, at, action))
    bench.refusal(lambda: bench.change(one, two, at - 1, action))
    assert bench.chain.multiplier(bench.token) == ChainMultiplier(ONE, 0, 0, 0, 0)
    assert bench.change(one, two, at, action) == FINAL
    waiting = bench.chain.multiplier(bench.token)
    bench.refusal(lambda: bench.change(one, two, at, action))
    bench.refusal(lambda: bench.change(one, other, at + notice, "act-2"))
    assert bench.chain.multiplier(bench.token) == waiting
    bench.set_time(at)
    again = Multiplier(4 * ONE, 2)
    assert "was used" in bench.refusal(lambda: bench.change(two, again, at + notice, action, 2))
    assert bench.chain.multiplier(bench.token) == ChainMultiplier(2 * ONE, 0, 0, 1, 1)
    assert bench.change(two, again, at + notice, "act-3", 2) == FINAL


def test_c19_an_odd_multiplier_is_shown_never_above_the_book_and_serves_to_mint(bench: Bench) -> None:
    odd = Multiplier.parse("1.009128755586901999", 1)
    at = bench.chain.head().at + bench.can.notice_s_min
    assert bench.change(Multiplier.one(), odd, at, "act-1", epoch_after=0) == FINAL
    bench.set_time(at)
    shown = bench.chain.multiplier(bench.token)
    # an f64 between 1 and 2 stands on a grid of 2**-52
    below = odd.value - shown.current
    assert 0 < below < ONE >> 51 if bench.can.multiplier_is_f64 else below == 0
    assert (shown.epoch, shown.version) == (0, 1)
    assert bench.land(bench.prepared(bench.voucher("sub-1/1", multiplier=odd))) == FINAL


def test_c20_the_head_never_goes_back_and_carries_market_time(bench: Bench) -> None:
    start = bench.chain.head()
    steps: list[Callable[[], object]] = [
        lambda: bench.mint("sub-1/1"),
        lambda: bench.set_time(start.at + 60),
        lambda: bench.set_time(start.at),
        lambda: bench.mint("sub-2/1"),
        lambda: bench.escrow(RAW("1"), "red-1"),
    ]
    heads = [start]
    for step in steps:
        step()
        heads.append(bench.chain.head())
    assert [head.at - start.at for head in heads] == [0, 0, 60, 60, 60, 60]
    assert [head.number for head in heads] == sorted(head.number for head in heads)
    assert heads[-1].number > start.number
    assert all(head.hash for head in heads)


def test_c21_a_call_that_can_never_land_is_dead_where_calls_die(bench: Bench) -> None:
    (signed,) = bench.signed(bench.prepared(bench.voucher("sub-1/1")))
    bench.outdate(signed)
    before = bench.chain.supply(bench.token)
    assert bench.chain.outcomes([signed])[0].landing is (Landing.DEAD if bench.can.calls_die else Landing.UNKNOWN)
    bench.chain.submit(signed)
    if bench.can.calls_die:
        assert bench.chain.outcomes([signed]) == [Outcome(Landing.DEAD)]
        assert bench.chain.supply(bench.token) == before
    else:
        assert bench.settle(signed) == FINAL


def test_c22_a_node_that_does_not_answer_is_unavailable_and_harms_nothing(bench: Bench) -> None:
    (signed,) = bench.signed(bench.prepared(bench.voucher("sub-1/1")))
    away = bench.unreachable()
    asked: list[Callable[[Chain], object]] = [
        lambda chain: chain.head(),
        lambda chain: chain.supply(bench.token),
        lambda chain: chain.balance(bench.token, bench.alice),
        lambda chain: chain.multiplier(bench.token),
        lambda chain: chain.submit(signed),
        lambda chain: chain.outcomes([signed]),
        lambda chain: chain.events(""),
    ]
    for ask in asked:
        with pytest.raises(Unavailable) if bench.can.outside_process else nullcontext():
            ask(away)
    bench.chain.submit(signed)
    assert bench.settle(signed) == FINAL
    assert bench.chain.supply(bench.token) == RAW("5")


def test_c23_the_chain_counts_nonces_as_declared(bench: Bench) -> None:
    first = bench.chain.next_nonce()
    assert bench.chain.counts_nonces is bench.can.counts_nonces
    bench.mint("sub-1/1")
    assert bench.chain.next_nonce() == first + (1 if bench.can.counts_nonces else 0)
    assert bench.chain.finality_s_max > 0


def test_c24_an_action_in_force_is_declared_final_once_where_the_chain_keeps_actions(bench: Bench) -> None:
    at = bench.chain.head().at + bench.can.notice_s_min
    assert bench.change(Multiplier.one(), TEN, at, "act-1") == FINAL
    finish = bench.chain.prepare_finish
    end = ActionFinish(bench.chain.name, "TSLAx", bench.token, "act-1", "ab" * 32)
    if not bench.can.keeps_actions:
        assert finish(end) == ()
        return
    bench.refusal(lambda: bench.land(finish(end)))
    bench.set_time(at)
    bench.refusal(lambda: bench.land(finish(replace(end, action_id="act-2"))))
    assert bench.land(finish(end)) == FINAL
    bench.refusal(lambda: bench.land(finish(end)))
    assert bench.chain.multiplier(bench.token) == ChainMultiplier(TEN.value, 0, 0, 1, 1)


def test_the_page_on_chains_shows_the_table_of_capabilities() -> None:
    page = (ROOT / "docs/chains.md").read_text()
    assert f"| capability | {' | '.join(CAPABILITIES)} |" in page
    assert [row for row in capability_rows() if row not in page] == []
