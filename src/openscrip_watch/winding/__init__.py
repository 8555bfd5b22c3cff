"""Winding down without the issuer: who is owed how many shares, from chains, custodians and the published multiplier.

`balances` reads who holds what on each chain, `looking` looks through pools and venues to who stands behind them,
`entitlement` is the arithmetic, `wind_down` puts it together and writes the payment lists. To add a pool or venue: write a
`Resolver` in `looking.py` and name it in `RESOLVERS`.
"""
