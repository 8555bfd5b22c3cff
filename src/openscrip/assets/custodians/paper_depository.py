"""The broker's side of a movement over HTTP, as the paper custodian asks for it."""

from openscrip.assets.paper import CashIn, Deposit, Transfer, TransferAnswer
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.assets.paper_log import InputLog
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


class OnwardBank:
    """Passes money on to the bank at `url`, where our account is. `name` is the custodian that sends it."""

    def __init__(self, name: str, url: str, log: InputLog) -> None:
        self._name = name
        self._connection = PaperConnection("bank", url, TIMEOUT_S)
        self._log = log
        self._sent = log.answers()

    def __call__(self, deposit: Deposit) -> None:
        """Send it, once: what the log knows was sent. Raises `Unavailable`; then nothing of the step happened."""
        key = f"onward:{deposit.id}"
        if key in self._sent:
            return
        told = Deposit(f"{self._name}:{deposit.id}", deposit.reference, deposit.amount, deposit.sender)
        try:
            self._connection.post("/v1/paper/deposits", to_json(told))
        except Refused as refusal:
            raise Unavailable(f"bank: {refusal.text}") from refusal
        self._sent[key] = "{}"
        self._log.answer(key, "{}")

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
