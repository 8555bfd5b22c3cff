"""How a token comes into being on Solana, and before it the issuer behind it: the program's own account.

The program's deployer names the roles once (`found_program`) and hands the program's upgrade authority to the program's
own account, which only the timelock moves. A token: the mint with its seven extensions, each commanded by the program's
stock account from birth; the metadata while the issuer's key may still write them; then, in one transaction, the mint
authority goes to the stock account and the program opens it, for which issuer, attestor and the mint's own key sign.
Every address follows from the issuer's key, the program and a name, and each step looks first whether it was done, so
founding is repeated safely after a crash. After `open` the mint's own key has no power.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

from openscrip.issuance.chain import Attestor
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Envelope, Signer, compose, cosign, sign
from openscrip.issuance.chains.solana.extensions import MINT_SPACE, Extension, initialize_extensions
from openscrip.issuance.chains.solana.metadata import Metadata, initialize_metadata, update_field
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import IssuerAccount, StockAccount
from openscrip.issuance.chains.solana.program_parts import LOADER, Role
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.chains.solana.token_program import (
    TOKEN_2022,
    Authority,
    AuthorityType,
    create_associated_account,
    initialize_mint,
    set_authority,
)
from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

DECIMALS = 8
DELAY_S = 86_400
"""How long what the timelock holds waits."""
FEED_AGE_S_MAX = 3_600
"""How old a reserve report may be for a mint."""
FOUNDING = "founding"
"""The purpose under which the attestor co-signs the handover and opening of a new token."""
_LAND_S, _POLL_S = 90.0, 0.02
_METADATA_HEADER = 4
_SET_AUTHORITY = b"\x04\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class SolanaRoles:
    """Which keys hold which power. The timelock holds back what issuer and attestor queue for `delay_s` seconds."""

    issuer: Role
    attestor: Role
    corporate_action: Role
    guardian: Pubkey
    delay_s: int = DELAY_S

    @classmethod
    def single(cls, issuer: Pubkey, attestor: Pubkey, corporate_action: Pubkey, guardian: Pubkey) -> "SolanaRoles":
        """One key a role."""
        return cls(Role.of(1, issuer), Role.of(1, attestor), Role.of(1, corporate_action), guardian)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a new token says of itself and how it starts: `symbol` is the token's (TSLAx), `isin` the share's.

    `supply`, `day` and `arrival_hour` are its caps; a reserve report backs mints for `age_s_max` seconds.
    """

    symbol: str
    name: str
    isin: str
    uri: str = ""
    epoch: int = 0
    multiplier: Multiplier = Multiplier.one()
    supply: RawAmount = RawAmount.parse("100000000")
    day: RawAmount = RawAmount.parse("10000000")
    arrival_hour: RawAmount = RawAmount.parse("1000000")
    age_s_max: int = FEED_AGE_S_MAX


def found_program(cluster: Cluster, program: Program, deployer: Signer, roles: SolanaRoles) -> None:
    """Name the roles once and give the program's upgrade authority to its own account; harmless when it was done.

    The deployer is the program's upgrade authority and pays. Raises `Refused("solana.founding")` when the program was
    founded for other roles or when somebody else may upgrade it.
    """
    data = cluster.account(program.issuer())
    if data is None:
        found = program.found(
            payer=deployer.pubkey(),
            guardian=roles.guardian,
            delay_s=roles.delay_s,
            roles=(roles.issuer, roles.attestor, roles.corporate_action),
            signers=[deployer.pubkey()],
        )
        _land(cluster, [found], deployer)
        data = cluster.account(program.issuer()) or b""
    stands = IssuerAccount.read(data)
    same = (roles.issuer, roles.attestor, roles.corporate_action, roles.guardian) == (
        stands.issuer, stands.attestor, stands.corporate_action, stands.guardian,
    )  # fmt: skip
    refuse_unless(
        same or stands.signer_epoch > 1, "solana.founding", f"founding: {program.program_id} was founded for other roles"
    )
    authority = upgrade_authority(cluster, program)
    if authority == deployer.pubkey():
        _land(cluster, [_hand_over(program, deployer.pubkey())], deployer)
        authority = upgrade_authority(cluster, program)
    refuse_unless(
        authority in (program.issuer(), None),
        "solana.founding",
        f"founding: {authority} may upgrade {program.program_id}, not the program's own account",
    )


def upgrade_authority(cluster: Cluster, program: Program) -> Pubkey | None:
    """Who may replace the program's code, None for nobody: `3 u32 | slot u64 | option u8 | k` in the program's data account.

    Raises `Refused("solana.program")` when no upgradeable program stands there.
    """
    data = cluster.account(program.program_data())
    if data is None or data[:4] != b"\x03\x00\x00\x00" or len(data) < 45:
        raise Refused("solana.program", f"solana: {program.program_id} was not an upgradeable program")
    return Pubkey(data[13:45]) if data[12] else None


