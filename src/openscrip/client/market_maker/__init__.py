"""A market maker: it quotes both sides around a reference price, and hedges at a broker what is traded with it.

An ordinary client of the venue that others may copy: `quoting` and `hedging` decide and know no network, `hedge_desk` keeps
what must survive a crash, and `running` speaks to the venue.
"""

from openscrip.client.market_maker.hedge_desk import HedgeDesk
from openscrip.client.market_maker.quoting import Terms
from openscrip.client.market_maker.reference import Reference, ReferenceSource
from openscrip.client.market_maker.running import MarketMaker

__all__ = ["HedgeDesk", "MarketMaker", "Reference", "ReferenceSource", "Terms"]
