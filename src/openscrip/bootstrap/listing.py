"""Listing a stock: its token on every chain, its line in the watch's configuration, its row in the books."""

from dataclasses import replace

from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.entities import entities_of
from openscrip.assets.listings import daily_closes, products_of
from openscrip.assets.products import product_in
from openscrip.assets.stock import Stock
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.places import write_wiring
from openscrip.bootstrap.platform import Platform, evm_signer
from openscrip.bootstrap.stack import write_watch_config
from openscrip.issuance.chains.evm.deployment import ListedToken, list_token
from openscrip.issuance.chains.evm.registry import read_stocks
from openscrip.issuance.chains.solana.founding import Listing
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.instrument import Instrument
from openscrip.kernel.multiplier import Multiplier


def list_stock(platform: Platform, symbol: str) -> tuple[Platform, Stock]:
    """List `symbol` on every chain, once; the platform that is returned knows its feed.

    Raises `Malformed("symbol.unknown")` for a symbol without facts and `Refused("price.missing")` without a close.
    """
    with platform.store.view() as view:
        known = view.row(Stock, symbol)
    if known is not None:
        return platform, known
    product, now = product_in(products_of(platform.settings.products.file), symbol), platform.clock.now()
    entities_of(platform.settings.entities.file).check((symbol,))
    found, price = product.instrument, daily_closes().on(symbol, new_york_date(now)) or product.price
    if price is None:
        text = f"listing: {symbol} had no close on or before {new_york_date(now)}; give it price_usd in the file of products"
        raise Refused("price.missing", text)
    epoch = platform.keeping.newest(found.isin).epoch
    refuse_unless(epoch == 0, "listing.epoch", f"listing: custody counts {symbol} at epoch {epoch}; only 0 is supported here")
    wiring = platform.wiring
    evms = {name: _on_evm(platform, name, found, epoch) for name in platform.evm_nodes}
    mint = platform.solana.token_address(found.token_symbol)
    line = {
        "isin": found.isin,
        "account": SEGREGATED_ACCOUNT,
        **{name: {"token": each.token, "feed": each.feed} for name, each in evms.items()},
        "solana": {"mint": mint},
        "epoch": epoch,
    }
    if wiring.more_custodians:
        line["accounts"] = {name: each.account for name, each in wiring.more_custodians.items()}
    write_watch_config(platform.places, wiring, platform.keys, {symbol: line})
    platform.solana.list_token(Listing(found.token_symbol, f"{found.name} (Openscrip)", found.isin))
    wiring = replace(wiring, feeds={**wiring.feeds, symbol: evms["evm"].feed})
    write_wiring(platform.places, wiring)
    tokens = (*((name, each.token) for name, each in evms.items()), ("solana", mint))
    row = Stock(
        symbol, found.isin, SEGREGATED_ACCOUNT, found.token_symbol, tokens, epoch=epoch, chain_epoch=epoch, price=price,
        withheld=product.withheld, kind=found.kind, matures_on=product.bond.matures_on if product.bond else None,
    )  # fmt: skip
    with platform.store.transaction() as unit:
        unit.put(row)
        platform.news.listed(unit, symbol, now)
    return replace(platform, wiring=wiring), row


def _on_evm(platform: Platform, name: str, found: Instrument, epoch: int) -> ListedToken:
    """The stock through the registry, with the lister's key; what a crash left behind its listing is found again."""
    node, contracts = platform.evm_nodes[name], platform.wiring.evm_chains[name].contracts
    for stock in read_stocks(node, contracts.registry):
        if stock.isin == found.isin:
            return ListedToken(stock.token, stock.reserve_feed, stock.price_feed)
    lister = evm_signer(platform.keys, "lister")
    return list_token(node, lister, contracts, found, node_modules(), epoch=epoch, multiplier=Multiplier.one())
