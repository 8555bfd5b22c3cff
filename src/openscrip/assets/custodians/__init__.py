"""Custodian adapters, strangers to each other: each implements `openscrip.assets.custody.Custodian`.

To add one: a module of the custodian's name here, a line in `bootstrap.py`, and the custodian suite in
`tests/conformance/`.
"""
