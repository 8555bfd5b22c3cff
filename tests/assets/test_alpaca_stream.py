"""A stream of Alpaca's that is followed by a thread: whoever stops it has stopped it, wherever it was."""

import socket
import threading
from collections.abc import Iterator

import pytest

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.alpaca_stream import EventStream

PATH = "/v2/events/trades"


class StoppedOnTheWay(AlpacaHttp):
    """Connections to a listener, whose stream is stopped from elsewhere just before each is made."""

    stream: EventStream

    def authorised(self) -> dict[str, str]:
        stopping = threading.Thread(target=self.stream.stop)
        stopping.start()
        stopping.join(0.2)  # it waits for the end of the thread that runs this
        return super().authorised()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def test_a_stream__stopped_while_it_connects__does_not_wait_for_words_that_nobody_wants(silent: str) -> None:
    alpaca = StoppedOnTheWay("alpaca", silent, Credentials(Auth.BASIC, "key", "secret"))
    alpaca.stream = EventStream(alpaca, PATH, lambda: "", lambda event: None)
    alpaca.stream.start()
    ours = [each for each in threading.enumerate() if each.name == f"alpaca{PATH}"]
    for thread in ours:
        thread.join(10)
    assert not any(thread.is_alive() for thread in ours)
    alpaca.close()
