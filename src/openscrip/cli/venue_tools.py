"""`replay`: a kept stream of orders through a new book, or a made one into a file."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from openscrip.cli.saying import Voice

Command = Callable[[str, str, str], ArgumentParser]
DEFAULT_SEED, DEFAULT_TARGET = 7, 5_000


def add_replay(command: Command) -> None:
    """The words of it."""
    replay = command("replay", "play a recorded stream of orders through a book", "venue_tools")
    replay.add_argument("file", type=Path, help="a table of commands (numpy's .npy, ten columns of int64)")
    replay.add_argument("--make", type=int, default=0, metavar="COUNT", help="first make a stream of so many messages there")
    replay.add_argument("--seed", type=int, default=DEFAULT_SEED, help=f"of the stream that is made ({DEFAULT_SEED})")
    replay.add_argument("--resting", type=int, default=DEFAULT_TARGET, help=f"orders that it keeps open ({DEFAULT_TARGET})")


def replay(asked: Namespace, voice: Voice) -> int:
    """Make the stream if asked to, play it, and say what came of it."""
    from openscrip.kernel.errors import Malformed  # noqa: PLC0415
    from openscrip.markets import streams  # noqa: PLC0415

    if asked.make < 0 or asked.resting < 1:
        raise Malformed("stream.size", "replay: a stream has at least one message, and keeps at least one order open")
    if asked.make:
        streams.save(streams.stream(asked.make, asked.resting, asked.seed), asked.file)
    began = time.process_time()
    tally = streams.replay(asked.file)
    seconds = time.process_time() - began
    document = {
        "messages": tally.messages,
        "adds": tally.adds,
        "cancels": tally.cancels,
        "fills": tally.fills,
        "resting": tally.resting,
        "fill_hash": str(tally.fill_hash),
        "digest": str(tally.digest),
        "cpu_s": round(seconds, 3),
    }
    voice.result(document, "\n".join(f"{name:<10} {value}" for name, value in document.items()))
    return 0
