"""The investor's pages over real books, compliance and a real database, asked in process; chains and bank are played."""

import base64
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from httpx import Response
from solders.keypair import Keypair
from sqlalchemy import select
from tests.databases import url_of
from tests.web.stage import ORIGIN, Stage, StageOffice, Visitor, application, assets, evm_wallet, signature_of, templates

from openscrip.assets.accounts import CHART
from openscrip.assets.actions import CashReceived
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.compliance.identities.paper import PaperIdentity
from openscrip.assets.compliance.identity import Outcome
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.assets.stock import Lot, Stock
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.compliance import build_compliance
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.deposits import owner_of_wallet
from openscrip.issuance.joining import TERMS_VERSION, accept_terms, join
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms, hours_at
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.history import Movement, movements_of, one_moment
from openscrip.runtime.schema import transfer
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.web_settings import WebLine
from openscrip.web.rails import ChainFacts, ToSign, WalletCall
from openscrip.web.shell.current import Shell
from openscrip.web.shell.headers import Front
from openscrip.web.shell.rows import SHELL_ROWS

START = 1_717_423_200
"""Monday 3 June 2024, 10:00 in New York."""
HELD = re.compile(r'name="(csrf|key)" value="([0-9A-Za-z_=-]+)"')
TSLA = Stock(
    "TSLA", "US88160R1014", "SEG", "TSLAx", (("evm", "0x" + "11" * 20), ("solana", str(Keypair.from_seed(bytes(32)).pubkey()))),
    price=PricePerShare(200_000_000), inventory=(Lot("r-1", Shares.whole(5)),), multiplier=Multiplier.parse("1.5"),
)  # fmt: skip
CHAINS = {"evm": ChainFacts("evm", "evm", "EVM chain", 31_337), "solana": ChainFacts("solana", "solana", "Solana", 0)}


class PlayedRails:
    """`Rails` whose balances are set by the test; the ledger is the real one."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.held: dict[tuple[str, str, str], RawAmount] = {}
        self.sent: list[bytes] = []

    def chains(self) -> Mapping[str, ChainFacts]:
        return CHAINS

    def tokens(self, stock: Stock, chain: str, wallet: str) -> RawAmount:
        return self.held.get((stock.id, chain, wallet), RawAmount(0))

    def coins(self, coin: Stablecoin, wallet: str) -> Money:
        return Money(0)

    def deposit(self, row: Subscription, coin: Stablecoin) -> ToSign:
        return ToSign(CHAINS[coin.chain], row.pay_wallet, "pay", (WalletCall(coin.token, "0x", "pay"),))

    def escrow(self, row: Redemption, stock: Stock) -> ToSign:
        return ToSign(CHAINS[row.chain], row.wallet, "hand in", (WalletCall(stock.token(row.chain), "0x", "hand in"),))

    def transfer(self, stock: Stock, chain: str, wallet: str, receiver: str, raw: RawAmount) -> ToSign:
        return ToSign(CHAINS[chain], wallet, "send")

    def booked_at(self, transfers: Collection[str]) -> Mapping[str, int]:
        with one_moment(self._engine) as connection:
            asked = select(transfer.c.id, transfer.c.at).where(transfer.c.id.in_(list(transfers)))
            return {row.id: row.at for row in connection.execute(asked)}

    def movements(self, accounts: Collection[str]) -> Mapping[str, Sequence[Movement]]:
        with one_moment(self._engine) as connection:
            return movements_of(connection, accounts, 2**40)

    def send(self, transaction: bytes) -> str:
        self.sent.append(transaction)
        return "sent"


class PlayedPractice:
    """`Practice` without chains: a bank that pays at once, and the paper identity provider."""

    def __init__(self, office: "InvestorOffice") -> None:
        self._office = office
        self.funded: list[tuple[str, str]] = []

    def addresses(self, name: str) -> Mapping[str, str]:
        return {"evm": evm_wallet(99).address, "solana": str(Keypair.from_seed(bytes([9] * 32)).pubkey())}

    def sign_evm(self, name: str, message: bytes) -> str:
        return signature_of(evm_wallet(99), message.decode())

    def send_evm(self, name: str, number: int, to: str, data: str, value_wei: int) -> str:
        return "0x" + "00" * 32

    def ask_evm(self, number: int, method: str, parameters: list[object]) -> object:
        return None

    def sign_solana(self, name: str, message: bytes) -> bytes:
        return bytes(Keypair.from_seed(bytes([9] * 32)).sign_message(message))

    def sign_solana_transaction(self, name: str, transaction: bytes) -> bytes:
        return transaction

    def fund(self, chain: str, wallet: str, coins: Money) -> None:
        self.funded.append((chain, wallet))

    def pay(self, row: Subscription) -> None:
        office = self._office
        with office.store.transaction() as unit:
            office.books.tell(unit, Subscription, row.id, CashReceived(f"{row.id}:paid", row.deposit))

    def examine(self, subject: str, client: str, outcome: Outcome) -> None:
        told = PaperIdentity(self._office.data / "identity").tell(subject, client, outcome, self._office.now())
        self._office.room.inbox.take("persona", {"persona-signature": told.signature}, told.body)

    def report(self) -> None:
        """Nobody writes one here."""

    def next_due(self) -> int | None:
        return None

    def advance_to(self, at: int) -> None:
        self._office.at = at


class InvestorOffice(StageOffice):
    """What the investor's pages ask for, over real parts."""

    def __init__(self, place: Path) -> None:  # the parts are others than the shell's alone
        self.data = place
        self.at = START
        engine = open_database(url_of(place))
        upgrade(engine)
        self.store = SqlStore(engine, CHART, (*SHELL_ROWS, *REGISTERED), self.now)
        self.contracts = {}
        PaperIdentity(place / "identity").open()
        self.terms, self.calendar = Terms(), new_york_calendar()
        self.books = build_books(self.terms, self.now)
        self.room = build_compliance(Settings(place), self.store, self.now)
        self.market = PrimaryMarket(
            self.store, self.books, self.room.compliance.screen, self.terms, self.now,
            lambda at: hours_at(self.calendar, at), owner_of_wallet,
        )  # fmt: skip
        self.rails = PlayedRails(engine)
        self.practice: Any = PlayedPractice(self)
        self.nudges = 0
        with self.store.transaction() as unit:
            unit.put(TSLA)
            unit.put(Stablecoin("tusd:evm", "tusd", "evm", "0x" + "22" * 20, "0x" + "33" * 20, "0x" + "44" * 20))

    def now(self) -> int:
        return self.at

    def nudge(self) -> None:
        """As the worker would, of what the tests wait for: the identity provider is asked."""
        self.nudges += 1
        self.heard()

    def heard(self) -> None:
        """Act on the webhooks that came."""
        for asked in self.room.inbox.poll("")[0]:
            with self.store.transaction() as unit:
                self.room.inbox.apply(unit, asked)

    def client(self, person: str, account: LocalAccount, name: str = "Anna Muster") -> None:
        """Somebody who is through with joining."""
        particulars = Person(person, name, PersonKind.NATURAL, "DE", "DE", "DE")
        with self.store.transaction() as unit:
            join(unit, self.room.compliance, particulars, ("evm",), account.address, "eip-191:test")
            self.room.compliance.change(unit, particulars, "test", "identified")
            accept_terms(unit, person, TERMS_VERSION, self.at)


