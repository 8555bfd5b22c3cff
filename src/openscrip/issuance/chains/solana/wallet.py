"""A holder's wallet: what anybody may do with tokens of their own. Fees are paid by the wallet, in lamports."""

from collections.abc import Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.accounts import decode_token_account
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Signer, compose, sign
from openscrip.issuance.chains.solana.founding import DECIMALS, land
from openscrip.issuance.chains.solana.program import Program
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

    Raises `Refused` with the chain's reason (`solana.paused`, `solana.frozen`, `solana.insufficient`, the program's, ...).
    """

    def __init__(self, cluster: Cluster, program: Program, key: Signer) -> None:
        self._cluster = cluster
        self._program = program
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
        source, destination = associated_account(me, mint), associated_account(to, mint)
        move = transfer_checked(source, mint, destination, Authority(me), raw.grains, DECIMALS)
        return self._send([create_associated_account(me, to, mint), move])

    def redeem(self, token: str, request_id: str, raw: RawAmount, kind: RedemptionKind) -> str:
        """Put tokens into the program's escrow for a redemption request, under an id that is this wallet's own."""
        me, mint = self._key.pubkey(), Pubkey.from_string(token)
        step = self._program.escrow(
            payer=me,
            mint=mint,
            holder=me,
            source=associated_account(me, mint),
            kind=kind,
            raw=raw.grains,
            request=chain_hash(request_id),
        )
        return self._send([step])

    def depart(self, token: str, raw: RawAmount, destination: str, receiver: str, request_id: str) -> str:
        """Burn tokens here, to be minted at `destination` (its CAIP-2 name) for `receiver` (32 bytes in hex)."""
        me, mint = self._key.pubkey(), Pubkey.from_string(token)
        step = self._program.depart(
            payer=me,
            mint=mint,
            holder=me,
            source=associated_account(me, mint),
            raw=raw.grains,
            request=chain_hash(request_id),
            destination=chain_hash(f"chain:{destination}"),
            receiver=bytes.fromhex(receiver),
        )
        return self._send([step])

    def _send(self, instructions: Sequence[Instruction]) -> str:
        envelope = compose(self._key.pubkey(), instructions, self._cluster.lease())
        return land(self._cluster, sign(envelope, self._key))


def balance_of(cluster: Cluster, token: str, wallet: str) -> RawAmount:
    """What a wallet's associated account of a token holds; zero when it has none."""
    data = cluster.account(associated_account(Pubkey.from_string(wallet), Pubkey.from_string(token)))
    return RawAmount.from_grains(decode_token_account(data).amount if data else 0)
