"""What happens to the paper broker's bytes on their way, as switched on: lost, repeated, garbled, cut off, refused."""

from collections.abc import Callable

from openscrip.assets.paper import Switchboard
from openscrip.runtime.fix.codec import Message, decode
from openscrip.runtime.fix.composing import compose, repeat
from openscrip.runtime.fix.dictionary import LOGON, LOGOUT
from openscrip.runtime.fix.effects import Identity, Kept, Moment, Resend
from openscrip.runtime.fix.party import Passing

LINK = "link"


class FaultyWire:
    """A case is named by the ClOrdID of what is told, with `/n` for its n-th writing. What is lost is stored all the same.

    Session messages, named `link`, are struck by `silence` and `refuse_logon` alone.
    """

    def __init__(self, identity: Identity, switchboard: Callable[[], Switchboard], now: Callable[[], Moment]) -> None:
        self._identity = identity
        self._switchboard = switchboard
        self._now = now
        self._times: dict[str, int] = {}

    def __call__(self, wires: list[bytes]) -> Passing:
        """The bytes that leave."""
        board = self._switchboard()
        if not board.on:
            return Passing(wires)
        passed: list[bytes] = []
        cut = False
        for wire in wires:
            message = decode(wire)
            of = message.get(41) or message.get(11)
            case = LINK if of is None else self._time(of)
            if message.type == LOGON and board.strike("refuse_logon", LINK):
                return Passing([self._refusal(message)], cut=True)
            if board.strike("silence", case) or (case != LINK and board.strike("gap", case)):
                continue
            if case != LINK and board.strike("garble", case):
                passed.append(wire[:-3] + b"x" + wire[-2:])  # the checksum is none any more
            else:
                passed.append(wire)
            if case != LINK and board.strike("possible_duplicate", case):
                passed += self._again(message, wire)
            if case != LINK and board.strike("number_too_low", case):
                passed.append(wire)
            cut = cut or (case != LINK and board.strike("disconnect", case) is not None)
        return Passing(passed, cut)

    def _time(self, of: str) -> str:
        """The case of this writing: what is sent again may get through."""
        self._times[of] = self._times.get(of, 0) + 1
        return f"{of}/{self._times[of]}"

    def _refusal(self, message: Message) -> bytes:
        number = int(message.get(34) or 1)
        return compose(self._identity, LOGOUT, number, ((58, "logon refused"),), self._now().utc_ms)

    def _again(self, message: Message, wire: bytes) -> list[bytes]:
        number = int(message.get(34) or 1)
        effects = repeat(self._identity, number, number, [Kept(number, wire)], self._now().utc_ms)
        return [each.wire for each in effects if isinstance(each, Resend)]
