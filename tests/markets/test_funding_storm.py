"""Money in and out in a hostile world: answers are lost, chains refuse, thieves keep signatures, people decide at random.

Seeded worlds on the product's own decisions. Whatever happens, at the end each payout was made once or never, what was
given back can never be made any more, and chain, ledger and venue add up to the unit.
"""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from tests.markets.money_room import TERMS, Room

from openscrip.assets.actions import Wake, Woken
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import PayCoins, PayTokens, VoidPayout
from openscrip.kernel.errors import Refused
from openscrip.markets import money_chart
from openscrip.markets.funding import Told, Unsent
from openscrip.markets.funding_check import in_transit
from openscrip.markets.funding_deposits import Settled, VenueDeposit
from openscrip.markets.funding_withdrawals import Reviewed, VenueWithdrawal
from openscrip.runtime.ledger import unbalanced
from openscrip.runtime.store import Command

ALICE, BOB, STRANGER = ("0x" + each * 20 for each in ("11", "22", "33"))
ASSETS = ("TSLAx", "TUSD")
WORLDS, STEPS = 150, 120
MADE = "treasury.payout_was_made_before"
WATCHED: Counter[str] = Counter()
"""How often the rare ends were seen over all worlds: a storm that never gets there proves nothing."""


class Chain:
    """A treasury as its contract is: an id is paid once, or voided, and signatures live for ever."""

    def __init__(self) -> None:
        self.held = dict.fromkeys(ASSETS, 0)
        self.paid: dict[str, int] = {}
        self.voided: set[str] = set()
        self.leaked: dict[str, tuple[str, int]] = {}
        """What both keys signed and somebody may have kept: asset and amount."""

    def pay(self, payment_id: str, asset: str, amount: int) -> str:
        """Empty if it is paid, else why not."""
        if payment_id in self.paid:
            return MADE
        if payment_id in self.voided:
            return "treasury.payout_was_voided"
        if self.held[asset] < amount:
            return "treasury.short"
        self.paid[payment_id] = amount
        self.held[asset] -= amount
        return ""


