"""Paper investors: clients whose wallets lie in the data folder, so that a demonstration can act for them."""

from dataclasses import dataclass

from solders.keypair import Keypair

from openscrip.assets.compliance.persons import Person
from openscrip.assets.custodians.paper_bank import Deposit
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.stack import Stack
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.onboarding import take_on
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, Keystore


@dataclass(frozen=True, slots=True)
class Investor:
    """A client with one wallet on each chain."""

    id: str
    evm: EvmWallet
    solana: SolanaWallet

    def address(self, chain: str) -> str:
        """The wallet's address on a chain."""
        return self.evm.address if chain == "evm" else self.solana.address


def onboard(platform: Platform, stack: Stack, person: Person) -> Investor:
    """Make the wallets if they are not there, fund them with fuel, and enter the client with both as attested."""
    keys = Keystore(platform.places.wallets)
    keys.ensure(f"{person.id}-evm", KeyKind.SECP256K1)
    keys.ensure(f"{person.id}-solana", KeyKind.ED25519)
    investor = investor_of(platform, person.id)
    stack.evm.fund(investor.evm.address)
    stack.solana.fund(investor.solana.address, 10)
    enter(platform, person, {"evm": investor.evm.address, "solana": investor.solana.address})
    return investor


def investor_of(platform: Platform, client: str) -> Investor:
    """A client whose wallets were made here before. Raises `Refused("key.missing")`."""
    keys = Keystore(platform.places.wallets)
    account = EvmAccount(keys.load(f"{client}-evm", KeyKind.SECP256K1))
    pair = Keypair.from_seed(keys.load(f"{client}-solana", KeyKind.ED25519).secret)
    evm = EvmWallet(platform.evm_node, platform.wiring.contracts, account)
    return Investor(client, evm, SolanaWallet(platform.solana.cluster, platform.solana.program, pair))


def enter(platform: Platform, person: Person, wallets: dict[str, str]) -> None:
    """Enter a client and the wallets that they signed for into the books."""
    with platform.store.transaction() as unit:
        take_on(unit, person, wallets, platform.clock.now())


def pay(platform: Platform, subscription: Subscription) -> None:
    """The client's own bank sends the deposit of a subscription, once."""
    paid = Deposit(f"{subscription.id}:paid", subscription.id, subscription.deposit, subscription.person)
    platform.custodian.deposit(paid)


def put_into_escrow(platform: Platform, investor: Investor, redemption: Redemption) -> str:
    """The holder's wallet puts the tokens of a redemption into escrow; the transaction's id."""
    token = platform.stock(redemption.stock).token(redemption.chain)
    if redemption.chain == "evm":
        return investor.evm.escrow(token, redemption.raw, redemption.kind, redemption.id)
    return investor.solana.redeem(token, redemption.id, redemption.raw, redemption.kind)


def send(platform: Platform, investor: Investor, chain: str, symbol: str, receiver: str, raw: RawAmount) -> str:
    """A transfer between wallets; the transaction's id."""
    token = platform.stock(symbol).token(chain)
    if chain == "evm":
        return investor.evm.transfer(token, receiver, raw)
    return investor.solana.transfer(token, receiver, raw)
