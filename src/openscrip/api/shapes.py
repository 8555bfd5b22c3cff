"""What is answered: rows, facts and balances as plain JSON, every amount a decimal string, every instant in ISO 8601."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import IntEnum
from typing import Any

from openscrip.api.office import Standing
from openscrip.assets.financing import Loan
from openscrip.assets.notice import Notice
from openscrip.assets.reserve import reserve_covers
from openscrip.assets.stock import Stock
from openscrip.issuance.action_questions import phase_of
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.money import Bps, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Quantity
from openscrip.runtime.ledger import Balance, unit_of
from openscrip.runtime.store import Command

_SPOKEN = (Quantity, Multiplier, PricePerShare, Bps)
_LEDGER_TOTALS = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")

Json = dict[str, Any]


def plain(value: object) -> Any:
    """Any record of the platform as JSON values; enums of numbers by their name in lower case."""
    if isinstance(value, _SPOKEN):
        return str(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int) else str(value)


def stock_json(stock: Stock) -> Json:
    """A listed stock as the books know it."""
    return {
        "symbol": stock.id,
        "isin": stock.isin,
        "token": stock.token_symbol,
        "tokens": dict(stock.tokens),
        "multiplier": str(stock.multiplier),
        "multiplier_version": stock.multiplier.version,
        "epoch": stock.epoch,
        "state": stock.state,
        "waits_for": list(stock.frozen_by),
        "price_usd": str(stock.price),
        "inventory": str(stock.free),
    }


def standing_json(standing: Standing) -> Json:
    """A stock's two sides. `covered` is unknown (null) while custody and chains count at different epochs."""
    reserve = standing.reserve
    alike = reserve.held_epoch == reserve.chain_epoch
    return {
        "raw_supply": {chain: str(raw) for chain, raw in standing.supply.items()},
        "chain_multiplier": str(reserve.multiplier),
        "chain_epoch": reserve.chain_epoch,
        "custody_epoch": reserve.held_epoch,
        "shares_settled": str(reserve.held),
        "shares_owed": str(reserve.owed),
        "surplus": str(reserve.surplus),
        "covered": reserve_covers(reserve) if alike else None,
    }


def loan_json(row: Loan) -> Json:
    """A loan whose shares are pledged."""
    return {
        "id": row.id,
        "stock": row.stock,
        "state": row.state,
        "shares_pledged": str(row.shares),
        "lent_usd": str(row.lent),
        "charged_usd": str(row.charged),
        "owed_usd": str(row.owed),
        "reason": row.reason,
    }


def subscription_json(row: Subscription) -> Json:
    """A subscription and its parcels."""
    return {
        "id": row.id,
        "client": row.person,
        "stock": row.stock,
        "chain": row.chain,
        "wallet": row.wallet,
        "shares": str(row.shares),
        "at_once": row.at_once,
        "quote": row.quote,
        "funding": row.funding,
        "pay_chain": row.pay_chain,
        "pay_wallet": row.pay_wallet,
        "pay_by": iso(row.expires_at) if row.expires_at else None,
        "rates": plain(row.rates),
        "price_usd": str(row.price),
        "deposit_usd": str(row.deposit),
        "paid_usd": str(row.paid),
        "charged_usd": str(row.charged),
        "state": row.state,
        "rule": row.rule,
        "reason": row.reason,
        "asked_at": iso(row.asked_at),
        "parcels": [
            {
                "mint_id": row.mint_id(parcel),
                "shares": str(parcel.shares),
                "raw": str(parcel.raw),
                "receipts": [{"receipt": lot.receipt, "shares": str(lot.shares)} for lot in parcel.receipts],
                "state": parcel.state,
            }
            for parcel in row.parcels
        ],
    }


def redemption_json(row: Redemption) -> Json:
    """A redemption with its place in line."""
    return {
        "id": row.id,
        "client": row.person,
        "stock": row.stock,
        "chain": row.chain,
        "wallet": row.wallet,
        "raw": str(row.raw),
        "kind": row.kind.name.lower(),
        "deliver_to": row.deliver_to,
        "place": row.place,
        "escrowed": str(row.escrowed),
        "claim": str(row.claim),
        "delivered": str(row.delivered),
        "owed_usd": str(row.owed),
        "burn_tx": row.burn_tx,
        "quote": row.quote,
        "paid_in": row.paid_in,
        "rates": plain(row.rates),
        "state": row.state,
        "rule": row.rule,
        "reason": row.reason,
        "asked_at": iso(row.asked_at),
    }


