"""A purchase split 60/40 between two custodians: one part settles, the other fails and comes later; statements are summed."""

from contextlib import closing
from pathlib import Path

import pytest

from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.keeping import Lodging
from openscrip.assets.paper import Switch, Switches
from openscrip.bootstrap.investors import onboard, pay
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.story import CLIENTS
from openscrip.bootstrap.verification import verify
from openscrip.issuance.break_row import Break
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.custody_settings import Custody
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts
STOCK, SECOND = "TSLA", "custodian-2"


def standing(run: Running) -> tuple[list[str], list[tuple[str, str]]]:
    """What each custodian states, and the subscription's parcels."""
    platform = run.platform
    with platform.store.view() as view:
        row = view.row(Subscription, "sub-1")
    assert row is not None
    held = [str(each.latest_statement(platform.stock(STOCK).isin).available) for each in platform.custodians.values()]
    return held, sorted((str(each.shares), each.state) for each in row.parcels)


@pytest.mark.slow
def test_a_purchase_by_parts__mints_what_each_custodian_states__and_the_rest_when_it_arrives(tmp_path: Path) -> None:
    market = Market("accelerated", "2024-06-03T12:00:00Z")
    with running(Settings(tmp_path, market=market, custody=Custody(2, parts="60/40"))) as run:
        platform = run.platform
        run.list_stock(STOCK)
        investor = onboard(platform, run.stack, CLIENTS[0])
        with closing(PaperCustodianClient(run.stack.custodians[SECOND].url)) as custodian:
            custodian.turn(Switches(1, (Switch("refuse_transfer", only="sub-1", times=1),)))
        eleven, wallet = Shares.whole(11), investor.address("evm")
        pay(platform, platform.market.subscribe("sub-1", CLIENTS[0].id, STOCK, "evm", wallet, eleven))
        run.advance_to(instant("2024-06-04T22:00:00Z"))
        assert standing(run) == (["7", "0"], [("4", "moving"), ("7", "minted")])
        run.advance_to(instant("2024-06-05T22:00:00Z"))
        assert standing(run) == (["7", "4"], [("4", "minted"), ("7", "minted")])
        with platform.store.view() as view:
            lodged = sorted((each.custodian, str(each.shares)) for each in view.rows(Lodging))
            breaks = view.rows(Break, state="open")
        assert lodged == [("custodian", "7"), (SECOND, "4"), (SECOND, "4")], "the second part went there again"
        assert breaks == []
        assert platform.keeping.newest(platform.stock(STOCK).isin).available == eleven
        checks = verify(platform.places.watch_config, platform.engine)
        assert [f"{check.name}: {check.detail}" for check in checks if not check.ok] == []
