# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The tokens of this issuer, each with the feed of its reserve, for good
@license Apache-2.0
"""

import IReserveFeed


event TokenRegistered:
    token: indexed(address)
    feed: indexed(address)


# --- the feed of each token; zero for a token that is not ours ---
feed_of: public(HashMap[address, address])


@internal
def _register(token: address, feed: address):
    assert self.feed_of[token] == empty(address), "issuer: token was registered"
    assert staticcall IReserveFeed(feed).token() == token, "issuer: feed was for another token"
    assert staticcall IReserveFeed(feed).issuer() == self, "issuer: feed was for another issuer"
    self.feed_of[token] = feed
    log TokenRegistered(token=token, feed=feed)


@internal
@view
def _refuse_unless_registered(token: address):
    assert self.feed_of[token] != empty(address), "issuer: token was not registered"