class Founding:
    """Founds tokens of one issuer. The issuer pays; its account must hold lamports."""

    def __init__(self, cluster: Cluster, program: Program, issuer: Signer, attestor_key: Pubkey, attestor: Attestor) -> None:
        self._cluster = cluster
        self._program = program
        self._issuer = issuer
        self._attestor_key = attestor_key
        self._attestor = attestor

    def mint_key(self, symbol: str) -> Keypair:
        """The key of a token symbol's mint: from the issuer's signature under its name, so that it is found again.

        The first byte keeps what is signed from being a transaction's message.
        """
        name = b"\xffopenscrip mint\n" + bytes(self._program.program_id) + symbol.encode()
        return Keypair.from_seed(hashlib.sha256(bytes(self._issuer.sign_message(name))).digest())

    def address_of(self, symbol: str) -> Pubkey:
        """Where the mint of a token symbol stands, founded or not."""
        return self.mint_key(symbol).pubkey()

    def found(self, listing: Listing) -> str:
        """The mint address of the token; founds whatever of it is missing.

        Raises `Refused("solana.founding")` when what stands at its address is not exactly this token.
        """
        key, payer = self.mint_key(listing.symbol), self._issuer.pubkey()
        mint, stock = key.pubkey(), self._program.stock(key.pubkey())
        metadata = Metadata(payer, mint, listing.name, listing.symbol, listing.uri, (("isin", listing.isin),))
        if self._cluster.account(mint) is None:
            _land(self._cluster, self._birth(mint, stock, metadata), self._issuer, key)
        if Extension.TOKEN_METADATA not in self._mint(mint).extensions:
            steps = [
                initialize_metadata(metadata, payer),
                update_field(mint, payer, "isin", listing.isin),
                create_associated_account(payer, stock, mint),
            ]
            _land(self._cluster, steps, self._issuer)
        if self._mint(mint).mint_authority == payer:
            self._open(listing, key)
        self._check(mint, metadata)
        return str(mint)

    def _birth(self, mint: Pubkey, stock: Pubkey, metadata: Metadata) -> list[Instruction]:
        payer = self._issuer.pubkey()
        final_size = MINT_SPACE + _METADATA_HEADER + len(bytes(metadata))
        create = CreateAccountParams(
            from_pubkey=payer,
            to_pubkey=mint,
            lamports=self._cluster.rent(final_size),
            space=MINT_SPACE,
            owner=TOKEN_2022,
        )
        return [
            create_account(create),
            *initialize_extensions(mint, stock),
            initialize_mint(mint, DECIMALS, payer, stock),
        ]

    def _open(self, listing: Listing, key: Keypair) -> None:
        payer, mint = self._issuer.pubkey(), key.pubkey()
        steps = [
            set_authority(mint, AuthorityType.MINT, Authority(payer), self._program.stock(mint)),
            self._program.open(
                payer=payer,
                mint=mint,
                supply_cap=listing.supply.grains,
                day_cap=listing.day.grains,
                hour_cap=listing.arrival_hour.grains,
                age_s_max=listing.age_s_max,
                multiplier=listing.multiplier.value,
                f64=int.from_bytes(listing.multiplier.to_f64_bytes(), "little"),
                epoch=listing.epoch,
                version=listing.multiplier.version,
                signers=[payer, self._attestor_key],
            ),
        ]
        envelope = compose(payer, steps, self._cluster.lease())
        answer = self._attestor.attest_transaction(FOUNDING, listing.symbol, bytes(envelope.transaction))
        envelope = cosign(envelope, self._attestor_key, answer["signature"])
        land(self._cluster, sign(envelope, key, self._issuer))

    def _mint(self, mint: Pubkey) -> MintAccount:
        return decode_mint(self._cluster.account(mint) or b"")

    def _check(self, address: Pubkey, metadata: Metadata) -> None:
        mint, stock = self._mint(address), self._program.stock(address)
        commanded = {
            mint.mint_authority,
            mint.freeze_authority,
            mint.permanent_delegate,
            mint.pause_authority,
            mint.scaled.authority,
        }
        refuse_unless(
            commanded == {stock} and mint.transfer_hook == (stock, None),
            "solana.founding",
            f"founding: {metadata.symbol} was not commanded by the program alone",
        )
        refuse_unless(
            mint.decimals == DECIMALS and not mint.opens_frozen and mint.metadata == metadata,
            "solana.founding",
            f"founding: {metadata.symbol} was founded with other decimals, state or metadata",
        )
        try:
            opened = StockAccount.read(self._cluster.account(stock) or b"")
        except Malformed:
            raise Refused("solana.founding", f"founding: {metadata.symbol} was not opened by the program") from None
        refuse_unless(
            (opened.mint, opened.escrow) == (address, self._program.escrow_account(address)),
            "solana.founding",
            f"founding: {metadata.symbol} was opened with another escrow account",
        )


def land(cluster: Cluster, envelope: Envelope) -> str:
    """Send and wait until it is final; the transaction id.

    Raises `Refused` with the chain's reason, and `Unavailable` when it can no longer land.
    """
    cluster.send(bytes(envelope.transaction), preflight=True)
    give_up_at = time.monotonic() + _LAND_S
    while time.monotonic() < give_up_at:
        height, (status,) = cluster.landings([envelope.tx_id])
        if status is not None and status["confirmationStatus"] == "finalized":
            if status["err"] is not None:
                failure = Failure.of(status["err"])
                raise Refused(failure.code, failure.text)
            return envelope.tx_id
        if status is None and height > envelope.last_height:
            break
        time.sleep(_POLL_S)
    raise Unavailable(f"solana: transaction {envelope.tx_id} did not become final")


def _land(cluster: Cluster, steps: Sequence[Instruction], payer: Signer, *others: Signer) -> None:
    land(cluster, sign(compose(payer.pubkey(), steps, cluster.lease()), *others, payer))


def _hand_over(program: Program, deployer: Pubkey) -> Instruction:
    """SetAuthority of the loader: `4 u32`; program data[w], authority[s], the new one: the program's own account."""
    accounts = [
        AccountMeta(program.program_data(), is_signer=False, is_writable=True),
        AccountMeta(deployer, is_signer=True, is_writable=False),
        AccountMeta(program.issuer(), is_signer=False, is_writable=False),
    ]
    return Instruction(LOADER, _SET_AUTHORITY, accounts)
