"""EIP-1559 transactions: encoded, signed, read again."""

from dataclasses import dataclass

import rlp  # type: ignore[import-untyped]  # rlp ships no types
from eth_utils.crypto import keccak

from openscrip.issuance.chains.evm.signing import Signer

_TYPE = b"\x02"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call of `to` (empty: a contract's creation) with `data`, that may burn `gas`."""

    to: str
    data: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class Fees:
    """What an EVM transaction may pay for its gas, in wei."""

    max_fee_wei: int = 2 * 10**9
    priority_fee_wei: int = 0


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that a node accepts, and the hash it knows them by."""

    tx_id: str
    raw: bytes


def sign_transaction(transaction: Transaction, signer: Signer, nonce: int, chain_id: int, fees: Fees) -> SignedTransaction:
    """Sign with every field given: nothing is asked of a node."""
    to = bytes.fromhex(transaction.to.removeprefix("0x"))
    fields = [
        chain_id, nonce, fees.priority_fee_wei, fees.max_fee_wei, transaction.gas, to, 0, transaction.data, [],
    ]  # fmt: skip
    signature = signer.sign_digest(keccak(_TYPE + rlp.encode(fields)))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    raw = _TYPE + rlp.encode([*fields, signature[64] - 27, r, s])
    return SignedTransaction("0x" + keccak(raw).hex(), raw)


def nonce_of(raw: bytes) -> int:
    """The nonce in a signed transaction."""
    fields: list[bytes] = rlp.decode(raw[1:])
    return int.from_bytes(fields[1])
