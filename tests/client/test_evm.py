"""Each reading against what the stage did."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.contracts.conftest import deployed, fresh, stage
from tests.issuance.contracts.stage import ONE, Stage, account

from openscrip.client import (
    ActionState,
    EvmToken,
    Malformed,
    Money,
    Multiplier,
    PricePerRaw,
    PricePerShare,
    RawAmount,
    Refused,
    Session,
    Shares,
    UiAmount,
    Unavailable,
    evm_token,
)
from openscrip.issuance.rpc import JsonRpc

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
    assert (before.version, before.epoch, before.pending_epoch) == (0, 0, 1)
    [action] = token.actions()
    assert (action.id, action.kind, action.state) == (change["action"].hex(), "SPLF", ActionState.STAGED)
    assert (action.ratio_new, action.ratio_old, action.cash_per_share) == (10 * ONE, ONE, PricePerShare(0))
    assert (action.multiplier, action.effective_at) == (Multiplier(10 * ONE), change["effective_at"])
    assert (action.into, action.corrects, len(action.sources)) == ("", "", 64)
    assert isinstance(action.ex_date, date)
    stage.pass_time(86_401)
    after = token.multiplier()
    assert (after.in_force.value, after.pending, after.version, after.epoch) == (10 * ONE, None, 1, 1)
    assert after.shares(RawAmount(ONE)) == Shares.whole(10)
    assert token.multiplier_at(change["effective_at"] - 1) == Multiplier(ONE)
    assert token.multiplier_at(change["effective_at"]) == Multiplier(10 * ONE)
    assert token.actions()[0].state is ActionState.APPLIED
    assert after.to_ui_down(RawAmount(3)) == UiAmount(30)
    assert (after.from_ui_down(UiAmount(39)), after.from_ui_up(UiAmount(31))) == (RawAmount(3), RawAmount(4))


def test_reserve_and_price__are_what_was_reported(stage: Stage, token: EvmToken) -> None:
    with pytest.raises(Refused, match="price: "):
        token.price()
    stage.price()
    price = token.price()
    assert (price.usd, price.session) == (PricePerRaw(200 * 10**8), Session.REGULAR)
    assert price.usd.value_down(RawAmount(ONE // 3)) == Money(66_666_666)
    assert (str(price.usd), price.usd.per_share_down(Multiplier(3 * ONE))) == ("200", PricePerShare(66_666_666))
    reserve = token.reserve()
    assert (reserve.shares, reserve.encumbered, reserve.fresh) == (Shares.whole(1_000), Shares(0), True)


def test_a_frozen_sender_and_a_paused_token__are_told(stage: Stage, token: EvmToken) -> None:
    ask = account("alice"), account("bob"), RawAmount(1)
    assert (token.can_transfer(*ask)[0], token.frozen(account("alice")), token.paused()) == (True, False, False)
    stage.send("guardian", "StockToken", "freeze", account("alice"), 3)
    assert (token.can_transfer(*ask)[0], token.frozen(account("alice"))) == (False, True)
    stage.send("guardian", "StockToken", "pause")
    assert token.paused()


class Undoing(JsonRpc):
    """A node on which a block is undone as soon as it was named."""

    def call(self, method: str, *params: object) -> object:
        answer = super().call(method, *params)
        if method == "eth_getBlockByNumber":
            super().call("anvil_rollback", 1)
            super().call("anvil_setCoinbase", "0x" + "77" * 20)
            super().call("evm_mine")
        return answer


def test_a_block_that_was_undone_while_it_was_read__is_unavailable_and_never_mixed(stage: Stage, token: EvmToken) -> None:
    stage.rpc.call("evm_mine")
    torn = EvmToken(stage.rpc, token.chain_id, token.address)
    torn._rpc = Undoing(stage.evm.url)
    with pytest.raises(Unavailable):
        torn.supply()
    torn.close()
    assert token.supply() == RawAmount(150 * ONE)


def test_amounts_of_different_kinds__never_mix(token: EvmToken) -> None:
    reading = token.multiplier()
    raw: Any = token.supply()
    ui: Any = reading.to_ui_down(raw)
    assert (type(raw), type(ui)) == (RawAmount, UiAmount)
    mixed: list[Callable[[], Any]] = [
        lambda: raw + ui, lambda: ui - raw, lambda: raw < ui, lambda: raw + 1, lambda: ui + reading.shares(raw),
    ]  # fmt: skip
    for wrong in mixed:
        with pytest.raises(TypeError):
            wrong()
    assert raw != ui


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
