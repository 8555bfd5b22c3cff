"""`ledger`: the books for whoever audits them. All of it only reads, but for `--close`."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed

if TYPE_CHECKING:
    from openscrip.bootstrap.ledger_room import LedgerRoom
    from openscrip.runtime.history import Moment
    from openscrip.runtime.ledger import Balance

LONG_AGO, FAR_AHEAD = 0, 2**62


def add_ledger(to: ArgumentParser) -> None:
    """The words of `ledger`."""
    what = to.add_mutually_exclusive_group()
    what.add_argument("--chart", action="store_true", help="the chart of accounts: codes, classes, sides and purposes")
    what.add_argument("--account", metavar="ACCOUNT", default="", help="the statement of one account, such as USD/bank")
    what.add_argument("--closings", action="store_true", help="which periods were closed, by whom, and their hashes")
    what.add_argument("--close", metavar="PERIOD", default="", help="close all up to the end of 2024-06 or 2024-06-03 (UTC)")
    what.add_argument("--verify", action="store_true", help="check all of it from its own record; 1 if anything is wrong")
    what.add_argument("--export", metavar="DIR", type=Path, default=None, help="write it all as CSV and JSON lines")
    when = to.add_mutually_exclusive_group()
    when.add_argument("--at", default="", help="the trial balance at an instant, or at the end of a day, month or year (UTC)")
    when.add_argument("--number", type=int, default=None, help="the trial balance right after the transfer of this number")
    to.add_argument("--since", default="", help="with --account: from an instant, day, month or year on")
    to.add_argument("--until", default="", help="with --account: up to an instant, or the end of a day, month or year")
    to.add_argument(
        "--venue", action="store_true", help="the ledger of the venue: what it owes its customers, and where it lies"
    )
    to.add_argument("--by", default="", help="with --close: who closes")


def ledger(asked: Namespace, voice: Voice) -> int:
    """The trial balance, or what else was asked for. Raises `Malformed("ledger.usage")` for words that do not go together."""
    from openscrip.bootstrap.ledger_room import ledger_room, venue_ledger_room  # noqa: PLC0415

    other = asked.chart or asked.closings or asked.close or asked.verify or asked.export
    if (asked.at or asked.number is not None) and (other or asked.since or asked.until):
        raise Malformed("ledger.usage", "ledger: --at and --number go with the trial balance or with --account alone")
    if (asked.since or asked.until) and not asked.account:
        raise Malformed("ledger.usage", "ledger: --since and --until were given without --account")
    if asked.by and not asked.close:
        raise Malformed("ledger.usage", "ledger: --by was given without --close")
    with (venue_ledger_room if asked.venue else ledger_room)(settings_of(asked)) as room:
        if asked.chart:
            return _chart(room, voice)
        if asked.closings:
            return _closings(room, voice)
        if asked.close:
            return _close(room, asked, voice)
        if asked.verify:
            return _verify(room, voice)
        if asked.export:
            return _export(room, asked.export, voice)
        if asked.account:
            return _statement(room, asked, voice)
        return _trial(room, asked, voice)


def _moment(asked: Namespace) -> "Moment":
    from openscrip.bootstrap.ledger_room import moment_of  # noqa: PLC0415
    from openscrip.runtime.history import Moment  # noqa: PLC0415

    if asked.number is not None:
        return Moment(number=asked.number)
    return Moment(at=moment_of(asked.at)) if asked.at else Moment()


def _trial(room: "LedgerRoom", asked: Namespace, voice: Voice) -> int:
    from openscrip.runtime.history import balances_at, current_balances  # noqa: PLC0415
    from openscrip.runtime.trial import trial_lines, unit_totals  # noqa: PLC0415

    moment = _moment(asked)
    now = moment.at is None and moment.number is None
    with room.reading() as connection:
        lines = trial_lines(room.chart, current_balances(connection) if now else balances_at(connection, moment))
    totals = unit_totals(lines)
    document: list[dict[str, Any]] = []
    rows: list[tuple[str, ...]] = []
    for total in totals:
        decimals = 0
        for line in (each for each in lines if each.unit == total.unit):
            kind, decimals = line.kind, line.kind.measure.decimals
            amounts = _amounts((line.debit, line.credit, line.pending_debit, line.pending_credit), decimals)
            rows.append((line.unit, str(kind.code), kind.name, kind.type.value, str(line.accounts), *amounts))
            told = {"unit": line.unit, "code": kind.code, "name": kind.name, "title": kind.title, "class": kind.type.value}
            document.append(told | {"accounts": line.accounts} | _named(amounts))
        sums = _amounts((total.debit, total.credit, total.pending_debit, total.pending_credit), decimals)
        rows.append((total.unit, "", "total" if total.is_balanced else "OUT OF BALANCE", "", "", *sums))
        document.append({"unit": total.unit, "total": True, "balanced": total.is_balanced} | _named(sums))
    ok = all(total.is_balanced for total in totals)
    columns = ("unit", "code", "account", "class", "accounts", "debit", "credit", "held debit", "held credit")
    text = table(columns, rows) if rows else "Nothing was posted."
    voice.result({"ok": ok, "at": moment.at, "number": moment.number, "lines": document}, text)
    return 0 if ok else 1


def _amounts(atoms: tuple[int, ...], decimals: int) -> list[str]:
    return [format_decimal(each, decimals) for each in atoms]


def _named(amounts: list[str]) -> dict[str, str]:
    return dict(zip(("debit", "credit", "pending_debit", "pending_credit"), amounts, strict=True))


def _statement(room: "LedgerRoom", asked: Namespace, voice: Voice) -> int:
    from openscrip.bootstrap.ledger_room import beginning_of, moment_of  # noqa: PLC0415
    from openscrip.runtime.history import balance_at, statement  # noqa: PLC0415
    from openscrip.runtime.ledger import LedgerBroken  # noqa: PLC0415

    name = asked.account
    try:
        kind = room.chart.kind(name)
    except LedgerBroken as unknown:
        raise Malformed("ledger.account", f"ledger: account {name!a:.80} was not in the chart; --chart shows it") from unknown
    decimals = kind.measure.decimals
    if asked.at or asked.number is not None:
        with room.reading() as connection:
            balance = balance_at(connection, name, _moment(asked))
        told = _totals(balance, decimals)
        voice.result({"account": name, "balance": told}, table(tuple(told), [tuple(told.values())]))
        return 0
    since = beginning_of(asked.since) if asked.since else LONG_AGO
    until = moment_of(asked.until) + 1 if asked.until else FAR_AHEAD
    with room.reading() as connection:
        found = statement(connection, name, since, until)
    rows: list[tuple[str, ...]] = [("", "", "opening balance", "", "", "", "", *_net(found.opening, decimals))]
    document = []
    for line in found.movements:
        debit, credit = (line.posted, 0) if line.is_debit else (0, line.posted)
        moved = [*_amounts((debit, credit), decimals), format_decimal(line.held, decimals)]
        when = iso(line.at) if line.at else ""
        rows.append((str(line.number), when, line.id, line.counter, *moved, *_net(line.balance, decimals)))
        document.append({
            "number": line.number, "at": line.at, "id": line.id, "phase": line.phase.value, "cause": line.cause,
            "counter": line.counter, "debit": moved[0], "credit": moved[1], "held": moved[2],
            "balance": _totals(line.balance, decimals),
        })  # fmt: skip
    columns = ("number", "time", "transfer", "against", "debit", "credit", "held", "balance debit", "balance credit")
    told_account = {"account": name, "title": kind.title, "class": kind.type.value, "purpose": kind.purpose}
    both = {"opening": _totals(found.opening, decimals), "closing": _totals(found.closing, decimals)}
    head = f"{name}: {kind.title} ({kind.code}, {kind.type.value}, {kind.measure.value}): {kind.purpose}"
    voice.result(told_account | both | {"movements": document}, f"{head}\n{table(columns, rows)}")
    return 0


def _totals(balance: "Balance", decimals: int) -> dict[str, str]:
    return {name: format_decimal(atoms, decimals) for name, atoms in asdict(balance).items()}


def _net(balance: "Balance", decimals: int) -> tuple[str, str]:
    return format_decimal(max(balance.debit, 0), decimals), format_decimal(max(balance.credit, 0), decimals)


def _chart(room: "LedgerRoom", voice: Voice) -> int:
    rows = [
        (str(kind.code), kind.name, kind.title, kind.type.value, kind.side.value, kind.measure.value, kind.purpose)
        for kind in room.chart
    ]
    columns = ("code", "name", "title", "class", "side", "counts", "for")
    document = [dict(zip(("code", "name", "title", "class", "side", "measure", "purpose"), row, strict=True)) for row in rows]
    voice.result({"accounts": document}, table(columns, rows))
    return 0


def _closings(room: "LedgerRoom", voice: Voice) -> int:
    from openscrip.runtime.closing import closings  # noqa: PLC0415

    with room.reading() as connection:
        found = closings(connection)
    rows = [
        (str(each.number), each.period, iso(each.until_at), str(each.transfers), each.closed_by, iso(each.closed_at), each.hash)
        for each in found
    ]
    columns = ("number", "period", "until", "transfers", "closed by", "closed at", "hash")
    voice.result({"closings": [asdict(each) for each in found]}, table(columns, rows) if rows else "No period was closed.")
    return 0


def _close(room: "LedgerRoom", asked: Namespace, voice: Voice) -> int:
    from openscrip.runtime.closing import Period  # noqa: PLC0415

    closed = room.close_period(Period.parse(asked.close), asked.by)
    voice.result(
        asdict(closed),
        f"Closed {closed.period} with {closed.transfers} transfers: nothing is posted before {iso(closed.until_at)} any more.\n"
        f"hash {closed.hash}",
    )
    return 0


def _verify(room: "LedgerRoom", voice: Voice) -> int:
    from openscrip.runtime.audit import verify_ledger  # noqa: PLC0415
    from openscrip.runtime.closing import closings  # noqa: PLC0415

    problems = verify_ledger(room.engine, room.chart)
    with room.reading() as connection:
        closed = closings(connection)
    last = f"; the last closing is {closed[-1].period} with the hash {closed[-1].hash}" if closed else ""
    text = "\n".join(problems) or f"The ledger is sound, {len(closed)} closed periods stand as they were closed{last}."
    told = {"ok": not problems, "problems": problems, "closings": len(closed), "hash": closed[-1].hash if closed else ""}
    voice.result(told, text)
    return 1 if problems else 0


def _export(room: "LedgerRoom", folder: Path, voice: Voice) -> int:
    from openscrip.runtime.ledger_export import export_ledger  # noqa: PLC0415

    with room.reading() as connection:
        manifest = export_ledger(connection, room.chart, folder)
    rows = [(name, str(told["rows"]), told["sha256"]) for name, told in manifest["files"].items()]
    voice.result({"folder": str(folder)} | manifest, table(("file", "rows", "sha256"), rows))
    return 0
