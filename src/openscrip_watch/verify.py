"""The verifier: proves from the chains and the custodian alone that every token is and was covered. Needs no key.

Each check is independent and says what it found; one that cannot be made because its sources are broken is broken too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from openscrip_watch.amounts import RAW, SHARE, f64_down, same_f64, show
from openscrip_watch.canonical import request_hash, revisions
from openscrip_watch.chains.evm_wire import (
    ATTESTOR_ROLE,
    ISSUER_DOMAIN,
    ISSUER_ROLE,
    VOUCHER_TYPE,
    Domain,
    KeySet,
    MintCall,
    mint_calls,
)
from openscrip_watch.chains.facts import RESTITUTION, ChainBook, Fact, Standing, TokenFacts, crossing_mint, is_evm
from openscrip_watch.checks import Check, made
from openscrip_watch.config import StockConfig, WatchConfig
from openscrip_watch.evidence import EvidenceCheck, read_evidence
from openscrip_watch.held import stated_sums
from openscrip_watch.multipliers import announced_facts
from openscrip_watch.proof import Claims, in_force
from openscrip_watch.reading import Sources, http_client
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.register import Register
from openscrip_watch.timeline import Past
from openscrip_watch.verify_solana import check_commands, check_signatures
from openscrip_watch.view import StockView

_SIGNER_EPOCH = 9
"""The place of the signer epoch among a voucher's values."""


@dataclass(slots=True)
class Look:
    """Everything outside, read once."""

    config: WatchConfig
    sources: Sources
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    closed_at: dict[str, int] = field(default_factory=dict)
    """When a claim was closed by a payment or a restitution, by request hash."""

    def facts(self, stock: StockConfig, chain: str) -> TokenFacts:
        """What happened to a stock's token on a chain."""
        return self.sources.books[chain].token(stock.address(chain))

    def chains(self, stock: StockConfig) -> list[str]:
        """The chains that a stock is on."""
        return [chain for chain in stock.tokens if (chain, stock.symbol) in self.standings]

    def view(self, stock: StockConfig) -> StockView:
        """A stock now; nothing is signed and in flight as far as a stranger knows. Raises `statement.missing`."""
        custodians = self.sources.custodians
        view = StockView(
            stock=stock,
            statement=custodians.held(stock.isin),
            line=custodians.line(stock.isin),
            standings={chain: self.standings[chain, stock.symbol] for chain in self.chains(stock)},
            facts={chain: self.facts(stock, chain) for chain in self.chains(stock)},
            register=Register(),
            claims=Claims(),
        )
        view.claims.closed |= self.closed_at.keys() & view.claims.burned.keys()
        return view

    def stocks(self) -> list[StockConfig]:
        """All of them."""
        return list(self.config.stocks.values())


def verify(config: WatchConfig) -> list[Check]:
    """All checks, in order."""
    with looked(config) as look:
        return verify_look(look)


@contextmanager
def looked(config: WatchConfig) -> Iterator[Look]:
    """A look at everything outside, nothing read yet."""
    with http_client() as client:
        yield Look(config, Sources(config, client, {chain: ChainBook() for chain in config.chains}, keep=True))


def verify_look(look: Look) -> list[Check]:
    """Read everything, and all checks of it."""
    checks = [_check("statements", _statements, look)]
    checks.append(_check("chains", _chains, look))
    for name, check in _CHECKS.items():
        checks.append(_check(name, check, look) if checks[1].ok else Check(name, False, "the chains were not read"))
    return checks


def _check(name: str, check: Callable[[Look], str], look: Look) -> Check:
    return made(name, lambda: check(look))


def _statements(look: Look) -> str:
    """Signatures, sequence and hash chain of every statement; every movement closed over by one."""
    custodians = look.sources.custodians
    for isin in dict.fromkeys(stock.isin for stock in look.stocks()):
        custodians.read(isin)
    custodians.read_events()
    readers = custodians.readers.values()
    count = sum(len(statements) for reader in readers for statements in reader.kept.values())
    moved = sum(len(reader.log) for reader in readers)
    of = f" of {len(readers)} custodians" if len(readers) > 1 else ""
    return f"{count} statements{of} signed and chained, {moved} movements hashed"


def _chains(look: Look) -> str:
    """Reads both chains; what closes claims is gathered on the way."""
    gather(look)
    count = sum(len(look.facts(stock, chain).minted) for stock in look.stocks() for chain in look.chains(stock))
    return f"{len(look.standings)} tokens, {count} mints"


