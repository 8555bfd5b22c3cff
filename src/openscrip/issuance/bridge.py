"""A crossing between chains, from the burn on one to the mint on the other, or back.

    departed > arriving > arrived
        |          |
        +---------(+)--> dead > restoring > restored              held > departed | dead

Raw never changes on the way (I6 leaves it to the multiplier), and what is under way stays counted (I1). The arrival is
asked for until `arrive_by`: its voucher's deadline is never later. What did not arrive by then is dead, and an hour later
its holder gets it back; the attestor signs that only when the destination's own final time is past `arrive_by` and the
arrival was not used there. While an arrival may still land, nothing else is asked for.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import Acknowledged, Wake, Woken
from openscrip.issuance.actions import Landed, Mint, Rejected, Report
from openscrip.issuance.bridge_row import (
    Crossing,
    CrossingArrived,
    CrossingDeparted,
    CrossingEvent,
    CrossingRefused,
    CrossingRestored,
    Heard,
    Released,
)
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, canonical, chain_hash, evidence_hash
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

GRACE_S = 3_600
"""After `arrive_by` before the source gives back: more than clocks of chains differ."""
ARRIVAL_S_MIN = 60
"""An arrival that has less than this to land is not asked for."""
UNHEARD_S = 60
NO_ROOM = "allocation.short"
"""Allocations of chains still count what has left them: a report to each makes room for the mint."""
HOLDER_RULE = "compliance.holder"
RECEIVER_RULE = "compliance.receiver"
HELD_RULES = (HOLDER_RULE, RECEIVER_RULE)


def decide(row: Crossing, event: CrossingEvent, view: View) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Heard():
            return _heard(row, event, view)
        case Woken():
            return _proceed(row, view)
        case Landed():
            return _landed(row, event, view)
        case Rejected():
            return _rejected(row, event, view)
        case Released():
            return _released(row, event, view)
        case Acknowledged():
            return Decision()
        case _:
            assert_never(event)


# departed


def _heard(row: Crossing, event: Heard, view: View) -> Decision:
    """Note where it leads. Where it may not arrive, say by which rule; who may decide about a held one is a person."""
    if row.destination or row.rule or row.state != "departed":
        return Decision()
    led = replace(row, destination=event.destination, token_to=event.token, receiver=event.receiver)
    if not event.rule:
        return _proceed(led, view)
    led = replace(led, rule=event.rule, reason=event.text, state="held" if event.rule in HELD_RULES else "dead")
    refused = Decision(facts=(CrossingRefused(led.id, led.stock, event.rule, event.text),))
    return refused + _proceed(led, view)


def _proceed(row: Crossing, view: View) -> Decision:
    """Take the next step that the time allows."""
    if row.state in ("arriving", "arrived", "restoring", "restored"):
        return Decision()
    if not row.booked:
        return _book(row, view)
    match row.state:
        case "departed":
            return _arrive(row, view)
        case "held" if row.rule == RECEIVER_RULE:
            return _die(row, view) if view.now > row.arrive_by else _wait(row, row.arrive_by + 1)
        case "held":
            return Decision(rows=(row,))
        case _:
            return _restore(row, view)


def _book(row: Crossing, view: View) -> Decision:
    """The burn in the ledger; a mint that it burned may not have been told of yet, then it waits a little."""
    if view.burnable is not None and row.raw > view.burnable:
        return _wait(row, view.now + UNHEARD_S)
    after = replace(row, booked=True)
    supply, crossing = accounts.raw_supply(row.stock, row.source), accounts.raw_crossing(row.stock, row.source)
    left = Transfer(f"{row.id}:left", supply, crossing, row.raw.grains, row.id)
    fact = CrossingDeparted(row.id, row.stock, row.source, row.destination, row.raw)
    return Decision((after,), (left,), (fact,)) + _proceed(after, view)


def _wait(row: Crossing, at: int) -> Decision:
    """Look at it again at `at`, which is later than now."""
    return Decision((row,), commands=(Command(f"{row.id}:wake:{at}", "Crossing", row.id, Wake("crossing"), at),))


# departed > arriving > arrived


def _arrive(row: Crossing, view: View) -> Decision:
    """Ask for the mint at the destination, at its multiplier and epoch of today."""
    if not row.token_to or view.now > row.arrive_by - ARRIVAL_S_MIN:
        return _die(row, view)
    stock = view.stock
    evidence = _evidence("arrival", row.arrival_id, row, view)
    digest = evidence_hash(evidence)
    voucher = MintVoucher(
        row.destination, row.stock, row.token_to, row.receiver, row.raw, MintKind.ARRIVAL, row.arrival_id, digest,
        stock.chain_epoch, stock.multiplier, min(row.arrive_by, view.now + view.terms.voucher_life_s),
        chain_hash(f"departure:{row.id}").hex(),
    )  # fmt: skip
    after = replace(row, state="arriving", attempts=row.attempts + 1, awaits=())
    command = Command(_asked(after, "arrive"), "Crossing", row.id, Mint(voucher, canonical(evidence).decode()))
    return Decision((after,), commands=(command,), uses=(("evidence", digest, row.arrival_id),))


def _asked(row: Crossing, what: str) -> str:
    return f"{row.id}:{what}:{row.attempts}"


def _evidence(kind: str, mint_id: str, row: Crossing, view: View) -> dict[str, object]:
    """What the attestor checks field by field against the source chain. `epoch` is the voucher's."""
    stock = view.stock
    return {
        "kind": kind,
        "mint_id": mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.chain_epoch,
        "crossing": {
            "source": row.source,
            "destination": row.destination,
            "token_from": row.token_from,
            "token_to": row.token_to,
            "holder": row.holder,
            "receiver": row.receiver,
            "raw": str(row.raw),
            "request": row.request,
            "key": row.key,
            "arrive_by": row.arrive_by,
            "tx": row.tx,
            "block": row.block,
            "epoch": stock.chain_epoch,
        },
    }


