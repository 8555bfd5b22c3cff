"""The register of corporate actions: which facts it takes, and from whom."""

from typing import Any

import pytest
from tests.issuance.contracts.corporate import (
    ANNOUNCED,
    ATTESTOR,
    BOTH,
    CA,
    CASH_DIVIDEND,
    DAY,
    EVIDENCE,
    REASON,
    REVERSE,
    SPLIT,
    STAGED,
    STOCK_DIVIDEND,
    UNKNOWN,
    change_by,
    delisting,
    deploy_coin,
    dividend,
    merger,
    relay,
    state_of,
)
from tests.issuance.contracts.stage import NOBODY, NOTHING, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTION_OPENING,
    ACTIONS,
    CORPORATE_ACTION,
    MULTIPLIER_CHANGE,
)
from openscrip.issuance.contracts.artifact import own

# What is announced


def test_announce__by_both_keys__is_kept_and_told_in_full(fresh: Stage, other: ListedToken) -> None:
    action = merger(fresh, other.token, corrects=NOTHING)
    receipt = fresh.announce(action)
    [(topics, said)] = events(receipt, "CorporateActions", "ActionAnnounced")
    assert topics[0] == "0x" + action["id"].hex()
    assert topics[1][-40:] == fresh.token[2:].lower()
    assert topics[2] == "0x" + b"MRGR".hex() + "00" * 28
    assert said == {
        "exDate": 20240610, "recordDate": 20240607, "payDate": 20240610, "ratioNew": 1, "ratioOld": 2, "cash": 0,
        "into": other.token.lower(), "sources": action["sources"], "corrects": NOTHING,
    }  # fmt: skip
    kept = list(action.values())
    kept[1], kept[9] = fresh.token.lower(), other.token.lower()
    assert fresh.view("CorporateActions", "action", action["id"]) == tuple(kept)
    assert state_of(fresh, action["id"]) == ANNOUNCED
    assert fresh.view("CorporateActions", "effective_at", action["id"]) == 0


def test_announce__of_several__counts_and_orders_them_by_token(fresh: Stage, other: ListedToken) -> None:
    first, second = fresh.action(**SPLIT), dividend(fresh, cash=7)
    elsewhere = fresh.action(token=other.token)
    for action in (first, elsewhere, second):
        fresh.announce(action)
    assert fresh.view("CorporateActions", "action_count", fresh.token) == 2
    assert [fresh.view("CorporateActions", "action_at", fresh.token, n) for n in (0, 1, 2)] == [
        first["id"], second["id"], NOTHING,
    ]  # fmt: skip
    assert fresh.view("CorporateActions", "action_count", other.token) == 1
    assert fresh.view("CorporateActions", "action_at", other.token, 0) == elsewhere["id"]
    assert fresh.view("CorporateActions", "action", second["id"])[8] == 7


FACTS: list[tuple[dict[str, Any], str]] = [
    ({"id": NOTHING}, "actions: id was zero"),
    ({"sources": NOTHING}, "actions: sources were zero"),
    ({"ex_date": 18991231}, "actions: date was no date"),
    ({"ex_date": 99991232}, "actions: date was no date"),
    ({"ex_date": 100000101}, "actions: date was no date"),
    ({"ex_date": 1718000000}, "actions: date was no date"),
    ({"record_date": 20240010}, "actions: date was no date"),
    ({"record_date": 20241310}, "actions: date was no date"),
    ({"pay_date": 20240600}, "actions: date was no date"),
    ({"pay_date": 20240632}, "actions: date was no date"),
    ({"kind": b"SPLX"}, "actions: kind was unknown"),
    ({"kind": b"\0\0\0\0"}, "actions: kind was unknown"),
    (SPLIT | {"ratio_new": 1, "ratio_old": 1}, "actions: ratio was not of its kind"),
    (SPLIT | {"ratio_new": 1, "ratio_old": 2}, "actions: ratio was not of its kind"),
    (SPLIT | {"ratio_new": 1, "ratio_old": 0}, "actions: ratio was not of its kind"),
    (SPLIT | {"ratio_new": 2**128}, "actions: ratio was not of its kind"),
    (SPLIT | {"cash": 1}, "actions: cash was not of its kind"),
    (STOCK_DIVIDEND | {"ratio_new": 20}, "actions: ratio was not of its kind"),
    (REVERSE | {"ratio_new": 7}, "actions: ratio was not of its kind"),
    (REVERSE | {"ratio_new": 8}, "actions: ratio was not of its kind"),
    (REVERSE | {"ratio_new": 0}, "actions: ratio was not of its kind"),
    (REVERSE | {"ratio_old": 2**128}, "actions: ratio was not of its kind"),
    (CASH_DIVIDEND | {"ratio_new": 1}, "actions: ratio was not of its kind"),
    (CASH_DIVIDEND | {"ratio_old": 1}, "actions: ratio was not of its kind"),
    (CASH_DIVIDEND | {"cash": 0}, "actions: cash was out of bounds"),
    (CASH_DIVIDEND | {"cash": 2**128}, "actions: cash was out of bounds"),
    (SPLIT | {"token": account("nobody")}, "actions: token was not registered"),
    (SPLIT | {"into": account("coin")}, "actions: into was not of its kind"),
    (CASH_DIVIDEND | {"into": account("coin")}, "actions: into was not of its kind"),
    ({"kind": b"MRGR"}, "actions: into was not of its kind"),
    ({"kind": b"CHAN"}, "actions: into was not of its kind"),
    ({"kind": b"DLST", "ratio_new": 0, "ratio_old": 0, "cash": 1}, "actions: into was not of its kind"),
    ({"kind": b"MRGR", "into": account("nobody")}, "actions: successor was not registered"),
    ({"kind": b"CHAN", "into": account("nobody")}, "actions: successor was not registered"),
    (
        {"kind": b"DLST", "ratio_new": 0, "ratio_old": 0, "cash": 1, "into": account("nobody")},
        "actions: stablecoin was no contract",
    ),
]


