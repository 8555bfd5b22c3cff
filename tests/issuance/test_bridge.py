"""A crossing: burned here, minted there, or given back when it can arrive no more; told twice, it happens once."""

from dataclasses import replace

import pytest

from openscrip.assets.actions import Woken
from openscrip.assets.stock import Stock
from openscrip.issuance.actions import Landed, Mint, Rejected, Report
from openscrip.issuance.bridge import GRACE_S, HOLDER_RULE, NO_ROOM, RECEIVER_RULE, decide
from openscrip.issuance.bridge_row import (
    Crossing,
    CrossingArrived,
    CrossingDeparted,
    CrossingRefused,
    CrossingRestored,
    Heard,
    Released,
    crossing_of,
)
from openscrip.issuance.chain import Departed
from openscrip.issuance.terms import Terms, View
from openscrip.issuance.voucher import MintKind, chain_hash, evidence_hash
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase

NOW, LIFE_S = 1_000_000, 3_600
TOKENS = (("evm", "0x1"), ("evm-2", "0x2"), ("solana", "mint"))
STOCK = Stock("TSLA", "US88160R1014", "SEGREGATED", "TSLAx", TOKENS, Multiplier(3 * 10**18, 1), 1, 1)
RAW = RawAmount.parse("10.5")
VIEW = View(NOW, STOCK, Terms(), burnable=RAW)
EVENT = Departed("evm", "0x1", "0xtx", 7, NOW, "ab" * 32, "0xa", RAW, "dd" * 32, "ee" * 32, NOW + LIFE_S, "kk")
ROW = crossing_of(EVENT, "TSLA")
LED = Heard("solana", "mint", "wallet")
UNKNOWN = Heard("dd" * 32, "", "ee" * 32, "crossing.destination", "crossing: destination was unknown")
ASKED, GIVEN_BACK = "evm:kk:arrive:1", "evm:kk:restore:1"


def at(seconds: int) -> View:
    """The view so many seconds after the departure."""
    return replace(VIEW, now=NOW + seconds)


