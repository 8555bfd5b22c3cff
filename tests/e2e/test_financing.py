"""A purchase on margin by settings: pledged shares back nothing until the loan is repaid and the broker released them."""

from contextlib import closing
from pathlib import Path

import pytest

from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.financing import Loan
from openscrip.assets.paper import Switch, Switches
from openscrip.bootstrap.investors import onboard, pay
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.story import CLIENTS
from openscrip.bootstrap.verification import verify
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.financing_settings import Financing
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts
STOCK = "TSLA"


def standing(run: Running) -> tuple[str, Money, Shares, Shares, list[str]]:
    """The loan's state and debt, shares pledged in the ledger, shares that custody states, and the parcels' states."""
    platform = run.platform
    with platform.store.view() as view:
        [loan] = view.rows(Loan)
        row = view.row(Subscription, "sub-1")
        pledged = Shares(view.balance(f"{STOCK}/pledged").debit)
    assert row is not None
    available = platform.keeping.newest(platform.stock(STOCK).isin).available
    return loan.state, loan.owed, pledged, available, [each.state for each in row.parcels]


@pytest.mark.slow
def test_a_purchase_on_margin_by_settings__is_minted_after_repayment_and_release_alone(tmp_path: Path) -> None:
    market = Market("accelerated", "2024-06-03T12:00:00Z")
    agreed = Financing("paper-broker", Money.parse("700"), Bps(2), Bps(5_000))
    with running(Settings(tmp_path, market=market, financing=agreed)) as run:
        platform = run.platform
        run.list_stock(STOCK)
        investor = onboard(platform, run.stack, CLIENTS[0])
        ten = Shares.whole(10)
        pay(platform, platform.market.subscribe("sub-1", CLIENTS[0].id, STOCK, "evm", investor.address("evm"), ten))
        with closing(PaperBrokerClient(run.stack.broker.url)) as broker:
            broker.turn(Switches(1, (Switch("refuse_release", only="sub-1"),)))
        run.advance_to(instant("2024-06-04T22:00:00Z"))
        with platform.store.view() as view:
            [loan] = view.rows(Loan)
        assert loan.lent == agreed.limit_usd  # half of the purchase was more
        assert standing(run) == ("held", Money(0), ten, Shares(0), []), "repaid, and not released"
        run.advance_to(instant("2024-06-05T22:00:00Z"))
        assert standing(run) == ("released", Money(0), Shares(0), ten, ["minted"])
        checks = verify(platform.places.watch_config, platform.engine)
        assert [f"{check.name}: {check.detail}" for check in checks if not check.ok] == []
