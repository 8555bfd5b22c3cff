"""The thin edge to coins: deposits told to who waits for them, payouts carried out by the treasury of their chain."""

import logging
from collections.abc import Callable, Mapping

from openscrip.assets import accounts
from openscrip.assets.bank import ConversionSide
from openscrip.issuance import conversion, deposits
from openscrip.issuance.chain import Call
from openscrip.issuance.coins import CoinsReceived, CoinsSeen, PayCoins, Payout, Stablecoin, Treasury
from openscrip.issuance.conversion import Conversion, ConvertedOn, coming
from openscrip.issuance.deposits import CoinDeposit, ScreenAddress, WalletOwner
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Store, Unit

log = logging.getLogger(__name__)


class CoinDesk:
    """Deposits in, payouts out. `screen` and `owner` are compliance's words on a sender."""

    def __init__(
        self, store: Store, books: Books, treasuries: Mapping[str, Treasury], screen: ScreenAddress, owner: WalletOwner,
        now: Callable[[], int], day_max: Money = Money(5_000_000 * 10**6),
    ) -> None:  # fmt: skip
        self._store = store
        self._books = books
        self._treasuries = treasuries
        self._screen = screen
        self._owner = owner
        self._now = now
        self._day_max = day_max

    def seen(self, unit: Unit, seen: CoinsSeen) -> None:
        """Tell one final deposit, once."""
        if unit.row(CoinDeposit, seen.id) is not None:
            return
        here = [each for each in unit.rows(Stablecoin) if each.chain == seen.chain]
        coin = next((each for each in here if each.token.lower() == seen.token.lower()), None)
        if coin is None:
            log.error("deposits: %s came with a coin that is not registered", seen.id)
            return
        if seen.sender.lower() == coin.bank.lower() and (waiting := coming(unit, coin, seen.amount)) is not None:
            self._books.tell(unit, Conversion, waiting.id, CoinsReceived(seen.id, seen.amount))
            return
        row = deposits.received(
            seen, coin, self._owner(unit, seen.chain, seen.sender), deposits.expected_from(unit, coin, seen.sender),
            self._now(), self._refusal(seen),
        )  # fmt: skip
        self._books.record(unit, deposits.book(row))
        if row.state == "credited":
            self._books.tell(unit, Subscription, row.request, CoinsReceived(row.id, row.amount))

    def convert(
        self, conversion_id: str, side: ConversionSide, asset: str, chain: str, amount: Money, by: str, why: str
    ) -> Conversion:
        """Start a conversion, once for its id.

        Raises `Conflict("request.conflict")`, `Malformed("funding.unknown")`, `Refused("conversion.limit")` and
        `Refused("conversion.short")`.
        """
        now = self._now()
        with self._store.transaction() as unit:
            known = unit.row(Conversion, conversion_id)
            if known is not None:
                same = (known.side, known.asset, known.chain, known.amount) == (side, asset, chain, amount)
                if not same:
                    raise Conflict("request.conflict", f"conversion: {conversion_id} was used for another conversion")
                return known
            coin = unit.row(Stablecoin, f"{asset}:{chain}")
            if coin is None:
                raise Malformed("funding.unknown", f"funding: {asset!a:.20} on {chain!a:.20} was not accepted here")
            to_dollars = side is ConversionSide.TO_DOLLARS
            there = unit.balance(accounts.stable(asset, chain) if to_dollars else accounts.BANK)
            day = new_york_date(now).isoformat()
            row = Conversion(conversion_id, side, asset, chain, amount, by, why, now, day)
            free = Money(there.debit - there.credits_pending)
            self._books.record(unit, conversion.ask(row, coin, unit.row(ConvertedOn, day), self._day_max, free))
            return unit.row(Conversion, conversion_id) or row

    def prepare(self, action: PayCoins) -> tuple[Call, ...]:
        """The calls of a payout. Raises `Refused("funding.unknown")`, or what treasury and approver refuse."""
        with self._store.view() as view:
            coin = view.row(Stablecoin, f"{action.asset}:{action.chain}")
        if coin is None or action.chain not in self._treasuries:
            raise Refused("funding.unknown", f"treasury: {action.asset} on {action.chain} was not accepted here")
        payout = Payout(action.payment_id, action.chain, action.asset, coin.token, action.to, action.amount, action.reference)
        return self._treasuries[action.chain].prepare_payout(payout)

    def _refusal(self, seen: CoinsSeen) -> Refused | None:
        try:
            self._screen(seen.chain, seen.sender)
        except Refused as refusal:
            return refusal
        return None
