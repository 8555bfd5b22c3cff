"""What pools ask before they mint: whether reserve and supply cap leave room; an answer, never a refusal."""

from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account
from tests.issuance.contracts.test_limits import limit

EVERYTHING = 2**256 - 1


def covers(stage: Stage, raw: int, token: str = "") -> bool:
    """What the issuer contract answers."""
    return bool(stage.view("Issuer", "covers", token or stage.token, raw))


def test_covers__up_to_the_allocation__and_not_a_grain_more(stage: Stage) -> None:
    stage.report(shares=200 * 10**9, allocation=170 * 10**9)
    assert covers(stage, 20 * ONE)
    assert not covers(stage, 20 * ONE + GRAIN)


def test_covers__shares_owed_are_rounded_up(fresh: Stage) -> None:
    fresh.report(shares=1, allocation=1)
    assert covers(fresh, 10**9)
    assert not covers(fresh, 10**9 + 1)


def test_covers__without_a_report_or_a_registration__is_false(fresh: Stage) -> None:
    assert not covers(fresh, 0)
    assert not covers(fresh, 0, account("stranger"))
    fresh.report()
    assert covers(fresh, 0)


def test_covers__stale_report__is_false_a_second_after_its_age_limit(stage: Stage) -> None:
    stage.pass_time(3_600)
    assert covers(stage, ONE)
    stage.pass_time(1)
    assert not covers(stage, ONE)


def test_covers__report_of_another_epoch__is_false(stage: Stage) -> None:
    stage.report(epoch=1)
    assert not covers(stage, ONE)
    stage.schedule()
    stage.pass_time(86_400)
    stage.report(epoch=1, shares=10**13, allocation=10**13)
    assert covers(stage, ONE)


def test_covers__while_a_split_is_pending__counts_the_higher_multiplier(fresh: Stage) -> None:
    fresh.schedule()
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    assert covers(fresh, ONE)
    assert not covers(fresh, ONE + GRAIN)


def test_covers__while_a_reverse_split_is_pending__counts_the_one_in_force(fresh: Stage) -> None:
    fresh.schedule(fresh.change(multiplier=ONE // 10))
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    assert covers(fresh, 10 * ONE)
    assert not covers(fresh, 10 * ONE + GRAIN)


def test_covers__above_the_supply_cap__is_false_however_large(stage: Stage) -> None:
    limit(stage, supply=160 * ONE)
    assert covers(stage, 10 * ONE)
    assert not covers(stage, 10 * ONE + 1)
    assert not covers(stage, EVERYTHING)


def test_covers__closed_token__is_false(stage: Stage) -> None:
    stage.send(stage.at.actions, "Issuer", "close", stage.token)
    assert not covers(stage, 1)
