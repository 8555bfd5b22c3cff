"""The commands that run one chain by itself, for whoever develops against it."""

from argparse import Namespace
from typing import Any

from openscrip.cli.node_options import start_of, within
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused

EVM_PORT = 8_545


def evm_node(asked: Namespace, voice: Voice) -> int:
    """Serve the EVM chain of a data folder until SIGINT or SIGTERM."""
    from openscrip.bootstrap.npm import node_modules  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.anvil import ANVIL, Anvil  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.log import LogBroken  # noqa: PLC0415
    from openscrip.issuance.nodes.evm.running import run  # noqa: PLC0415

    settings = settings_of(asked)
    port = settings.ports.evm_rpc or EVM_PORT
    if asked.port is not None:
        port = within(asked.port, 0, 65_535, "evm.port", "evm node: port")
    chain_id = settings.evm.chain_id
    if asked.chain_id is not None:
        chain_id = within(asked.chain_id, 1, 2**32 - 1, "evm.chain_id", "evm node: chain id")
    start_at = start_of(asked.at)
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
