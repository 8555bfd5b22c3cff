"""Writes a reserve report: its page, its machine-readable twin with the issuer's signature, and its place in the chain.

Custodians and the auditor sign the twin themselves, each with `openscrip-watch sign-report` and its own key. What was
written is never written again: a report of the same month with other figures is another report, numbered after it.
"""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from openscrip.assets.custody import Custodian, Statement, statement_json
from openscrip.assets.entities import parties_of
from openscrip.assets.wire import canonical
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.reconciling import index_url
from openscrip.bootstrap.report_cut import blocks_at, holders_again, holders_at
from openscrip.bootstrap.reporting import UNDER_WAY, custodians_of, newest_statements, reserve_report
from openscrip.issuance.indexer.report_tree import about_report, report_tree
from openscrip.issuance.indexer.store import Holders
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, Keystore, LocalKey
from openscrip.web.report import FORMAT, body_sha256, report_document, report_html, report_json, with_signatures
from openscrip.web.reserve import (
    ChainSupply,
    Cut,
    Entity,
    HolderTree,
    PreviousReport,
    ReserveReport,
    Signer,
    StatementDocument,
    StockReserve,
)

CHAIN = "reports.jsonl"
"""One line for each report that was written: number, label, sha256, file."""
JSON_MEDIA, XML_MEDIA = "application/json", "application/xml"
AUDITOR_S = 30


def write_report(platform: Platform, month: str) -> Path:
    """Write the report of a month, cut at its end or now; the HTML file's path. Raises `Malformed`, `Refused`.

    A report that would say the same as the last one of its month is that one.
    """
    folder = platform.places.reports
    folder.mkdir(parents=True, exist_ok=True)
    report = _complete(platform, reserve_report(platform, month))
    written = _written(folder)
    same_month = [each for each in written if str(each["label"]).startswith(month)]
    if same_month and _says_the_same(folder, same_month[-1], report, platform):
        return folder / str(same_month[-1]["file"])
    label = month if not same_month else f"{month}-{len(same_month) + 1}"
    previous = PreviousReport(written[-1]["label"], written[-1]["sha256"]) if written else None
    report = _with_holders(platform, replace(report, number=len(written) + 1, label=label, previous=previous))
    return publish(folder, report, report_key(platform.keys))


def report_key(keys: Keystore) -> LocalKey:
    """The key that the issuer signs its reports with, made if it is not there."""
    return keys.ensure("reports", KeyKind.ED25519)


def holder_secret(keys: Keystore) -> bytes:
    """What the salts of all holders come from, made if it is not there. Whoever has it can name every holder."""
    return keys.ensure("report-salts", KeyKind.ED25519).secret


def auditor_folder(data: Path) -> Path:
    """Where the auditor of a run on one machine keeps its key: apart from every other party's."""
    return data / "auditor"


def auditor_key(platform: Platform) -> str:
    """The auditor's public key as set; on one machine that of an auditor of its own, made by the watch's command."""
    if platform.settings.reports.auditor_key:
        return platform.settings.reports.auditor_key
    folder = auditor_folder(platform.places.data)
    told = folder / "auditor.pub"
    if not told.exists():
        command = [sys.executable, "-m", "openscrip_watch", "keys", "--auditor", "--keys", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=AUDITOR_S, check=False)
        if done.returncode:
            raise Unavailable(f"report: no auditor's key could be made: {done.stderr.strip()[-200:]}")
        told.write_text(json.loads(done.stdout)["auditor"])
    return told.read_text()


def _complete(platform: Platform, report: ReserveReport) -> ReserveReport:
    """With entities, signers, statements byte for byte, and the supply as the chains showed it at the cut."""
    stated = newest_statements(platform, report.as_of)
    documents = {document.sha256: document for document in (_document(*each) for each in stated)}
    keys = {statement.custodian: b64encode(custodian.public_key()).decode() for custodian, statement in stated}
    if not keys:
        keys = {name: b64encode(each.public_key()).decode() for name, each in custodians_of(platform).items()}
    issuer = b64encode(report_key(platform.keys).public_key).decode()
    signers = (
        Signer("issuer", report.issuer, issuer),
        *(Signer("custodian", name, key) for name, key in sorted(keys.items())),
        Signer("auditor", platform.settings.reports.auditor, auditor_key(platform)),
    )
    file = platform.settings.entities.file
    parties = {
        (party.role.value, party.entity.name, party.entity.jurisdiction): tuple(
            f"{role} ({each.kind})" for each in party.contracts for role in each.between if role is not party.role
        )
        for stock in report.stocks
        for party in parties_of(stock.symbol, file)
    }
    entities = tuple(
        Entity(role, f"{name}, {where}", tuple(dict.fromkeys(with_))) for (role, name, where), with_ in parties.items()
    )
    statements = tuple(documents[each] for each in sorted(documents))
    return replace(report, entities=entities, signers=signers, statements=statements)


