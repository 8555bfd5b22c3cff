"""The commands that run one chain by itself, for whoever develops against it."""

from argparse import Namespace
from typing import Any

from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.kernel.clock import LiveClock, instant, iso
from openscrip.kernel.errors import Malformed, Refused

EVM_PORT = 8_545


def evm_node(asked: Namespace, voice: Voice) -> int:
    """Serve the EVM chain of a data folder until SIGINT or SIGTERM."""
    from openscrip.bootstrap.npm import node_modules  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.anvil import ANVIL, Anvil  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.log import LogBroken  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.running import run  # noqa: PLC0415

    settings = settings_of(asked)
    port = settings.ports.evm_rpc or EVM_PORT if asked.port is None else _within(asked.port, 0, 65_535, "port")
    chain_id = settings.evm.chain_id if asked.chain_id is None else _within(asked.chain_id, 1, 2**32 - 1, "chain id")
    start_at = LiveClock().now() if asked.at is None else _instant(asked.at)
    anvil = Anvil(node_modules() / ANVIL, settings.data / "evm", chain_id, start_at)
    try:
        run(anvil, port, lambda told: voice.result(told, _text(told)), live=asked.at is None, die_with_parent=False)
    except LogBroken as broken:
        raise Refused("evm.log", f"evm node: {broken}") from None
    if not voice.as_json:
        voice.say("Stopped.")
    return 0


def _text(told: dict[str, Any]) -> str:
    return (
        f"Chain {told['chain_id']} answers at {told['rpc']} and {told['ws']}.\n"
        f"Newest block: {told['block']}, {iso(told['at'])}. Stop with Ctrl-C."
    )


def _within(text: str, least: int, most: int, what: str) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Malformed(f"evm.{what.replace(' ', '_')}", f"evm node: {text!a:.40} was no {what} from {least} to {most}")
    return int(text)


def _instant(text: str) -> int:
    try:
        return int(text) if text.isdecimal() else instant(text)
    except (ValueError, OverflowError):
        raise Malformed("clock.start", f"clock: {text!a:.40} was not an instant such as 2024-06-03T12:00:00Z") from None
