"""Whether a multiplier may change: the event's arithmetic, the custodian's notice, one value and time on all chains.

The corporate action itself is announced beside its change, and every fact of it is checked against the notice.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from openscrip_watch import fields
from openscrip_watch.amounts import DOLLAR, ONE, SHARE, f64_down, parse, same_f64, show
from openscrip_watch.canonical import NO_HASH, REVISION, canonical, document_hash, request_hash
from openscrip_watch.chains.facts import Standing, is_evm
from openscrip_watch.chains.solana_wire import Asked, read_asked
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.register import SignedCall
from openscrip_watch.view import StockView

_NEW_YORK = ZoneInfo("America/New_York")
SPLITS = ("SPLF", "SPLR", "DVSE", "BONU")
CASH = ("DVCA", "CAPD", "INTR")
"""Events that are paid in cash and reinvested; chains know each as a cash dividend, and a bonus as a stock dividend."""
_ON_CHAIN = {"CAPD": "DVCA", "INTR": "DVCA", "BONU": "DVSE"}
NOTICE_S = 600
"""The least that every chain asks for between scheduling and effect."""
HORIZON_S_MAX = 60 * 86_400
PAUSE_S_MAX = 7 * 86_400
"""How long before it is staged prices may have waited for a change; the last hour of it is time to land."""
_LANDING_S_MAX = 3_600
_SOURCES_MAX = 10
TERMS = ("event", "ex_date", "record_date", "pay_date", "ratio_new", "ratio_old", "cash_usd")


@dataclass(frozen=True, slots=True)
class ChangeAsked:
    """A request for a signature under a multiplier change, read strictly but not judged yet."""

    chain: str
    stock: str
    token: str
    expected: int
    multiplier: int
    effective_at: int
    epoch_after: int
    version: int
    action: str
    ratio: tuple[int, int]
    paused_from: int
    event: Mapping[str, Any]
    asked: Asked | None

    @property
    def content(self) -> str:
        """What all chains of the stock must agree on."""
        agreed = {
            "expected": str(self.expected),
            "multiplier": str(self.multiplier),
            "effective_at": self.effective_at,
            "epoch_after": self.epoch_after,
            "version": self.version,
            "ratio": list(self.ratio),
            "paused_from": self.paused_from,
            "event": dict(self.event),
        }
        return canonical(agreed).decode()

    @property
    def key(self) -> str:
        """One action changes one chain once."""
        return f"multiplier:{self.action}:{self.chain}"


def read_change(body: Mapping[str, Any]) -> ChangeAsked:
    """The request in a JSON body. Raises `BadInput`."""
    change, event = fields.inner(body, "change"), fields.inner(body, "event")
    chain = fields.text(body, "chain", 20)
    token = fields.text(change, "token", 64)
    asked = read_asked(body.get("transaction")) if chain == "solana" else None
    return ChangeAsked(
        chain=chain,
        stock=fields.text(body, "stock", 40),
        token=token.lower() if is_evm(chain) else token,
        expected=parse(change.get("expected"), ONE, "change: expected"),
        multiplier=parse(change.get("multiplier"), ONE, "change: multiplier"),
        effective_at=fields.integer(change, "effective_at", 1),
        epoch_after=fields.integer(change, "epoch_after"),
        version=fields.integer(change, "version", 1),
        action=fields.hex32(change, "action_id"),
        ratio=(fields.integer(change, "ratio_new", 1), fields.integer(change, "ratio_old", 1)),
        paused_from=fields.integer(change, "paused_from", 1),
        event=event,
        asked=asked,
    )


def earlier_change(asked: ChangeAsked, calls: Mapping[str, SignedCall], view: StockView) -> SignedCall | None:
    """The signature that was given before for the same change; None if it is to be judged.

    Raises `multiplier.conflict` for other content, on this chain or on another, while the first may still take effect.
    """
    agreed = [call for key, call in calls.items() if key.startswith(f"multiplier:{asked.action}:")]
    for call in agreed:
        if call.content != asked.content and not _dead(call, asked, view):
            raise Refusal("multiplier.conflict", f"multiplier: action {asked.action} was signed with other content")
    before = calls.get(asked.key)
    return before if before is not None and before.content == asked.content else None


def judge(asked: ChangeAsked, view: StockView, now: int, age_s_max: int, notices: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a change that the event does not give; otherwise return."""
    standing = view.standings[asked.chain]
    _refuse_another_action(asked, view, notices)
    _refuse_another_start(asked, standing)
    due = max(now, standing.at)
    text = f"multiplier: it was to take effect at {asked.effective_at}, the clock was {due}"
    refuse_unless(due < asked.effective_at <= due + HORIZON_S_MAX, "multiplier.time", text)
    day = date.fromisoformat(str(asked.event["ex_date"]))
    _refuse_another_ratio(asked)
    _refuse_another_pause(asked, day, due)
    if asked.event["event"] in SPLITS:
        _refuse_another_split(asked, day, view)
        return
    opens = int(datetime.combine(day, time(0), _NEW_YORK).timestamp())
    refuse_unless(asked.effective_at >= opens, "multiplier.time", f"multiplier: it was to change before {day}")
    _refuse_unfunded_dividend(asked, view, now, age_s_max)


