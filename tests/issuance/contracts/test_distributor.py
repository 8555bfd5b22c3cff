"""Dividends in a stablecoin: two keys and the money open a distribution, or by rule nothing."""

from typing import Any

import pytest
from tests.issuance.contracts.dividend import ATTESTOR, CA, DAY, EVENT, TOTAL, Dividend
from tests.issuance.contracts.stage import NOBODY, ONE, Reverted, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.instrument import Instrument, InstrumentKind

AAPL = Instrument("AAPL", "Apple", "US0378331005", "XNAS", "USD", InstrumentKind.EQUITY, "AAPLx")


# Create


def test_create__signed_by_two_keys_and_funded__is_open_and_says_all(dividend: Dividend) -> None:
    fields = dividend.fields()
    receipt = dividend.create(**fields)
    [(topics, said)] = events(receipt, "Distributor", "DistributionCreated")
    assert topics[:2] == ["0x" + dividend.id.hex(), "0x" + EVENT.hex()]
    assert topics[2][-40:] == dividend.stage.token[2:].lower()
    assert said == {
        "stablecoin": dividend.coin.lower(), "root": dividend.tree.root, "total": TOTAL, "recordAt": fields["record_at"],
        "recordBlock": 1, "claimDeadline": fields["deadline"], "remainderReceiver": account("treasury").lower(),
        "payer": account("payer").lower(),
    }  # fmt: skip
    assert dividend.held(dividend.at) == TOTAL
    assert dividend.standing() == (TOTAL, 0, False)
    assert dividend.stage.view("Distributor", "distribution_id", EVENT, dividend.stage.token, to=dividend.at) == dividend.id


@pytest.mark.parametrize(
    ("signers", "who"),
    [
        (("attestor", "attestor"), "corporate action"),
        (("issuer", "attestor"), "corporate action"),
        (("stranger", "attestor"), "corporate action"),
        ((CA, CA), "attestor"),
        ((CA, "issuer"), "attestor"),
        ((CA, "stranger"), "attestor"),
    ],
)
def test_create__without_both_keys__reverts(dividend: Dividend, signers: tuple[str, str], who: str) -> None:
    with reverts(f"distributor: {who} signature was wrong"):
        dividend.create(signers=signers)


def test_create__signed_for_another_chain_or_contract__reverts(dividend: Dividend) -> None:
    for domain in ({"chain_id": 1}, {"contract": dividend.stage.at.issuer}):
        with reverts("distributor: corporate action signature was wrong"):
            dividend.create(domain=domain)


@pytest.mark.parametrize("place", range(11))
def test_create__with_a_field_that_was_not_signed__reverts(dividend: Dividend, place: int) -> None:
    values = list(dividend.fields().values())
    signatures = dividend.signatures(tuple(values), (CA, ATTESTOR))
    was = values[place]
    values[place] = was + 1 if isinstance(was, int) else b"\1" * 32 if isinstance(was, bytes) else account("mallory")
    with reverts("distributor: corporate action signature was wrong"):
        dividend.send("create", tuple(values), *signatures, sender="payer")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token": account("stranger")}, "distributor: token was not registered"),
        ({"stablecoin": account("stranger")}, "distributor: stablecoin was no contract"),
        ({"event": b"\0" * 32, "announced": False}, "distributor: event was not announced for the token"),
        ({"root": b"\0" * 32}, "distributor: root was zero"),
        ({"total": 0}, "distributor: total was zero"),
        ({"receiver": NOBODY}, "distributor: receiver was nobody"),
    ],
)
def test_create__senseless__reverts(dividend: Dividend, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        dividend.create(**changes)


def test_create__at_the_limits_of_its_dates__is_open_only_within(dividend: Dividend) -> None:
    now = dividend.stage.now()
    with reverts("distributor: record date was in the future"):
        dividend.create(record_at=now + 1)
    with reverts("distributor: deadline was too near"):
        dividend.create(deadline=now + 30 * DAY - 1)
    with reverts("distributor: deadline was too far"):
        dividend.create(deadline=now + 3_660 * DAY + 1)
    dividend.create(deadline=now + 3_660 * DAY, record_at=now)
    dividend.create(deadline=now + 30 * DAY, event=b"\x0e" * 32)


def test_create__with_itself_or_a_listed_account_as_receiver__reverts(dividend: Dividend) -> None:
    with reverts("distributor: receiver was nobody"):
        dividend.create(receiver=dividend.at)
    dividend.stage.send("guardian", "Policy", "list_address", account("treasury"))
    with reverts("distributor: receiver was listed"):
        dividend.create()


def test_create__twice_for_one_event_and_token__reverts(open_: Dividend) -> None:
    with reverts("distributor: event was distributed"):
        open_.create()
    with reverts("distributor: event was distributed"):
        open_.create(total=1, root=b"\x02" * 32)
    open_.create(event=b"\x0e" * 32)


def test_create__without_the_money__reverts(dividend: Dividend) -> None:
    dividend.tell("mint", dividend.at, TOTAL)  # what lies there already does not count
    with pytest.raises(Reverted):
        dividend.create(payer=account("stranger"), sender="stranger")
    assert dividend.standing() == (0, 0, False)


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        ({"fee": 1}, "distributor: another amount was received"),
        ({"fee": -1}, "distributor: another amount was received"),
        ({"lies": True}, "distributor: transfer failed"),
    ],
)
def test_create__in_a_stablecoin_that_takes_a_fee_or_lies__reverts(
    dividend: Dividend, manners: dict[str, Any], reason: str
) -> None:
    dividend.misbehave(**manners)
    with reverts(reason):
        dividend.create()


