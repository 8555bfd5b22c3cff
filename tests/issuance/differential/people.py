"""Who takes part on both chains, by name, and how everything stands before a history."""

import hashlib
from functools import cache

from solders.keypair import Keypair
from tests.issuance.contracts.stage import START, key

from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.voucher import chain_hash

HOLDERS = ("alice", "bob", "carol")
ISSUER, ATTESTOR, CORPORATE_ACTION = 1, 2, 3
SETS = {
    ISSUER: (("issuer one", "issuer two", "issuer three"), 2),
    ATTESTOR: (("attestor one", "attestor two"), 1),
    CORPORATE_ACTION: (("actions one", "actions two"), 1),
}
"""Members and threshold of each role."""
GUARDIAN, STRANGER = "guardian", "stranger"
BEGIN = START + 86_400
"""The first second of every history."""
AGE_S_MAX = 3_600
TOKENS = 10**8
"""Grains in a token."""
CAPS = (250 * TOKENS, 200 * TOKENS, 50 * TOKENS)
HELD = {"alice": 60 * TOKENS, "bob": 30 * TOKENS, "carol": 0}
SHARES = 400 * 10**9
THERE, ELSEWHERE = chain_hash("chain:eip155:8453"), chain_hash("chain:eip155:1")
LANE = (20 * TOKENS, 900)
"""Cap an hour and life of the lane that leads to `THERE`."""


@cache
def evm_key(name: str) -> EvmAccount:
    """Somebody's key on EVM."""
    return key(name)


@cache
def solana_key(name: str) -> Keypair:
    """Somebody's key on Solana."""
    return Keypair.from_seed(hashlib.sha256(name.encode()).digest())
