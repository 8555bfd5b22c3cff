"""What an auditor reads before signing a report: that its statements were the newest at the cut, and that each chain
showed the supply, the multiplier and the claims of which it tells.
"""

from collections.abc import Mapping
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import ONE, RAW, SHARE, parse, show
from openscrip_watch.canonical import request_hash
from openscrip_watch.checks import Check, made
from openscrip_watch.config import StockConfig, WatchConfig
from openscrip_watch.proof import in_force
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.report_check import UNDER_WAY, instant_of, statement_of, stocks_of
from openscrip_watch.report_document import Report
from openscrip_watch.verify import Look, looked, verify_look


def audit_report(report: Report, config: WatchConfig) -> list[Check]:
    """Everything that the verifier checks, and then the report against what was read."""
    with looked(config) as look:
        checks = verify_look(look)
        if not all(check.ok for check in checks):
            return checks
        cut = instant_of(report.body, "as_of")
        audits = {"statements read": _statements, "chains read": _chains}
        return checks + [made(name, lambda audit=audit: audit(report, look, cut)) for name, audit in audits.items()]  # type: ignore[misc]  # one for each name


def _configured(look: Look, stock: Mapping[str, Any]) -> StockConfig:
    symbol = fields.text(stock, "symbol")
    if symbol not in look.config.stocks:
        raise Refusal("stock.unknown", f"report: {symbol:.40} is no stock that the watch was told of")
    return look.config.stocks[symbol]


def _statements(report: Report, look: Look, cut: int) -> str:
    """Each statement is the custodian's newest of its line that was made by the cut, and no custodian is left out."""
    count = 0
    for stock in stocks_of(report):
        isin = _configured(look, stock).isin
        named = {}
        for line in fields.rows(stock, "custody", 100):
            stated = statement_of(report, fields.hex32(line, "sha256"))
            named[stated.custodian] = stated.hash
        for name, statements in look.sources.custodians.kept_at(isin, cut).items():
            text = f"{isin}: the newest statement of {name:.80} at the cut was number {statements.sequence}, not the report's"
            refuse_unless(named.pop(name, "") == statements.hash, "audit.statement", text)
            count += 1
        refuse_unless(not named, "audit.custodian", f"{isin}: {', '.join(named):.80} is no custodian that was read")
    return f"{count} statements were the newest at the cut"


def _chains(report: Report, look: Look, cut: int) -> str:
    """Supply, multiplier and claims as they were at the cut."""
    for stock in stocks_of(report):
        configured = _configured(look, stock)
        view = look.view(configured)
        now = in_force(view.past, cut)
        told = (parse(stock.get("multiplier"), ONE, "multiplier"), fields.integer(stock, "chain_epoch"))
        text = f"{configured.symbol}: the multiplier at the cut was {show(now.multiplier, ONE)} in epoch {now.epoch}"
        refuse_unless(told == (now.multiplier, now.epoch), "audit.multiplier", text)
        for line in fields.rows(stock, "supply", 100):
            chain = fields.text(line, "chain")
            if chain == UNDER_WAY:
                continue
            facts = look.facts(configured, chain)
            burned = (*facts.burned.values(), *facts.departed.values(), *facts.surrendered)
            real = sum(fact.raw for fact in facts.minted.values() if fact.at <= cut)
            real -= sum(fact.raw for fact in burned if fact.at <= cut)
            text = f"{configured.symbol} on {chain}: the supply at the cut was {show(real, RAW)}"
            refuse_unless(parse(line.get("raw"), RAW, "raw") == real, "audit.supply", text)
        _refuse_left_out(stock, configured, look, cut)
    return f"{len(stocks_of(report))} stocks as the chains showed them at the cut"


def _refuse_left_out(stock: Mapping[str, Any], configured: StockConfig, look: Look, cut: int) -> None:
    """Every claim that is open now and arose by the cut stands in the report; one that closed since may."""
    view = look.view(configured)
    told = {
        request_hash(fields.text(each, "redemption_id")): each for each in fields.rows(stock, "redemptions_in_flight", 100_000)
    }
    for chain in look.chains(configured):
        for request, fact in look.facts(configured, chain).burned.items():
            left = view.remaining(request) if fact.at <= cut and request not in view.claims.closed else 0
            said = parse(told[request].get("claim"), SHARE, "claim") if request in told else 0
            text = f"{configured.symbol}: a claim of {show(left, SHARE)} shares ({fact.tx}) was not in the report"
            refuse_unless(left <= said, "audit.claim", text)