def action_values(asked: ChangeAsked) -> tuple[str | int, ...]:
    """What is signed of the corporate action, in the order of its EIP-712 type; a `bytes4` stands left in its word."""
    sources = document_hash(asked.event["sources"])
    return (asked.action, asked.token, *announced_facts(asked.event), 0, sources, NO_HASH)


def announced_facts(event: Mapping[str, Any]) -> tuple[str | int, ...]:
    """What a notice gives of a corporate action: kind in its word, ex-, record and pay date, ratio, cash in 1e-6 USD."""
    code, dividend = str(event["event"]), event["event"] in CASH
    kind = _ON_CHAIN.get(code, code).encode().hex().ljust(64, "0")
    days = (_day_number(event.get(name)) for name in ("ex_date", "record_date", "pay_date"))
    ratio = (0, 0) if dividend else (int(event["ratio_new"]), int(event["ratio_old"]))
    return (kind, *days, *ratio, parse(event["cash_usd"], DOLLAR, "event: cash_usd") if dividend else 0)


def change_values(asked: ChangeAsked) -> tuple[str | int, ...]:
    """What is signed of the change, in the order of its EIP-712 type."""
    value = (asked.expected, asked.multiplier, asked.effective_at, asked.epoch_after)
    return (asked.token, *value, asked.action, *asked.ratio, asked.paused_from)


def _dead(call: SignedCall, asked: ChangeAsked, view: StockView) -> bool:
    """A change is dead when its notice time has passed and the chain never scheduled it."""
    scheduled = any(fact.action == asked.action for facts in view.facts.values() for fact in facts.scheduled)
    standing = view.standings.get(call.chain)
    effective_at = int(json.loads(call.content)["effective_at"])
    return not scheduled and standing is not None and standing.at > effective_at - NOTICE_S


def _refuse_another_action(asked: ChangeAsked, view: StockView, notices: Mapping[str, Mapping[str, Any]]) -> None:
    """The custodian announced this very event for this stock. Raises `event.…`."""
    token = view.stock.address(asked.chain)
    refuse_unless(asked.token == token, "voucher.token", f"change: {asked.token:.64} was not {asked.stock}")
    event_id = fields.text(asked.event, "event_id", 200)
    bound = asked.action == request_hash(event_id)
    refuse_unless(bound, "event.action", f"event: action {asked.action} was not the hash of {event_id:.80}")
    notice = announced_under(event_id, notices)
    refuse_unless(notice is not None, "event.unknown", f"event: the custodian did not announce {event_id:.80}")
    told = dict(notice or {})
    refuse_unless(told.get("isin") == view.stock.isin, "event.stock", f"event: {event_id:.80} was about another stock")
    for name in TERMS:
        text = f"event: {name} of {event_id:.80} was {asked.event.get(name)!r:.40}, announced {told.get(name)!r:.40}"
        refuse_unless(_same(asked.event.get(name), told.get(name)), "event.differs", text)
    refuse_unless(asked.event["event"] in (*SPLITS, *CASH), "event.kind", "event: it changes no multiplier")
    sources = asked.event.get("sources")
    ordered = isinstance(sources, list) and sources == sorted({str(each) for each in sources})[:_SOURCES_MAX]
    named = ordered and str(told.get("document") or document_hash(told)) in (sources or ())
    refuse_unless(named, "event.sources", f"event: the custodian's notice of {event_id:.80} was not among its sources")