def gather(look: Look) -> None:
    """Read all chains and the published evidence, and note what closed claims and when."""
    look.standings = look.sources.read_chains(look.stocks())
    look.published = read_evidence(look.config.evidence)
    for payment, at in look.sources.custodians.payments.items():
        for reference in {payment, payment.split(":")[0], payment.rpartition(":")[0], payment.split("/")[0]}:
            look.closed_at.setdefault(request_hash(reference), at)
    for stock in look.stocks():
        for chain in look.chains(stock):
            for fact in look.facts(stock, chain).minted.values():
                if fact.kind == RESTITUTION and fact.evidence in look.published:
                    redemption = str(look.published[fact.evidence].get("redemption_id", ""))
                    look.closed_at.setdefault(request_hash(redemption), fact.at)


def _covered(look: Look) -> str:
    """I1 now, and after every mint on the statement that was in force then."""
    found = []
    for stock in look.stocks():
        view = look.view(stock)
        text = f"{stock.symbol}: token in epoch {view.epoch}, statement in {view.statement.epoch}"
        if view.epoch == view.statement.epoch:
            cover = view.cover(view.raw(), view.multiplier, view.claimed())
            refuse_unless(cover.holds, "covered.shortfall", f"{stock.symbol}: {cover}")
            text = f"{stock.symbol} {cover}"
        uncovered = _past(look, stock, view).uncovered()
        refuse_unless(not uncovered, "covered.shortfall", f"{stock.symbol}: {uncovered}")
        found.append(text)
    return "; ".join(found)


def _past(look: Look, stock: StockConfig, view: StockView) -> Past:
    """What crosses stays owed from its departure to its end, so neither changes the sum."""
    ends = {
        request_hash(crossing_mint(kind, chain, key))
        for chain, each in view.facts.items()
        for key in each.departed
        for kind in ("arrival", "restitution")
    }
    facts = [fact for each in view.facts.values() for table in (each.minted, each.burned) for fact in table.values()]
    facts = [replace(fact, raw=0) if fact.request in ends and fact.what == "minted" else fact for fact in facts]
    facts += [fact for each in view.facts.values() for fact in each.surrendered]
    facts.sort(key=lambda fact: (fact.at, fact.what == "minted"))
    first, *more = look.sources.custodians.kept(stock.isin)
    return Past(first, view.line, view.past, facts, look.closed_at, more)


def _multiplier(look: Look) -> str:
    """I6: one version of one value from one time on every chain, each change as the custodian announced its event."""
    notices = _words_by_action(look.sources.custodians.words())
    announced = {"evm": look.sources.evm.announced() if look.sources.evm else {}, "solana": _announced_on_solana(look)}
    for stock in look.stocks():
        view = look.view(stock)
        try:
            view.refuse_unless_one_multiplier()
            _refuse_another_history(view)
            for chain in announced.keys() & view.facts.keys():
                for fact in view.facts[chain].scheduled:
                    _refuse_another_event(fact, notices.get(fact.action, ()), announced[chain].get(fact.action))
        except Refusal as refusal:
            raise Refusal(refusal.code, f"{stock.symbol}: {refusal.text}") from None
    changes = sum(len(look.facts(stock, chain).scheduled) for stock in look.stocks() for chain in look.chains(stock)[:1])
    return f"{len(look.stocks())} stocks agree on all chains, {changes} changes"


def _announced_on_solana(look: Look) -> Mapping[str, tuple[str | int, ...]]:
    """What was announced of each scheduled action, by its id."""
    stocks = [stock for stock in look.stocks() if "solana" in look.chains(stock)]
    actions = [fact.action for stock in stocks for fact in look.facts(stock, "solana").scheduled]
    found = look.sources.solana.actions(actions) if look.sources.solana and actions else {}
    return {action: each.announced for action, each in found.items()}


