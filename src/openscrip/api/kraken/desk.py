"""The native desk: plain orders from the bytes of a request to those of its answer, for both interfaces (see decision 0046)."""

from types import ModuleType

from openscrip.api.kraken.counters import CANCEL_COSTS, PLACE, Counter, Tier
from openscrip.api.kraken.errors import TEXTS
from openscrip.api.kraken.socket.session import Speaker
from openscrip.markets.instruments import Instrument
from openscrip.markets.native import built_module

desk: ModuleType | None = built_module()
"""None where it was not built, and then everything goes the general way."""
if desk:
    desk.set_desk(Speaker, Tier, Counter, Instrument, PLACE, CANCEL_COSTS, TEXTS["order.unknown"])
