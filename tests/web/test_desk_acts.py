"""What the desk does about orders, deposits, crossings and commands: by role, once, by the books' rules, seen ahead."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.desk_books import desk_over
from tests.web.stage import Stage, Visitor

from openscrip.assets import accounts
from openscrip.assets.stock import Lot, Stock
from openscrip.issuance import in_kind
from openscrip.issuance.actions import Mint
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.coins import PayCoins, Stablecoin
from openscrip.issuance.coverage import ChainLine, Coverage
from openscrip.issuance.deposits import CoinDeposit, book
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption, MoveIn
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Parcel, Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

AT = 1_717_416_000
TEN = Shares.whole(10)
STOCK = Stock("AAPL", "US0378331005", "SEG", "AAPLx", (("evm", "0x1"), ("solana", "Mint")), price=PricePerShare.parse("200"))
COIN = Stablecoin("tusd:evm", "tusd", "evm", "0xToken", "0xTreasury", "0xBank")
HELD = Subscription(
    "sub-1", "AAPL", "alice", "evm", "0xa", TEN, STOCK.price, Money.parse("2000"), at_once=False, asked_at=AT,
    paid=Money.parse("2000"), charged=Money.parse("2000"), allotted=TEN, state="held", reason="attestor: it was not covered",
    parcels=(Parcel(1, TEN, (Lot("sub-1:buy:t1", TEN),), RawAmount.parse("10"), 1, "held"),),
)  # fmt: skip
STUCK = Redemption(
    "red-1", "AAPL", "alice", "evm", "0xa", RawAmount.parse("10"), RedemptionKind.CASH, "", 0, AT, state="held", reason="?",
)  # fmt: skip
DEPOSIT = CoinDeposit(
    "evm:0xtx:1", "evm", "tusd", "0xsender", Money.parse("500"), "0xtx", 7, AT, rule="deposit.sender", reason="nobody's",
)  # fmt: skip
LISTED = replace(DEPOSIT, id="evm:0xtx:2", rule="compliance.sanctioned_address")
CROSSING = Crossing(
    "evm:0xkey", "AAPL", "evm", "0x1", "0xh", RawAmount.parse("3"), "ab", "0xkey", AT + 86_400, "0xtx", 7, AT, "solana",
    "Mint", "receiver", booked=True, state="held", rule="compliance.holder", reason="crossing: listed",
)  # fmt: skip
PARKED = Command("red-9:pay", "Redemption", "red-1", PayCoins("evm", "tusd", "red-9:pay", "0xa", Money.parse("7"), "red-9"))
MOVED = MoveIn("itn-1:t1", Shares.whole(2))
CREATION = InKindCreation(
    "itn-1", "AAPL", "alice", "evm", "0xa", Shares.whole(3), "r-1", "ethereum", "ITN", AT - 86_400, moves=(MOVED,),
)  # fmt: skip
AT_NETWORK = InKindRedemption(
    "itn-ap-1", "AAPL", "alice", "evm", "0xa", "AAPLx", "ethereum", "ITN", "0xescrow", AT - 3_600, shares=Shares.whole(2),
    state="held", rule="network.overdue", reason="the network did not journal in time",
)  # fmt: skip
ACTS = {
    "held-subscriptions": ("sub-1", "", "operator"), "held-creations": ("itn-1", "", "operator"),
    "held-network-redemptions": ("itn-ap-1", "", "operator"),
    "deposits": (DEPOSIT.id, "keep", "operator"),
    "crossings": (CROSSING.id, "release", "compliance"), "commands": (PARKED.key, "again", "operator"),
}  # fmt: skip


@pytest.fixture
def desk(up_to_date: Path, tmp_path: Path) -> Iterator[Stage]:
    """A stage with a held order of each side, a deposit that is nobody's, a held crossing and a parked command."""
    with desk_over(up_to_date, tmp_path) as made:
        _fill(made)
        yield made


def _fill(made: Stage) -> None:
    office: Any = made.office
    zero, one = Shares(0), Multiplier.one()
    chains = tuple(ChainLine(name, token, 7, RawAmount.parse("20"), one, 0) for name, token in STOCK.tokens)
    seen = Coverage(
        "AAPL", "AAPL", "covered", AT, AT, Shares.whole(50), Shares.whole(40), 0, 0, RawAmount(0), zero, one, chains, ()
    )
    with made.office.store.transaction() as unit:
        for row in (STOCK, COIN, HELD, STUCK, CROSSING, seen):
            unit.put(row)
        failed = replace(CREATION, moves=(replace(MOVED, state="failed"),))
        [on_hold] = in_kind.hold(failed, "in_kind.custody", "custody: five transfers failed").rows
        for noted in (replace(CREATION, state="journaled"), on_hold, AT_NETWORK):
            office.books.record(unit, Decision(rows=(noted,)))
        unit.post((Transfer("journal", "AAPL/at_network", "AAPL/bought", CREATION.shares.atoms, "itn-1"),))
        unit.post((Transfer("bought", "AAPL/custody", "AAPL/bought", TEN.atoms, "x"),))
        for deposit in (DEPOSIT, LISTED):
            office.books.record(unit, book(deposit))
        open_case(unit, Case("case-1", "alice", "name", "compliance.name_review", "alike", "g", AT, False))
        unit.enqueue(PARKED)
    [lease] = made.office.store.lease("worker", 1, AT, 0.0)
    made.office.store.park(lease, "treasury: it did not answer")


