"""Adapters of the tokenisation network port (`assets/network`): Alpaca's Instant Tokenization Network, and a paper one.

To add one: implement `TokenizationNetwork`, name it in `bootstrap`, and run `tests/conformance/test_network.py` on it.
"""
