"""Stopping at once, and undoing slowly: the guardian's acts, and what issuer and attestor queue and a day later is done."""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chain import Attestor
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Signer, compose, cosign, sign
from openscrip.issuance.chains.solana.founding import land
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_parts import Operation, Scope
from openscrip.issuance.chains.solana.token_program import associated_account
from openscrip.kernel.quantities import RawAmount

QUEUE = "queue"
"""The purpose under which the attestor co-signs an operation; the operation's hash in hex is the request."""
ALL_SCOPES = Scope.TRANSFERS | Scope.PRIMARY | Scope.BRIDGE


class SolanaGuardian:
    """The guardian's key: stops at once, alone, and can undo nothing. It pays its own fees.

    Each act returns the transaction id, or raises `Refused` with the program's words.
    """

    def __init__(self, cluster: Cluster, program: Program, key: Signer) -> None:
        self._cluster = cluster
        self._program = program
        self._key = key

    def pause(self, token: str, scope: int = ALL_SCOPES) -> str:
        """Stop a token's transfers, the issuer's mints, or the lanes; exits stay open."""
        return self._act(self._program.pause(mint=_mint(token), scope=scope, signers=[self._key.pubkey()]))

    def freeze(self, token: str, wallet: str, reason: int) -> str:
        """Let a wallet's associated account move nothing of one token from now on."""
        account = associated_account(Pubkey.from_string(wallet), _mint(token))
        signers = [self._key.pubkey()]
        return self._act(self._program.freeze(mint=_mint(token), account=account, reason=reason, signers=signers))

    def lower_limits(self, token: str, supply: RawAmount, day: RawAmount, arrival_hour: RawAmount) -> str:
        """Let less be minted from now on."""
        step = self._program.lower_limits(
            mint=_mint(token),
            supply_cap=supply.grains,
            day_cap=day.grains,
            hour_cap=arrival_hour.grains,
            signers=[self._key.pubkey()],
        )
        return self._act(step)

    def lower_lane(self, token: str, destination: bytes, hour_cap: RawAmount) -> str:
        """Let less depart to one chain in an hour; `destination` is the 32 bytes that name it."""
        step = self._program.lower_lane(
            mint=_mint(token), destination=destination, hour_cap=hour_cap.grains, signers=[self._key.pubkey()]
        )
        return self._act(step)

    def call_off(self, operation: Operation) -> str:
        """Take a waiting operation back. The same may be queued again."""
        return self._act(self._program.call_off(operation_hash=operation.hash, signers=[self._key.pubkey()]))

    def _act(self, step: Instruction) -> str:
        envelope = compose(self._key.pubkey(), [step], self._cluster.lease())
        return land(self._cluster, sign(envelope, self._key))


class SolanaTimelock:
    """Issuer and attestor queue an operation, the delay passes on the cluster's clock, the issuer executes it.

    Operations are built by `program_operations`. Raises `Refused` with the program's words or the attestor's rule.
    """

    def __init__(self, cluster: Cluster, program: Program, issuer: Signer, attestor_key: str, attestor: Attestor) -> None:
        self._cluster = cluster
        self._program = program
        self._issuer = issuer
        self._attestor_key = Pubkey.from_string(attestor_key)
        self._attestor = attestor

    def propose(self, operation: Operation) -> str:
        """Start the wait. Returns the transaction id."""
        payer = self._issuer.pubkey()
        step = self._program.queue(payer=payer, operation_hash=operation.hash, signers=[payer, self._attestor_key])
        envelope = compose(payer, [step], self._cluster.lease())
        answer = self._attestor.attest_transaction(QUEUE, operation.hash.hex(), bytes(envelope.transaction))
        return land(self._cluster, sign(cosign(envelope, self._attestor_key, answer["signature"]), self._issuer))

    def execute(self, operation: Operation) -> str:
        """Do it after the wait. Returns the transaction id."""
        payer = self._issuer.pubkey()
        step = self._program.execute(payer=payer, operation=operation, signers=[payer])
        return land(self._cluster, sign(compose(payer, [step], self._cluster.lease()), self._issuer))


def _mint(token: str) -> Pubkey:
    return Pubkey.from_string(token)
