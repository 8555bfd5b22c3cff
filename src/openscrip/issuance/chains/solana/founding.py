"""How a token comes into being on Solana: the multisig, the mint with its seven extensions, the metadata, the handover.

Every address follows from the issuer's key and a name (`CreateAccountWithSeed`), and each step looks first whether it
was done, so founding is repeated safely after a crash. The mint authority passes to the multisig in the same
transaction in which both keys prove that they can act for it: no proof, no handover.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountWithSeedParams, create_account_with_seed

from openscrip.issuance.chain import Attestor
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint, decode_multisig
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Cosignature, Envelope, Signer, compose, cosign, sign
from openscrip.issuance.chains.solana.events import TokenAddresses
from openscrip.issuance.chains.solana.extensions import MINT_SPACE, Extension, initialize_extensions
from openscrip.issuance.chains.solana.metadata import Metadata, initialize_metadata, update_field
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.chains.solana.token_program import (
    MULTISIG_SPACE,
    TOKEN_2022,
    Authority,
    AuthorityType,
    create_associated_account,
    initialize_mint,
    initialize_multisig,
    set_authority,
    transfer_checked,
)
from openscrip.kernel.errors import Refused, Unavailable, refuse_unless

DECIMALS = 8
MULTISIG_SEED = "openscrip/authority"
FOUNDING = "founding"
"""The purpose under which the attestor co-signs the proof and handover of a new token."""
_LAND_S, _POLL_S = 90.0, 0.02
_METADATA_HEADER = 4


@dataclass(frozen=True, slots=True)
class Listing:
    """What a new token says of itself: `symbol` is the token's (TSLAx), `isin` the share's."""

    symbol: str
    name: str
    isin: str
    uri: str = ""


class Founding:
    """Founds tokens for one pair of keys. The issuer pays; its account must hold lamports."""

    def __init__(self, cluster: Cluster, issuer: Signer, attestor_key: Pubkey, attestor: Attestor) -> None:
        self._cluster = cluster
        self._issuer = issuer
        self._attestor_key = attestor_key
        self._attestor = attestor
        self.multisig = seeded(issuer.pubkey(), MULTISIG_SEED)

    def address_of(self, symbol: str) -> Pubkey:
        """Where the mint of a token symbol stands, founded or not."""
        return seeded(self._issuer.pubkey(), f"openscrip/{symbol}")

    def found(self, listing: Listing) -> str:
        """The mint address of the token; founds whatever of it is missing.

        Raises `Refused("solana.founding")` when what stands at its address is not exactly this token.
        """
        self._found_multisig()
        mint = self.address_of(listing.symbol)
        token = TokenAddresses.of(mint, self.multisig)
        payer = self._issuer.pubkey()
        metadata = Metadata(payer, mint, listing.name, listing.symbol, listing.uri, (("isin", listing.isin),))
        if self._cluster.account(mint) is None:
            self._land(self._birth(listing.symbol, mint, metadata))
        if Extension.TOKEN_METADATA not in self._mint(mint).extensions:
            steps = [
                initialize_metadata(metadata, payer),
                update_field(mint, payer, "isin", listing.isin),
                create_associated_account(payer, self.multisig, mint),
            ]
            self._land(steps)
        if self._mint(mint).mint_authority == payer:
            self._land(self._handover(token), cosigned_for=listing.symbol)
        self._check(self._mint(mint), metadata)
        return str(mint)

    def _found_multisig(self) -> None:
        keys = (self._issuer.pubkey(), self._attestor_key)
        if self._cluster.account(self.multisig) is None:
            create = self._create(MULTISIG_SEED, MULTISIG_SPACE, self._cluster.rent(MULTISIG_SPACE))
            self._land([create, initialize_multisig(self.multisig, 2, keys)])
        multisig = decode_multisig(self._cluster.account(self.multisig) or b"")
        refuse_unless(
            multisig.needed == 2 and set(multisig.signers) == set(keys),
            "solana.founding",
            "founding: the multisig was not two of issuer and attestor",
        )

    def _birth(self, symbol: str, mint: Pubkey, metadata: Metadata) -> list[Instruction]:
        final_size = MINT_SPACE + _METADATA_HEADER + len(bytes(metadata))
        return [
            self._create(f"openscrip/{symbol}", MINT_SPACE, self._cluster.rent(final_size)),
            *initialize_extensions(mint, self.multisig),
            initialize_mint(mint, DECIMALS, self._issuer.pubkey(), self.multisig),
        ]

    def _handover(self, token: TokenAddresses) -> list[Instruction]:
        both = Authority(self.multisig, (self._issuer.pubkey(), self._attestor_key))
        return [
            transfer_checked(token.escrow, token.mint, token.escrow, both, 0, DECIMALS),
            set_authority(token.mint, AuthorityType.MINT, Authority(self._issuer.pubkey()), self.multisig),
        ]

    def _create(self, seed: str, space: int, lamports: int) -> Instruction:
        payer = self._issuer.pubkey()
        return create_account_with_seed(
            CreateAccountWithSeedParams(
                from_pubkey=payer,
                to_pubkey=seeded(payer, seed),
                base=payer,
                seed=seed,
                lamports=lamports,
                space=space,
                owner=TOKEN_2022,
            )
        )

    def _mint(self, mint: Pubkey) -> MintAccount:
        return decode_mint(self._cluster.account(mint) or b"")

    def _check(self, mint: MintAccount, metadata: Metadata) -> None:
        scaled = mint.scaled.authority
        authorities = {
            mint.mint_authority,
            mint.freeze_authority,
            mint.permanent_delegate,
            mint.pause_authority,
            scaled,
        }
        refuse_unless(
            authorities == {self.multisig} and mint.transfer_hook == (self.multisig, None),
            "solana.founding",
            f"founding: {metadata.symbol} was not commanded by the multisig alone",
        )
        refuse_unless(
            mint.decimals == DECIMALS and not mint.opens_frozen and mint.metadata == metadata,
            "solana.founding",
            f"founding: {metadata.symbol} was founded with other decimals, state or metadata",
        )

    def _land(self, instructions: Sequence[Instruction], cosigned_for: str = "") -> None:
        envelope = compose(self._issuer.pubkey(), instructions, self._cluster.lease())
        if cosigned_for:
            attest = self._attestor.attest_transaction
            envelope = cosign(
                envelope, self._attestor_key, lambda raw: Cosignature.read(attest(FOUNDING, cosigned_for, raw))
            )
        land(self._cluster, sign(envelope, self._issuer))


def seeded(base: Pubkey, seed: str) -> Pubkey:
    """The address that `base` alone can create an account at, under this seed."""
    return Pubkey.create_with_seed(base, seed, TOKEN_2022)


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