def _words_by_action(words: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    """What the custodian said of each action: by its own id, and by those under which its corrections come again."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for event_id, told in words.items():
        last = max(int(notice.get("revision") or 1) for notice in told)
        found |= {request_hash(name): list(told) for name in revisions(event_id, last)}
    return found


def _refuse_another_event(fact: Fact, words: Sequence[Mapping[str, Any]], told: tuple[str | int, ...] | None) -> None:
    """What was announced on chain of an action is what the custodian announced, then or in a correction."""
    where = f"change of {fact.at} for action {fact.action}"
    if not words:
        raise Refusal("event.unknown", f"{where} has no event that the custodian announced")
    given = [announced_facts(notice) for notice in words]
    refuse_unless(told in given, "event.differs", f"{where} was announced as {told}, the custodian says {given[-1]}")


def _refuse_another_history(view: StockView) -> None:
    """What each token shows is what its own history says, both histories agree, and splits are exact."""
    for chain, standing in view.standings.items():
        now = in_force(view.past, standing.at).multiplier
        same = standing.multiplier == now and (is_evm(chain) or same_f64(standing.f64, f64_down(now)))
        text = f"{chain} shows {standing.multiplier} where its history gives {now}"
        refuse_unless(same, "multiplier.differs", text)
        if standing.feed:
            text = f"the reserve on {chain} was in epoch {standing.feed.epoch}, the token in {standing.epoch}"
            refuse_unless(standing.feed.epoch <= max(standing.epoch, standing.pending_epoch), "epoch.differs", text)
    if view.lead and "solana" in view.facts:
        led, followed = view.facts[view.lead].scheduled, view.facts["solana"].scheduled
        told = [(fact.action, fact.effective_at, fact.epoch, fact.multiplier) for fact in led]
        shown = [(fact.action, fact.effective_at, fact.epoch, fact.multiplier) for fact in followed]
        refuse_unless(told == shown, "multiplier.differs", "the two chains were told different changes")
        exact_f64 = all(same_f64(fact.f64, f64_down(fact.multiplier)) for fact in followed)
        refuse_unless(exact_f64, "multiplier.differs", "Solana was told a double that was not the multiplier's")
        versions = (view.standings[view.lead].version, view.standings["solana"].version)
        text = f"{view.lead} counted {versions[0]} changes, Solana {versions[1]}"
        refuse_unless(versions[0] == versions[1], "multiplier.version", text)
    for before, after in zip(view.past, view.past[1:], strict=False):
        if after.epoch > before.epoch and after.epoch in view.line.splits:
            ratio = view.line.splits[after.epoch]
            exact = before.multiplier * ratio.numerator // ratio.denominator
            text = f"a split of {ratio} took {before.multiplier} to {after.multiplier}"
            refuse_unless(after.multiplier == exact, "multiplier.arithmetic", text)


def _evidence(look: Look) -> str:
    """Each mint to its published evidence, each receipt to the custodian's movements."""
    check = EvidenceCheck(look.published)
    for stock in look.stocks():
        view = look.view(stock)
        mints = [fact for facts in view.facts.values() for fact in facts.minted.values() if not facts.succeeds(fact)]
        burned = {request: fact for facts in view.facts.values() for request, fact in facts.burned.items()}
        departed = {f"{chain}:{key}": fact for chain, facts in view.facts.items() for key, fact in facts.departed.items()}
        accounts = {part.keeper: stock.account_at(part.keeper) for part in view.statement.parts}
        check.check_stock(stock.isin, accounts, view.line, mints, burned | departed, view.past)
    return f"{check.count} mints stand on published evidence, used once"


def _signatures(look: Look) -> str:
    """Issuer and attestor signed every mint."""
    counts = [_evm_signatures(look), _solana_signatures(look)]
    return f"{counts[0]} EVM and {counts[1]} Solana mints signed by issuer and attestor"


def _evm_signatures(look: Look) -> int:
    return sum(_signatures_on(look, chain) for chain in look.sources.evms)


def _signatures_on(look: Look, chain: str) -> int:
    evm, config = look.sources.evms[chain], look.config.evm_chains[chain]
    sets, domain = evm.key_sets(), Domain(ISSUER_DOMAIN, config.chain_id, config.issuer_contract)
    found = [look.facts(stock, chain) for stock in look.stocks() if chain in look.chains(stock)]
    mints = [fact for facts in found for fact in facts.minted.values() if not facts.succeeds(fact)]
    inputs = evm.inputs([fact.tx for fact in mints])
    for fact in mints:
        calls = [each for each in mint_calls(inputs.get(fact.tx, b"")) if _is_behind(each, fact)]
        text = f"mint {fact.request} on {chain} ({fact.tx}) was not signed by issuer and attestor"
        refuse_unless(any(_two_signed(domain, each, sets) for each in calls), "signature.mint", text)
    return len(mints)


def _is_behind(call: MintCall, fact: Fact) -> bool:
    """Whether a voucher is the one behind this fact."""
    return (call.values[0], call.values[1], call.values[2], call.values[4]) == (
        fact.token,
        fact.party,
        fact.raw,
        fact.request,
    )


def _two_signed(domain: Domain, call: MintCall, sets: Mapping[int, Mapping[int, KeySet]]) -> bool:
    """Whether the keys of the voucher's own signer epoch signed it."""
    digest, keys = domain.digest(VOUCHER_TYPE, call.values), sets.get(int(call.values[_SIGNER_EPOCH]), {})
    signed = {ISSUER_ROLE: call.issuer_signature, ATTESTOR_ROLE: call.attestor_signature}
    return all(role in keys and keys[role].signed(digest, signatures) for role, signatures in signed.items())


def _solana_signatures(look: Look) -> int:
    solana, listed = look.sources.solana, [stock for stock in look.stocks() if "solana" in look.chains(stock)]
    if solana is None or not listed:
        return 0
    check_commands(solana, listed)
    mints = [fact for stock in listed for fact in look.facts(stock, "solana").minted.values()]
    check_signatures(solana, mints)
    return len(mints)


def _unauthorised_supply(look: Look) -> str:
    """Supply on each chain is its mints less its burns, and each growth of it is a voucher's."""
    total = 0
    for stock in look.stocks():
        for chain in look.chains(stock):
            facts, standing = look.facts(stock, chain), look.standings[chain, stock.symbol]
            where = f"{stock.symbol} on {chain}"
            loose = next((fact for fact in facts.loose if fact.raw > 0), None)
            if loose:
                text = f"{where}: transaction {loose.tx} minted {show(loose.raw, RAW)} without a voucher"
                raise Refusal("supply.unauthorised", text)
            if is_evm(chain):
                _refuse_loose_transfers(look, chain, stock, facts)
            text = f"{where}: supply was {show(standing.supply, RAW)}, mints less burns {show(facts.supply, RAW)}"
            refuse_unless(standing.supply == facts.supply, "supply.unauthorised", text)
            total += standing.supply
    return f"{show(total, RAW)} raw tokens, every one by a voucher"


def _refuse_loose_transfers(look: Look, chain: str, stock: StockConfig, facts: TokenFacts) -> None:
    """Every Transfer from zero belongs to a Minted event of the Issuer contract in the same transaction."""
    told: dict[str, list[int]] = {}
    for fact in (*facts.minted.values(), *facts.burned.values(), *facts.departed.values(), *facts.surrendered):
        told.setdefault(fact.tx, []).append(fact.raw if fact.what == "minted" else -fact.raw)
    for tx, change in look.sources.evms[chain].supply_changes(stock.address(chain)):
        explained = change in told.get(tx, [])
        text = f"{stock.symbol} on {chain}: transaction {tx} changed the supply by {show(change, RAW)} without a voucher"
        refuse_unless(explained, "supply.unauthorised", text)
        told[tx].remove(change)


def _reserve(look: Look) -> str:
    """What the gate of each chain counts with is what the custodian stated once, and nowhere more than that."""
    told = []
    for stock in look.stocks():
        stated = stated_sums(look.sources.custodians.kept(stock.isin))
        for chain in look.chains(stock):
            standing, name = look.standings[chain, stock.symbol], f"{stock.symbol} on {chain}"
            feed = standing.feed
            if feed is None:
                text = f"{name}: tokens stood there without any reserve report"
                refuse_unless(standing.supply == 0, "reserve.missing", text)
                continue
            text = f"{name}: report {feed.sequence} said {show(feed.shares, SHARE)} shares, which no statement did"
            refuse_unless((feed.shares, feed.epoch) in stated, "reserve.unstated", text)
            text = f"{name}: report {feed.sequence} allots {show(feed.allocation, SHARE)} of {show(feed.shares, SHARE)}"
            refuse_unless(feed.allocation <= feed.shares, "reserve.short", text)
            told.append(f"{name} {show(feed.allocation, SHARE)} in epoch {feed.epoch} by report {feed.sequence}")
    return "; ".join(told) or "nothing was reported"


_CHECKS: dict[str, Callable[[Look], str]] = {
    "covered": _covered,
    "reserve": _reserve,
    "multiplier": _multiplier,
    "evidence": _evidence,
    "signatures": _signatures,
    "unauthorised supply": _unauthorised_supply,
}
