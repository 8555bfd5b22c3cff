"""Solana: the real Token-2022 with seven extensions, commanded by our own program (`issuance/programs`).

`adapter` is the port; `founding` brings program and tokens into being; `governance` stops and undoes; `wallet` is for
holders. `program`, `program_operations`, `token_program`, `extensions` and `metadata` encode, `program_accounts`,
`accounts`, `landed` and `events` decode, byte for byte.
"""
