"""What an investor's pages need of the chains, and of a paper run; the composition root brings both."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from openscrip.assets.compliance.identity import Outcome
from openscrip.assets.stock import Stock
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.history import Movement

Landing = Literal["unknown", "landed", "final", "failed"]
"""Of a transaction: not known (yet), in a block, in one that is never undone, refused by its chain."""


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """One chain as a person reads of it. `kind` is `evm` or `solana`; `number` the EIP-155 id, 0 on Solana."""

    name: str
    kind: str
    title: str
    number: int


@dataclass(frozen=True, slots=True)
class WalletCall:
    """One EVM transaction that a wallet is asked to send: the contract, the data in hex, and what it does."""

    to: str
    data: str
    words: str


@dataclass(frozen=True, slots=True)
class ToSign:
    """What the wallet `sender` is asked to sign, in order: EVM calls, or one unsigned Solana transaction in base64."""

    chain: ChainFacts
    sender: str
    words: str
    calls: tuple[WalletCall, ...] = ()
    transaction: str = ""

    def document(self) -> dict[str, object]:
        """As `pay.mjs` reads it."""
        calls = [{"to": each.to, "data": each.data, "words": each.words} for each in self.calls]
        return {
            "number": self.chain.number, "sender": self.sender, "words": self.words, "transaction": self.transaction,
            "calls": calls,
        }  # fmt: skip


class Rails(Protocol):
    """The chains as wallets use them. `Unavailable` from any method means that a chain did not answer."""

    def chains(self) -> Mapping[str, ChainFacts]:
        """Every chain by its name."""
        ...

    def tokens(self, stock: Stock, chain: str, wallet: str) -> RawAmount:
        """Raw tokens of a stock in a wallet. Raises `Refused("chain.unknown")`."""
        ...

    def coins(self, coin: Stablecoin, wallet: str) -> Money:
        """Stablecoins in a wallet."""
        ...

    def deposit(self, row: Subscription, coin: Stablecoin) -> ToSign:
        """Pay for a subscription: the exact amount, from its wallet to the treasury."""
        ...

    def escrow(self, row: Redemption, stock: Stock) -> ToSign:
        """Put the tokens of a redemption into escrow."""
        ...

    def transfer(self, stock: Stock, chain: str, wallet: str, receiver: str, raw: RawAmount) -> ToSign:
        """Send raw tokens of a stock to another wallet. Raises `Refused("chain.unknown")`, `Malformed("address.malformed")`."""
        ...

    def transfer_coins(self, coin: Stablecoin, wallet: str, receiver: str, amount: Money) -> ToSign:
        """Send stablecoins to another wallet. Raises `Malformed("address.malformed")`."""
        ...

    def landing(self, chain: str, tx_id: str) -> Landing:
        """What the chain says of a transaction. Raises `Malformed("chain.unknown")`."""
        ...

    def booked_at(self, transfers: Collection[str]) -> Mapping[str, int]:
        """When these transfers were booked in the ledger, by id; one that was not booked is not there."""
        ...

    def movements(self, accounts: Collection[str]) -> Mapping[str, Sequence[Movement]]:
        """What moved these accounts of the ledger, by account and oldest first."""
        ...

    def send(self, transaction: bytes) -> str:
        """Hand in a signed Solana transaction; its id. Raises `Refused` with the chain's reason, `Malformed`."""
        ...


class Practice(Protocol):
    """What is played in a paper run: wallets that are lent, a faucet, a bank, an identity provider, the market's clock."""

    def addresses(self, name: str) -> Mapping[str, str]:
        """The practice wallet of that name, made if it is not there: `evm` and `solana`."""
        ...

    def sign_evm(self, name: str, message: bytes) -> str:
        """An EIP-191 signature, in hex."""
        ...

    def send_evm(self, name: str, number: int, to: str, data: str, value_wei: int) -> str:
        """Sign and send a transaction on the chain with that id; its hash. Raises `Refused` with the contract's words."""
        ...

    def ask_evm(self, number: int, method: str, parameters: list[object]) -> object:
        """A harmless question to the chain's node, such as a receipt. Raises `Malformed("practice.method")`."""
        ...

    def sign_solana(self, name: str, message: bytes) -> bytes:
        """64 bytes."""
        ...

    def sign_solana_transaction(self, name: str, transaction: bytes) -> bytes:
        """The transaction with this wallet's signature. Raises `Refused("solana.not_authorised")`, `Malformed`."""
        ...

    def fund(self, chain: str, wallet: str, coins: Money) -> None:
        """Give a wallet what pays for transactions on a chain, and coins."""
        ...

    def pay(self, row: Subscription) -> None:
        """The client's bank sends the deposit, once."""
        ...

    def examine(self, subject: str, client: str, outcome: Outcome) -> None:
        """What the simulated identity provider found: its signed webhook goes to the platform's door."""
        ...

    def report(self) -> None:
        """Write the reserve report of this month, signed by issuer, custodians and auditor. Raises `Refused`."""
        ...

    def next_due(self) -> int | None:
        """When something happens by itself next, in accelerated time that stands."""
        ...

    def advance_to(self, at: int) -> None:
        """Move the market's clock towards `at`, as far as that goes in some seconds. Raises `Refused("clock.live")`."""
        ...
