"""Everything that the watch has signed: what may still land counts as landed (I1), and nothing is signed twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import ChainBook
from openscrip_watch.proof import Restituted
from openscrip_watch.store import Store

State = Literal["live", "landed", "dead"]
"""`live` may still land; `dead` provably never will."""


@dataclass(frozen=True, slots=True)
class SignedMint:
    """A mint that was signed for. `raw` 1e-18, `multiplier` 1e-18, `deadline` and `slot` as far as the chain has them.

    `receipts` are (custodian instruction, 1e-9 share of `epoch`); `redemption` is the hash of the redemption that a
    restitution gives back, `origin` the same as the Issuer contract keeps it; `signer_epoch` the keys' generation.
    Of what ends a crossing, `source` is the chain that it left; of an arrival, `lane` is `source>destination` and `at` the
    market time of the signature.
    """

    mint_id: str
    chain: str
    stock: str
    token: str
    receiver: str
    raw: int
    kind: int
    epoch: int
    multiplier: int
    evidence: str
    receipts: tuple[tuple[str, int], ...] = ()
    redemption: str = ""
    origin: str = ""
    signer_epoch: int = 0
    deadline: int = 0
    signature: str = ""
    state: State = "live"
    lane: str = ""
    source: str = ""
    at: int = 0
    report: tuple[int, ...] = ()
    """The figures of the reserve report that was told with it (Solana): they come in the same transaction."""

    def same_mint(self, other: "SignedMint") -> bool:
        """Whether both would mint the same to the same for the same reason."""
        return self._identity() == other._identity()

    def same_purpose(self, other: "SignedMint") -> bool:
        """Whether the other may take the place of this one when this one is dead."""
        return self._identity()[:5] == other._identity()[:5]

    def _identity(self) -> tuple[object, ...]:
        purpose = (self.mint_id, self.chain, self.token, self.receiver, self.kind)
        return (*purpose, self.raw, self.epoch, self.multiplier, self.evidence)


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A multiplier change, an action's end, an opening or operation that was signed for; `content` is what was agreed to.

    On EVM a change is signed beside its corporate action: `action_signature`.
    """

    key: str
    chain: str
    content: str
    signature: str = ""
    action_signature: str = ""

    @property
    def told(self) -> dict[str, object]:
        """The signature under a change and, on EVM, the one under its corporate action."""
        action: dict[str, object] = {"action_signature": self.action_signature} if self.action_signature else {}
        return {"signature": self.signature} | action


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A reserve report that was signed; amounts in 1e-9 share."""

    token: str
    shares: int
    encumbered: int
    in_transit: int
    allocation: int
    epoch: int
    as_of: int
    sequence: int
    signature: str
    chain: str = "evm"
    peak: int = 0
    """The most that this or an earlier report allots which may still land."""

    @property
    def key(self) -> str:
        """One feed a token and chain."""
        return report_key(self.chain, self.token)


def report_key(chain: str, token: str) -> str:
    """Where the newest report to a token's feed is kept."""
    return f"{chain}:{token}"


@dataclass(frozen=True, slots=True)
class SignedRelease:
    """An approved delivery or payment. `amount` in 1e-9 share or 1e-6 dollar; `state` as the custodian ended it, or for a
    payout of coins the chain; `at` is when a payout was approved.
    """

    id: str
    kind: str
    reference: str
    amount: int
    content: str
    signature: str
    state: Literal["live", "settled", "failed"] = "live"
    at: int = 0


