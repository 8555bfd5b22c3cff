"""A worker that dies around every effect of a creation and a redemption in kind: all is done, and each thing once.

The store rolls back what was not committed; the network, the custodian and the chain keep what was done.
"""

from collections.abc import Callable

import pytest
from tests.issuance.in_kind.stage import ACCOUNT, Stage, staged

from openscrip.assets.networks.paper import ISSUER_ACCOUNT

POINTS_MAX = 400


class Crash(BaseException):
    """The worker's process is gone, wherever it was."""


def dying_at(point: int) -> tuple[Callable[[str], None], list[str]]:
    """A probe that ends the worker at its `point`-th call, and the calls so far."""
    seen: list[str] = []

    def probe(name: str) -> None:
        seen.append(name)
        if len(seen) == point:
            raise Crash(name)

    return probe, seen


def survive(stage: Stage, act: Callable[[], None]) -> None:
    """Act; a worker that dies meanwhile is replaced by one that does not."""
    try:
        act()
    except Crash:
        stage.new_worker()
        stage.run()


def in_and_out(stage: Stage) -> str:
    """A creation with a fraction, a redemption with a fraction, and one that the network rejects."""
    survive(stage, stage.run)
    stage.mint("3.5")
    survive(stage, lambda: stage.advance(1))
    survive(stage, lambda: stage.advance(1))
    assert stage.tokens() == "3.5"
    first = stage.redeem("1.25", 1)
    survive(stage, lambda: stage.advance(1))
    survive(stage, lambda: stage.advance(1))
    stage.fault("redeem_rejected")
    second = stage.redeem("1", 2)
    for _ in range(5):
        survive(stage, lambda: stage.advance(1))
    assert stage.side(second).state == "returned"
    return first


def check(stage: Stage, first: str) -> None:
    """Everything happened, once."""
    stage.check()
    assert (stage.creation().state, stage.side(first).state, stage.tokens()) == ("completed", "completed", "2.25")
    assert stage.chain.supply("TSLA").grains == 225_000_000
    assert [(j.source, j.target, j.qty) for j in stage.network.journals] == [
        (ACCOUNT, ISSUER_ACCOUNT, "3.5"), (ISSUER_ACCOUNT, ACCOUNT, "1.25"),
    ]  # fmt: skip
    called = [(heard["callback"], heard.get("issuer_request_id", "")) for heard in stage.network.heard]
    assert [each for each in called if each[0] == "redeem"] == [("redeem", first), ("redeem", first.replace("-1-1", "-1-2"))]
    assert len({heard["tx_hash"] for heard in stage.network.heard if heard["callback"] == "mint"}) == 1
    assert (stage.balance("network_claim"), stage.balance("bought"), stage.balance("redemption_claim")) == ("0", "0", "0")
    assert stage.balance("at_network") == stage.balance("network_float") == "0.25"
    assert stage.waiting() == []


def played(point: int) -> int:
    """Play it with a crash at one point; how many points there were."""
    probe, seen = dying_at(point)
    with staged() as stage:
        stage.link()
        stage.stock_up("3")
        stage.new_worker(probe)
        check(stage, in_and_out(stage))
    return len(seen)


@pytest.mark.crash
def test_a_crash_at_any_point_loses_nothing_and_doubles_nothing() -> None:
    points = played(POINTS_MAX)
    assert 60 < points < POINTS_MAX
    for point in range(1, points + 1):
        assert played(point) == point
