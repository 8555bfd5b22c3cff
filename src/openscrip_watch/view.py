"""One stock at one cut: statement, tokens on each chain, claims. What every judgement is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from openscrip_watch.amounts import SHARE, f64_down, same_f64, shares_up, show
from openscrip_watch.chains.facts import Standing, TokenFacts, is_evm
from openscrip_watch.config import StockConfig
from openscrip_watch.custody import Line
from openscrip_watch.held import Held
from openscrip_watch.proof import Claims, Cover, InForce, Restituted, cover, first_epoch, history, in_force
from openscrip_watch.refusal import refuse_unless
from openscrip_watch.register import Register, SignedMint, SignedReport, report_key
from openscrip_watch.timeline import at_burn


@dataclass(slots=True)
class StockView:
    """A stock as the watch sees it now."""

    stock: StockConfig
    statement: Held
    line: Line
    standings: Mapping[str, Standing]
    facts: Mapping[str, TokenFacts]
    register: Register
    claims: Claims
    offence: str = ""
    """A mint on chain that nobody here signed for."""
    past: list[InForce] = field(init=False)

    def __post_init__(self) -> None:
        if self.lead:
            scheduled = self.facts[self.lead].scheduled
            self.past = history(scheduled, first_epoch(scheduled, self.standings[self.lead], self.line))
        elif "solana" in self.standings:
            self.past = history(self.facts["solana"].scheduled, self.stock.epoch)
        else:
            self.past = history((), self.stock.epoch)
        self._take_burns()
        self._take_ends()

    @property
    def lead(self) -> str:
        """The EVM chain that all others follow; empty where there is none."""
        return next((chain for chain in self.standings if is_evm(chain)), "")

    @property
    def epoch(self) -> int:
        """The epoch that the tokens are in; all chains follow the first EVM token where there is one."""
        evm = self.standings.get(self.lead)
        return evm.epoch if evm else in_force(self.past, self._at).epoch

    @property
    def multiplier(self) -> int:
        """The book's multiplier in force, 1e-18."""
        evm = self.standings.get(self.lead)
        return evm.multiplier if evm else in_force(self.past, self._at).multiplier

    @property
    def highest(self) -> int:
        """The highest multiplier in force or scheduled on any chain."""
        scheduled = max((each.pending for each in self.standings.values()), default=0)
        last = self.past[-1].multiplier if self.past[-1].since > self._at else 0
        return max(self.multiplier, scheduled, last, *(each.multiplier for each in self.standings.values()))

    def supply(self, chain: str) -> int:
        """Raw supply of a chain: the higher of what the token says and what its history adds up to."""
        return max(self.standings[chain].supply, self.facts[chain].supply)

    def raw(self, apart_from: str = "") -> int:
        """Raw supply of all chains, what was signed and may still land, and what is under way; one mint left out."""
        return sum(
            self.supply(chain)
            + self.register.live_raw(chain, self.stock.address(chain), apart_from)
            + self.afloat(chain, apart_from)
            for chain in self.standings
        )

    def afloat(self, chain: str, apart_from: str = "") -> int:
        """Raw that left a chain and is neither back nor minted or signed for elsewhere: it counts where it left."""
        facts, signed = self.facts[chain], 0
        for other in self.standings:
            for mint in self.register.live(other, self.stock.address(other)):
                if mint.source == chain and mint.mint_id != apart_from:
                    left = facts.afloat.get(mint.mint_id.split(":", 2)[2])
                    signed += left.raw if left else 0
        return facts.afloat_raw - signed

    def claimed(self, extra: Mapping[str, list[Restituted]] | None = None, apart_from: str = "") -> int:
        """Undelivered redemption claims in 1e-9 share of the statement's epoch; `extra` restitutions count already."""
        restituted = self.register.restituted(apart_from)
        for redemption, more in (extra or {}).items():
            restituted[redemption] = [*restituted.get(redemption, []), *more]
        total = 0
        for request in self.claims.open():
            left = self.remaining(request, restituted)
            total += left
            if left == 0 and self.remaining(request, {}) == 0:
                self.claims.closed.add(request)
        return total

    def remaining(self, request: str, restituted: Mapping[str, list[Restituted]] | None = None) -> int:
        """What one redemption is still owed, in 1e-9 share of the statement's epoch."""
        given = self.register.restituted() if restituted is None else restituted
        statement = self.statement
        return self.claims.remaining(request, self.line, statement.epoch, statement.reach, given)

    def cover(self, raw: int, multiplier: int, claims: int) -> Cover:
        """I1 with these figures."""
        return cover(raw, multiplier, claims, self.statement.unencumbered)

    def chain_owed(self, chain: str, extra_raw: int, apart_from: str = "") -> int:
        """Shares that one chain's tokens stand for, signed mints included, rounded up: its allocation."""
        raw = self.supply(chain) + self.register.live_raw(chain, self.stock.address(chain), apart_from) + extra_raw
        return shares_up(raw, self.highest)

    def refuse_unless_room(self, mint: SignedMint, source: str, claims: int) -> None:
        """The allocations of all chains stay within the shares when what left `source` is minted. Raises `allocation.short`.

        A chain counts with what it was allotted, or with what its tokens and what left it stand for, if that is more.
        """
        total = 0
        for name, standing in self.standings.items():
            key = report_key(name, self.stock.address(name))
            raw = self.supply(name) + self.register.live_raw(name, self.stock.address(name), mint.mint_id)
            raw += self.afloat(name, mint.mint_id) + mint.raw * ((name == mint.chain) - (name == source))
            total += max(allotted(standing, self.register.reports.get(key)), shares_up(raw, self.highest))
        room = self.statement.unencumbered - claims
        text = f"allocation: {show(total, SHARE)} shares on all chains, {show(room, SHARE)} held; report to the others first"
        refuse_unless(total <= room, "allocation.short", text)

    def refuse_unless_explained(self) -> None:
        """Every token on chain was signed for. Raises `supply.unexplained`, naming what was not."""
        refuse_unless(not self.offence, "supply.unexplained", f"supply: {self.offence} without a voucher of ours")
        for chain, standing in self.standings.items():
            facts, name = self.facts[chain], f"{self.stock.symbol} on {chain}"
            loose = next((each for each in facts.loose if each.raw > 0), None)
            text = f"supply: {name} grew by transaction {loose.tx if loose else ''} without a voucher"
            refuse_unless(loose is None, "supply.unexplained", text)
            above = standing.supply - facts.supply
            text = f"supply: {name} was {show(above, 10**18)} above its mints less its burns"
            refuse_unless(above <= 0, "supply.unexplained", text)

    def refuse_unless_fresh(self, now: int, age_s_max: int) -> None:
        """Every custodian's statement is young enough and about the segregated account, and all count one epoch.

        Raises `statement.stale`, `statement.account` or `epoch.custodians`.
        """
        for statement in self.statement.parts:
            where = f"statement: {statement.isin} number {statement.number}"
            fresh = now - statement.as_of <= age_s_max
            refuse_unless(fresh, "statement.stale", f"{where} was of {statement.as_of}, the clock was {now}")
            own = statement.account == self.stock.account_at(statement.keeper)
            refuse_unless(own, "statement.account", f"{where} was about account {statement.account:.40}")
        self.statement.refuse_unless_one_epoch()

    def refuse_unless_one_multiplier(self) -> None:
        """I6: every chain shows the first EVM chain's multiplier, Solana its floor, now and from the same time on.

        Raises `multiplier.differs`.
        """
        evm, solana = self.standings.get(self.lead), self.standings.get("solana")
        if evm is None:
            return
        shown = (evm.multiplier, evm.pending, evm.effective_at, evm.epoch)
        for name, other in self.standings.items():
            told = (other.multiplier, other.pending, other.effective_at, other.epoch)
            text = f"multiplier: {self.lead} shows {shown}, {name} shows {told}"
            refuse_unless(not is_evm(name) or told == shown, "multiplier.differs", text)
        if solana is None:
            return
        same_now = same_f64(solana.f64, f64_down(evm.multiplier))
        same_next = same_f64(solana.pending_f64, f64_down(evm.pending)) and solana.effective_at == evm.effective_at
        text = f"multiplier: EVM shows {evm.multiplier} then {evm.pending} from {evm.effective_at}, "
        text += f"Solana {solana.f64!r} then {solana.pending_f64!r} from {solana.effective_at}"
        refuse_unless(same_now and same_next, "multiplier.differs", text)

    @property
    def _at(self) -> int:
        return max((each.at for each in self.standings.values()), default=0)

    def _take_ends(self) -> None:
        """Departures whose end was minted are afloat no more."""
        for facts in self.facts.values():
            if facts.ended:
                facts.ended = [
                    request for request in facts.ended if not any(other.end(request) for other in self.facts.values())
                ]

    def _take_burns(self) -> None:
        if sum(len(facts.burned) for facts in self.facts.values()) == len(self.claims.burned):
            return
        for facts in self.facts.values():
            for request, fact in facts.burned.items():
                if request in self.claims.burned:
                    continue
                self.claims.burn(request, fact.raw, at_burn(fact, self.past))


def allotted(standing: Standing, last: SignedReport | None) -> int:
    """The most shares that a chain's feed allots to its tokens, or will when what was signed for it lands."""
    feed = standing.feed
    landed = feed.sequence if feed else 0
    coming = last.peak if last and last.sequence > landed else 0
    return max(feed.allocation if feed and feed.epoch == standing.epoch else 0, coming)


def unsigned_mint(facts: TokenFacts, register: Register, requests: list[str]) -> str:
    """The first of `requests` that was minted without or against our signature, as a sentence; empty if none.

    A succession has no voucher: the corporate action that was registered on chain stands for it.
    """
    for request in requests:
        fact = facts.minted[request]
        if facts.succeeds(fact):
            continue
        signed = register.of_hash(request)
        if signed is None or (signed.raw, signed.token) != (fact.raw, fact.token) or signed.state == "dead":
            return f"transaction {fact.tx} minted {show(fact.raw, 10**18)} for request {request}"
    return ""
