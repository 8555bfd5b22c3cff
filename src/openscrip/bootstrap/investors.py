"""Paper investors: clients whose wallets lie in the data folder, so that a demonstration can act for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from solders.keypair import Keypair

from openscrip.assets.compliance.persons import Person
from openscrip.assets.paper import Deposit
from openscrip.bootstrap.coin_faucet import pay_in_coins
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.stack import Stack
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, Keystore


@dataclass(frozen=True, slots=True)
class Investor:
    """A client with one wallet on each chain. `more` are those on the EVM chains beside the first, of the same key."""

    id: str
    evm: EvmWallet
    solana: SolanaWallet
    more: Mapping[str, EvmWallet] = field(default_factory=dict)

    def on(self, chain: str) -> EvmWallet | SolanaWallet:
        """The wallet on a chain."""
        return self.solana if chain == "solana" else self.on_evm(chain)

    def on_evm(self, chain: str) -> EvmWallet:
        """The wallet on an EVM chain."""
        return self.more.get(chain, self.evm)

    def address(self, chain: str) -> str:
        """The wallet's address on a chain."""
        return self.on(chain).address


def onboard(platform: Platform, stack: Stack, person: Person) -> Investor:
    """Make the wallets if they are not there, fund them with fuel, and enter the client with both as attested."""
    keys = Keystore(platform.places.wallets)
    keys.ensure(f"{person.id}-evm", KeyKind.SECP256K1)
    keys.ensure(f"{person.id}-solana", KeyKind.ED25519)
    investor = investor_of(platform, person.id)
    for evm in stack.evms.values():
        evm.fund(investor.evm.address)
    stack.solana.fund(investor.solana.address, 10)
    enter(platform, person, {chain: investor.address(chain) for chain in platform.chains})
    return investor


def investor_of(platform: Platform, client: str) -> Investor:
    """A client whose wallets were made here before. Raises `Refused("key.missing")`."""
    keys = Keystore(platform.places.wallets)
    account = EvmAccount(keys.load(f"{client}-evm", KeyKind.SECP256K1))
    pair = Keypair.from_seed(keys.load(f"{client}-solana", KeyKind.ED25519).secret)
    wallets = {
        name: EvmWallet(platform.evm_nodes[name], at.contracts, account) for name, at in platform.wiring.evm_chains.items()
    }
    solana = SolanaWallet(platform.solana.cluster, platform.solana.program, pair)
    return Investor(client, wallets.pop("evm"), solana, wallets)


def enter(platform: Platform, person: Person, wallets: dict[str, str]) -> None:
    """Enter a client and the wallets that they signed for into the books."""
    with platform.store.transaction() as unit:
        platform.compliance.take_on(unit, person, wallets)


def pay(platform: Platform, subscription: Subscription) -> None:
    """The client's own bank sends the deposit of a subscription, once; or their wallet sends it in coins."""
    if subscription.in_coins:
        pay_in_coins(platform, subscription.person, subscription.pay_chain, subscription.deposit)
        return
    paid = Deposit(f"{subscription.id}:paid", subscription.id, subscription.deposit, subscription.person)
    platform.bank.deposit(paid)


def put_into_escrow(platform: Platform, investor: Investor, redemption: Redemption) -> str:
    """The holder's wallet puts the tokens of a redemption into escrow; the transaction's id."""
    token = platform.stock(redemption.stock).token(redemption.chain)
    if is_evm(redemption.chain):
        return investor.on_evm(redemption.chain).escrow(token, redemption.raw, redemption.kind, redemption.id)
    return investor.solana.redeem(token, redemption.id, redemption.raw, redemption.kind)


def send(platform: Platform, investor: Investor, chain: str, symbol: str, receiver: str, raw: RawAmount) -> str:
    """A transfer between wallets; the transaction's id."""
    token = platform.stock(symbol).token(chain)
    return investor.on(chain).transfer(token, receiver, raw)


def cross(
    platform: Platform,
    investor: Investor,
    symbol: str,
    source: str,
    destination: str,
    raw: RawAmount,
    request_id: str,
    receiver: str = "",
) -> str:
    """A holder sends tokens to another chain, to `receiver` or their own wallet there; the transaction's id.

    Raises `Refused` for a way that would be refused, before anything is burned.
    """
    stock, there = platform.stock(symbol), receiver or investor.address(destination)
    word = platform.crossings.route(stock, source, destination, investor.address(source), there)
    name = platform.chains[destination].caip2()
    return investor.on(source).depart(stock.token(source), raw, name, word, request_id)
