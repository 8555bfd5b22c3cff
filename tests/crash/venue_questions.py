"""What goes through the socket of a venue that is killed: pickled, each with its length before it."""

import struct
from typing import NamedTuple

from openscrip.markets.commands import Command

LENGTH = struct.Struct("<I")


class Ask(NamedTuple):
    """A command at a time, or, with no command, a question: what became of the order with this client id or number?"""

    number: int
    now_us: int
    command: Command | None = None
    client_id: str = ""
    order: int = 0


class Told(NamedTuple):
    """To `number`: the order, or why not. `sequence` and `digest` are the venue's; number -1 is the greeting."""

    number: int
    order: int = 0
    refusal: str = ""
    sequence: int = 0
    digest: int = 0
    found: tuple[int, ...] = ()