def row_of(decision: Decision) -> Crossing:
    """The crossing as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, Crossing))


def after(*told: tuple[object, View], row: Crossing = ROW) -> Crossing:
    """A crossing that heard each event at its time."""
    for event, view in told:
        decision = decide(row, event, view)  # type: ignore[arg-type]  # each is one of the union
        row = row_of(decision) if decision.rows else row
    return row


ARRIVING = after((LED, VIEW))
DEAD = after((Rejected(ASKED, "issuer.voucher_was_expired", "issuer: voucher was expired"), at(LIFE_S)), row=ARRIVING)


def minted(decision: Decision) -> Mint:
    """The one mint that a decision asks for."""
    (mint,) = [command.action for command in decision.commands if isinstance(command.action, Mint)]
    return mint


def test_a_departure__way_known__asks_for_as_much_at_the_destination() -> None:
    decision = decide(ROW, LED, VIEW)
    voucher = minted(decision).voucher
    assert (voucher.chain, voucher.token, voucher.receiver, voucher.raw) == ("solana", "mint", "wallet", RAW)
    assert (voucher.kind, voucher.mint_id) == (MintKind.ARRIVAL, "arrival:evm:kk")
    assert voucher.origin == chain_hash("departure:evm:kk").hex()
    assert (voucher.epoch, voucher.multiplier) == (1, Multiplier(3 * 10**18, 1))
    assert decision.uses == (("evidence", voucher.evidence_hash, "arrival:evm:kk"),)
    assert row_of(decision).state == "arriving"
    assert [type(fact) for fact in decision.facts] == [CrossingDeparted]


def test_an_arrival__asked_for__never_outlives_the_departure() -> None:
    assert minted(decide(ROW, LED, at(0))).voucher.deadline == NOW + LIFE_S
    assert minted(decide(replace(ROW, arrive_by=NOW + 86_400), LED, VIEW)).voucher.deadline == NOW + 3_600


def test_raw_on_the_way__leaves_supply__and_waits_in_a_book_of_its_own() -> None:
    left = decide(ROW, LED, VIEW).transfers
    assert [(t.debit, t.credit, t.amount, t.phase) for t in left] == [
        ("TSLA.evm/supply", "TSLA.evm/crossing", RAW.grains, Phase.POSTED)
    ]
    landed = decide(ARRIVING, Landed(ASKED, "0xb", 9), VIEW)
    assert [(t.debit, t.credit, t.amount) for t in landed.transfers] == [
        ("TSLA.evm/crossing", "TSLA.evm/issuer", RAW.grains),
        ("TSLA.solana/issuer", "TSLA.solana/supply", RAW.grains),
    ]
    assert landed.facts == (CrossingArrived("evm:kk", "TSLA", "solana", "evm", RAW),)


def test_an_arrival__that_landed__lets_the_source_give_back_its_allocation_and_hears_no_answer() -> None:
    landed = decide(ARRIVING, Landed(ASKED, "0xb", 9), VIEW)
    assert [command.action for command in landed.commands] == [Report("evm", "TSLA", "0x1")]
    (key,) = [command.key for command in landed.commands]
    for answer in (Landed(key, "0xc", 10), Rejected(key, "x", "y")):
        assert decide(row_of(landed), answer, VIEW) == Decision()


def test_a_departure__mint_unheard_of__waits_for_its_news() -> None:
    unheard = replace(VIEW, burnable=RawAmount.parse("10.49999999"))
    decision = decide(ROW, LED, unheard)
    assert (decision.transfers, [c.due_at for c in decision.commands]) == ((), [NOW + 60])
    assert minted(decide(row_of(decision), Woken("crossing"), VIEW)).voucher.raw == RAW


def test_news_told_twice__changes_nothing() -> None:
    assert decide(ARRIVING, LED, VIEW) == Decision()
    assert decide(ARRIVING, Woken("spurious"), VIEW) == Decision()
    arrived = after((Landed(ASKED, "0xb", 9), VIEW), row=ARRIVING)
    assert arrived.state == "arrived"
    for event in (Landed(ASKED, "0xb", 9), Rejected(ASKED, "x", "y"), Woken("late"), LED):
        assert decide(arrived, event, at(9 * LIFE_S)) == Decision()


def test_an_answer_to_an_earlier_asking__is_not_heard() -> None:
    again = after((Rejected(ASKED, "multiplier.differs", "x"), VIEW), (Woken("crossing"), at(300)), row=ARRIVING)
    assert (again.state, again.attempts) == ("arriving", 2)
    assert decide(again, Landed(ASKED, "0xb", 9), VIEW) == Decision()


def test_a_multiplier_that_changed_on_the_way__is_in_the_next_voucher() -> None:
    waiting = after((Rejected(ASKED, "issuer.multiplier_was_not_the_tokens", "x"), VIEW), row=ARRIVING)
    assert waiting.state == "departed"
    later = replace(at(300), stock=replace(STOCK, multiplier=Multiplier(6 * 10**18, 2), epoch=2, chain_epoch=2))
    voucher = minted(decide(waiting, Woken("crossing"), later)).voucher
    assert (voucher.multiplier.value, voucher.epoch, voucher.raw, voucher.mint_id) == (6 * 10**18, 2, RAW, "arrival:evm:kk")


def test_no_room_at_the_destination__every_chain_reports_once__then_it_is_asked_again() -> None:
    decision = decide(ARRIVING, Rejected(ASKED, NO_ROOM, "x"), VIEW)
    assert [c.action for c in decision.commands if isinstance(c.action, Report)] == [
        Report(chain, "TSLA", token) for chain, token in TOKENS
    ]
    waiting = row_of(decision)
    assert decide(waiting, Landed("evm:kk:report:1:evm", "0xc", 9), VIEW).commands == ()
    told = [(Landed("evm:kk:report:1:evm", "", 9), VIEW), (Rejected("evm:kk:report:1:solana", "x", "y"), VIEW)]
    reported = decide(after(*told, row=waiting), Landed("evm:kk:report:1:evm-2", "", 9), VIEW)
    assert minted(reported).voucher.mint_id == "arrival:evm:kk"
    still = decide(row_of(reported), Rejected("evm:kk:arrive:2", NO_ROOM, "x"), VIEW)
    assert (row_of(still).state, [c.due_at for c in still.commands]) == ("departed", [NOW + 300])


def test_no_room_for_what_is_given_back__every_chain_reports_first() -> None:
    restoring = after((Woken("crossing"), at(LIFE_S + GRACE_S + 1)), row=DEAD)
    decision = decide(restoring, Rejected("evm:kk:restore:2", NO_ROOM, "x"), at(9_000))
    assert (row_of(decision).state, row_of(decision).awaits) == ("dead", ("evm", "evm-2", "solana"))
    told = [(Landed(f"evm:kk:report:1:{chain}", "", 9), at(9_000)) for chain, _ in TOKENS]
    assert after(*told, row=row_of(decision)).state == "restoring"


def test_a_chain_that_never_answers__does_not_hold_the_crossing() -> None:
    decision = decide(ARRIVING, Rejected(ASKED, NO_ROOM, "x"), VIEW)
    assert minted(decide(row_of(decision), Woken("crossing"), at(300))).voucher.raw == RAW


def test_an_arrival__too_late__is_given_back_an_hour_after_its_time() -> None:
    assert (DEAD.state, DEAD.rule) == ("dead", "issuer.voucher_was_expired")
    early = decide(DEAD, Woken("crossing"), at(LIFE_S + GRACE_S))
    assert [c.due_at for c in early.commands] == [NOW + LIFE_S + GRACE_S + 1]
    voucher = minted(decide(DEAD, Woken("crossing"), at(LIFE_S + GRACE_S + 1))).voucher
    assert (voucher.chain, voucher.token, voucher.receiver, voucher.raw) == ("evm", "0x1", "0xa", RAW)
    assert (voucher.kind, voucher.mint_id) == (MintKind.RESTITUTION, "restitution:evm:kk")


def test_what_is_given_back__returns_to_supply__once() -> None:
    restoring = after((Woken("crossing"), at(LIFE_S + GRACE_S + 1)), row=DEAD)
    back = decide(restoring, Landed("evm:kk:restore:2", "0xd", 11), VIEW)
    assert [(t.debit, t.credit, t.amount) for t in back.transfers] == [("TSLA.evm/crossing", "TSLA.evm/supply", RAW.grains)]
    assert back.facts == (CrossingRestored("evm:kk", "TSLA", "evm", RAW),)
    assert decide(row_of(back), Landed("evm:kk:restore:2", "0xd", 11), VIEW) == Decision()


def test_a_restitution_refused__is_asked_for_again_later() -> None:
    restoring = after((Woken("crossing"), at(LIFE_S + GRACE_S + 1)), row=DEAD)
    refused = decide(restoring, Rejected("evm:kk:restore:2", "crossing.alive", "x"), at(9_000))
    assert (row_of(refused).state, [c.due_at for c in refused.commands]) == ("dead", [NOW + 9_300])


def test_an_arrival_that_may_still_land__keeps_its_holder_waiting() -> None:
    assert decide(ARRIVING, Woken("crossing"), at(99 * LIFE_S)) == Decision()


def test_a_departure_heard_of_too_late__is_not_asked_for() -> None:
    decision = decide(ROW, LED, at(LIFE_S - 59))
    assert [(c.action.__class__.__name__, c.due_at) for c in decision.commands] == [("Wake", NOW + LIFE_S + GRACE_S + 1)]
    assert (row_of(decision).state, row_of(decision).rule) == ("dead", "crossing.late")


@pytest.mark.parametrize("rule", ["crossing.destination", "crossing.receiver", "crossing.unlisted"])
def test_a_way_that_leads_nowhere__is_named_and_given_back(rule: str) -> None:
    decision = decide(ROW, replace(UNKNOWN, rule=rule), VIEW)
    assert (row_of(decision).state, row_of(decision).rule) == ("dead", rule)
    assert CrossingRefused("evm:kk", "TSLA", rule, UNKNOWN.text) in decision.facts
    back = minted(decide(row_of(decision), Woken("crossing"), at(LIFE_S + GRACE_S + 1)))
    assert back.voucher.receiver == "0xa"


def test_a_receiver_screened_out__is_a_persons_case__then_given_back() -> None:
    held = after((replace(LED, rule=RECEIVER_RULE, text="listed"), VIEW))
    assert (held.state, held.rule) == ("held", RECEIVER_RULE)
    assert decide(held, Woken("crossing"), at(300)).commands[0].due_at == NOW + LIFE_S + 1
    assert after((Woken("crossing"), at(LIFE_S + 1)), row=held).state == "dead"
    released = decide(held, Released("another person of that name"), at(300))
    assert minted(released).voucher.receiver == "wallet"


def test_a_holder_screened_out__gets_nothing_back_without_a_person() -> None:
    held = after((replace(LED, rule=HOLDER_RULE, text="listed"), VIEW))
    assert decide(held, Woken("crossing"), at(99 * LIFE_S)).commands == ()
    released = row_of(decide(held, Released("cleared"), at(99 * LIFE_S)))
    assert released.state == "restoring"


def test_the_evidence__names_every_field_that_the_attestor_reads() -> None:
    mint = minted(decide(ROW, LED, VIEW))
    assert mint.voucher.evidence_hash == evidence_hash(
        {
            "kind": "arrival", "mint_id": "arrival:evm:kk", "stock": "TSLA", "isin": "US88160R1014", "epoch": 1,
            "crossing": {
                "source": "evm", "destination": "solana", "token_from": "0x1", "token_to": "mint", "holder": "0xa",
                "receiver": "wallet", "raw": "10.5", "request": "ab" * 32, "key": "kk", "arrive_by": NOW + LIFE_S,
                "tx": "0xtx", "block": 7, "epoch": 1,
            },
        }
    )  # fmt: skip
