"""Dividends in a stablecoin, once open: each holder is paid once, or by rule nobody, and the rest goes back."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.issuance.contracts.dividend import DAY, TOTAL, Dividend
from tests.issuance.contracts.stage import ONE, Reverted, Stage, account, events, reverts

from openscrip.issuance.chains.evm.distribution_tree import BATCH_MAX, Entitlements, Payment, distribution, plant
from openscrip.issuance.chains.evm.snapshot import last_block_at, take_snapshot
from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.multiplier import Multiplier

AAPL = Instrument("AAPL", "Apple", "US0378331005", "XNAS", "USD", InstrumentKind.EQUITY, "AAPLx")


# Claim


def test_claim__by_anyone__pays_the_account_once(open_: Dividend) -> None:
    payment = open_.of("alice")
    assert not open_.is_paid(payment.index)
    receipt = open_.claim(payment)
    [(topics, said)] = events(receipt, "Distributor", "Paid")
    assert topics[0] == "0x" + open_.id.hex()
    assert topics[1][-40:] == account("alice")[2:].lower()
    assert said == {"index": payment.index, "amount": 60}
    assert (open_.held("alice"), open_.held("stranger"), open_.held(open_.at)) == (60, 0, 40)
    assert open_.standing() == (TOTAL, 60, False)
    assert [open_.is_paid(each.index) for each in open_.tree.payments] == [each == payment for each in open_.tree.payments]
    with reverts("distributor: claim was paid"):
        open_.claim(payment)


def test_claim__with_anything_but_its_leaf__reverts(open_: Dividend) -> None:
    payment = open_.of("alice")
    wrong = (
        replace(payment, amount=61), replace(payment, index=payment.index + 256), replace(payment, account=account("mallory")),
        replace(payment, proof=payment.proof[:-1]), replace(payment, proof=(*payment.proof, b"\0" * 32)),
        replace(payment, proof=open_.of("carol").proof[::-1]), replace(payment, proof=()),
    )  # fmt: skip
    for each in wrong:
        with reverts("distributor: proof was wrong"):
            open_.claim(each)
    open_.claim(payment)


def test_claim__in_another_distribution_or_an_unknown_one__reverts(open_: Dividend) -> None:
    other = b"\x0e" * 32
    open_.create(event=other)  # the same root for another event: no leaf of it fits
    with reverts("distributor: proof was wrong"):
        open_.send("claim", open_.id_of(other), open_.of("alice").values())
    with reverts("distributor: distribution was unknown"):
        open_.send("claim", b"\x0f" * 32, open_.of("alice").values())
    with reverts("distributor: distribution was unknown"):
        open_.send("return_remainder", b"\x0f" * 32)


def test_claim__of_a_listed_account__reverts_until_it_is_unlisted(open_: Dividend) -> None:
    open_.stage.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("distributor: account was listed"):
        open_.claim(open_.of("alice"))
    open_.stage.send(open_.stage.at.timelock, "Policy", "unlist_address", account("alice"))
    open_.claim(open_.of("alice"))
    assert open_.held("alice") == 60


def test_claim__in_the_last_second__is_paid_and_reverts_after(dividend: Dividend) -> None:
    deadline = dividend.stage.now() + 60 * DAY
    dividend.create(deadline=deadline)
    dividend.stage.pass_time(60 * DAY)
    assert dividend.stage.now() <= deadline
    with reverts("distributor: deadline was not over"):
        dividend.finish()
    dividend.claim(dividend.of("alice"))
    dividend.stage.pass_time(1)
    with reverts("distributor: deadline was over"):
        dividend.claim(dividend.of("bob"))
    with reverts("distributor: deadline was over"):
        dividend.push(dividend.of("bob"))


def test_claim__beyond_the_total__reverts_and_leaves_other_distributions_alone(dividend: Dividend) -> None:
    dividend.create(total=89)  # a tree that promises 97
    dividend.tell("mint", dividend.at, 1_000)
    dividend.claim(dividend.of("alice"))
    with reverts("distributor: total was paid"):
        dividend.claim(dividend.of("bob"))
    dividend.claim(dividend.of("carol"))
    assert dividend.standing() == (89, 67, False)


def test_claim__of_a_leaf_for_the_distributor_itself__reverts(dividend: Dividend) -> None:
    dividend.tree = plant(dividend.id, Entitlements(5, {dividend.at: 5}, 0))
    dividend.create()
    with reverts("distributor: account was the distributor"):
        dividend.claim(dividend.tree.payments[0])


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        ({"fee": 1}, "distributor: another amount was received"),
        ({"fee": -1}, "distributor: another amount was received"),
        ({"surcharge": 1}, "distributor: another amount was sent"),
        ({"surcharge": -1}, "distributor: another amount was sent"),
        ({"lies": True}, "distributor: transfer failed"),
    ],
)
def test_claim__when_the_stablecoin_turns_bad__reverts_and_the_claim_stands(
    open_: Dividend, manners: dict[str, Any], reason: str
) -> None:
    open_.misbehave(**manners)
    for act in (open_.claim, open_.push):
        with reverts(reason):
            act(open_.of("alice"))
    assert open_.standing() == (TOTAL, 0, False)
    open_.misbehave()
    open_.claim(open_.of("alice"))


def test_distributor__entered_again_from_a_transfer__refuses(dividend: Dividend) -> None:
    bob = dividend.of("bob")
    dividend.create()
    for call in (("claim", dividend.id, bob.values()), ("push", dividend.id, [bob.values()])):
        dividend.tell("arm", dividend.at, own("Distributor").call(*call))
        snapshot = dividend.stage.rpc.call("evm_snapshot")
        dividend.claim(dividend.of("alice"))
        assert not dividend.entered()
        assert (dividend.held("alice"), dividend.held("bob")) == (60, 0)
        dividend.stage.rpc.call("evm_revert", snapshot)
    dividend.send(*call)  # the same call from outside is taken


def test_distributor__entered_again_while_money_comes_or_goes_back__refuses_and_finishes(open_: Dividend) -> None:
    second, third = b"\x0e" * 32, b"\x0f" * 32
    open_.tell("arm", open_.at, own("Distributor").call("claim", open_.id, open_.of("alice").values()))
    open_.create(event=second)
    open_.create(event=third, deadline=open_.stage.now() + 60 * DAY)
    assert open_.held("alice") == 0
    open_.stage.pass_time(61 * DAY)
    open_.tell("arm", open_.at, own("Distributor").call("return_remainder", open_.id_of(second)))
    open_.finish()
    assert not open_.entered()
    assert open_.held("treasury") == TOTAL


# Push


def test_push__a_batch__pays_all_but_the_listed_and_the_paid(open_: Dividend) -> None:
    open_.claim(open_.of("bob"))
    open_.stage.send("guardian", "Policy", "list_address", account("carol"))
    receipt = open_.push(*open_.tree.payments)
    assert [said["amount"] for _, said in events(receipt, "Distributor", "Paid")] == [60]
    [(topics, said)] = events(receipt, "Distributor", "Withheld")
    assert topics[1][-40:] == account("carol")[2:].lower()
    assert said == {"index": open_.of("carol").index, "amount": 7}
    assert (open_.held("alice"), open_.held("bob"), open_.held("carol")) == (60, 30, 0)
    open_.stage.send(open_.stage.at.timelock, "Policy", "unlist_address", account("carol"))
    open_.claim(open_.of("carol"))
    assert open_.standing() == (TOTAL, 97, False)


def test_push__the_same_payment_twice_in_a_batch__pays_once(open_: Dividend) -> None:
    open_.push(open_.of("alice"), open_.of("alice"))
    assert open_.held("alice") == 60


def test_push__nothing__reverts(open_: Dividend) -> None:
    with reverts("distributor: batch was empty"):
        open_.push()


def test_push__in_an_unknown_distribution__reverts(dividend: Dividend) -> None:
    with reverts("distributor: distribution was unknown"):
        dividend.push(dividend.of("alice"))


def test_push__with_one_wrong_payment__pays_nobody(open_: Dividend) -> None:
    with reverts("distributor: proof was wrong"):
        open_.push(open_.of("alice"), replace(open_.of("bob"), amount=31))
    assert open_.standing() == (TOTAL, 0, False)


def test_push__full_batches_over_a_word_of_the_bitmap__pay_everyone_once(dividend: Dividend) -> None:
    due = {f"holder {number}": number + 1 for number in range(270)}
    dividend.tree = dividend.plant(due)
    dividend.create(total=sum(due.values()))
    batches = dividend.tree.batches()
    assert [len(batch) for batch in batches] == [BATCH_MAX] * 5 + [20]
    receipts = [dividend.push(*batch) for batch in batches]
    assert max(int(receipt["gasUsed"], 16) for receipt in receipts) < BATCH_MAX * 60_000
    assert {name: dividend.held(name) for name in due} == due
    assert dividend.held(dividend.at) == 0
    assert all(dividend.is_paid(each.index) for each in dividend.tree.payments)
    assert not dividend.is_paid(270)
    again = [dividend.push(*batch) for batch in batches]
    assert [events(receipt, "Distributor", "Paid") for receipt in again] == [[]] * len(batches)
    with pytest.raises(Reverted):
        dividend.push(*dividend.tree.payments[: BATCH_MAX + 1])


# Remainder


def test_return_remainder__after_the_deadline__sends_what_is_left_once(open_: Dividend) -> None:
    open_.claim(open_.of("alice"))
    with reverts("distributor: deadline was not over"):
        open_.finish()
    open_.stage.pass_time(60 * DAY + 1)
    [(topics, said)] = events(open_.finish(), "Distributor", "RemainderReturned")
    assert topics[1][-40:] == account("treasury")[2:].lower()
    assert said == {"amount": 40}
    assert (open_.held("treasury"), open_.held(open_.at)) == (40, 0)
    assert open_.standing() == (TOTAL, 60, True)
    with reverts("distributor: remainder was returned"):
        open_.finish()
    with reverts("distributor: deadline was over"):
        open_.claim(open_.of("bob"))


def test_return_remainder__of_a_distribution_paid_in_full__reverts(dividend: Dividend) -> None:
    dividend.create(total=97)
    dividend.push(*dividend.tree.payments)
    dividend.stage.pass_time(61 * DAY)
    with reverts("distributor: nothing was left"):
        dividend.finish()


def test_return_remainder__to_a_listed_receiver__reverts_until_it_is_unlisted(open_: Dividend) -> None:
    open_.stage.send("guardian", "Policy", "list_address", account("treasury"))
    open_.stage.pass_time(61 * DAY)
    with reverts("distributor: receiver was listed"):
        open_.finish()
    open_.stage.send(open_.stage.at.timelock, "Policy", "unlist_address", account("treasury"))
    open_.finish()


def test_distributor__given_money_by_mistake__counts_and_returns_as_without(open_: Dividend) -> None:
    open_.tell("mint", open_.at, 1_000)
    other = b"\x0e" * 32
    open_.create(event=other, deadline=open_.stage.now() + 3_000 * DAY)
    open_.claim(open_.of("alice"))
    open_.stage.pass_time(61 * DAY)
    open_.finish()
    assert open_.held("treasury") == 40
    assert open_.held(open_.at) == 1_000 + TOTAL  # the gift stays, and so does the other distribution


# All of it together


def test_distribution__from_a_snapshot__pays_whoever_held_at_the_record_time_and_returns_the_rest(stage: Stage) -> None:
    """0.21 USD net a share, at two shares a token, to the people behind a pool and the escrow as well."""
    small = [f"holder {number}" for number in range(60)]
    for place, name in enumerate(small):
        stage.send("alice", "StockToken", "transfer", account(name), place * 10**11 + 1)
    stage.send("alice", "StockToken", "transfer", account("pool"), 30 * ONE)
    stage.escrow("bob", 10 * ONE, stage.unique("redemption"))
    recorded = stage.now()
    stage.pass_time(1)
    stage.send("alice", "StockToken", "transfer", account("late"), ONE)
    block = last_block_at(stage.node, recorded)
    snapshot = take_snapshot(stage.node, stage.token, block)
    assert snapshot.digest() == take_snapshot(stage.node, stage.token, block, page_blocks=3).digest()
    seen = snapshot.look_through(
        {account("pool"): {account("carol"): 2, account("bob"): 1}, stage.at.issuer: {account("bob"): 1}}
    )
    entitled = distribution(seen, Fraction(21, 100), Multiplier(2 * ONE))

    sent = sum(place * 10**11 + 1 for place in range(60))
    held = {"alice": 70 * ONE - sent, "bob": 60 * ONE, "carol": 20 * ONE}
    held |= {name: place * 10**11 + 1 for place, name in enumerate(small)}
    due = {name: raw * 42 // 10**14 for name, raw in held.items()}  # raw x 2 x 0.21 USD, in 1e-6 USD
    assert entitled.due == {account(name): atoms for name, atoms in due.items() if atoms}
    assert 0 < len([name for name in small if not due[name]]) < 60  # dust
    assert entitled.total == 150 * 420_000

    dividend = Dividend(stage)
    dividend.tree = plant(dividend.id, entitled)
    dividend.create(total=entitled.total, record_block=block, record_at=recorded)
    stage.send("guardian", "Policy", "list_address", account("carol"))
    dividend.claim(dividend.of("alice"))
    dividend.claim(dividend.of("holder 59"))
    for batch in dividend.tree.batches():
        dividend.push(*batch)
    stage.pass_time(61 * DAY)
    dividend.finish()
    assert {name: dividend.held(name) for name in held} == due | {"carol": 0}
    assert (dividend.held("late"), dividend.held(dividend.at)) == (0, 0)
    assert dividend.held("treasury") == entitled.remainder + due["carol"] == entitled.total - sum(due.values()) + due["carol"]


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dues=st.lists(st.integers(1, 10**24), min_size=1, max_size=9),
    spare=st.integers(0, 10**6),
    claimed=st.sets(st.integers(0, 8)),
    pushed=st.sets(st.integers(0, 8)),
    listed=st.sets(st.integers(0, 8), max_size=2),
    gift=st.integers(0, 10**24),
)
def test_distribution__whoever_claims__what_was_paid_and_the_remainder_are_the_total(
    deployed: Stage, dues: list[int], spare: int, claimed: set[int], pushed: set[int], listed: set[int], gift: int
) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    try:
        dividend = Dividend(deployed)
        dividend.tree = dividend.plant({f"holder {number}": amount for number, amount in enumerate(dues)})
        dividend.create(total=sum(dues) + spare)
        dividend.tell("mint", dividend.at, gift)
        some = ({each for each in dividend.tree.payments if each.index in places} for places in (claimed, pushed, listed))
        paid = pay_some(dividend, *some)
        deployed.pass_time(61 * DAY)
        if rest := sum(dues) + spare - paid:
            assert events(dividend.finish(), "Distributor", "RemainderReturned")[0][1] == {"amount": rest}
        assert paid + dividend.held("treasury") == sum(dues) + spare
        assert dividend.held(dividend.at) == gift
    finally:
        deployed.rpc.call("evm_revert", snapshot)


def pay_some(dividend: Dividend, claimed: set[Payment], pushed: set[Payment], listed: set[Payment]) -> int:
    """List some, let some claim and push to some; what was paid, after checking that it went to the right accounts."""
    for payment in listed:
        dividend.stage.send("guardian", "Policy", "list_address", payment.account)
    for payment in claimed - listed:
        dividend.claim(payment)
    if pushed:
        dividend.push(*pushed)
    expected = {each: each.amount if each in (claimed | pushed) - listed else 0 for each in dividend.tree.payments}
    assert {each: dividend.held(each.account) for each in dividend.tree.payments} == expected
    return sum(expected.values())
