"""Broker adapters, strangers to each other: each implements `openscrip.assets.broker.Broker`.

To add one: a module of the broker's name here, a line in `bootstrap.py`, and the broker suite in `tests/conformance/`.
"""
