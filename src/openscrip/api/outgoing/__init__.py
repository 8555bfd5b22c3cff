"""Webhooks to integrators: registered by a key, signed, sent at least once, tried again with growing waits, to a limit."""
