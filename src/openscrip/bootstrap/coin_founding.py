"""A stablecoin of the local chains' own, the treasuries that take it."""

from collections.abc import Mapping

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from openscrip.bootstrap.coin_parts import CoinWiring, read_coins, treasurer_evm, write_coins
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import solana_key
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.treasury import deploy_dollar, deploy_treasury
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.treasury import found_dollar, found_treasury
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.runtime.keys import KeyKind, Keystore

ASSET = "tusd"
"""Test Dollar: worth nothing."""
MINTER, BANK = "paper-dollar", "paper-bank"
"""Whose keys lie among the wallets of the data folder: the coin's issuer, and the bank that converts it."""


def found_coins(
    places: Places, keys: Keystore, evm: EvmNode, solana: SolanaNode, watch_keys: Mapping[str, str]
) -> tuple[CoinWiring, ...]:
    """The coin and a treasury on both local chains, once for a data folder; what stands is found again."""
    known = {coin.chain: coin for coin in read_coins(places)}
    wallets = Keystore(places.wallets)
    for name in (MINTER, BANK):
        evm.fund(evm_account(wallets, name).address)
        solana.fund(str(solana_pair(wallets, name).pubkey()), 10)
    if "evm" not in known:
        known["evm"] = _on_evm(evm, keys, wallets, watch_keys["approver_evm"])
        write_coins(places, tuple(known.values()))
    if "solana" not in known:
        known["solana"] = _on_solana(solana, keys, wallets, watch_keys["approver_solana"])
        write_coins(places, tuple(known.values()))
    return tuple(known.values())


def _on_evm(evm: EvmNode, keys: Keystore, wallets: Keystore, approver: str) -> CoinWiring:
    rpc = JsonRpc(evm.url)
    try:
        node, minter = Node(rpc, evm.chain_id, Fees()), evm_account(wallets, MINTER)
        token = deploy_dollar(node, minter, minter.address)
        treasury = deploy_treasury(node, minter, treasurer_evm(keys).address, approver)
        return CoinWiring(ASSET, "evm", token, treasury, evm_account(wallets, BANK).address, approver)
    finally:
        rpc.close()


def _on_solana(solana: SolanaNode, keys: Keystore, wallets: Keystore, approver: str) -> CoinWiring:
    cluster = Cluster(solana.url)
    try:
        minter = solana_pair(wallets, MINTER)
        token = found_dollar(cluster, minter, minter.pubkey())
        treasurer = solana_key(keys, "treasury").pubkey()
        treasury = found_treasury(cluster, minter, treasurer, Pubkey.from_string(approver))
        return CoinWiring(ASSET, "solana", token, treasury, str(solana_pair(wallets, BANK).pubkey()), approver)
    finally:
        cluster.close()


def evm_account(wallets: Keystore, name: str) -> EvmAccount:
    """The EVM account of a name among the wallets."""
    return EvmAccount(wallets.ensure(f"{name}-evm", KeyKind.SECP256K1))


def solana_pair(wallets: Keystore, name: str) -> Keypair:
    """The Solana key of a name among the wallets."""
    return Keypair.from_seed(wallets.ensure(f"{name}-solana", KeyKind.ED25519).secret)
