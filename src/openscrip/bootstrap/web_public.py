"""What the public pages need beside the books, over a built platform: the index, reports, powers, proofs, the venue."""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.powers import read_powers
from openscrip.bootstrap.reconciling import index_url
from openscrip.bootstrap.report_cut import holders_again
from openscrip.bootstrap.report_files import holder_secret
from openscrip.issuance.indexer.report_tree import PROOF_FORMAT, name_of, report_tree, salt_of
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.powers import breaks_i7
from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.kernel.merkle_sum import SumTree, proof_json
from openscrip.records.networks import Networks, network_of
from openscrip.web.public_office import ChainRead, PowersSeen
from openscrip.web.report_shelf import bucket_of, report_body
from openscrip.web.venue_door import VenueDoor

POWERS_S = 60.0
TREES_MAX = 8


class PlatformPublic:
    """`web.public_office.PublicOffice`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.index = IndexStore.open(index_url(platform.settings))
        self.reports: Path = platform.places.reports
        self.entities_file = platform.settings.entities.file
        self.venue = VenueDoor(Path(platform.settings.data) / "venue" / "doors.json")
        self._powers: tuple[float, PowersSeen] | None = None
        self._trees: OrderedDict[tuple[str, str], ReportHolders] = OrderedDict()
        self._networks: Networks = {}
        self._lock = threading.Lock()

    @property
    def networks(self) -> Networks:
        """As `PublicOffice.networks`: a chain never changes its id."""
        if not self._networks:
            self._networks = {name: network_of(name, chain.caip2()) for name, chain in self._platform.chains.items()}
        return self._networks

    def read_up_to(self) -> Sequence[ChainRead]:
        """As `PublicOffice.read_up_to`: the token that is the furthest behind counts."""
        found: dict[str, int] = {}
        for chain, cursor in self.index.deployments():
            found[chain] = min(found.get(chain, cursor.number), cursor.number)
        return [ChainRead(chain, block) for chain, block in found.items()]

    def powers(self) -> PowersSeen:
        """As `PublicOffice.powers`: read again after a minute of machine time."""
        with self._lock:
            if self._powers is not None and time.monotonic() - self._powers[0] < POWERS_S:
                return self._powers[1]
            self._platform.know_stocks()
            at = self._platform.clock.now()
            try:
                powers = tuple(read_powers(self._platform))
                seen = PowersSeen(at, powers, tuple(breaks_i7(powers)))
            except (Refused, Unavailable) as failed:
                seen = PowersSeen(at, problem=str(failed))
            self._powers = time.monotonic(), seen
            return seen

    def proofs(self, label: str, stock: str, bucket: str) -> list[Mapping[str, Any]]:
        """As `PublicOffice.proofs`."""
        body = report_body(self.reports, label)
        with self._lock:
            known = self._trees.get((label, stock))
            if known is None:
                known = self._trees[label, stock] = self._holders(body, stock)
                if len(self._trees) > TREES_MAX:
                    self._trees.popitem(last=False)
        return known.proofs(bucket)

    def close(self) -> None:
        """Close what this opened."""
        self.venue.close()
        self.index.close()

    def _holders(self, body: Mapping[str, Any], stock: str) -> "ReportHolders":
        found = next((each for each in body["stocks"] if each["symbol"] == stock), None)
        if found is None or found["holders"] is None:
            raise Malformed("report.unknown", f"report: it has no holders of {stock!a:.40}")
        return ReportHolders(stock, found["holders"], holder_secret(self._platform.keys), index_url(self._platform.settings))


class ReportHolders:
    """All holders of one stock in one report, in the buckets in which their proofs are handed out.

    What a proof tells of its holder the chains tell everybody: the address and its balance at the cut. Whoever asks names a
    bucket, so that nobody learns whose proof was wanted.
    """

    def __init__(self, stock: str, tree: Mapping[str, Any], secret: bytes, index: str) -> None:
        held = holders_again(index, list(tree["cuts"]))
        self._stock, about = stock, str(tree["about"])
        self._tree: SumTree = report_tree(about, held, secret)
        same = self._tree.root.hex() == tree["root"] and str(self._tree.total) == tree["total"]
        refuse_unless(same, "report.root", f"report: the index leads to another root of {stock} than the report's")
        self._buckets: defaultdict[str, list[tuple[str, str, str, bytes]]] = defaultdict(list)
        for each in held:
            for holder, _ in each.entries:
                salt = salt_of(secret, about, each.chain, each.token, holder)
                self._buckets[bucket_of(holder, tree["count"])].append((each.chain, each.token, holder, salt))

    def proofs(self, bucket: str) -> list[Mapping[str, Any]]:
        """Every proof of a bucket, as `openscrip report --proof` writes it."""
        return [
            {
                "format": PROOF_FORMAT, "stock": self._stock, "chain": chain, "token": token, "holder": holder,
                "salt": salt.hex(), "proof": proof_json(self._tree.proof(name_of(chain, token, holder, salt))),
            }
            for chain, token, holder, salt in self._buckets.get(bucket, [])
        ]  # fmt: skip
