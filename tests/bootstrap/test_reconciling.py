"""The quick readers tell what the port tells, and the reserve beside it."""

from pathlib import Path

import pytest
from tests.issuance.contracts.conftest import deployed, fresh, stage
from tests.issuance.contracts.stage import ONE, Stage
from tests.issuance.solana.conftest import Desk, desk, node, unused
from tests.issuance.solana.test_adapter import change

from openscrip.bootstrap.reconciling import EvmReader, SolanaReader, index_url
from openscrip.issuance.chain import ChainMultiplier
from openscrip.issuance.reconciliation import ReportedReserve
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.settings import load_settings

__all__ = ["deployed", "desk", "fresh", "node", "stage", "unused"]
pytestmark = pytest.mark.parts


def test_a_token_without_a_report__has_no_reserve_on_evm__and_then_what_was_reported(fresh: Stage) -> None:
    reader = EvmReader(fresh.node)
    before = reader.read([fresh.token])[fresh.token]
    assert (before.supply, before.multiplier, before.reserve) == (RawAmount(0), ChainMultiplier(ONE, 0, 0, 0, 0), None)
    fresh.report()
    fresh.mint(fresh.voucher(raw=7 * ONE))
    seen = reader.read([fresh.token])[fresh.token]
    assert (seen.supply, seen.block) == (RawAmount(7 * ONE), int(fresh.rpc.call("eth_blockNumber"), 16))
    assert seen.reserve is not None
    assert (seen.reserve.shares, seen.reserve.epoch) == (Shares.whole(1_000), 0)
    assert reader.read([]) == {}


def test_a_pending_change_on_evm__is_told_until_it_is_in_force(stage: Stage) -> None:
    reader, staged = EvmReader(stage.node), stage.change()
    stage.schedule(staged)
    waiting = reader.read([stage.token])[stage.token].multiplier
    assert waiting == ChainMultiplier(ONE, 10 * ONE, staged["effective_at"], 0, 0)
    stage.pass_time(86_401)
    assert reader.read([stage.token])[stage.token].multiplier == ChainMultiplier(10 * ONE, 0, 0, 1, 1)


def test_what_is_no_token__is_refused_and_not_compared(stage: Stage) -> None:
    with pytest.raises(Refused):
        EvmReader(stage.node).read([stage.at.issuer])


def test_solana_tells_the_same_through_reader_and_port(desk: Desk) -> None:
    reader = SolanaReader(desk.chain)
    assert reader.read([desk.token])[desk.token].reserve is None
    desk.mint(desk.wallet().address, "3")
    desk.do(desk.chain.prepare_multiplier(change(desk, "1", "3.333333333333333333", (10, 3), "split-1"), {}))
    before = reader.read([desk.token])[desk.token]
    assert (before.supply, before.multiplier) == (RawAmount.parse("3"), desk.chain.multiplier(desk.token))
    assert before.multiplier.pending != 0
    desk.node.set_time(desk.chain.head().at + 2_000)
    after = reader.read([desk.token])[desk.token]
    assert (after.supply, after.multiplier) == (desk.chain.supply(desk.token), desk.chain.multiplier(desk.token))
    assert (after.multiplier.pending, after.multiplier.version, after.multiplier.epoch) == (0, 1, 1)
    told = after.reserve
    assert told == ReportedReserve(desk.attestor.shares, desk.attestor.shares, 0, told.as_of if told else 0)


def test_the_index_lies_beside_the_books_on_sqlite__and_with_them_elsewhere(tmp_path: Path) -> None:
    assert index_url(load_settings({}, tmp_path)) == f"sqlite:///{tmp_path / 'platform' / 'index.db'}"
    other = {"OPENSCRIP_DATABASE_URL": "postgresql://books@db/openscrip"}
    assert index_url(load_settings(other, tmp_path)) == "postgresql://books@db/openscrip"
