"""Takes instructions apart: their accounts by name, and their data from the left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey


@dataclass(frozen=True, slots=True)
class Call:
    """One instruction: the program, the accounts it was given in order, and its data."""

    program: Pubkey
    accounts: Sequence[str]
    data: bytes


class Unread(Exception):
    """The bytes did not read as an instruction of their program."""


class Reader:
    """Takes an instruction's data apart from the left. Raises `Unread` where it ends too soon."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise Unread
        self._at += count
        return piece

    def number(self, size: int, *, signed: bool = False) -> int:
        """A number, little endian."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def key(self) -> str:
        """A key."""
        return str(Pubkey(self.take(32)))

    def key_or_none(self) -> str | None:
        """A key, where 32 zeros are none."""
        raw = self.take(32)
        return str(Pubkey(raw)) if any(raw) else None

    def optional_key(self) -> str | None:
        """A flag, and a key if it is 1."""
        return self.key() if self.number(1) == 1 else None

    def text(self, length_bytes: int) -> str:
        """A text after its length."""
        return self.utf8(self.take(self.number(length_bytes)))

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(len(self._data) - self._at)

    @staticmethod
    def utf8(data: bytes) -> str:
        """The text that the bytes spell."""
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Unread from None


Fields = Callable[[Reader], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Form:
    """How one instruction reads: its type, the names of its first accounts, and what its data say."""

    kind: str
    accounts: tuple[str, ...]
    fields: Fields = lambda reader: {}

    def read(self, call: Call, reader: Reader) -> dict[str, Any]:
        """`{"type", "info"}`. Raises `Unread`."""
        return {"type": self.kind, "info": {**named(call.accounts, self.accounts), **self.fields(reader)}}


def named(accounts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The first accounts under their names. Raises `Unread` if there are too few."""
    if len(accounts) < len(names):
        raise Unread
    return dict(zip(names, accounts, strict=False))


def form_of(forms: Mapping[int, Form], tag: int) -> Form:
    """The form of the instruction with this number. Raises `Unread` if there is none."""
    if tag not in forms:
        raise Unread
    return forms[tag]
