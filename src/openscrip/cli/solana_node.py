"""`openscrip solana-node`: the local Solana chain of a data folder, run by itself."""

from argparse import ArgumentParser, Namespace
from typing import Any

from openscrip.cli.node_options import add_clock, start_of, within
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused

SOLANA_PORT = 8_899
SLOTS_MAX = 10_000_000
FAULTS = (
    ("--confirm-slots", 0, "slots that a transaction waits for `confirmed`"),
    ("--finalize-slots", 0, "slots that a transaction waits for `finalized`"),
    ("--drop-every", 0, "answer and lose each N-th sent transaction"),
    ("--blockhash-slots", 150, "slots that a blockhash lives"),
)


def add_solana_node(to: ArgumentParser) -> None:
    """The command's own words."""
    to.add_argument(
        "--port",
        default=None,
        help="where it answers on 127.0.0.1; the port after it takes WebSockets too, if it is free; "
        "0 takes a free port (ports.solana_rpc, 8899)",
    )
    add_clock(to)
    to.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="ID=PATH[,AUTHORITY]",
        help="a program that stands on a new chain from its start, upgradeable by AUTHORITY (repeatable)",
    )
    faults = to.add_argument_group("as slow as a bad cluster")
    for option, usual, what in FAULTS:
        faults.add_argument(option, default=str(usual), metavar="N", help=f"{what} ({usual})")


def solana_node(asked: Namespace, voice: Voice) -> int:
    """Serve the Solana chain of a data folder until SIGINT or SIGTERM."""
    from openscrip.issuance.nodes.solana.faults import Faults  # noqa: PLC0415
    from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis  # noqa: PLC0415
    from openscrip.issuance.nodes.solana.log import LogBroken  # noqa: PLC0415
    from openscrip.issuance.nodes.solana.running import NodeOptions, run  # noqa: PLC0415

    settings = settings_of(asked)
    port = settings.ports.solana_rpc or SOLANA_PORT
    if asked.port is not None:
        port = within(asked.port, 0, 65_535, "solana.option", "solana node: port")
    confirm, finalize, drop, blockhash = (
        within(getattr(asked, option[2:].replace("-", "_")), 0, SLOTS_MAX, "solana.option", f"solana node: {option[2:]}")
        for option, _, _ in FAULTS
    )
    options = NodeOptions(
        settings.data / "solana",
        port,
        second_port=port + 1 if 0 < port < 65_535 else 0,
        live=asked.at is None,
        start_at=start_of(asked.at),
        programs=[ProgramAtGenesis.parse(text) for text in asked.program],
        faults=Faults(confirm, finalize, drop),
        blockhash_slots=max(1, blockhash),
    )
    try:
        run(options, lambda told: voice.result(told, _text(told)))
    except LogBroken as broken:
        raise Refused("solana.log", f"solana node: {broken}") from None
    if not voice.as_json:
        voice.say("Stopped.")
    return 0


def _text(told: dict[str, Any]) -> str:
    return (
        f"Chain {told['genesis']} answers at {told['rpc']} and {told['ws']}.\n"
        f"{told['transactions']} transactions, slot {told['slot']}, {iso(told['at'])}. Stop with Ctrl-C."
    )
