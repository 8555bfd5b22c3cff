"""Solana: the real Token-2022 program with seven extensions, commanded by a multisig of issuer and attestor.

`adapter` is the port; `founding` brings a token into being; `wallet` is for holders; `token_program`, `extensions`,
`metadata`, `memo` encode, `accounts` and `events` decode, byte for byte.
"""