def _document(custodian: Custodian, statement: Statement) -> StatementDocument:
    """A statement's bytes as they can be checked."""
    if statement.envelope:
        number = int(statement.envelope.split("\n")[2])
        message: bytes = custodian.message(number)  # type: ignore[attr-defined]  # of those that speak in messages
        content = b64encode(message).decode()
        return StatementDocument(
            statement.hash, statement.custodian, XML_MEDIA, content, statement.envelope, statement.signature
        )
    content = b64encode(canonical(statement_json(statement))).decode()
    return StatementDocument(statement.hash, statement.custodian, JSON_MEDIA, content)


def _with_holders(platform: Platform, report: ReserveReport) -> ReserveReport:
    """With the tree over all holders of each stock, and the supply that it adds up to."""
    return _with_trees(platform, report, holders_at(platform, blocks_at(platform, report.as_of)))


def _with_trees(platform: Platform, report: ReserveReport, held: Mapping[str, list[Holders]]) -> ReserveReport:
    secret = holder_secret(platform.keys)
    stocks = tuple(with_tree(stock, held.get(stock.symbol, []), report, secret) for stock in report.stocks)
    return replace(report, stocks=stocks)


def with_tree(stock: StockReserve, held: list[Holders], report: ReserveReport, secret: bytes) -> StockReserve:
    """One stock with the tree over everybody in `held`, and each chain's supply as it stood at its cut."""
    about = about_report(stock.symbol, report.label, report.number)
    tree = report_tree(about, held, secret)
    cuts = tuple(Cut(each.chain, each.token, each.block) for each in held)
    holders = HolderTree(about, tree.count, tree.root.hex(), str(tree.total), cuts)
    supply = {each.chain: RawAmount(sum(atoms for _, atoms in each.entries)) for each in held}
    shown = tuple(
        line if line.chain == UNDER_WAY else ChainSupply(line.chain, line.token, supply.get(line.chain, line.raw))
        for line in stock.supply
    )
    return replace(stock, holders=holders, supply=shown)


def publish(folder: Path, report: ReserveReport, key: LocalKey) -> Path:
    """The files, the issuer's signature in them, and the line in the chain of reports."""
    document = report_document(report)
    sha256 = str(document["sha256"])
    issuer = report.signers[0]
    signature = b64encode(key.sign_message(FORMAT.encode() + b"\0" + bytes.fromhex(sha256))).decode()
    told = {"role": issuer.role, "name": issuer.name, "public_key": issuer.public_key, "signature": signature}
    path = folder / f"reserve-{report.label}.html"
    page = with_signatures(report_html(report), report, {f"{issuer.role} {issuer.name}"})
    path.write_text(page, encoding="utf-8")
    signed = document | {"signatures": [told]}
    path.with_suffix(".json").write_text(json.dumps(signed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    line = {"number": report.number, "label": report.label, "sha256": sha256, "file": path.name}
    with (folder / CHAIN).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return path


def _written(folder: Path) -> list[dict[str, Any]]:
    """Every report that was written, oldest first."""
    chain = folder / CHAIN
    return [json.loads(line) for line in chain.read_text(encoding="utf-8").splitlines()] if chain.exists() else []


def _says_the_same(folder: Path, line: dict[str, Any], report: ReserveReport, platform: Platform) -> bool:
    """Whether a report that was written differs from this one in nothing but its place."""
    try:
        body = json.loads((folder / str(line["file"])).with_suffix(".json").read_text(encoding="utf-8"))["report"]
    except (OSError, ValueError, KeyError):
        raise Refused("report.chain", f"report: {line['file']} of the chain is not there; put it back first") from None
    before = PreviousReport(**body["previous"]) if body["previous"] else None
    if body_sha256(body) != line["sha256"] or body["as_of"] != iso(report.as_of):
        return False
    trees = {stock["symbol"]: stock["holders"] for stock in body["stocks"] if stock["holders"]}
    url = index_url(platform.settings)
    held = {symbol: holders_again(url, tree["cuts"]) for symbol, tree in trees.items()}  # a paused chain has new blocks too
    again = _with_trees(platform, replace(report, number=body["number"], label=body["label"], previous=before), held)
    return body_sha256(report_json(again)) == str(line["sha256"])
