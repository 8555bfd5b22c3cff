"""What may not leave while a client is held: payments to them, deliveries of their redemptions. Both are asked again."""

from collections.abc import Callable
from typing import Any

from openscrip.assets.actions import Instruct, Pay
from openscrip.assets.custody import InstructionKind
from openscrip.issuance.cases import refuse_held_person
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.coins import PayCoins
from openscrip.issuance.redemption import Redemption
from openscrip.kernel.errors import NotYet, Refused
from openscrip.runtime.store import Lease, Store

Perform = Callable[[Lease], Any]
AGAIN_S = 30


def held_back(store: Store, perform: Perform) -> Perform:
    """The performer of a payment, in money or coins, or of an instruction; `NotYet` while whom it is for is held."""

    def performed(lease: Lease) -> Any:
        action: Any = lease.command.action
        with store.view() as view:
            person = ""
            if isinstance(action, Pay):
                person = action.to
            elif isinstance(action, Instruct) and action.kind is InstructionKind.DELIVER:
                row = view.row(Redemption, action.reference)
                person = row.person if row is not None else ""
            elif isinstance(action, PayCoins):
                owner = view.row(ClientWallet, wallet_id(action.chain, action.to))
                person = owner.wallet.person_id if owner is not None else ""
            try:
                refuse_held_person(view, person)
            except Refused as held:
                raise NotYet(held.text, AGAIN_S) from None
        return perform(lease)

    return performed