def action_json(row: Distribution) -> Json:
    """A corporate action: what each source said, and what became of it."""
    return {
        "id": row.id,
        "stock": row.stock,
        "state": row.state,
        "phase": phase_of(row),
        "terms": terms_of(row.standing),
        "reason": row.reason,
        "corroborated": row.corroborated,
        "resolved_by": row.resolved_by,
        "notices": [plain(notice) for notice in row.notices],
        "freeze_at": iso(row.freeze_at),
        "effective_at": iso(row.effective_at),
        "multiplier_before": str(row.before),
        "multiplier_after": str(row.after),
        "shares_bought": str(row.bought),
        "net_usd": str(row.net),
        "received_usd": str(row.cash),
        "corrects": row.corrects,
        "approved_by": list(row.approved),
        "questions": [f"{row.id}:{name}" for name in row.questions],
        "trail": [{"phase": step.phase, "at": iso(step.at)} for step in row.trail],
    }


def terms_of(notice: Notice) -> str:
    """The terms of a notice in a few words: `SPLF 10/1`, `DVCA 0.26 USD`; a withdrawal says so."""
    what = f"{notice.ratio_new}/{notice.ratio_old}" if notice.ratio else f"{notice.cash_usd} {notice.currency}"
    said = f"{notice.event} {what}" if notice.ratio or notice.cash_usd else str(notice.event)
    return f"{said}, withdrawn" if notice.is_withdrawn else said


def refusal_json(row: Subscription | Redemption) -> Json:
    """Who was refused what, and by which rule."""
    side = "subscribe" if isinstance(row, Subscription) else "redeem"
    return {
        "id": row.id,
        "side": side,
        "client": row.person,
        "stock": row.stock,
        "rule": row.rule,
        "text": row.reason,
        "asked_at": iso(row.asked_at),
    }


def command_json(waiting: tuple[Command, str, int, str]) -> Json:
    """A command that is not done. The error's last line says what; the log has the rest."""
    command, status, attempts, error = waiting
    return {
        "key": command.key,
        "action": type(command.action).__name__,
        "row": f"{command.row_kind} {command.row_id}",
        "due_at": iso(command.due_at) if command.due_at else None,
        "status": status,
        "attempts": attempts,
        "error": error.strip().splitlines()[-1] if error.strip() else "",
    }


def fact_json(numbered: tuple[int, int, object]) -> Json:
    """A fact with its number and its instant."""
    number, at, fact = numbered
    return {"number": number, "at": iso(at), "kind": type(fact).__name__, "fact": plain(fact)}


def trial_balance_json(balances: Mapping[str, Balance]) -> list[Json]:
    """Every account by unit, and whether debits equal credits in each (I5)."""
    units: dict[str, list[tuple[str, Balance]]] = {}
    for account, balance in sorted(balances.items()):
        units.setdefault(unit_of(account), []).append((account, balance))
    return [_unit_json(unit, accounts) for unit, accounts in units.items()]


def _unit_json(unit: str, accounts: Iterable[tuple[str, Balance]]) -> Json:
    # Money in 1e-6, shares in 1e-9, raw tokens (`TSLA.evm`) in 1e-8.
    places = 6 if unit == "USD" else 8 if "." in unit else 9
    found = list(accounts)
    sums = {name: sum(getattr(balance, name) for _, balance in found) for name in _LEDGER_TOTALS}
    return {
        "unit": unit,
        "balanced": sums["debits_posted"] == sums["credits_posted"] and sums["debits_pending"] == sums["credits_pending"],
        **{name: format_decimal(total, places) for name, total in sums.items()},
        "accounts": [
            {"account": account} | {name: format_decimal(getattr(balance, name), places) for name in _LEDGER_TOTALS}
            for account, balance in found
        ],
    }
