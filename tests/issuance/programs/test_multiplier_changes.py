"""The one thing that moves a multiplier on Solana: a staged action, exactly by its ratio, on the mint and in the books."""

from typing import Any

import pytest
from tests.issuance.programs.world import DAY_S, EPOCH, HOUR_S, ONE, VERSION, Issuer, f64_of, hashed


@pytest.fixture(scope="module")
def announced(stock_so: bytes) -> Issuer:
    """A split, a dividend, a reverse split and a merger, announced. Rehearse only."""
    issuer = Issuer(stock_so)
    issuer.send(issuer.announcing(), issuer.announcing("dividend", kind=b"DVCA"))
    issuer.send(issuer.announcing("reverse", kind=b"SPLR"), issuer.announcing("merger", kind=b"MRGR"))
    return issuer


@pytest.fixture
def staged(issuer: Issuer) -> Issuer:
    """A split of two for one that takes effect in an hour."""
    issuer.send(issuer.announcing())
    issuer.send(issuer.staging())
    return issuer


def in_time(issuer: Issuer, changed: dict[str, Any]) -> dict[str, Any]:
    """Seconds from now on as instants."""
    return {key: value + issuer.now if key in ("paused_from", "effective_at") else value for key, value in changed.items()}


def test_stage__in_order__schedules_on_the_mint_and_in_the_account(staged: Issuer) -> None:
    stock, at = staged.stock(), staged.now + HOUR_S
    assert (stock.base_multiplier, stock.next_multiplier, stock.next_at) == (ONE, 2 * ONE, at)
    assert (stock.base_epoch, stock.next_epoch, stock.base_version) == (EPOCH, EPOCH + 1, VERSION)
    assert (stock.next_action, stock.newest_action, stock.before_newest) == (hashed("split"), hashed("split"), bytes(32))
    assert (stock.base_f64, stock.next_f64) == (f64_of(ONE), f64_of(2 * ONE))
    assert staged.scaled() == (f64_of(ONE), at, f64_of(2 * ONE))
    read = staged.action()
    assert (read.state, read.staged_new, read.staged_old, read.expected, read.multiplier) == (2, 2, 1, ONE, 2 * ONE)
    assert (read.effective_at, read.paused_from, read.epoch_after) == (at, staged.now, EPOCH + 1)
    assert read.kind == b"SPLF"


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("merger", {}, "actions: action moved no multiplier"),
        ("dividend", {"ratio": (0, 1), "multiplier": ONE}, "actions: ratio was out of bounds"),
        ("dividend", {"ratio_old": 0, "ratio": (2, 1)}, "actions: ratio was out of bounds"),
        ("dividend", {"ratio": (5, 5), "splits": False}, "actions: dividend did not raise the multiplier"),
        ("dividend", {"ratio": (4, 5), "splits": False}, "actions: dividend did not raise the multiplier"),
        ("split", {"ratio": (4, 2)}, "actions: ratio was not the announced"),
        ("split", {"ratio": (3, 1)}, "actions: ratio was not the announced"),
        ("split", {"ratio": (2, 3)}, "actions: ratio was not the announced"),
        ("split", {"multiplier": 2 * ONE - 1}, "actions: multiplier was not the ratio's"),
        ("split", {"multiplier": 2 * ONE + 1}, "actions: multiplier was not the ratio's"),
        ("split", {"multiplier": 2 * ONE + 2**64}, "actions: multiplier was not the ratio's"),
        ("split", {"multiplier": 2**128 - 1, "f64": 0}, "actions: multiplier was not the ratio's"),
        ("split", {"epoch_after": EPOCH}, "actions: epoch was not of its kind"),
        ("split", {"epoch_after": EPOCH + 2}, "actions: epoch was not of its kind"),
        ("reverse", {"ratio": (1, 2), "epoch_after": EPOCH}, "actions: epoch was not of its kind"),
        ("dividend", {"ratio": (11, 10), "epoch_after": EPOCH + 1}, "actions: epoch was not of its kind"),
        ("split", {"paused_from": HOUR_S + 1}, "actions: window ended before it began"),
        ("split", {"paused_from": -7 * DAY_S - 1}, "actions: window began too long ago"),
        ("split", {"expected": ONE + 1}, "token: expected multiplier was not in force"),
        ("split", {"expected": ONE + 2**64}, "token: expected multiplier was not in force"),
        ("dividend", {"ratio": (2**64 - 1, 2**64 - 2), "splits": False}, "token: multiplier was unchanged"),
        ("dividend", {"ratio": (2 * 10**6, 1), "splits": False, "f64": 0}, "token: multiplier was out of bounds"),
        ("split", {"f64": f64_of(2 * ONE) + 1}, "token: f64 was not the nearest below the multiplier"),
        ("split", {"f64": f64_of(2 * ONE) - 1}, "token: f64 was not the nearest below the multiplier"),
        ("split", {"effective_at": 599}, "token: notice was too short"),
        ("split", {"effective_at": 60 * DAY_S + 1}, "token: effective time was too far ahead"),
        ("unknown", {}, "actions: action was not announced"),
    ],
)
def test_stage__against_a_rule__is_refused_with_its_words(
    announced: Issuer, name: str, changed: dict[str, Any], words: str
) -> None:
    changed = in_time(announced, changed)
    if name == "dividend" and changed.get("ratio") == (0, 1):
        changed["multiplier"] = 0
    assert announced.refusal(announced.staging(name, **changed)) == words


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("split", {"effective_at": 600}),
        ("split", {"effective_at": 60 * DAY_S}),
        ("split", {"paused_from": HOUR_S}),
        ("split", {"paused_from": -7 * DAY_S}),
        ("reverse", {"ratio": (1, 2)}),
        ("dividend", {"ratio": (1_003_001, 1_000_000), "splits": False}),
        ("dividend", {"ratio": (10**6, 1), "splits": False}),
    ],
)
def test_stage__at_the_edge__is_taken(announced: Issuer, name: str, changed: dict[str, Any]) -> None:
    changed = in_time(announced, changed)
    assert announced.takes(announced.staging(name, **changed))


