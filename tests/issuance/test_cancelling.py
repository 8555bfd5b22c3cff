"""A client takes an order back: it ends once, and whatever came or still comes goes back as it came."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.test_deposits import WALLET, Room

from openscrip.assets import accounts
from openscrip.assets.actions import CancelAsked, CashReceived, Pay, PaymentSent, PlaceOrder, Resumed, Woken
from openscrip.assets.stock import Stock
from openscrip.issuance.actions import Burn, Landed, Refund, Rejected
from openscrip.issuance.cancelling import RULE, is_cancellable
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.coins import PayCoins
from openscrip.issuance.news import News, UnplacedEscrow
from openscrip.issuance.primary_market import RequestRefused
from openscrip.issuance.redemption import Redemption, decide
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms, View
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),), price=PricePerShare.parse("200"))
VIEW = View(1_000, STOCK, Terms())
WAITING = replace(VIEW, stock=replace(STOCK, frozen_by=("AAPL.SPLF.2024-06-10",)))
RAW = RawAmount.parse("2")
ASKED = Redemption("red-1", "AAPL", "ann", "evm", WALLET, RAW, RedemptionKind.CASH, "", 0, 1_000)
ESCROWED = RedemptionEscrowed("evm", "0x1", "0xe", 1, 1_000, chain_hash("red-1").hex(), WALLET, RAW, RedemptionKind.CASH)
CANCEL = CancelAsked()


class Desk(Room):
    """The room of the deposits, where dollars and tokens come, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        minted = Transfer("c4", accounts.raw_issuer("AAPL", "evm"), accounts.raw_supply("AAPL", "evm"), RAW.grains, "c")
        with self.store.transaction() as unit:
            unit.post((minted,))

    def ask_in_dollars(self, shares: str = "2") -> Subscription:
        return self.market.subscribe("sub-1", "ann", "AAPL", "evm", WALLET, Shares.parse(shares))

    def pay(self, amount: Money, payment_id: str = "p1") -> None:
        self.tell(Subscription, "sub-1", CashReceived(payment_id, amount))

    def hand_in(self, wallet: str = WALLET) -> None:
        with self.store.transaction() as unit:
            News(self.books, None).from_chain(unit, replace(ESCROWED, holder=wallet))  # type: ignore[arg-type]  # nothing is dated here

    def redemption(self) -> Redemption:
        with self.store.view() as view:
            found = view.row(Redemption, "red-1")
        assert found is not None
        return found

    def redeem(self) -> None:
        self.market.redeem("red-1", "ann", "AAPL", "evm", WALLET, RAW, RedemptionKind.CASH)

    def freeze(self, *by: str) -> None:
        with self.store.transaction() as unit:
            stock = unit.row(Stock, "AAPL")
            assert stock is not None
            unit.put(replace(stock, frozen_by=by))


@pytest.fixture
def desk() -> Desk:
    return Desk()


# subscriptions


def test_an_order_that_nobody_paid__cancelled__ends_without_any_money(desk: Desk) -> None:
    desk.ask_in_dollars()
    row = desk.market.cancel("sub-1", "ann")
    assert (row.state, row.rule) == ("refused", RULE)
    assert desk.commands() == []
    assert desk.balance(accounts.client_payable("sub-1")) == 0
    assert desk.market.cancel("sub-1", "ann") == row, "asked again it is the same answer"


