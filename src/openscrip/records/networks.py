"""The chains that a stock's tokens live on, by the names that the rest of the world has for them."""

from collections.abc import Mapping
from dataclasses import dataclass

DECIMALS = {"solana": 8}
DECIMALS_EVM = 18


@dataclass(frozen=True, slots=True)
class Network:
    """One chain: our `name`, its CAIP-2 id, the decimals that a balance has there, and what people call it."""

    name: str
    caip2: str
    decimals: int
    title: str

    def caip10(self, address: str) -> str:
        """An address on this chain, unmistakable among all chains (CAIP-10)."""
        return f"{self.caip2}:{address}"


Networks = Mapping[str, Network]


def network_of(name: str, caip2: str) -> Network:
    """A chain by our name for it; Solana counts in 1e-8, EVM chains in 1e-18."""
    is_solana = caip2.startswith("solana:")
    title = "Solana" if name == "solana" else "Ethereum" if name == "evm" else name.replace("-", " ").replace("_", " ").title()
    return Network(name, caip2, DECIMALS["solana"] if is_solana else DECIMALS_EVM, title)
