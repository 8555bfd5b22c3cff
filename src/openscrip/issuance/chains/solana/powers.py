"""The powers over Solana's tokens as the chain has them: the program's roles, who may replace it, each mint's authorities.

Where an authority of a mint is the program's stock account, the program's roles hold the power; any other authority is a
key that holds it alone.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.extensions import NULL_KEY, Extension
from openscrip.issuance.chains.solana.founding import upgrade_authority
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import IssuerAccount
from openscrip.issuance.chains.solana.program_parts import Role
from openscrip.issuance.chains.solana.token_program import TOKEN_2022
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
_BY_TIMELOCK = (
    (PowerName.UNPAUSE, "resume"),
    (PowerName.UNFREEZE, "thaw"),
    (PowerName.SEIZE, "recover"),
    (PowerName.CHANGE_ROLES, "signers, guardian, delay"),
    (PowerName.RAISE_LIMIT, "limits, lane"),
)
"""What passes the program's timelock, and the operations that do it."""


@dataclass(frozen=True, slots=True)
class _Account:
    owner: str
    data: bytes


def read_solana_powers(cluster: Cluster, program: Program, mints: Iterable[str], names: Mapping[str, str]) -> list[Power]:
    """Every power over the program and these mints; `names` gives the role of each known key. Equal ones are one.

    Raises `Refused`: `powers.program` when the program was not founded, `powers.mint` when a mint is not one of
    Token-2022's; and `Unavailable`.
    """
    reading = _SolanaPowers(cluster, program, names)
    return list(dict.fromkeys([*reading.of_program(), *reading.over(mints)]))


class _SolanaPowers:
    """One reading."""

    def __init__(self, cluster: Cluster, program: Program, names: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._program = program
        self._names = names

    def of_program(self) -> Iterator[Power]:
        """What the program's instructions ask for."""
        account = self._account(self._program.issuer())
        if account is None or account.owner != str(self._program.program_id):
            raise Refused("powers.program", f"powers: program {self._program.program_id} was not founded")
        stands = IssuerAccount.read(account.data)
        issuer, attestor = self._role("issuer", stands.issuer), self._role("attestor", stands.attestor)
        acting = self._role("corporate-action", stands.corporate_action)
        a_member = Seat(issuer.role, 1, issuer.keys)
        yield Power(PowerName.MINT, CHAIN, (issuer, attestor), 0, "mint")
        yield Power(PowerName.RAISE_RESERVE, CHAIN, (a_member, attestor), 0, "report")
        yield Power(PowerName.CHANGE_MULTIPLIER, CHAIN, (acting, attestor), 0, "announce, stage, cancel, finish, end")
        yield Power(PowerName.REGISTER, CHAIN, (issuer, attestor), 0, "open, with the mint's own key")
        yield Power(PowerName.END_REDEMPTION, CHAIN, (a_member,), 0, "burn, refund, void")
        for name, source in ((PowerName.PAUSE, "pause, lower_limits, lower_lane"), (PowerName.FREEZE, "freeze")):
            yield Power(name, CHAIN, (self._seat(stands.guardian),), 0, source)
        for name, source in _BY_TIMELOCK:
            yield Power(name, CHAIN, (issuer, attestor), stands.delay_s, source)
        yield self._upgrade((issuer, attestor), stands.delay_s)

    def over(self, mints: Iterable[str]) -> Iterator[Power]:
        """Mint after mint, what its own authorities may do beside the program."""
        for address in mints:
            account = self._account(Pubkey.from_string(address))
            if account is None or account.owner != str(TOKEN_2022):
                raise Refused("powers.mint", f"powers: {address} was not a mint of Token-2022")
            stock = self._program.stock(Pubkey.from_string(address))
            for name, authority, source in _authorities(decode_mint(account.data)):
                if authority != stock:
                    seat = NOBODY if authority in (None, NULL_KEY) else self._seat(authority)
                    yield Power(name, CHAIN, (seat,), 0, source)

    def _upgrade(self, by_timelock: tuple[Seat, Seat], delay_s: int) -> Power:
        """Whoever may replace the program's code; nothing it asks for holds against that one."""
        holder = upgrade_authority(self._cluster, self._program)
        if holder == self._program.issuer():
            return Power(PowerName.UPGRADE, CHAIN, by_timelock, delay_s, "upgrade")
        seat = self._seat(holder) if holder else NOBODY
        return Power(PowerName.UPGRADE, CHAIN, (seat,), 0, "upgrade authority of the program")

    def _role(self, name: str, role: Role) -> Seat:
        return Seat(name, role.threshold, tuple(self._key(key) for key in role.keys))

    def _seat(self, authority: Pubkey | None) -> Seat:
        if authority is None:
            return NOBODY
        key = self._key(authority)
        return Seat(key.name, 1, (key,))

    def _key(self, address: Pubkey) -> Key:
        return Key(str(address), self._names.get(str(address), "unknown key"))

    def _account(self, address: Pubkey) -> _Account | None:
        options = {"encoding": "base64", "commitment": "finalized"}
        found: Any = self._cluster.rpc.call("getAccountInfo", str(address), options)["value"]
        return _Account(str(found["owner"]), base64.b64decode(found["data"][0])) if found else None


def _authorities(mint: MintAccount) -> Iterator[tuple[PowerName, Pubkey | None, str]]:
    """Each power that Token-2022 itself gives over a mint, and to whom."""
    yield PowerName.MINT, mint.mint_authority, "mint authority"
    for name in (PowerName.FREEZE, PowerName.UNFREEZE):
        yield name, mint.freeze_authority, "freeze authority"
    for extension, at, powers, source in _EXTENSION_POWERS:
        data = mint.extensions.get(extension)
        if data is not None:
            for name in powers:
                yield name, Pubkey(data[at : at + 32]), source
