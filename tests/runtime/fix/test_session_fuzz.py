"""One session for ever under whatever a line may carry: it never fails and gives nothing twice."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from tests.fuzz import spoil_bytes
from tests.runtime.fix.desk import Desk, acceptor, logon, order, theirs

from openscrip.kernel.errors import Malformed
from openscrip.runtime.fix.codec import Decoder, Message, decode, encode
from openscrip.runtime.fix.dictionary import fault_in
from openscrip.runtime.fix.orders import from_message

INPUTS, SOAK_INPUTS = 10_000, 1_000_000
LINE_BYTES_MAX = 4_096
NUMBER_MAX = 10**9


@dataclass
class Line:
    """A desk on a line that is laid anew when it is cut, and what was given to its application so far."""

    chance: random.Random
    desk: Desk = field(default_factory=acceptor)
    decoder: Decoder = field(default_factory=lambda: Decoder(LINE_BYTES_MAX))
    sent: list[bytes] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    last: int = 0
    garbled: int = 0

    def __post_init__(self) -> None:
        self.lay()

    def lay(self) -> None:
        """A new connection, logged on."""
        if self.desk.counters.next_in > NUMBER_MAX:  # a reset that was well formed moved it; begin a day anew
            self.desk, self.last = acceptor(), 0
        self.desk.connect()
        self.decoder = Decoder(LINE_BYTES_MAX)
        self.garbled = 0
        self.desk.take(logon(self.desk.counters.next_in, to=self.desk))
        assert self.desk.dropped is None

    def frame(self) -> bytes:
        """The next input: right, spoilt, replayed, cut, oversized, or out of order."""
        chance, desk = self.chance, self.desk
        number = desk.counters.next_in
        right = encode(theirs("D", number, *order(number), to=desk))
        match chance.randrange(12):
            case 0 | 1 | 2 | 3:
                return spoil_bytes(right, chance)
            case 4:
                return chance.choice(self.sent) if self.sent else right
            case 5:
                return encode(theirs("D", max(1, number - 1), *order(number), to=desk, first_sent="20260302-14:29:00.000"))
            case 6:
                return encode(theirs("D", number, *order(number), (58, "x" * chance.choice([100, 8_000])), to=desk))
            case 7:
                return encode(theirs("D", number + chance.choice([-1, 1, 5, 10**6]), *order(number), to=desk))
            case 8 | 9:
                return self._wrong_field(right)
            case 10:
                kind = chance.choice(["0", "1", "2", "4", "5", "3", "A", "8", "F", "x"])
                return encode(theirs(kind, number, (chance.choice([7, 16, 36, 45, 112, 123]), str(number)), to=desk))
            case _:
                return right

    def _wrong_field(self, right: bytes) -> bytes:
        fields = list(decode(right).fields)
        at = self.chance.randrange(len(fields))
        value = self.chance.choice(["-1", "9" * 25, "Y", "\u00ff", "0", "1e5", "20260230-00:00:00", "NaN", " "])
        fields[at] = (self.chance.choice([fields[at][0], 34, 52, 49, 43, 122, 141, 58]), value)
        return encode(Message(self.chance.choice(["D", "8", "A", "2", "4", "0"]), tuple(fields)))

    def press(self) -> None:
        """One input, and what it may have done."""
        frame = self.frame()
        before, given, said = self.desk.counters, len(self.desk.received), len(self.desk.alerts)
        messages = self.decoder.feed(frame)
        answered: list[Message] = []
        for message in messages:
            answered += self.desk.take(message)
        new = self.desk.received[given:]
        if not messages:
            assert (self.desk.counters, new, answered) == (before, [], [])
            self.ends["garbled" if self.decoder.garbled > self.garbled else "waited for"] += 1
        elif new:
            self.ends["given"] += 1
        elif answered or self.desk.dropped or len(self.desk.alerts) > said:
            self.ends["answered, cut off or told"] += 1
        else:
            self.ends["ignored"] += 1
        self.garbled = self.decoder.garbled
        self._judge(new, reset=any(message.get(141) == "Y" for message in messages))
        self.sent = [*self.sent[-200:], frame]
        del self.desk.received[:], self.desk.alerts[:]
        if self.desk.dropped is not None or self.desk.counters.next_in > NUMBER_MAX:
            self.lay()

    def _judge(self, new: list[Message], *, reset: bool) -> None:
        """Numbers go up and never come twice; what is given keeps to the dictionary and is read or refused by its rule."""
        if reset:
            self.last = 0
        for message in new:
            number = int(message.get(34) or 0)
            assert number > self.last
            self.last = number
            assert fault_in(message) is None or message.type == "3"
            with suppress(Malformed):
                assert message.type == from_message(message).TYPE


def fuzz(seed: int, count: int) -> Counter[str]:
    """How the inputs ended."""
    line = Line(random.Random(seed))
    for _ in range(count):
        line.press()
    return line.ends


@pytest.mark.slow
def test_session__under_ten_thousand_bad_inputs__never_fails_and_gives_nothing_twice() -> None:
    ends = fuzz(20_260_302, INPUTS)
    assert ends.total() == INPUTS
    assert all(ends[end] > INPUTS // 50 for end in ("given", "garbled", "answered, cut off or told", "ignored")), ends


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_session__under_a_million_bad_inputs__never_fails_and_gives_nothing_twice() -> None:
    assert fuzz(random.SystemRandom().randrange(2**32), SOAK_INPUTS).total() == SOAK_INPUTS
