"""The embedded EVM chain: anvil, and a thin face before it that loses nothing it has answered.

Every block carries the market time that was last pushed, or the wall clock when live; time never goes back.
Run `openscrip evm-node --port N --data DIR`. Beyond Ethereum's own methods: `openscrip_setClock [utc seconds]`,
`openscrip_getClock`, `openscrip_rest [true or false]`.
"""

from openscrip.issuance.nodes.evm.anvil import ANVIL
from openscrip.issuance.nodes.evm.process import EvmNode

__all__ = ["ANVIL", "EvmNode"]
