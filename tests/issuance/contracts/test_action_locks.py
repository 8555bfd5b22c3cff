"""Nobody enters the register from within a step of it, not even a token that an upgrade made hostile."""

from typing import Any

import pytest
from tests.issuance.contracts.corporate import (
    APPLIED,
    BOTH,
    DAY,
    EVIDENCE,
    META,
    REASON,
    STAGED,
    change_by,
    merger,
    put,
    state_of,
)
from tests.issuance.contracts.stage import Stage, account
from tests.issuance.contracts.test_locks import Returning, returning

from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTION_OPENING,
    ACTIONS,
    CORPORATE_ACTION,
    MULTIPLIER_CHANGE,
)
from openscrip.issuance.contracts.artifact import own

STEPS = ("announce", "stage", "announce_and_stage", "open_conversion", "cancel", "finish")


def a_step(stage: Stage, function: str) -> bytes:
    """A call of the register about the stage's own token that is fine by itself."""
    split = stage.action()
    parts: list[tuple[str, dict[str, Any]]]
    if function == "announce":
        parts = [(CORPORATE_ACTION, split)]
    elif function == "stage":
        stage.announce(split)
        parts = [(MULTIPLIER_CHANGE, change_by(stage, split, 10, 1))]
    elif function == "announce_and_stage":
        parts = [(CORPORATE_ACTION, split), (MULTIPLIER_CHANGE, change_by(stage, split, 10, 1))]
    elif function == "open_conversion":
        end = merger(stage, stage.list_stock(META).token)
        stage.announce(end)
        parts = [(ACTION_OPENING, {"action": end["id"], "effective_at": stage.now() + DAY})]
    elif function == "cancel":
        stage.announce(split)
        parts = [(ACTION_CANCEL, {"action": split["id"], "reason": REASON})]
    else:
        put(stage, split, APPLIED)
        parts = [(ACTION_FINISH, {"action": split["id"], "evidence": EVIDENCE})]
    arguments: list[object] = []
    for kind, fields in parts:
        values = tuple(fields.values())
        arguments += [values, *stage.twice(ACTIONS, kind, values, BOTH)]
    return own("CorporateActions").call(function, *arguments)


@pytest.mark.parametrize("inner", STEPS)
@pytest.mark.parametrize("outer", ["announce", "stage"])
def test_register__entered_again_by_a_token_it_calls__lets_nobody_in(fresh: Stage, outer: str, inner: str) -> None:
    hostile = Returning(fresh)
    again = a_step(fresh, inner)
    action = fresh.action(token=hostile.token)
    fresh.announce(action)
    change = fresh.change(token=hostile.token, action=action["id"], epoch_after=1, ratio_new=10, ratio_old=1)
    if outer == "announce":
        fresh.stage_change(change)
        action = fresh.action(token=hostile.token, corrects=action["id"])
    fresh.send_data("mallory", hostile.token, returning().call("arm", fresh.at.actions, again))
    if outer == "announce":
        fresh.announce(action)
    else:
        fresh.stage_change(change)
        assert state_of(fresh, action["id"]) == STAGED
    assert hostile.entered() is False
    fresh.send_data("mallory", hostile.token, returning().call("arm", fresh.at.actions, again))
    fresh.send_data("mallory", hostile.token, returning().call("mint", account("alice"), 1))
    assert hostile.entered() is True