def test_distributor__in_a_stablecoin_that_answers_nothing__works(dividend: Dividend) -> None:
    dividend.misbehave(silent=True)
    dividend.create()
    dividend.claim(dividend.of("alice"))
    assert dividend.held("alice") == 60


def test_distributor__without_policy_signers_or_issuer__cannot_be_made(fresh: Stage) -> None:
    places = [fresh.at.policy, fresh.at.signers, fresh.at.issuer]
    for place, name in enumerate(("policy", "signers", "issuer")):
        with reverts(f"distributor: {name} was zero"):
            fresh.send_data("lister", None, own("Distributor").creation(*places[:place], NOBODY, *places[place + 1 :]))


def test_distributor__made__says_whom_it_asks(dividend: Dividend) -> None:
    at = dividend.stage.at
    names = ("policy", "signers", "issuer", "actions")
    asked = [dividend.stage.view("Distributor", name, to=dividend.at) for name in names]
    assert asked == [place.lower() for place in (at.policy, at.signers, at.issuer, at.actions)]


def test_create__by_another_than_the_payer__reverts(dividend: Dividend) -> None:
    dividend.tell("mint", account("mallory"), TOTAL)
    dividend.tell("approve", dividend.at, TOTAL, sender="mallory")
    with reverts("distributor: caller was not the payer"):
        dividend.create(sender="mallory")
    dividend.create()


def test_create__after_the_keys_were_changed__takes_the_new_ones_alone(dividend: Dividend) -> None:
    dividend.announce(EVENT)
    dividend.change_keys(3, "new_action")
    dividend.change_keys(2, "new_attestor")
    with reverts("distributor: corporate action signature was wrong"):
        dividend.create()
    with reverts("distributor: attestor signature was wrong"):
        dividend.create(signers=("new_action", ATTESTOR))
    dividend.create(signers=("new_action", "new_attestor"))


def test_create__signed_before_any_key_was_changed__reverts(dividend: Dividend) -> None:
    epoch = dividend.signer_epoch()
    for wrong in (epoch - 1, epoch + 1):
        with reverts("distributor: signer epoch was not in force"):
            dividend.create(signer_epoch=wrong)
    dividend.change_keys(4, "new_price")
    with reverts("distributor: signer epoch was not in force"):
        dividend.create(signer_epoch=epoch)
    dividend.create()


def test_create__where_two_of_three_must_sign__takes_no_fewer(dividend: Dividend) -> None:
    dividend.announce(EVENT)
    dividend.change_keys(3, "action_1", "action_2", "action_3", threshold=2)
    dividend.change_keys(2, "attestor_1", "attestor_2", "attestor_3", threshold=2)
    two = ("action_1 action_3", "attestor_2 attestor_3")
    for signers, who in (
        (("action_1", two[1]), "corporate action"),
        (("action_1 attestor_2", two[1]), "corporate action"),
        ((two[0], "attestor_2"), "attestor"),
        ((two[0], "attestor_2 action_1"), "attestor"),
    ):
        with reverts(f"distributor: {who} signature was wrong"):
            dividend.create(signers=signers)
    dividend.create(signers=two)


def test_create__for_an_event_that_the_register_does_not_know_of_this_token__reverts(dividend: Dividend) -> None:
    other = dividend.stage.list_stock(AAPL)
    dividend.announce(b"\x0e" * 32, token=other.token)
    for event in (EVENT, b"\x0e" * 32):
        with reverts("distributor: event was not announced for the token"):
            dividend.create(event=event, announced=False)
    dividend.create()


def test_create__for_an_event_that_was_cancelled_or_corrected__reverts_and_its_correction_is_paid(dividend: Dividend) -> None:
    dividend.announce(EVENT)
    cancelled, corrected = b"\x0e" * 32, b"\x0f" * 32
    dividend.announce(cancelled)
    dividend.stage.cancel(cancelled)
    dividend.announce(corrected, corrects=EVENT)
    for event in (cancelled, EVENT):
        with reverts("distributor: event was taken back"):
            dividend.create(event=event)
    dividend.create(event=corrected)


def test_create__for_a_dividend_that_goes_into_the_multiplier__reverts(dividend: Dividend) -> None:
    stage, at = dividend.stage, dividend.stage.now() + DAY
    dividend.announce(EVENT)
    stage.stage_change(stage.change(action=EVENT, multiplier=ONE + 1, epoch_after=0, effective_at=at))
    for moment in (stage.now(), at, at + 1):  # staged, applied, final
        stage.evm.set_time(moment)
        if moment > at:
            stage.finish(EVENT)
        with reverts("distributor: dividend was reinvested"):
            dividend.create()
    assert stage.view("CorporateActions", "state_of", EVENT) == 4


def test_create__for_a_reverse_split_in_force__pays_the_cash_for_its_fractions(dividend: Dividend) -> None:
    stage, at = dividend.stage, dividend.stage.now() + DAY
    ratio = {"ratio_new": 1, "ratio_old": 10}
    dividend.announce(EVENT, kind=b"SPLR", cash=0, **ratio)
    stage.stage_change(stage.change(action=EVENT, multiplier=ONE // 10, effective_at=at, **ratio))
    stage.evm.set_time(at)
    dividend.create()
    assert dividend.standing() == (TOTAL, 0, False)
