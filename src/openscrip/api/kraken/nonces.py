"""Nonces: within one key they rise, and none serves twice, not even after a restart.

The highest nonce of each key is journalled with what the request did (`commands.Nonce`). A key may have a window: a lower
nonce is then taken for so many seconds after a higher one overtook it, once. What was seen inside a window is not kept over a
restart, so that after one every nonce must be above the highest.
"""

from collections import deque
from collections.abc import Callable

from openscrip.kernel.errors import Refused

WINDOW_S_MAX = 60


class _Seen:
    """The nonces of one key with a window."""

    __slots__ = ("floor", "highs", "inside")

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.highs: deque[tuple[float, int]] = deque()
        self.inside: set[int] = set()

    def is_new(self, nonce: int, now_s: float, window_s: int) -> bool:
        """Whether a nonce at or below the highest may still serve."""
        aged = self.floor
        while self.highs and self.highs[0][0] < now_s - window_s:
            aged = self.highs.popleft()[1]
        if aged > self.floor:
            self.floor = aged
            self.inside = {each for each in self.inside if each > aged}
        return nonce > self.floor and nonce not in self.inside

    def add(self, nonce: int, now_s: float, is_high: bool) -> None:
        """Remember a nonce that served."""
        self.inside.add(nonce)
        if is_high:
            self.highs.append((now_s, nonce))


class Nonces:
    """The nonces of all keys, by their numbers.

    `highest` tells what the journal had of a key when this began (-1: nothing), and `journal` is told each new highest one
    before anything else happens.
    """

    def __init__(self, highest: Callable[[int], int], journal: Callable[[int, int], object]) -> None:
        self._recovered = highest
        self._highest: dict[int, int] = {}
        self._seen: dict[int, _Seen] = {}
        self._journal = journal

    def use(self, key: int, nonce: int, window_s: int, now_s: float) -> None:
        """Take `nonce` for used. Raises `Refused("api.nonce")`, and then nothing moved."""
        highest = self._highest.get(key)
        if highest is None:
            highest = self._highest[key] = self._recovered(key)
        if window_s:
            seen = self._seen.get(key)
            if seen is None:
                seen = self._seen[key] = _Seen(highest)
            is_high = nonce > highest
            if not is_high and not seen.is_new(nonce, now_s, window_s):
                raise _refused(nonce, highest)
            if is_high:
                self._journal(key, nonce)
                seen.is_new(nonce, now_s, window_s)
                self._highest[key] = nonce
            seen.add(nonce, now_s, is_high)
            return
        if nonce <= highest:
            raise _refused(nonce, highest)
        self._journal(key, nonce)
        self._highest[key] = nonce


def _refused(nonce: int, highest: int) -> Refused:
    return Refused("api.nonce", f"nonce: {nonce} was not above {highest}, the last of this key; use one key for each client")
