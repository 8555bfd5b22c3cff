"""Coins in and coins out without a chain: whose a deposit is, what goes back, and that no money is lost in any order."""

from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openscrip.assets import accounts
from openscrip.assets.actions import (
    Filled,
    Instruct,
    InstructionSettled,
    OrderDone,
    OrderRejected,
    Pay,
    PaymentSent,
    PlaceOrder,
    TradeSettled,
    Wake,
    Woken,
)
from openscrip.assets.bank import ConversionSide
from openscrip.assets.compliance.persons import Wallet
from openscrip.assets.stock import Lot, Stock
from openscrip.bootstrap.books import build_books
from openscrip.issuance.actions import Landed, Mint, Rejected
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.coin_desk import CoinDesk
from openscrip.issuance.coins import CoinsSeen, PayCoins, Stablecoin
from openscrip.issuance.conversion import Conversion, Convert, Converted, NotConverted
from openscrip.issuance.deposits import CoinDeposit, DepositInSuspense, DepositReturned, Judged, owner_of_wallet
from openscrip.issuance.journey import OrderMoved
from openscrip.issuance.primary_market import Asked, PaidBy, PrimaryMarket
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import HourTerms, Terms
from openscrip.kernel.errors import Conflict, Refused
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command, Unit

ISIN = "US0378331005"
TOKENS = (("evm", "0x1"), ("solana", "Mint"))
STOCK = Stock("AAPL", ISIN, "SEG", "AAPLx", TOKENS, price=PricePerShare.parse("200"), inventory=(Lot("r0", Shares.whole(5)),))
COIN = Stablecoin("tusd:evm", "tusd", "evm", "0xToken", "0xTreasury", "0xBank")
TERMS = Terms(market=HourTerms(fixed=Money.parse("2")), stable_within_s=600, bank_within_s=900)
WALLET, LISTED = "0xa", "0xbad"
COINS = accounts.stable("tusd", "evm")


def allow(unit: Unit, asked: Asked) -> None:
    """Everybody may."""


def screen_address(chain: str, wallet: str) -> None:
    """One listed address."""
    if wallet == LISTED:
        raise Refused("compliance.sanctioned_address", f"compliance: {wallet} was listed")


@dataclass
class Room:
    """The market and its coins on a memory store; everybody outside is played by the test."""

    now: int = 1_000
    store: MemoryStore = field(default_factory=lambda: MemoryStore(accounts.CHART))

    def __post_init__(self) -> None:
        self.books = build_books(TERMS, lambda: self.now)
        self.market = PrimaryMarket(self.store, self.books, allow, TERMS, lambda: self.now, owner=owner_of_wallet)
        self.desk = CoinDesk(self.store, self.books, {}, screen_address, owner_of_wallet, lambda: self.now, Money.parse("1000"))
        with self.store.transaction() as unit:
            unit.put(STOCK)
            unit.put(COIN)
            unit.put(ClientWallet(wallet_id("evm", WALLET), Wallet("evm", WALLET, "ann", True)))
            unit.put(ClientWallet(wallet_id("evm", "0xcid"), Wallet("evm", "0xcid", "cid", True)))
            unit.post(
                (
                    Transfer("c1", "AAPL/custody", "AAPL/inventory", Shares.whole(5).atoms, "c"),
                    Transfer("c2", accounts.BROKER_CASH, accounts.CAPITAL, 10**12, "c"),
                    Transfer("c3", accounts.BANK, accounts.CAPITAL, 10**12, "c"),
                )
            )

    def ask(self, name: str = "sub-1", shares: str = "2", at_once: bool = False, wallet: str = WALLET) -> Subscription:
        paid_by = PaidBy("tusd", "evm", wallet)
        return self.market.subscribe(name, "ann", "AAPL", "evm", WALLET, Shares.parse(shares), at_once, paid_by=paid_by)

    def come(self, amount: Money, tx: str = "0x1", sender: str = WALLET, place: int = 0) -> CoinDeposit:
        seen = CoinsSeen("evm", "0xtoken", sender, amount, tx, place, 7)
        with self.store.transaction() as unit:
            self.desk.seen(unit, seen)
            found = unit.row(CoinDeposit, seen.id)
        assert found is not None
        return found

    def tell(self, kind: type, row_id: str, event: object) -> None:
        with self.store.transaction() as unit:
            self.books.tell(unit, kind, row_id, event)

    def commands(self) -> list[Command]:
        return [command for command, *_ in self.store.waiting(1_000)]

    def command(self, kind: type) -> Command:
        (found,) = [each for each in self.commands() if isinstance(each.action, kind)]
        return found

    def row(self, name: str = "sub-1") -> Subscription:
        with self.store.view() as view:
            found = view.row(Subscription, name)
        assert found is not None
        return found

    def deposit(self, deposit_id: str) -> CoinDeposit:
        with self.store.view() as view:
            found = view.row(CoinDeposit, deposit_id)
        assert found is not None
        return found

    def balance(self, account: str) -> int:
        with self.store.view() as view:
            found = view.balance(account)
        return found.debits_posted - found.credits_posted

    def facts(self) -> list[object]:
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts() if not isinstance(fact, OrderMoved)]


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_exact_amount_in_time__from_the_client_s_own_wallet__pays_the_request(room: Room) -> None:
    asked = room.ask()
    assert asked.expires_at == 1_600
    came = room.come(asked.deposit)
    assert (came.state, came.request, came.person) == ("credited", "sub-1", "ann")
    assert (room.row().state, room.row().deposit_id) == ("buying", came.id)
    assert room.balance(COINS) == asked.deposit.atoms
    assert room.balance(accounts.suspense(came.id)) == 0


