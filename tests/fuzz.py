"""What fuzz tests share: how a valid input is spoilt. Everything is drawn from the `Random` given, so a seed repeats a run."""

import random
from collections.abc import Sequence
from typing import Any

NASTY: Sequence[Any] = (
    None, True, False, 0, -1, 2**63, 2**70, -(2**70), 1e308, 1.5, "", " ", "x" * 5_000, "\x00", "\n", "a\x1fb", "1e999", "NaN",
    "-0", "0.0000000001", "1.", "+1", "\u0663", "\uff19", "\uff12024-06-04", "\u0662024-01-01", "2024-02-30", "0000-00-00",
    "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "2024-13", "2024-06-04T12:00:00Z", "0x", "0x" + "00" * 20, "'; --",
    "../../x", "%s%n", "\u202e", "\U0001f4a9", "é", "e\u0301", [], {}, [[]], [[[[[]]]]], {"a": {"a": []}}, [None], ["x"] * 300,
    {"__proto__": 1}, "TSLA", "alice", "evm", "solana", "bank", "open", "DE", "US", "9" * 64, "0", "100000000000000000000",
)  # fmt: skip
"""Values that readers get wrong: other types, empty, without end, other alphabets' digits, dates that do not exist."""


def nasty_value(chance: random.Random) -> Any:
    """One of them."""
    return chance.choice(NASTY)


def spoil_bytes(raw: bytes, chance: random.Random) -> bytes:
    """The bytes cut, flipped, filled, doubled or torn apart once."""
    if not raw:
        return chance.randbytes(3)
    at, to = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    match chance.randrange(7):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + chance.randbytes(chance.randrange(1, 5)) + raw[at:]
        case 2:
            place = at % len(raw)
            return raw[:place] + bytes([raw[place] ^ 1 << chance.randrange(8)]) + raw[place + 1 :]
        case 3:
            return raw[:at] + raw[to:]
        case 4:
            return raw[:to] + raw[at:]
        case 5:
            return raw[:at] + bytes(chance.choice([8, 400])) + raw[at:]
        case _:
            return chance.randbytes(chance.randrange(200))
