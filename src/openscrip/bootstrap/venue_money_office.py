"""What an operator does with the venue's money, from any process: the rows are decided here, the venue's worker performs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from openscrip.assets.compliance.sanctions import demonstration_lists
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.venue_approver_client import VenueApproverClient
from openscrip.bootstrap.venue_approver_server import serve_approver
from openscrip.bootstrap.venue_money import open_money_store
from openscrip.bootstrap.venue_wiring import VenueWiring
from openscrip.issuance.compliance import address_screening
from openscrip.kernel.clock import instant
from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Refused
from openscrip.markets.funding import FundingTerms, Nature, PayAddress, bank_reference, wallet_id
from openscrip.markets.funding_check import HoldingBreak, in_transit, owed
from openscrip.markets.funding_deposits import Settled, VenueDeposit
from openscrip.markets.funding_desk import FundingDesk, build_funding_books, waiting_for_a_word
from openscrip.markets.funding_withdrawals import Reviewed, VenueWithdrawal
from openscrip.markets.settlement import SETTLEMENT_REGISTERED
from openscrip.runtime.keys import passphrase_from
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore

TOKEN_DECIMALS, CASH_DECIMALS = 8, 6
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MoneyOffice:
    """The desk of a data folder's venue. `approver` is told of addresses."""

    desk: FundingDesk
    store: SqlStore
    approver: VenueApproverClient

    def standing(self) -> Json:
        """Holdings as the ledger has them, what they are owed for, what is under way, and what waits for a word."""
        terms = self.desk.terms
        with self.store.view() as view:
            holdings = []
            for holding in terms.holdings.values():
                there = view.balance(holding.ledger)
                booked, leaving = there.debit, there.credits_pending
                holdings.append({
                    "asset": holding.asset, "place": holding.place, "booked": self.written(holding.asset, booked),
                    "leaving": self.written(holding.asset, leaving),
                })  # fmt: skip
            assets = sorted({each.asset for each in terms.holdings.values()})
            sums = {asset: {name: self.written(asset, units) for name, units in owed(view, asset).items()} for asset in assets}
            transit = {asset: len(in_transit(view, asset)) for asset in assets}
            waiting = waiting_for_a_word(view)
            breaks = [
                {
                    "holding": row.id, "held": self.written(row.id.partition(":")[0], row.held),
                    "booked": self.written(row.id.partition(":")[0], row.booked), "since": row.since,
                }
                for row in view.rows(HoldingBreak, state="open")
            ]  # fmt: skip
        parked = [
            {"command": command.key, "error": (error or "").strip().rpartition("\n")[2]}
            for command, status, _attempts, error in self.store.waiting()
            if status == "parked"
        ]
        return {
            "holdings": holdings,
            "owed": sums,
            "in_transit": transit,
            "breaks": breaks,
            "parked": parked,
            "deposits": [self.deposit(row) for row in waiting["deposits"]],
            "withdrawals": [self.withdrawal(row) for row in waiting["withdrawals"]],
        }

    def settle(self, decision: str, deposit: str, by: str, why: str, account: int = 0) -> Json:
        """`assign`, `return` or `keep` a deposit that waits. Raises `Refused`."""
        return self.deposit(self.desk.settle(deposit, Settled(decision, by, why, account)))

    def review(self, withdrawal: str, by: str, why: str, *, pay: bool) -> Json:
        """Pay a withdrawal under review, or not. Raises `Refused`."""
        return self.withdrawal(self.desk.review(withdrawal, Reviewed(pay, by, why)))

    def unpark(self, command: str) -> Json:
        """Let what a bug had parked be tried again, once the bug is mended."""
        self.store.unpark(command)
        return {"command": command, "state": "due"}

    def register_wallet(self, account: int, place: str, address: str, proof: str) -> Json:
        """Say whose a wallet, or a sender at the bank, is; with what to write on a payment."""
        row = self.desk.register_wallet(account, place, address, proof)
        return {"account": row.account, "wallet": row.id, "reference": bank_reference(account)}

    def list_address(self, account: int, place: str, address: str, label: str) -> Json:
        """Allow an address for withdrawals after its delay, here and at the second key's holder."""
        row: PayAddress = self.desk.list_address(account, place, address, label)
        self.approver.know(place, address)
        return {"account": account, "place": place, "address": row.address, "usable_at": row.usable_at}

    def strike_address(self, account: int, place: str, address: str) -> Json:
        """Take an address off the list at once; where no other customer has it, the second key's holder forgets it too."""
        self.desk.strike_address(account, place, address)
        with self.store.view() as view:
            name = wallet_id(place, address)
            others = [row for row in view.rows(PayAddress, state="listed") if wallet_id(row.place, row.address) == name]
        if not others:
            self.approver.forget(place, address)
        return {"account": account, "place": place, "address": address, "state": "struck"}

    def withdraw(self, account: int, request: str, asset: str, place: str, to: str, amount: str) -> Json:
        """Ask for a withdrawal, once for `request`; `amount` as people write it."""
        units = parse_decimal(amount, self.decimals(asset), "amount")
        return self.withdrawal(self.desk.withdraw(account, request, asset, place, to, units))

    def decimals(self, asset: str) -> int:
        """How many a token, a coin or a currency has at the venue. Raises `Refused("funding.unknown")`."""
        found = next((each for each in self.desk.terms.holdings.values() if each.asset == asset), None)
        if found is None:
            raise Refused("funding.unknown", f"funding: {asset!a:.20} was not accepted; see what is held")
        return TOKEN_DECIMALS if found.nature is Nature.TOKEN else CASH_DECIMALS

    def written(self, asset: str, units: int) -> str:
        """Units as a decimal."""
        return format_decimal(units, self.decimals(asset))

    def deposit(self, row: VenueDeposit) -> Json:
        """For people and programs."""
        return {
            "id": row.id, "state": row.state, "account": row.account, "asset": row.asset, "place": row.place,
            "amount": self.written(row.asset, row.amount), "sender": row.sender, "tx_id": row.tx_id, "rule": row.rule,
            "reason": row.reason, "by": row.by,
        }  # fmt: skip

    def withdrawal(self, row: VenueWithdrawal) -> Json:
        """For people and programs."""
        return {
            "id": row.id, "request": row.request, "state": row.state, "account": row.account, "asset": row.asset,
            "place": row.place, "amount": self.written(row.asset, row.amount), "to": row.to, "paid_by": row.paid_by,
            "rule": row.rule, "reason": row.reason, "by": row.by,
        }  # fmt: skip


