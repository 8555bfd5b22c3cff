"""QuickFIX as the other side of a session: `python quickfix_peer.py initiator|acceptor PORT FOLDER SENDER TARGET`.

It runs in an environment of its own (`.toolchain/quickfix`) and imports nothing of ours. As an initiator it keeps a few orders
under way until stdin ends, waits until all are filled, and logs out; as an acceptor it fills what it is sent, in two parts,
until it is killed. Numbers and messages lie in FOLDER, and so do its orders: a life goes on where the one before was killed.

Each line on stdout is what it knows for good: `sent o-1` (in its store), `got 2 e-1 o-1` (status, execution, order), `ended`.
"""

import sys
import threading
import time
from pathlib import Path

import quickfix as fix

UNDER_WAY = 20
QUANTITY = "1.5"
QUANTITY_ASKED = 2.5
"""Of every order that is sent to us."""
CONFIGURATION = """[DEFAULT]
ConnectionType={role}
FileStorePath={folder}/store
FileLogPath={folder}/log
NonStopSession=Y
CheckLatency=N
ReconnectInterval=1
HeartBtInt=5
LogonTimeout=20
LogoutTimeout=10
SocketReuseAddress=Y
UseDataDictionary=Y
DataDictionary={dictionary}
TimestampPrecision=3
ValidateUserDefinedFields=N

[SESSION]
BeginString=FIX.4.2
SenderCompID={sender}
TargetCompID={target}
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
SocketAcceptPort={port}
"""


def say(line: str) -> None:
    """One line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def field(message: fix.Message, tag: int) -> str:
    """The text of a field, empty where it is missing."""
    return str(message.getField(tag)) if message.isSetField(tag) else ""


def kind_of(message: fix.Message) -> str:
    """What type of message it is."""
    return str(message.getHeader().getField(35))


class Side(fix.Application):  # type: ignore[misc]  # it ships no types
    """What both roles have."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.session: fix.SessionID | None = None
        self.is_on = threading.Event()

    def onCreate(self, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """It is there, not yet connected."""
        self.session = session

    def onLogon(self, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """Both sides are on."""
        self.is_on.set()

    def onLogout(self, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """The other side went, or the link broke."""
        self.is_on.clear()

    def toAdmin(self, message: fix.Message, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """Nothing is added."""

    def fromAdmin(self, message: fix.Message, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """A reject is what nobody wants to see."""
        if kind_of(message) == "3":
            say(f"reject {field(message, 58)}")

    def toApp(self, message: fix.Message, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """Sent as it is, again if asked for."""


class Issuer(Side):
    """Sends orders, and counts what became of them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = folder / "orders.txt"
        told = self._file.read_text().split() if self._file.exists() else []
        self.sent = sum(word.startswith("o-") for word in told)
        self.filled = {word.removeprefix("filled:") for word in told if word.startswith("filled:")}
        self._lock = threading.Lock()

    def _write(self, word: str) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(f"{word}\n")

    def order(self) -> None:
        """The next one; its id is on the disk before it can be sent, so that none is used twice."""
        name = f"o-{self.sent}"
        self.sent += 1
        self._write(name)
        message = fix.Message()
        message.getHeader().setField(fix.MsgType("D"))
        for tag, value in ((11, name), (21, "1"), (55, "AAPL"), (54, "1"), (38, QUANTITY), (40, "1"), (59, "0")):
            message.setField(tag, value)
        now = fix.TransactTime()
        message.setField(now)
        if fix.Session.sendToTarget(message, self.session):
            say(f"sent {name}")

    def fromApp(self, message: fix.Message, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """A report."""
        status, order = field(message, 39), field(message, 11)
        say(f"got {status} {field(message, 17)} {order}")
        if status in ("2", "8", "4", "C") and order not in self.filled:
            self.filled.add(order)
            self._write(f"filled:{order}")


class Broker(Side):
    """Fills what it is sent; the same order gives the same executions. What it is asked about, it has filled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._questions = 0

    def fromApp(self, message: fix.Message, session: fix.SessionID) -> None:  # noqa: N802  # the engine's name
        """An order, or a question after one; it came before, since numbers have no gaps."""
        order = field(message, 11)
        if kind_of(message) == "D":
            quantity = float(field(message, 38))
            half = round(quantity / 2, 2)
            self._report(message, f"e-{order}-0", "0", "0", quantity, 0.0, 0.0)
            self._report(message, f"e-{order}-1", "0", "1", quantity, half, half)
            self._report(message, f"e-{order}-2", "0", "2", quantity, quantity, quantity - half)
            say(f"sent {order}")
        elif kind_of(message) == "H":
            self._questions += 1
            self._report(message, f"s-{time.time_ns()}-{self._questions}", "3", "2", QUANTITY_ASKED, QUANTITY_ASKED, 0.0)

    def _report(
        self, asked: fix.Message, execution: str, transaction: str, status: str, quantity: float, filled: float, part: float
    ) -> None:
        report = fix.Message()
        report.getHeader().setField(fix.MsgType("8"))
        fields = [
            (37, f"b-{field(asked, 11)}"), (11, field(asked, 11)), (17, execution), (20, transaction), (150, status),
            (39, status), (55, field(asked, 55)), (54, field(asked, 54)), (38, f"{quantity:g}"), (14, f"{filled:g}"),
            (151, f"{quantity - filled:g}"), (6, "187.4" if filled else "0"),
        ]  # fmt: skip
        for tag, value in (*fields, *(((32, f"{part:g}"), (31, "187.4")) if part else ())):
            report.setField(tag, value)
        fix.Session.sendToTarget(report, self.session)


def main() -> None:
    """Run until stdin ends, or until killed."""
    role, port, folder, sender, target = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], sys.argv[5]
    folder.mkdir(parents=True, exist_ok=True)
    dictionary = Path(sys.prefix) / "share" / "quickfix" / "FIX42.xml"
    file = folder / "session.cfg"
    file.write_text(
        CONFIGURATION.format(role=role, folder=folder, dictionary=dictionary, sender=sender, target=target, port=port)
    )
    side = Issuer(folder) if role == "initiator" else Broker(folder)
    settings = fix.SessionSettings(str(file))
    store, log = fix.FileStoreFactory(settings), fix.FileLogFactory(settings)
    kind = fix.SocketInitiator if role == "initiator" else fix.SocketAcceptor
    engine = kind(side, store, settings, log)
    engine.start()
    say("ready")
    ended = threading.Event()

    def until_told() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=until_told, daemon=True).start()
    while not ended.is_set() or (isinstance(side, Issuer) and len(side.filled) < side.sent):
        room = isinstance(side, Issuer) and side.is_on.is_set() and side.sent - len(side.filled) < UNDER_WAY
        if room and not ended.is_set() and isinstance(side, Issuer):
            side.order()
        else:
            time.sleep(0.002)
    engine.stop()
    say("ended")


if __name__ == "__main__":
    main()
