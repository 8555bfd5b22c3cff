"""The faucet of the embedded node: play money from a key that everybody knows. It exists on this node only."""

import hashlib

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

FAUCET = Keypair.from_seed(hashlib.sha256(b"openscrip embedded node faucet").digest())
FAUCET_LAMPORTS = 10**17
_MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


def airdrop_note(number: int) -> Instruction:
    """A memo that makes the airdrop's signature its own."""
    return Instruction(_MEMO, f"airdrop {number}".encode(), [])