def test_a_deposit__told_twice__counts_once(room: Room) -> None:
    asked = room.ask()
    assert room.come(asked.deposit) == room.come(asked.deposit)
    assert room.row().paid == asked.deposit
    assert room.balance(COINS) == asked.deposit.atoms


@pytest.mark.parametrize("change", [-1, 1, 10**6])
def test_another_amount__goes_back_to_its_sender_whole(room: Room, change: int) -> None:
    asked = room.ask()
    came = room.come(Money(asked.deposit.atoms + change))
    assert (came.state, came.rule) == ("returning", "deposit.amount")
    action = room.command(PayCoins).action
    assert action == PayCoins("evm", "tusd", f"{came.id}:return", WALLET, came.amount, came.id)
    assert room.row().state == "awaiting_payment"
    room.tell(CoinDeposit, came.id, Landed(f"{came.id}:return#try1", "0x9", 9))
    assert room.deposit(came.id).state == "returned"
    assert (room.balance(COINS), room.balance(accounts.suspense(came.id))) == (0, 0)
    told = [type(fact) for fact in room.facts()]
    assert [kind for kind in told if kind is not OrderMoved] == [DepositInSuspense, DepositReturned]


def test_the_same_amount_again__and_what_nobody_asked_for__go_back(room: Room) -> None:
    assert room.come(Money(5), "0x1").rule == "deposit.unexpected"
    asked = room.ask()
    room.come(asked.deposit, "0x2")
    assert room.come(asked.deposit, "0x3").rule == "deposit.twice"


def test_what_comes_late__goes_back_and_the_request_has_ended(room: Room) -> None:
    asked = room.ask()
    room.now = asked.expires_at + 1
    came = room.come(asked.deposit)
    assert (came.state, came.rule) == ("returning", "deposit.late")
    room.tell(Subscription, "sub-1", Woken("expiry"))
    assert (room.row().state, room.row().rule) == ("refused", "payment.expired")


def test_two_equal_requests__are_paid_in_the_order_in_which_they_came(room: Room) -> None:
    first, second = room.ask(), room.ask("sub-2")
    assert first.deposit == second.deposit
    assert [room.come(first.deposit, tx).request for tx in ("0x1", "0x2")] == ["sub-1", "sub-2"]
    assert room.come(first.deposit, "0x3").rule == "deposit.twice"