@pytest.mark.parametrize(("changes", "reason"), FACTS, ids=[f"{n}: {reason}" for n, (_, reason) in enumerate(FACTS)])
def test_announce__facts_that_are_not_sound__reverts(fresh: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        fresh.announce(fresh.action(**changes))
    assert fresh.view("CorporateActions", "action_count", fresh.token) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"ex_date": 0, "record_date": 0, "pay_date": 0},
        {"ex_date": 19000101, "record_date": 99991231, "pay_date": 20240131},
        SPLIT | {"ratio_new": 2**128 - 1, "ratio_old": 2**128 - 2},
        SPLIT | {"ratio_new": 2, "ratio_old": 1},
        STOCK_DIVIDEND,
        REVERSE | {"ratio_new": 1, "ratio_old": 2**128 - 1},
        CASH_DIVIDEND,
        CASH_DIVIDEND | {"cash": 2**128 - 1},
    ],
)
def test_announce__facts_at_the_edge_of_sound__is_accepted(fresh: Stage, changes: dict[str, Any]) -> None:
    action = fresh.action(**changes)
    fresh.announce(action)
    assert state_of(fresh, action["id"]) == ANNOUNCED


@pytest.mark.parametrize("kind", [b"MRGR", b"CHAN"])
def test_announce__conversion__has_small_ratio_parts_and_another_token(fresh: Stage, other: ListedToken, kind: bytes) -> None:
    for wrong in ({"ratio_new": 2**32}, {"ratio_old": 2**32}, {"ratio_new": 0}, {"ratio_old": 0}):
        with reverts("actions: ratio was not of its kind"):
            fresh.announce(merger(fresh, other.token, kind=kind, **wrong))
    with reverts("actions: cash was not of its kind"):
        fresh.announce(merger(fresh, other.token, kind=kind, cash=1))
    with reverts("actions: token was its own successor"):
        fresh.announce(merger(fresh, fresh.token, kind=kind))
    fresh.announce(merger(fresh, other.token, kind=kind, ratio_new=2**32 - 1, ratio_old=1))
    fresh.announce(merger(fresh, other.token, kind=kind, ratio_new=1, ratio_old=2**32 - 1))
    fresh.announce(merger(fresh, other.token, kind=kind, ratio_new=5, ratio_old=5))


def test_announce__delisting__pays_some_cash_and_has_no_ratio(fresh: Stage) -> None:
    coin = deploy_coin(fresh)
    for wrong in ({"cash": 0}, {"cash": 2**128}):
        with reverts("actions: cash was out of bounds"):
            fresh.announce(delisting(fresh, coin, **wrong))
    for wrong in ({"ratio_new": 1}, {"ratio_old": 1}):
        with reverts("actions: ratio was not of its kind"):
            fresh.announce(delisting(fresh, coin, **wrong))
    for cash in (1, 2**128 - 1):
        fresh.announce(delisting(fresh, coin, cash=cash))


# Who signs


