"""What the suite of the store does to it again and again."""

from tests.conformance.stores import command

from openscrip.runtime.ledger import Balance, Transfer
from openscrip.runtime.store import Lease, Store


def post(store: Store, *transfers: Transfer) -> None:
    with store.transaction() as unit:
        unit.post(transfers)


def balance(store: Store, account: str) -> Balance:
    with store.view() as view:
        return view.balance(account)


def lease(store: Store, market_now: int = 0, machine_now: float = 0.0, worker: str = "w", limit: int = 10) -> list[Lease]:
    return store.lease(worker, limit, market_now, machine_now, lease_s=30.0)


def keys(leases: list[Lease]) -> list[str]:
    return [held.command.key for held in leases]


def enqueue(store: Store, *names: str, due_at: int = 0) -> None:
    with store.transaction() as unit:
        for name in names:
            unit.enqueue(command(name, due_at))
