"""The paper parties as programs of the command line."""

from collections.abc import Sequence

from openscrip.assets.brokers.paper_server import main as serve_broker
from openscrip.assets.custodians.paper_server import main as serve_custodian


def paper_broker(arguments: Sequence[str]) -> None:
    """Serve a paper broker until SIGINT or SIGTERM; one ready line in JSON on standard output."""
    serve_broker(arguments)


def paper_custodian(arguments: Sequence[str]) -> None:
    """Serve a paper custodian until SIGINT or SIGTERM; one ready line in JSON on standard output."""
    serve_custodian(arguments)
