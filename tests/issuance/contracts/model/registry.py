"""Every stock, and how a new one comes with all that it needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.issuance.contracts.model.feed import Feed
from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.price import Price
from tests.issuance.contracts.model.reasons import Block, Reasons
from tests.issuance.contracts.model.signers import LISTER, Signers
from tests.issuance.contracts.model.token import Token

from openscrip.kernel.multiplier import MULTIPLIER_MAX, MULTIPLIER_MIN, Multiplier

COUNT_MAX = 2**32


class Listing(NamedTuple):
    """As the contract reads it; caps in raw atoms."""

    isin: str
    name: str
    symbol: str
    epoch: int
    multiplier: int
    version: int
    terms: str
    supply_cap: int
    day_cap: int
    arrival_cap: int


class Stock(NamedTuple):
    """A listed stock's contracts."""

    isin: str
    symbol: str
    token: str
    feed: str
    price: str


@dataclass
class Registry:
    """Stocks in order of listing, and their tokens elsewhere. `places` says where a stock's contracts will stand."""

    at: str
    admin: str
    feed_age_s_max: int
    policy: Policy
    signers: Signers
    issuer: Issuer
    block: Block
    places: Callable[[str], tuple[str, str, str]]
    window: Callable[[str], tuple[int, int, bool]]
    stocks: list[Stock] = field(default_factory=list)
    prices: dict[str, Price] = field(default_factory=dict)
    elsewhere: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def open(self, caller: str) -> Reasons:
        """Once, by the admin: it is open already."""
        reasons = Reasons()
        reasons.unless(caller == self.admin, "registry: caller was not the admin")
        reasons.append("registry: was open")
        return reasons

    def list_stock(self, caller: str, new: Listing) -> Reasons:
        """By the lister: once for an ISIN, with sound terms and limits."""
        reasons = Reasons()
        reasons.unless(self.signers.has_role(caller, LISTER), "registry: caller was not the lister")
        reasons.unless(new.isin not in {stock.isin for stock in self.stocks}, "registry: stock was listed")
        reasons.unless(len(new.isin) == 12 and bool(new.name and new.symbol), "token: identity was incomplete")
        reasons.unless(MULTIPLIER_MIN <= new.multiplier <= MULTIPLIER_MAX, "token: multiplier was out of bounds")
        counted = max(new.epoch, new.version) <= COUNT_MAX
        reasons.unless(counted, "token: epoch or version was out of bounds")
        if reasons:
            return reasons
        at, feed_at, price_at = self.places(new.isin)
        token = Token(
            at, new.isin, new.name, new.symbol, self.block, self.policy, self.issuer.at, self.issuer.actions,
            Multiplier(new.multiplier, new.version), new.epoch, new.terms,
        )  # fmt: skip
        feed = Feed(feed_at, at, self.issuer.at, self.signers, self.block, self.feed_age_s_max)
        caps = (new.supply_cap, new.day_cap, new.arrival_cap)
        reasons.needs(self.issuer.register(self.at, token, feed, caps))
        if not reasons:
            self.prices[at] = Price(price_at, token, self.policy, self.signers, self.block, self.window)
            self.stocks.append(Stock(new.isin, new.symbol, at, feed_at, price_at))
        return reasons

    def add_deployment(self, caller: str, isin: str, network: str, account: str) -> Reasons:
        """By the owner: once for a chain."""
        reasons = Reasons()
        reasons.unless(caller == self.policy.owner, "registry: caller was not the owner")
        reasons.unless(isin in {stock.isin for stock in self.stocks}, "registry: stock was not listed")
        reasons.unless(bool(network and account), "registry: deployment was incomplete")
        known = [each for each, _ in self.elsewhere.get(isin, [])]
        reasons.unless(network not in known, "registry: chain was added")
        if not reasons:
            self.elsewhere.setdefault(isin, []).append((network, account))
        return reasons
