"""Kraken's WebSocket v2: public and private connections, their channels, and trading over the socket."""
