"""What a client holds: the raw tokens of their wallets by the index, and the shares that these stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.assets.stock import Stock
from openscrip.issuance.clients import ClientWallet
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.networks import Network, Networks
from openscrip.records.prices import Price, price_of
from openscrip.runtime.store import View

WALLETS_MAX = 50


class Balances(Protocol):
    """What the index knows of balances."""

    def held_by(self, holders: Sequence[str]) -> Mapping[tuple[str, str, str], RawAmount]:
        """The balances of these addresses by (chain, token, holder), in one question."""
        ...


@dataclass(frozen=True, slots=True)
class Holding:
    """Raw tokens of one stock in one wallet, and the shares that they claim, rounded down."""

    stock: str
    token_symbol: str
    network: Network
    wallet: str
    raw: RawAmount
    multiplier: Multiplier
    shares_down: Shares
    price: Price

    @property
    def value_micros_down(self) -> int | None:
        """Dollars in 1e-6 at the price shown, rounded down; None where no price is known."""
        return None if self.price.value is None else self.price.value.proceeds_down(self.shares_down).atoms


def wallets_of(view: View, person: str) -> list[ClientWallet]:
    """The wallets that a client has signed for, newest first: one question."""
    return list(view.page(ClientWallet, person=person, limit=WALLETS_MAX).rows)


def holdings(view: View, person: str, now: int, networks: Networks, balances: Balances) -> list[Holding]:
    """Every balance of a client, by stock and chain: three questions."""
    wallets = wallets_of(view, person)
    listed = view.rows(Stock)
    place = {(chain, token): stock for stock in listed for chain, token in stock.tokens}
    spelled = {(each.wallet.chain, each.wallet.address.lower()): each.wallet.address for each in wallets}
    names = sorted({text for each in wallets for text in (each.wallet.address, each.wallet.address.lower())})
    found: list[Holding] = []
    for (chain, token, holder), raw in balances.held_by(names).items():
        stock, wallet = place.get((chain, token)), spelled.get((chain, holder.lower()))
        if stock is None or wallet is None or not raw or chain not in networks:
            continue
        shares = stock.multiplier.to_shares_down(raw)
        price = price_of(stock, stock.multiplier, now)
        found.append(Holding(stock.id, stock.token_symbol, networks[chain], wallet, raw, stock.multiplier, shares, price))
    return sorted(found, key=lambda each: (each.stock, each.network.name, each.wallet))
