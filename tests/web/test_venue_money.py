"""Tokens to the venue and back, by the pages: one form one effect, only what is one's own, every state in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.web.investing import START, InvestorStage, form
from tests.web.stage import Visitor, evm_wallet

from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount
from openscrip.web.trading import BalanceLine, Desk, MarketNow, Seat, TradedPair
from openscrip.web.venue_money import Accepted, Passage, reached, underway

ANNA = evm_wallet(1)
TREASURY = "0x" + "77" * 20
PAIR = TradedPair("TSLAxUSD", "TSLAx/USD", "TSLAx", "USD", 2, 4, 1_000, (1, 1))
OPENS = START - 1_800
"""Half past nine."""
SOURCE = f"TSLAx:evm:{ANNA.address}"


class PlayedTrading:
    """`TradingLine` with a seat for everybody; its market opens by the minute, as the venue's do."""

    is_open, gives_play_money = True, False
    public_socket = private_socket = ""

    def __init__(self, stage: InvestorStage) -> None:
        self._stage = stage
        self.free = "3"
        self.state, self.since = "closed", 0

    def seat(self, person: str) -> Seat:
        return Seat(7 if person == "anna" else 8, "OSV7-77", {"evm": TREASURY})

    def desk(self, person: str) -> Desk:
        return Desk(balances=[BalanceLine("TSLAx", self.free, self.free)])

    def pairs(self) -> Sequence[TradedPair]:
        return [PAIR]

    def markets(self) -> Sequence[MarketNow]:
        now = self._stage.office.now()
        after = {"closed": "pre_open", "pre_open": "call", "call": "open"}
        if self.state in after and now >= OPENS and now - self.since >= 60:
            self.state, self.since = after[self.state], now
        return [MarketNow(PAIR, self.state, 0, 200, None)]


class PlayedMoney:
    """`VenueMoneyLine` in memory."""

    def __init__(self) -> None:
        self.known: list[tuple[int, str, str]] = []
        self.taken: dict[str, tuple[int, str, str]] = {}
        self.rows: dict[int, list[Passage]] = {}
        self.refusal: Refused | None = None

    def accepted(self) -> Mapping[str, Accepted]:
        return {"TSLAx:evm": Accepted("TSLAx", "evm", "token", TREASURY, 8)}

    def passages(self, account: int, wallets: Sequence[tuple[str, str]]) -> Sequence[Passage]:
        return self.rows.get(account, [])

    def usable_at(self, account: int, place: str, address: str) -> int | None:
        return START + 86_400

    def know(self, account: int, place: str, address: str) -> None:
        self.known.append((account, place, address))

    def take(self, account: int, request: str, asset: str, place: str, to: str, amount: str) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.taken[request] = (account, to, amount)
        self.rows[account] = [Passage("W-1", "out", asset, place, to, amount, START, "paying")]
        return "W-1"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[InvestorStage]:
    made = InvestorStage(tmp_path)
    office: Any = made.office
    office.trading, office.venue_money = PlayedTrading(made), PlayedMoney()
    office.rails.landing = lambda chain, tx_id: "landed"
    office.rails.held["TSLA", "evm", ANNA.address] = RawAmount.parse("2.123456789")
    yield made
    made.close()


@pytest.fixture
def anna(stage: InvestorStage) -> Visitor:
    return stage.investor()


def money_of(stage: InvestorStage) -> PlayedMoney:
    office: Any = stage.office
    money: PlayedMoney = office.venue_money
    return money


def sends(who: Visitor, amount: str, source: str = SOURCE) -> Any:
    told = form(who, f"/trade/money/send?source={SOURCE}")
    return who.post("/trade/money/send", {**told, "source": source, "amount": amount}, accept="application/json")


def takes(who: Visitor, told: Mapping[str, str], amount: str = "2") -> Any:
    return who.post("/trade/money/take", {**told, "goal": SOURCE, "amount": amount})


def test_what_is_sent__is_made_for_the_wallet_and_the_venue_knows_whose_it_is(stage: InvestorStage, anna: Visitor) -> None:
    page = anna.get(f"/trade/money/send?source={SOURCE}").text
    assert "2.12345678 TSLAx tokens" in page, "what is below the venue's unit is not offered"
    answer = sends(anna, "1.5")
    assert answer.status_code == 200, answer.text
    assert answer.json()["sender"] == ANNA.address
    assert money_of(stage).known == [(7, "evm", ANNA.address)]