@dataclass(slots=True)
class Register:
    """All of it, with the store that made it durable."""

    mints: dict[str, SignedMint] = field(default_factory=dict)
    calls: dict[str, SignedCall] = field(default_factory=dict)
    reports: dict[str, SignedReport] = field(default_factory=dict)
    releases: dict[str, SignedRelease] = field(default_factory=dict)
    _by_hash: dict[str, str] = field(default_factory=dict)
    _by_evidence: dict[str, set[str]] = field(default_factory=dict)
    _by_receipt: dict[str, set[str]] = field(default_factory=dict)
    _by_redemption: dict[str, set[str]] = field(default_factory=dict)
    _by_reference: dict[str, list[str]] = field(default_factory=dict)
    _by_lane: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """Arrivals that were signed for lately."""
    _live: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """Live mints by (chain, token)."""
    _live_releases: dict[str, None] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)
    """Hashes of the references under which a payment left the bank."""

    @classmethod
    def load(cls, store: Store) -> "Register":
        """Everything that the store holds."""
        register = cls()
        for _, _, body in store.signed("mint"):
            receipts = tuple((str(name), int(shares)) for name, shares in body["receipts"])
            register.put_mint(SignedMint(**{**body, "receipts": receipts, "report": tuple(body["report"])}))
        for _, _, body in store.signed("call"):
            register.calls[body["key"]] = SignedCall(**body)
        for _, _, body in store.signed("report"):
            report = SignedReport(**body)
            register.reports[report.key] = report
        for _, _, body in store.signed("release"):
            register.put_release(SignedRelease(**body))
        return register

    def put_mint(self, mint: SignedMint) -> None:
        """Take a mint in, or its new state."""
        self.mints[mint.mint_id] = mint
        self._by_hash[request_hash(mint.mint_id)] = mint.mint_id
        self._by_evidence.setdefault(mint.evidence, set()).add(mint.mint_id)
        for receipt, _ in mint.receipts:
            self._by_receipt.setdefault(receipt, set()).add(mint.mint_id)
        if mint.redemption:
            self._by_redemption.setdefault(mint.redemption, set()).add(mint.mint_id)
        if mint.lane:
            self._by_lane.setdefault((mint.stock, mint.lane), {})[mint.mint_id] = None
        live = self._live.setdefault((mint.chain, mint.token), {})
        if mint.state == "live":
            live[mint.mint_id] = None
        else:
            live.pop(mint.mint_id, None)

    def put_release(self, release: SignedRelease) -> None:
        """Take a release in, or its new state."""
        if release.id not in self.releases:
            self._by_reference.setdefault(release.reference, []).append(release.id)
        self.releases[release.id] = release
        if release.state == "live":
            self._live_releases[release.id] = None
        else:
            self._live_releases.pop(release.id, None)
        if release.kind in {"payment", "payout"} and release.state == "settled":
            self.paid.add(request_hash(release.reference))

    def live_releases(self) -> list[SignedRelease]:
        """Releases that the custodian has not ended yet."""
        return [self.releases[each] for each in self._live_releases]

    def live(self, chain: str, token: str) -> list[SignedMint]:
        """Mints that may still land."""
        return [self.mints[mint_id] for mint_id in self._live.get((chain, token), ())]

    def is_live(self, mint_id: str) -> bool:
        """Whether a mint was signed for and may still land."""
        mint = self.mints.get(mint_id)
        return mint is not None and mint.state == "live"

    def arrived_since(self, stock: str, lane: str, since: int, apart_from: str) -> list[SignedMint]:
        """Arrivals by a lane that were signed for after `since` and are not dead. `since` never goes back."""
        recent = self._by_lane.get((stock, lane), {})
        for mint_id in [each for each in recent if self.mints[each].at <= since]:
            del recent[mint_id]
        found = (self.mints[each] for each in recent if each != apart_from)
        return [mint for mint in found if mint.state != "dead"]

    def live_raw(self, chain: str, token: str, apart_from: str = "") -> int:
        """Their sum in 1e-18 raw, one of them left out."""
        return sum(mint.raw for mint in self.live(chain, token) if mint.mint_id != apart_from)

    def of_hash(self, request: str) -> SignedMint | None:
        """The mint behind a hash on chain."""
        mint_id = self._by_hash.get(request)
        return self.mints[mint_id] if mint_id else None

    def evidence_owner(self, evidence: str, apart_from: str) -> str:
        """Another mint that used the same evidence and is not dead; empty if there is none."""
        owners = (each for each in self._by_evidence.get(evidence, ()) if each != apart_from)
        return next((each for each in owners if self.mints[each].state != "dead"), "")

    def uses(self, receipts: Iterable[str], apart_from: str) -> dict[str, list[tuple[int, int]]]:
        """(shares, epoch) that other mints took of each receipt."""
        return {
            receipt: [
                (shares, self.mints[mint_id].epoch)
                for mint_id in self._by_receipt.get(receipt, ())
                if mint_id != apart_from and self.mints[mint_id].state != "dead"
                for name, shares in self.mints[mint_id].receipts
                if name == receipt
            ]
            for receipt in receipts
        }

    def restituted(self, apart_from: str = "") -> dict[str, list[Restituted]]:
        """What is minted back, by the hash of the redemption."""
        return {
            redemption: [
                Restituted(mint.raw, mint.multiplier, mint.epoch, mint.state == "landed")
                for mint_id in mint_ids
                if (mint := self.mints[mint_id]).state != "dead" and mint_id != apart_from
            ]
            for redemption, mint_ids in self._by_redemption.items()
        }

    def releases_for(self, reference: str) -> list[SignedRelease]:
        """Every delivery and payment approved under a reference."""
        return [self.releases[each] for each in self._by_reference.get(reference, ())]

    def unland(self, chain: str) -> list[SignedMint]:
        """A chain was read anew from its beginning: what it showed as landed must show itself again."""
        landed = [each for each in self.mints.values() if each.chain == chain and each.state == "landed"]
        changed = [replace(mint, state="live") for mint in landed]
        for mint in changed:
            self.put_mint(mint)
        return changed

    def landed(
        self,
        books: Mapping[str, ChainBook],
        times: Mapping[tuple[str, str], int],
        epochs: Mapping[tuple[str, str], int],
        signer_epochs: Mapping[str, int],
    ) -> list[SignedMint]:
        """Move what landed or died to its state; the changed mints are returned, to be stored.

        A voucher is dead when the chain's final time is past its deadline, or the token's epoch or the keys' generation
        (which never go back) have passed the voucher's. `times` and `epochs` by chain and token, of what was read now
        alone: a token whose history was not read up to that time may hold the mint, and nothing of it is dead.
        """

        def dead(mint: SignedMint) -> bool:
            passed = epochs.get((mint.chain, mint.token), -1) > mint.epoch
            late = times[mint.chain, mint.token] > mint.deadline or passed
            return late or signer_epochs.get(mint.chain, 0) > mint.signer_epoch

        changed = []
        for (chain, token), mint_ids in self._live.items():
            minted = books[chain].token(token).minted if chain in books else {}
            for mint_id in tuple(mint_ids):
                mint = self.mints[mint_id]
                if request_hash(mint_id) in minted:
                    changed.append(replace(mint, state="landed"))
                elif (chain, token) in times and dead(mint):
                    changed.append(replace(mint, state="dead"))
        for mint in changed:
            self.put_mint(mint)
        return changed
