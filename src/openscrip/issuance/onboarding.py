"""Wallets that a client has signed for: the fixed sentence of the first day, or a challenge that is new each time."""

import secrets
from collections.abc import Mapping
from dataclasses import replace

from openscrip.assets.compliance.ownership import ContractCall, challenge_message, signed, signed_by_contract, signed_by_owner
from openscrip.issuance.clients import Challenge, Client, ClientWallet
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.store import Store, Unit, View

CHALLENGE_S = 900
NONCE_BYTES = 16


def refuse_unsigned(person: str, wallets: Mapping[str, tuple[str, str]]) -> None:
    """Raise `Refused("wallet.signature")` unless the owner of each wallet signed; by chain: address and signature."""
    for chain, (address, signature) in wallets.items():
        refuse_unless(
            signed_by_owner(person, chain, address, signature),
            "wallet.signature",
            f"wallet: {address!r:.80} on {chain} was not signed for by its own key",
        )


def challenge(unit: Unit, person: str, chain: str, address: str, now: int) -> Challenge:
    """Ask a wallet to sign: the sentence is `text_of`. Raises `Malformed("client.unknown")`."""
    if unit.row(Client, person) is None:
        raise Malformed("client.unknown", f"client: {person!a:.80} was not taken on")
    row = Challenge(secrets.token_hex(NONCE_BYTES), person, chain, address, now, now + CHALLENGE_S)
    unit.put(row)
    return row


def text_of(row: Challenge) -> str:
    """What the wallet signs."""
    return challenge_message(row.person, row.chain, row.address, row.id, iso(row.asked_at), iso(row.expires_at))


def answer_challenge(
    store: Store, compliance: Compliance, nonce: str, signature: str, contracts: Mapping[str, ContractCall]
) -> ClientWallet:
    """Attest the wallet whose key, or whose contract (EIP-1271, where its chain is in `contracts`), signed the challenge.

    Raises `Malformed("challenge.unknown")`, `Refused("challenge.state")`, `Refused("challenge.expired")`,
    `Refused("wallet.signature")`, `Refused("compliance.wallet_of_another")`. A wrong answer leaves the challenge open.
    """
    with store.view() as view:
        row = view.row(Challenge, nonce)
    if row is None:
        raise Malformed("challenge.unknown", "challenge: it was never asked")
    _refuse_closed(row, compliance.now())
    proof = _proof(row, signature, contracts)
    refuse_unless(bool(proof), "wallet.signature", f"wallet: {row.address!a:.80} on {row.chain} did not sign the challenge")
    with store.transaction() as unit:
        again = unit.row(Challenge, nonce) or row
        _refuse_closed(again, compliance.now())
        unit.put(replace(again, state="answered"))
        return compliance.add_wallet(unit, row.person, row.chain, row.address, f"{proof}:{nonce}")


def _proof(row: Challenge, signature: str, contracts: Mapping[str, ContractCall]) -> str:
    """By which standard the signature holds; empty if by none. The chain is asked outside of any transaction."""
    text = text_of(row)
    if signed(text, row.chain, row.address, signature):
        return "eip-191" if is_evm(row.chain) else "ed25519"
    call = contracts.get(row.chain)
    return "eip-1271" if call is not None and signed_by_contract(call, text, row.address, signature) else ""


def _refuse_closed(row: Challenge, now: int) -> None:
    refuse_unless(row.state == "open", "challenge.state", f"challenge: it was {row.state}")
    refuse_unless(now < row.expires_at, "challenge.expired", f"challenge: it was to be answered by {iso(row.expires_at)}")


def wallets_of(view: View, person: str) -> dict[str, str]:
    """The attested address of a client on each chain; the newest where there are several."""
    rows = view.rows(ClientWallet)
    return {row.wallet.chain: row.wallet.address for row in rows if row.wallet.person_id == person}