@pytest.mark.parametrize("amount", ["2.2", "0", "1e3", "0.000000001", "-1"])
def test_an_amount__that_is_not_there_or_no_amount__is_refused_in_words(
    stage: InvestorStage, anna: Visitor, amount: str
) -> None:
    answer = sends(anna, amount)
    assert answer.status_code in (400, 422)
    assert answer.json()["text"].startswith("Not possible because"), "a script is told the reason, too"
    assert money_of(stage).known == []


def test_a_wallet_of_another__is_as_unknown_as_one_that_never_was(stage: InvestorStage, anna: Visitor) -> None:
    other = stage.investor("bert", 2)
    assert sends(anna, "1", f"TSLAx:evm:{evm_wallet(2).address}").status_code == 404
    assert other.get(f"/trade/money/send?source={SOURCE}").status_code == 404


def test_taking_back__sent_twice__is_one_withdrawal_and_leads_to_the_page_that_follows_it(
    stage: InvestorStage, anna: Visitor
) -> None:
    told = form(anna, "/trade/money")
    found = {takes(anna, told).headers["location"] for _ in range(2)}
    assert found == {"/trade/money/taken/W-1"}
    assert list(money_of(stage).taken.values()) == [(7, ANNA.address, "2")]
    assert "Being sent" in anna.get("/trade/money/taken/W-1").text
    assert stage.investor("bert", 2).get("/trade/money/taken/W-1").status_code == 404


def test_taking_back__before_the_delay_is_over_or_more_than_is_free__says_why_and_keeps_the_amount(
    stage: InvestorStage, anna: Visitor
) -> None:
    money_of(stage).refusal = Refused("withdrawal.delay", "withdrawal: usable later")
    early = takes(anna, form(anna, "/trade/money"))
    assert early.status_code == 422
    assert "was named to the venue not long ago" in early.text
    more = takes(anna, form(anna, "/trade/money"), "3.5")
    assert more.status_code == 422
    assert 'value="3.5"' in more.text
    assert "more than you have there" in more.text


def test_a_transfer__of_which_the_venue_has_no_row_yet__is_told_by_its_chain(anna: Visitor) -> None:
    assert "In a block" in anna.get("/trade/money/sent/evm/0x" + "ab" * 32).text
    for strange in ("evm/0xzz", "solana/0x" + "ab" * 32, "evm/" + "2" * 88, "nowhere/0x" + "ab" * 32):
        assert anna.get(f"/trade/money/sent/{strange}").status_code == 404, strange


def test_a_market__that_is_closed__is_opened_by_one_click_on_the_clock(stage: InvestorStage, anna: Visitor) -> None:
    stage.office.at = START - 7_200
    told = form(anna, "/trade/TSLAxUSD")
    done = anna.post("/practice/clock", {**told, "to": "opening", "pair": "TSLAxUSD", "next": "/trade/TSLAxUSD"})
    assert done.headers["location"] == "/trade/TSLAxUSD"
    office: Any = stage.office
    assert office.trading.state == "open"
    assert stage.office.at < START + 600
    assert "clock-opening" not in anna.get("/trade/TSLAxUSD").text


def test_a_report__where_nothing_is_played__cannot_be_asked_for(stage: InvestorStage, anna: Visitor) -> None:
    told = form(anna, "/trade/money")
    written: list[str] = []
    stage.office.practice.report = lambda: written.append("report")
    assert anna.post("/practice/report", {**told, "next": "/check"}).headers["location"] == "/check"
    stage.office.practice = None
    assert anna.post("/practice/report", told).status_code == 404
    assert written == ["report"]


IN = ("suspense", "kept", "crediting", "credited", "returning", "return_waits", "returned")
OUT = (
    "reserving", "review", "paying", "pay_waits", "voiding", "void_waits", "leaving", "done", "giving_back", "given_back",
    "refused",
)  # fmt: skip


@pytest.mark.parametrize(("way", "state"), [*(("in", each) for each in IN), *(("out", each) for each in OUT)])
def test_every_state__of_a_row__is_a_label_and_a_sentence(way: Any, state: str) -> None:
    at = reached(Passage("x", way, "TSLAx", "evm", ANNA.address, "1", START, state, reason="deposit: it was nobody's"))
    assert at.label
    assert at.sentence.endswith(".")
    assert at.is_final == (state in ("credited", "returned", "leaving", "done", "given_back", "refused"))
    assert at.kind in ("covered", "progress", "halted", "refused")


def test_a_transfer__as_its_chain_tells_it__moves_on_step_by_step() -> None:
    assert [underway("unknown").step, underway("landed").step, underway("final").step] == [0, 1, 2]
    assert underway("failed").is_stopped
