"""`verify --report`: whether a reserve report is what its signers signed, and whether it adds up. Reads files alone.

Each check is independent and says what it found. What a file cannot tell, whether a statement was the newest one or a
chain really shows a supply, only whoever reads custodian and chains can tell: `report_audit.py` does, before an auditor
signs.
"""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import DOLLAR, ONE, RAW, SHARE, parse, shares_up, show
from openscrip_watch.checks import Check, made
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.report_document import (
    Report,
    body_hash,
    load_report,
    page_hash,
    read_json,
    signatures_section,
    split_page,
)
from openscrip_watch.stated import read_stated
from openscrip_watch.statement import Statement
from openscrip_watch.sum_proof import check_holder

UNDER_WAY = "under way"
"""The line of a report for what left one chain and did not arrive on another: nobody holds it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a report is checked with, as far as it is there: its page, the report before, a holder's proof, known keys."""

    page: Path | None = None
    previous: Path | None = None
    proof: Path | None = None
    keys: Path | None = None


def verify_report(path: Path, beside: Beside, *, unsigned: bool = False) -> list[Check]:
    """All checks of a report, in order. With `unsigned` a signature that is missing breaks nothing: a signer looks."""
    try:
        report = load_report(path)
    except Refusal as refusal:
        return [Check("file", False, f"{refusal.text} [{refusal.code}]")]
    page = beside.page or path.with_suffix(".html")
    checks: dict[str, Callable[[], str]] = {
        "body": lambda: _body(report),
        "signatures": lambda: _signatures(report, beside.keys, unsigned),
        "statements": lambda: _statements(report),
        "sums": lambda: _sums(report),
        "holders": lambda: _holders(report, beside.proof),
        "chain": lambda: _chain(report, beside.previous),
    }
    if beside.page or page.exists():
        checks["page"] = lambda: _page(report, page)
    return [made(name, check) for name, check in checks.items()]


def stocks_of(report: Report) -> list[Mapping[str, Any]]:
    """The stocks of a report."""
    return fields.rows(report.body, "stocks", 10_000)


def statement_of(report: Report, sha256: str) -> Statement:
    """One of the report's statements, its bytes held against its hash and its signature.

    Raises `statement.missing`, `statement.hash` or another `statement.…`.
    """
    found = [each for each in fields.rows(report.body, "statements", 10_000) if each.get("sha256") == sha256]
    refuse_unless(len(found) == 1, "statement.missing", f"statement {sha256:.64}: it was not in the report once")
    try:
        content = b64decode(fields.text(found[0], "content", 4_000_000), validate=True)
    except ValueError:
        raise BadInput("statement.content", f"statement {sha256:.64}: its bytes were not base64") from None
    real = hashlib.sha256(content).hexdigest()
    refuse_unless(real == sha256, "statement.hash", f"statement {sha256:.64}: its bytes have the hash {real}")
    name = fields.text(found[0], "custodian")
    keys = [each.key for each in report.parties if each.role == "custodian" and each.name == name]
    refuse_unless(len(keys) == 1, "statement.custodian", f"statement {sha256:.64}: {name:.80} is no signer of the report")
    media, envelope, signature = (str(found[0].get(each, "")) for each in ("media", "envelope", "signature"))
    return read_stated(content, media, envelope, signature, keys[0], name)


def _body(report: Report) -> str:
    real = body_hash(report)
    refuse_unless(real == report.sha256, "report.hash", f"report: its body has the hash {real}, the file says {report.sha256}")
    return f"report {fields.text(report.body, 'label')}, SHA-256 {real}"


def _signatures(report: Report, keys: Path | None, unsigned: bool) -> str:
    parties = report.parties
    if keys is not None:
        known = read_json(keys, "keys")
        strange = [each.words for each in parties if known.get(each.words) != each.key]
        refuse_unless(not strange, "report.key", f"report: the keys of {', '.join(strange)} were not the known ones")
    signed = report.signed_by()
    missing = [each.words for each in parties if each not in signed]
    refuse_unless(unsigned or not missing, "report.unsigned", f"report: not signed by {', '.join(missing)}")
    told = ", ".join(each.words for each in signed) or "nobody"
    return f"signed by {told}" + ("" if keys else "; keys as the report names them, compare them yourself or give --known-keys")