def test_a_stranger_s_coins__wait_for_an_operator(room: Room) -> None:
    came = room.come(room.ask().deposit, sender="0xwho")
    assert (came.state, came.rule) == ("suspense", "deposit.sender")
    assert room.commands() == [room.command(Wake)], "nothing goes back by itself"
    room.tell(CoinDeposit, came.id, Judged("keep", "olga", "unknown"))
    assert room.deposit(came.id).state == "kept"
    room.tell(CoinDeposit, came.id, Judged("return", "olga", "found"))
    assert (room.deposit(came.id).state, room.deposit(came.id).why) == ("returning", "found")
    with pytest.raises(Refused) as refusal:
        room.tell(CoinDeposit, came.id, Judged("keep", "olga", "again"))
    assert refusal.value.code == "deposit.state"


def test_a_listed_address_s_coins__are_kept_whoever_asks(room: Room) -> None:
    came = room.come(room.ask().deposit, sender=LISTED)
    assert (came.state, came.rule) == ("suspense", "compliance.sanctioned_address")
    with pytest.raises(Refused) as refusal:
        room.tell(CoinDeposit, came.id, Judged("return", "olga", "please"))
    assert refusal.value.code == "deposit.sanctioned"
    assert room.balance(accounts.suspense(came.id)) == -came.amount.atoms


def test_another_client_s_wallet__pays_nobody_s_request(room: Room) -> None:
    asked = room.ask()
    assert room.come(asked.deposit, sender="0xcid").rule == "deposit.unexpected"
    refused = room.ask("sub-2", wallet="0xcid")
    assert (refused.state, refused.rule) == ("refused", "funding.wallet")


def test_a_coin_that_is_not_registered__pays_for_nothing(room: Room) -> None:
    doge = PaidBy("doge", "evm", WALLET)
    refused = room.market.subscribe("sub-1", "ann", "AAPL", "evm", WALLET, Shares.whole(1), paid_by=doge)
    assert (refused.state, refused.rule) == ("refused", "funding.unknown")


def test_a_refused_payout__is_tried_again_under_the_same_id_until_the_chain_says_it_was_made(room: Room) -> None:
    room.ask()
    came = room.come(Money(5))
    room.tell(CoinDeposit, came.id, Rejected(f"{came.id}:return#try1", "treasury.short", "treasury: short"))
    assert room.deposit(came.id).state == "return_waits"
    room.tell(CoinDeposit, came.id, Woken("treasury.short"))
    second = [each for each in room.commands() if each.key.endswith("#try2")]
    assert [each.action for each in second] == [PayCoins("evm", "tusd", f"{came.id}:return", WALLET, Money(5), came.id)]
    made = Rejected(f"{came.id}:return#try2", "treasury.payout_was_made_before", "treasury: payout was made before")
    room.tell(CoinDeposit, came.id, made)
    assert room.deposit(came.id).state == "returned"
    room.tell(CoinDeposit, came.id, Landed(f"{came.id}:return#try1", "0x9", 9))
    assert room.balance(COINS) == 0


def test_instant_issuance__sets_shares_aside_until_they_are_paid_or_the_time_is_over(room: Room) -> None:
    asked = room.ask(shares="5", at_once=True)
    assert room.balance("AAPL/inventory") == 0
    assert room.ask("sub-2", "1", at_once=True).rule == "inventory.short"
    room.now = asked.expires_at + 1
    room.tell(Subscription, "sub-1", Woken("expiry"))
    assert (room.row().state, room.row().rule, room.row().parcels) == ("refused", "payment.expired", ())
    assert room.balance("AAPL/inventory") == -Shares.whole(5).atoms
    again = room.ask("sub-3", "5", at_once=True)
    room.come(again.deposit)
    assert isinstance(room.command(Mint).action, Mint)
    assert room.command(PlaceOrder).key == "sub-3:replenish:o1"


