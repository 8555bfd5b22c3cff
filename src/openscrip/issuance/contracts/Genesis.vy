# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Genesis: the first implementation of every chain's beacon, for ever
@license Apache-2.0
@notice The beacon's address follows from its creation code and its constructor's arguments. The real implementation has
        another address on each chain; this one, which does nothing, has the same on all. So the beacon has, and every token
        behind it.
"""

# says what stands here; no proxy can be made on it: it answers no initialiser
title: public(constant(String[32])) = "Openscrip genesis"
