"""The invariants as an observer checks them: from the custodian's movements and the chains' events alone, never from the books.

Incremental: each movement and each event is looked at once. `recount` compares with the books when nothing is in flight.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from openscrip.assets import accounts
from openscrip.assets.custody import Movement, MovementType
from openscrip.issuance.chain import AnyChainEvent, Burned, ChainMultiplier, Minted
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import ATOMS_PER_SHARE, RawAmount, Shares
from openscrip.runtime.ledger import Balance, unbalanced


class InvariantBroken(BaseException):
    """An invariant does not hold; the text names it. Not an `Exception`: no worker may catch it and carry on."""


@dataclass(slots=True)
class Claim:
    """Shares owed for burned tokens, counted at `epoch` of custody."""

    stock: str
    shares: int
    delivered: int = 0
    share: int = ATOMS_PER_SHARE
    """One share of the day of the burn, in today's atoms: less than that may stay undelivered."""


@dataclass(slots=True)
class Line:
    """What an observer knows of one stock."""

    stock: str
    held: int = 0
    epoch: int = 0
    splits: list[tuple[int, int]] = field(default_factory=list)
    raw_grains: dict[str, int] = field(default_factory=dict)
    shown: dict[str, ChainMultiplier] = field(default_factory=dict)
    receipts: dict[str, int] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    claimed: int = 0
    paid_out: bool = False


