"""The accounts by name: shares are counted per stock (`TSLA/custody`), money in USD, raw tokens per stock and chain.

What each is for stands in `chart`.

Per stock, what is held (debit) equals what is owed or owned (credit):
pending_receipt + pledged + at_broker + at_network + in_transit + custody + delivering + matured
= bought + inventory + network_float + outstanding + redemption_claim + network_claim + selling + rounding.
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
MATURITY_PAYABLE: Final = "USD/maturity_payable"
FEES_INCOME: Final = "USD/fees_income"
CAPITAL: Final = "USD/capital"

SHARE_ASSETS: Final = (
    "pending_receipt", "pledged", "at_broker", "at_network", "in_transit", "custody", "delivering", "matured",
)  # fmt: skip
SHARES_IN_CUSTODY: Final = ("custody", "delivering")
SHARE_CLAIMS: Final = (
    "bought", "outstanding", "redemption_claim", "network_claim", "selling", "inventory", "network_float", "rounding",
)  # fmt: skip


def client_payable(request_id: str) -> str:
    """What the issuer owes the client of one request, in USD."""
    return f"USD/client_payable:{request_id}"


def broker_loan(loan_id: str) -> str:
    """What the issuer owes the broker for one loan with its interest, in USD."""
    return f"USD/broker_loan:{loan_id}"


def stable(asset: str, chain: str) -> str:
    """Coins of a stablecoin in the treasury on one chain, counted at one dollar each."""
    return f"USD/stable:{asset}:{chain}"


def suspense(deposit_id: str) -> str:
    """A stablecoin deposit that is nobody's yet, or goes back to its sender."""
    return f"USD/suspense:{deposit_id}"


def converting(conversion_id: str) -> str:
    """What one conversion has given to the bank and not got from it yet."""
    return f"USD/converting:{conversion_id}"


def raw_supply(stock: str, chain: str) -> str:
    """The raw supply of a stock's token on one chain, in 1e-8 raw."""
    return f"{stock}.{chain}/supply"


def raw_issuer(stock: str, chain: str) -> str:
    """The counter-account of `raw_supply`."""
    return f"{stock}.{chain}/issuer"


def raw_crossing(stock: str, chain: str) -> str:
    """What left one chain and has neither arrived elsewhere nor come back, in 1e-8 raw."""
    return f"{stock}.{chain}/crossing"
