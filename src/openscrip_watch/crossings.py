"""Whether a crossing may end: minted where it was sent, or given back. Every field is compared with the departure itself,
as this watch read it on its chain at the final cut; what the issuer says of it counts for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from openscrip_watch import fields
from openscrip_watch.amounts import RAW, SHARE, parse, shares_up, show
from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import ARRIVAL, Fact, crossing_mint, is_evm
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.register import SignedMint
from openscrip_watch.view import StockView

GRACE_S = 3_600
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Crossing:
    """What the evidence says of a crossing, read strictly but not judged yet. Addresses of EVM chains in lower case."""

    source: str
    destination: str
    token_from: str
    token_to: str
    holder: str
    receiver: str
    raw: int
    request: str
    key: str
    arrive_by: int
    tx: str
    block: int
    epoch: int

    @property
    def lane(self) -> str:
        """Where it leads."""
        return f"{self.source}>{self.destination}"

    def mint_id(self, kind: int) -> str:
        """The id of the mint that ends it."""
        return crossing_mint("arrival" if kind == ARRIVAL else "restitution", self.source, self.key)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the watch's own configuration allows, and where destinations' hashes lead."""

    destinations: Mapping[str, str]
    hour_shares: int
    lanes: Mapping[str, int]

    def shares_max(self, lane: str) -> int:
        """Of one stock by one lane in an hour, 1e-9 share."""
        return self.lanes.get(lane, self.hour_shares) * SHARE


def read_crossing(evidence: Mapping[str, Any]) -> Crossing:
    """The crossing in evidence. Raises `BadInput`."""
    told = fields.inner(evidence, "crossing")
    source, destination = fields.text(told, "source", 70), fields.text(told, "destination", 70)

    def address(name: str, chain: str) -> str:
        text = str(told.get(name, ""))
        if not isinstance(told.get(name), str) or len(text) > 70:
            raise BadInput("body.value", f"crossing: {name} was {text!r:.80}")
        return text.lower() if is_evm(chain) else text

    return Crossing(
        source=source,
        destination=destination,
        token_from=address("token_from", source),
        token_to=address("token_to", destination),
        holder=address("holder", source),
        receiver=address("receiver", destination),
        raw=parse(told.get("raw"), RAW, "crossing: raw"),
        request=fields.hex32(told, "request"),
        key=fields.text(told, "key", 70),
        arrive_by=fields.integer(told, "arrive_by", 1),
        tx=fields.text(told, "tx", 100),
        block=fields.integer(told, "block"),
        epoch=fields.integer(told, "epoch"),
    )


def judge_arrival(told: Crossing, mint: SignedMint, view: StockView, now: int, bounds: Bounds) -> None:
    """As much as left, to whom it was sent, in time, once, within the hour's limit. Raises `crossing.…`."""
    left = _departure(told, mint, view)
    named = bounds.destinations.get(left.destination, "")
    text = f"crossing: it left for {named or left.destination}, the mint is on {mint.chain}"
    refuse_unless(named == mint.chain == told.destination, "crossing.destination", text)
    receiver = wallet_of(mint.chain, left.receiver)
    text = f"crossing: it left for {receiver}, the mint is for {mint.receiver}"
    refuse_unless(receiver == mint.receiver == told.receiver, "crossing.receiver", text)
    refuse_unless(told.token_to == mint.token, "crossing.form", f"crossing: token_to was {told.token_to:.64}")
    text = f"crossing: it has to arrive by {left.arrive_by}, the voucher lives until {mint.deadline}"
    refuse_unless(0 < mint.deadline <= left.arrive_by, "crossing.late", text)
    text = f"crossing: {told.key} is given back on {told.source}"
    back = crossing_mint("restitution", told.source, told.key)
    refuse_unless(not view.register.is_live(back) and not _is_minted(back, view), "crossing.restored", text)
    before = view.register.arrived_since(mint.stock, told.lane, now - _HOUR_S, mint.mint_id)
    shares = sum(shares_up(each.raw, each.multiplier) for each in before) + shares_up(mint.raw, mint.multiplier)
    most = bounds.shares_max(told.lane)
    text = f"crossing: {show(shares, SHARE)} shares of {mint.stock} by {told.lane} in an hour, {show(most, SHARE)} are allowed"
    refuse_unless(shares <= most, "crossing.hour", text)


