"""Signing in with a wallet: EIP-4361 on EVM chains, its counterpart on Solana, both written by us and never read back.

The text is made here, sent out, and what comes back must be a signature over exactly these bytes. So there is no parser, and
nothing that a wallet or a page adds, leaves out or spells otherwise counts.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.assets.compliance.ownership import ContractCall, signed, signed_by_contract
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.web.shell.current import Shell
from openscrip.web.signing.challenges import LIFE_S, Challenge, new_nonce

STATEMENT = "Sign in to Openscrip. This moves nothing and costs nothing."
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Of secp256k1: a signature with a greater s is the other form of one that has a smaller."""
SIGNED_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Signer:
    """A wallet that is to sign: `chain` by our name, its id in the words of its kind, the address as the text says it."""

    chain: str
    chain_id: str
    address: str

    @property
    def is_evm(self) -> bool:
        """Whether EIP-4361 applies."""
        return self.chain != "solana"


def signer_of(shell: Shell, chain: str, address: str) -> Signer:
    """Who is asked. An EVM address may come without its checksum, never with a wrong one. Raises `Malformed("wallet.…")`."""
    if chain == "solana":
        from solders.pubkey import Pubkey  # noqa: PLC0415

        try:
            canonical = str(Pubkey.from_string(address))
        except ValueError:
            canonical = ""
        if canonical != address:
            raise Malformed("wallet.address", "wallet: that is no address on Solana")
        return Signer(chain, shell.office.solana_cluster, address)
    if chain not in shell.office.chain_ids:
        raise Malformed("wallet.chain", f"wallet: {chain!a:.20} is no chain of this platform")
    from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address  # noqa: PLC0415

    body = address[2:]
    plain = is_hex_address(address) and address.startswith("0x")
    if not plain or (body not in {body.lower(), body.upper()} and not is_checksum_address(address)):
        raise Malformed("wallet.address", "wallet: that is no address, or a letter of it is wrong")
    return Signer(chain, str(shell.office.chain_ids[chain]), to_checksum_address(address))


def ask(shell: Shell, who: Signer, session: str) -> Challenge:
    """A new text for a wallet to sign, once and within five minutes."""
    now, nonce = shell.now(), new_nonce()
    return shell.challenges.ask(
        "wallet", session, now, text_of(shell, who, nonce, now).encode(), nonce,
        chain=who.chain, chain_id=who.chain_id, address=who.address, issued_at=iso(now), expires_at=iso(now + LIFE_S),
    )  # fmt: skip


def text_of(shell: Shell, who: Signer, nonce: str, now: int) -> str:
    """What the wallet signs (EIP-4361; on Solana the same with the other chain's name)."""
    account = "Ethereum" if who.is_evm else "Solana"
    return (
        f"{shell.host} wants you to sign in with your {account} account:\n{who.address}\n\n{STATEMENT}\n\n"
        f"URI: {shell.origin}\nVersion: 1\nChain ID: {who.chain_id}\nNonce: {nonce}\n"
        f"Issued At: {iso(now)}\nExpiration Time: {iso(now + LIFE_S)}"
    )


def solana_input(shell: Shell, asked: Challenge) -> dict[str, str]:
    """The fields from which a Solana wallet makes the same text by itself (`solana:signIn`)."""
    facts = asked.facts
    return {
        "domain": shell.host, "address": facts["address"], "statement": STATEMENT, "uri": shell.origin, "version": "1",
        "chainId": facts["chain_id"], "nonce": asked.nonce, "issuedAt": facts["issued_at"],
        "expirationTime": facts["expires_at"],
    }  # fmt: skip


def proof_of(asked: Challenge, signature: str, signed_bytes: str, contracts: Mapping[str, ContractCall]) -> str:
    """By which standard the signature holds over the text, with its nonce. Raises `Refused("wallet.signature")`.

    `signed_bytes` is what a Solana wallet says that it signed, in base64, or empty; it must be our text, byte for byte.
    """
    text, chain, address = asked.value.decode(), asked.facts["chain"], asked.facts["address"]
    standard = ""
    if chain == "solana":
        if not signed_bytes or _decoded(signed_bytes) == asked.value:
            standard = "siws" if signed(text, chain, address, signature) else ""
    elif _is_low(signature) and signed(text, chain, address, signature):
        standard = "eip-4361"
    elif chain in contracts and signed_by_contract(contracts[chain], text, address, signature):
        standard = "eip-1271"
    refuse_unless(bool(standard), "wallet.signature", "wallet: this wallet did not sign this text; start again")
    return f"{standard}:{asked.nonce}"


def _is_low(signature: str) -> bool:
    """Whether an ECDSA signature has its one canonical form: 65 bytes, the smaller s, v of 27 or 28 (0 or 1)."""
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return False
    return len(raw) == 65 and int.from_bytes(raw[32:64]) <= HALF_ORDER and raw[64] in {0, 1, 27, 28}


def _decoded(told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True) if len(told) <= SIGNED_BYTES_MAX else b""
    except binascii.Error:
        return b""
