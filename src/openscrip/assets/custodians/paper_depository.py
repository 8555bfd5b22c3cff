"""The broker's side of a movement over HTTP, as the paper custodian asks for it."""

from openscrip.assets.paper import CashIn, Transfer, TransferAnswer
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.errors import Refused, Unavailable


class HttpDepository:
    """Asks the broker at `url`. Warning: a refusal here is a fault between two machines, so it counts as no answer."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._connection = PaperConnection("depository", url, timeout_s)

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave the broker for custody."""
        return self._ask("/v1/deliveries", transfer)

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares reach the broker from custody."""
        return self._ask("/v1/receipts", transfer)

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money reaches the broker."""
        return self._ask("/v1/deposits", cash)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _ask(self, path: str, movement: Transfer | CashIn) -> TransferAnswer:
        try:
            return from_json(TransferAnswer, self._connection.post(path, to_json(movement)))
        except Refused as refusal:
            raise Unavailable(f"depository: {refusal.text}") from refusal
