"""Who wants to hear of what, and telling them: only what is on disk already, and each subscriber in the order of events."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Protocol

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM

from openscrip.issuance.nodes.solana.account_methods import Filter, passes
from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.landed import Executed, Landed
from openscrip.issuance.nodes.solana.rpc import RpcError
from openscrip.issuance.nodes.solana.shapes import Parser, account_shape

TICK_S_MIN = 0.02


class Listener(Protocol):
    """A connection: it takes messages without waiting, and forgets a subscription that is over."""

    def tell(self, message: bytes) -> None:
        """Queue a message for the other side."""

    def ended(self, number: int) -> None:
        """The subscription with this number is over."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of one connection. `topic` is what events are matched with; `wanted` the options it came with."""

    number: int
    listener: Listener
    topic: tuple[str, object]
    wanted: dict[str, Any]
    tests: list[Filter] = field(default_factory=list)

    @property
    def commitment(self) -> str:
        """The commitment it waits for; finalized unless it said otherwise."""
        return str(self.wanted.get("commitment") or "finalized")


class Publisher:
    """Every subscription of the node, and the task that serves them."""

    def __init__(self, bank: Bank, parse: Parser) -> None:
        self._bank, self._parse = bank, parse
        self._numbers = count(1)
        self._topics: dict[tuple[str, object], dict[int, Subscription]] = {}
        self._fresh: list[Executed] = []
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._woken = asyncio.Event()
        bank.on_landed = self._landed

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return sum(len(of_topic) for of_topic in self._topics.values())

    def subscribe(
        self, listener: Listener, topic: tuple[str, object], wanted: dict[str, Any], tests: list[Filter]
    ) -> Subscription:
        """Note a subscription; a signature that has landed already is told of in the next round."""
        made = Subscription(next(self._numbers), listener, topic, wanted, tests)
        self._topics.setdefault(topic, {})[made.number] = made
        if topic[0] == "signature" and isinstance(topic[1], Signature):
            landed = self._bank.history.find(topic[1])
            if landed is not None:
                self._at(made, landed.slot, partial(self._tell_signature, made, landed))
        return made

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        of_topic = self._topics.get(subscription.topic, {})
        of_topic.pop(subscription.number, None)
        if not of_topic:
            self._topics.pop(subscription.topic, None)

    async def run(self) -> None:
        """Serve until cancelled: what landed once it is on disk, and the slots as they pass."""
        slot, tick_s = self._bank.slots.current(), max(TICK_S_MIN, self._bank.slots.slot_ms / 1000)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), tick_s)
            self._woken.clear()
            fresh, self._fresh = self._fresh, []
            await self._bank.log.durable()
            for executed in fresh:
                self._publish(executed)
            slot = self._tell_slots(slot)
            self._tell_the_due()

    def _landed(self, executed: Executed) -> None:
        if self._topics:
            self._fresh.append(executed)
            self._woken.set()

    def _publish(self, executed: Executed) -> None:
        landed = executed.landed
        for one in self._of("signature", landed.signature):
            self._at(one, landed.slot, partial(self._tell_signature, one, landed))
        told = {"signature": str(landed.signature), "err": landed.error, "logs": landed.meta.logs()}
        hear_logs = [*self._of("logs", None)]
        hear_logs += [one for key in dict.fromkeys(landed.keys.all) for one in self._of("logs", key)]
        for one in hear_logs:
            self._at(one, landed.slot, partial(self._tell, one, "logs", landed.slot, told))
        for key, account in executed.changed.items():
            self._publish_account(landed.slot, key, account)

    def _publish_account(self, slot: int, key: Pubkey, account: Account | None) -> None:
        gone = Account(0, b"", SYSTEM)
        for one in self._of("account", key):
            value = self._shape(key, account or gone, one)
            self._at(one, slot, partial(self._tell, one, "account", slot, value))
        for one in self._of("program", account.owner) if account is not None else ():
            if account is not None and passes(one.tests, account):
                shape = {"pubkey": str(key), "account": self._shape(key, account, one)}
                self._at(one, slot, partial(self._tell, one, "program", slot, shape))

    def _shape(self, key: Pubkey, account: Account, one: Subscription) -> dict[str, Any] | None:
        try:
            return account_shape(key, account, one.wanted, self._parse)
        except RpcError:
            # Too long for base58: the subscriber is told in base64 rather than not at all.
            return account_shape(key, account, {**one.wanted, "encoding": "base64"})

    def _tell_signature(self, one: Subscription, landed: Landed) -> None:
        if one.number not in self._topics.get(one.topic, {}):
            return
        if one.wanted.get("enableReceivedNotification"):
            self._tell(one, "signature", landed.slot, "receivedSignature")
        self._tell(one, "signature", landed.slot, {"err": landed.error})
        self.unsubscribe(one)
        one.listener.ended(one.number)

    def _tell_slots(self, told: int) -> int:
        slot = self._bank.slots.current()
        if slot == told:
            return told
        for one in list(self._of("slot", None)):
            _notify(one, "slot", {"parent": slot - 1, "root": max(0, slot - 2), "slot": slot})
        for one in list(self._of("root", None)):
            _notify(one, "root", max(0, slot - 2))
        return slot

    def _tell_the_due(self) -> None:
        slot = self._bank.slots.current()
        due = [tell for at, tell in self._later if at <= slot]
        self._later = [(at, tell) for at, tell in self._later if at > slot]
        for tell in due:
            tell()

    def _at(self, one: Subscription, landed_at: int, tell: Callable[[], None]) -> None:
        self._later.append((self._bank.faults.due(landed_at, one.commitment), tell))
        self._woken.set()

    def _of(self, kind: str, what: object) -> Iterable[Subscription]:
        return tuple(self._topics.get((kind, what), {}).values())

    @staticmethod
    def _tell(one: Subscription, kind: str, slot: int, value: object) -> None:
        _notify(one, kind, {"context": {"slot": slot}, "value": value})


def _notify(one: Subscription, kind: str, result: object) -> None:
    told = {"jsonrpc": "2.0", "method": f"{kind}Notification", "params": {"result": result, "subscription": one.number}}
    one.listener.tell(json.dumps(told).encode())
