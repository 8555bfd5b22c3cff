"""The chart of accounts. Shares are counted per stock (`TSLA/custody`), money in USD, raw tokens per stock and chain.

Per stock, what is held (debit) equals what is owed or owned (credit):
pending_receipt + at_broker + in_transit + custody + delivering
= bought + inventory + outstanding + redemption_claim + selling + rounding.
"""

from typing import Final

from openscrip.runtime.ledger import Chart, Side

CHART: Final[Chart] = {
    # shares held, in 1e-9
    "pending_receipt": Side.DEBIT,  # bought, not settled
    "at_broker": Side.DEBIT,  # settled at the broker: does not count as backing
    "in_transit": Side.DEBIT,  # on the way between broker and custody
    "custody": Side.DEBIT,  # settled and unencumbered in the segregated account
    "delivering": Side.DEBIT,  # still in custody, instructed out
    # shares owed or owned
    "bought": Side.CREDIT,  # for subscribers, not yet minted
    "inventory": Side.CREDIT,  # the issuer's own
    "outstanding": Side.CREDIT,  # behind tokens
    "redemption_claim": Side.CREDIT,  # burned for, not yet delivered
    "selling": Side.CREDIT,  # released to the broker for a cash redemption, not yet sold
    "rounding": Side.CREDIT,
    "market": Side.EITHER,  # the world outside
    # money, in 1e-6 USD
    "bank": Side.DEBIT,
    "broker_cash": Side.DEBIT,
    "broker_receivable": Side.DEBIT,
    "acquisitions": Side.DEBIT,  # paid for shares that nobody has been charged for yet
    "dividend_receivable": Side.DEBIT,
    "broker_payable": Side.CREDIT,
    "client_payable": Side.CREDIT,
    "dividend_payable": Side.CREDIT,
    "fees_income": Side.CREDIT,
    "capital": Side.CREDIT,
    # raw tokens, in 1e-8
    "supply": Side.CREDIT,
    "crossing": Side.CREDIT,  # burned here to be minted on another chain, not yet arrived nor given back
    "issuer": Side.EITHER,
}

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
