"""The guardian stops at once and alone; only the timelock lets go, and takes tokens off a frozen account for a case."""

from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DAY_CAP, HOUR_CAP, KEYS, SUPPLY_CAP, Issuer, hashed, with_accounts

from openscrip.issuance.chains.solana.program_operations import limits, recover, resume, thaw
from openscrip.issuance.chains.solana.program_parts import Operation
from openscrip.issuance.chains.solana.token_program import Authority, associated_account, transfer_checked

CASE = hashed("case")
OTHER = "timelock: account was not the operation's"


@pytest.fixture
def held(issuer: Issuer) -> Issuer:
    """The holder has 1,000, the stranger an account without any."""
    issuer.send(issuer.minting(raw=1000))
    issuer.account_of(KEYS.stranger)
    return issuer


def strangers(issuer: Issuer) -> Pubkey:
    """The stranger's account."""
    return associated_account(KEYS.stranger, issuer.mint)


def pausing(issuer: Issuer, scope: int) -> Instruction:
    return issuer.program.pause(mint=issuer.mint, scope=scope, signers=[KEYS.guardian])


def freezing(issuer: Issuer, reason: int = 1, **changed: Any) -> Instruction:
    named: dict[str, Any] = {
        "mint": issuer.mint,
        "account": issuer.account,
        "reason": reason,
        "signers": [KEYS.guardian],
        **changed,
    }
    return issuer.program.freeze(**named)


def ready(issuer: Issuer, operation: Operation) -> Instruction:
    """Its execution, once it waited."""
    issuer.send(issuer.queueing(operation))
    issuer.after(2 * 86_400)
    return issuer.executing(operation)


# Pauses


@pytest.mark.parametrize("scope", range(1, 8))
def test_pause__each_scope__stands_and_stops_token_2022_where_it_names_transfers(issuer: Issuer, scope: int) -> None:
    issuer.send(pausing(issuer, scope))
    assert (issuer.stock().pauses, issuer.is_paused()) == (scope, bool(scope & 1))


@pytest.mark.parametrize("scope", [0, 8, 255])
def test_pause__scope_that_is_none__is_refused(desk: Issuer, scope: int) -> None:
    assert desk.refusal(pausing(desk, scope)) == "token: scope was unknown"


def test_pause__what_is_paused__is_refused_but_further_is_taken(issuer: Issuer) -> None:
    issuer.send(pausing(issuer, 2))
    assert issuer.refusal(pausing(issuer, 2)) == "token: was paused"
    issuer.send(pausing(issuer, 3))
    assert (issuer.stock().pauses, issuer.is_paused()) == (3, True)
    issuer.send(pausing(issuer, 7))
    assert issuer.refusal(pausing(issuer, 5)) == "token: was paused"


@pytest.mark.parametrize(("paused", "scope", "left"), [(7, 1, 6), (7, 2, 5), (7, 7, 0), (5, 3, 4), (1, 7, 0)])
def test_resume__after_a_wait__lifts_what_it_names(issuer: Issuer, paused: int, scope: int, left: int) -> None:
    issuer.send(pausing(issuer, paused))
    issuer.passes(resume(issuer.program, salt=issuer.salt(), mint=issuer.mint, scope=scope))
    assert (issuer.stock().pauses, issuer.is_paused()) == (left, bool(left & 1))


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (0, "token: scope was unknown"),
        (8, "token: scope was unknown"),
        (5, "token: was not paused"),
        (4, "token: was not paused"),
    ],
)
def test_resume__against_a_rule__is_refused(issuer: Issuer, scope: int, words: str) -> None:
    issuer.send(pausing(issuer, 2))
    assert issuer.refusal(ready(issuer, resume(issuer.program, salt=issuer.salt(), mint=issuer.mint, scope=scope))) == words


# Freezes


@pytest.mark.parametrize("reason", range(1, 6))
def test_freeze__for_each_reason__stops_the_account(held: Issuer, reason: int) -> None:
    held.send(freezing(held, reason))
    assert held.data(held.account)[108] == 2
    moving = transfer_checked(held.account, held.mint, strangers(held), Authority(KEYS.holder), 1, 8)
    assert held.refusal(moving) == "token: account was frozen"