@contextmanager
def money_office(settings: Settings) -> Iterator[MoneyOffice]:
    """The office of a data folder. Raises `Refused("venue.missing")` where no venue's money was founded."""
    folder, places = settings.data / "venue", Places(settings.data)
    wiring = VenueWiring.read(folder)
    if wiring is None:
        raise Refused("venue.missing", f"venue: no money was founded in {folder}; start `openscrip up` there first")
    mode = "accelerated" if places.clock.exists() else "live"
    clock = clock_of(mode, places.clock, instant(settings.market.start))
    holdings: Mapping[str, Any] = {each.id: each for each in wiring.holdings()}
    terms = FundingTerms(holdings, settings.venue.address_delay_s)
    with ExitStack() as stack:
        store = open_money_store(folder, clock.now, SETTLEMENT_REGISTERED)
        stack.callback(store.close)
        approver = VenueApproverClient(wiring.approver)
        stack.callback(approver.close)
        screen = address_screening(demonstration_lists())
        desk = FundingDesk(store, build_funding_books(terms, clock.now), terms, screen, clock.now)
        yield MoneyOffice(desk, store, approver)


def run_approver(settings: Settings, port: int, *, die_with_parent: bool) -> None:
    """Serve the venue's second key from its own folder until SIGTERM or SIGINT."""
    serve_approver(settings.data / "venue-approver", port, passphrase_from(os.environ), die_with_parent=die_with_parent)
