"""The reserve reports as they lie in their folder: which there are, in which order, and whether one is missing.

Reading a listed report costs a file; what was read is kept, since a report is never written again but for signatures.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from openscrip.kernel.errors import Malformed

CHAIN = "reports.jsonl"
_LABEL = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{1,4})?")
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """Who has to sign a report, and whether it did."""

    role: str
    name: str
    public_key: str
    signed: bool


@dataclass(frozen=True, slots=True)
class StockResult:
    """What a report says of one stock; decimals as the report writes them."""

    symbol: str
    token_symbol: str
    shares_held: str
    shares_owed: str
    coverage: str
    covered: bool
    holders: int = 0

    @property
    def bucket_digits(self) -> int:
        """How many hex digits name a bucket of its holders; -1 where no holders were read."""
        return bucket_digits(self.holders) if self.holders else -1


@dataclass(frozen=True, slots=True)
class ShelvedReport:
    """One report: `problem` says what is wrong with its file; then the rest may be empty."""

    number: int
    label: str
    sha256: str
    as_of: str = ""
    previous: str = ""
    previous_label: str = ""
    simulated: bool = False
    signatures: tuple[Signature, ...] = ()
    stocks: tuple[StockResult, ...] = field(default=())
    problem: str = ""

    @property
    def covered(self) -> bool:
        """Whether it says that every stock was covered."""
        return bool(self.stocks) and all(each.covered for each in self.stocks)

    @property
    def signed(self) -> int:
        """How many have signed."""
        return sum(each.signed for each in self.signatures)


def bucket_digits(holders: int) -> int:
    """So few hex digits of the hash of an address that about sixteen of so many holders share them."""
    digits = 0
    while holders > 16 ** (digits + 1):
        digits += 1
    return digits


def bucket_of(holder: str, holders: int) -> str:
    """Where the proof of a holder is handed out, among so many holders."""
    return sha256(holder.encode()).hexdigest()[: bucket_digits(holders)]


def shelved(folder: Path) -> list[ShelvedReport]:
    """Every report that was written, newest first."""
    return [_report(folder, line) for line in reversed(_lines(folder))]


def gaps(reports: Sequence[ShelvedReport]) -> list[str]:
    """What is wrong with the order of reports, in sentences: a number or a hash that does not follow. None means none."""
    found = []
    for later, earlier in pairwise(reports):
        if later.number != earlier.number + 1:
            found.append(f"Report {later.number} follows report {earlier.number}: something between them is missing.")
        elif not later.problem and later.previous != earlier.sha256:
            found.append(f"Report {later.label} names another report before it than {earlier.label}.")
    if reports and reports[-1].number != 1:
        found.append(f"The oldest report has the number {reports[-1].number}; those before it are missing.")
    return found + [f"Report {each.label}: {each.problem}" for each in reports if each.problem]


def one_report(folder: Path, label: str) -> ShelvedReport:
    """The report of that label. Raises `Malformed("report.unknown")`."""
    return next((each for each in shelved(folder) if each.label == _known(label)), None) or _unknown(label)


def report_body(folder: Path, label: str) -> Mapping[str, Any]:
    """The body of a report. Raises `Malformed("report.unknown")`."""
    return dict(_document(report_file(folder, label, "json"))["report"])


def report_file(folder: Path, label: str, kind: str) -> Path:
    """The file of a report, `json` or `html`. Raises `Malformed("report.unknown")`."""
    path = folder / f"reserve-{_known(label)}.{kind}"
    if kind not in {"json", "html"} or not path.is_file():
        _unknown(label)
    return path


def _known(label: str) -> str:
    return label if _LABEL.fullmatch(label) else _unknown(label)


def _unknown(label: str) -> Any:
    raise Malformed("report.unknown", f"report: {label!a:.40} was never written")


def _lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / CHAIN
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _document(path: Path) -> Mapping[str, Any]:
    state = path.stat()
    return _read(str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=_KEPT)
def _read(path: str, _changed_ns: int, _size: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def _report(folder: Path, line: Mapping[str, Any]) -> ShelvedReport:
    number, label, sha256 = int(line["number"]), str(line["label"]), str(line["sha256"])
    try:
        document = _document(report_file(folder, label, "json"))
        body = document["report"]
        signed = {(each["role"], each["name"]) for each in document["signatures"]}
        previous = body["previous"] or {"label": "", "sha256": ""}
        same = document["sha256"] == sha256
        return ShelvedReport(
            number, label, sha256, body["as_of"], previous["sha256"], previous["label"], bool(body["simulated"]),
            tuple(
                Signature(each["role"], each["name"], each["public_key"], (each["role"], each["name"]) in signed)
                for each in body["signers"]
            ),
            tuple(
                StockResult(
                    each["symbol"], each["token_symbol"], each["shares_held"], each["shares_owed"],
                    each["coverage"] or "", bool(each["covered"]), (each["holders"] or {"count": 0})["count"],
                )
                for each in body["stocks"]
            ),
            "" if same else "its file is not the one that was written",
        )  # fmt: skip
    except (Malformed, OSError, ValueError, KeyError, TypeError):
        return ShelvedReport(number, label, sha256, problem="its file is missing or cannot be read")
