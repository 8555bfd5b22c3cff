"""Transactions that several keys sign: the attestor first, after checking every byte itself; the issuer when it is sent.

A call's body, and what is stored and sent, is `last valid block height u64 (little endian) | transaction`. The height
is what makes "dead" provable: past it, a transaction that is not found can never land.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from solders.instruction import Instruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction

from openscrip.issuance.chain import Call, SignedCall
from openscrip.issuance.chains.solana.cluster import Lease
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.keys import MessageSigner

TRANSACTION_BYTES_MAX = 1232
_HEIGHT_LENGTH = 8


class SigningKey(MessageSigner, Protocol):
    """A key of ed25519: `runtime.keys.LocalKey`, or a signer process."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        ...


class Signer(Protocol):
    """A key that signs: solders' `Keypair`, or a signer process behind the same two methods."""

    def pubkey(self) -> Pubkey:
        """The public key."""
        ...

    def sign_message(self, message: bytes) -> Signature:
        """An ed25519 signature over `message`."""
        ...


class SolanaAccount:
    """The account of a key of ed25519, in memory or in a signer process."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._pubkey = Pubkey.from_bytes(key.public_key)

    def pubkey(self) -> Pubkey:
        """As `Signer.pubkey`."""
        return self._pubkey

    def sign_message(self, message: bytes) -> Signature:
        """As `Signer.sign_message`."""
        return Signature.from_bytes(self._key.sign_message(message))


@dataclass(frozen=True, slots=True)
class Envelope:
    """A transaction and the last block height at which it may land."""

    last_height: int
    transaction: Transaction

    def __bytes__(self) -> bytes:
        return self.last_height.to_bytes(_HEIGHT_LENGTH, "little") + bytes(self.transaction)

    @classmethod
    def read(cls, body: bytes) -> "Envelope":
        """From a call's body. Raises `Malformed("solana.envelope")`."""
        try:
            transaction = Transaction.from_bytes(body[_HEIGHT_LENGTH:])
        except ValueError:
            raise Malformed("solana.envelope", f"envelope: {len(body)} bytes were not a stored transaction") from None
        return cls(int.from_bytes(body[:_HEIGHT_LENGTH], "little"), transaction)

    @property
    def tx_id(self) -> str:
        """The fee payer's signature in base58, which names the transaction."""
        return str(self.transaction.signatures[0])


def compose(payer: Pubkey, instructions: Sequence[Instruction], lease: Lease) -> Envelope:
    """An unsigned transaction. Raises `Refused("solana.size")` above 1,232 bytes."""
    message = Message.new_with_blockhash(list(instructions), payer, lease.blockhash)
    envelope = Envelope(lease.last_height, Transaction.new_unsigned(message))
    size = len(bytes(envelope.transaction))
    if size > TRANSACTION_BYTES_MAX:
        raise Refused("solana.size", f"transaction: {size} bytes were more than {TRANSACTION_BYTES_MAX}")
    return envelope


def cosign(envelope: Envelope, attestor: Pubkey, signature: object) -> Envelope:
    """The envelope with the attestor's `signature` (base58).

    Raises `Refused("attestor.signature")` for anything but its signature of this very transaction.
    """
    try:
        found = Signature.from_string(str(signature))
    except ValueError:
        raise Refused("attestor.signature", f"attestor: {str(signature)[:100]!r} was not a signature") from None
    if not found.verify(attestor, bytes(envelope.transaction.message)):
        raise Refused("attestor.signature", "attestor: signature was not of this transaction")
    return _with_signature(envelope, attestor, found)


def sign(envelope: Envelope, *keys: Signer) -> Envelope:
    """The envelope with the signatures of `keys`."""
    for key in keys:
        envelope = _with_signature(envelope, key.pubkey(), key.sign_message(bytes(envelope.transaction.message)))
    return envelope


def signed_call(call: Call, issuer: Signer) -> SignedCall:
    """A call signed by the issuer, who pays the fee: ready to be stored, then sent."""
    envelope = sign(Envelope.read(call.body), issuer)
    return SignedCall(call.chain, envelope.tx_id, bytes(envelope))


def _with_signature(envelope: Envelope, key: Pubkey, signature: Signature) -> Envelope:
    message, signatures = envelope.transaction.message, list(envelope.transaction.signatures)
    signers = list(message.account_keys)[: message.header.num_required_signatures]
    if key not in signers:
        raise Refused("solana.not_authorised", f"transaction: {key} was not one of its signers")
    signatures[signers.index(key)] = signature
    return Envelope(envelope.last_height, Transaction.populate(message, signatures))
