"""An investor's pages served in process: holdings, an order, and money at a played venue in many states; time stands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp
from tests.browser.serving import Serving
from tests.web.investing import START, InvestorStage, form, ordered, quoted
from tests.web.stage import evm_wallet
from tests.web.test_venue_money import TREASURY, PlayedMoney, PlayedTrading

from openscrip.issuance.coins import Stablecoin
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.web.app import web_application
from openscrip.web.rails import Landing
from openscrip.web.trading import BalanceLine, Desk
from openscrip.web.venue_money import Accepted, Passage

ANNA = evm_wallet(1).address
SOLANA = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"
TX, LANDED_TX = "0x" + "ab" * 32, "0x" + "cd" * 32
ANSWERS = {
    "name": "Kim Joins", "born_on": "1990-01-01", "nationality": "DE", "residence": "DE", "tax_residence": "DE",
    "us_person": "no",
}  # fmt: skip
MINUTE_S, DAY_S = 60, 86_400
ACCEPTED = (
    Accepted("TSLAx", "evm", "token", TREASURY, 8),
    Accepted("TSLAx", "solana", "token", SOLANA, 8),
    Accepted("TUSD", "evm", "coin", TREASURY, 6),
    Accepted("USD", "bank", "cash", "", 6),
)
PASSAGES = (
    Passage("W-4", "out", "TUSD", "evm", ANNA, "1250", START - 2 * MINUTE_S, "paying", TX),
    Passage("D-3", "in", "TSLAx", "solana", SOLANA, "12.5", START - 9 * MINUTE_S, "crediting", "5" * 88),
    Passage("W-2", "out", "TSLAx", "evm", ANNA, "400", START - 3_600, "review"),
    Passage(
        "D-2", "in", "TUSD", "evm", ANNA, "99000", START - 5_400, "suspense", TX, "deposit.sender",
        "deposit: the sender is nobody's wallet",
    ),
    Passage(
        "W-1", "out", "USD", "bank", "anna-bank", "7500.5", START - DAY_S, "given_back", "", "withdrawal.bank",
        "withdrawal: the bank did not know the account",
    ),
    Passage("D-1", "in", "TUSD", "evm", ANNA, "25000", START - 3 * DAY_S, "credited", TX),
)  # fmt: skip


class FilledTrading(PlayedTrading):
    """Anna has three balances, a part of them held by orders; whoever else has none."""

    gives_play_money = True

    def desk(self, person: str) -> Desk:
        if person != "anna":
            return Desk()
        return Desk(
            balances=[
                BalanceLine("TSLAx", "412.50000000", "400.00000000"),
                BalanceLine("TUSD", "23750.000000", "23750.000000"),
                BalanceLine("USD", "1204.330000", "204.330000"),
            ]
        )


class FilledMoney(PlayedMoney):
    """Anna's money in many states, nothing of anybody else's. Of her wallets one is usable, one tomorrow, one not named."""

    def accepted(self) -> Mapping[str, Accepted]:
        return {each.id: each for each in ACCEPTED}

    def passages(self, account: int, wallets: Sequence[tuple[str, str]]) -> Sequence[Passage]:
        return PASSAGES if account == 7 else ()

    def usable_at(self, account: int, place: str, address: str) -> int | None:
        return {"evm": START - DAY_S, "bank": START + DAY_S}.get(place) if account == 7 else None


class InvestorWorld(InvestorStage):
    """`anna` has much, `otto` nothing yet; `jo` is asked the questions, `kim` is at the identity provider."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        office: Any = self.office
        office.trading, office.venue_money = FilledTrading(self), FilledMoney()
        office.rails.coins, office.rails.landing = _coins, _landing
        office.rails.held["TSLA", "evm", ANNA] = RawAmount.parse("2.123456789")
        office.rails.held["TSLA", "solana", SOLANA] = RawAmount.parse("1040")
        self.anna, self.otto = self.investor("anna"), self.investor("otto", 3)
        self.client("anna", "solana", SOLANA)
        self.order = ordered(self.anna).removeprefix("/orders/")
        self.quote = str(quoted(self.anna).headers["location"]).removeprefix("/subscribe/")
        self.jo, self.kim = self.visitor(), self.visitor()
        self.jo.sign_in(evm_wallet(5))
        self.kim.sign_in(evm_wallet(6))
        self.kim.post("/join", {**form(self.kim, "/join"), **ANSWERS})
        done = self.kim.post("/join/identity", form(self.kim, "/join"))
        self.examination = str(done.headers["location"])

    def opened(self, origin: str) -> ASGIApp:
        """The same pages at another address."""
        return web_application(replace(self.shell, origin=origin))


class InvestorServing(Serving):
    """The world behind an address."""

    def __init__(self, place: Path) -> None:
        self.world = InvestorWorld(place)
        super().__init__(self.world.opened)

    def stop(self) -> None:
        super().stop()
        self.world.close()


def _coins(coin: Stablecoin, wallet: str) -> Money:
    return Money.parse("4820.75") if wallet == ANNA else Money(0)


def _landing(chain: str, tx_id: str) -> Landing:
    return "landed"
