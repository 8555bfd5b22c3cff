"""Reserve reports that were written: every one, in their order, and whether the chain of their hashes holds."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHAIN = "reports.jsonl"
_LABEL = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """One report: its number, month, SHA-256 of its body, when it was cut, whether all was covered, and who signed it.

    `previous` is the hash that it names of the one before; `follows` whether that is so, and whether its number is the next.
    """

    number: int
    label: str
    sha256: str
    file: str
    as_of: str
    previous: str
    follows: bool
    signers: tuple[str, ...]
    holders: tuple[tuple[str, int, str], ...]
    """(stock, holders, Merkle-sum root) of each tree."""


def reports(folder: Path) -> list[ReportRecord]:
    """Every report, oldest first. A file that is gone leaves its line, without what it said."""
    found: list[ReportRecord] = []
    for line in _lines(folder):
        body, signatures = _read(folder / str(line["file"]))
        previous = str((body.get("previous") or {}).get("sha256", ""))
        last = found[-1] if found else None
        follows = previous == (last.sha256 if last else "") and line["number"] == (last.number + 1 if last else 1)
        trees = [(stock["symbol"], stock.get("holders")) for stock in body.get("stocks", [])]
        found.append(
            ReportRecord(
                int(line["number"]), str(line["label"]), str(line["sha256"]), str(line["file"]), str(body.get("as_of", "")),
                previous, follows and bool(body), signatures,
                tuple((name, int(tree["count"]), str(tree["root"])) for name, tree in trees if tree),
            )
        )  # fmt: skip
    return found


def report_file(folder: Path, label: str, form: str) -> Path | None:
    """The file of a report, `html` or `json`; None if it was not written. `label` names a month, and what comes after it."""
    if not _LABEL.fullmatch(label) or form not in ("html", "json"):
        return None
    path = folder / f"reserve-{label}.{form}"
    return path if path.is_file() else None


def _lines(folder: Path) -> list[dict[str, Any]]:
    chain = folder / CHAIN
    return [json.loads(line) for line in chain.read_text(encoding="utf-8").splitlines()] if chain.exists() else []


def _read(page: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    twin = page.with_suffix(".json")
    if not twin.exists():
        return {}, ()
    document = json.loads(twin.read_text(encoding="utf-8"))
    return document["report"], tuple(f"{each['role']} {each['name']}" for each in document.get("signatures", []))
