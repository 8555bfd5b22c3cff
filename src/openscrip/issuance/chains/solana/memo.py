"""The memos that tie a token movement to a request: one line of text in the same transaction.

A memo alone proves nothing: `events.py` believes it only beside the token instruction it speaks of.
Forms: `openscrip:mint:<request hash>:<evidence hash>:<kind>`, `openscrip:redeem:<request hash>:<kind>`,
`openscrip:burn:<request hash>`, `openscrip:refund:<request hash>`,
`openscrip:multiplier:<version>:<epoch after>:<action id>`; hashes and ids are 64 lower-case hex digits.
"""

import re
from dataclasses import dataclass
from typing import assert_never

from solders.instruction import Instruction
from solders.pubkey import Pubkey

MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
_HASH = "([0-9a-f]{64})"
_COUNT = "(0|[1-9][0-9]{0,9})"
_FORMS = {
    "mint": re.compile(f"openscrip:mint:{_HASH}:{_HASH}:{_COUNT}"),
    "redeem": re.compile(f"openscrip:redeem:{_HASH}:{_COUNT}"),
    "burn": re.compile(f"openscrip:burn:{_HASH}"),
    "refund": re.compile(f"openscrip:refund:{_HASH}"),
    "multiplier": re.compile(f"openscrip:multiplier:{_COUNT}:{_COUNT}:{_HASH}"),
}


@dataclass(frozen=True, slots=True)
class MintMemo:
    """Tokens are minted for a request on this evidence; `kind` as in the voucher (1 issuance ... 4 succession)."""

    request: bytes
    evidence: bytes
    kind: int


@dataclass(frozen=True, slots=True)
class RedeemMemo:
    """Tokens go into escrow for a redemption; `kind` 1 in kind, 2 cash."""

    request: bytes
    kind: int


@dataclass(frozen=True, slots=True)
class BurnMemo:
    """Escrowed tokens of a request are burned."""

    request: bytes


@dataclass(frozen=True, slots=True)
class RefundMemo:
    """Escrowed tokens of a request go back to their holder."""

    request: bytes


@dataclass(frozen=True, slots=True)
class MultiplierMemo:
    """The multiplier becomes `version`, in corporate-action epoch `epoch_after`, because of `action`."""

    version: int
    epoch_after: int
    action: bytes


Memo = MintMemo | RedeemMemo | BurnMemo | RefundMemo | MultiplierMemo


def memo_text(memo: Memo) -> str:
    """The line that stands on chain."""
    match memo:
        case MintMemo(request, evidence, kind):
            return f"openscrip:mint:{request.hex()}:{evidence.hex()}:{kind}"
        case RedeemMemo(request, kind):
            return f"openscrip:redeem:{request.hex()}:{kind}"
        case BurnMemo(request):
            return f"openscrip:burn:{request.hex()}"
        case RefundMemo(request):
            return f"openscrip:refund:{request.hex()}"
        case MultiplierMemo(version, epoch_after, action):
            return f"openscrip:multiplier:{version}:{epoch_after}:{action.hex()}"
        case _:
            assert_never(memo)


def memo_instruction(memo: Memo) -> Instruction:
    """A Memo v2 instruction: data = the UTF-8 text; no accounts, so it asks for no further signature."""
    return Instruction(MEMO, memo_text(memo).encode(), [])


def parse_memo(data: bytes) -> Memo | None:
    """The memo in an instruction's data, or None when it is not one of ours to the letter."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    word = text.split(":", 2)[1] if text.startswith("openscrip:") else ""
    match = _FORMS[word].fullmatch(text) if word in _FORMS else None
    if match is None:
        return None
    part = match.groups()
    if word == "mint":
        return MintMemo(bytes.fromhex(part[0]), bytes.fromhex(part[1]), int(part[2]))
    if word == "redeem":
        return RedeemMemo(bytes.fromhex(part[0]), int(part[1]))
    if word == "burn":
        return BurnMemo(bytes.fromhex(part[0]))
    if word == "refund":
        return RefundMemo(bytes.fromhex(part[0]))
    return MultiplierMemo(int(part[0]), int(part[1]), bytes.fromhex(part[2]))
