"""Read a deployed stock token on an EVM chain or on Solana, with types that do not mix.

`RawAmount` is what balances, pools and transfers count, `UiAmount` what people read, `Shares` what stands behind both; only a
multiplier converts, and each conversion says how it rounds. What a rule forbids is `Refused`, what cannot be read is
`Malformed`, and a node that does not answer is `Unavailable`.
"""

from openscrip.client.evm import EvmToken, evm_token
from openscrip.client.readings import Action, ActionState, MultiplierReading, Price, PricePerRaw, Reserve, Session
from openscrip.client.solana import SolanaToken, solana_token
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares, UiAmount

__all__ = [
    "Action",
    "ActionState",
    "EvmToken",
    "Malformed",
    "Money",
    "Multiplier",
    "MultiplierReading",
    "Price",
    "PricePerRaw",
    "PricePerShare",
    "RawAmount",
    "Refused",
    "Reserve",
    "Session",
    "Shares",
    "SolanaToken",
    "UiAmount",
    "Unavailable",
    "evm_token",
    "solana_token",
]
