"""EVM chains: our contracts behind the port `issuance.chain`, spoken to by plain JSON-RPC.

`EvmChain` is the port; `deployment` puts the contracts on a chain and lists stocks; `wallet` acts for a holder;
`governance` is the timelock's part. All signatures are made here, low-s, by libsecp256k1.
"""
