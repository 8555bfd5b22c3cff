"""Each reading against what the stage did."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.issuance.contracts.conftest import deployed, fresh, stage
from tests.issuance.contracts.stage import ONE, Stage, account

from openscrip.client import EvmToken, evm_token
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.quantities import RawAmount, Shares

__all__ = ["deployed", "fresh", "stage"]


@pytest.fixture
def token(stage: Stage) -> Iterator[EvmToken]:
    found = evm_token(stage.evm.url, stage.token)
    yield found
    found.close()


def test_amounts__are_raw_and_never_add_to_shares(token: EvmToken) -> None:
    assert (token.symbol, token.isin, token.decimals) == ("TSLAx", "US88160R1014", 18)
    assert token.balance(account("alice")) == RawAmount(100 * ONE)
    assert token.supply() == RawAmount(150 * ONE)
    with pytest.raises(TypeError):
        token.supply() + token.multiplier().shares(token.supply())  # type: ignore[operator]  # what must not pass


def test_a_split__pends_then_is_in_force(stage: Stage, token: EvmToken) -> None:
    change = stage.change()
    stage.schedule(change)
    before = token.multiplier()
    assert before.pending is not None
    assert (before.in_force.value, before.pending.value, before.effective_at) == (ONE, 10 * ONE, change["effective_at"])
    assert (before.version, before.epoch) == (0, 0)
    [action] = token.actions()
    assert (action.id, action.kind, action.ratio_new) == (change["action"].hex(), "SPLF", 10 * ONE)
    stage.pass_time(86_401)
    after = token.multiplier()
    assert (after.in_force.value, after.pending, after.version, after.epoch) == (10 * ONE, None, 1, 1)
    assert after.shares(RawAmount(ONE)) == Shares.whole(10)
    assert token.multiplier_at(change["effective_at"] - 1) == ONE


def test_reserve_and_price__are_what_was_reported(stage: Stage, token: EvmToken) -> None:
    with pytest.raises(Refused, match="price: "):
        token.price()
    stage.price()
    assert (token.price().usd_e8_per_raw, token.price().session) == (200 * 10**8, 1)
    reserve = token.reserve()
    assert (reserve.shares, reserve.encumbered, reserve.fresh) == (Shares.whole(1_000), Shares(0), True)


def test_a_frozen_sender__cannot_transfer(stage: Stage, token: EvmToken) -> None:
    ask = account("alice"), account("bob"), RawAmount(1)
    assert token.can_transfer(*ask)[0] is True
    stage.send("guardian", "StockToken", "freeze", account("alice"), 3)
    assert token.can_transfer(*ask)[0] is False


def test_what_is_no_token__is_refused(stage: Stage) -> None:
    for place, code in ((account("alice"), "contract.missing"), (stage.at.issuer, "token.foreign")):
        with pytest.raises(Refused) as refusal:
            evm_token(stage.evm.url, place)
        assert refusal.value.code == code
    with pytest.raises(Malformed):
        evm_token(stage.evm.url, "0x12")
    with pytest.raises(Refused, match="expected 1;"):
        evm_token(stage.evm.url, stage.token, chain_id=1)
    with pytest.raises(Unavailable):
        evm_token("http://127.0.0.1:9", stage.token)


def test_the_readme_snippet__runs_as_it_stands(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").partition("## Read a token from Python")[2]
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:1]
    exec(code.replace("http://127.0.0.1:8545", stage.evm.url).replace("0xTOKEN", stage.token), {})
    said = capsys.readouterr().out
    assert "TSLAx (US88160R1014): 150 raw, 150 shares owed" in said
    assert "reserve 1000 shares, fresh: True" in said