@pytest.mark.parametrize("reason", [0, 6, 255])
def test_freeze__without_a_known_reason__is_refused(desk: Issuer, reason: int) -> None:
    assert desk.refusal(freezing(desk, reason)) == "token: reason was unknown"


def test_freeze__the_escrow_account__is_refused(desk: Issuer) -> None:
    said = desk.refusal(freezing(desk, account=desk.program.escrow_account(desk.mint)))
    assert said == "token: account was the issuer contract"


def test_freeze__a_frozen_account__is_refused(held: Issuer) -> None:
    held.send(freezing(held))
    assert held.refusal(freezing(held, 2)) == "token: account was frozen"


def test_freeze__an_account_of_another_token__is_refused(held: Issuer) -> None:
    other = held.account_of(KEYS.holder, held.token("TSLA"))
    assert held.refusal(freezing(held, account=other)) == "3"


def test_freeze__while_paused__is_taken(held: Issuer) -> None:
    held.send(pausing(held, 7))
    held.send(freezing(held))
    assert held.is_paused()


def thawing(issuer: Issuer, reason: int = 5, **changed: Any) -> Operation:
    named: dict[str, Any] = {"mint": issuer.mint, "account": issuer.account, "reason": reason, **changed}
    return thaw(issuer.program, salt=issuer.salt(), **named)


@pytest.mark.parametrize("reason", [1, 5])
def test_thaw__after_a_wait__frees_the_account(held: Issuer, reason: int) -> None:
    held.send(freezing(held))
    held.passes(thawing(held, reason))
    assert held.data(held.account)[108] == 1


@pytest.mark.parametrize("reason", [0, 6])
def test_thaw__without_a_known_reason__is_refused(held: Issuer, reason: int) -> None:
    held.send(freezing(held))
    assert held.refusal(ready(held, thawing(held, reason))) == "token: reason was unknown"


def test_thaw__an_account_that_is_free__is_refused(held: Issuer) -> None:
    assert held.refusal(ready(held, thawing(held))) == "token: account was not frozen"


def test_thaw__another_account_than_it_names__is_refused(held: Issuer) -> None:
    stranger = strangers(held)
    held.send(freezing(held), freezing(held, account=stranger))
    right = ready(held, thawing(held))
    assert held.takes(right)
    assert held.refusal(with_accounts(right, a5=stranger)) == OTHER


# Recoveries


def recovering(issuer: Issuer, **changed: Any) -> Operation:
    named: dict[str, Any] = {
        "mint": issuer.mint, "account": issuer.account, "to": strangers(issuer),
        "amount": 300, "case": CASE, "reason": 2, **changed,
    }  # fmt: skip
    return recover(issuer.program, salt=issuer.salt(), **named)


@pytest.mark.parametrize("paused", [0, 1, 7])
def test_recover__from_a_frozen_account__moves_and_leaves_it_frozen_and_paused(held: Issuer, paused: int) -> None:
    held.send(freezing(held))
    if paused:
        held.send(pausing(held, paused))
    held.passes(recovering(held))
    assert (held.balance(), held.balance(strangers(held)), held.supply()) == (700, 300, 1000)
    assert (held.data(held.account)[108], held.is_paused(), held.stock().pauses) == (2, bool(paused), paused)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"amount": 0}, "issuer: amount was zero"),
        ({"case": bytes(32)}, "token: case was zero"),
        ({"reason": 0}, "token: reason was unknown"),
        ({"reason": 6}, "token: reason was unknown"),
        ({"amount": 1001}, "token: balance was too small"),
    ],
)
def test_recover__against_a_rule__is_refused_with_its_words(held: Issuer, changed: dict[str, Any], words: str) -> None:
    held.send(freezing(held))
    assert held.refusal(ready(held, recovering(held, **changed))) == words


def test_recover__all_of_it__is_taken(held: Issuer) -> None:
    held.send(freezing(held))
    held.passes(recovering(held, amount=1000, reason=5))
    assert held.balance() == 0


def test_recover__from_an_account_that_is_free__is_refused(held: Issuer) -> None:
    assert held.refusal(ready(held, recovering(held))) == "token: account was not frozen"