class World:
    """A room, a chain, and dice."""

    def __init__(self, seed: int) -> None:
        self.dice, self.chain = Random(seed), Chain()  # not for secrets
        self.room = Room(terms=replace(TERMS, sent_tries_max=2))
        self.room.desk.register_wallet(1, "evm", ALICE, "signed")
        for account, to in ((1, BOB), (2, STRANGER)):
            self.room.listed(account, "evm", to)
        self.arrived, self.asked, self.calm = 0, 0, False
        self.signed: set[str] = set()

    def chance(self, share: float) -> bool:
        return not self.calm and self.dice.random() < share

    def step(self) -> None:
        what = self.dice.randrange(10)
        if what < 2:
            self.arrive()
        elif what < 4:
            self.ask()
        elif what == 4:
            self.decide()
        elif what == 5:
            self.room.now += TERMS.retry_s
        elif what == 6:
            self.steal()
        else:
            self.turn()

    def arrive(self) -> None:
        """A deposit, told once or twice."""
        self.arrived += 1
        asset, sender, amount = (
            self.dice.choice(ASSETS),
            self.dice.choice((ALICE, ALICE, STRANGER)),
            self.dice.randrange(10, 900),
        )
        self.chain.held[asset] += amount
        for _ in range(self.dice.choice((1, 2))):
            self.room.arrive(asset, "evm", sender, amount, f"0x{self.arrived}")

    def ask(self) -> None:
        """A withdrawal, asked once or twice."""
        self.asked += 1
        account = self.dice.choice((1, 1, 2))
        asset, amount = self.dice.choice(ASSETS), self.dice.randrange(10, 500)
        try:
            for _ in range(self.dice.choice((1, 2))):
                self.room.desk.withdraw(account, f"w{self.asked}", asset, "evm", BOB if account == 1 else STRANGER, amount)
        except Refused as refusal:
            WATCHED[refusal.code] += 1

    def decide(self) -> None:
        """An operator, who is sometimes wrong."""
        with self.room.store.view() as view:
            deposits = [row.id for state in ("suspense", "kept") for row in view.rows(VenueDeposit, state=state)]
            withdrawals = [row.id for row in view.rows(VenueWithdrawal, state="review")]
        try:
            if deposits:
                word, account = self.dice.choice(("assign", "return", "keep")), self.dice.choice((1, 2, 99))
                self.room.desk.settle(self.dice.choice(deposits), Settled(word, "olga", "dice", account))
            if withdrawals:
                self.room.desk.review(self.dice.choice(withdrawals), Reviewed(self.dice.random() < 0.5, "olga", "dice"))
        except Refused as refusal:
            WATCHED[refusal.code] += 1

    def steal(self) -> None:
        """Whoever kept signatures brings them."""
        for payment_id, (asset, amount) in self.chain.leaked.items():
            if self.dice.random() < 0.3:
                WATCHED["stolen " + (self.chain.pay(payment_id, asset, amount) or "paid")] += 1

    def turn(self) -> None:
        """The worker performs; answers are lost, told late, or told twice."""
        for lease in self.room.store.lease("worker", 4, self.room.now, 0.0):
            answer = self.answer(lease.command)
            if self.chance(0.2):
                self.room.store.retry(lease, "the answer was lost", 0.0)
                continue
            with self.room.store.transaction() as unit:
                unit.finish(lease)
                for _ in range(2 if self.chance(0.2) else 1):
                    self.room.books.tell(unit, lease.command.row_kind, lease.command.row_id, answer)

    def answer(self, command: Command) -> Any:
        """What chain and venue say."""
        action: Any = command.action
        match action:
            case Wake():
                return Woken(action.why)
            case PayCoins() | PayTokens():
                return self.paid(command, action)
            case VoidPayout():
                if action.payment_id in self.chain.paid:
                    return Rejected(command.key, MADE, "treasury: payout was made before")
                self.chain.voided.add(action.payment_id)
                WATCHED["voided"] += 1
                return Landed(command.key, "0xvoid", 9)
            case _:
                return self.told(command, action)

    def paid(self, command: Command, action: PayCoins | PayTokens) -> Landed | Rejected | Unsent:
        amount = action.raw.grains if isinstance(action, PayTokens) else action.amount.atoms
        was_signed = command.key in self.signed  # the bytes are stored: they are sent again, whatever the approver says now
        if action.payment_id in self.chain.paid and not was_signed:
            return Unsent(command.key, MADE, "treasury: payout was made before")
        if not was_signed and self.chance(0.1):
            return Unsent(command.key, self.dice.choice(("treasury.short", "approver.limit")), "no")
        self.signed.add(command.key)
        self.chain.leaked[action.payment_id] = (action.asset, amount)
        if self.chance(0.4):
            return Rejected(command.key, "token.frozen", "token: receiver was frozen")
        refusal = self.chain.pay(action.payment_id, action.asset, amount)
        return Rejected(command.key, refusal, refusal) if refusal else Landed(command.key, "0xpaid", 9)

    def told(self, command: Command, action: Any) -> Told | Rejected:
        return self.room.answer(replace(command, action=action))  # type: ignore[no-any-return]  # the room's venue

    def rest(self) -> None:
        """No more trouble: everything ends."""
        self.calm = True
        for _ in range(400):
            self.decide()
            self.room.now += TERMS.retry_s
            self.turn()
        self.steal()

    def check(self) -> None:
        """What must be true of any world that came to rest."""
        with self.room.store.view() as view:
            deposits, withdrawals = view.rows(VenueDeposit), view.rows(VenueWithdrawal)
            assert {row.state for row in deposits} <= {"credited", "returned", "kept"}
            assert {row.state for row in withdrawals} <= {"done", "refused", "given_back"}
            ended = {row.id: row.state for row in withdrawals} | {row.id: row.state for row in deposits}
            for row_id, state in ended.items():
                WATCHED[state] += 1
                assert (f"{row_id}:pay1" in self.chain.paid) == (state in ("done", "returned")), (row_id, state)
            for asset in ASSETS:
                assert view.balance(money_chart.chain(asset, "evm")).debit == self.chain.held[asset]
                assert view.balance(money_chart.chain(asset, "evm")).credits_pending == 0
                assert sum(in_transit(view, asset).values()) == self.room.venue.owed(asset)
            assert unbalanced(view.balances()) == []
        assert self.room.venue.held == {}
        assert min(self.room.venue.balances.values(), default=0) >= 0


@pytest.mark.slow
def test_money__in_a_storm__is_paid_once_or_given_back_and_adds_up() -> None:
    for seed in range(WORLDS):
        world = World(seed)
        for _ in range(STEPS):
            world.step()
        world.rest()
        world.check()
    rare = ("voided", "stolen paid", "stolen treasury.payout_was_voided", "given_back", "returned", "refused", "done")
    assert [each for each in rare if WATCHED[each] < 10] == [], WATCHED
