"""The issuer's working capital: paid in once, at the bank and at the broker, and its first inventory of shares."""

from openscrip.assets import accounts
from openscrip.assets.acquisition import acquire
from openscrip.assets.paper import Deposit
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.news import CAPITAL_REFERENCE
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.ledger import Transfer


def pay_in_capital(platform: Platform, amount: Money) -> None:
    """Pay `amount` in at the bank and book as much at the broker, once."""
    platform.bank.deposit(Deposit("capital", CAPITAL_REFERENCE, amount, "issuer"))
    with platform.store.transaction() as unit:
        unit.post(
            (
                Transfer("capital:broker", accounts.BROKER_CASH, accounts.CAPITAL, amount.atoms, "capital"),
                Transfer("capital:bank", accounts.BANK, accounts.CAPITAL, amount.atoms, "capital"),
            )
        )


def buy_inventory(platform: Platform, key: str, symbol: str, shares: Shares) -> None:
    """Order whole shares for the issuer's own inventory, once for `key`. Raises `Refused("amount.whole")`."""
    if not shares or shares != shares.whole_down():
        raise Refused("amount.whole", f"inventory: {shares} was not a whole number of shares")
    with platform.store.transaction() as unit:
        stock = platform.stock(symbol)
        unit.use_once("inventory", key, str(shares))
        platform.books.record(unit, acquire(f"inv-{key}", stock, "inventory", shares))