def judge_restitution(told: Crossing, mint: SignedMint, view: StockView, bounds: Bounds) -> None:
    """It can arrive no more: its time is past on the destination's own final clock, and it was not minted there."""
    left = _departure(told, mint, view)
    refuse_unless(told.source == mint.chain, "crossing.destination", f"crossing: it left {told.source}, not {mint.chain}")
    text = f"crossing: {left.party} left, the mint is for {mint.receiver}"
    refuse_unless(left.party == mint.receiver, "crossing.receiver", text)
    at = view.standings[told.source].at
    text = f"crossing: it could arrive until {left.arrive_by}, {told.source} is at {at}"
    refuse_unless(at > left.arrive_by + GRACE_S, "crossing.alive", text)
    named = bounds.destinations.get(left.destination, "")
    refuse_unless(named == told.destination or not named, "crossing.destination", f"crossing: it left for {named}")
    there = view.standings.get(named)
    if there is not None:
        text = f"crossing: it could arrive until {left.arrive_by}, {named} is at {there.at}"
        refuse_unless(there.at > left.arrive_by, "crossing.alive", text)
    arrival = crossing_mint("arrival", told.source, told.key)
    text = f"crossing: {told.key} arrived, or may still"
    refuse_unless(not _is_minted(arrival, view) and not view.register.is_live(arrival), "crossing.arrived", text)


def wallet_of(chain: str, word: str) -> str:
    """The wallet that 32 bytes (hex) name on a chain. Raises `crossing.receiver`."""
    if not is_evm(chain):
        return str(Pubkey.from_bytes(bytes.fromhex(word)))
    refuse_unless(word[:24] == "0" * 24, "crossing.receiver", f"crossing: {word} was no EVM address")
    return "0x" + word[24:]


def _departure(told: Crossing, mint: SignedMint, view: StockView) -> Fact:
    """The departure on its own chain, which agrees with all that was told of it. Raises `crossing.departure`, `….form`."""
    facts = view.facts.get(told.source)
    left = facts.departed.get(told.key) if facts else None
    if left is None:
        raise Refusal("crossing.departure", f"crossing: nothing left {told.source:.20} under {told.key:.70}")
    stated: dict[str, tuple[object, object]] = {
        "token_from": (told.token_from, view.stock.address(told.source)),
        "holder": (told.holder, left.party),
        "raw": (told.raw, left.raw),
        "request": (told.request, left.request),
        "arrive_by": (told.arrive_by, left.arrive_by),
        "tx": (told.tx.removeprefix("0x").lower(), left.tx.removeprefix("0x").lower()),
        "block": (told.block, left.block or told.block),
        "epoch": (told.epoch, mint.epoch),
        "mint_id": (mint.mint_id, told.mint_id(mint.kind)),
        "amount": (mint.raw, left.raw),
        "origin": (mint.origin, _origin(told, mint)),
    }
    for name, (one, other) in stated.items():
        refuse_unless(one == other, "crossing.form", f"crossing: {name} was {one!r:.80}, the departure says {other!r:.80}")
    return left


def _origin(told: Crossing, mint: SignedMint) -> str:
    """What the mint must name as its origin: the departure's own hash, or on its own chain its record."""
    if mint.kind == ARRIVAL:
        return request_hash(f"departure:{told.source}:{told.key}")
    return told.key if is_evm(told.source) else bytes(Pubkey.from_string(told.key)).hex()


def _is_minted(mint_id: str, view: StockView) -> bool:
    return any(request_hash(mint_id) in facts.minted for facts in view.facts.values())
