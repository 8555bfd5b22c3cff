"""The powers over Token-2022 mints as the chain has them: each authority, and the multisig behind it, decoded.

A multisig is one only where Token-2022 owns the account; any other account signs for itself, so it counts as one key.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.extensions import NULL_KEY, Extension
from openscrip.issuance.chains.solana.token_program import MULTISIG_SIGNERS_MAX, MULTISIG_SPACE, TOKEN_2022
from openscrip.issuance.powers import NOBODY, Key, Power, PowerName, Seat
from openscrip.kernel.errors import Refused

CHAIN = "solana"
_TRANSFER_FEE, _MINT_CLOSE, _INTEREST = 1, 3, 10
_EXTENSION_POWERS: tuple[tuple[int, int, tuple[PowerName, ...], str], ...] = (
    (_TRANSFER_FEE, 0, (PowerName.SEIZE,), "transfer fee config"),
    (_TRANSFER_FEE, 32, (PowerName.SEIZE,), "withheld transfer fees"),
    (_MINT_CLOSE, 0, (PowerName.UPGRADE,), "mint close authority"),
    (_INTEREST, 0, (PowerName.CHANGE_MULTIPLIER,), "interest rate authority"),
    (Extension.SCALED_UI_AMOUNT, 0, (PowerName.CHANGE_MULTIPLIER,), "scaled UI authority"),
    (Extension.PAUSABLE, 0, (PowerName.PAUSE, PowerName.UNPAUSE), "pause authority"),
    (Extension.PERMANENT_DELEGATE, 0, (PowerName.SEIZE,), "permanent delegate"),
    (Extension.TRANSFER_HOOK, 0, (PowerName.UPGRADE,), "transfer hook authority"),
    (Extension.CONFIDENTIAL_TRANSFER_MINT, 0, (PowerName.UPGRADE,), "confidential transfer authority"),
    (Extension.METADATA_POINTER, 0, (PowerName.RENAME,), "metadata pointer authority"),
    (Extension.TOKEN_METADATA, 0, (PowerName.RENAME,), "metadata update authority"),
)
"""Extension, where its key stands in its data, and what the key may do. An extension that a mint does not have adds nothing."""


@dataclass(frozen=True, slots=True)
class _Account:
    owner: str
    data: bytes


def read_solana_powers(cluster: Cluster, mints: Iterable[str], names: Mapping[str, str]) -> list[Power]:
    """Every power over these mints; `names` gives the role of each known key. Equal ones of several mints are one.

    Raises `Refused("powers.mint")` when a mint is not one of Token-2022's, and `Unavailable`.
    """
    return list(dict.fromkeys(_SolanaPowers(cluster, names).over(mints)))


class _SolanaPowers:
    """One reading."""

    def __init__(self, cluster: Cluster, names: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._names = names
        self._seats: dict[Pubkey, Seat] = {}

    def over(self, mints: Iterable[str]) -> Iterator[Power]:
        """Mint after mint."""
        for address in mints:
            account = self._account(Pubkey.from_string(address))
            if account is None or account.owner != str(TOKEN_2022):
                raise Refused("powers.mint", f"powers: {address} was not a mint of Token-2022")
            yield from self._powers_over(decode_mint(account.data))

    def _powers_over(self, mint: MintAccount) -> Iterator[Power]:
        yield self._power(PowerName.MINT, mint.mint_authority, "mint authority")
        for name in (PowerName.FREEZE, PowerName.UNFREEZE):
            yield self._power(name, mint.freeze_authority, "freeze authority")
        for extension, at, powers, source in _EXTENSION_POWERS:
            data = mint.extensions.get(extension)
            if data is not None:
                for name in powers:
                    yield self._power(name, Pubkey(data[at : at + 32]), source)

    def _power(self, name: PowerName, authority: Pubkey | None, source: str) -> Power:
        seat = NOBODY if authority is None or authority == NULL_KEY else self._seat(authority)
        return Power(name, CHAIN, (seat,), 0, source)

    def _seat(self, authority: Pubkey) -> Seat:
        if authority not in self._seats:
            self._seats[authority] = self._read_seat(authority)
        return self._seats[authority]

    def _read_seat(self, authority: Pubkey) -> Seat:
        account = self._account(authority)
        if account is not None and account.owner == str(TOKEN_2022) and len(account.data) == MULTISIG_SPACE:
            needed, count = account.data[0], min(account.data[1], MULTISIG_SIGNERS_MAX)
            keys = (Pubkey(account.data[3 + 32 * place : 35 + 32 * place]) for place in range(count))
            return Seat("multisig", needed, tuple(self._key(key) for key in keys))
        key = self._key(authority)
        return Seat(key.name, 1, (key,))

    def _key(self, address: Pubkey) -> Key:
        return Key(str(address), self._names.get(str(address), "unknown key"))

    def _account(self, address: Pubkey) -> _Account | None:
        options = {"encoding": "base64", "commitment": "finalized"}
        found: Any = self._cluster.rpc.call("getAccountInfo", str(address), options)["value"]
        return _Account(str(found["owner"]), base64.b64decode(found["data"][0])) if found else None
