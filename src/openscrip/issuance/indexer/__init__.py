"""Who holds what, on every chain: transfers, holders and supply of each deployment, at any block.

`movements` is the pure core, `store` keeps what was read, `reading` is the port of a chain's history with its readers
`evm` and `solana`, and `indexer` moves blocks from one to the other. To add a chain: implement `History` and hand it over
in `bootstrap`.
"""
