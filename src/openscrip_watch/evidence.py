"""The public evidence: `evidence.jsonl`, one object a line, each the reason of one mint, found by its hash."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from openscrip_watch.amounts import RAW, SHARE, parse, shares_up, show
from openscrip_watch.canonical import document_hash, request_hash
from openscrip_watch.chains.facts import ARRIVAL, ISSUANCE, RESTITUTION, Fact
from openscrip_watch.custody import Line
from openscrip_watch.proof import InForce, in_force
from openscrip_watch.refusal import Refusal, refuse_unless

FILE = "evidence.jsonl"
_KINDS = {ISSUANCE: "issuance", ARRIVAL: "arrival", RESTITUTION: "restitution"}


def read_evidence(folder: str) -> dict[str, Mapping[str, Any]]:
    """Every published object by its hash; a line may wrap it as `{"evidence": {...}}`. Raises `evidence.file`."""
    path = Path(folder) / FILE
    found: dict[str, Mapping[str, Any]] = {}
    if not folder or not path.exists():
        return found
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            body = json.loads(line) if line.strip() else {}
            inner = body.get("evidence", body)
            found[document_hash(inner)] = inner
        except (ValueError, AttributeError):
            raise Refusal("evidence.file", f"evidence: line {number} of {FILE} was not a JSON object") from None
    return found


class EvidenceCheck:
    """Each mint stands on its own published evidence, and all receipts together are used at most to their quantity."""

    def __init__(self, published: Mapping[str, Mapping[str, Any]]) -> None:
        self._published = published
        self._used: dict[str, str] = {}
        self._taken: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.count = 0

    def check_stock(
        self,
        isin: str,
        accounts: Mapping[str, str],
        line: Line,
        mints: Sequence[Fact],
        burned: Mapping[str, Fact],
        past: Sequence[InForce],
    ) -> None:
        """All mints of a stock; `burned` by request, departures by `chain:key`.

        Raises `Refusal` naming the first mint whose evidence does not hold.
        """
        self._taken.clear()
        for fact in mints:
            self._check_mint(fact, isin, burned, past)
            self.count += 1
        for receipt, uses in self._taken.items():
            settled = line.receipts.get(receipt)
            where = f"evidence: receipt {receipt:.80}"
            if settled is None or settled.account != accounts.get(settled.keeper) or receipt in line.twice:
                raise Refusal("evidence.receipt", f"{where} was not settled in the segregated account")
            used = sum((Fraction(shares) * line.factor(epoch, settled.epoch) for shares, epoch in uses), Fraction(0))
            text = f"{where} of {show(settled.quantity, SHARE)} shares was used for {show(int(used), SHARE)}"
            refuse_unless(used <= settled.quantity, "evidence.used", text)

    def _check_mint(self, fact: Fact, isin: str, burned: Mapping[str, Fact], past: Sequence[InForce]) -> None:
        where = f"evidence: mint {fact.request} of {show(fact.raw, RAW)} on {fact.chain} ({fact.tx})"
        evidence = self._published.get(fact.evidence)
        if evidence is None:
            raise Refusal("evidence.unpublished", f"{where} stands on {fact.evidence}, which was not published")
        mint_id = str(evidence.get("mint_id", ""))
        named = request_hash(mint_id) == fact.request and evidence.get("kind") == _KINDS.get(fact.kind)
        refuse_unless(named, "evidence.form", f"{where} stands on evidence for {mint_id:.80}")
        refuse_unless(evidence.get("isin", isin) == isin, "evidence.form", f"{where} stands on another stock's shares")
        for twice in (
            self._used.setdefault(f"{fact.kind}:{fact.evidence}", fact.tx),
            self._used.setdefault(fact.request, fact.tx),
        ):
            refuse_unless(twice == fact.tx, "evidence.used", f"{where} repeats transaction {twice}")
        if fact.kind == ISSUANCE:
            self._take_receipts(evidence, fact, past, where)
        elif isinstance(evidence.get("crossing"), Mapping):
            self._check_crossing(evidence["crossing"], fact, mint_id, burned, where)
        else:
            redemption = request_hash(str(evidence.get("redemption_id", "")))
            burn = burned.get(redemption)
            enough = burn is not None and fact.raw <= burn.raw
            refuse_unless(enough, "evidence.burn", f"{where} gives back more than was burned")

    def _check_crossing(
        self, told: Mapping[str, Any], fact: Fact, mint_id: str, departed: Mapping[str, Fact], where: str
    ) -> None:
        """It left another chain, as much of it, and ended once: there or here."""
        crossing = f"{told.get('source')}:{told.get('key')}"
        left = departed.get(crossing)
        same = left is not None and left.what == "departed" and left.raw == fact.raw
        same = same and mint_id == f"{_KINDS[fact.kind]}:{crossing}"
        refuse_unless(same, "evidence.crossing", f"{where} stands on a departure that there was not")
        ended = self._used.setdefault(f"crossing:{crossing}", fact.tx)
        refuse_unless(ended == fact.tx, "evidence.used", f"{where} ends a crossing that transaction {ended} ended")

    def _take_receipts(self, evidence: Mapping[str, Any], fact: Fact, past: Sequence[InForce], where: str) -> None:
        epoch, total = evidence.get("epoch"), 0
        for row in evidence.get("receipts", ()):
            shares = parse(row.get("shares"), SHARE, where)
            self._taken[str(row.get("receipt"))].append((shares, int(epoch or 0)))
            total += shares
        needed = shares_up(fact.raw, fact.multiplier or in_force(past, fact.at).multiplier)
        text = f"{where} needs {show(needed, SHARE)} shares, its receipts give {show(total, SHARE)}"
        refuse_unless(total >= needed, "evidence.short", text)
