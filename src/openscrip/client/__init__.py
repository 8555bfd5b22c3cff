"""Read a deployed stock token on an EVM chain or on Solana, with types that do not mix raw amounts and shares."""

from openscrip.client.evm import EvmToken, evm_token
from openscrip.client.readings import Action, MultiplierReading, Price, Reserve
from openscrip.client.solana import SolanaToken, solana_token

__all__ = ["Action", "EvmToken", "MultiplierReading", "Price", "Reserve", "SolanaToken", "evm_token", "solana_token"]
