"""The keeper: it trades the difference between the venue's price and what the issuer pays or asks for a token.

Below the redemption value it buys at the venue and redeems; above the price of a subscription it sells at the venue and
subscribes. Whoever runs one keeps the token near its shares' value. `decision` decides and knows no network, `keeper` acts.
"""

from openscrip.client.arbitrage.decision import Limits
from openscrip.client.arbitrage.keeper import Keeper
from openscrip.client.arbitrage.primary import HttpPrimary, Primary

__all__ = ["HttpPrimary", "Keeper", "Limits", "Primary"]
