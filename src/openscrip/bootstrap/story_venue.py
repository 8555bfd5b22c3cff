"""The demonstration's last chapter: the subscribed tokens trade on the venue, through an ordinary trading client.

Deposits from both chains and from a bank, orders through ccxt, a market maker that hedges, a premium that a keeper trades away
by subscribing at the issuer, a withdrawal under two keys, and at the end every balance in the ledger and in the treasuries.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import ApiKey, KeyFile
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.paper import Deposit
from openscrip.assets.paper_child import PaperChild
from openscrip.bootstrap.doors import open_door
from openscrip.bootstrap.investors import Investor, send
from openscrip.bootstrap.places import write_json
from openscrip.bootstrap.running import Running
from openscrip.bootstrap.story_liquidity import keeper, makers_broker, market_maker
from openscrip.bootstrap.venue_money_office import MoneyOffice, money_office
from openscrip.bootstrap.venue_proof import verify_venue
from openscrip.bootstrap.venue_stack import VenueStack, doors_of
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.markets.funding import bank_reference

BEGINS = "2024-08-20T14:00:00Z"
"""The exchange is open: what is hedged is hedged at once."""
ACCOUNTS = {1: "alice", 2: "bob", 3: "carla", 4: "erik", 5: "dora"}
MAKER, BUYER, KEEPER = 3, 4, 5
TOKENS = ((1, "evm", "40"), (2, "solana", "20"), (3, "evm", "20"), (5, "solana", "10"))
DOLLARS = ((3, "20000"), (4, "20000"))
BOUGHT, WITHDRAWN = 12, "5"
PREMIUM, BID, KEPT = Decimal("1.03"), 15, "4"
"""Erik bids so much above the offers for so many; that is more than is offered, and the keeper may sell the last of these."""
PAIR, TOKEN = "TSLAX/USD", "TSLAX"
"""As ccxt spells them."""
WAIT_S, POLL_S = 60.0, 0.1
STAGE_S, DAY_S = 60, 86_400


@dataclass(slots=True)
class VenueStory:
    """What happens there, and what it tells."""

    run: Running
    investors: dict[str, Investor]
    say: Callable[[str], None]
    told: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """Everything, in order."""
        platform = self.run.platform
        self.run.advance_to(instant(BEGINS))
        with ExitStack() as stack:
            api, _office = stack.enter_context(open_door(self.run))
            ours = {"api": api, "evm_rpc": platform.wiring.evm_rpc}
            write_json(platform.places.doors, doors_json(ours))
            stack.callback(platform.places.doors.unlink, missing_ok=True)
            venue = VenueStack(self.run)
            stack.callback(venue.stop)
            venue.start()
            write_json(platform.places.doors, doors_json(ours | doors_of(venue)))
            office = stack.enter_context(money_office(platform.settings))
            clients = self._open(venue, office)
            self._fund(venue, clients)
            broker = stack.enter_context(makers_broker(self.run))
            with market_maker(venue, platform.settings.data, self._program_key(MAKER), broker):
                self._trade(clients)
                self._keep(venue, clients)
                self._hedged(clients[MAKER], broker)
                self._withdraw(office, clients[BUYER])
            self._agree(venue, office)
            self._prove(venue)

    def _open(self, venue: VenueStack, office: MoneyOffice) -> dict[int, "Client"]:
        keys = KeyFile(self.run.platform.places.data / "venue" / "keys.json")
        clients = {}
        with httpx.Client(base_url=venue.venue.doors["operator"], timeout=WAIT_S, trust_env=False) as operator:
            for account, name in ACCOUNTS.items():
                operator.post("/v1/venue/accounts", json={"account": account, "name": name}).raise_for_status()
                for chain in ("evm", "solana"):
                    office.register_wallet(account, chain, self.investors[name].address(chain), "attested by the issuer")
                office.register_wallet(account, "bank", f"{name}-bank", "statement")
                tier = TIERS["maker" if account == MAKER else "pro"]
                clients[account] = Client(venue.venue.doors["rest"], keys.create(account, name, tier=tier))
        office.list_address(BUYER, "evm", self.investors[ACCOUNTS[BUYER]].address("evm"), "my wallet")
        self.say(f"{self._day()}  the venue is open: journal, order book and doors that speak Kraken's protocols")
        return clients

    def _program_key(self, account: int) -> ApiKey:
        """A key for a program of an account: each counts nonces of its own."""
        keys = KeyFile(self.run.platform.places.data / "venue" / "keys.json")
        return keys.create(account, f"{ACCOUNTS[account]}-program", tier=TIERS["maker" if account == MAKER else "pro"])

    def _fund(self, venue: VenueStack, clients: dict[int, "Client"]) -> None:
        platform = self.run.platform
        for account, chain, raw in TOKENS:
            treasury = venue.treasury(chain)
            send(platform, self.investors[ACCOUNTS[account]], chain, "TSLA", treasury, RawAmount.parse(raw))
        bank = PaperBankClient(venue.banks["USD"].url)
        for account, amount in DOLLARS:
            paid = Deposit(f"venue-{account}", bank_reference(account), Money.parse(amount), f"{ACCOUNTS[account]}-bank")
            bank.deposit(paid)
        bank.close()
        self._wait_for_the_opening(venue)
        for account, _chain, raw in TOKENS:
            clients[account].wait_for(TOKEN, raw)
        for account, amount in DOLLARS:
            clients[account].wait_for("USD", amount)
        self.say(f"{self._day()}  deposits credited: 60 TSLAx from EVM, 30 from Solana, 40000 USD from the bank")

    def _wait_for_the_opening(self, venue: VenueStack) -> None:
        """Orders gather, an auction is called, the market opens: each a minute of market time after the other."""
        ends = time.monotonic() + WAIT_S
        before = ""
        with httpx.Client(base_url=venue.venue.doors["operator"], timeout=WAIT_S, trust_env=False) as operator:
            while True:
                state = operator.get("/v1/venue").json()["markets"]["TSLAx/USD"]["state"]
                if state == "open":
                    return
                if state != before:
                    self.run.advance_to(self.run.platform.clock.now() + STAGE_S)
                    before = state
                if time.monotonic() > ends:
                    raise Unavailable(f"demo: the market was {state} and did not open within {WAIT_S} s")
                time.sleep(POLL_S)

    def _trade(self, clients: dict[int, "Client"]) -> None:
        buyer, seller, other = clients[BUYER], clients[1], clients[2]
        book = buyer.wait_for_book()
        ask = book["asks"][0][0]
        seller.exchange.create_order(PAIR, "limit", "sell", 10, ask)
        other.exchange.create_order(PAIR, "limit", "sell", 4, ask)
        bought = buyer.exchange.create_order(PAIR, "limit", "buy", BOUGHT, ask)
        filled = buyer.exchange.fetch_order(bought["id"])
        if filled["status"] != "closed" or filled["filled"] != BOUGHT:
            raise RuntimeError(f"demo: the order was not filled: {filled}")
        trades = buyer.exchange.fetch_my_trades(PAIR)
        self.told["trades"] = len(trades)
        self.told["price"] = str(ask)
        self.say(f"{self._day()}  erik buys {BOUGHT} TSLAx at {ask} USD through ccxt, from carla's market maker and alice")

    def _keep(self, venue: VenueStack, clients: dict[int, "Client"]) -> None:
        """Erik bids above everything that is offered; the keeper sells to him and subscribes to as much at the issuer."""
        platform, buyer = self.run.platform, clients[BUYER]
        client = ACCOUNTS[KEEPER]
        wallet = self.investors[client].address("evm")
        token = platform.stock("TSLA").token("evm")
        offer = Decimal(str(buyer.wait_for_book()["asks"][0][0]))
        bid = (offer * PREMIUM).quantize(Decimal("0.01"))
        order = buyer.exchange.create_order(PAIR, "limit", "buy", BID, str(bid))
        with keeper(venue, platform.settings.data, self._program_key(KEEPER), client, wallet, KEPT):
            ends = time.monotonic() + WAIT_S
            while platform.evm.balance(token, wallet) < RawAmount.parse(KEPT):
                if time.monotonic() > ends:
                    raise Unavailable(f"demo: the keeper did not trade the premium away within {WAIT_S} s")
                time.sleep(POLL_S)
        if buyer.exchange.fetch_order(order["id"])["status"] == "open":
            buyer.exchange.cancel_order(order["id"])
        paid = Decimal(str(clients[KEEPER].exchange.fetch_my_trades(PAIR)[0]["price"]))
        with platform.store.view() as view:
            (issued,) = [row for row in view.rows(Subscription) if row.person == client and row.stock == "TSLA"]
        self.told["kept"] = {"tokens": KEPT, "sold_at": str(paid), "offer": str(offer), "subscription": issued.id}
        self.say(
            f"{self._day()}  erik bids {bid} USD; {client}'s keeper sells him {KEPT} TSLAx there and subscribes to {KEPT} "
            f"from inventory for {issued.deposit} USD: the premium is gone"
        )

    def _hedged(self, maker: "Client", broker: PaperChild) -> None:
        """What the market maker sold here is bought at her broker, share for share."""
        (deposited,) = [Decimal(raw) for account, _, raw in TOKENS if account == MAKER]
        ends = time.monotonic() + WAIT_S
        with closing(PaperBrokerClient(broker.url)) as office:
            while True:
                sold = deposited - maker.total(TOKEN)
                position = office.positions().get("TSLA")
                bought = Shares(0) if position is None else position.pending_in
                if sold and bought == Shares.parse(str(sold.normalize())):
                    break
                if time.monotonic() > ends:
                    raise Unavailable(f"demo: {sold} TSLAx were sold and {bought} TSLA bought against them after {WAIT_S} s")
                time.sleep(POLL_S)
        self.told["hedged"] = {"sold": str(sold.normalize()), "bought": str(bought)}
        self.say(f"{self._day()}  carla's market maker sold {bought} TSLAx and bought {bought} TSLA at her broker, over FIX")

    def _withdraw(self, office: MoneyOffice, buyer: "Client") -> None:
        """A day later his new address may be used; the tokens leave under two keys."""
        platform = self.run.platform
        self.run.advance_to(platform.clock.now() + DAY_S)
        wallet = self.investors[ACCOUNTS[BUYER]].address("evm")
        token = platform.stock("TSLA").token("evm")
        before, held = platform.evm.balance(token, wallet), buyer.total(TOKEN)
        office.withdraw(BUYER, "first", "TSLAx", "evm", wallet, WITHDRAWN)
        wanted = before.atoms + RawAmount.parse(WITHDRAWN).atoms
        ends = time.monotonic() + WAIT_S
        while platform.evm.balance(token, wallet).atoms != wanted:
            if time.monotonic() > ends:
                raise Unavailable(f"demo: the withdrawal did not arrive within {WAIT_S} s")
            time.sleep(POLL_S)
        buyer.wait_for(TOKEN, str(held - Decimal(WITHDRAWN)))
        self.say(f"{self._day()}  erik withdraws {WITHDRAWN} TSLAx to his wallet on EVM, signed by both keys")

    def _agree(self, venue: VenueStack, office: MoneyOffice) -> None:
        """Ledger and treasuries are equal to the last unit."""
        ends = time.monotonic() + WAIT_S
        while True:
            standing = office.standing()
            open_transit = sum(standing["in_transit"].values())
            if not open_transit and not standing["deposits"] and not standing["withdrawals"]:
                break
            if time.monotonic() > ends:
                raise Unavailable(f"demo: the venue's money did not come to rest within {WAIT_S} s: {standing}")
            time.sleep(POLL_S)
        platform = self.run.platform
        for chain in ("evm", "solana"):
            held = platform.chains[chain].balance(platform.stock("TSLA").token(chain), venue.treasury(chain))
            booked = next(each["booked"] for each in standing["holdings"] if (each["asset"], each["place"]) == ("TSLAx", chain))
            if RawAmount.parse(booked) != held:
                raise RuntimeError(f"demo: the venue's books say {booked} TSLAx on {chain}, the chain says {held}")
        self.told |= {"holdings": standing["holdings"], "owed": standing["owed"]}
        self.say(f"{self._day()}  fills settled on the ledger; the venue's books and its treasuries on both chains agree")

    def _prove(self, venue: VenueStack) -> None:
        """The watch checks from outside that what the venue owes is held, and that alice's balance is counted."""
        folder = self.run.platform.places.data / "venue"
        with httpx.Client(base_url=venue.venue.doors["operator"], timeout=WAIT_S, trust_env=False) as operator:
            published = operator.post("/v1/venue/proofs").raise_for_status().json()
            proof = operator.get("/v1/venue/proofs/1/USD").raise_for_status().json()
        write_json(folder / "proof-alice.json", proof)
        checks = verify_venue(published["path"], nodes=folder / "nodes.json", proof=folder / "proof-alice.json")
        broken = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        if broken:
            raise RuntimeError(f"demo: the venue's proof does not hold: {'; '.join(broken)}")
        self.told["proof"] = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
        self.say(f"{self._day()}  the venue's liabilities are published, and checked from outside against chains and bank")

    def _day(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self.run.platform.clock.now()))


