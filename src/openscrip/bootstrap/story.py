"""`openscrip demo`: the whole project in small, on real parts, from 3 June to 19 August 2024 at the real closes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.capital import buy_inventory
from openscrip.bootstrap.investors import Investor, cross, enter, onboard, pay, put_into_escrow, send
from openscrip.bootstrap.lanes import open_lanes, propose_lanes
from openscrip.bootstrap.report_files import write_report
from openscrip.bootstrap.report_parties import sign_as_parties
from openscrip.bootstrap.reporting import Coverage, coverage_of
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.story_venue import VenueStory
from openscrip.bootstrap.verification import verify
from openscrip.issuance.action_queue import Answer, QueueItem, answer
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.settings import Market, Settings

SYMBOLS = ("TSLA", "NVDA", "AAPL")
WEEK_S = 7 * 86_400
"""How often the story's reserves are proved on chain though nothing moved: eleven weeks pass in it."""
START, END = "2024-06-03T12:00:00Z", "2024-08-19T21:00:00Z"

CLIENTS = (
    Person("alice", "Alice Brandt", PersonKind.NATURAL, "DE", "DE", "DE"),
    Person("bob", "Bob Keller", PersonKind.NATURAL, "CH", "CH", "CH"),
    Person("carla", "Carla Rossi", PersonKind.NATURAL, "IT", "IT", "IT"),
    Person("dora", "Dora Lindqvist", PersonKind.NATURAL, "SE", "SE", "SE"),
    Person("erik", "Erik Holm", PersonKind.NATURAL, "NO", "NO", "NO"),
)
REFUSED_CLIENTS = (
    Person("uma", "Uma Jefferson", PersonKind.NATURAL, "US", "DE", "US"),
    Person("chen", "Chen Wei", PersonKind.NATURAL, "CN", "CN", "CN"),
    Person("igor", "Igor Mirsanov", PersonKind.NATURAL, "CY", "CY", "CY"),
)
LISTED_WALLET = "0xBAd0000000000000000000000000000000000001"
ORDERS = (
    ("order-1", "alice", "TSLA", "evm", "600"),
    ("order-2", "bob", "TSLA", "solana", "400"),
    ("order-3", "carla", "NVDA", "evm", "50"),
    ("order-4", "dora", "AAPL", "solana", "200"),
)


