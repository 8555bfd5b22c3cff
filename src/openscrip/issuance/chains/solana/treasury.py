"""The treasury of a Solana cluster: a multisig of two keys that owns the coins; and what a wallet does with a stablecoin.

A payout takes the signatures of both keys, and leaves a mark: an account derived from the treasurer's key and the payout's
id, one byte long. It can be made once and only by the treasurer, so a payout whose mark stands cannot land again.
"""

import hashlib
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import (
    AllocateWithSeedParams,
    CreateAccountParams,
    TransferParams,
    allocate_with_seed,
    create_account,
    transfer,
)

from openscrip.issuance.chain import Call
from openscrip.issuance.chains.solana.accounts import decode_token_account
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Signer, compose, cosign, sign
from openscrip.issuance.chains.solana.founding import land
from openscrip.issuance.chains.solana.token_program import (
    MULTISIG_SPACE,
    SYSTEM,
    TOKEN_2022,
    Authority,
    associated_account,
    create_associated_account,
    initialize_mint,
    mint_to_checked,
    transfer_checked,
)
from openscrip.issuance.coins import Payout, PayoutApprover
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount

COIN_DECIMALS = 6
TOKEN_DECIMALS = 8
MARK_SPACE = 1
_MINT_SPACE = 82


@dataclass(frozen=True, slots=True)
class Both:
    """A multisig as the owner of an account: it signs by its members."""

    account: Pubkey
    members: tuple[Pubkey, ...]

    def metas(self) -> list[AccountMeta]:
        """The multisig and, behind it, who signs."""
        owner = AccountMeta(self.account, is_signer=False, is_writable=False)
        return [owner, *(AccountMeta(each, is_signer=True, is_writable=False) for each in self.members)]


class SolanaTreasury:
    """`issuance.coins.Treasury` on a Solana cluster. Holds the treasurer's key; the approver signs elsewhere."""

    def __init__(
        self, cluster: Cluster, multisig: str, payer: Pubkey, treasurer: Signer, approver_key: str, approver: PayoutApprover,
        *, name: str = "solana",
    ) -> None:  # fmt: skip
        self.name = name
        self.address = multisig
        self._cluster = cluster
        self._payer = payer
        self._treasurer = treasurer
        self._approver_key = Pubkey.from_string(approver_key)
        self._approver = approver
        self._owner = Both(Pubkey.from_string(multisig), (treasurer.pubkey(), self._approver_key))

    def balance(self, token: str) -> Money:
        """Coins in the treasury, final."""
        return coins_of(self._cluster, token, self.address)

    def prepare_payout(self, payout: Payout) -> tuple[Call, ...]:
        """One call that pays. Raises `Refused("treasury.payout_was_made_before")`, and `treasury.short` without the coins."""
        mark = mark_of(self._treasurer.pubkey(), payout.id)
        if self._cluster.account(mark):
            raise Refused("treasury.payout_was_made_before", f"treasury: payout {payout.id} was made before")
        there, (wanted, decimals) = self.balance(payout.token).atoms, _units(payout.amount)
        if there < wanted:
            text = f"treasury: {payout.amount} {payout.asset} were to be paid for {payout.id}, "
            raise Refused("treasury.short", text + f"{format_decimal(there, decimals)} were there; bring more")
        rent, treasurer = self._cluster.rent(MARK_SPACE), self._treasurer.pubkey()
        steps = payout_steps(payout, self._payer, self._owner, treasurer, rent)
        envelope = sign(compose(self._payer, steps, self._cluster.lease()), self._treasurer)
        signature = self._approver.approve_payout(payout, bytes(envelope.transaction))
        envelope = cosign(envelope, self._approver_key, signature)
        label = f"pay {payout.amount} {payout.asset} to {payout.to} for {payout.id}"
        return (Call(self.name, label, bytes(envelope)),)

    def prepare_void(self, payment_id: str, reference: str) -> tuple[Call, ...]:
        """As `VoidingTreasury.prepare_void`: a transaction that was refused or outlived its blockhash is dead by itself."""
        if self._cluster.account(mark_of(self._treasurer.pubkey(), payment_id)):
            raise Refused("treasury.payout_was_made_before", f"treasury: payout {payment_id} was made before, for {reference}")
        return ()