@pytest.mark.parametrize(
    ("signers", "who"),
    [
        ((ATTESTOR, ATTESTOR), "corporate action"),
        (("issuer", ATTESTOR), "corporate action"),
        (("price", ATTESTOR), "corporate action"),
        ((CA, CA), "attestor"),
        ((CA, "stranger"), "attestor"),
        ((CA, "issuer"), "attestor"),
    ],
)
def test_steps__without_both_keys__revert(fresh: Stage, signers: tuple[str, str], who: str) -> None:
    words = f"actions: {who} signature was wrong"
    action = fresh.action(**SPLIT)
    change = change_by(fresh, action, 3, 2)
    with reverts(words):
        relay(fresh, "announce", action, signers)
    with reverts(words):
        fresh.schedule(change, signers, action)
    fresh.announce(action)
    for function, fields in (
        ("stage", change),
        ("open_conversion", {"action": action["id"], "effective_at": fresh.now() + DAY}),
        ("cancel", {"action": action["id"], "reason": REASON}),
        ("finish", {"action": action["id"], "evidence": EVIDENCE}),
    ):
        with reverts(words):
            relay(fresh, function, fields, signers)
    assert state_of(fresh, action["id"]) == ANNOUNCED


@pytest.mark.parametrize("domain", [{"chain_id": 1}, {"contract": NOBODY}], ids=str)
def test_steps__signed_for_another_chain_or_contract__revert(fresh: Stage, domain: dict[str, Any]) -> None:
    action = fresh.action(**SPLIT)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("announce", action),
        ("stage", change_by(fresh, action, 3, 2)),
        ("open_conversion", {"action": action["id"], "effective_at": fresh.now() + DAY}),
        ("cancel", {"action": action["id"], "reason": REASON}),
        ("finish", {"action": action["id"], "evidence": EVIDENCE}),
    ]
    for function, fields in steps:
        with reverts("actions: corporate action signature was wrong"):
            relay(fresh, function, fields, **domain)
    assert state_of(fresh, action["id"]) == UNKNOWN


@pytest.mark.parametrize("function", ["announce", "stage", "open_conversion", "cancel", "finish"])
def test_steps__with_a_field_that_was_not_signed__revert(fresh: Stage, function: str) -> None:
    action = fresh.action(**SPLIT)
    fields, kind = {
        "announce": (action, CORPORATE_ACTION),
        "stage": (change_by(fresh, action, 3, 2), MULTIPLIER_CHANGE),
        "open_conversion": ({"action": action["id"], "effective_at": fresh.now() + DAY}, ACTION_OPENING),
        "cancel": ({"action": action["id"], "reason": REASON}, ACTION_CANCEL),
        "finish": ({"action": action["id"], "evidence": EVIDENCE}, ACTION_FINISH),
    }[function]
    values = list(fields.values())
    signatures = fresh.twice(ACTIONS, kind, tuple(values), BOTH)
    for place, was in enumerate(values):
        changed = was + 1 if isinstance(was, int) else b"\7" * len(was) if isinstance(was, bytes) else account("mallory")
        forged = (*values[:place], changed, *values[place + 1 :])
        with reverts("actions: corporate action signature was wrong"):
            fresh.send("stranger", "CorporateActions", function, forged, *signatures)


def test_announce_and_stage__two_different_actions__reverts(fresh: Stage) -> None:
    action, another = fresh.action(**SPLIT), fresh.action(**SPLIT)
    fresh.announce(another)
    with reverts("actions: change was for another action"):
        fresh.schedule(change_by(fresh, another, 3, 2), BOTH, action)
    receipt = fresh.schedule(change_by(fresh, action, 3, 2), BOTH, action)
    assert len(events(receipt, "CorporateActions", "ActionAnnounced")) == 1
    assert state_of(fresh, action["id"]) == STAGED


# Set-up


@pytest.mark.parametrize(("place", "what"), [(0, "signers"), (1, "issuer")])
def test_constructor__zero__reverts(fresh: Stage, place: int, what: str) -> None:
    arguments = [fresh.at.signers, fresh.at.issuer]
    arguments[place] = NOBODY
    with reverts(f"actions: {what} was zero"):
        fresh.send_data("lister", None, own("CorporateActions").creation(*arguments))


def test_contract__names_its_parts_and_its_domain(fresh: Stage) -> None:
    assert fresh.view("CorporateActions", "signers") == fresh.at.signers.lower()
    assert fresh.view("CorporateActions", "issuer") == fresh.at.issuer.lower()
    before = fresh.view("CorporateActions", "DOMAIN_SEPARATOR")
    assert before != fresh.view("Issuer", "DOMAIN_SEPARATOR")
    assert len(before) == 32


def test_announce__signed_by_a_set_that_was_replaced__reverts(fresh: Stage) -> None:
    members = sorted((account("second"), account("third")), key=lambda each: int(each, 16))
    action = fresh.action(**SPLIT)
    fresh.send(fresh.at.timelock, "Signers", "set_signers", 3, members, 2)
    with reverts("actions: corporate action signature was wrong"):
        fresh.announce(action)
    fresh.announce(action, (("second", "third"), ATTESTOR))
    assert state_of(fresh, action["id"]) == ANNOUNCED
    assert key("second").address in members
