"""The thin edge to broker, custodian and bank: performs what the books ask, under the same id every time."""

from collections.abc import Callable
from typing import Any, Protocol

from openscrip.assets.actions import Acknowledged, Instruct, Pay, PlaceOrder, Wake, Woken
from openscrip.assets.bank import Bank, Payment
from openscrip.assets.broker import Broker, Order
from openscrip.assets.custody import Custodian, Instruction, InstructionKind, Signatures
from openscrip.assets.keeping import Keeping
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.store import Lease


class Releases(Protocol):
    """The two keys that move shares or money out: treasury, and the approver who checks first (I7)."""

    def delivery(self, instruction: Instruction) -> Signatures:
        """Both signatures under a delivery. Raises `Refused` with the approver's rule."""
        ...

    def payment(self, payment: Payment) -> Signatures:
        """Both signatures under a payment. Raises `Refused` with the approver's rule."""
        ...


class Desk:
    """Performs orders, instructions and payments. The others refuse duplicates by id, so asking twice is safe.

    Where there are several custodians, `custody` is the `Keeping` that says which one an instruction goes to.
    """

    def __init__(self, broker: Broker, custody: Custodian | Keeping, bank: Bank, releases: Releases) -> None:
        self._broker = broker
        self._custody = custody
        self._bank = bank
        self._releases = releases

    def place_order(self, lease: Lease) -> Acknowledged:
        """Send an order; fills and refusals come as news."""
        action: Any = lease.command.action
        order: PlaceOrder = action
        self._broker.place(Order(order.order_id, order.symbol, order.side, order.shares, order.limit, order.session))
        return Acknowledged()

    def instruct(self, lease: Lease) -> Acknowledged:
        """Send an instruction; what leaves is signed by both keys first. The outcome comes as news."""
        action: Any = lease.command.action
        asked: Instruct = action
        custodian, account = self._route(asked)
        instruction = Instruction(
            asked.instruction_id, asked.kind, asked.isin, asked.shares, account, asked.counterparty, asked.reference
        )
        signatures = _not_yet(lambda: self._releases.delivery(instruction)) if asked.kind is InstructionKind.DELIVER else None
        custodian.instruct(instruction, signatures)
        if isinstance(self._custody, Keeping):
            self._custody.sent(instruction.id)
        return Acknowledged()

    def _route(self, asked: Instruct) -> tuple[Custodian, str]:
        if isinstance(self._custody, Keeping):
            return self._custody.route(asked)
        return self._custody, asked.account

    def pay(self, lease: Lease) -> Acknowledged:
        """Pay out, signed by both keys; the outcome comes as news."""
        action: Any = lease.command.action
        asked: Pay = action
        payment = Payment(asked.payment_id, asked.to, asked.amount, asked.reference)
        self._bank.pay(payment, _not_yet(lambda: self._releases.payment(payment)))
        return Acknowledged()

    def wake(self, lease: Lease) -> Woken:
        """The due time has come."""
        action: Any = lease.command.action
        due: Wake = action
        return Woken(due.why)


def _not_yet(approve: Callable[[], Signatures]) -> Signatures:
    """The approver may not have seen yet what we have: its refusal is asked again, and after many times parked."""
    try:
        return approve()
    except Refused as refusal:
        raise Unavailable(f"desk: the approver refused ({refusal.code}): {refusal.text}") from refusal
