"""The contracts (`*.vy`), their compiled artifacts, and the audited OpenZeppelin parts that they stand on.

`artifacts/` holds one JSON file a contract: ABI, creation code, compiler, EVM version, source hash and storage layout.
Whoever changes a `.vy` file runs `python -m openscrip.issuance.contracts.compile`; a test compiles again and compares.
"""
