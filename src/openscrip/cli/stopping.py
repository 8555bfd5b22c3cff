"""When a command that runs on must end: by SIGINT, by SIGTERM, or with the process that started it."""

import os
import signal
import threading
from types import FrameType

PARENT_LOOKED_AT_S = 0.5


def told_to_stop(*, with_parent: bool = False) -> threading.Event:
    """An event that is set when it is time to end; from now on this process takes both signals."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(), stop), daemon=True).start()
    return stop


def end_with_parent() -> None:
    """From now on SIGTERM comes when the process that started this one ends; for programs that take the signal themselves."""

    def end(parent: int, stop: threading.Event) -> None:
        _end_with_parent(parent, stop)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end, args=(os.getppid(), threading.Event()), daemon=True).start()


def _end_with_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(PARENT_LOOKED_AT_S):
            return
    stop.set()
