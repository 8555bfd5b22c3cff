"""What the others have in their own stores: broker, custodian and bank, the watch, both chains."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable

from tests.crash.stage import STOCK, Stage

from openscrip.assets.bank import PaymentSent
from openscrip.assets.broker import Fill, OrderAccepted
from openscrip.issuance.chain import Burned, Minted, Refunded
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import chain_hash
from openscrip.runtime.audit import verify_ledger

Seen = dict[str, list[str]]
PARCELS_MAX = 9


def look(stage: Stage) -> Seen:
    """One line for each effect that happened outside, sorted; an effect that happened twice has two lines."""
    seen = _at_the_broker(stage) | _in_custody(stage) | _on_chains(stage) | {"signed": _signed(stage)}
    return {name: sorted(lines) for name, lines in seen.items()}


def twice(lines: Iterable[str]) -> list[str]:
    """The first words that more than one line begins with."""
    names = [line.split()[0] for line in lines]
    return sorted({name for name in names if names.count(name) > 1})


def each_once(seen: Seen) -> None:
    """Orders, movements, payments, mints, burns and signed contents: each name has one line."""
    for name in ("orders", "movements", "payments", "mints", "burns", "signed"):
        assert twice(seen[name]) == [], f"{name}: {seen[name]}"
    assert seen["refunds"] == []


def agrees_with_itself(stage: Stage) -> None:
    """The ledger's rows add up, no command waits, and the watch proves every token covered."""
    waiting = stage.platform.store.waiting()
    assert waiting == [], waiting
    assert verify_ledger(stage.platform.engine) == []
    command = [sys.executable, "-m", "openscrip_watch", "verify", "--config", str(stage.places.watch_config), "--json"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert json.loads(found.stdout.splitlines()[-1])["ok"]


def _at_the_broker(stage: Stage) -> Seen:
    broker = stage.platform.broker
    events = broker.events(0, 1_000)
    orders = []
    for event in events:
        if isinstance(event, OrderAccepted):
            order = broker.order(event.client_order_id)
            assert order is not None
            told = f"{order.side} {order.quantity} filled {order.filled} settled {order.settled}"
            orders.append(f"{event.client_order_id} {told}")
    fills = [f"{event.client_order_id} {event.quantity} at {event.price}" for event in events if isinstance(event, Fill)]
    positions = [f"{symbol} {position}" for symbol, position in broker.positions().items()]
    return {"orders": orders, "fills": fills, "positions": positions}


def _in_custody(stage: Stage) -> Seen:
    custodian = stage.platform.custodian
    moved = [f"{one.instruction} {one.type} {one.quantity} to {one.counterparty}" for one in custodian.movements(0)]
    paid = [f"{one.id} {one.amount}" for one in stage.platform.bank.events(0, 1_000) if isinstance(one, PaymentSent)]
    totals = {one.id: stage.platform.bank.cash(one.id) for one in stage.asked}
    cash = [f"{name} received {total.received} paid {total.paid}" for name, total in totals.items()]
    statement = custodian.latest_statement(stage.platform.stock(STOCK).isin)
    held = f"available {statement.available} aggregate {statement.aggregate}"
    return {"movements": moved, "payments": paid, "cash": cash, "held": [held]}


def _on_chains(stage: Stage) -> Seen:
    names = {chain_hash(one.id).hex(): one.id for one in stage.asked}
    parcels = [f"{one.id}/{n}" for one in stage.asked if isinstance(one, Subscription) for n in range(1, PARCELS_MAX)]
    names |= {chain_hash(parcel).hex(): parcel for parcel in parcels}
    seen: Seen = {"mints": [], "burns": [], "refunds": [], "supplies": []}
    for name, chain in stage.platform.chains.items():
        cursor, events = "", []
        while page := chain.events(cursor)[0]:
            events += page
            cursor = chain.events(cursor)[1]
        for event in events:
            match event:
                case Minted():
                    seen["mints"].append(f"{names[event.hash]} {event.raw} on {name} to {event.receiver}")
                case Burned():
                    seen["burns"].append(f"{names[event.hash]} {event.raw} on {name}")
                case Refunded():
                    seen["refunds"].append(f"{names[event.hash]} {event.raw} on {name}")
                case _:
                    pass
        seen["supplies"].append(f"{name} {chain.supply(stage.platform.stock(STOCK).token(name))}")
    return seen


def _signed(stage: Stage) -> list[str]:
    """What the watch has ever signed: one line for each different content under one name."""
    path = stage.data / "watch" / "watch.sqlite"
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        asked = "select what, id, body from signatures where what in ('mint', 'delivery', 'payment')"
        rows = [(what, key, json.loads(body)) for what, key, body in store.execute(asked)]
    finally:
        store.close()
    contents = set()
    for what, key, body in rows:
        fields = ("chain", "receiver", "raw", "epoch", "multiplier", "evidence") if what == "mint" else ("content",)
        # addresses and evidence differ from one data folder to the next; within one they may not differ for one name
        contents.add((f"{what}:{key}", json.dumps([body[field] for field in fields])))
    return [name for name, _ in contents]
