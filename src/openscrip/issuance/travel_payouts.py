"""Before coins leave, the Travel Rule has its word: nobody must be told, the other side accepted, or two persons released it.

Coins go to wallets that clients have proven to be theirs: that is noted, with the proof as its reason. What goes back to
a sender whom nobody knows, from the rule's value on, waits as a case: whose provider to tell is a person's to find out.
"""

from collections.abc import Callable
from typing import Any

from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.coins import PayCoins, Stablecoin
from openscrip.issuance.holding_back import AGAIN_S, Perform
from openscrip.issuance.travel_rule import Transfer, TravelExchange, TravelRule, refuse_unexchanged, travel_case
from openscrip.kernel.errors import NotYet, Refused
from openscrip.runtime.store import Lease, Store, Unit, View


def told_first(store: Store, travel: TravelRule, now: Callable[[], int], perform: Perform) -> Perform:
    """The performer of payments in coins; `NotYet` while the exchange about one is neither exempt, accepted nor released."""

    def performed(lease: Lease) -> Any:
        action: Any = lease.command.action
        if isinstance(action, PayCoins):
            _refuse_untold(store, travel, action, now())
        return perform(lease)

    return performed


def _refuse_untold(store: Store, travel: TravelRule, action: PayCoins, now: int) -> None:
    with store.glance() as view:
        if _is_own(view, action):
            return
        known = view.row(TravelExchange, action.payment_id)
    waits = ""
    if known is None or known.state != "exempt":
        with store.transaction() as unit:
            _prepare(unit, travel, action, now)
            try:
                refuse_unexchanged(unit, action.payment_id)
            except Refused as untold:
                waits = untold.text
    if waits:
        raise NotYet(waits, AGAIN_S)


def _is_own(view: View, action: PayCoins) -> bool:
    """Whether the coins go to the issuer's own account at its bank, to be converted."""
    coin = view.row(Stablecoin, f"{action.asset}:{action.chain}")
    return coin is not None and coin.bank.lower() == action.to.lower()


def _prepare(unit: Unit, travel: TravelRule, action: PayCoins, now: int) -> None:
    owner = unit.row(ClientWallet, wallet_id(action.chain, action.to))
    client = owner.wallet.person_id if owner is not None else ""
    amount = action.amount
    about = Transfer(action.payment_id, client, action.asset, str(amount), amount, action.chain, action.to, "", ())
    try:
        travel.prepare(unit, about, None)
    except Refused as untold:
        open_case(unit, Case(
            travel_case(about.id), client, "travel", untold.code, untold.text, about.id, now, holds=False,
        ))  # fmt: skip