def decide(who: Visitor, kind: str, item: str, **told: str) -> Any:
    fields = {name: value for name, value in who.fields("/security").items() if name == "csrf"}
    return who.post(f"/desk/decisions/{kind}", {**fields, "key": "k" * 20 + kind, "id": item, "reason": "put right", **told})


def row_of(desk: Stage, kind: type[Any], row_id: str) -> Any:
    with desk.office.store.view() as view:
        return view.row(kind, row_id)


@pytest.mark.parametrize("kind", ACTS)
def test_an_act__by_another_role__is_refused_and_leaves_no_entry(desk: Stage, kind: str) -> None:
    item, word, needed = ACTS[kind]
    others = {"auditor", "approver", "admin", "compliance", "operator"} - {needed}
    who, _ = desk.operator("ada", *sorted(others))
    assert decide(who, kind, item, word=word).status_code == 403
    assert not [act for act in desk.acts() if ".decide" in act]
    assert "Decide</h2>" not in who.get(f"/desk/items/{kind}/{item}").text


@pytest.mark.parametrize("kind", ACTS)
def test_an_act__without_a_reason__is_not_done(desk: Stage, kind: str) -> None:
    item, word, needed = ACTS[kind]
    who, _ = desk.operator("ada", needed)
    answer = decide(who, kind, item, word=word, reason="")
    assert (answer.status_code, "f-reason-fault" in answer.text) == (422, True)
    assert not [act for act in desk.acts() if ".decide" in act]


