"""What the commands that run one chain by itself share: whole numbers within bounds, and the market time of a new chain."""

from argparse import ArgumentParser

from openscrip.kernel.clock import LiveClock, instant
from openscrip.kernel.errors import Malformed


def add_clock(to: ArgumentParser) -> None:
    """`--live` or `--at INSTANT`; `at` is None for live."""
    clock = to.add_mutually_exclusive_group()
    clock.add_argument("--live", dest="at", action="store_const", const=None, help="market time is the wall clock")
    clock.add_argument(
        "--at",
        default=None,
        metavar="INSTANT",
        help="market time of a new chain, such as 2024-06-03T12:00:00Z; it stands until openscrip_setClock moves it",
    )


def start_of(at: str | None) -> int:
    """The market time (UTC seconds) at which a new chain starts. Raises `Malformed("clock.start")`."""
    if at is None:
        return LiveClock().now()
    try:
        return int(at) if at.isdecimal() else instant(at)
    except (ValueError, OverflowError):
        raise Malformed("clock.start", f"clock: {at!a:.40} was not an instant such as 2024-06-03T12:00:00Z") from None


def within(text: str, least: int, most: int, rule: str, says: str) -> int:
    """The whole number in `text`. Raises `Malformed` with the rule; `says` is such as `evm node: port`."""
    if not text.isdecimal() or not least <= int(text) <= most:
        where, what = says.split(": ")
        raise Malformed(rule, f"{where}: {text!a:.40} was no {what} from {least} to {most}")
    return int(text)
