"""Accounts as `jsonParsed` reads them: balances, mints and multisigs of both token programs.

Names and shapes are those of Agave's `account-decoder`.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.instruction_reading import Reader, Unread
from openscrip.issuance.nodes.solana.shapes import printed_f64, scaled_token_amount
from openscrip.issuance.nodes.solana.token_accounts import (
    ACCOUNT_BYTES,
    MULTISIG_BYTES,
    TOKEN,
    TOKEN_PROGRAMS,
    decimals_of,
    delegate_of,
    extensions,
    grains_of,
    is_mint,
    is_token_account,
    option_at,
    supply_of,
)

_STATES = {0: "uninitialized", 1: "initialized", 2: "frozen"}
_STATE_AT, _NATIVE_AT, _DELEGATED_AT, _CLOSER_AT = 108, 109, 121, 129


class TokenParser:
    """Reads token accounts as they stand now: amounts are multiplied by what is in force on the chain's clock."""

    def __init__(self, find: Callable[[Pubkey], Account | None], now: Callable[[], int]) -> None:
        self._find, self._now = find, now

    def __call__(self, key: Pubkey, account: Account) -> dict[str, Any] | None:
        """`{"program", "parsed", "space"}`, or None for what is no token account."""
        if account.owner not in TOKEN_PROGRAMS:
            return None
        data = bytes(account.data)
        try:
            parsed = self._parsed(data)
        except (Unread, struct.error):
            return None
        if parsed is None:
            return None
        program = "spl-token" if account.owner == TOKEN else "spl-token-2022"
        return {"program": program, "parsed": parsed, "space": len(data)}

    def _parsed(self, data: bytes) -> dict[str, Any] | None:
        if is_token_account(data):
            mint = self._find(Pubkey(data[:32]))
            held = mint is not None and is_mint(bytes(mint.data))
            return {"type": "account", "info": self._account(data, bytes(mint.data))} if mint and held else None
        if is_mint(data):
            return {"type": "mint", "info": _mint(data)}
        if len(data) == MULTISIG_BYTES:
            return {"type": "multisig", "info": _multisig(data)}
        return None

    def _account(self, data: bytes, mint: bytes) -> dict[str, Any]:
        def amount(grains: int) -> dict[str, Any]:
            return scaled_token_amount(grains, mint, self._now())

        info: dict[str, Any] = {
            "isNative": data[_NATIVE_AT] == 1,
            "mint": str(Pubkey(data[:32])),
            "owner": str(Pubkey(data[32:64])),
            "state": _STATES[data[_STATE_AT]],
            "tokenAmount": amount(grains_of(data)),
        }
        delegate = delegate_of(data)
        if delegate is not None:
            info["delegate"] = str(Pubkey(delegate))
            info["delegatedAmount"] = amount(int.from_bytes(data[_DELEGATED_AT : _DELEGATED_AT + 8], "little"))
        if data[_NATIVE_AT] == 1:
            info["rentExemptReserve"] = amount(int.from_bytes(data[_NATIVE_AT + 4 : _NATIVE_AT + 12], "little"))
        closer = option_at(data, _CLOSER_AT)
        if closer is not None:
            info["closeAuthority"] = str(Pubkey(closer))
        return info | _extensions(data)


def _mint(data: bytes) -> dict[str, Any]:
    authority, freezer = option_at(data, 0), option_at(data, 46)
    return {
        "decimals": decimals_of(data),
        "freezeAuthority": str(Pubkey(freezer)) if freezer is not None else None,
        "isInitialized": True,
        "mintAuthority": str(Pubkey(authority)) if authority is not None else None,
        "supply": str(supply_of(data)),
        **_extensions(data),
    }


def _multisig(data: bytes) -> dict[str, Any]:
    slots = [data[3 + 32 * place : 35 + 32 * place] for place in range(11)]
    return {
        "numRequiredSigners": data[0],
        "numValidSigners": data[1],
        "isInitialized": data[2] == 1,
        "signers": [str(Pubkey(signer)) for signer in slots if any(signer)],
    }


def _extensions(data: bytes) -> dict[str, Any]:
    told = [_extension(kind, entry) for kind, entry in extensions(data)] if len(data) > ACCOUNT_BYTES else []
    return {"extensions": told} if told else {}


def _extension(kind: int, entry: bytes) -> dict[str, Any]:
    if kind not in _EXTENSIONS:
        return {"extension": "unparseableExtension"}
    name, read = _EXTENSIONS[kind]
    return {"extension": name} if read is None else {"extension": name, "state": read(Reader(entry))}


def _scaled(reader: Reader) -> dict[str, Any]:
    authority, (now, effective_at, new) = reader.key_or_none(), struct.unpack("<dqd", reader.take(24))
    return {
        "authority": authority,
        "multiplier": printed_f64(now),
        "newMultiplier": printed_f64(new),
        "newMultiplierEffectiveTimestamp": effective_at,
    }


def _metadata(reader: Reader) -> dict[str, Any]:
    told: dict[str, Any] = {
        "updateAuthority": reader.key_or_none(),
        "mint": reader.key(),
        "name": reader.text(4),
        "symbol": reader.text(4),
        "uri": reader.text(4),
    }
    return told | {"additionalMetadata": [[reader.text(4), reader.text(4)] for _ in range(reader.number(4))]}


def _confidential_mint(reader: Reader) -> dict[str, Any]:
    authority, automatic, auditor = reader.key_or_none(), reader.number(1) == 1, reader.take(32)
    return {
        "authority": authority,
        "autoApproveNewAccounts": automatic,
        "auditorElgamalPubkey": base64.b64encode(auditor).decode() if any(auditor) else None,
    }


_EXTENSIONS: Mapping[int, tuple[str, Callable[[Reader], dict[str, Any]] | None]] = {
    3: ("mintCloseAuthority", lambda r: {"closeAuthority": r.key_or_none()}),
    4: ("confidentialTransferMint", _confidential_mint),
    6: ("defaultAccountState", lambda r: {"accountState": _STATES.get(r.number(1), "uninitialized")}),
    7: ("immutableOwner", None),
    8: ("memoTransfer", lambda r: {"requireIncomingTransferMemos": r.number(1) == 1}),
    9: ("nonTransferable", None),
    11: ("cpiGuard", lambda r: {"lockCpi": r.number(1) == 1}),
    12: ("permanentDelegate", lambda r: {"delegate": r.key_or_none()}),
    13: ("nonTransferableAccount", None),
    14: ("transferHook", lambda r: {"authority": r.key_or_none(), "programId": r.key_or_none()}),
    15: ("transferHookAccount", lambda r: {"transferring": r.number(1) == 1}),
    18: ("metadataPointer", lambda r: {"authority": r.key_or_none(), "metadataAddress": r.key_or_none()}),
    19: ("tokenMetadata", _metadata),
    25: ("scaledUiAmountConfig", _scaled),
    26: ("pausableConfig", lambda r: {"authority": r.key_or_none(), "paused": r.number(1) == 1}),
    27: ("pausableAccount", None),
}
