"""What was agreed with the lender, by settings: off by default, and refused where it does not fit."""

from pathlib import Path

import pytest

from openscrip.assets.financing import Credit
from openscrip.bootstrap.checkup import examine
from openscrip.bootstrap.financing_books import credit_of
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money
from openscrip.runtime.settings import Settings, load_settings

LINE = '[financing]\nlender = "{}"\nlimit_usd = "250000"\nrate_day_bps = 3\nhaircut_bps = 4000\n'


def settings_with(folder: Path, text: str) -> Settings:
    (folder / "openscrip.toml").write_text(text)
    return load_settings({}, data=folder)


def said(settings: Settings) -> tuple[bool, str]:
    return next((each.ok, each.detail) for each in examine(settings) if each.name == "financing")


def test_nothing_is_lent_by_default(tmp_path: Path) -> None:
    settings = load_settings({}, data=tmp_path)
    assert credit_of(settings).limit == Money(0)
    assert said(settings) == (True, "no margin: a loan that comes is held for a person")


def test_the_broker_of_every_product_may_lend(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, LINE.format("paper-broker"))
    assert settings.problems() == []
    assert credit_of(settings) == Credit(Money.parse("250000"), Bps(3))
    assert said(settings) == (True, "paper-broker lends up to 250000 USD, 3 bp a settlement day, haircut 4000 bp")


def test_who_is_not_the_broker__may_not_lend(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, LINE.format("paper-custodian"))
    with pytest.raises(Malformed, match="was not the broker of") as refusal:
        credit_of(settings)
    assert refusal.value.code == "financing.lender"
    assert said(settings)[0] is False


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[financing]\nlender = "paper-broker"', "lender and limit_usd go together"),
        ('[financing]\nlimit_usd = "5"', "lender and limit_usd go together"),
        (LINE.format("paper-broker") + "[broker]\nkind = 'alpaca'", "tells of no loans"),
        (LINE.format("paper-broker").replace("4000", "10000"), "100 % or more"),
    ],
)
def test_settings_of_a_loan_that_do_not_fit__are_said(tmp_path: Path, text: str, wrong: str) -> None:
    assert wrong in "; ".join(settings_with(tmp_path, text).problems())