def test_recover__to_a_frozen_account_or_to_itself__is_refused(held: Issuer) -> None:
    stranger = strangers(held)
    held.send(freezing(held), freezing(held, account=stranger))
    assert held.refusal(ready(held, recovering(held))) == "token: receiver was frozen"
    assert held.refusal(ready(held, recovering(held, to=held.account))) == "token: receiver was frozen"


def test_recover__other_accounts_than_it_names__is_refused(held: Issuer) -> None:
    other = held.account_of(KEYS.guardian)
    stranger = strangers(held)
    held.send(freezing(held), freezing(held, account=stranger))
    right = ready(held, recovering(held, to=other))
    assert held.takes(right)
    assert held.refusal(with_accounts(right, a5=stranger)) == OTHER
    assert held.refusal(with_accounts(right, a6=held.account)) == OTHER


# Limits


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        ((0, DAY_CAP, HOUR_CAP), "issuer: supply cap was zero"),
        ((SUPPLY_CAP, DAY_CAP, HOUR_CAP), "issuer: limits were unchanged"),
        ((SUPPLY_CAP + 1, DAY_CAP, HOUR_CAP), "issuer: guardian only lowers limits"),
        ((SUPPLY_CAP, DAY_CAP + 1, HOUR_CAP), "issuer: guardian only lowers limits"),
        ((SUPPLY_CAP - 1, DAY_CAP, HOUR_CAP + 1), "issuer: guardian only lowers limits"),
    ],
)
def test_lower_limits__against_a_rule__is_refused_with_its_words(desk: Issuer, caps: tuple[int, int, int], words: str) -> None:
    supply, day, hour = caps
    named: dict[str, Any] = {
        "mint": desk.mint,
        "supply_cap": supply,
        "day_cap": day,
        "hour_cap": hour,
        "signers": [KEYS.guardian],
    }
    assert desk.refusal(desk.program.lower_limits(**named)) == words


@pytest.mark.parametrize("caps", [(SUPPLY_CAP - 1, DAY_CAP, HOUR_CAP), (SUPPLY_CAP, DAY_CAP - 1, HOUR_CAP), (1, 0, 0)])
def test_lower_limits__any_of_them__is_taken(issuer: Issuer, caps: tuple[int, int, int]) -> None:
    supply, day, hour = caps
    named: dict[str, Any] = {
        "mint": issuer.mint,
        "supply_cap": supply,
        "day_cap": day,
        "hour_cap": hour,
        "signers": [KEYS.guardian],
    }
    issuer.send(issuer.program.lower_limits(**named))
    assert (issuer.stock().supply_cap, issuer.stock().day_cap, issuer.stock().hour_cap) == caps


def test_limits__raised_after_a_wait__keep_what_was_used(issuer: Issuer) -> None:
    raising = ready(
        issuer,
        limits(issuer.program, salt=b"raising!", mint=issuer.mint, supply_cap=2**64 - 1, day_cap=DAY_CAP * 2, hour_cap=7),
    )
    issuer.send(issuer.reporting(), issuer.minting("1", raw=DAY_CAP))
    issuer.send(issuer.minting("2", raw=HOUR_CAP, kind=2, origin=hashed("o")))
    issuer.after(864)
    issuer.send(raising)
    stock = issuer.stock()
    assert (stock.supply_cap, stock.day_cap, stock.hour_cap) == (2**64 - 1, DAY_CAP * 2, 7)
    assert (stock.day_used, stock.day_at) == (DAY_CAP - DAY_CAP // 100, issuer.now)
    assert (stock.hour_used, stock.hour_at) == (HOUR_CAP - HOUR_CAP * 864 // 3600, issuer.now)


@pytest.mark.parametrize(
    ("caps", "words"),
    [((0, 1, 1), "issuer: supply cap was zero"), ((SUPPLY_CAP, DAY_CAP, HOUR_CAP), "issuer: limits were unchanged")],
)
def test_limits__against_a_rule__are_refused_after_the_wait_too(issuer: Issuer, caps: tuple[int, int, int], words: str) -> None:
    supply, day, hour = caps
    operation = limits(issuer.program, salt=b"limits!!", mint=issuer.mint, supply_cap=supply, day_cap=day, hour_cap=hour)
    assert issuer.refusal(ready(issuer, operation)) == words