def test_a_held_subscription__resumed__is_minted_anew_once__and_was_seen_ahead(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    page = who.get("/desk/items/held-subscriptions/sub-1").text
    assert "Called: Mint" in page
    assert "AAPL/outstanding" in page
    assert "Supply and coverage of AAPL" in page
    assert '<td class="end">40</td><td class="end">50</td>' in page  # shares owed, now and then
    assert row_of(desk, Subscription, "sub-1") == HELD
    for _ in range(2):
        assert decide(who, "held-subscriptions", "sub-1").status_code == 303
    assert row_of(desk, Subscription, "sub-1").state == "minting"
    with desk.office.store.view() as view:
        asked = [each.command for each in view.open_commands(row_id="sub-1")]
    assert [(each.key, type(each.action)) for each in asked] == [("sub-1/1:mint:2", Mint)]
    assert [act for act in desk.acts() if ".decide" in act] == ["operator:ada held-subscriptions.decide sub-1"]
    after = who.get("/desk/items/held-subscriptions/sub-1").text
    assert "What it waits for" in after
    assert "sub-1/1:mint:2" in after
    assert "Decide</h2>" not in after


def test_a_held_redemption__of_which_nothing_can_be_tried_again__stays_and_says_so(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    answer = decide(who, "held-redemptions", "red-1")
    assert answer.status_code == 422
    assert "nothing of red-1 could be tried again" in answer.text
    assert "It would be refused now" in who.get("/desk/items/held-redemptions/red-1").text
    assert row_of(desk, Redemption, "red-1") == STUCK
    assert not [act for act in desk.acts() if ".decide" in act]


def test_a_creation_in_kind__on_hold__has_its_history_and_goes_on_by_an_operators_word(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    page = who.get("/desk/items/held-creations/itn-1").text
    for words in ("Shares asked into custody", "The custodian did not move them", "On hold", "five transfers failed"):
        assert words in page
    assert "Called: Instruct" in page
    for _ in range(2):
        assert decide(who, "held-creations", "itn-1").status_code == 303
    row = row_of(desk, InKindCreation, "itn-1")
    assert (row.state, [(each.instruction_id, each.state) for each in row.moves]) == (
        "journaled", [("itn-1:t1", "failed"), ("itn-1:t2", "moving")],
    )  # fmt: skip
    assert [act for act in desk.acts() if ".decide" in act] == ["operator:ada held-creations.decide itn-1"]
    after = who.get("/desk/items/held-creations/itn-1").text
    assert "What it waits for" in after
    assert "Decide</h2>" not in after


def test_a_redemption_in_kind__overdue_at_the_network__is_asked_for_again(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    page = who.get("/desk/items/held-network-redemptions/itn-ap-1").text
    assert "the network did not journal in time" in page
    assert "Called: AskRequest" in page
    assert decide(who, "held-network-redemptions", "itn-ap-1").status_code == 303
    assert row_of(desk, InKindRedemption, "itn-ap-1").state == "pending"
    assert decide(who, "held-network-redemptions", "itn-ap-1", key="y" * 20).status_code == 422


def test_today__says_how_many_wait_and_since_when_the_oldest(desk: Stage) -> None:
    who, _ = desk.operator("ada", "auditor")
    page = " ".join(re.sub("<[^>]*>", " ", who.get("/desk").text).split())
    assert "Creations in kind on hold 1 24 h" in page
    assert "Redemptions in kind on hold at the network 1 60 min" in page
    assert "Differences between books, chains and custody 0 nothing waits" in page


def test_a_deposit__returned__goes_back_to_its_sender__as_was_seen_ahead(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    page = who.get(f"/desk/items/deposits/{DEPOSIT.id}").text
    assert "Called: PayCoins" in page
    assert accounts.suspense(DEPOSIT.id) in page
    assert decide(who, "deposits", DEPOSIT.id, word="return").status_code == 303
    row = row_of(desk, CoinDeposit, DEPOSIT.id)
    assert (row.state, row.by, row.why) == ("returning", "ada", "put right")
    with desk.office.store.view() as view:
        [asked] = view.open_commands(row_id=DEPOSIT.id)
        assert view.balance(accounts.suspense(DEPOSIT.id)).debits_pending == DEPOSIT.amount.atoms
    assert isinstance(asked.command.action, PayCoins)
    assert asked.command.action.to == DEPOSIT.sender


def test_a_deposit__kept__moves_nothing_and_may_still_be_returned(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    assert decide(who, "deposits", DEPOSIT.id, word="keep").status_code == 303
    assert row_of(desk, CoinDeposit, DEPOSIT.id).state == "kept"
    assert "Return to the sender" in who.get(f"/desk/items/deposits/{DEPOSIT.id}").text
    assert decide(who, "deposits", DEPOSIT.id, word="burn", key="x" * 20).status_code == 400


def test_a_deposit_of_a_listed_address__is_never_returned_from_the_desk(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    answer = decide(who, "deposits", LISTED.id, word="return")
    assert (answer.status_code, "came from a listed address" in answer.text) == (422, True)
    assert row_of(desk, CoinDeposit, LISTED.id) == LISTED


def test_a_held_crossing__released_by_compliance__goes_on_in_their_name(desk: Stage) -> None:
    who, _ = desk.operator("ada", "compliance")
    assert "Called: Mint" in who.get(f"/desk/items/crossings/{CROSSING.id}").text
    assert decide(who, "crossings", CROSSING.id).status_code == 303
    row = row_of(desk, Crossing, CROSSING.id)
    assert (row.state, row.reason) == ("arriving", "ada: put right")
    answer = decide(who, "crossings", CROSSING.id, key="y" * 20)
    assert (answer.status_code, "not held" in answer.text) == (422, True)


def test_a_parked_command__is_counted_shown_with_its_error_and_tried_again_once(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    assert PARKED.key in who.get("/desk/queues/commands").text
    page = who.get(f"/desk/items/commands/{PARKED.key}").text
    assert "treasury: it did not answer" in page
    assert "Carried out again" in page
    assert "given up: a person decides" in who.get("/desk/items/held-redemptions/red-1").text
    for _ in range(2):
        assert decide(who, "commands", PARKED.key).headers["location"] == "/desk/queues/commands"
    with desk.office.store.view() as view:
        [found] = view.open_commands(key=PARKED.key)
    assert (found.status, found.attempts) == ("due", 0)
    assert [act for act in desk.acts() if ".decide" in act] == [f"operator:ada commands.decide {PARKED.key}"]
    assert decide(who, "commands", PARKED.key, key="z" * 20).status_code == 422
    assert who.get("/desk/items/commands/none").status_code == 404


def test_an_item__leads_to_what_belongs_to_it__and_tells_its_history_by_step(desk: Stage) -> None:
    who, _ = desk.operator("ada", "auditor")
    page = who.get("/desk/items/held-subscriptions/sub-1").text
    assert "/desk/items/cases/case-1" in page
    assert "/stocks/AAPL" in page
    assert "<h3>Asked</h3>" in page
    assert "/desk/items/held-redemptions/red-1" in who.get(f"/desk/items/commands/{PARKED.key}").text
    found = who.get(f"/desk/search?q={PARKED.key}").text
    assert "parked, tried 1 times" in found


def test_to_look__changes_nothing(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator", "compliance", "approver")
    with desk.office.store.view() as view:
        before = (view.position(), view.counted("audit"), view.balances(), len(view.open_commands()))
    for kind, (item, _, _) in ACTS.items():
        assert who.get(f"/desk/items/{kind}/{item}").status_code == 200
        assert who.get(f"/desk/queues/{kind}").status_code == 200
    with desk.office.store.view() as view:
        assert (view.position(), view.counted("audit"), view.balances(), len(view.open_commands())) == before