def _landed(row: Crossing, event: Landed, view: View) -> Decision:
    if row.awaits and (chain := _reported(row, event.command)):
        return _room_made(row, chain, view)
    if row.state == "arriving" and event.command == _asked(row, "arrive"):
        return _arrived(row, event, view)
    if row.state == "restoring" and event.command == _asked(row, "restore"):
        return _restored(row, event)
    return Decision()


def _arrived(row: Crossing, event: Landed, view: View) -> Decision:
    """Out of the source's crossings, into the destination's supply; the source gives back what it was allotted for them."""
    after = replace(row, state="arrived", reports=row.reports + 1, arrival_tx=event.tx_id, rule="", reason="")
    gone = (accounts.raw_crossing(row.stock, row.source), accounts.raw_issuer(row.stock, row.source))
    come = (accounts.raw_issuer(row.stock, row.destination), accounts.raw_supply(row.stock, row.destination))
    transfers = (
        Transfer(f"{row.id}:gone", *gone, row.raw.grains, row.id),
        Transfer(f"{row.id}:come", *come, row.raw.grains, row.id),
    )
    fact = CrossingArrived(row.id, row.stock, row.destination, row.source, row.raw)
    lower = Report(row.source, row.stock, view.stock.token(row.source))
    command = Command(f"{row.id}:report:{after.reports}:{row.source}", "Crossing", row.id, lower)
    return Decision((after,), transfers, (fact,), (command,))


def _rejected(row: Crossing, event: Rejected, view: View) -> Decision:
    """Nothing landed and nothing of this will. Make room at the source, ask again later, or see that it is too late."""
    if row.awaits and (chain := _reported(row, event.command)):
        return _room_made(row, chain, view)
    if row.state == "restoring" and event.command == _asked(row, "restore"):
        return _again(row, replace(row, state="dead", rule=event.code, reason=event.text), view)
    if row.state != "arriving" or event.command != _asked(row, "arrive"):
        return Decision()
    waiting = replace(row, state="departed", rule=event.code, reason=event.text)
    if view.now > row.arrive_by - ARRIVAL_S_MIN:
        return _die(waiting, view)
    return _again(row, waiting, view)


