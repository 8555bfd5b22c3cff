"""Who can do what, on which terms, and whether anything is wrong now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.assets.calendar import Calendar
from openscrip.assets.entities import Entities, Party, entities_of
from openscrip.issuance.break_row import Break
from openscrip.issuance.powers import Power, PowerName
from openscrip.issuance.terms import Hours, HourTerms
from openscrip.kernel.clock import iso, new_york_date, new_york_words
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.records.activity import day_of
from openscrip.records.prices import hour_at
from openscrip.records.stocks import StockRecord
from openscrip.web.csv_file import csv_response
from openscrip.web.office import Office
from openscrip.web.pages.public import all_stocks
from openscrip.web.pages.public_words import BREAK_WORDS
from openscrip.web.pages.stock_list import all_stocks_of
from openscrip.web.public_office import PowersSeen
from openscrip.web.report_shelf import gaps, shelved
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of

ADDRESSED = 25
"""Stocks whose contracts and mints a page shows."""
DAYS = 90
HISTORY_MAX = 200
QUESTIONS: tuple[tuple[str, tuple[PowerName, ...]], ...] = (
    ("Who can create tokens?", (PowerName.MINT,)),
    ("Who can say that more shares are held?", (PowerName.RAISE_RESERVE, PowerName.RAISE_LIMIT)),
    ("Who can change how many shares a token stands for?", (PowerName.CHANGE_MULTIPLIER,)),
    ("Who can stop everything?", (PowerName.PAUSE,)),
    ("Who can start it again?", (PowerName.UNPAUSE,)),
    ("Who can freeze my tokens?", (PowerName.FREEZE,)),
    ("Who can unfreeze them?", (PowerName.UNFREEZE,)),
    ("Who can take my tokens?", (PowerName.SEIZE,)),
    ("Who can change the program?", (PowerName.UPGRADE,)),
    ("Who can change who may do all this?", (PowerName.CHANGE_ROLES,)),
    ("Who can end my redemption?", (PowerName.END_REDEMPTION,)),
    ("Who can move shares out of custody?", (PowerName.MOVE_SHARES,)),
    ("Who can move the money?", (PowerName.MOVE_MONEY,)),
    (
        "Who can do the rest?",
        (PowerName.REGISTER, PowerName.RENAME, PowerName.CONVERT, PowerName.DISTRIBUTE, PowerName.REPORT_PRICE),
    ),
)  # fmt: skip
"""The same questions for everybody; each is answered from where the power lies."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question comes to: the powers behind it, and whether one key alone breaks what needs two."""

    question: str
    powers: tuple[Power, ...]
    breached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Who has a role, and on which contracts."""

    role: str
    names: tuple[tuple[str, str, bool], ...]
    contracts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """One part as the public may know it. `kind` and `word` make its badge."""

    name: str
    kind: str
    word: str
    told: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One day of the last ninety: how many alarms were open in it."""

    day: date
    x: int
    alarms: int


def facts_routes() -> APIRouter:
    """The pages, and the feed."""
    routes = APIRouter()
    for path, answer in (
        ("/who", who),
        ("/who.csv", addresses_csv),
        ("/terms", terms),
        ("/status", status),
        ("/status.atom", feed),
    ):
        routes.add_api_route(path, answer, methods=["GET"])
    return routes


def who(request: Request, after: str = "0") -> Response:
    """Who can hurt me? Contracts and mints by stocks, some at a time."""
    office = shell_of(request).office
    seen = office.public.powers()
    stocks = all_stocks(request)
    place = place_of(after, 6) or 0
    return page(
        request,
        "public/who.html",
        seen=seen,
        answers=_answers(seen),
        roles=_roles([each.symbol for each in stocks], office.public.entities_file),
        stocks=stocks[place : place + ADDRESSED],
        place=place,
        next=place + ADDRESSED if place + ADDRESSED < len(stocks) else None,
    )


def addresses_csv(request: Request) -> Response:
    """Every contract and mint as a file."""
    return csv_response(
        "addresses",
        ["symbol", "token", "chain", "address", "caip10", "decimals"],
        (
            [stock.symbol, stock.token_symbol, each.network.title, each.token, each.caip10, each.network.decimals]
            for stock in all_stocks(request)
            for each in stock.supplies
        ),
    )


def terms(request: Request) -> Response:
    """What does it cost, and when is it open?"""
    office = shell_of(request).office
    now, known = office.now(), office.terms
    hours: list[tuple[Hours, HourTerms]] = [(each, known.at(each)) for each in Hours]
    return page(
        request,
        "public/terms.html",
        hours=hours,
        terms=known,
        hour=hour_at(now, office.calendar),
        now=now,
        closed=closed_days(office.calendar, new_york_date(now)),
    )


