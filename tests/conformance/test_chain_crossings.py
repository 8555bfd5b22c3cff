"""The conformance suite of the chain port for tokens that cross to another chain. Cases go on from `test_chain`."""

from typing import Any

import pytest
from tests.conformance.chains import (
    RAW,
    Bench,
)  # fmt: skip

from openscrip.issuance.bridge_row import destination_hash
from openscrip.issuance.chain import (
    Call,
    Departed,
    Landing,
    Outcome,
)  # fmt: skip
from openscrip.issuance.voucher import MintKind, chain_hash
from openscrip.kernel.errors import Malformed, Refused

FINAL = Outcome(Landing.FINAL)
THERE, ELSEWHERE = "test:there", "test:elsewhere"


def departed(bench: Bench, request_id: str = "away", raw: str = "2") -> Departed:
    """Alice has five, and so much of it leaves."""
    bench.mint("sub-1/1")
    bench.open_lane(THERE, RAW("3"))
    cursor = bench.chain.events("")[1]
    bench.depart(RAW(raw), THERE, request_id)
    (event,) = bench.told(cursor)
    assert isinstance(event, Departed)
    return event


def restitution(bench: Bench, event: Departed, mint_id: str = "back-1", raw: str = "2") -> tuple[Call, ...]:
    """The calls that would give a crossing back."""
    voucher = bench.voucher(mint_id, raw, kind=MintKind.RESTITUTION)
    return bench.chain.prepare_mint(voucher, {"mint_id": mint_id, "crossing": {"key": event.key, "holder": event.holder}})


def test_c25_what_departs_is_burned_at_once_and_told_with_all_that_its_arrival_needs(bench: Bench) -> None:
    before = bench.chain.head().at
    event = departed(bench)
    assert (event.holder, event.raw, event.hash) == (bench.alice, RAW("2"), chain_hash("away").hex())
    assert (event.destination, event.receiver) == (destination_hash(THERE), "ab" * 32)
    assert before + 3_600 <= event.arrive_by <= bench.chain.head().at + 3_600
    assert event.key
    assert bench.chain.supply(bench.token) == bench.chain.balance(bench.token, bench.alice) == RAW("3")
    assert bench.reopened().events("")[0][-1] == event


def test_c26_nothing_departs_against_the_rules_of_its_lane(bench: Bench) -> None:
    departed(bench)

    def refused(*asked: Any) -> str:
        before = bench.chain.supply(bench.token), bench.chain.events("")[0]
        with pytest.raises(Refused) as refusal:
            bench.depart(*asked)
        assert (bench.chain.supply(bench.token), bench.chain.events("")[0]) == before
        return refusal.value.text.partition(": ")[2]

    assert refused(RAW("1"), ELSEWHERE, "red-2") == "lane was closed"
    assert refused(RAW("1"), THERE, "red-3", "00" * 32) == "receiver was zero"
    assert refused(RAW("1"), THERE, "away") == "request was used"
    assert refused(RAW("1.00000001"), THERE, "red-4") == "hourly departure cap was reached"


def test_c27_an_arrival_is_minted_once_for_its_origin(bench: Bench) -> None:
    bench.mint("sub-1/1")
    first, other = "01" * 32, "02" * 32
    for mint_id, origin in (("arrival-1", first), ("arrival-2", other)):
        voucher = bench.voucher(mint_id, "1", kind=MintKind.ARRIVAL, origin=origin)
        assert bench.land(bench.prepared(voucher)) == FINAL
    again = bench.voucher("arrival-3", "1", kind=MintKind.ARRIVAL, origin=first)
    bench.refusal(lambda: bench.land(bench.prepared(again)))
    bench.refusal(lambda: bench.land(bench.prepared(bench.voucher("arrival-4", "1", kind=MintKind.ARRIVAL))))
    assert bench.chain.supply(bench.token) == RAW("7")


def test_c28_what_did_not_arrive_is_given_back_once_an_hour_after_its_time(bench: Bench) -> None:
    event = departed(bench)
    bench.set_time(event.arrive_by + 3_600)
    early = bench.refusal(lambda: bench.land(restitution(bench, event)))
    assert early.endswith("crossing could still arrive")
    bench.set_time(event.arrive_by + 3_601)
    bench.refusal(lambda: bench.land(restitution(bench, event, "back-2", "2.00000001")))
    assert bench.land(restitution(bench, event, "back-3")) == FINAL
    assert bench.chain.balance(bench.token, bench.alice) == RAW("5")
    bench.refusal(lambda: bench.land(restitution(bench, event, "back-4")))


def test_c29_a_wallet_is_32_bytes_to_other_chains_and_comes_back_the_same(bench: Bench) -> None:
    assert bench.chain.caip2().count(":") == 1
    for wallet in (bench.alice, bench.bob):
        word = bench.chain.word_of(wallet)
        assert len(bytes.fromhex(word)) == 32
        assert bench.chain.wallet_of(word) == wallet
    with pytest.raises(Malformed):
        bench.chain.word_of("no wallet anywhere, nor on any chain")
