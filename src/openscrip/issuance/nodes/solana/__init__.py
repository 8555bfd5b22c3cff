"""The embedded Solana node: LiteSVM, with the real Token-2022 program, behind Solana's JSON-RPC over HTTP.

Unmodified clients connect. Every accepted transaction, airdrop and clock step is in the log before it is answered;
a restart replays the log and stands where it stood.
Run `python -m openscrip.issuance.nodes.solana --port N --data DIR`.
Beyond Solana's own methods: `openscrip_setClock [utc seconds]`, `openscrip_getClock`, `openscrip_skipSlots [count]`.
"""
