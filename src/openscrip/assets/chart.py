"""The chart of accounts, as data: every account that the platform opens is of one of these kinds.

1 and 2 count shares of one stock (unit: its symbol), 3 to 5 dollars (unit: USD), 9 raw tokens of one stock on one chain
(unit: `symbol.chain`). Second digits group what belongs together; codes are never given to another kind.
"""

from typing import Final

from openscrip.runtime.chart import ChartOfAccounts, Class, Kind, Measure
from openscrip.runtime.ledger import Side

_ASSET, _LIABILITY, _EQUITY, _MEMO = Class.ASSET, Class.LIABILITY, Class.EQUITY, Class.MEMO
_DEBIT, _CREDIT, _EITHER = Side.DEBIT, Side.CREDIT, Side.EITHER
_SHARES, _MONEY, _RAW = Measure.SHARES, Measure.MONEY, Measure.RAW

KINDS: Final = (
    Kind(1100, "pending_receipt", "Shares bought, not settled", _ASSET, _DEBIT, _SHARES, "filled, owed by the broker"),
    Kind(1150, "pledged", "Shares pledged", _ASSET, _DEBIT, _SHARES, "settled at the broker with a loan, until it is repaid"),
    Kind(1200, "at_broker", "Shares at the broker", _ASSET, _DEBIT, _SHARES, "settled at the broker; do not count as backing"),
    Kind(1250, "at_network", "Shares at the network", _ASSET, _DEBIT, _SHARES, "in the tokenisation account; no backing"),
    Kind(1300, "in_transit", "Shares in transit", _ASSET, _DEBIT, _SHARES, "on the way from the broker to custody"),
    Kind(1400, "custody", "Shares in custody", _ASSET, _DEBIT, _SHARES, "settled, unencumbered, in the segregated account"),
    Kind(1500, "delivering", "Shares instructed out", _ASSET, _DEBIT, _SHARES, "still in custody, to leave for a redemption"),
    Kind(1600, "matured", "Units paid out", _ASSET, _DEBIT, _SHARES, "of a bond that ended; their cash is owed to holders"),
    Kind(2100, "bought", "Shares bought for subscribers", _LIABILITY, _CREDIT, _SHARES, "to subscribers, not yet minted"),
    Kind(2200, "outstanding", "Shares behind tokens", _LIABILITY, _CREDIT, _SHARES, "owed to the holders of tokens"),
    Kind(2300, "redemption_claim", "Redemption claims", _LIABILITY, _CREDIT, _SHARES, "burned for, not yet delivered"),
    Kind(2350, "network_claim", "Owed at the network", _LIABILITY, _CREDIT, _SHARES, "burned for, to be journaled"),
    Kind(2400, "selling", "Shares to be sold", _LIABILITY, _CREDIT, _SHARES, "at the broker, for a cash redemption"),
    Kind(2500, "inventory", "Inventory", _EQUITY, _CREDIT, _SHARES, "the issuer's own shares, for instant issuance"),
    Kind(2550, "network_float", "Fractions at the network", _EQUITY, _CREDIT, _SHARES, "the issuer's own at the network"),
    Kind(2600, "rounding", "Rounding in shares", _EQUITY, _CREDIT, _SHARES, "dust of floored conversions, kept in reserve"),
    Kind(2900, "market", "Splits", _MEMO, _EITHER, _SHARES, "what a split adds to or takes from every account"),
    Kind(3100, "bank", "Cash at bank", _ASSET, _DEBIT, _MONEY, "clients' payments and the issuer's own cash"),
    Kind(3120, "stable", "Stablecoin", _ASSET, _DEBIT, _MONEY, "coins in the treasury, by asset and chain, counted at 1 USD"),
    Kind(3130, "converting", "Conversions under way", _ASSET, _DEBIT, _MONEY, "given to the bank, its other side not yet here"),
    Kind(3200, "broker_cash", "Cash at the broker", _ASSET, _DEBIT, _MONEY, "pays for fills at settlement"),
    Kind(3300, "broker_receivable", "Receivable from the broker", _ASSET, _DEBIT, _MONEY, "shares sold, proceeds not settled"),
    Kind(3400, "acquisitions", "Acquisitions", _ASSET, _DEBIT, _MONEY, "cost of shares that nobody was charged for yet"),
    Kind(3500, "dividend_receivable", "Dividends receivable", _ASSET, _DEBIT, _MONEY, "declared, net of tax, not yet received"),
    Kind(4100, "client_payable", "Payable to clients", _LIABILITY, _CREDIT, _MONEY, "paid in by or owed to one request"),
    Kind(4150, "suspense", "Deposits in suspense", _LIABILITY, _CREDIT, _MONEY, "a coin deposit: nobody's yet, or to go back"),
    Kind(4200, "broker_payable", "Payable to the broker", _LIABILITY, _CREDIT, _MONEY, "fills that are not paid for yet"),
    Kind(4250, "broker_loan", "Loans of the broker", _LIABILITY, _CREDIT, _MONEY, "lent for one settlement, with interest"),
    Kind(4300, "dividend_payable", "Dividends to reinvest", _LIABILITY, _CREDIT, _MONEY, "owed to holders as shares"),
    Kind(4400, "maturity_payable", "Payable at maturity", _LIABILITY, _CREDIT, _MONEY, "to holders of a bond that ended"),
    Kind(5100, "capital", "Capital", _EQUITY, _CREDIT, _MONEY, "the issuer's own money, its gains and losses"),
    Kind(5200, "fees_income", "Fees", _EQUITY, _CREDIT, _MONEY, "charged on subscriptions and redemptions"),
    Kind(9100, "supply", "Raw supply", _MEMO, _CREDIT, _RAW, "tokens on one chain, to compare with the chain's own count"),
    Kind(9200, "crossing", "Raw under way", _MEMO, _CREDIT, _RAW, "burned here for another chain, not arrived nor given back"),
    Kind(9900, "issuer", "Counter-account of supply", _MEMO, _EITHER, _RAW, "where tokens come from and go to"),
)

MONEY_UNITS: Final = ("USD",)
CHART_OF_ACCOUNTS: Final = ChartOfAccounts(KINDS, MONEY_UNITS)