def _again(row: Crossing, waiting: Crossing, view: View) -> Decision:
    """Ask later; where there was no room, let every chain give back first what it does not need."""
    later = view.now + view.terms.retry_s
    if waiting.state == "departed":
        later = min(later, row.arrive_by + 1)
    if waiting.rule != NO_ROOM or row.rule == NO_ROOM:  # once in a row: what reports did not help is asked again later
        return _wait(replace(waiting, rule="" if waiting.rule == NO_ROOM else waiting.rule), later)
    after = replace(waiting, reports=row.reports + 1, awaits=tuple(chain for chain, _ in view.stock.tokens))
    reports = tuple(
        Command(f"{row.id}:report:{after.reports}:{chain}", "Crossing", row.id, Report(chain, row.stock, token))
        for chain, token in view.stock.tokens
    )
    return Decision(commands=reports) + _wait(after, later)


def _reported(row: Crossing, command: str) -> str:
    """The chain whose report was brought or refused by this command; empty for another command."""
    chain = command.removeprefix(f"{row.id}:report:{row.reports}:")
    return chain if chain in row.awaits else ""


def _room_made(row: Crossing, chain: str, view: View) -> Decision:
    """When every chain has answered, ask again."""
    after = replace(row, awaits=tuple(each for each in row.awaits if each != chain))
    return Decision(rows=(after,)) if after.awaits else _proceed(after, view)


# dead > restored


def _die(row: Crossing, view: View) -> Decision:
    """It will not arrive. The reason that kept it is kept; without one it came too late."""
    text = f"crossing: {row.id} had to arrive by {row.arrive_by}, it was {view.now}"
    late = replace(row, state="dead", rule=row.rule or "crossing.late", reason=row.reason or text)
    refused = Decision(facts=(CrossingRefused(row.id, row.stock, late.rule, late.reason),))
    return refused + _restore(late, view)


def _restore(row: Crossing, view: View) -> Decision:
    """Give it back to its holder, when the source's own grace has passed."""
    if view.now <= row.arrive_by + GRACE_S:
        return _wait(row, row.arrive_by + GRACE_S + 1)
    stock = view.stock
    evidence = _evidence("restitution", row.restitution_id, row, view)
    digest = evidence_hash(evidence)
    voucher = MintVoucher(
        row.source, row.stock, row.token_from, row.holder, row.raw, MintKind.RESTITUTION, row.restitution_id, digest,
        stock.chain_epoch, stock.multiplier, view.now + view.terms.voucher_life_s,
    )  # fmt: skip
    after = replace(row, state="restoring", attempts=row.attempts + 1, awaits=())
    command = Command(_asked(after, "restore"), "Crossing", row.id, Mint(voucher, canonical(evidence).decode()))
    return Decision((after,), commands=(command,), uses=(("evidence", digest, row.restitution_id),))


def _restored(row: Crossing, event: Landed) -> Decision:
    after = replace(row, state="restored", arrival_tx=event.tx_id)
    crossing, supply = accounts.raw_crossing(row.stock, row.source), accounts.raw_supply(row.stock, row.source)
    back = Transfer(f"{row.id}:back", crossing, supply, row.raw.grains, row.id)
    return Decision((after,), (back,), (CrossingRestored(row.id, row.stock, row.source, row.raw),))


# held


def _released(row: Crossing, event: Released, view: View) -> Decision:
    """A person let it go on: to its destination while it can, else back."""
    if row.state != "held":
        return Decision()
    return _proceed(replace(row, state="departed", rule="", reason=event.reason), view)
