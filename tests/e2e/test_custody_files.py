"""The whole stack with custody by files: shares are bought, stated and minted, and each message is archived as it came."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openscrip.bootstrap.investors import onboard, pay
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.story import CLIENTS
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.custody_settings import Custody
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Running]:
    market = Market("accelerated", "2024-06-03T12:00:00Z")
    with running(Settings(tmp_path, market=market, custody=Custody(carrier="files"))) as made:
        yield made


def test_a_subscription__is_settled_stated_and_minted__by_files_alone(run: Running, tmp_path: Path) -> None:
    isin = run.list_stock("NVDA").isin
    alice = onboard(run.platform, run.stack, CLIENTS[0])
    pay(run.platform, run.platform.market.subscribe("sub-1", alice.id, "NVDA", "evm", alice.address("evm"), Shares.whole(3)))
    run.advance_to(instant("2024-06-05T21:00:00Z"))
    with run.platform.store.view() as view:
        row = view.row(Subscription, "sub-1")
    assert row is not None
    assert [parcel.state for parcel in row.parcels] == ["minted"]
    custodian = run.platform.custodian
    assert str(custodian.latest_statement(isin).available) == "3"
    assert custodian.troubles() == {}
    told = sorted((tmp_path / "custodian" / "exchange" / "archive" / "out").glob("*/*.xml"))
    assert [custodian.message(int(each.name[:8])) for each in told] == [each.read_bytes() for each in told]
    kinds = {each.name[9:17] for each in told}
    assert kinds >= {"sese.024", "sese.025", "semt.002"}
