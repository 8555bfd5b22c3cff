"""FIX 4.2: a session of our own. Pure core, thin edges.

`codec` reads and writes bytes, `dictionary` says what a message must hold, `session` is the state machine, which has no
clock and no socket; `store` makes its counters and messages durable, `connection` runs it over TCP, and `orders` are the
application's messages as types. Nothing here knows what an order is for.
"""
