"""Who holds which power, and whether a single key could break I7. Pure: chains and custodians are read elsewhere.

A power is used when every one of its **seats** has signed, and a seat signs with `needed` of its keys. One key that
fills all seats of a guarded power alone breaks I7, whether it is the only one asked or sits in two seats at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class PowerName(StrEnum):
    """What can be done, in the words of I7 where I7 names it."""

    MINT = "mint"
    RAISE_RESERVE = "raise a reserve"
    CHANGE_MULTIPLIER = "change a multiplier"
    UPGRADE = "upgrade"
    UNPAUSE = "unpause"
    UNFREEZE = "unfreeze"
    SEIZE = "seize"
    CHANGE_ROLES = "change roles"
    MOVE_SHARES = "move shares out"
    MOVE_MONEY = "move money out"
    PAUSE = "pause"
    FREEZE = "freeze"
    REGISTER = "register a token"
    RENAME = "rename a token"
    END_REDEMPTION = "burn or refund an escrow"
    RAISE_LIMIT = "raise a limit"
    CONVERT = "convert or wind down"
    DISTRIBUTE = "open a distribution"
    REPORT_PRICE = "report a price"


UNGUARDED = frozenset({
    PowerName.PAUSE, PowerName.FREEZE, PowerName.REGISTER, PowerName.RENAME, PowerName.END_REDEMPTION,
    PowerName.REPORT_PRICE,
})  # fmt: skip
"""What one key may do alone: stop, add what nobody signs for yet, end what its holder asked to end, and say a price."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key by its address on its chain; `name` says whose it is, as far as it is known."""

    address: str
    name: str

    def __str__(self) -> str:
        short = self.address if len(self.address) < 20 else f"{self.address[:6]}…{self.address[-4:]}"
        return f"{self.name} {short}"


@dataclass(frozen=True, slots=True)
class Seat:
    """`needed` signatures by `keys`; a key that stands there twice counts twice. 0 needed: anyone. No keys: nobody."""

    role: str
    needed: int
    keys: tuple[Key, ...]

    def filled_by(self, address: str) -> bool:
        """Whether this key is enough."""
        return sum(key.address == address for key in self.keys) >= self.needed

    def __str__(self) -> str:
        if self.needed <= 0:
            return f"anyone as {self.role}"
        if not self.keys:
            return "nobody"
        if len(self.keys) == 1:
            (key,) = self.keys
            return str(key) if self.role == key.name else f"{key} as {self.role}"
        return f"{self.needed} of ({', '.join(map(str, self.keys))}) as {self.role}"


NOBODY = Seat("nobody", 1, ())


@dataclass(frozen=True, slots=True)
class Power:
    """A power on one chain, or at the custodian: all `seats` together, and `delay_s` seconds between asking and doing.

    `source` is the contract's or program's function, with the place where places differ.
    """

    name: PowerName
    chain: str
    seats: tuple[Seat, ...]
    delay_s: int
    source: str

    @property
    def who(self) -> str:
        """The holders in words."""
        return " + ".join(map(str, self.seats)) or "anyone"

    @property
    def needs(self) -> str:
        """How many signatures in words."""
        if any(seat.needed > len(seat.keys) for seat in self.seats):
            return "-"
        count = sum(max(seat.needed, 0) for seat in self.seats)
        return f"{count} key{'' if count == 1 else 's'}"

    @property
    def delay(self) -> str:
        """The wait in words."""
        hours, rest = divmod(self.delay_s, 3600)
        return "at once" if self.delay_s == 0 else f"{self.delay_s} s" if rest else f"{hours} h"


@dataclass(frozen=True, slots=True)
class Breach:
    """A guarded power that one key holds alone. `key` is empty where no key at all is needed."""

    power: PowerName
    chain: str
    key: str
    text: str


def breaks_i7(powers: Iterable[Power]) -> list[Breach]:
    """Every way in which a single key could do what I7 wants two keys for; each once, in the order of the powers."""
    found: dict[Breach, None] = {}
    for power in powers:
        if power.name not in UNGUARDED:
            found.update(dict.fromkeys(_breaches(power)))
    return list(found)


def _breaches(power: Power) -> list[Breach]:
    where = f"{power.name} on {power.chain} ({power.source})"
    asked = [seat for seat in power.seats if seat.needed > 0]
    if not asked:
        return [Breach(power.name, power.chain, "", f"{where}: anyone could do it")]
    breaches = []
    for key in dict.fromkeys(key for seat in asked for key in seat.keys):
        if all(seat.filled_by(key.address) for seat in asked):
            seats = " and ".join(seat.role for seat in asked)
            why = f"it sits as {seats}" if len(asked) > 1 else "no other key is asked"
            breaches.append(Breach(power.name, power.chain, key.address, f"{where}: {key} alone could do it; {why}"))
    return breaches
