"""A token list by Uniswap's schema: what wallets and interfaces read to know our tokens. Pure.

Versions follow the schema's rule: major when a token is gone or its address is another, minor when one is new, patch for any
other change; an unchanged list is the previous one, with its time. Two tokens are the same by chain and address.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openscrip.kernel.clock import iso
from openscrip.kernel.errors import refuse_unless

LIST_NAME = "Openscrip"
KEYWORDS = ("stocks", "tokenised shares")
TAGS = {
    "stock": {"name": "Tokenised share", "description": "Stands for shares held in custody."},
    "raw": {"name": "Raw balances", "description": "Shares are balance times uiMultiplier, see ERC 8056."},
}
_LIST_NAME = re.compile(r"[A-Za-z0-9 ]{1,20}")
_SYMBOL = re.compile(r"[a-zA-Z0-9+\-%/$.]{1,20}")
_ADDRESS = re.compile(r"0x[a-fA-F0-9]{40}")
_EXTENSION = re.compile(r"\w{1,40}", re.ASCII)
_TOKEN_NAME_MAX, _VALUE_MAX, _EXTENSIONS_MAX = 40, 42, 10


@dataclass(frozen=True, slots=True)
class ListToken:
    """A token on one EVM chain; `extensions` are what else its reader may use, each value at most 42 characters."""

    chain_id: int
    address: str
    name: str
    symbol: str
    extensions: Mapping[str, str] = field(default_factory=dict)
    decimals: int = 18

    def document(self) -> dict[str, Any]:
        """As the schema has it. A name is cut to 40 characters.

        Raises `Refused("token_list.symbol")`, `.address` or `.extension` for what no reader would take.
        """
        refuse_unless(bool(_SYMBOL.fullmatch(self.symbol)), "token_list.symbol", f"token list: symbol {self.symbol!r} was odd")
        refuse_unless(
            self.chain_id > 0 and bool(_ADDRESS.fullmatch(self.address)),
            "token_list.address", f"token list: {self.address!r} on chain {self.chain_id} was no EVM address",
        )  # fmt: skip
        refuse_unless(
            len(self.extensions) <= _EXTENSIONS_MAX
            and all(_EXTENSION.fullmatch(key) and 1 <= len(value) <= _VALUE_MAX for key, value in self.extensions.items()),
            "token_list.extension", f"token list: extensions of {self.symbol} were too many or too long",
        )  # fmt: skip
        name = self.name[:_TOKEN_NAME_MAX].strip()
        refuse_unless(bool(name), "token_list.name", f"token list: {self.symbol} had no name")
        return {
            "chainId": self.chain_id,
            "address": self.address,
            "decimals": self.decimals,
            "name": name,
            "symbol": self.symbol,
            "tags": list(TAGS),
            "extensions": dict(self.extensions),
        }


def build_token_list(
    tokens: Sequence[ListToken], now: int, previous: Mapping[str, Any] | None = None, name: str = LIST_NAME
) -> dict[str, Any]:
    """The list of `tokens` as of `now` (UTC seconds), numbered after the `previous` one.

    Raises `Refused("token_list.empty")` without a token, `token_list.twice` if one comes twice, and what `document` raises.
    """
    refuse_unless(bool(_LIST_NAME.fullmatch(name)), "token_list.name", f"token list: name {name!r} was odd or too long")
    refuse_unless(bool(tokens), "token_list.empty", "token list: no token was listed")
    entries = [token.document() for token in tokens]
    places = {_place(entry) for entry in entries}
    refuse_unless(len(places) == len(entries), "token_list.twice", "token list: a token was listed twice")
    content = {"name": name, "keywords": list(KEYWORDS), "tags": TAGS, "tokens": entries}
    if previous is None:
        return {**content, "timestamp": iso(now), "version": {"major": 1, "minor": 0, "patch": 0}}
    if all(previous.get(key) == value for key, value in content.items()):
        return dict(previous)
    return {**content, "timestamp": iso(now), "version": _next_version(previous, places)}


def _next_version(previous: Mapping[str, Any], places: set[tuple[int, str]]) -> dict[str, int]:
    """The version of a list that differs from the previous one."""
    before = {_place(entry) for entry in previous["tokens"]}
    major, minor, patch = (int(previous["version"][part]) for part in ("major", "minor", "patch"))
    if before - places:
        return {"major": major + 1, "minor": 0, "patch": 0}
    if places - before:
        return {"major": major, "minor": minor + 1, "patch": 0}
    return {"major": major, "minor": minor, "patch": patch + 1}


def _place(entry: Mapping[str, Any]) -> tuple[int, str]:
    return int(entry["chainId"]), str(entry["address"]).lower()