def payout_steps(payout: Payout, payer: Pubkey, owner: Both, treasurer: Pubkey, rent: int) -> list[Instruction]:
    """What a payout does, and nothing else: leave the mark, open the receiver's account, pay."""
    mint, receiver, mark = Pubkey.from_string(payout.token), Pubkey.from_string(payout.to), mark_of(treasurer, payout.id)
    marked = AllocateWithSeedParams(address=mark, base=treasurer, seed=seed_of(payout.id), space=MARK_SPACE, owner=SYSTEM)
    source, destination = associated_account(owner.account, mint), associated_account(receiver, mint)
    accounts = transfer_checked(source, mint, destination, Authority(payer), *_units(payout.amount))
    paid = Instruction(TOKEN_2022, accounts.data, [*accounts.accounts[:3], *owner.metas()])
    return [
        transfer(TransferParams(from_pubkey=payer, to_pubkey=mark, lamports=rent)),
        allocate_with_seed(marked),
        create_associated_account(payer, receiver, mint),
        paid,
    ]


def _units(amount: Money | RawAmount) -> tuple[int, int]:
    """What the mint counts, and its decimals: a coin has 6 of them, a stock token 8."""
    return (amount.grains, TOKEN_DECIMALS) if isinstance(amount, RawAmount) else (amount.atoms, COIN_DECIMALS)


def seed_of(payout_id: str) -> str:
    """Half of the id's SHA-256, in the 32 characters that a seed may have."""
    return hashlib.sha256(payout_id.encode()).hexdigest()[:32]


def mark_of(treasurer: Pubkey, payout_id: str) -> Pubkey:
    """Where the mark of a payout stands."""
    return Pubkey.create_with_seed(treasurer, seed_of(payout_id), SYSTEM)


def coins_of(cluster: Cluster, token: str, wallet: str) -> Money:
    """What a wallet's associated account of a coin holds; zero when it has none."""
    data = cluster.account(associated_account(Pubkey.from_string(wallet), Pubkey.from_string(token)))
    return Money(decode_token_account(data).amount if data else 0)


class SolanaCoins:
    """What one key does with stablecoins."""

    def __init__(self, cluster: Cluster, key: Signer) -> None:
        self._cluster = cluster
        self._key = key

    def balance(self, token: str) -> Money:
        """What the wallet has."""
        return coins_of(self._cluster, token, str(self._key.pubkey()))

    def send(self, token: str, receiver: str, amount: Money) -> str:
        """A transfer; the transaction's id once it is final. Raises `Refused` with the chain's reason."""
        me, mint, to = self._key.pubkey(), Pubkey.from_string(token), Pubkey.from_string(receiver)
        source, destination = associated_account(me, mint), associated_account(to, mint)
        move = transfer_checked(source, mint, destination, Authority(me), amount.atoms, COIN_DECIMALS)
        return self._act([create_associated_account(me, to, mint), move])

    def mint(self, token: str, receiver: str, amount: Money) -> str:
        """New coins of the local cluster's own, by their minter."""
        me, mint, to = self._key.pubkey(), Pubkey.from_string(token), Pubkey.from_string(receiver)
        made = mint_to_checked(mint, associated_account(to, mint), Authority(me), amount.atoms, COIN_DECIMALS)
        return self._act([create_associated_account(me, to, mint), made])

    def _act(self, steps: list[Instruction]) -> str:
        return land(self._cluster, sign(compose(self._key.pubkey(), steps, self._cluster.lease()), self._key))


def found_treasury(cluster: Cluster, payer: Signer, treasurer: Pubkey, approver: Pubkey) -> str:
    """A multisig of these two keys, both needed; its address.

    InitializeMultisig2: `19, m u8`; multisig[w], members.
    """
    multisig = Keypair()
    accounts = [AccountMeta(multisig.pubkey(), is_signer=False, is_writable=True)]
    accounts += [AccountMeta(each, is_signer=False, is_writable=False) for each in (treasurer, approver)]
    _create(cluster, payer, multisig, MULTISIG_SPACE, Instruction(TOKEN_2022, bytes([19, 2]), accounts))
    return str(multisig.pubkey())


def found_dollar(cluster: Cluster, payer: Signer, minter: Pubkey) -> str:
    """The local cluster's own stablecoin, a Token-2022 mint with 6 decimals; its address."""
    mint = Keypair()
    _create(cluster, payer, mint, _MINT_SPACE, initialize_mint(mint.pubkey(), COIN_DECIMALS, minter, minter))
    return str(mint.pubkey())


def _create(cluster: Cluster, payer: Signer, account: Keypair, space: int, initialise: Instruction) -> None:
    made = CreateAccountParams(
        from_pubkey=payer.pubkey(), to_pubkey=account.pubkey(), lamports=cluster.rent(space), space=space, owner=TOKEN_2022
    )
    steps = [create_account(made), initialise]
    land(cluster, sign(compose(payer.pubkey(), steps, cluster.lease()), account, payer))