def _statements(report: Report) -> str:
    used = set()
    for stock in stocks_of(report):
        for line in fields.rows(stock, "custody", 100):
            sha256 = fields.hex32(line, "sha256")
            used.add(sha256)
            _refuse_other_line(stock, line, statement_of(report, sha256), instant_of(report.body, "as_of"))
    loose = [each for each in fields.rows(report.body, "statements", 10_000) if each.get("sha256") not in used]
    refuse_unless(not loose, "statement.unused", f"statements: {len(loose)} stood in the report and behind no figure")
    return f"{len(used)} statements, their bytes hashed and signed, behind every line of custody"


_SUBS = (
    "available", "pending_receipt", "pending_delivery", "blocked", "pledged", "lent", "borrowed", "in_transit",
    "restricted", "other", "aggregate",
)  # fmt: skip


def _refuse_other_line(stock: Mapping[str, Any], line: Mapping[str, Any], stated: Statement, cut: int) -> None:
    where = f"custody of {fields.text(stock, 'symbol')} at {fields.text(line, 'custodian')}"
    for name in _SUBS:
        said, real = parse(line.get(name), SHARE, f"{where}: {name}"), getattr(stated, name)
        text = f"{where}: {name} was {show(said, SHARE)}, the statement says {show(real, SHARE)}"
        refuse_unless(said == real, "custody.differs", text)
    facts = (
        fields.text(line, "account"),
        fields.integer(line, "epoch"),
        fields.integer(line, "sequence"),
        instant_of(line, "as_of"),
    )
    same = facts == (stated.account, stated.epoch, stated.sequence, stated.as_of) and stated.isin == stock.get("isin")
    refuse_unless(same, "custody.differs", f"{where}: account, epoch, number, time or ISIN was not the statement's")
    refuse_unless(stated.as_of <= cut, "custody.late", f"{where}: the statement was of a time after the cut")


def _sums(report: Report) -> str:
    told = []
    for stock in stocks_of(report):
        symbol = fields.text(stock, "symbol")
        try:
            told.append(f"{symbol} {_sum(stock)}")
        except Refusal as refusal:
            raise Refusal(refusal.code, f"{symbol}: {refusal.text}") from None
    return "; ".join(told) or "nothing is held and nothing is owed"