def test_a_conversion__within_the_day_and_what_is_there__is_recorded_steps(room: Room) -> None:
    room.come(room.ask().deposit)
    out = ("conv-1", ConversionSide.TO_DOLLARS, "tusd", "evm", Money.parse("100"), "tom", "to pay the broker")
    assert room.desk.convert(*out) == room.desk.convert(*out)
    with pytest.raises(Conflict):
        room.desk.convert(*out[:4], Money.parse("99"), *out[5:])
    assert room.command(PayCoins).action == PayCoins("evm", "tusd", "conv-1:send", "0xBank", Money.parse("100"), "conv-1")
    with pytest.raises(Refused) as short:
        room.desk.convert("conv-2", *out[1:4], Money.parse("500"), *out[5:])
    assert short.value.code == "conversion.short"
    with pytest.raises(Refused) as limit:
        room.desk.convert("conv-2", ConversionSide.TO_STABLE, "tusd", "evm", Money.parse("900.01"), "tom", "more")
    assert limit.value.code == "conversion.limit"
    before = room.balance(accounts.BANK)
    room.tell(Conversion, "conv-1", Landed("conv-1:send#try1", "0x5", 5))
    assert room.command(Convert).action == Convert(
        "conv-1", ConversionSide.TO_DOLLARS, "tusd", "evm", Money.parse("100"), "0xTreasury", "0x5"
    )
    room.tell(Conversion, "conv-1", Converted(Money.parse("99.95"), Money.parse("0.05")))
    room.tell(Conversion, "conv-1", Converted(Money.parse("99.95"), Money.parse("0.05")))
    assert Money(room.balance(accounts.BANK) - before) == Money.parse("99.95")
    assert room.balance(accounts.converting("conv-1")) == 0


def test_a_conversion__that_the_bank_refuses__comes_back_in_full(room: Room) -> None:
    room.come(room.ask().deposit)
    before = room.balance(COINS)
    room.desk.convert("conv-1", ConversionSide.TO_DOLLARS, "tusd", "evm", Money.parse("100"), "tom", "why")
    room.tell(Conversion, "conv-1", Landed("conv-1:send#try1", "0x5", 5))
    room.tell(Conversion, "conv-1", NotConverted("REJT"))
    assert Money(room.balance(accounts.converting("conv-1"))) == Money.parse("100")
    with room.store.transaction() as unit:
        room.desk.seen(unit, CoinsSeen("evm", "0xtoken", "0xBank", Money.parse("100"), "0x6", 0, 9))
    assert (room.balance(COINS), room.balance(accounts.converting("conv-1"))) == (before, 0)
    room.desk.convert("conv-2", ConversionSide.TO_STABLE, "tusd", "evm", Money.parse("50"), "tom", "why")
    bank = room.balance(accounts.BANK)
    room.tell(Conversion, "conv-2", NotConverted("CASH"))
    with room.store.view() as view:
        failed = view.row(Conversion, "conv-2")
    assert failed is not None
    assert (failed.state, failed.rule) == ("failed", "conversion.failed")
    assert (room.balance(accounts.BANK), room.balance(accounts.converting("conv-2"))) == (bank, 0)


# every order of events


