"""Accounts and money at the venue: opened, credited, reserved for withdrawals, paid out; tiers; the kill switch."""

from dataclasses import dataclass

import msgspec

from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.markets.accounts import AMOUNT_MAX, HOUSE, Account
from openscrip.markets.commands import (
    Answer,
    CancelAfter,
    Cause,
    Credit,
    GiveBack,
    Nonce,
    Open,
    PayOut,
    Reserve,
    SetFees,
    Stop,
    Tier,
)
from openscrip.markets.facts import FeesSet, Moved, Opened, Stopped, What
from openscrip.markets.fees import Schedule, Tiers, refuse_unpaid_rebates
from openscrip.markets.instruments import NUMBER_MAX
from openscrip.markets.ordering import Ordering
from openscrip.markets.records import Kind

REFERENCE_MAX = 200
NONCE_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Reserved:
    """Held for a withdrawal."""

    account: int
    asset: int
    amount: int


class Cashier(Ordering):
    """The part of the venue that keeps what customers brought."""

    def __init__(self) -> None:
        super().__init__()
        self.reserved: dict[str, Reserved] = {}
        self.references: dict[str, Kind] = {}
        """How each reference was used last; one serves once."""
        self.totals: dict[int, int] = {}
        """By asset: credited less paid out. All balances together are this, always."""
        self.nonces: dict[int, int] = {}
        self.names: dict[str, int] = {}
        self.dead_men: dict[int, int] = {}

    def _open(self, command: Open) -> Answer:
        if not 0 < command.account <= NUMBER_MAX or not 0 < len(command.name) <= REFERENCE_MAX:
            raise Malformed("account.malformed", "account: a number above 0 and a name were wanted")
        if command.account in self.accounts or command.name in self.names:
            raise Conflict("account.known", f"account: number {command.account} or its name was open already")
        self._write(Kind.OPEN, account=command.account, text=command.name)
        self._do_open(command.account, command.name)
        return Answer()

    def _do_open(self, number: int, name: str) -> None:
        account = self.accounts[number] = Account(number, name)
        self.names[name] = number
        self.touched.add(account)
        if self.is_telling:
            self.facts.append(Opened(self.sequence, self.time_us, number, name))

    # money in and out

    def _credit(self, command: Credit) -> Answer:
        account = self._account(command.account)
        self._refuse_amount(command.asset, command.amount)
        self._refuse_reference(command.reference, "credit.known")
        if self.totals.get(command.asset, 0) + command.amount > AMOUNT_MAX:
            raise Malformed("credit.amount", "credit: there would be more of the asset than can be counted")
        self._write(Kind.CREDIT, command.asset, account=command.account, extra=command.amount, text=command.reference)
        self._do_credit(account, command.asset, command.amount, command.reference)
        return Answer()

    def _do_credit(self, account: Account, asset: int, amount: int, reference: str) -> None:
        self.references[reference] = Kind.CREDIT
        self.totals[asset] = self.totals.get(asset, 0) + amount
        balance = account.add(asset, amount)
        self._moved(account, asset, amount, balance, What.CREDIT, reference)

    def _reserve(self, command: Reserve) -> Answer:
        account = self._account(command.account)
        self._refuse_amount(command.asset, command.amount)
        self._refuse_reference(command.reference, "withdrawal.known")
        free = account.free(command.asset)
        if command.amount > free:
            raise Refused("withdrawal.funds", f"withdrawal: {command.amount} units were wanted, {free} were free")
        self._write(Kind.RESERVE, command.asset, account=command.account, extra=command.amount, text=command.reference)
        self._do_reserve(account, command.asset, command.amount, command.reference)
        return Answer()

    def _do_reserve(self, account: Account, asset: int, amount: int, reference: str) -> None:
        self.references[reference] = Kind.RESERVE
        self.reserved[reference] = Reserved(account.number, asset, amount)
        account.hold(asset, amount)
        self._moved(account, asset, amount, account.balances[asset], What.RESERVE, reference)

    def _pay_out(self, command: PayOut) -> Answer:
        self._refuse_unreserved(command.reference)
        self._write(Kind.PAY_OUT, text=command.reference)
        self._do_pay_out(command.reference)
        return Answer()

    def _do_pay_out(self, reference: str) -> None:
        held = self.reserved.pop(reference)
        account = self.accounts[held.account]
        self.references[reference] = Kind.PAY_OUT
        self.totals[held.asset] -= held.amount
        account.hold(held.asset, -held.amount)
        balance = account.add(held.asset, -held.amount)
        self._moved(account, held.asset, -held.amount, balance, What.PAY_OUT, reference)

    def _give_back(self, command: GiveBack) -> Answer:
        self._refuse_unreserved(command.reference)
        self._write(Kind.GIVE_BACK, text=command.reference)
        self._do_give_back(command.reference)
        return Answer()

    def _do_give_back(self, reference: str) -> None:
        held = self.reserved.pop(reference)
        account = self.accounts[held.account]
        self.references[reference] = Kind.GIVE_BACK
        account.hold(held.asset, -held.amount)
        self._moved(account, held.asset, held.amount, account.balances[held.asset], What.GIVE_BACK, reference)

    def _moved(self, account: Account, asset: int, amount: int, balance: int, what: What, reference: str) -> None:
        self.touched.add(account)
        entry = 0
        if what not in (What.RESERVE, What.GIVE_BACK):
            entry = self.entries = self.entries + 1
        if self.is_telling:
            told = Moved(self.sequence, self.time_us, entry, account.number, asset, amount, balance, what, reference)
            self.facts.append(told)

    def _refuse_amount(self, asset: int, amount: int) -> None:
        if asset not in self.instruments.assets:
            raise Malformed("asset.unknown", f"money: asset {asset} was not admitted")
        if not 0 < amount <= AMOUNT_MAX:
            raise Malformed("money.amount", f"money: {amount} was no amount")

    def _refuse_reference(self, reference: str, code: str) -> None:
        if not 0 < len(reference.encode()) <= REFERENCE_MAX:
            raise Malformed("money.reference", f"money: a reference of 1 to {REFERENCE_MAX} bytes was wanted")
        if reference in self.references:
            raise Conflict(code, f"money: reference {reference!r:.60} was used before; it serves once")

    def _refuse_unreserved(self, reference: str) -> None:
        if reference in self.reserved:
            return
        ended = {Kind.PAY_OUT: "paid", Kind.GIVE_BACK: "given_back"}.get(self.references.get(reference, Kind.CREDIT))
        if ended is not None:
            raise Conflict(f"withdrawal.{ended}", f"withdrawal: {reference!r:.60} had ended before: {ended.replace('_', ' ')}")
        raise Refused("withdrawal.unknown", f"withdrawal: nothing was held under {reference!r:.60}")

    # fees

    def _set_fees(self, command: SetFees) -> Answer:
        schedules = {**self.schedules, command.number: Schedule(command.tiers)}
        refuse_unpaid_rebates(schedules)
        if not 0 <= command.number <= NUMBER_MAX:
            raise Malformed("fees.malformed", f"fees: {command.number} was no number of a schedule")
        self._write(Kind.SET_FEES, account=command.number, text=msgspec.json.encode(command.tiers).decode())
        self._do_set_fees(command.number, command.tiers)
        return Answer()

    def _do_set_fees(self, number: int, tiers: Tiers) -> None:
        self.schedules[number] = Schedule(tiers)
        for account in self.accounts.values():
            account.rates.clear()
        if self.is_telling:
            self.facts.append(FeesSet(self.sequence, self.time_us, number, tiers))

    def _tier(self, command: Tier) -> Answer:
        account = self._account(command.account)
        if command.schedule >= 0 and command.schedule not in self.schedules:
            raise Malformed("fees.unknown", f"fees: schedule {command.schedule} was not set")
        self._write(Kind.TIER, account=command.account, extra=command.schedule)
        self._do_tier(account, command.schedule)
        return Answer()

    def _do_tier(self, account: Account, schedule: int) -> None:
        account.schedule = max(-1, schedule)
        account.rates.clear()
        self.touched.add(account)

    # switches

    def _stop(self, command: Stop) -> Answer:
        """The kill switch; orders go first, so that none trades once it is on."""
        account = self._account(command.account)
        count = 0
        if command.on:
            found = account.orders if command.account != HOUSE else self.orders
            count = self._take_all(found.values(), command.cause)
        self._write(Kind.STOP, account=command.account, extra=int(command.on) + 2 * command.cause)
        self._do_stop(account, command.on, command.cause)
        return Answer(0, count)

    def _do_stop(self, account: Account, on: bool, cause: Cause) -> None:
        if account.number == HOUSE:
            self.is_stopped = on
        else:
            account.stopped = on
        self.touched.add(account)
        if self.is_telling:
            self.facts.append(Stopped(self.sequence, self.time_us, account.number, on, cause))

    def _cancel_after(self, command: CancelAfter) -> Answer:
        account = self._account(command.account)
        if command.until_us < 0:
            raise Malformed("arguments.timeout", "cancel after: a time below 0 was asked for")
        self._write(Kind.CANCEL_AFTER, account=command.account, extra=command.until_us)
        self._do_cancel_after(account, command.until_us)
        return Answer()

    def _do_cancel_after(self, account: Account, until_us: int) -> None:
        account.dead_man_us = until_us
        self.dead_men.pop(account.number, None)
        if until_us:
            self.dead_men[account.number] = until_us
        self.touched.add(account)

    def _nonce(self, command: Nonce) -> Answer:
        if not 0 <= command.key <= NUMBER_MAX or not 0 <= command.nonce <= NONCE_MAX:
            raise Malformed("api.nonce", "nonce: it was outside 64 bits")
        self._write(Kind.NONCE, account=command.key, extra=command.nonce - 2**64 if command.nonce >= 2**63 else command.nonce)
        self.nonces[command.key] = command.nonce
        return Answer()
