"""A reserve report as an issuer writes it, with keys for everybody, in a folder."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.watch.fake_custodian import FakeCustodian, canonical
from tests.web.sample import AS_OF, TSLA

from openscrip.bootstrap.report_files import with_tree
from openscrip.issuance.indexer.report_tree import holder_proof
from openscrip.issuance.indexer.store import Holders
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.report import report_document, report_html
from openscrip.web.reserve import (
    CustodyLine,
    Entity,
    MintInFlight,
    PreviousReport,
    RedemptionInFlight,
    ReserveReport,
    Signer,
    StatementDocument,
)
from openscrip_watch.canonical import document_hash
from openscrip_watch.report_document import signed_bytes

SECRET = bytes(range(32))
NAMES = {"issuer": "Sample Issuer", "custodian": "FAKE", "custodian-2": "FAKE-2", "auditor": "Sample Auditor"}
EVM, SOLANA = TSLA.supply[0].token, TSLA.supply[1].token
HELD = (
    Holders("evm", EVM, 700, (("0xaa", 1_000_000 * 10**18), ("0xbb", 234_585 * 10**18))),
    Holders("solana", SOLANA, 900, (("Sol1", 400 * 10**18),)),
)


class Sample:
    """One report in `folder`, signed by all unless told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "reserve-2024-06.json"
        self.keys = {role: Ed25519PrivateKey.from_private_bytes(bytes([place]) * 32) for place, role in enumerate(NAMES, 1)}
        self.statements = [self.stated("custodian", "1234000"), self.stated("custodian-2", "987.5")]
        self.report = self.made()

    def stated(self, role: str, shares: str) -> dict[str, Any]:
        custodian = FakeCustodian(AS_OF - 900)
        custodian.key = self.keys[role]
        changed = {"custodian": NAMES[role], "available": shares, "aggregate": shares}
        return custodian.statement(TSLA.isin, [], **changed)

    def made(self) -> ReserveReport:
        signers = tuple(
            Signer(role.partition("-")[0], NAMES[role], b64encode(key.public_key().public_bytes_raw()).decode())
            for role, key in self.keys.items()
        )
        documents = tuple(
            StatementDocument(document_hash(each), each["custodian"], "application/json", b64encode(canonical(each)).decode())
            for each in self.statements
        )
        stock = replace(
            TSLA,
            custody=tuple(map(line_of, self.statements)),
            claims=Shares.parse("1.5"),
            in_flight=RawAmount.parse("0.25"),
            mints_in_flight=(MintInFlight("buy-1/1", "evm", RawAmount.parse("0.25")),),
            redemptions_in_flight=(RedemptionInFlight("redeem-1", Shares.parse("1.5")),),
        )
        report = ReserveReport(
            NAMES["issuer"], "2024-06", AS_OF, simulated=True, stocks=(stock,), number=2, label="2024-06",
            previous=PreviousReport("2024-05", "ab" * 32), entities=(Entity("custodian", "FAKE", ("Sample Issuer",)),),
            signers=signers, statements=documents,
        )  # fmt: skip
        return replace(report, stocks=(with_tree(stock, list(HELD), report, SECRET),))

    def write(self, body: dict[str, Any] | None = None, *, signed: tuple[str, ...] = tuple(NAMES)) -> Path:
        """The files; the hash and the signatures are those of `body`."""
        document = report_document(self.report)
        body = document["report"] if body is None else body
        sha256 = document_hash(body)
        signatures = [
            {
                "role": role.partition("-")[0], "name": NAMES[role],
                "public_key": b64encode(self.keys[role].public_key().public_bytes_raw()).decode(),
                "signature": b64encode(self.keys[role].sign(signed_bytes(sha256))).decode(),
            }
            for role in signed
        ]  # fmt: skip
        self.path.write_text(json.dumps({"report": body, "sha256": sha256, "signatures": signatures}))
        return self.path

    def page(self) -> Path:
        path = self.path.with_suffix(".html")
        path.write_text(report_html(self.report))
        return path

    def body(self) -> dict[str, Any]:
        """A copy that a test may change."""
        copied: dict[str, Any] = json.loads(json.dumps(report_document(self.report)["report"]))
        return copied

    def proof(self, holder: str = "0xbb") -> dict[str, Any]:
        """The proof of a holder on EVM."""
        about = str(self.body()["stocks"][0]["holders"]["about"])
        return holder_proof("TSLA", about, HELD, SECRET, "evm", EVM, holder)


def line_of(stated: dict[str, Any]) -> CustodyLine:
    available, receipt, delivery = (Shares.parse(stated[name]) for name in ("available", "pending_receipt", "pending_delivery"))
    return CustodyLine(
        stated["custodian"], stated["account"], available, receipt, delivery, Shares(0), Shares(0), stated["epoch"],
        stated["as_of"], stated["sequence"], document_hash(stated), stated["signature"],
    )  # fmt: skip