def test_stage__of_a_reverse_split_to_the_lowest_multiplier__is_taken_and_below_refused(issuer: Issuer) -> None:
    issuer.send(issuer.announcing("least", kind=b"SPLR", ratio_new=1, ratio_old=10**6))
    issuer.send(issuer.announcing("less", kind=b"SPLR", ratio_new=1, ratio_old=10**6 + 1))
    assert issuer.takes(issuer.staging("least", ratio=(1, 10**6)))
    assert issuer.refusal(issuer.staging("less", ratio=(1, 10**6 + 1))) == "token: multiplier was out of bounds"


def test_stage__twice_or_while_another_is_pending__is_refused(staged: Issuer) -> None:
    assert staged.refusal(staged.staging()) == "actions: action was not announced"
    staged.send(staged.announcing("next"))
    assert staged.refusal(staged.staging("next")) == "token: another change was pending"
    staged.after(HOUR_S - 1)
    assert staged.refusal(staged.staging("next")) == "token: another change was pending"
    staged.after(1)
    assert staged.takes(staged.staging("next"))


def test_stage__after_one_took_effect__builds_on_it_and_sends_it_again(staged: Issuer) -> None:
    """The double send: the one in force with its own time, then the new one."""
    first_at = staged.stock().next_at
    staged.after(2 * HOUR_S)
    assert (staged.stock().multiplier_at(staged.now), staged.stock().epoch_at(staged.now)) == (2 * ONE, EPOCH + 1)
    assert staged.stock().version_at(staged.now) == VERSION + 1
    staged.send(staged.announcing("dividend", kind=b"DVCA"))
    staged.send(staged.staging("dividend", ratio=(101, 100), splits=False))
    stock = staged.stock()
    assert (stock.base_multiplier, stock.next_multiplier) == (2 * ONE, 202 * ONE // 100)
    assert (stock.base_epoch, stock.next_epoch, stock.base_version) == (EPOCH + 1, EPOCH + 1, VERSION + 1)
    assert staged.scaled() == (f64_of(2 * ONE), staged.now + HOUR_S, f64_of(202 * ONE // 100))
    assert (stock.newest_action, stock.before_newest) == (hashed("dividend"), hashed("split"))
    assert first_at < staged.now
    inner = [bytes(call.instruction().data) for call in staged.inner_calls()]
    sent = [data for data in inner if data[:2] == b"\x2b\x01"]
    assert sent == [
        b"\x2b\x01" + f64_of(2 * ONE).to_bytes(8, "little") + first_at.to_bytes(8, "little"),
        b"\x2b\x01" + f64_of(202 * ONE // 100).to_bytes(8, "little") + (staged.now + HOUR_S).to_bytes(8, "little"),
    ]


def test_stage__the_first_of_all__sends_the_multiplier_at_birth_with_time_zero(issuer: Issuer) -> None:
    issuer.send(issuer.announcing())
    issuer.send(issuer.staging())
    inner = [bytes(call.instruction().data) for call in issuer.inner_calls()]
    assert inner[0] == b"\x2b\x01" + f64_of(ONE).to_bytes(8, "little") + bytes(8)


def test_mint__while_a_change_is_pending__is_covered_at_the_greater_of_both(issuer: Issuer) -> None:
    issuer.send(issuer.reporting(shares=10_000, allocation=10_000))  # 1,000 grains at one, 500 at two
    issuer.send(issuer.announcing())
    issuer.send(issuer.staging())
    assert issuer.refusal(issuer.minting(raw=501)) == "issuer: allocation was too small"
    assert issuer.takes(issuer.minting(raw=500))
    issuer.after(HOUR_S)
    issuer.send(issuer.reporting(shares=10_000, allocation=10_000, epoch=EPOCH + 1))
    assert issuer.refusal(issuer.minting(raw=501)) == "issuer: allocation was too small"
    assert issuer.takes(issuer.minting(raw=500))


def test_mint__while_a_lower_multiplier_is_pending__is_covered_at_the_one_in_force(issuer: Issuer) -> None:
    issuer.send(issuer.reporting(shares=10_000, allocation=10_000))
    issuer.send(issuer.announcing("reverse", kind=b"SPLR"))
    issuer.send(issuer.staging("reverse", ratio=(1, 2)))
    assert issuer.refusal(issuer.minting(raw=1001)) == "issuer: allocation was too small"
    assert issuer.takes(issuer.minting(raw=1000))
    issuer.after(HOUR_S)
    issuer.send(issuer.reporting(shares=10_000, allocation=10_000, epoch=EPOCH + 1))
    assert issuer.refusal(issuer.minting(raw=2001)) == "issuer: allocation was too small"
    assert issuer.takes(issuer.minting(raw=2000))


def test_mint__voucher_of_the_epoch_before__dies_with_the_split(staged: Issuer) -> None:
    before = staged.minting()
    staged.after(HOUR_S - 1)
    assert staged.takes(before)
    staged.after(1)
    staged.send(staged.reporting(epoch=EPOCH + 1))
    assert staged.refusal(before) == "issuer: epoch was not the token's"
    same_epoch = staged.minting(epoch=EPOCH + 1, multiplier=ONE)
    assert staged.refusal(same_epoch) == "issuer: multiplier was not the token's"
    assert staged.takes(staged.minting())


def test_mint__after_somebody_else_changed_the_schedule__is_refused_as_drifted(staged: Issuer) -> None:
    assert staged.takes(staged.minting())
    at = staged.scaled_at() + 32
    staged.patch(staged.mint, at + 8, (staged.now + HOUR_S + 1).to_bytes(8, "little"))
    assert staged.refusal(staged.minting()) == "token: mint showed another multiplier than the program's"
