"""The security agent's command: the payment list by address, rebuilt from chains, custodians and the published multiplier.

Nothing of the issuer is asked: no process, no database, no file but the watch's own configuration, which names public
addresses and the custodians' keys. Custodians are read before chains, so that a delivery is never seen before its burn.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openscrip_watch.amounts import ONE, RAW, SHARE, shares_down, show
from openscrip_watch.chains.evm import CURSOR
from openscrip_watch.chains.evm_wire import redemption_key
from openscrip_watch.chains.facts import RESTITUTION, Fact, is_evm
from openscrip_watch.chains.solana_wire import address_word
from openscrip_watch.config import StockConfig, WatchConfig
from openscrip_watch.refusal import Refusal
from openscrip_watch.timeline import at_burn
from openscrip_watch.verify import Look, gather, looked
from openscrip_watch.view import StockView
from openscrip_watch.winding.balances import Balances, contracts_among, read_evm, read_solana
from openscrip_watch.winding.entitlement import Claim, Distribution, Owner, Part, Payment, distribute
from openscrip_watch.winding.looking import RESOLVERS, At, Venue

FORMAT = "openscrip wind-down 1"
DEPTH_MAX = 4
"""How many venues may stand behind one another."""
UNKNOWN = "a contract or program: nobody knows who stands behind it"
LEFT_OVER = "what the venue gives to nobody"


@dataclass(frozen=True, slots=True)
class CashClaim:
    """Shares that were delivered to a broker for a burned redemption whose money never left the bank."""

    owner: Owner
    request: str
    shares: int


@dataclass(slots=True)
class Estate:
    """One stock: what is held, what each address gets, and what it was read from."""

    stock: StockConfig
    view: StockView
    distribution: Distribution
    balances: list[Balances]
    cash: list[CashClaim] = field(default_factory=list)


def wind_down(config: WatchConfig, venues: Iterable[Venue]) -> list[Estate]:
    """Every stock's payment list. Raises `Refusal` naming what cannot be read or does not add up."""
    known = {(each.chain, each.address): each for each in venues}
    with looked(config) as look:
        for isin in dict.fromkeys(stock.isin for stock in look.stocks()):
            look.sources.custodians.read(isin)
        look.sources.custodians.read_events()
        gather(look)
        return [_estate(look, stock, known) for stock in look.stocks()]


def write_lists(estates: Iterable[Estate], folder: Path) -> list[Path]:
    """`wind-down.json` with everything, and one `payments-SYMBOL.csv` for each stock."""
    folder.mkdir(parents=True, exist_ok=True)
    found, told = [], []
    for estate in estates:
        told.append(estate_json(estate))
        found.append(folder / f"payments-{estate.stock.symbol}.csv")
        found[-1].write_text(payments_csv(estate.distribution.payments), encoding="utf-8")
    found.insert(0, folder / "wind-down.json")
    document = json.dumps({"format": FORMAT, "stocks": told}, ensure_ascii=False, indent=1)
    found[0].write_text(document + "\n", encoding="utf-8")
    return found


def estate_json(estate: Estate) -> dict[str, Any]:
    """One stock as JSON values; amounts are decimal strings."""
    view, whole = estate.view, estate.distribution
    parts = view.statement.parts
    return {
        "symbol": estate.stock.symbol,
        "isin": estate.stock.isin,
        "held": show(whole.held, SHARE),
        "owed": show(whole.owed, SHARE),
        "paid": show(whole.paid, SHARE),
        "apart": show(whole.apart, SHARE),
        "remainder": show(whole.remainder, SHARE),
        "short": whole.owed > whole.held,
        "encumbered": show(view.statement.encumbered, SHARE),
        "pending_receipt": show(view.statement.pending_receipt, SHARE),
        "multiplier": show(view.multiplier, ONE),
        "epoch": view.epoch,
        "statement_epoch": view.statement.epoch,
        "statements": [
            {
                "custodian": part.custodian,
                "account": part.account,
                "number": part.sequence,
                "as_of": part.as_of,
                "sha256": part.hash,
                "unencumbered": show(part.unencumbered, SHARE),
            }
            for part in parts
        ],
        "cuts": [
            {"chain": each.chain, "token": each.token, "block": each.block, "raw": show(each.total, RAW)}
            for each in estate.balances
        ],
        "payments": [_payment_json(each) for each in whole.payments if not each.apart],
        "held_apart": [_payment_json(each) | {"why": each.apart} for each in whole.payments if each.apart],
        "cash_claims": [
            {"chain": each.owner[0], "address": each.owner[1], "request": each.request, "shares_sold": show(each.shares, SHARE)}
            for each in estate.cash
        ],
    }


