"""The faucet of the local chains' own coin, and what paper clients and the paper bank do with it."""

from openscrip.bootstrap.coin_founding import BANK, MINTER, evm_account, solana_pair
from openscrip.bootstrap.coin_parts import CoinWiring
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.chains.evm.treasury import EvmCoins
from openscrip.issuance.chains.solana.treasury import SolanaCoins
from openscrip.issuance.conversion import Conversion
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.runtime.keys import Keystore


def coin_on(platform: Platform, chain: str) -> CoinWiring:
    """The coin of a chain. Raises `Refused("funding.unknown")`."""
    found = next((coin for coin in platform.coins.coins if coin.chain == chain), None)
    if found is None:
        raise Refused("funding.unknown", f"funding: no stablecoin was registered on {chain!a:.20}")
    return found


def drip(platform: Platform, chain: str, receiver: str, amount: Money) -> str:
    """The faucet: new coins for a wallet; the transaction's id."""
    return _coins(platform, chain, MINTER).mint(coin_on(platform, chain).token, receiver, amount)


def send_coins(platform: Platform, chain: str, client: str, receiver: str, amount: Money) -> str:
    """A paper client, or the paper bank, sends coins from the wallet in the data folder; the transaction's id."""
    return _coins(platform, chain, client).send(coin_on(platform, chain).token, receiver, amount)


def coins_held(platform: Platform, chain: str, client: str) -> Money:
    """What the wallet of a paper client holds."""
    return _coins(platform, chain, client).balance(coin_on(platform, chain).token)


def _coins(platform: Platform, chain: str, name: str) -> EvmCoins | SolanaCoins:
    wallets = Keystore(platform.places.wallets)
    if chain == "solana":
        return SolanaCoins(platform.solana.cluster, solana_pair(wallets, name))
    return EvmCoins(platform.evm_nodes[chain], evm_account(wallets, name))


def pay_in_coins(platform: Platform, client: str, chain: str, amount: Money) -> str:
    """A paper client sends a deposit to the treasury, out of the faucet; the transaction's id."""
    coin = coin_on(platform, chain)
    receiver = evm_account(Keystore(platform.places.wallets), client).address if chain != "solana" else ""
    wallet = receiver or str(solana_pair(Keystore(platform.places.wallets), client).pubkey())
    drip(platform, chain, wallet, amount)
    return send_coins(platform, chain, client, coin.treasury, amount)


def deliver_bank_coins(platform: Platform) -> int:
    """The paper bank sends what conversions wait for: coins that it sold, or that it gives back; how many it sent."""
    with platform.store.view() as view:
        waiting = [row for state in ("arriving", "returning") for row in view.rows(Conversion, state=state)]
    for row in waiting:
        coin = coin_on(platform, row.chain)
        drip(platform, row.chain, coin.bank, row.got)
        send_coins(platform, row.chain, BANK, coin.treasury, row.got)
    return len(waiting)