@dataclass(slots=True)
class Story:
    """A run of the demonstration and what it tells."""

    run: Running
    say: Callable[[str], None]
    investors: dict[str, Investor] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    venue: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """Everything, in the order of market time."""
        self._list_and_onboard()
        self._refuse()
        self._subscribe()
        self._advance("2024-06-05T21:00:00Z", "shares bought, settled T+1, moved into segregated custody, tokens minted")
        self._transfer()
        self._cross()
        self._serve_at_once()
        self._approve("NVDA.SPLF.2024-06-10")
        self._advance("2024-06-07T19:00:00Z", "the last close before the NVDA split is an hour away")
        self._advance("2024-06-10T14:00:00Z", "NVDA split 10:1: books, custody and both chains agree again")
        self._advance("2024-06-18T13:00:00Z", "NVDA dividend reinvested through the multiplier")
        self._redeem()
        self._advance("2024-06-30T23:30:00Z", "10 TSLAx redeemed in kind, 5 for cash; the NVDA dividend's cash arrived")
        self._advance("2024-07-01T13:00:00Z", "June is over")
        self._report("2024-06")
        self._advance("2024-07-31T23:30:00Z", "a quiet July; the custodian states what it holds")
        self._advance("2024-08-01T13:00:00Z", "July is over")
        self._report("2024-07")
        self._advance("2024-08-19T18:00:00Z", "two hours before the close, 4 TSLA more are ordered for the issuer's inventory")
        buy_inventory(self.run.platform, "august", "TSLA", Shares.whole(4))
        self._advance(END, "AAPL dividend: shares in custody, multiplier raised, cash arrived")
        if self.run.platform.settings.venue.up == "on":
            chapter = VenueStory(self.run, self.investors, self.say)
            chapter.play()
            self.venue = chapter.told

    def _advance(self, until: str, what: str) -> None:
        self.run.advance_to(instant(until))
        self.say(f"{until[:10]}  {what}")
        for symbol in SYMBOLS:
            coverage_of(self.run.platform, symbol).refuse_uncovered()

    def _approve(self, action: str) -> None:
        """A change of more than 1 % takes the long path: two people say so, each in their own name."""
        platform = self.run.platform
        with platform.store.transaction() as unit:
            for item in [each for each in unit.rows(QueueItem, state="open") if each.action == action]:
                for person in ("ines", "otto"):
                    said, now = Answer(), platform.clock.now()
                    answer(unit, platform.books, item.id, said, person, "both sources read", "NVIDIA's 8-K of 22 May 2024", now)
        self.say(f"2024-06-05  {action} approved by two people, as every change of more than 1 % must be")

    def _list_and_onboard(self) -> None:
        for symbol in SYMBOLS:
            stock = self.run.list_stock(symbol)
            buy_inventory(self.run.platform, symbol, symbol, Shares.whole(5))
            self.say(
                f"{START[:10]}  {stock.token_symbol} listed on EVM and Solana; 5 {symbol} ordered for the issuer's inventory"
            )
        propose_lanes(self.run.platform, self.run.platform.stock("TSLA"))
        for person in CLIENTS:
            self.investors[person.id] = onboard(self.run.platform, self.run.stack, person)

    def _refuse(self) -> None:
        """Five who may not, each told which rule."""
        platform = self.run.platform
        for person in REFUSED_CLIENTS:
            refused = onboard(platform, self.run.stack, person)
            self._ask_and_be_refused(person.id, refused.address("evm"), "10")
        shady = replace(CLIENTS[4], id="vera", name="Vera Nowak", nationality="PL", residence="PL", tax_residence="PL")
        enter(platform, shady, {"evm": LISTED_WALLET})
        self._ask_and_be_refused("vera", LISTED_WALLET, "10")
        self._ask_and_be_refused("erik", self.investors["erik"].address("evm"), "9000")

    def _ask_and_be_refused(self, client: str, wallet: str, shares: str) -> None:
        market = self.run.platform.market
        answer = market.subscribe(f"refused-{client}", client, "TSLA", "evm", wallet, Shares.parse(shares))
        if answer.state != "refused":
            raise RuntimeError(f"demo: {client} was not refused")
        self.refused.append({"who": client, "rule": answer.rule})
        self.say(f"{START[:10]}  refused: {client} by {answer.rule}")

    def _subscribe(self) -> None:
        platform = self.run.platform
        for request_id, client, symbol, chain, shares in ORDERS:
            wallet = self.investors[client].address(chain)
            order = platform.market.subscribe(request_id, client, symbol, chain, wallet, Shares.parse(shares))
            pay(platform, order)
            self.say(f"{START[:10]}  {client} subscribes to {shares} {symbol} on {chain} and pays {order.deposit} USD")

    def _transfer(self) -> None:
        platform, people = self.run.platform, self.investors
        send(platform, people["alice"], "evm", "TSLA", people["carla"].address("evm"), RawAmount.parse("25"))
        send(platform, people["bob"], "solana", "TSLA", people["dora"].address("solana"), RawAmount.parse("10"))
        self.say("2024-06-05  alice sends 25 TSLAx on EVM, bob 10 TSLAx on Solana")

    def _cross(self) -> None:
        """From EVM to Solana and back, by lanes that were proposed two days ago."""
        platform, alice = self.run.platform, self.investors["alice"]
        open_lanes(platform, platform.stock("TSLA"))
        for source, destination in (("evm", "solana"), ("solana", "evm")):
            cross(platform, alice, "TSLA", source, destination, RawAmount.parse("4"), f"cross-{source}")
            self.run.settle()
        with platform.store.view() as view:
            arrived = len(view.rows(Crossing, state="arrived"))
        if arrived != 2:
            raise RuntimeError(f"demo: {arrived} of 2 crossings arrived")
        self.say("2024-06-05  alice's 4 TSLAx cross from EVM to Solana and back: burned here, attested, minted there")

    def _serve_at_once(self) -> None:
        platform, wallet = self.run.platform, self.investors["erik"].address("evm")
        order = platform.market.subscribe("order-5", "erik", "TSLA", "evm", wallet, Shares.parse("3"), at_once=True)
        pay(platform, order)
        self.run.settle()
        with platform.store.view() as view:
            served = view.row(Subscription, "order-5")
        minted = served is not None and any(parcel.state == "minted" for parcel in served.parcels)
        if not minted:
            raise RuntimeError(f"demo: the order from inventory was not met at once: {served}")
        self.say("2024-06-05  erik's 3 TSLA are met at once from settled inventory; its replenishment is ordered")

    def _redeem(self) -> None:
        platform = self.run.platform
        asked = (
            ("redeem-1", "alice", "evm", "10", RedemptionKind.IN_KIND, "AP-ACCOUNT-ALICE"),
            ("redeem-2", "bob", "solana", "5", RedemptionKind.CASH, ""),
        )
        for request_id, client, chain, raw, kind, account in asked:
            investor = self.investors[client]
            row = platform.market.redeem(
                request_id, client, "TSLA", chain, investor.address(chain), RawAmount.parse(raw), kind, account
            )
            put_into_escrow(platform, investor, row)
            self.say(f"2024-06-18  {client} redeems {raw} TSLAx on {chain} {kind.name.lower().replace('_', ' ')}")

    def _report(self, month: str) -> None:
        path = write_report(self.run.platform, month)
        sign_as_parties(self.run.platform, path)
        self.reports.append(str(path))
        self.say(f"{iso(self.run.platform.clock.now())[:10]}  reserve report {month}, signed by all parties: {path}")

    def result(self, started: float) -> dict[str, Any]:
        """The last line of `openscrip demo --json`."""
        platform = self.run.platform
        checks = verify(platform.places.watch_config, platform.engine)
        broken = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        with platform.store.view() as view:
            subscriptions = [row for row in view.rows(Subscription) if row.state == "completed"]
            redeemed = [row.kind for row in view.rows(Redemption) if row.state == "completed"]
            actions = [row for row in view.rows(Distribution) if row.stock in SYMBOLS]
        final = [row for row in actions if row.state == "final"]
        kept = 1 if self.venue else 0
        complete = len(subscriptions) == len(ORDERS) + 1 + kept and len(redeemed) == 2 and len(self.refused) == 5
        return {
            "ok": not broken and complete and len(final) >= 3,
            "elapsed_s": format_decimal(int((time.monotonic() - started) * 10), 1),
            "stocks": {platform.stock(s).token_symbol: stock_json(coverage_of(platform, s)) for s in SYMBOLS},
            "refused": self.refused,
            "subscriptions": len(subscriptions),
            "redemptions": {
                "in_kind": redeemed.count(RedemptionKind.IN_KIND),
                "cash": redeemed.count(RedemptionKind.CASH),
            },
            "corporate_actions": [action_json(row) for row in final],
            "reports": self.reports,
            "venue": self.venue,
            "verify": "ok" if not broken else "; ".join(broken),
            "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
        }


