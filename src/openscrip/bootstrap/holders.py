"""`openscrip holders`: a snapshot of a token's holders out of the index of a data folder, whether or not anything runs."""

from pathlib import Path

from openscrip.assets.accounts import CHART
from openscrip.assets.stock import Stock
from openscrip.bootstrap.platform import REGISTERED
from openscrip.bootstrap.reconciling import index_url
from openscrip.issuance.indexer.store import Holders, IndexStore
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.database import open_database
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore


def holders_of(settings: Settings, token: str, chain: str, block: int | None) -> Holders:
    """Who held `token`, a symbol or an address, on `chain` at the end of `block`, or at the last block that was read.

    Raises `Refused("index.missing")` where nothing was indexed, `Malformed("token.unknown")`, and `Refused("index.behind")`.
    """
    url = index_url(settings)
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        raise Refused("index.missing", f"index: nothing was read in {settings.data}; run `openscrip up`")
    index = IndexStore.open(url)
    try:
        followed = {cursor.token.lower(): cursor.token for name, cursor in index.deployments() if name == chain}
        named = followed.get(_address(settings, token, chain).lower())
        if named is None:
            raise Malformed("token.unknown", f"token: {token!a:.80} was not followed on {chain!a:.20}")
        return index.holders(chain, named, block)
    finally:
        index.close()


def _address(settings: Settings, token: str, chain: str) -> str:
    """The address of a stock's or a token's symbol on a chain; anything else is taken for an address."""
    store = SqlStore(open_database(settings.database_url), CHART, REGISTERED)
    try:
        with store.view() as view:
            stocks = [stock for stock in view.rows(Stock) if token.lower() in (stock.id.lower(), stock.token_symbol.lower())]
    finally:
        store.close()
    return dict(stocks[0].tokens).get(chain, "") if stocks else token
