"""The accounts by name: shares are counted per stock (`TSLA/custody`), money in USD, raw tokens per stock and chain.

What each is for stands in `chart`.

Per stock, what is held (debit) equals what is owed or owned (credit):
pending_receipt + at_broker + in_transit + custody + delivering
= bought + inventory + outstanding + redemption_claim + selling + rounding.
"""

from typing import Final

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.runtime.ledger import Chart

CHART: Final[Chart] = CHART_OF_ACCOUNTS.sides

BANK: Final = "USD/bank"
BROKER_CASH: Final = "USD/broker_cash"
BROKER_RECEIVABLE: Final = "USD/broker_receivable"
BROKER_PAYABLE: Final = "USD/broker_payable"
ACQUISITIONS: Final = "USD/acquisitions"
DIVIDEND_RECEIVABLE: Final = "USD/dividend_receivable"
DIVIDEND_PAYABLE: Final = "USD/dividend_payable"
FEES_INCOME: Final = "USD/fees_income"
CAPITAL: Final = "USD/capital"

SHARE_ASSETS: Final = ("pending_receipt", "at_broker", "in_transit", "custody", "delivering")
SHARES_IN_CUSTODY: Final = ("custody", "delivering")
SHARE_CLAIMS: Final = ("bought", "outstanding", "redemption_claim", "selling", "inventory", "rounding")


def client_payable(request_id: str) -> str:
    """What the issuer owes the client of one request, in USD."""
    return f"USD/client_payable:{request_id}"


def raw_supply(stock: str, chain: str) -> str:
    """The raw supply of a stock's token on one chain, in 1e-8 raw."""
    return f"{stock}.{chain}/supply"


def raw_issuer(stock: str, chain: str) -> str:
    """The counter-account of `raw_supply`."""
    return f"{stock}.{chain}/issuer"


def raw_crossing(stock: str, chain: str) -> str:
    """What left one chain and has neither arrived elsewhere nor come back, in 1e-8 raw."""
    return f"{stock}.{chain}/crossing"
