"""Adapters of the bank port.

To add one: implement `openscrip.assets.bank.Bank`, name it in `bootstrap`, and run `tests/conformance/test_bank.py` on it.
"""