def payments_csv(payments: Iterable[Payment]) -> str:
    """The payments of one stock; those held apart carry their reason in the last column."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("chain", "address", "shares", "raw", "claimed", "how", "apart"))
    for each in payments:
        amounts = (show(each.shares, SHARE), show(each.raw, RAW), show(each.claimed, SHARE))
        rows.writerow((*each.owner, *amounts, "; ".join(each.how), each.apart))
    return text.getvalue()


def _payment_json(payment: Payment) -> dict[str, Any]:
    return {
        "chain": payment.owner[0],
        "address": payment.owner[1],
        "raw": show(payment.raw, RAW),
        "claimed": show(payment.claimed, SHARE),
        "owed": show(payment.owed, SHARE),
        "shares": show(payment.shares, SHARE),
        "how": list(payment.how),
    }


def _estate(look: Look, stock: StockConfig, venues: Mapping[Owner, Venue]) -> Estate:
    view = look.view(stock)
    view.statement.refuse_unless_one_epoch()
    balances, parts, apart = [], list[Part](), dict[Owner, str]()
    for chain in look.chains(stock):
        facts = [fact for fact in look.sources.books[chain].unsaved if fact.token == stock.address(chain)]
        held, at = _balances(look, stock, chain, view)
        balances.append(held)
        standing = _Standing(chain, at, venues, _escrow_owner(look, stock, chain), _in_escrow(facts), parts, apart)
        standing.place(held)
        for key, fact in look.facts(stock, chain).afloat.items():
            parts.append(Part((chain, fact.party), fact.raw, f"crossing {key}"))
    claims, cash = _claims(look, stock, view)
    factor = view.line.factor(view.epoch, view.statement.epoch)
    whole = distribute(view.statement.unencumbered, parts, claims, view.multiplier, factor, apart)
    return Estate(stock, view, whole, balances, cash)


def _balances(look: Look, stock: StockConfig, chain: str, view: StockView) -> tuple[Balances, At | None]:
    """Everybody at the block that the token's standing was read at."""
    token, supply = stock.address(chain), view.standings[chain].supply
    if is_evm(chain):
        rpc, block = look.sources.evms[chain].rpc, int(look.sources.books[chain].cursors[CURSOR])
        return read_evm(rpc, chain, token, block, supply), At(rpc, token, block)
    return read_solana(look.sources.need_solana(), token), None


def _escrow_owner(look: Look, stock: StockConfig, chain: str) -> str:
    """Whoever holds what was put into escrow."""
    return (
        look.config.evm_chains[chain].issuer_contract
        if is_evm(chain)
        else look.sources.need_solana().program.stock(stock.address(chain))
    )


def _in_escrow(facts: Iterable[Fact]) -> dict[tuple[str, str], int]:
    """(holder, request) -> raw that waits in escrow."""
    found: dict[tuple[str, str], int] = {}
    for fact in facts:
        if fact.what == "escrowed":
            found[fact.party, fact.request] = fact.raw
        elif fact.what in ("burned", "refunded"):
            found.pop((fact.party, fact.request), None)
    return found


@dataclass(slots=True)
class _Standing:
    """Places one chain's balances with whoever stands behind them."""

    chain: str
    at: At | None
    venues: Mapping[Owner, Venue]
    escrow: str
    escrowed: Mapping[tuple[str, str], int]
    parts: list[Part]
    apart: dict[Owner, str]

    def place(self, balances: Balances) -> None:
        """Everybody of a chain."""
        for address, raw in sorted(balances.held.items()):
            if address == self.escrow:
                self._place_escrow(raw)
            else:
                self._place(address, raw, "wallet", balances.programs, 0)

    def _place_escrow(self, raw: int) -> None:
        for (holder, request), each in self.escrowed.items():
            part = min(each, raw)
            raw -= part
            self.parts.append(Part((self.chain, holder), part, f"escrow {request}"))
        if raw:
            self._hold((self.chain, self.escrow), raw, "wallet", "sent to the escrow without a redemption")

    def _place(self, address: str, raw: int, how: str, programs: Iterable[str], depth: int) -> None:
        owner = (self.chain, address)
        venue = self.venues.get(owner)
        if venue is None or self.at is None or depth > DEPTH_MAX or (depth and venue.kind != "shares"):
            if address in programs:
                self._hold(owner, raw, how, UNKNOWN)
            else:
                self.parts.append(Part(owner, raw, how))
            return
        behind = RESOLVERS[venue.kind](self.at, venue, raw)
        contracts = contracts_among(self.at.rpc, list(behind), self.at.block)
        for each, some in sorted(behind.items()):
            self._place(each, some, f"{venue.kind} {address}", contracts, depth + 1)
        left = raw - sum(behind.values())
        if left:
            self._hold(owner, left, how, LEFT_OVER)

    def _hold(self, owner: Owner, raw: int, how: str, why: str) -> None:
        self.parts.append(Part(owner, raw, how))
        self.apart[owner] = why


def _claims(look: Look, stock: StockConfig, view: StockView) -> tuple[list[Claim], list[CashClaim]]:
    """What was burned for and neither delivered, paid nor given back."""
    claims, cash = [], []
    given_back = _given_back(look, stock)
    first: dict[str, str] = {}
    for chain in look.chains(stock):
        facts = (each for each in look.sources.books[chain].unsaved if each.token == stock.address(chain))
        for fact in facts:
            if fact.what != "burned" or not fact.request or _record(fact) in given_back:
                continue
            owner = (chain, fact.party)
            mine = first.setdefault(fact.request, fact.party) == fact.party
            left = view.remaining(fact.request) if mine else _whole(fact, view)
            if left:
                claims.append(Claim(owner, fact.request, left, view.statement.epoch))
            sold = sum(each.quantity for each in view.line.deliveries.get(fact.request, ()) if each.counterparty == "BROKER")
            if mine and sold and fact.request not in look.closed_at:
                cash.append(CashClaim(owner, fact.request, sold))
    return claims, cash


def _whole(fact: Fact, view: StockView) -> int:
    """The claim of a burn whose request id another holder had used before: nothing was delivered under it."""
    burn = at_burn(fact, view.past)
    shares = shares_down(fact.raw, burn.multiplier) * view.line.factor(burn.epoch, view.statement.epoch)
    return shares.numerator // shares.denominator


def _given_back(look: Look, stock: StockConfig) -> set[str]:
    """The records of redemptions that were minted back: the chain itself names them."""
    minted = (fact for chain in look.chains(stock) for fact in look.facts(stock, chain).minted.values())
    return {fact.origin for fact in minted if fact.kind == RESTITUTION}


def _record(burn: Fact) -> str:
    """What a restitution names as its origin."""
    try:
        return redemption_key(burn.party, burn.request) if is_evm(burn.chain) else address_word(burn.key)
    except (ValueError, Refusal):
        return ""
