"""Transactions that two keys sign: the attestor first, after decoding the message itself; the issuer when it is sent.

A call's body, and what is stored and sent, is `last valid block height u64 (little endian) | transaction`. The height
is what makes "dead" provable: past it, a transaction that is not found can never land.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
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

TRANSACTION_BYTES_MAX = 1232
_HEIGHT_LENGTH = 8


class Signer(Protocol):
    """A key that signs: solders' `Keypair`, or a signer process behind the same two methods."""

    def pubkey(self) -> Pubkey:
        """The public key."""
        ...

    def sign_message(self, message: bytes) -> Signature:
        """An ed25519 signature over `message`."""
        ...


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


@dataclass(frozen=True, slots=True)
class Cosignature:
    """The attestor's signature in base58; over `transaction` when it signed one for the same purpose before."""

    signature: str
    transaction: bytes | None = None

    @classmethod
    def read(cls, answer: Mapping[str, object]) -> "Cosignature":
        """From the attestor's answer: `signature`, and `transaction` in base64 where it names an earlier one."""
        earlier = answer.get("transaction")
        return cls(str(answer["signature"]), b64decode(str(earlier)) if earlier else None)


def compose(payer: Pubkey, instructions: Sequence[Instruction], lease: Lease) -> Envelope:
    """An unsigned transaction. Raises `Refused("solana.size")` above 1,232 bytes."""
    message = Message.new_with_blockhash(list(instructions), payer, lease.blockhash)
    envelope = Envelope(lease.last_height, Transaction.new_unsigned(message))
    size = len(bytes(envelope.transaction))
    if size > TRANSACTION_BYTES_MAX:
        raise Refused("solana.size", f"transaction: {size} bytes were more than {TRANSACTION_BYTES_MAX}")
    return envelope


def cosign(envelope: Envelope, attestor: Pubkey, ask: Callable[[bytes], Cosignature]) -> Envelope:
    """The envelope with the signature that `ask` obtains for its transaction.

    When the attestor names an earlier transaction that does the very same and may still land, that one is taken, so
    that a crash between its signature and our record never leaves two that could both land. Its last height is then
    taken too late rather than too early. Raises `Refused("attestor.signature")` for any other answer.
    """
    answer = ask(bytes(envelope.transaction))
    if answer.transaction is not None:
        envelope = Envelope(envelope.last_height, _same_but_earlier(answer.transaction, envelope.transaction))
    try:
        signature = Signature.from_string(answer.signature)
    except ValueError:
        raise Refused("attestor.signature", f"attestor: {answer.signature[:100]!r} was not a signature") from None
    if not signature.verify(attestor, bytes(envelope.transaction.message)):
        raise Refused("attestor.signature", "attestor: signature was not of this transaction")
    return _with_signature(envelope, attestor, signature)


def sign(envelope: Envelope, key: Signer) -> Envelope:
    """The envelope with `key`'s signature."""
    return _with_signature(envelope, key.pubkey(), key.sign_message(bytes(envelope.transaction.message)))


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


def _same_but_earlier(raw: bytes, ours: Transaction) -> Transaction:
    try:
        earlier = Transaction.from_bytes(raw)
    except ValueError:
        raise Refused("attestor.signature", "attestor: the earlier transaction was not readable") from None
    then, now = earlier.message, ours.message
    if (then.header, then.account_keys, then.instructions) != (now.header, now.account_keys, now.instructions):
        raise Refused("attestor.signature", "attestor: the earlier transaction was another one")
    return Transaction.new_unsigned(then)
