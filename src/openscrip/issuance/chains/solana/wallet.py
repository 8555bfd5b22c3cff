"""A holder's wallet: what anybody may do with tokens of their own. Fees are paid by the wallet, in lamports."""

from collections.abc import Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.accounts import decode_token_account
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Signer, compose, sign
from openscrip.issuance.chains.solana.founding import DECIMALS, land
from openscrip.issuance.chains.solana.memo import RedeemMemo, memo_instruction
from openscrip.issuance.chains.solana.token_program import (
    Authority,
    associated_account,
    create_associated_account,
    transfer_checked,
)
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.quantities import RawAmount


class SolanaWallet:
    """One key on one cluster. Every act returns its transaction id once it is final.

    Raises `Refused` with the chain's reason (`solana.paused`, `solana.frozen`, `solana.insufficient`, ...).
    """

    def __init__(self, cluster: Cluster, key: Signer) -> None:
        self._cluster = cluster
        self._key = key

    @property
    def address(self) -> str:
        """The wallet's public key."""
        return str(self._key.pubkey())

    def balance(self, token: str) -> RawAmount:
        """What the wallet's associated account holds."""
        return balance_of(self._cluster, token, self.address)

    def open_account(self, token: str) -> str:
        """Open the wallet's associated account for a token; harmless when it is open."""
        me = self._key.pubkey()
        return self._send([create_associated_account(me, me, Pubkey.from_string(token))])

    def transfer(self, token: str, receiver: str, raw: RawAmount) -> str:
        """Send tokens to another wallet, opening its associated account when it has none."""
        me, mint, to = self._key.pubkey(), Pubkey.from_string(token), Pubkey.from_string(receiver)
        return self._send([create_associated_account(me, to, mint), self._move(mint, to, raw)])

    def redeem(self, token: str, multisig: str, request_id: str, raw: RawAmount, kind: RedemptionKind) -> str:
        """Put tokens into the issuer's escrow for a redemption request."""
        mint, to = Pubkey.from_string(token), Pubkey.from_string(multisig)
        memo = memo_instruction(RedeemMemo(chain_hash(request_id), kind))
        return self._send([self._move(mint, to, raw), memo])

    def _move(self, mint: Pubkey, to: Pubkey, raw: RawAmount) -> Instruction:
        me = self._key.pubkey()
        source, destination = associated_account(me, mint), associated_account(to, mint)
        return transfer_checked(source, mint, destination, Authority(me), raw.grains, DECIMALS)

    def _send(self, instructions: Sequence[Instruction]) -> str:
        envelope = compose(self._key.pubkey(), instructions, self._cluster.lease())
        return land(self._cluster, sign(envelope, self._key))


def balance_of(cluster: Cluster, token: str, wallet: str) -> RawAmount:
    """What a wallet's associated account of a token holds; zero when it has none."""
    data = cluster.account(associated_account(Pubkey.from_string(wallet), Pubkey.from_string(token)))
    return RawAmount.from_grains(decode_token_account(data).amount if data else 0)
