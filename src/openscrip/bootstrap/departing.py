"""A holder's departure with a key that lies on this machine: signed here, sent to the chain, known to nobody before."""

from collections.abc import Mapping
from typing import Self

from solders.keypair import Keypair

from openscrip.bootstrap.places import Places, read_wiring
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.runtime.settings import Settings


class Holder:
    """The wallets of a client whose keys lie in the data folder. Close it, or use it as a context."""

    def __init__(self, settings: Settings, client: str) -> None:
        self._places = Places(settings.data)
        self._client = client
        self._wiring = read_wiring(self._places)
        self._opened: list[JsonRpc | Cluster] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._opened:
            each.close()

    def address(self, chain: str) -> str:
        """The wallet's address on a chain. Raises `Refused("key.missing")`, and `crossing.source` for no chain of ours."""
        return self._wallet(chain).address

    def depart(self, chain: str, way: Mapping[str, str], raw: RawAmount, request_id: str) -> str:
        """Leave `chain` by a way as `POST /v1/crossings/way` told it; the transaction's id. Raises the chain's refusal."""
        return self._wallet(chain).depart(way["token"], raw, way["destination"], way["receiver"], request_id)

    def _wallet(self, chain: str) -> EvmWallet | SolanaWallet:
        keys = Keystore(self._places.wallets)
        if not is_evm(chain):
            pair = Keypair.from_seed(keys.load(f"{self._client}-solana", KeyKind.ED25519).secret)
            cluster = Cluster(self._wiring.solana_rpc)
            self._opened.append(cluster)
            return SolanaWallet(cluster, local_program(), pair)
        at = self._wiring.evm_chains.get(chain)
        if at is None:
            raise Refused("crossing.source", f"crossing: {chain:.40} is no chain of this platform")
        account = EvmAccount(keys.load(f"{self._client}-evm", KeyKind.SECP256K1))
        rpc = JsonRpc(at.rpc)
        self._opened.append(rpc)
        return EvmWallet(Node(rpc, at.chain_id, Fees()), at.contracts, account)