class Outside:
    """Answers one waiting command after the other, as a drawn script says: done, refused, in parts, busy."""

    def __init__(self, room: Room, draw: st.DataObject) -> None:
        self._room, self._draw, self._done = room, draw, set[str]()

    def _pick(self, *words: str) -> str:
        return self._draw.draw(st.sampled_from(words))

    def step(self) -> bool:
        waiting = [each for each in self._room.commands() if each.key not in self._done]
        if not waiting:
            return False
        command = waiting[self._draw.draw(st.integers(0, len(waiting) - 1))]
        self._done.add(command.key)
        for event in self._answers(command):
            for _ in range(self._draw.draw(st.integers(1, 2))):  # news may be told twice
                with self._room.store.transaction() as unit:
                    self._room.books.tell(unit, command.row_kind, command.row_id, event)
        return True

    def _answers(self, command: Command) -> list[object]:
        match command.action:
            case PlaceOrder() as order:
                if self._pick("filled", "rejected") == "rejected" and command.key.startswith("sub"):
                    return [OrderRejected(order.order_id, "not_trading")]
                several = order.shares > Shares.whole(1) and self._pick("all", "parts") == "parts"
                part = Shares.whole(1) if several else order.shares
                price = self._draw.draw(st.integers(150, 230))
                told: list[object] = []
                for number, shares in enumerate([part, order.shares - part]):
                    if shares:
                        cost = Money(price * shares.atoms // 1_000)
                        told.append(Filled(order.order_id, f"{order.order_id}x{number}", shares, cost))
                        told.append(TradeSettled(order.order_id, (f"{order.order_id}x{number}",), shares))
                return [*told, OrderDone(order.order_id, order.shares)]
            case Instruct() as move:
                return [InstructionSettled(move.instruction_id, move.shares)]
            case Mint():
                if self._pick("landed", "later") == "later":
                    return [Rejected(command.key, "statement.stale", "mint: later")]
                return [Landed(command.key, f"0x{command.key}", 1)]
            case PayCoins():
                answers = {
                    "landed": Landed(command.key, "0x5", 5),
                    "short": Rejected(command.key, "treasury.short", "treasury: short"),
                    "lost": Rejected(command.key, "treasury.payout_was_made_before", "treasury: payout was made before"),
                }
                return [answers[self._pick("landed", "landed", "short", "lost")]]
            case Pay() as pay:
                return [PaymentSent(pay.payment_id, pay.amount)]
            case Wake() as wake:
                self._room.now = max(self._room.now, command.due_at)
                return [Woken(wake.why)]
            case _:
                raise AssertionError(command)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 4), st.booleans())
def test_money_in__is_charged_or_refunded_or_fee__whatever_order_events_come_in(
    data: st.DataObject, halves: int, at_once: bool
) -> None:
    room = Room()
    outside = Outside(room, data)
    asked = room.ask(shares=str(halves), at_once=at_once)
    coming = data.draw(st.permutations([asked.deposit, asked.deposit, Money(5), asked.deposit + Money(1)]))
    came = 0
    for number, amount in enumerate(coming):
        for _ in range(data.draw(st.integers(0, 6))):
            outside.step()
        if data.draw(st.booleans()):
            room.now += data.draw(st.integers(0, 700))
        if data.draw(st.integers(0, 5)) == 0:  # the client takes it back, at any moment; once it is paid that is refused
            with suppress(Refused):
                room.market.cancel("sub-1", "ann")
        room.come(amount, f"0x{number}")
        came += amount.atoms
    steps = 0
    while outside.step():
        steps += 1
        assert steps < 300, "live"
    row = room.row()
    payable = -room.balance(accounts.client_payable("sub-1"))
    assert row.state in ("completed", "refused")
    assert payable == 0, "nothing is owed to the client any more, and nothing was taken that is not accounted for"
    kept = room.balance(COINS)
    with room.store.view() as view:
        returned = sum(each.amount.atoms for each in view.rows(CoinDeposit) if each.state == "returned")
        posted = view.balance(accounts.client_payable("sub-1"))
        free = view.row(Stock, "AAPL")
    refunded = came - returned - kept
    assert kept == posted.credits_posted - refunded, "what stays in the treasury is what shares and fees cost"
    assert kept + refunded == row.paid.atoms
    assert (kept > 0) == (row.state == "completed")
    fee = -room.balance(accounts.FEES_INCOME)
    if row.state == "completed":
        assert fee == row.rates.fee_up(Money(kept - fee)).atoms or refunded == 0
    assert free is not None
    assert -room.balance("AAPL/inventory") == free.free.atoms, "inventory is in the ledger what it is in the books"


def test_a_row_that_was_stored_before_there_were_quotes__is_priced_by_the_rates_it_had() -> None:
    old = Subscription("s", "AAPL", "ann", "evm", "0xa", Shares.whole(1), STOCK.price, Money(1), False, 0)
    assert (old.rates.fee, old.rates.spread, old.in_coins) == (Bps(50), Bps(100), False)
    assert replace(old, funding="tusd").in_coins