class Client:
    """One account through ccxt, unmodified but for the addresses."""

    def __init__(self, rest: str, key: ApiKey) -> None:
        import ccxt  # noqa: PLC0415  # half a second, for this chapter alone

        self.keys = key
        self.exchange: Any = ccxt.kraken({"apiKey": key.key, "secret": key.secret_text, "urls": {"api": _addresses(rest)}})

    def total(self, asset: str) -> Decimal:
        """What the account has of an asset."""
        return Decimal(str(self.exchange.fetch_balance()["total"].get(asset, 0)))

    def wait_for(self, asset: str, total: str) -> None:
        """Return when the account has that much of it. Raises `Unavailable`."""
        ends = time.monotonic() + WAIT_S
        while self.total(asset) != Decimal(total):
            if time.monotonic() > ends:
                raise Unavailable(f"demo: {self.keys.name} did not have {total} {asset} within {WAIT_S} s")
            time.sleep(POLL_S)

    def wait_for_book(self) -> Any:
        """The book once somebody makes a market."""
        ends = time.monotonic() + WAIT_S
        while True:
            book = self.exchange.fetch_order_book(PAIR)
            if book["asks"] and book["bids"]:
                return book
            if time.monotonic() > ends:
                raise Unavailable(f"demo: nobody made a market within {WAIT_S} s")
            time.sleep(POLL_S)


def doors_json(doors: dict[str, Any]) -> dict[str, Any]:
    """What other processes find of this one."""
    return {"doors": doors, "market": {"clock": "accelerated", "pace": 0}, "pid": os.getpid()}


def _addresses(rest: str) -> dict[str, str]:
    return {"public": rest, "private": rest}
