"""Instructions of the two token programs as `jsonParsed` reads them."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openscrip.issuance.nodes.solana.instruction_reading import Call, Form, Reader, Unread, form_of, named
from openscrip.issuance.nodes.solana.shapes import printed_f64, token_amount

_STATES = {0: "uninitialized", 1: "initialized", 2: "frozen"}
_AUTHORITY_TYPES = [
    "mintTokens",
    "freezeAccount",
    "accountOwner",
    "closeAccount",
    "transferFeeConfig",
    "withheldWithdraw",
    "closeMint",
    "interestRate",
    "permanentDelegate",
    "confidentialTransferMint",
    "transferHookProgramId",
    "confidentialTransferFeeConfig",
    "metadataPointer",
    "groupPointer",
    "groupMemberPointer",
    "scaledUiAmount",
    "pause",
    "permissionedBurn",
]
_OF_ACCOUNTS = ("accountOwner", "closeAccount")
_EXTENSION_TYPES = [
    "uninitialized",
    "transferFeeConfig",
    "transferFeeAmount",
    "mintCloseAuthority",
    "confidentialTransferMint",
    "confidentialTransferAccount",
    "defaultAccountState",
    "immutableOwner",
    "memoTransfer",
    "nonTransferable",
    "interestBearingConfig",
    "cpiGuard",
    "permanentDelegate",
    "nonTransferableAccount",
    "transferHook",
    "transferHookAccount",
    "confidentialTransferFeeConfig",
    "confidentialTransferFeeAmount",
    "metadataPointer",
    "tokenMetadata",
    "groupPointer",
    "tokenGroup",
    "groupMemberPointer",
    "tokenGroupMember",
    "confidentialMintBurn",
    "scaledUiAmount",
    "pausable",
    "pausableAccount",
    "permissionedBurn",
]


@dataclass(frozen=True, slots=True)
class Signed(Form):
    """A form whose next account is an authority: one that signs itself, or a multisig followed by its signers."""

    authority: str = "authority"

    def read(self, call: Call, reader: Reader) -> dict[str, Any]:
        """As `Form`, with `authority`, or `multisigAuthority` and `signers`."""
        read = Form.read(self, call, reader)
        read["info"] |= signers(call.accounts, len(self.accounts), self.authority)
        return read


def signers(accounts: Sequence[str], place: int, name: str) -> dict[str, Any]:
    """Who authorised it: the account at `place` alone, or the multisig there and those that signed for it."""
    if len(accounts) <= place:
        raise Unread
    if len(accounts) == place + 1:
        return {name: accounts[place]}
    return {f"multisig{name[0].upper()}{name[1:]}": accounts[place], "signers": list(accounts[place + 1 :])}


def parse_token_instruction(call: Call) -> dict[str, Any]:
    """`{"type", "info"}`. Raises `Unread`."""
    metadata = _METADATA_FORMS.get(call.data[:8])
    if metadata is not None:
        return metadata.read(call, Reader(call.data[8:]))
    reader = Reader(call.data)
    tag = reader.number(1)
    if tag in _SPECIAL:
        told: dict[str, Any] = _SPECIAL[tag](call, reader)
        return told
    form = form_of(_FAMILIES[tag], reader.number(1)) if tag in _FAMILIES else form_of(_FORMS, tag)
    return form.read(call, reader)


def _amount(reader: Reader) -> dict[str, Any]:
    return {"amount": str(reader.number(8))}


def _checked(reader: Reader) -> dict[str, Any]:
    grains = reader.number(8)
    return {"tokenAmount": token_amount(grains, reader.number(1))}


def _mint_terms(reader: Reader) -> dict[str, Any]:
    terms = {"decimals": reader.number(1), "mintAuthority": reader.key()}
    freezer = reader.optional_key()
    return terms if freezer is None else {**terms, "freezeAuthority": freezer}


def _account_state(reader: Reader) -> dict[str, Any]:
    state = reader.number(1)
    if state not in _STATES:
        raise Unread
    return {"accountState": _STATES[state]}


def _f64(reader: Reader) -> str:
    return printed_f64(struct.unpack("<d", reader.take(8))[0])


def _present(**keys: str | None) -> dict[str, Any]:
    return {name: key for name, key in keys.items() if key is not None}


def _confidential(reader: Reader) -> dict[str, Any]:
    authority, automatic, auditor = reader.key_or_none(), reader.number(1) == 1, reader.take(32)
    told = {
        "autoApproveNewAccounts": automatic,
        "auditorElGamalPubkey": base64.b64encode(auditor).decode() if any(auditor) else None,
    }
    return told | _present(authority=authority)


def _set_authority(call: Call, reader: Reader) -> dict[str, Any]:
    number = reader.number(1)
    if number >= len(_AUTHORITY_TYPES) or not call.accounts:
        raise Unread
    kind = _AUTHORITY_TYPES[number]
    info: dict[str, Any] = {
        ("account" if kind in _OF_ACCOUNTS else "mint"): call.accounts[0],
        "authorityType": kind,
        "newAuthority": reader.optional_key(),
    }
    return {"type": "setAuthority", "info": info | signers(call.accounts, 1, "authority")}


def _multisig(kind: str, names: tuple[str, ...]) -> Any:
    def read(call: Call, reader: Reader) -> dict[str, Any]:
        info: dict[str, Any] = named(call.accounts, names)
        info |= {"signers": list(call.accounts[len(names) :]), "m": reader.number(1)}
        return {"type": kind, "info": info}

    return read


def _data_size(call: Call, reader: Reader) -> dict[str, Any]:
    info: dict[str, Any] = named(call.accounts, ("mint",))
    kinds = [number for (number,) in struct.iter_unpack("<H", reader.rest())]
    if any(number >= len(_EXTENSION_TYPES) for number in kinds):
        raise Unread
    if kinds:
        info["extensionTypes"] = [_EXTENSION_TYPES[number] for number in kinds]
    return {"type": "getAccountDataSize", "info": info}


_SPECIAL: Mapping[int, Any] = {
    2: _multisig("initializeMultisig", ("multisig", "rentSysvar")),
    6: _set_authority,
    19: _multisig("initializeMultisig2", ("multisig",)),
    21: _data_size,
}
_FORMS: Mapping[int, Form] = {
    0: Form("initializeMint", ("mint", "rentSysvar"), _mint_terms),
    1: Form("initializeAccount", ("account", "mint", "owner", "rentSysvar")),
    3: Signed("transfer", ("source", "destination"), _amount),
    4: Signed("approve", ("source", "delegate"), _amount, "owner"),
    5: Signed("revoke", ("source",), authority="owner"),
    7: Signed("mintTo", ("mint", "account"), _amount, "mintAuthority"),
    8: Signed("burn", ("account", "mint"), _amount),
    9: Signed("closeAccount", ("account", "destination"), authority="owner"),
    10: Signed("freezeAccount", ("account", "mint"), authority="freezeAuthority"),
    11: Signed("thawAccount", ("account", "mint"), authority="freezeAuthority"),
    12: Signed("transferChecked", ("source", "mint", "destination"), _checked),
    13: Signed("approveChecked", ("source", "mint", "delegate"), _checked, "owner"),
    14: Signed("mintToChecked", ("mint", "account"), _checked, "mintAuthority"),
    15: Signed("burnChecked", ("account", "mint"), _checked),
    16: Form("initializeAccount2", ("account", "mint", "rentSysvar"), lambda r: {"owner": r.key()}),
    17: Form("syncNative", ("account",)),
    18: Form("initializeAccount3", ("account", "mint"), lambda r: {"owner": r.key()}),
    20: Form("initializeMint2", ("mint",), _mint_terms),
    22: Form("initializeImmutableOwner", ("account",)),
    23: Form("amountToUiAmount", ("mint",), _amount),
    24: Form("uiAmountToAmount", ("mint",), lambda r: {"uiAmount": r.utf8(r.rest())}),
    35: Form("initializePermanentDelegate", ("mint",), lambda r: {"delegate": r.key()}),
}
_FAMILIES: Mapping[int, Mapping[int, Form]] = {
    27: {0: Form("initializeConfidentialTransferMint", ("mint",), _confidential)},
    28: {
        0: Form("initializeDefaultAccountState", ("mint",), _account_state),
        1: Signed("updateDefaultAccountState", ("mint",), _account_state, "freezeAuthority"),
    },
    36: {
        0: Form(
            "initializeTransferHook",
            ("mint",),
            lambda r: _present(authority=r.key_or_none(), programId=r.key_or_none()),
        ),
        1: Signed("updateTransferHook", ("mint",), lambda r: _present(programId=r.key_or_none())),
    },
    39: {
        0: Form(
            "initializeMetadataPointer",
            ("mint",),
            lambda r: _present(authority=r.key_or_none(), metadataAddress=r.key_or_none()),
        ),
        1: Signed("updateMetadataPointer", ("mint",), lambda r: _present(metadataAddress=r.key_or_none())),
    },
    43: {
        0: Form(
            "initializeScaledUiAmountConfig",
            ("mint",),
            lambda r: {"authority": r.key_or_none(), "multiplier": _f64(r)},
        ),
        1: Signed(
            "updateMultiplier",
            ("mint",),
            lambda r: {"newMultiplier": _f64(r), "newMultiplierTimestamp": r.number(8, signed=True)},
        ),
    },
    44: {
        0: Form("initializePausableConfig", ("mint",), lambda r: {"authority": r.key_or_none()}),
        1: Signed("pause", ("mint",)),
        2: Signed("resume", ("mint",)),
    },
}
_FIELD_NAMES = {0: "name", 1: "symbol", 2: "uri"}


def _field(reader: Reader) -> dict[str, Any]:
    number = reader.number(1)
    field = reader.text(4) if number == 3 else _FIELD_NAMES.get(number)
    if field is None:
        raise Unread
    return {"field": field, "value": reader.text(4)}


_UPDATED = ("metadata", "updateAuthority")
_METADATA_FORMS: Mapping[bytes, Form] = {
    bytes([210, 225, 30, 162, 88, 184, 77, 141]): Form(
        "initializeTokenMetadata",
        ("metadata", "updateAuthority", "mint", "mintAuthority"),
        lambda r: {"name": r.text(4), "symbol": r.text(4), "uri": r.text(4)},
    ),
    bytes([221, 233, 49, 45, 181, 202, 220, 200]): Form("updateTokenMetadataField", _UPDATED, _field),
    bytes([234, 18, 32, 56, 89, 141, 37, 181]): Form(
        "removeTokenMetadataKey", _UPDATED, lambda r: {"idempotent": r.number(1) == 1, "key": r.text(4)}
    ),
    bytes([215, 228, 166, 228, 84, 100, 86, 123]): Form(
        "updateTokenMetadataAuthority", _UPDATED, lambda r: {"newAuthority": r.key_or_none()}
    ),
}
"""Sub-instructions of the metadata interface, by the first 8 bytes of SHA-256 of their names."""