class Observer:
    """Holds I1, I2, I3, I4 and I6 against every movement and event that it is shown."""

    def __init__(self, isins: Mapping[str, str]) -> None:
        self._stock_of = dict(isins)
        self.lines = {stock: Line(stock) for stock in isins.values()}
        self._evidence: dict[str, dict[str, object]] = {}
        self._redemptions: dict[str, str] = {}
        self._minted: set[str] = set()
        self._failed: set[str] = set()
        self.checks = 0

    def published(self, evidence: str) -> None:
        """Evidence that the issuer published before it minted."""
        document = json.loads(evidence)
        self._evidence[chain_hash(document["mint_id"]).hex()] = document

    def announced(self, request_id: str) -> None:
        """A redemption's id, so that deliveries can be told apart."""
        self._redemptions[chain_hash(request_id).hex()] = request_id

    def saw_movement(self, movement: Movement) -> None:
        """One line of the custodian's history."""
        stock = self._stock_of.get(movement.isin)
        if stock is None:
            return
        line = self.lines[stock]
        match movement.type:
            case MovementType.RECEIPT:
                line.held += movement.quantity.atoms
                line.receipts[movement.instruction] = movement.quantity.atoms
            case MovementType.DELIVERY:
                line.held -= movement.quantity.atoms
                self._saw_delivery(line, movement)
            case MovementType.SPLIT:
                self._saw_split(line, movement)
            case MovementType.CANCELLED | MovementType.FAILED | MovementType.REJECTED:
                self._failed.add(movement.instruction)
            case MovementType.INTRA_POSITION:
                return
            case MovementType.MATURITY:
                line.held, line.paid_out = 0, True  # the bond ended: what stands behind its tokens is cash
                return
        self.check_covered(line)

    def _saw_delivery(self, line: Line, movement: Movement) -> None:
        """I3: shares leave only for burned tokens, and no more than they claim."""
        claim = line.claims.get(movement.reference)
        if claim is None:
            raise InvariantBroken(f"I3 burn, then release: {movement.instruction} left before {movement.reference} was burned")
        claim.delivered += movement.quantity.atoms
        claim.shares -= movement.quantity.atoms
        line.claimed -= movement.quantity.atoms
        if claim.shares < 0:
            raise InvariantBroken(f"I3 burn, then release: {movement.instruction} delivered more than was claimed")

    def _saw_split(self, line: Line, movement: Movement) -> None:
        new, old = (int(part) for part in movement.reference.split("/"))
        line.held, line.epoch = movement.quantity.atoms, line.epoch + 1
        line.splits.append((new, old))
        line.receipts = {receipt: left * new // old for receipt, left in line.receipts.items()}
        for claim in line.claims.values():
            claim.shares = claim.shares * new // old
            claim.share = claim.share * new // old
        line.claimed = sum(claim.shares for claim in line.claims.values())

    def saw_chain(self, event: AnyChainEvent, stock: str) -> None:
        """One final chain event."""
        line = self.lines[stock]
        if isinstance(event, Minted):
            self._saw_mint(line, event)
        elif isinstance(event, Burned):
            line.raw_grains[event.chain] -= event.raw.grains
            self._saw_burn(line, event)
        self.check_covered(line)

    def _saw_mint(self, line: Line, event: Minted) -> None:
        """I2: each mint has evidence of its own that holds, and serves once."""
        if event.hash in self._minted:
            raise InvariantBroken(f"I4 once: mint {event.hash} happened twice")
        self._minted.add(event.hash)
        line.raw_grains[event.chain] = line.raw_grains.get(event.chain, 0) + event.raw.grains
        evidence = self._evidence.get(event.hash)
        if evidence is None:
            raise InvariantBroken(f"I2 buy first: mint {event.hash} had no evidence")
        shown = line.shown[event.chain]
        if evidence["epoch"] != line.epoch or shown.epoch != line.epoch:
            text = f"{line.stock} was minted at epoch {shown.epoch}, custody counted at {line.epoch}"
            raise InvariantBroken(f"I1 covered: {text}")
        needed = Multiplier(shown.current).to_shares_up(event.raw).atoms
        if evidence["kind"] == "issuance":
            proven = self._use_receipts(line, evidence["receipts"])
        else:
            proven = self._use_claim(line, str(evidence["redemption_id"]), str(evidence["cancelled"]))
        if proven < needed:
            raise InvariantBroken(f"I2 buy first: evidence of {event.hash} proved {proven} atoms, {needed} were minted")

    def _use_receipts(self, line: Line, receipts: object) -> int:
        proven = 0
        for each in receipts if isinstance(receipts, list) else []:
            atoms = Shares.parse(each["shares"]).atoms
            left = line.receipts.get(each["receipt"])
            if left is None:
                raise InvariantBroken(f"I2 buy first: receipt {each['receipt']} was not settled in custody")
            if left < atoms:
                raise InvariantBroken(f"I2 buy first: receipt {each['receipt']} was used beyond its quantity")
            line.receipts[each["receipt"]] = left - atoms
            proven += atoms
        return proven

    def _use_claim(self, line: Line, redemption_id: str, cancelled: str) -> int:
        """Restitution: the burn was seen and its delivery failed for good; the claim is gone with it."""
        claim = line.claims.get(redemption_id)
        if claim is None or cancelled not in self._failed:
            raise InvariantBroken(f"I2 buy first: restitution of {redemption_id} had no burn or no failed delivery")
        proven = claim.shares
        line.claimed -= claim.shares
        claim.shares = 0
        return proven

    def _saw_burn(self, line: Line, event: Burned) -> None:
        request_id = self._redemptions[event.hash]
        if request_id in line.claims:
            raise InvariantBroken(f"I4 once: {request_id} was burned twice")
        shown = line.shown[event.chain]
        claim = Claim(line.stock, Multiplier(shown.current).to_shares_down(event.raw).atoms)
        for new, old in line.splits[shown.epoch :]:  # custody may have booked a split that the chains do not show yet
            claim.shares, claim.share = claim.shares * new // old, claim.share * new // old
        line.claims[request_id] = claim
        line.claimed += claim.shares

    def served_fraction(self, stock: str, request_id: str) -> None:
        """The issuer's inventory bought the rest of a claim: it is owed no more."""
        line = self.lines[stock]
        if request_id not in line.claims:
            raise InvariantBroken(f"I3 burn, then release: {request_id} was paid before it was burned")
        claim = line.claims[request_id]
        if claim.shares >= max(claim.share, ATOMS_PER_SHARE):
            raise InvariantBroken(f"I3 burn, then release: {request_id} ended with {Shares(claim.shares)} shares undelivered")
        line.claimed -= claim.shares
        claim.shares = 0

    def shows(self, stock: str, chain: str, shown: ChainMultiplier) -> None:
        """What a chain shows now."""
        self.lines[stock].shown[chain] = shown

    def check_one_multiplier(self, stock: str) -> None:
        """I6: all chains show the same version of one multiplier, from the same instant."""
        views = {(s.current, s.epoch, s.version) for s in self.lines[stock].shown.values()}
        staged = {(s.pending, s.effective_at) for s in self.lines[stock].shown.values() if s.pending}
        if len(views) > 1 or len(staged) > 1:
            raise InvariantBroken(f"I6 one multiplier: the chains of {stock} showed {sorted(views)}")

    def check_covered(self, line: Line) -> None:
        """I1: shares owed are held, like with like."""
        self.checks += 1
        shown = next(iter(line.shown.values()), None)
        if shown is None or shown.epoch != line.epoch or line.paid_out:
            return
        raw = RawAmount.from_grains(sum(line.raw_grains.values()))
        owed = Multiplier(shown.current).to_shares_up(raw).atoms + line.claimed
        if owed > line.held:
            raise InvariantBroken(f"I1 covered: {line.stock} owed {Shares(owed)}, custody held {Shares(line.held)}")

    def has_minted(self, mint_id: str) -> bool:
        """Whether the mint was seen on a chain."""
        return chain_hash(mint_id).hex() in self._minted

    def recount(self, balances: Mapping[str, Balance], restored: Mapping[str, int]) -> None:
        """I5, and the books against the world, from scratch.

        Mints that landed without our hearing of it yet are pending in the ledger; `restored` are claims by stock, in
        atoms, whose restitution is such a mint.
        """
        wrong = unbalanced(balances)
        if wrong:
            raise InvariantBroken(f"I5 balanced: {wrong} were out of balance")
        for stock, line in self.lines.items():
            self._recount_shares(stock, line, balances)
            self._recount_tokens(stock, line, balances, restored.get(stock, 0))
            if line.paid_out:
                continue
            claims = balances.get(f"{stock}/redemption_claim", Balance()).credit
            claimed = sum(claim.shares for claim in line.claims.values())
            if claims != claimed + restored.get(stock, 0) or claimed != line.claimed:
                raise InvariantBroken(f"books: claims on {stock} were {Shares(claimed)}, the ledger said {Shares(claims)}")

    def _recount_shares(self, stock: str, line: Line, balances: Mapping[str, Balance]) -> None:
        def balance(name: str) -> Balance:
            return balances.get(f"{stock}/{name}", Balance())

        held = sum(balance(name).debit for name in accounts.SHARES_IN_CUSTODY)
        if held != line.held:
            raise InvariantBroken(f"books: {stock} in custody was {Shares(line.held)}, the ledger said {Shares(held)}")
        assets = sum(balance(name).debit for name in accounts.SHARE_ASSETS)
        claims = sum(balance(name).credit for name in accounts.SHARE_CLAIMS)
        if assets != claims:
            raise InvariantBroken(f"I5 balanced: {stock} held {Shares(assets)} and owed or owned {Shares(claims)}")

    def _recount_tokens(self, stock: str, line: Line, balances: Mapping[str, Balance], restored: int) -> None:
        for chain, grains in line.raw_grains.items():
            booked = balances.get(accounts.raw_supply(stock, chain), Balance())
            if not booked.credit - booked.debits_pending <= grains <= booked.credit + booked.credits_pending:
                raise InvariantBroken(f"books: supply of {stock} on {chain} was {grains} grains, the ledger said {booked}")
        shown = next(iter(line.shown.values()), None)
        if shown is None or shown.epoch != line.epoch:
            return
        outstanding = balances.get(f"{stock}/outstanding", Balance())
        needed = Multiplier(shown.current).to_shares_up(RawAmount.from_grains(sum(line.raw_grains.values()))).atoms
        if outstanding.credit + outstanding.credits_pending + restored < needed:
            raise InvariantBroken(f"I1 covered: the ledger's outstanding {stock} was below supply x multiplier")