def closed_days(calendar: Calendar, first: date, count: int = 365) -> list[tuple[date, str]]:
    """The weekdays of a year on which the exchange is closed or closes early, and which."""
    found = []
    for day in (first + timedelta(days=each) for each in range(count)):
        if day > calendar.horizon or day.weekday() > 4:
            continue
        session = calendar.session(day)
        if session is None:
            found.append((day, "closed"))
        elif session.half_day:
            found.append((day, "closes early"))
    return found


def status(request: Request) -> Response:
    """Is anything wrong now?"""
    office = shell_of(request).office
    now = office.now()
    with office.store.view() as view:
        listed = view.rows(Break, state="open")
        recent = view.page(Break, limit=HISTORY_MAX).rows
    since = now - DAYS * 86_400
    ended = [each for each in recent if each.state != "open" and each.closed_at >= since]
    return page(
        request,
        "public/status.html",
        components=components_of(office, all_stocks_of(office)),
        alarms=listed,
        report_gaps=gaps(shelved(office.public.reports)),
        ended=ended,
        strip=_strip([*listed, *ended], now),
        days=DAYS,
        break_words=BREAK_WORDS,
        now=now,
    )


def feed(request: Request) -> Response:
    """Alarms as an Atom feed, newest first."""
    shell = shell_of(request)
    with shell.office.store.view() as view:
        recent = view.page(Break, limit=50).rows
    template = shell.templates.get_template("public/status.atom")
    text = template.render(alarms=recent, origin=shell.origin, words=BREAK_WORDS, iso=iso, now=shell.office.now())
    return Response(text, media_type="application/atom+xml; charset=utf-8", headers={"Cache-Control": "no-cache"})


def _answers(seen: PowersSeen) -> list[Answer]:
    found = []
    for question, names in QUESTIONS:
        mine = tuple(each for each in seen.powers if each.name in names)
        breached = tuple(each.text for each in seen.breaches if each.power in names)
        if mine:
            found.append(Answer(question, mine, breached))
    return found


_told: dict[str, tuple[Entities, Sequence[str], list[RoleLine]]] = {}
"""The roles of each file of entities as they were worked out last, and of what."""


def _roles(symbols: Sequence[str], file: str) -> list[RoleLine]:
    """Every role with whoever has it for any of the stocks, and what binds them; worked out when one of them changed."""
    entities, known = entities_of(file), _told.get(file)
    if known is not None and known[:2] == (entities, symbols):
        return known[2]
    parties: dict[str, dict[tuple[str, str, bool], None]] = {}
    contracts: dict[str, dict[str, None]] = {}
    for symbol in symbols or [""]:
        for party in entities.parties_of(symbol):
            role = str(party.role)
            parties.setdefault(role, {})[party.entity.name, party.entity.jurisdiction, party.entity.invented] = None
            contracts.setdefault(role, {}).update(dict.fromkeys(_contracts(party)))
    made = [RoleLine(role.replace("_", " "), tuple(names), tuple(contracts[role])) for role, names in parties.items()]
    _told[file] = entities, symbols, made
    return made


def _contracts(party: Party) -> list[str]:
    found = []
    for each in party.contracts:
        others = " and the ".join(str(role).replace("_", " ") for role in each.between if role is not party.role)
        found.append(f"{each.kind.replace('_', ' ')} with the {others}")
    return found


def components_of(office: Office, stocks: Sequence[StockRecord]) -> list[Component]:
    """Every part as the public may know it."""
    found = [Component("Books", "covered", "Answer", "Every order, claim and ledger entry.")]
    stale = [each.symbol for each in stocks if each.stale]
    looked = min((each.as_of for each in stocks), default=0)
    told = f"Oldest look at {new_york_words(looked)}." if looked else "Nothing was compared yet."
    found.append(
        Component("Comparison of chains, custody and books", "stale" if stale else "covered", "Late" if stale else "Runs", told)
    )
    found += [
        Component(f"Chain {each.chain}", "covered", "Read", f"History read up to block {each.block}.")
        for each in office.public.read_up_to()
    ]
    custodians = sorted({line.custodian: line.as_of for stock in stocks for line in stock.custody}.items())
    found += [
        Component(f"Custodian {name}", "covered", "Stated", f"Newest statement as of {new_york_words(at)}.")
        for name, at in custodians
    ]
    try:
        pairs = office.public.venue.pairs()
        found.append(Component("Venue", "covered", "Answers", f"{len(pairs)} pairs."))
    except (Unavailable, Refused):
        found.append(Component("Venue", "halted", "Does not answer", "Trading waits; tokens and redemptions do not."))
    return found


def _strip(alarms: Sequence[Break], now: int) -> list[Strip]:
    last = day_of(now)
    days = [last - timedelta(days=DAYS - 1 - place) for place in range(DAYS)]
    spans = [(day_of(each.since), day_of(each.closed_at) if each.closed_at else last) for each in alarms]
    return [Strip(day, 8 * place, sum(first <= day <= end for first, end in spans)) for place, day in enumerate(days)]
