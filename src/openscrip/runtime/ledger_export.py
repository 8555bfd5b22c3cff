"""The whole ledger as files that need no program of ours: accounts, transfers, balances and closings.

JSON lines hold atoms as decimal strings, and a transfer's line is byte for byte what a closing hashed. The CSV beside
them says the same for people, amounts with their decimal point. Order is stable: accounts by name, transfers and
closings by number. `manifest.json` has the SHA-256 of every file.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from openscrip.runtime.chart import ChartOfAccounts
from openscrip.runtime.closing import balance_line, closing_line, closings, transfer_line
from openscrip.runtime.history import current_balances, entries
from openscrip.runtime.schema import account, closing_balance

FORMAT = "openscrip ledger 1"
COLUMNS = {
    "accounts": ("account", "unit", "code", "name", "title", "class", "side", "measure", "decimals", "purpose"),
    "transfers": (
        "number", "at", "id", "debit", "credit", "atoms", "amount", "cause", "phase", "pending_id", "expires_at", "seal",
    ),
    "balances": ("account", "debits_pending", "debits_posted", "credits_pending", "credits_posted"),
    "closings": (
        "number", "period", "since_at", "until_at", "transfers", "last_number", "closed_by", "closed_at", "previous", "hash",
    ),
    "closing_balances": ("closing", "account", "debits_pending", "debits_posted", "credits_pending", "credits_posted"),
}  # fmt: skip


def export_ledger(connection: Connection, chart: ChartOfAccounts, folder: Path) -> dict[str, Any]:
    """Write the ledger as one moment of the database shows it; returns the manifest, which is written last.

    Five files of each form: accounts, transfers, balances, closings, closing balances.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources: dict[str, Iterable[tuple[str, dict[str, Any]]]] = {
        "accounts": _accounts(connection, chart),
        "transfers": _transfers(connection, chart),
        "balances": _balances(connection, chart),
        "closings": _closings(connection),
        "closing_balances": _closing_balances(connection, chart),
    }
    files: dict[str, dict[str, Any]] = {}
    for name, source in sources.items():
        files |= _written(folder, name, source)
    manifest = {"format": FORMAT, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _written(folder: Path, name: str, source: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    hashes = {"jsonl": hashlib.sha256(), "csv": hashlib.sha256()}
    count = 0
    with (folder / f"{name}.jsonl").open("wb") as lines, (folder / f"{name}.csv").open("wb") as sheet:
        outs = {"jsonl": lines, "csv": sheet}

        def put(form: str, text: str) -> None:
            outs[form].write(text.encode())
            hashes[form].update(text.encode())

        put("csv", _row(COLUMNS[name]))
        for line, columns in source:
            put("jsonl", f"{line}\n")
            put("csv", _row([columns[column] for column in COLUMNS[name]]))
            count += 1
    return {f"{name}.{form}": {"rows": count, "sha256": digest.hexdigest()} for form, digest in hashes.items()}


def _row(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _accounts(connection: Connection, chart: ChartOfAccounts) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, unit, side in connection.execute(select(account.c.id, account.c.unit, account.c.side).order_by(account.c.id)):
        kind = chart.kind(name)
        told = {
            "account": name,
            "unit": unit,
            "code": kind.code,
            "name": kind.name,
            "title": kind.title,
            "class": kind.type.value,
            "side": side,
            "measure": kind.measure.value,
            "decimals": kind.measure.decimals,
            "purpose": kind.purpose,
        }
        yield _compact(told), told


def _transfers(connection: Connection, chart: ChartOfAccounts) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in entries(connection):
        line = transfer_line(entry)
        yield line, json.loads(line) | {"amount": chart.written(entry.transfer.debit, entry.transfer.amount)}


def _balances(connection: Connection, chart: ChartOfAccounts) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, balance in current_balances(connection).items():
        line = balance_line(name, balance)
        yield line, _written_out(name, json.loads(line), chart)


def _closings(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    for closed in closings(connection):
        told = json.loads(closing_line(closed)) | {"previous": closed.previous, "hash": closed.hash}
        yield _compact(told), told


def _closing_balances(connection: Connection, chart: ChartOfAccounts) -> Iterator[tuple[str, dict[str, Any]]]:
    columns = closing_balance.c
    asked = select(closing_balance).order_by(columns.closing, columns.account)
    for name, number, *totals in connection.execute(asked):
        told = {"closing": number, "account": name} | {
            column: str(total) for column, total in zip(COLUMNS["balances"][1:], totals, strict=True)
        }
        yield _compact(told), _written_out(name, told, chart)


def _written_out(name: str, told: dict[str, Any], chart: ChartOfAccounts) -> dict[str, Any]:
    return told | {column: chart.written(name, int(told[column])) for column in COLUMNS["balances"][1:]}
