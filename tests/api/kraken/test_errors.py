"""Error texts: each rule has one of Kraken's, and each argument is named."""

import re
from pathlib import Path

import pytest

from openscrip.api.kraken.errors import TEXTS, text_of, wrong_argument
from openscrip.kernel.errors import Refused


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_a_rule__refused__has_kraken_s_text(code: str, text: str) -> None:
    assert text_of(Refused(code, "where: what")) == text
    assert text[0] == "E"
    assert ":" in text


MARKETS = Path(__file__).parents[3] / "src" / "openscrip" / "markets"
CODE = re.compile(r"\"((?:order|client_id|deadline|account|interval|venue)\.[a-z_]+|market\.[a-z]+_only)\"")
OPERATOR_S = {"account.known", "account.malformed"}


def test_every_rule_of_the_market_that_a_client_can_meet__has_a_text_of_its_own() -> None:
    codes = {code for path in MARKETS.glob("*.py") for code in CODE.findall(path.read_text())} - OPERATOR_S
    assert "order.funds" in codes
    assert codes - TEXTS.keys() == set()


def test_an_argument__refused__is_named() -> None:
    assert text_of(wrong_argument("volume", "was missing")) == "EGeneral:Invalid arguments:volume"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("order.display", "EOrder:Invalid order"),
        ("market.delisted", "EService:Unavailable"),
        ("id.malformed", "EOrder:Unknown order"),
        ("else.where", "EGeneral:Invalid arguments"),
    ],
)
def test_a_rule__without_a_text_of_its_own__has_that_of_its_kind(code: str, text: str) -> None:
    assert text_of(Refused(code, "where: what")) == text
