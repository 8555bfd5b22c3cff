"""The Travel Rule: before funds of a certain value are released to a provider, it is told who sends and who receives.

drafted > accepted | rejected          exempt

A wallet that a client has proven to be theirs is no provider: nobody is told, and the proof is kept as the reason. A
rejected exchange is a case; its funds stay until two named persons release it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from openscrip.assets.compliance.counterpart import Answer, Replied, TravelCounterpart
from openscrip.assets.compliance.ivms101 import Casing, TravelMessage, read_message
from openscrip.assets.compliance.ivms101_text import write_message
from openscrip.assets.compliance.vault import Sealed
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.compliance import Compliance
from openscrip.kernel.errors import Conflict, Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.runtime.feed import QUIET_S, Feed, Rest
from openscrip.runtime.store import Store, Unit, View

FEED = "travel"
UNEXCHANGED = "travel.unexchanged"
RETRY_S = 60
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Transfer:
    """A release of funds: what, how much it is worth, whose, and to which address. `counterpart` is the provider there."""

    id: str
    client: str
    asset: str
    amount: str
    value: Money
    chain: str
    address: str
    counterpart: str
    jurisdictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TravelExchange:
    """Row: what was told of a transfer, sealed, and what the other side said; its id is the transfer's."""

    id: str
    transfer: Transfer
    sealed: Sealed | None
    asked_at: int
    due_at: int = 0
    told_at: int = 0
    reference: str = ""
    reason: str = ""
    stock: str = ""
    state: str = "drafted"


@dataclass(frozen=True, slots=True)
class TravelAnswered:
    """Fact: a counterpart accepted or rejected what it was told."""

    id: str
    answer: str
    reference: str


@dataclass(frozen=True, slots=True)
class _Told:
    transfer: str
    replied: Replied | None
    error: str = ""


class TravelRule:
    """`counterparts` are the providers that can be told, by name."""

    def __init__(
        self, store: Store, compliance: Compliance, counterparts: Mapping[str, TravelCounterpart], now: Callable[[], int]
    ) -> None:
        self._store = store
        self._compliance = compliance
        self._counterparts = counterparts
        self._now = now
        self._rest = Rest(now)

    def needs(self, view: View, transfer: Transfer) -> str:
        """Why nobody must be told; empty where the counterpart must."""
        least = self._compliance.policy.book.travel_min(*transfer.jurisdictions)
        if transfer.value < least:
            return f"below {least} USD"
        wallet = view.row(ClientWallet, wallet_id(transfer.chain, transfer.address))
        if wallet is not None and wallet.wallet.person_id == transfer.client:
            return f"the client's own wallet, proven by {wallet.proof or 'the sentence of ownership'}"
        return ""

    def prepare(self, unit: Unit, transfer: Transfer, message: TravelMessage | None) -> TravelExchange:
        """Note a transfer: exempt with its reason, or drafted with its message, once.

        Raises `Refused("travel.message")` where one is needed and none was given, `Refused("travel.counterpart")` for a
        provider that cannot be told, `Conflict("travel.conflict")` for the same id with another transfer.
        """
        self._rest.wake()
        known = unit.row(TravelExchange, transfer.id)
        if known is not None:
            if known.transfer != transfer:
                raise Conflict("travel.conflict", f"travel: {transfer.id:.80} was another transfer")
            return known
        exempt = self.needs(unit, transfer)
        if exempt:
            row = TravelExchange(transfer.id, transfer, None, self._now(), reason=exempt, state="exempt")
        elif message is None:
            raise Refused("travel.message", f"travel: {transfer.id:.80} needs to say who sends and who receives")
        elif transfer.counterpart not in self._counterparts:
            raise Refused("travel.counterpart", f"travel: {transfer.counterpart:.40} cannot be told; the funds stay")
        else:
            sealed = self._compliance.vault.seal(write_message(message, Casing.CAMEL), _bound(transfer.id))
            row = TravelExchange(transfer.id, transfer, sealed, self._now())
        unit.put(row)
        return row

    def message(self, row: TravelExchange) -> TravelMessage | None:
        """What was told, for a named person who may see it; None where nobody had to be."""
        return read_message(self._compliance.vault.open(row.sealed, _bound(row.id))) if row.sealed else None

    def feed(self) -> Feed:
        """For the worker."""
        return Feed(FEED, self.poll, self.apply, QUIET_S)

    def poll(self, cursor: str) -> tuple[Sequence[_Told], str]:
        """Tell what is drafted."""
        if not self._rest.is_over():
            return (), cursor
        with self._store.glance() as view:
            rows = [row for row in view.rows(TravelExchange, state="drafted") if row.due_at <= self._now()][:AT_ONCE]
        return [self._tell(row) for row in rows], cursor

    def _tell(self, row: TravelExchange) -> _Told:
        try:
            counterpart = self._counterparts[row.transfer.counterpart]
            message = self.message(row)
            document: dict[str, Any] = write_message(message, counterpart.casing) if message else {}
            about = row.transfer
            transaction = {"asset": about.asset, "amount": about.amount, "chain": about.chain, "address": about.address}
            return _Told(row.id, counterpart.tell(row.id, transaction, document))
        except Unavailable as outage:
            return _Told(row.id, None, str(outage))
        except KeyError:
            return _Told(row.id, None, f"travel: {row.transfer.counterpart} is not set up")

    def apply(self, unit: Unit, told: _Told) -> None:
        """Note the answer; a rejection is a case."""
        row = unit.row(TravelExchange, told.transfer)
        if row is None or row.state != "drafted":
            return
        now = self._now()
        if told.replied is None or told.replied.answer is Answer.PENDING:
            reference = told.replied.reference if told.replied else row.reference
            unit.put(replace(row, due_at=now + RETRY_S, reason=told.error, told_at=row.told_at or now, reference=reference))
            return
        answer = told.replied.answer
        after = replace(row, state=answer.value, told_at=now, reference=told.replied.reference, reason="")
        unit.put(after)
        unit.record(TravelAnswered(row.id, answer.value, told.replied.reference), now)
        if answer is Answer.REJECTED:
            what = f"travel: {row.transfer.counterpart} rejected what it was told of {row.id}"
            open_case(unit, Case(
                travel_case(row.id), row.transfer.client, "travel", UNEXCHANGED, what, row.id, now, holds=False,
            ))  # fmt: skip


def refuse_unexchanged(view: View, transfer_id: str) -> None:
    """Raise `Refused("travel.unexchanged")` unless the transfer may be released: exempt, accepted, or released by two."""
    row = view.row(TravelExchange, transfer_id)
    if row is not None and row.state in {"exempt", Answer.ACCEPTED.value}:
        return
    case = view.row(Case, travel_case(transfer_id))
    if case is not None and case.state == "released":
        return
    state = row.state if row else "not prepared"
    raise Refused(UNEXCHANGED, f"travel: the exchange about {transfer_id:.80} was {state}; the funds stay until it is accepted")


def travel_case(transfer_id: str) -> str:
    """The id of the case that a rejection opens."""
    return f"travel:{transfer_id}"


def _bound(transfer_id: str) -> str:
    return f"travel/{transfer_id}"


def as_json(message: TravelMessage, casing: Casing) -> str:
    """A message as text, for whoever may see it."""
    return json.dumps(write_message(message, casing), ensure_ascii=False)
