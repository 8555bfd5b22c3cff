"""The platform with the paper Alpaca as its broker: a subscription to its mint and a sale, also through the broker's death."""

from pathlib import Path

import pytest

from openscrip.bootstrap.investors import onboard, pay, put_into_escrow
from openscrip.bootstrap.running import running
from openscrip.bootstrap.story import CLIENTS
from openscrip.bootstrap.verification import verify
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.broker_settings import BrokerLine
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts


@pytest.mark.slow
def test_with_alpaca_as_broker__a_subscription_is_minted_and_a_redemption_is_paid(tmp_path: Path) -> None:
    settings = Settings(tmp_path, market=Market("accelerated", "2024-06-03T12:00:00Z"), broker=BrokerLine("alpaca"))
    with running(settings) as run:
        platform = run.platform
        run.list_stock("TSLA")
        investor = onboard(platform, run.stack, CLIENTS[0])
        wallet, name = investor.address("evm"), CLIENTS[0].id
        pay(platform, platform.market.subscribe("sub-1", name, "TSLA", "evm", wallet, Shares.whole(10)))
        run.advance_to(instant("2024-06-03T18:00:00Z"))
        run.stack.broker.kill()  # the order is working there
        run.stack.broker.start()
        run.advance_to(instant("2024-06-04T22:00:00Z"))
        with platform.store.view() as view:
            bought = view.row(Subscription, "sub-1")
        assert bought is not None
        assert [each.state for each in bought.parcels] == ["minted"], bought.reason
        assert str(platform.keeping.newest(platform.stock("TSLA").isin).available) == "10"
        sold = platform.market.redeem("red-1", name, "TSLA", "evm", wallet, RawAmount.parse("4"), RedemptionKind.CASH, "")
        put_into_escrow(platform, investor, sold)
        run.advance_to(instant("2024-06-07T22:00:00Z"))
        with platform.store.view() as view:
            ended = view.row(Redemption, "red-1")
        assert ended is not None
        assert ended.state == "completed", ended.reason
        assert platform.broker.troubles() == {}
        checks = verify(platform.places.watch_config, platform.engine)
        assert [f"{check.name}: {check.detail}" for check in checks if not check.ok] == []
    with pytest.raises(Refused, match="began with 'alpaca'"), running(Settings(tmp_path, market=settings.market)):
        pass