def stock_json(coverage: Coverage) -> dict[str, Any]:
    """One stock's standing in decimal strings."""
    return {
        "multiplier": str(coverage.multiplier),
        "epoch": coverage.epoch,
        "raw_supply": {chain: str(raw) for chain, raw in coverage.supply.items()},
        "shares_settled": str(coverage.held),
        "shares_owed": str(coverage.owed),
    }


def action_json(row: Distribution) -> dict[str, Any]:
    """One corporate action and what became of it."""
    notice = row.notices[0]
    ratio = f"{notice.ratio_new}/{notice.ratio_old}" if notice.ratio else None
    return {
        "symbol": row.stock,
        "event": str(notice.event),
        "ex_date": notice.ex_date.isoformat(),
        "ratio": ratio,
        "cash_usd": str(notice.cash_usd) if notice.cash_usd else None,
        "multiplier": str(row.after),
        "state": row.state,
    }


def demonstrate(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Play the story in the data folder of `settings`, telling each step through `say`; the result in plain JSON."""
    started = time.monotonic()
    weekly = replace(settings.reports, heartbeat_s=WEEK_S)
    accelerated = replace(settings, market=Market("accelerated", START), reports=weekly)
    with running(accelerated) as run:
        say(f"{START[:10]}  chains, broker, custodian and watch answer after {time.monotonic() - started:.1f} s")
        story = Story(run, say)
        story.play()
        return story.result(started)
