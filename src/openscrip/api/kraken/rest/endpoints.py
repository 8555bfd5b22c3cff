"""The table of endpoints: what each is called, what it needs, and what it costs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import MappingProxyType

from openscrip.api.kraken.keys import ApiKey, Permission
from openscrip.api.kraken.rest import account, market, orders
from openscrip.api.kraken.rest.arguments import Arguments
from openscrip.api.kraken.rest.backing import Backing


@dataclass(frozen=True, slots=True)
class Public:
    """An endpoint for everybody: one of `now` (says nothing of the venue's books), `answer` and `later` (asks the history)."""

    answer: Callable[[Backing, Arguments], object] | None = None
    later: Callable[[Backing, Arguments], Awaitable[object]] | None = None
    now: Callable[[Backing, Arguments], object] | None = None


@dataclass(frozen=True, slots=True)
class Private:
    """An endpoint for holders of a key with any of these permissions. `cost` is what it adds to the counter of calls."""

    any_of: tuple[Permission, ...]
    cost: float = 1.0
    answer: Callable[[Backing, ApiKey, Arguments], object] | None = None
    later: Callable[[Backing, ApiKey, Arguments], Awaitable[object]] | None = None
    plain: Callable[[Backing, ApiKey, bytes], bytes | None] | None = None
    """The same as `answer` for the most usual forms, to the bytes; None for a form that is none of them."""


_FUNDS, _OPEN, _CLOSED, _LEDGER = Permission.FUNDS, Permission.OPEN_ORDERS, Permission.CLOSED_ORDERS, Permission.LEDGER
_MODIFY, _CANCEL = (Permission.MODIFY,), (Permission.CANCEL, Permission.MODIFY)

PUBLIC = MappingProxyType(
    {
        b"/0/public/Time": Public(now=market.time_now),
        b"/0/public/SystemStatus": Public(now=market.system_status),
        b"/0/public/Assets": Public(market.assets),
        b"/0/public/AssetPairs": Public(market.asset_pairs),
        b"/0/public/Ticker": Public(market.ticker),
        b"/0/public/Depth": Public(market.depth),
        b"/0/public/Spread": Public(market.spread),
        b"/0/public/Trades": Public(later=market.trades),
        b"/0/public/OHLC": Public(later=market.ohlc),
    }
)
PRIVATE = MappingProxyType(
    {
        b"/0/private/Balance": Private((_FUNDS,), answer=account.balance),
        b"/0/private/BalanceEx": Private((_FUNDS,), answer=account.balance_ex),
        b"/0/private/TradeBalance": Private((_FUNDS,), answer=account.trade_balance),
        b"/0/private/TradeVolume": Private((_FUNDS,), answer=account.trade_volume),
        b"/0/private/GetWebSocketsToken": Private((Permission.SOCKETS,), answer=account.websockets_token),
        b"/0/private/OpenOrders": Private((_OPEN,), later=account.open_orders),
        b"/0/private/ClosedOrders": Private((_CLOSED,), later=account.closed_orders),
        b"/0/private/QueryOrders": Private((_OPEN, _CLOSED), later=account.query_orders),
        b"/0/private/OrderAmends": Private((_OPEN, _CLOSED), later=account.order_amends),
        b"/0/private/TradesHistory": Private((_CLOSED,), 2.0, later=account.trades_history),
        b"/0/private/QueryTrades": Private((_CLOSED,), later=account.query_trades),
        b"/0/private/Ledgers": Private((_LEDGER,), 2.0, later=account.ledgers),
        b"/0/private/QueryLedgers": Private((_LEDGER,), later=account.query_ledgers),
        b"/0/private/AddOrder": Private(_MODIFY, 0.0, orders.add_order, plain=orders.add_plain_order),
        b"/0/private/AddOrderBatch": Private(_MODIFY, 0.0, orders.add_order_batch),
        b"/0/private/AmendOrder": Private(_MODIFY, 0.0, orders.amend_order),
        b"/0/private/EditOrder": Private(_MODIFY, 0.0, orders.edit_order),
        b"/0/private/CancelOrder": Private(_CANCEL, 0.0, orders.cancel_order),
        b"/0/private/CancelOrderBatch": Private(_CANCEL, 0.0, orders.cancel_order_batch),
        b"/0/private/CancelAll": Private(_CANCEL, 0.0, orders.cancel_all),
        b"/0/private/CancelAllOrdersAfter": Private(_CANCEL, 0.0, orders.cancel_all_after),
    }
)