def test_an_order_paid_in_part__cancelled__pays_that_part_back(desk: Desk) -> None:
    deposit = desk.ask_in_dollars().deposit
    desk.pay(Money(deposit.atoms // 2))
    desk.market.cancel("sub-1", "ann")
    pay = desk.command(Pay)
    assert isinstance(pay.action, Pay)
    assert pay.action.amount == Money(deposit.atoms // 2)
    desk.tell(Subscription, "sub-1", PaymentSent(pay.action.payment_id, pay.action.amount))
    assert (desk.row().state, desk.row().rule) == ("refused", RULE)
    assert desk.balance(accounts.client_payable("sub-1")) == 0


def test_a_payment_that_comes_after_the_cancelling__is_paid_back_and_buys_nothing(desk: Desk) -> None:
    deposit = desk.ask_in_dollars().deposit
    desk.market.cancel("sub-1", "ann")
    desk.pay(deposit)
    desk.pay(deposit)
    pay = desk.command(Pay)
    assert isinstance(pay.action, Pay)
    assert pay.action.amount == deposit
    assert not [each for each in desk.commands() if isinstance(each.action, PlaceOrder)]
    desk.tell(Subscription, "sub-1", PaymentSent(pay.action.payment_id, deposit))
    assert (desk.row().state, desk.row().rule) == ("refused", RULE)
    assert desk.balance(accounts.client_payable("sub-1")) == 0


def test_coins_that_come_after_the_cancelling__go_back_to_their_sender(desk: Desk) -> None:
    deposit = desk.ask().deposit
    desk.market.cancel("sub-1", "ann")
    came = desk.come(deposit)
    assert (came.state, came.rule, came.reason) == ("returning", "deposit.cancelled", "deposit: sub-1 was cancelled")
    back = desk.command(PayCoins).action
    assert isinstance(back, PayCoins)
    assert (back.to, back.amount) == (WALLET, deposit)
    assert desk.row().state == "refused"


def test_what_was_set_aside_for_an_instant_order__cancelled__is_inventory_again(desk: Desk) -> None:
    desk.ask(at_once=True)
    assert desk.balance("AAPL/inventory") == -Shares.whole(3).atoms
    desk.market.cancel("sub-1", "ann")
    assert desk.balance("AAPL/inventory") == -Shares.whole(5).atoms
    with desk.store.view() as view:
        stock = view.row(Stock, "AAPL")
    assert stock is not None
    assert stock.free == Shares.whole(5)
    desk.now += 10_000
    desk.tell(Subscription, "sub-1", Woken("expiry"))
    assert desk.balance("AAPL/inventory") == -Shares.whole(5).atoms, "its time ends nothing a second time"


def test_an_order_that_was_paid__cannot_be_cancelled__and_the_refusal_is_recorded(desk: Desk) -> None:
    desk.pay(desk.ask_in_dollars().deposit)
    before = desk.row()
    with pytest.raises(Refused) as refused:
        desk.market.cancel("sub-1", "ann")
    assert refused.value.code == "order.under_way"
    assert desk.row() == before
    assert RequestRefused("sub-1", "ann", "AAPL", "order.under_way", refused.value.text) in desk.facts()


def test_an_order_of_another_client__answers_as_none(desk: Desk) -> None:
    desk.ask_in_dollars()
    for person, order in (("otto", "sub-1"), ("ann", "sub-2")):
        with pytest.raises(Malformed) as unknown:
            desk.market.cancel(order, person)
        assert unknown.value.code == "order.unknown"
    assert desk.row().state == "awaiting_payment"


# redemptions


def test_a_redemption_whose_tokens_did_not_come__cancelled__ends__and_late_tokens_go_back(desk: Desk) -> None:
    desk.redeem()
    desk.market.cancel("red-1", "ann")
    assert desk.redemption().state == "refused"
    desk.hand_in("0xcid")
    assert [type(each) for each in desk.facts()] == [UnplacedEscrow], "another wallet's tokens are a person's, as ever"
    desk.hand_in()
    desk.hand_in()
    back = desk.command(Refund)
    assert isinstance(back.action, Refund)
    assert (back.action.holder, back.action.raw) == (WALLET, RAW)
    desk.tell(Redemption, "red-1", Landed(back.key, "0xr", 7))
    assert (desk.redemption().state, desk.redemption().rule) == ("refunded", RULE)


def test_a_redemption_that_waits_for_the_market__cancelled__gives_the_tokens_back_and_burns_nothing(desk: Desk) -> None:
    desk.redeem()
    desk.freeze("AAPL.SPLF.2024-06-10")
    desk.hand_in()
    assert desk.redemption().state == "escrowed"
    desk.market.cancel("red-1", "ann")
    desk.freeze()
    desk.tell(Redemption, "red-1", Woken("resumed"))
    (back,) = desk.commands()
    assert isinstance(back.action, Refund)
    desk.tell(Redemption, "red-1", Landed(back.key, "0xr", 7))
    assert desk.redemption().state == "refunded"


def test_a_redemption_whose_tokens_are_being_burned__cannot_be_cancelled(desk: Desk) -> None:
    desk.redeem()
    desk.hand_in()
    assert desk.redemption().state == "burning"
    with pytest.raises(Refused) as refused:
        desk.market.cancel("red-1", "ann")
    assert refused.value.code == "order.under_way"
    assert desk.redemption().state == "burning"


def test_a_redemption_that_a_network_hands_over__cannot_be_cancelled() -> None:
    with pytest.raises(Refused) as refused:
        decide(replace(ASKED, via="itn", state="escrowed"), CANCEL, VIEW)
    assert refused.value.code == "order.under_way"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["escrow", "cancel", "wake", "land", "reject", "resume"]), max_size=14), st.booleans())
def test_escrowed_tokens__whatever_comes_in_which_order__are_burned_or_given_back_and_never_both(
    words: list[str], waits: bool
) -> None:
    row, asked_for, burned, given_back = ASKED, list[str](), 0, 0
    for number, word in enumerate([*words, "resume", "wake", "land", "resume", "wake", "land"]):
        pending = asked_for[-1] if asked_for else "red-1:burn:1"
        event = {
            "escrow": ESCROWED, "cancel": CANCEL, "wake": Woken("x"), "land": Landed(pending, "0xt", number),
            "reject": Rejected(pending, "feed.stale", "chain: later"), "resume": Resumed("tom", "looked"),
        }[word]  # fmt: skip
        before = row
        view = WAITING if waits and number < len(words) else VIEW
        if word == "cancel" and not is_cancellable(row) and row.rule != RULE:
            with pytest.raises(Refused, match="could be cancelled until"):
                decide(row, CANCEL, view)
            continue
        decision = decide(row, event, view)  # type: ignore[arg-type]  # each is one of the union
        if decision == Decision():
            continue
        row = next(each for each in reversed(decision.rows) if isinstance(each, Redemption))
        asked_for += [each.key for each in decision.commands if isinstance(each.action, Burn | Refund)]
        burned += before.state == "burning" and row.state not in ("burning", "escrowed")
        given_back += before.state == "refunding" and row.state == "refunded"
        assert not (row.rule == RULE and (row.claim or row.burn_tx)), "what was cancelled is never burned"
    assert burned + given_back <= 1
    if row.rule == RULE:
        assert burned == 0
        assert row.state in (("refunded",) if row.escrowed else ("refused",))