class InvestorStage(Stage):
    """The application over `InvestorOffice`."""

    office: InvestorOffice

    def __init__(self, place: Path) -> None:
        self.office = InvestorOffice(place)
        self.at = 1_800_000_000
        office: Any = self.office
        self.shell = Shell(office, ORIGIN, lambda: self.at, assets(), templates(), WebLine())
        self.app = Front(application(), self.shell)

    def investor(self, person: str = "anna", number: int = 1) -> Visitor:
        """A client who is signed in."""
        account = evm_wallet(number)
        self.office.client(person, account, f"{person.title()} Muster")
        who = self.visitor()
        assert who.sign_in(account).status_code == 303
        return who

    def rows(self) -> dict[str, int]:
        """How many rows of each kind the books hold, to see that nothing changed."""
        with self.office.store.view() as view:
            return {kind.__name__: len(view.rows(kind)) for kind in (Subscription, Redemption)}


def form(who: Visitor, path: str) -> dict[str, str]:
    """The token, and the key of the last form of a page: of the one that acts."""
    answer = who.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:400])
    return dict(HELD.findall(answer.text))


def quoted(who: Visitor, **over: str) -> Response:
    """Ask for a quote of 10 TSLA to the first wallet, paid by the bank."""
    address = evm_wallet(int(over.pop("number", "1"))).address
    told = {"stock": "TSLA", "amount": "10", "unit": "shares", "mode": "order_through", "to": f"evm:{address}", "pay": "bank"}
    answer: Response = who.post("/subscribe", {**form(who, "/subscribe"), **told, **over})
    return answer


def ordered(who: Visitor, **over: str) -> str:
    """Quote and confirm; the path of the order."""
    taken = quoted(who, **over)
    assert taken.status_code == 303, taken.text
    review = taken.headers["location"]
    fields = dict(re.findall(r'name="(csrf|key|to|pay)" value="([^"]*)"', who.get(review).text))
    done = who.post(review.partition("?")[0], fields)
    assert done.status_code == 303, done.text
    return str(done.headers["location"])


def redeemed(who: Visitor, **over: str) -> Response:
    """Confirm a redemption of 2 TSLAx of the first wallet, for cash."""
    told = {"source": f"TSLA:evm:{evm_wallet(1).address}", "amount": "2", "kind": "cash", "deliver_to": "", "paid_in": "bank"}
    answer: Response = who.post("/redeem/confirm", {**form(who, "/redeem"), **told, **over})
    return answer


def in_base64(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def refused(act: Callable[[], object]) -> str:
    """The rule that an act was refused by."""
    try:
        act()
    except Refused as refusal:
        return refusal.code
    return ""