def _sum(stock: Mapping[str, Any]) -> str:
    """Every figure of a stock that follows from others, computed again."""
    custody = fields.rows(stock, "custody", 100)
    held = _total(custody, "available", SHARE)
    raw = _total(fields.rows(stock, "supply", 100), "raw", RAW)
    flying = _total(fields.rows(stock, "mints_in_flight", 100_000), "raw", RAW)
    claims = _total(fields.rows(stock, "redemptions_in_flight", 100_000), "claim", SHARE)
    multiplier = parse(stock.get("multiplier"), ONE, "multiplier")
    owed = shares_up(raw + flying, multiplier) + claims
    _same(stock, "raw_supply", raw, RAW)
    _same(stock, "in_flight", flying, RAW)
    _same(stock, "claims", claims, SHARE)
    _same(stock, "shares_held", held, SHARE)
    _same(stock, "shares_owed", owed, SHARE)
    said = show(held - owed, SHARE)
    refuse_unless(stock.get("surplus") == said, "sum.surplus", f"surplus was {stock.get('surplus')}, it is {said}")
    coverage = show(held * 10**6 // owed, 10**6) if owed else None
    text = f"coverage was {stock.get('coverage')}, it is {coverage}"
    refuse_unless(_decimal(stock.get("coverage")) == coverage, "sum.coverage", text)
    epoch = fields.integer(stock, "chain_epoch")
    together = all(fields.integer(line, "epoch") == epoch for line in custody)
    covered = together and held >= owed
    refuse_unless(stock.get("covered") is covered, "sum.covered", f"covered was {stock.get('covered')}, it is {covered}")
    _refuse_other_movements(stock, raw)
    for each in fields.rows(stock, "dividends_receivable", 10_000):
        parse(each.get("amount"), DOLLAR, "dividends_receivable: amount")
    return f"{show(held, SHARE)} held, {show(owed, SHARE)} owed, {said} over"


def _refuse_other_movements(stock: Mapping[str, Any], raw: int) -> None:
    moved = fields.inner(stock, "movements")
    closing = parse(moved.get("opening"), RAW, "movements: opening")
    for name, sign in (("minted", 1), ("restored", 1), ("redeemed_in_kind", -1), ("redeemed_for_cash", -1)):
        flow = fields.inner(moved, name)
        fields.integer(flow, "count")
        closing += sign * parse(flow.get("raw"), RAW, f"movements: {name}")
    explained = closing == raw
    text = f"movements lead to {show(closing, RAW)}, the chains show {show(raw, RAW)}, and the report says otherwise"
    refuse_unless(stock.get("movements_explain_supply") is explained, "sum.movements", text)


def _holders(report: Report, proof: Path | None) -> str:
    trees: dict[str, Mapping[str, Any]] = {}
    for stock in stocks_of(report):
        if stock.get("holders") is None:
            continue
        tree, symbol = fields.inner(stock, "holders"), fields.text(stock, "symbol")
        lines = [each for each in fields.rows(stock, "supply", 100) if each.get("chain") != UNDER_WAY]
        supply = _total(lines, "raw", RAW)
        text = f"{symbol}: all holders together have {tree.get('total')!r:.80} of 1e-18 raw, the chains show {supply}"
        refuse_unless(tree.get("total") == str(supply), "holders.total", text)
        cuts = {(each.get("chain"), each.get("token")) for each in fields.rows(tree, "cuts", 100)}
        text = f"{symbol}: the holders were not read on the chains of the supply"
        refuse_unless(cuts == {(each.get("chain"), each.get("token")) for each in lines}, "holders.chains", text)
        fields.hex32(tree, "root")
        trees[symbol] = tree
    if proof is None:
        return f"{len(trees)} trees whose totals are the supplies; --proof checks one holder"
    return check_holder(read_json(proof, "proof"), trees)


def _chain(report: Report, previous: Path | None) -> str:
    """Reports are numbered, and each names the one before."""
    number, named = fields.integer(report.body, "number", 1), report.body.get("previous")
    if named is None:
        refuse_unless(number == 1, "chain.previous", f"report: it is number {number} and names none before it")
        refuse_unless(previous is None, "chain.previous", "report: it says that it is the first one")
        return "the first report"
    told = fields.mapping(named, "previous")
    label, sha256 = fields.text(told, "label"), fields.hex32(told, "sha256")
    if previous is None:
        return f"after {label}, SHA-256 {sha256}; --previous checks it"
    before = load_report(previous)
    real = body_hash(before)
    refuse_unless(real == sha256, "chain.previous", f"report: {previous.name} has the hash {real}, {sha256} was named")
    follows = number == fields.integer(before.body, "number", 1) + 1 and label == before.body.get("label")
    refuse_unless(follows, "chain.number", f"report: number {number} does not follow {before.body.get('label')!r:.40}")
    later = instant_of(report.body, "as_of") >= instant_of(before.body, "as_of")
    refuse_unless(later, "chain.time", "report: its cut was before that of the report before it")
    before.signed_by()
    return f"after {label}, which was read"


def _page(report: Report, path: Path) -> str:
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise Refusal("page.missing", f"page: {path.name} could not be read") from None
    real = page_hash(page)
    said = fields.hex32(report.body, "html_sha256")
    refuse_unless(real == said, "page.hash", f"page: {path.name} has the hash {real}, the report says {said}")
    told = split_page(page)[1] == signatures_section(report)
    refuse_unless(told, "page.signatures", f"page: {path.name} tells of other signatures than the report has")
    return f"{path.name} is the page of this report"


def _total(rows: list[Mapping[str, Any]], name: str, unit: int) -> int:
    return sum(parse(each.get(name), unit, name) for each in rows)


def _same(stock: Mapping[str, Any], name: str, real: int, unit: int) -> None:
    said = parse(stock.get(name), unit, name)
    text = f"{name} was {show(said, unit)}, it is {show(real, unit)}"
    refuse_unless(said == real, f"sum.{name}", text)


def _decimal(text: object) -> str | None:
    return None if text is None else show(parse(text, 10**6, "coverage"), 10**6)


def instant_of(body: Mapping[str, Any], name: str) -> int:
    """An instant like 2024-06-28T20:30:00Z as UTC seconds."""
    text = fields.text(body, name, 40)
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        raise BadInput("body.time", f"{name}: {text!r:.40} was no instant like 2024-06-28T20:30:00Z") from None
    return int(at.timestamp())
