"""Money in and out of the venue, decision by decision."""

from dataclasses import replace

import pytest
from tests.markets.money_room import LISTED, TERMS, Room

from openscrip.assets.actions import Woken
from openscrip.assets.bank import CashReceived, PaymentFailed
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import VoidPayout
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.markets import money_chart
from openscrip.markets.funding import Told, Unsent, account_of, bank_reference
from openscrip.markets.funding_deposits import MoneyArrived, Settled, VenueDeposit
from openscrip.markets.funding_desk import waiting_for_a_word
from openscrip.markets.funding_withdrawals import MoneyGivenBack, MoneyLeft, Reviewed, VenueWithdrawal

ALICE, BOB = "0x" + "11" * 20, "0x" + "22" * 20
EVM_TSLA = money_chart.chain("TSLAx", "evm")


@pytest.fixture
def room() -> Room:
    made = Room()
    made.desk.register_wallet(1, "evm", ALICE, "signed")
    made.desk.register_wallet(1, "bank", "Alice Example", "statement")
    return made


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


# deposits


def test_a_deposit__of_a_registered_wallet__is_credited_once(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", ALICE.upper().replace("0X", "0x"), 500)
    assert (row.state, row.account) == ("crediting", 1)
    assert room.arrive("TSLAx", "evm", ALICE, 500) == row
    room.settle()
    assert room.deposit(row.id).state == "credited"
    assert room.venue.free(1, "TSLAx") == 500
    assert room.balances() == {EVM_TSLA: -500, money_chart.transit("TSLAx", row.id): 500}
    with room.store.view() as view:
        assert [fact for _, _, fact in view.facts()] == [MoneyArrived(row.id, 1, "TSLAx", 500)]


def test_a_deposit__told_again_after_it_was_credited__changes_nothing(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", ALICE, 500)
    room.settle()
    with room.store.transaction() as unit:
        room.books.tell(unit, VenueDeposit, row.id, Told(f"{row.id}:credit:1"))
        room.books.tell(unit, VenueDeposit, row.id, Landed(f"{row.id}:pay1#try1", "0x9", 9))
    room.settle()
    assert (room.deposit(row.id).state, room.venue.free(1, "TSLAx")) == ("credited", 500)


def test_a_deposit__of_a_stranger__waits_and_is_assigned_by_a_person(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", BOB, 500)
    assert (row.state, row.rule) == ("suspense", "deposit.sender")
    assert room.waiting() == [], "nothing goes back by itself"
    with room.store.view() as view:
        assert waiting_for_a_word(view)["deposits"] == [row]
    room.desk.settle(row.id, Settled("assign", "olga", "sent from an exchange", 2))
    room.settle()
    assert (room.deposit(row.id).state, room.venue.free(2, "TSLAx")) == ("credited", 500)
    assert room.ledger(money_chart.suspense("TSLAx", row.id)) == 0
    with pytest.raises(Refused) as refused:
        room.desk.settle(row.id, Settled("return", "olga", "again"))
    assert code_of(refused) == "deposit.state"


def test_a_deposit__assigned_to_no_account__waits_again(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", BOB, 500)
    room.desk.settle(row.id, Settled("assign", "olga", "typo", 9))
    room.settle()
    after = room.deposit(row.id)
    assert (after.state, after.rule, after.account) == ("suspense", "account.unknown", 0)
    room.desk.settle(row.id, Settled("assign", "olga", "right", 2))
    room.settle()
    assert room.venue.free(2, "TSLAx") == 500
    assert room.balances() == {EVM_TSLA: -500, money_chart.transit("TSLAx", row.id): 500}


def test_a_deposit__returned__leaves_the_books_when_it_has_left_the_chain(room: Room) -> None:
    row = room.arrive("TUSD", "evm", BOB, 700)
    room.desk.settle(row.id, Settled("return", "olga", "asked by letter"))
    assert room.ledger(money_chart.suspense("TUSD", row.id)) == 700
    room.settle()
    assert (room.deposit(row.id).state, room.paid) == ("returned", [f"{row.id}:pay1"])
    assert room.balances() == {}


def test_a_return__that_the_chain_says_it_made__is_made(room: Room) -> None:
    row = room.arrive("TUSD", "evm", BOB, 700)
    room.paid.append(f"{row.id}:pay1")
    room.desk.settle(row.id, Settled("return", "olga", "asked by letter"))
    room.settle()
    assert (room.deposit(row.id).state, room.balances()) == ("returned", {})


def test_a_return__refused_for_now__is_tried_again_later(room: Room) -> None:
    row = room.arrive("TUSD", "evm", BOB, 700)
    room.desk.settle(row.id, Settled("return", "olga", "asked by letter"))
    [command] = room.waiting()
    with room.store.transaction() as unit:
        room.books.tell(unit, VenueDeposit, row.id, Unsent(command.key, "treasury.short", "treasury: short"))
    assert room.deposit(row.id).state == "return_waits"
    room.now += TERMS.retry_s
    room.settle()
    assert room.deposit(row.id).state == "returned"


def test_a_listed_senders_deposit__is_kept_whoever_asks(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", LISTED, 500)
    assert row.rule == "compliance.sanctioned_address"
    for decision in ("return", "assign"):
        with pytest.raises(Refused) as refused:
            room.desk.settle(row.id, Settled(decision, "olga", "please", 1))
        assert code_of(refused) == "deposit.sanctioned"
    assert room.desk.settle(row.id, Settled("keep", "olga", "blocked")).state == "kept"


def test_what_was_minted_to_the_treasury__has_no_sender_to_go_back_to(room: Room) -> None:
    row = room.arrive("TSLAx", "evm", "", 500)
    with pytest.raises(Refused) as refused:
        room.desk.settle(row.id, Settled("return", "olga", "?"))
    assert code_of(refused) == "deposit.sender"


def test_dust__below_a_unit__is_the_venues_once_it_makes_a_unit(room: Room) -> None:
    room.arrive("TSLAx", "evm", ALICE, 5, "0x1", 6 * 10**9)
    assert room.ledger(money_chart.dust("TSLAx")) == 0
    room.arrive("TSLAx", "evm", ALICE, 5, "0x2", 5 * 10**9)
    assert room.ledger(money_chart.dust("TSLAx")) == 1
    assert room.ledger(EVM_TSLA) == -11


# the bank


def cash(room: Room, reference: str, sender: str, currency: str = "USD", wire: str = "wire-1") -> VenueDeposit:
    with room.store.transaction() as unit:
        heard = room.desk.from_bank(currency)
        for _ in range(2):
            heard(unit, CashReceived(1, 5, wire, reference, Money(9_000), sender))
        return unit.rows(VenueDeposit)[-1]


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_cash__with_the_reference_of_who_sent_it__is_credited_in_its_currency(room: Room, currency: str) -> None:
    row = cash(room, bank_reference(1), "ALICE EXAMPLE ", currency)
    room.settle()
    assert (room.deposit(row.id).state, room.venue.free(1, currency)) == ("credited", 9_000)
    assert room.ledger(money_chart.bank(currency)) == -9_000


@pytest.mark.parametrize(
    ("reference", "sender", "rule"),
    [
        ("rent", "Alice Example", "deposit.reference"),
        ("OSV1-00", "Alice Example", "deposit.reference"),
        (bank_reference(1), "Bob Example", "deposit.sender"),
        (bank_reference(2), "Alice Example", "deposit.sender"),
    ],
)
def test_cash__of_a_third_party_or_without_its_reference__waits(room: Room, reference: str, sender: str, rule: str) -> None:
    row = cash(room, reference, sender)
    assert (row.state, row.rule) == ("suspense", rule)


def test_a_bank_reference__with_one_wrong_digit__names_nobody() -> None:
    for account in (1, 17, 4_711, 10**12):
        good = bank_reference(account)
        assert account_of(f" {good.lower()} ") == account
        digits = str(account)
        for place in range(len(digits)):
            wrong = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
            with pytest.raises(Malformed):
                account_of(f"OSV{wrong}-{good.partition('-')[2]}")


def test_a_payment__that_the_bank_never_makes__is_given_back(room: Room) -> None:
    row = cash(room, bank_reference(1), "Alice Example")
    room.settle()
    room.listed(1, "bank", "DE00 1234")
    asked = room.desk.withdraw(1, "w", "USD", "bank", "DE00 1234", 4_000)
    room.turn()
    assert room.withdrawal("w").state == "paying"
    with room.store.transaction() as unit:
        room.desk.from_bank("USD")(unit, PaymentFailed(2, 5, f"{asked.id}:pay1", "account closed"))
    room.refusing = AssertionError("the row has ended: whatever still waits must not be heard")
    [again] = [command for command in room.waiting() if command.key.endswith("give_back")]
    with room.store.transaction() as unit:
        room.venue.tell(again.action)  # type: ignore[arg-type]  # a venue's action
        room.books.tell(unit, VenueWithdrawal, asked.id, Told(again.key))
    assert (room.withdrawal("w").state, room.withdrawal("w").rule) == ("given_back", "bank.failed")
    assert room.venue.free(1, "USD") == 9_000
    assert room.balances() == {money_chart.bank("USD"): -9_000, money_chart.transit("USD", row.id): 9_000}


def test_a_return__that_the_bank_never_makes__waits_for_another_word_under_another_id(room: Room) -> None:
    row = cash(room, "rent", "Bob")
    room.desk.settle(row.id, Settled("return", "olga", "unknown"))
    with room.store.transaction() as unit:
        room.desk.from_bank("USD")(unit, PaymentFailed(2, 5, f"{row.id}:pay1", "closed"))
    assert (room.deposit(row.id).state, room.deposit(row.id).rule) == ("kept", "bank.failed")
    room.settle()
    room.desk.settle(row.id, Settled("return", "olga", "new account"))
    room.settle()
    assert (room.deposit(row.id).state, room.paid[-1], room.balances()) == ("returned", f"{row.id}:pay2", {})


# withdrawals


@pytest.fixture
def rich(room: Room) -> Room:
    room.arrive("TSLAx", "evm", ALICE, 1_000, "0x1")
    room.arrive("TUSD", "evm", ALICE, 20_000, "0x2")
    room.settle()
    room.listed(1, "evm", BOB)
    return room


def test_a_withdrawal__is_reserved_paid_and_gone_in_this_order(rich: Room) -> None:
    row = rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    states = [(row.state, rich.venue.free(1, "TSLAx"), rich.venue.owed("TSLAx"), len(rich.paid))]
    while rich.turn():
        states.append((rich.withdrawal("w").state, rich.venue.free(1, "TSLAx"), rich.venue.owed("TSLAx"), len(rich.paid)))
    assert states == [
        ("reserving", 1_000, 1_000, 0), ("paying", 600, 1_000, 0), ("leaving", 600, 1_000, 1), ("done", 600, 600, 1),
    ]  # fmt: skip
    assert rich.ledger(money_chart.transit("TSLAx", row.id)) == -400, "until the venue's side is posted"
    assert rich.ledger(EVM_TSLA) == -600
    with rich.store.view() as view:
        assert [fact for *_, fact in view.facts()][-1] == MoneyLeft(row.id, 1, "TSLAx", 400, "0xpaid")


def test_a_withdrawal__asked_again_by_its_name__is_the_same_one(rich: Room) -> None:
    first = rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    assert rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400) == first
    with pytest.raises(Conflict):
        rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 401)
    rich.settle()
    assert rich.venue.owed("TSLAx") == 600


@pytest.mark.parametrize(
    ("asset", "place", "to", "amount", "code"),
    [
        ("TUSD", "evm", BOB, 9, "withdrawal.minimum"),
        ("TUSD", "evm", ALICE, 100, "withdrawal.address"),
        ("TUSD", "evm", BOB, 5_001, "withdrawal.limit"),
        ("TUSD", "solana", BOB, 100, "funding.unknown"),
        ("TSLAx", "evm", BOB, 1_001, "treasury.short"),
        ("TUSD", "evm", LISTED, 100, "compliance.sanctioned_address"),
        ("TUSD", "evm", BOB, 0, "withdrawal.malformed"),
    ],
)
def test_a_withdrawal__that_a_rule_forbids__changes_nothing(
    rich: Room, asset: str, place: str, to: str, amount: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        rich.desk.withdraw(1, "w", asset, place, to, amount)
    assert code_of(refused) == code
    assert rich.waiting() == []


def test_an_address__is_not_usable_before_its_delay_and_not_once_struck(room: Room) -> None:
    room.arrive("TSLAx", "evm", ALICE, 1_000)
    room.settle()
    listed = room.desk.list_address(1, "evm", BOB, "cold")
    room.now = listed.usable_at - 1
    assert room.desk.list_address(1, "evm", BOB, "again").usable_at == listed.usable_at, "listing again starts nothing anew"
    with pytest.raises(Refused) as refused:
        room.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 1)
    assert code_of(refused) == "withdrawal.delay"
    room.now += 1
    with pytest.raises(Refused) as refused:
        room.desk.withdraw(2, "w", "TSLAx", "evm", BOB, 1)
    assert code_of(refused) == "withdrawal.address", "another customer's list"
    assert room.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 1).state == "reserving"
    room.desk.strike_address(1, "evm", BOB)
    with pytest.raises(Refused) as refused:
        room.desk.withdraw(1, "w2", "TSLAx", "evm", BOB, 1)
    assert code_of(refused) == "withdrawal.address"
    assert room.desk.list_address(1, "evm", BOB, "cold").usable_at == room.now + TERMS.address_delay_s


def test_our_own_treasury__cannot_be_listed(room: Room) -> None:
    with pytest.raises(Refused) as refused:
        room.desk.list_address(1, "evm", "0x" + "AA" * 20, "loop")
    assert code_of(refused) == "withdrawal.address"


def test_a_wallet__of_one_customer__is_not_anothers(room: Room) -> None:
    assert room.desk.register_wallet(1, "evm", ALICE, "again").proof == "signed"
    with pytest.raises(Conflict) as refused:
        room.desk.register_wallet(2, "evm", ALICE, "signed")
    assert code_of(refused) == "wallet.taken"


def test_day_limits__count_what_was_not_given_back__and_end_with_the_day(rich: Room) -> None:
    rich.desk.withdraw(1, "a", "TUSD", "evm", BOB, 3_000)
    rich.settle()
    with pytest.raises(Refused):
        rich.desk.withdraw(1, "b", "TUSD", "evm", BOB, 2_001)
    rich.venue.balances[1, "TUSD"] = 0
    rich.desk.withdraw(1, "c", "TUSD", "evm", BOB, 2_000)
    rich.settle()
    assert (rich.withdrawal("c").state, rich.withdrawal("c").rule) == ("refused", "withdrawal.funds")
    rich.venue.balances[1, "TUSD"] = 17_000
    assert rich.desk.withdraw(1, "d", "TUSD", "evm", BOB, 2_000).state == "reserving"
    rich.settle()
    rich.now += 86_400
    assert rich.desk.withdraw(1, "e", "TUSD", "evm", BOB, 4_000).state == "reserving"


def test_the_day_limit_of_all__holds_for_two_customers_together(rich: Room) -> None:
    rich.desk.list_address(2, "evm", ALICE, "mine")
    rich.now += TERMS.address_delay_s
    rich.desk.withdraw(1, "a", "TUSD", "evm", BOB, 5_000)
    rich.venue.balances[2, "TUSD"] = 5_000
    with pytest.raises(Refused) as refused:
        rich.desk.withdraw(2, "a", "TUSD", "evm", ALICE, 3_001)
    assert code_of(refused) == "withdrawal.limit"
    assert rich.desk.withdraw(2, "a", "TUSD", "evm", ALICE, 3_000).state == "reserving"


@pytest.mark.parametrize("pay", [True, False])
def test_a_large_withdrawal__waits_for_a_person(rich: Room, pay: bool) -> None:
    row = rich.desk.withdraw(1, "w", "TUSD", "evm", BOB, 4_001)
    rich.settle()
    assert (rich.withdrawal("w").state, rich.paid) == ("review", [])
    rich.desk.review(row.id, Reviewed(pay, "olga", "called them"))
    rich.settle()
    assert rich.withdrawal("w").state == ("done" if pay else "given_back")
    assert rich.venue.free(1, "TUSD") == (15_999 if pay else 20_000)
    with pytest.raises(Refused) as refused:
        rich.desk.review(row.id, Reviewed(True, "olga", "again"))
    assert code_of(refused) == "withdrawal.state"


def unsent(room: Room, code: str, request: str = "w") -> None:
    """The payout is refused before it was signed."""
    row = room.withdrawal(request)
    with room.store.transaction() as unit:
        room.books.tell(unit, VenueWithdrawal, row.id, Unsent(f"{row.id}:pay1#try{row.tries}", code, "no"))


def test_a_payout__refused_before_it_was_signed__is_given_back(rich: Room) -> None:
    row = rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    rich.turn()
    unsent(rich, "approver.address")
    [given] = [each for each in rich.waiting() if each.key.endswith("give_back")]
    with rich.store.transaction() as unit:
        rich.venue.tell(given.action)  # type: ignore[arg-type]  # a venue's action
        rich.books.tell(unit, VenueWithdrawal, row.id, Told(given.key))
        assert isinstance(list(unit.facts())[-1][2], MoneyGivenBack)
    assert (rich.withdrawal("w").state, rich.venue.free(1, "TSLAx"), rich.ledger(EVM_TSLA)) == ("given_back", 1_000, -1_000)
    with rich.store.view() as view:
        assert view.balance(EVM_TSLA).credits_pending == 0


def rejected(room: Room, command: str, code: str = "token.frozen") -> None:
    """A chain refuses what was signed and sent."""
    row = room.withdrawal("w")
    with room.store.transaction() as unit:
        room.books.tell(unit, VenueWithdrawal, row.id, Rejected(command, code, "token: receiver was frozen"))


def woken(room: Room) -> None:
    row = room.withdrawal("w")
    with room.store.transaction() as unit:
        room.books.tell(unit, VenueWithdrawal, row.id, Woken("again"))


def refused_until_ended(room: Room) -> VenueWithdrawal:
    """A withdrawal whose payout was sent and refused so often that it is being ended."""
    row = room.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    room.turn()
    for number in range(1, TERMS.sent_tries_max + 1):
        assert room.withdrawal("w").state == "paying"
        rejected(room, f"{row.id}:pay1#try{number}")
        assert (room.withdrawal("w").state, room.withdrawal("w").was_sent) == ("pay_waits", True)
        woken(room)
    assert room.withdrawal("w").state == "voiding"
    assert room.venue.owed("TSLAx") == 1_000
    return room.withdrawal("w")


def test_a_payout__once_signed_and_sent__is_given_back_only_after_the_chain_ended_it(rich: Room) -> None:
    row = refused_until_ended(rich)
    [end] = [each for each in rich.waiting() if isinstance(each.action, VoidPayout)]
    assert end.action == VoidPayout("evm", "TSLAx", f"{row.id}:pay1", row.id)
    with rich.store.transaction() as unit:
        rich.books.tell(unit, VenueWithdrawal, row.id, Landed(end.key, "0xvoid", 9))
    after = rich.withdrawal("w")
    assert (after.state, after.rule) == ("giving_back", "token.frozen")
    with rich.store.view() as view:
        assert view.balance(EVM_TSLA).credits_pending == 0
    with rich.store.transaction() as unit:
        rich.books.tell(unit, VenueWithdrawal, row.id, Landed(f"{row.id}:pay1#try1", "0xlate", 9))
    assert rich.withdrawal("w").state == "giving_back", "what was ended cannot land"


def test_a_payout__found_made_when_it_was_to_be_ended__is_made(rich: Room) -> None:
    row = refused_until_ended(rich)
    rejected(rich, f"{row.id}:pay1:void#try{row.tries}", "treasury.payout_was_made_before")
    assert rich.withdrawal("w").state == "leaving"
    assert rich.ledger(EVM_TSLA) == -600


def test_an_end__refused_for_now__is_asked_again(rich: Room) -> None:
    row = refused_until_ended(rich)
    rejected(rich, f"{row.id}:pay1:void#try{row.tries}", "approver.unsigned")
    assert rich.withdrawal("w").state == "void_waits"
    woken(rich)
    assert (rich.withdrawal("w").state, rich.withdrawal("w").tries) == ("voiding", row.tries + 1)


def test_a_treasury_that_is_short__is_asked_again_and_then_given_back(rich: Room) -> None:
    rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    rich.turn()
    for _ in range(TERMS.short_tries_max - 1):
        unsent(rich, "treasury.short")
        assert rich.withdrawal("w").state == "pay_waits"
        row = rich.withdrawal("w")
        with rich.store.transaction() as unit:
            rich.books.tell(unit, VenueWithdrawal, row.id, Woken("short"))
    unsent(rich, "treasury.short")
    assert rich.withdrawal("w").state == "giving_back"


def test_the_same_asset_on_two_chains__cannot_leave_where_it_is_not(rich: Room) -> None:
    rich.desk.list_address(1, "solana", "So1", "mine")
    rich.now += TERMS.address_delay_s
    with pytest.raises(Refused) as refused:
        rich.desk.withdraw(1, "w", "TSLAx", "solana", "So1", 400)
    assert code_of(refused) == "treasury.short"
    first, second = (rich.desk.withdraw(1, name, "TSLAx", "evm", BOB, 600) for name in "ab")
    rich.venue.balances[1, "TSLAx"] = 1_200  # a customer who holds more than this chain does
    rich.settle()
    assert [rich.withdrawal(name).state for name in "ab"] == ["done", "given_back"]
    assert (first.amount, second.amount, rich.venue.free(1, "TSLAx")) == (600, 600, 600)


def test_a_multiplier__never_enters__what_is_paid_is_raw(rich: Room) -> None:
    row = rich.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 400)
    rich.turn()
    [command] = rich.waiting()
    assert command.action.raw == RawAmount.from_grains(400)  # type: ignore[attr-defined]  # a token's payout
    assert replace(row, state="x").amount == 400
