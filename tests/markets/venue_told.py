"""A venue that only tells: facts of orders and trades between accounts, as the real one would tell them, for its readers."""

import random
from collections.abc import Iterator

from openscrip.markets.commands import Cause
from openscrip.markets.facts import Ending, Moved, OrderAmended, OrderDone, OrderNew, OrderTraded, Printed, What
from openscrip.markets.following import Facts
from openscrip.markets.instruments import Directory, Instrument, money, token
from openscrip.markets.orders import Limit, SelfTrade

TSLA, AAPL, USD, EUR = token(1, "TSLAx"), token(2, "AAPLx"), money(3, "USD", "ZUSD"), money(4, "EUR", "ZEUR")
TSLA_USD, AAPL_EUR = Instrument(1, TSLA, USD), Instrument(2, AAPL, EUR)
SECOND_US = 1_000_000
START_US = 1_700_000_040 * SECOND_US
"""In the middle of a minute."""


def directory() -> Directory:
    found = Directory()
    for asset in (TSLA, AAPL, USD, EUR):
        found.admit(asset)
    for instrument in (TSLA_USD, AAPL_EUR):
        found.list(instrument)
    return found


class TellingVenue:
    """Keeps balances and numbers; each call is one record and gives its facts, which the journal keeps."""

    def __init__(self) -> None:
        self.sequence = self.orders = self.trades = self.entries = 0
        self.balances: dict[tuple[int, int], int] = {}
        self.journal: list[list[object]] = []
        self.now_us = START_US

    def again(self, after: int) -> Iterator[Facts]:
        yield from self.journal[after:]  # type: ignore[misc]  # lists of facts

    def _record(self) -> tuple[int, int]:
        self.sequence += 1
        return self.sequence, self.now_us

    def _told(self, facts: list[object]) -> Facts:
        self.journal.append(facts)
        return facts  # type: ignore[return-value]  # they are facts

    def _move(self, account: int, asset: int, amount: int) -> int:
        after = self.balances.get((account, asset), 0) + amount
        assert after >= 0 or not account
        self.balances[account, asset] = after
        return after

    def silence(self) -> Facts:
        """A record that tells nothing."""
        self._record()
        return self._told([])

    def moved(self, account: int, asset: int, amount: int, what: What, reference: str) -> Facts:
        head = self._record()
        self.entries += 1
        balance = self._move(account, asset, amount)
        return self._told([Moved(*head, self.entries, account, asset, amount, balance, what, reference)])

    def credit(self, account: int, asset: int, amount: int, reference: str) -> Facts:
        return self.moved(account, asset, amount, What.CREDIT, reference)

    def place(self, account: int, instrument: Instrument, side: int, lots: int, price: int, client_id: str = "") -> Facts:
        head = self._record()
        self.orders += 1
        terms = Limit(price)
        return self._told([
            OrderNew(*head, self.orders, account, instrument.number, side, lots, terms, SelfTrade(0), client_id, 0, False, 0)
        ])  # fmt: skip

    def amend(self, order: int, account: int, instrument: Instrument, lots: int, price: int) -> Facts:
        head = self._record()
        return self._told([OrderAmended(*head, order, account, instrument.number, "", 0, lots, lots, price, 0, 0, False)])

    def cancel(self, order: int, account: int, instrument: Instrument, left: int) -> Facts:
        head = self._record()
        return self._told([
            OrderDone(*head, order, account, instrument.number, 0, "", 0, Ending.CANCELLED, Cause.BY_OWNER, left, 0, 0, 0)
        ])  # fmt: skip

    def trade(
        self, instrument: Instrument, buyer: int, seller: int, price: int, lots: int, fees: tuple[int, int] = (0, 0)
    ) -> Facts:
        """Both orders come, the seller's rests, the buyer's takes it, both are done. `fees` of buyer and seller."""
        head, number = self._record(), instrument.number
        sold, bought = self.orders + 1, self.orders + 2
        self.orders, self.trades = bought, self.trades + 1
        value, base = instrument.value(price, lots), lots * instrument.lot_units
        facts: list[object] = []
        for order, account, side in ((sold, seller, 1), (bought, buyer, 0)):
            facts.append(OrderNew(*head, order, account, number, side, lots, Limit(price), SelfTrade(0), "", 0, False, 0))
        for order, account, side in ((sold, seller, 1), (bought, buyer, 0)):
            fee = fees[side]
            token_after = self._move(account, instrument.base.number, -base if side else base)
            cash_after = self._move(account, instrument.quote.number, (value if side else -value) - fee)
            self._move(0, instrument.quote.number, fee)
            facts += (
                OrderTraded(
                    *head, self.trades, order, account, number, side, "", 0, side == 1, price, lots, value, fee, 0, lots, value,
                    fee, self.entries + 1, token_after, cash_after,
                ),
                OrderDone(*head, order, account, number, side, "", 0, Ending.FILLED, Cause.BY_OWNER, 0, lots, value, fee),
            )  # fmt: skip
            self.entries += 2
        facts.append(Printed(*head, self.trades, number, 0, price, lots, value, False, False))
        return self._told(facts)

    def random_trades(self, seed: int, count: int, accounts: int = 5) -> Iterator[Facts]:
        """Trades among accounts that were given enough, deposits and withdrawals between them."""
        chance = random.Random(seed)
        for account in range(1, accounts + 1):
            for asset in (TSLA, AAPL, USD, EUR):
                yield self.credit(account, asset.number, 10**15, f"first-{account}-{asset.number}")
        for number in range(count):
            self.now_us += chance.randrange(0, 20 * SECOND_US)
            buyer, seller = chance.sample(range(1, accounts + 1), 2)
            if chance.random() < 0.1:
                yield self.moved(buyer, USD.number, -chance.randrange(1, 10**6), What.PAY_OUT, f"out-{number}")
            elif chance.random() < 0.1:
                yield self.silence()
            instrument = chance.choice((TSLA_USD, AAPL_EUR))
            price, lots = chance.randrange(20_000, 21_000), chance.randrange(1, 1_000)
            fee = instrument.value(price, lots) // 1_000
            yield self.trade(instrument, buyer, seller, price, lots, (fee + 1, -fee // 2))
