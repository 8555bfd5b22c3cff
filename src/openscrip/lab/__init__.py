"""Stress of the real domain code: the same decisions, ledger rules and worker under a seeded, hostile world."""
