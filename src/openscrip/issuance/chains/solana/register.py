"""What the history of one token says, read from the chain as it grows: which ids were used, what is in escrow, and
which multiplier was set when.

A multisig keeps no such record on chain, so before anything is signed the rules that EVM contracts enforce (each id,
each evidence and each action once; only what is in escrow is burned) are checked against this.
"""

import threading
from dataclasses import dataclass, field

from openscrip.issuance.chain import Burned, Minted, RedemptionEscrowed, Refunded
from openscrip.issuance.chains.solana.cluster import Cluster, Mention
from openscrip.issuance.chains.solana.events import MultiplierSet, TokenAddresses, memo_of, read_event, read_multiplier
from openscrip.issuance.chains.solana.memo import MintMemo
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.quantities import RawAmount


@dataclass(slots=True)
class TokenRegister:
    """One token's record. Hashes are 64 hex digits. Safe to share between threads."""

    chain: str
    token: TokenAddresses
    minted: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    in_escrow: dict[str, RedemptionEscrowed] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    multipliers: list[MultiplierSet] = field(default_factory=list)
    _read_upto: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, cluster: Cluster) -> None:
        """Read what landed since the last time."""
        with self._lock:
            (page,) = cluster.mentions([(self.token.mint, self._read_upto)])
            ours = [mention for mention in page if speaks(mention)]
            transactions = cluster.transactions([mention.signature for mention in ours])
            for mention, transaction in zip(ours, transactions, strict=True):
                memo = memo_of(transaction)
                event = read_event(self.chain, self.token, mention, transaction)
                if isinstance(event, Minted) and isinstance(memo, MintMemo):
                    self.evidence.add(memo.evidence.hex())
                if event is not None:
                    self._record(event)
                elif (multiplier := read_multiplier(self.token, transaction)) is not None:
                    self.multipliers.append(multiplier)
            if page:
                self._read_upto = page[-1].signature

    def refuse_used_mint(self, request: str, evidence: str) -> None:
        """Raises `Refused("voucher.used")` and `Refused("evidence.used")`."""
        refuse_unless(request not in self.minted, "voucher.used", "issuer: voucher was used")
        refuse_unless(evidence not in self.evidence, "evidence.used", "issuer: evidence was used")

    def refuse_used_action(self, action: bytes) -> None:
        """Raises `Refused("action.used")`."""
        used = any(one.action == action for one in self.multipliers)
        refuse_unless(not used, "action.used", "token: action was used")

    def refuse_unless_in_escrow(self, request: str, raw: RawAmount, holder: str) -> None:
        """Raises `Refused("escrow.unknown")` unless the request holds exactly `raw` of `holder` in escrow."""
        held = self.in_escrow.get(request)
        refuse_unless(
            held is not None and held.raw == raw and held.holder == holder,
            "escrow.unknown",
            "issuer: redemption was not in escrow with this amount and holder",
        )

    def at(self, now: int) -> tuple[int, int]:
        """Version and corporate-action epoch of the multiplier in force at `now`; a new token has 0 and 0."""
        in_force = [one for one in self.multipliers if one.effective_at <= now]
        return (in_force[-1].version, in_force[-1].epoch_after) if in_force else (0, 0)

    def _record(self, event: Minted | RedemptionEscrowed | Burned | Refunded) -> None:
        match event:
            case Minted():
                self.minted.add(event.hash)
            case RedemptionEscrowed():
                if event.hash not in self.closed:
                    self.in_escrow.setdefault(event.hash, event)
            case Burned() | Refunded():
                self.in_escrow.pop(event.hash, None)
                self.closed.add(event.hash)


def speaks(mention: Mention) -> bool:
    """Whether a transaction succeeded and carries a memo that may be ours."""
    return not mention.failed and "openscrip:" in mention.memo