def announced_under(event_id: str, notices: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The notice of an event, or of one that comes again under an id of its own: `EVENT~2` after a second revision."""
    found = notices.get(event_id)
    base, mark, number = event_id.rpartition(REVISION)
    if found is not None or not mark or not number.isdecimal():
        return found
    revised = notices.get(base)
    again = revised is not None and int(revised.get("revision") or 1) >= int(number) > 1
    return revised if again else None


def _refuse_another_ratio(asked: ChangeAsked) -> None:
    """The multiplier is the one in force times the exact ratio, floored once. Raises `multiplier.arithmetic`."""
    new, old = asked.ratio
    multiplier = asked.expected * new // old
    text = f"multiplier: {new}/{old} gives {show(multiplier, ONE)}, {show(asked.multiplier, ONE)} was asked"
    refuse_unless(asked.multiplier == multiplier, "multiplier.arithmetic", text)


def _refuse_another_pause(asked: ChangeAsked, day: date, due: int) -> None:
    """Prices wait from before the ex-date begins, or for as long as the chain lets them. Raises `multiplier.pause`."""
    begins = int(datetime.combine(day, time(0), _NEW_YORK).timestamp())
    longest = due - PAUSE_S_MAX
    text = f"multiplier: prices were to wait from {asked.paused_from}, the day begins at {begins}, the clock was {due}"
    early = asked.paused_from < begins or asked.paused_from <= longest + _LANDING_S_MAX
    refuse_unless(early and longest <= asked.paused_from <= asked.effective_at, "multiplier.pause", text)


def _refuse_another_start(asked: ChangeAsked, standing: Standing) -> None:
    """The change starts from what the chain shows, with nothing pending, as its next version."""
    same, version = standing.multiplier == asked.expected, standing.version
    if not is_evm(asked.chain):
        same = same and same_f64(standing.f64, f64_down(asked.expected))
    text = f"multiplier: {show(asked.expected, ONE)} was expected, {asked.chain} shows {show(standing.multiplier, ONE)}"
    refuse_unless(same, "multiplier.expected", text)
    refuse_unless(standing.effective_at == 0, "multiplier.pending", "multiplier: another change was pending")
    text = f"multiplier: version {asked.version} was asked, {version + 1} was due"
    refuse_unless(asked.version == version + 1, "multiplier.version", text)


def _refuse_another_split(asked: ChangeAsked, day: date, view: StockView) -> None:
    """By the announced ratio, from the open of the ex-date on, with the next epoch."""
    announced = tuple(fields.integer(asked.event, name, 1) for name in ("ratio_new", "ratio_old"))
    text = f"multiplier: a ratio of {asked.ratio} was asked after one of {announced}"
    refuse_unless(asked.ratio == announced, "multiplier.arithmetic", text)
    opens = int(datetime.combine(day, time(9, 30), _NEW_YORK).timestamp())
    text = f"multiplier: a split of {day} was to take effect before the market opens"
    refuse_unless(asked.effective_at >= opens, "multiplier.time", text)
    epoch = _epoch(asked, view)
    text = f"multiplier: epoch {asked.epoch_after} was asked after a split of epoch {epoch}"
    refuse_unless(asked.epoch_after == epoch + 1, "multiplier.epoch", text)


def _refuse_unfunded_dividend(asked: ChangeAsked, view: StockView, now: int, age_s_max: int) -> None:
    """Custody already holds the shares: supply x the new multiplier, and the claims, are covered; the epoch stays."""
    epoch = _epoch(asked, view)
    text = f"multiplier: epoch {asked.epoch_after} was asked after a dividend of epoch {epoch}"
    refuse_unless(asked.epoch_after == epoch, "multiplier.epoch", text)
    refuse_unless(asked.multiplier > asked.expected, "multiplier.arithmetic", "multiplier: a dividend never lowers it")
    view.refuse_unless_explained()
    view.refuse_unless_fresh(now, age_s_max)
    text = f"epoch: statement {view.statement.epoch}, token {epoch}"
    refuse_unless(view.statement.epoch == epoch, "epoch.differs", text)
    bought, eligible = (parse(asked.event.get(name), SHARE, f"event: {name}") for name in ("bought", "eligible"))
    new, old = asked.ratio
    text = f"multiplier: {show(bought, SHARE)} shares for {show(eligible, SHARE)} are not {new}/{old}"
    refuse_unless(eligible > 0 and (eligible + bought) * old == eligible * new, "multiplier.arithmetic", text)
    cover = view.cover(view.raw(), max(asked.multiplier, view.highest), view.claimed())
    refuse_unless(cover.holds, "covered.shortfall", f"covered: after the dividend {cover}")


def _epoch(asked: ChangeAsked, view: StockView) -> int:
    standing = view.standings[asked.chain]
    return standing.epoch if standing.epoch >= 0 else view.epoch


def _day_number(text: object) -> int:
    """A day as YYYYMMDD, 0 for one that is not known."""
    try:
        return int(date.fromisoformat(str(text)).strftime("%Y%m%d")) if text is not None else 0
    except ValueError:
        raise BadInput("body.value", f"event: {text!r:.40} was no day") from None


def _same(one: Any, other: Any) -> bool:
    """Equal, or the same decimal amount."""
    if isinstance(one, str) and isinstance(other, str) and one != other:
        try:
            return parse(one, ONE, "amount") == parse(other, ONE, "amount")
        except BadInput:
            return False
    return bool(one == other and type(one) is type(other))
