"""What the holder of the second key asks before a payout of the venue leaves. Pure.

It knows by itself: the addresses that customers have named and since when, what chains and banks brought, and what it has
signed. So whoever holds the venue's own key and its database can pay nothing to an address that was named a moment ago, nothing
back to another than who sent it, and no more in a day than its limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.markets.funding import DAY_S, wallet_id


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """`day_max` in the venue's units by asset, for withdrawals and returns together and by UTC date; none without a limit."""

    day_max: Mapping[str, int]
    address_delay_s: int = DAY_S


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """Row: an address that the approver was told of, and when; its id is `place:address`."""

    id: str
    since: int
    stock: str = ""
    state: str = "known"


@dataclass(frozen=True, slots=True)
class SeenDeposit:
    """Row: what the approver itself saw arriving; its id is the deposit's."""

    id: str
    place: str
    asset: str
    sender: str
    amount: int
    stock: str = ""
    state: str = "seen"


@dataclass(frozen=True, slots=True)
class Approved:
    """Row: a payout that was signed; its id is the payment's. `failed` if the bank never made it, `void` once ended.

    `stock`, the indexed field, carries the reference: the deposit or the withdrawal that it is for.
    """

    id: str
    place: str
    asset: str
    to: str
    amount: int
    reference: str
    at: int
    stock: str = ""
    state: str = "signed"


@dataclass(frozen=True, slots=True)
class SignedOn:
    """Row: what was signed of an asset on one UTC day, in the venue's units; its id is `asset:day`."""

    id: str
    amount: int
    stock: str = ""
    state: str = "counted"


APPROVAL_REGISTERED = (KnownAddress, SeenDeposit, Approved, SignedOn)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the approver's own record says of one payout. `same_reference` are the others for the same deposit or withdrawal."""

    before: Approved | None
    address: KnownAddress | None
    deposit: SeenDeposit | None
    same_reference: Sequence[Approved]
    today: int


def units_of(amount: Money | RawAmount) -> int:
    """In the venue's units. Refuses what is no whole number of them (`amount.grain`)."""
    return amount.grains if isinstance(amount, RawAmount) else amount.atoms


def judge(asked: Approved, standing: Standing, terms: ApprovalTerms) -> None:
    """Whether it may be signed; what was signed before may be signed again, with the same content.

    Raises `Refused` with `approver.conflict`, `approver.once`, `approver.receiver`, `approver.address`, `approver.delay` or
    `approver.limit`.
    """
    before = standing.before
    if before is not None:
        same = (before.place, before.asset, before.to, before.amount) == (asked.place, asked.asset, asked.to, asked.amount)
        refuse_unless(before.state != "void", "approver.void", f"approver: {asked.id} was ended; it is not signed again")
        refuse_unless(same, "approver.conflict", f"approver: {asked.id} was signed with other content")
        return
    live = [each.id for each in standing.same_reference if each.state == "signed"]
    refuse_unless(not live, "approver.once", f"approver: {', '.join(live)} was signed for {asked.reference}")
    if asked.reference.startswith("D-"):
        _judge_return(asked, standing.deposit)
    else:
        _judge_address(asked, standing.address, terms)
    most = terms.day_max.get(asked.asset, 0)
    total = standing.today + asked.amount
    text = f"approver: {total} units of {asked.asset} would leave today, {most} may; wait, or raise the limit at the approver"
    refuse_unless(total <= most, "approver.limit", text)


def _judge_return(asked: Approved, deposit: SeenDeposit | None) -> None:
    if deposit is None:
        raise Refused("approver.deposit", f"approver: nothing of {asked.reference} was seen on {asked.place}")
    same_sender = wallet_id(deposit.place, deposit.sender) == wallet_id(asked.place, asked.to)
    text = f"approver: {asked.reference} came from {deposit.sender!a:.80}, and was to go to {asked.to!a:.80}"
    refuse_unless(same_sender and deposit.asset == asked.asset, "approver.receiver", text)
    text = f"approver: {deposit.amount} units came, {asked.amount} were to go back"
    refuse_unless(asked.amount <= deposit.amount, "approver.receiver", text)


def _judge_address(asked: Approved, address: KnownAddress | None, terms: ApprovalTerms) -> None:
    if address is None:
        raise Refused("approver.address", f"approver: nobody had named {asked.to!a:.80} on {asked.place}")
    usable_at = address.since + terms.address_delay_s
    text = f"approver: {asked.to!a:.80} was named at {address.since}, and is paid to from {usable_at} on"
    refuse_unless(asked.at >= usable_at, "approver.delay", text)
