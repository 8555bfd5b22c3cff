"""Instructions as `jsonParsed` reads them: System, both token programs, associated accounts, memos, upgradeable loader.

Names and shapes are those of Agave's `transaction-status`. What is not read there, or not here, stays in bytes.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from typing import Any

from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.instruction_reading import Call, Form, Reader, Unread, form_of, named
from openscrip.issuance.nodes.solana.token_accounts import TOKEN, TOKEN_2022
from openscrip.issuance.nodes.solana.token_instruction_parsing import parse_token_instruction

MEMO_V1, MEMO_V2 = (
    Pubkey.from_string("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
    Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
)
SYSTEM = Pubkey.from_string("11111111111111111111111111111111")
ASSOCIATED_TOKEN = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")


def parse_instruction(call: Call) -> dict[str, Any] | None:
    """`{"program", "parsed"}`, or None for what stays in bytes."""
    known = _PROGRAMS.get(call.program)
    if known is None:
        return None
    program, read = known
    try:
        return {"program": program, "parsed": read(call)}
    except (Unread, struct.error):
        return None


def _memo(call: Call) -> str:
    return Reader.utf8(call.data)


_SOURCE_NEW = ("source", "newAccount")


def _seeded(reader: Reader) -> dict[str, Any]:
    return {"base": reader.key(), "seed": reader.text(8)}


def _lamports_space_owner(reader: Reader) -> dict[str, Any]:
    return {"lamports": reader.number(8), "space": reader.number(8), "owner": reader.key()}


_SYSTEM_FORMS: Mapping[int, Form] = {
    0: Form("createAccount", _SOURCE_NEW, _lamports_space_owner),
    1: Form("assign", ("account",), lambda r: {"owner": r.key()}),
    2: Form("transfer", ("source", "destination"), lambda r: {"lamports": r.number(8)}),
    3: Form("createAccountWithSeed", _SOURCE_NEW, lambda r: {**_seeded(r), **_lamports_space_owner(r)}),
    4: Form("advanceNonce", ("nonceAccount", "recentBlockhashesSysvar", "nonceAuthority")),
    5: Form(
        "withdrawFromNonce",
        ("nonceAccount", "destination", "recentBlockhashesSysvar", "rentSysvar", "nonceAuthority"),
        lambda r: {"lamports": r.number(8)},
    ),
    6: Form(
        "initializeNonce",
        ("nonceAccount", "recentBlockhashesSysvar", "rentSysvar"),
        lambda r: {"nonceAuthority": r.key()},
    ),
    7: Form("authorizeNonce", ("nonceAccount", "nonceAuthority"), lambda r: {"newAuthorized": r.key()}),
    8: Form("allocate", ("account",), lambda r: {"space": r.number(8)}),
    9: Form("allocateWithSeed", ("account",), lambda r: {**_seeded(r), "space": r.number(8), "owner": r.key()}),
    10: Form("assignWithSeed", ("account",), lambda r: {**_seeded(r), "owner": r.key()}),
    11: Form(
        "transferWithSeed",
        ("source", "sourceBase", "destination"),
        lambda r: {"lamports": r.number(8), "sourceSeed": r.text(8), "sourceOwner": r.key()},
    ),
    12: Form("upgradeNonce", ("nonceAccount",)),
}
_CREATED = ("source", "account", "wallet", "mint", "systemProgram", "tokenProgram")
_ASSOCIATED_FORMS: Mapping[int, Form] = {
    0: Form("create", _CREATED),
    1: Form("createIdempotent", _CREATED),
    2: Form(
        "recoverNested",
        ("nestedSource", "nestedMint", "destination", "nestedOwner", "ownerMint", "wallet", "tokenProgram"),
    ),
}


def _system(call: Call) -> dict[str, Any]:
    reader = Reader(call.data)
    return form_of(_SYSTEM_FORMS, reader.number(4)).read(call, reader)


def _associated_token(call: Call) -> dict[str, Any]:
    reader = Reader(call.data or b"\0")
    return form_of(_ASSOCIATED_FORMS, reader.number(1)).read(call, reader)


def _loader(call: Call) -> dict[str, Any]:
    reader = Reader(call.data)
    tag = reader.number(4)
    if tag == 1:
        offset, length = reader.number(4), reader.number(8)
        written = base64.b64encode(reader.take(length)).decode()
        info: dict[str, Any] = named(call.accounts, ("account", "authority"))
        return {"type": "write", "info": {"offset": offset, "bytes": written, **info}}
    if tag == 4:
        info = {**named(call.accounts, ("account", "authority"))}
        info["newAuthority"] = call.accounts[2] if len(call.accounts) > 2 else None
        return {"type": "setAuthority", "info": info}
    return form_of(_LOADER_FORMS, tag).read(call, reader)


_LOADER_FORMS: Mapping[int, Form] = {
    3: Form(
        "upgrade",
        (
            "programDataAccount",
            "programAccount",
            "bufferAccount",
            "spillAccount",
            "rentSysvar",
            "clockSysvar",
            "authority",
        ),
    ),
    5: Form("close", ("account", "recipient", "authority")),
}
_PROGRAMS: Mapping[Pubkey, tuple[str, Callable[[Call], Any]]] = {
    SYSTEM: ("system", _system),
    TOKEN: ("spl-token", parse_token_instruction),
    TOKEN_2022: ("spl-token", parse_token_instruction),
    ASSOCIATED_TOKEN: ("spl-associated-token-account", _associated_token),
    MEMO_V1: ("spl-memo", _memo),
    MEMO_V2: ("spl-memo", _memo),
    LOADER: ("bpf-upgradeable-loader", _loader),
}
