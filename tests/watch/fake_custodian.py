"""A custodian in a thread: holdings in whole shares, a signed chain of statements, events, a bank."""

import hashlib
import json
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Row = dict[str, Any]


def canonical(body: object) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class FakeCustodian:
    """What the watch reads of a custodian and of a broker; tests move shares and money by calling it."""

    def __init__(self, now: int) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.now = now
        self.holdings: dict[str, Row] = {}
        self.movements: list[Row] = []
        self.hashes = ["00" * 32]
        self.statements: dict[str, list[Row]] = {}
        self.events: list[Row] = []
        self.received: dict[str, str] = {}
        self.payments: dict[str, str] = {}
        self.dirty: set[str] = set()

    @property
    def public_key(self) -> str:
        return b64encode(self.key.public_key().public_bytes_raw()).decode()

    def line(self, isin: str) -> Row:
        return self.holdings.setdefault(isin, {"available": 0, "blocked": 0, "pledged": 0, "epoch": 0})

    def move(self, kind: str, instruction: str, isin: str, quantity: int, reference: str = "", who: str = "BROKER") -> None:
        """One movement; receipts and deliveries change the holding, a split rescales it by its reference."""
        line = self.line(isin)
        if kind == "receipt":
            line["available"] += quantity
        elif kind == "delivery":
            line["available"] -= quantity
        elif kind == "split":
            new, old = map(int, reference.split("/"))
            line["available"], line["epoch"] = line["available"] * new // old, line["epoch"] + 1
            quantity = line["available"]
        row = {
            "seq": len(self.movements) + 1, "at": self.now, "type": kind, "instruction": instruction, "isin": isin,
            "quantity": str(quantity), "account": "SEG", "counterparty": who, "reference": reference,
            "epoch": line["epoch"],
        }  # fmt: skip
        self.movements.append(row)
        self.hashes.append(hashlib.sha256(bytes.fromhex(self.hashes[-1]) + canonical(row)).hexdigest())
        self.dirty.add(isin)

    def event(self, kind: str, **body: Any) -> None:
        self.events.append({"seq": len(self.events) + 1, "at": self.now, "type": kind, **body})

    def latest(self, isin: str) -> Row:
        """As the paper custodian: a new statement when something changed or the last is over 60 s old."""
        chain = self.statements.setdefault(isin, [])
        if not chain or isin in self.dirty or self.now - chain[-1]["as_of"] > 60:
            self.dirty.discard(isin)
            chain.append(self.statement(isin, chain))
        return chain[-1]

    def statement(self, isin: str, chain: list[Row], **changed: Any) -> Row:
        line = self.line(isin)
        body = {
            "custodian": "FAKE", "account": "SEG", "isin": isin, "sequence": len(chain) + 1, "as_of": self.now,
            "epoch": line["epoch"], "available": str(line["available"]), "pending_receipt": "0",
            "pending_delivery": "0", "blocked": str(line["blocked"]), "pledged": str(line["pledged"]),
            "aggregate": str(line["available"] + line["blocked"] + line["pledged"]),
            "movement_seq": len(self.movements), "movements_hash": self.hashes[-1],
            "previous_hash": hashlib.sha256(canonical(chain[-1])).hexdigest() if chain else "00" * 32,
        } | changed  # fmt: skip
        return body | {"signature": b64encode(self.key.sign(canonical(body))).decode()}

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """What a GET is answered; None is 404."""
        after = int(query.get("after", 0))
        if path == "/v1/statements/latest":
            return self.latest(query["isin"])
        if path == "/v1/statements":
            return {"statements": self.statements.get(query["isin"], [])[after:]}
        if path == "/v1/movements":
            return {"movements": self.movements[after:]}
        if path in ("/v1/events", "/v1/bank/events"):
            return {"events": self.events[after : after + int(query["limit"])], "last": len(self.events)}
        if path == "/v1/cash":
            return {"received": self.received.get(query["reference"], "0"), "paid": "0"}
        if path.startswith("/v1/payments/"):
            status = self.payments.get(path.removeprefix("/v1/payments/"))
            return {"status": status} if status else None
        return None


def serve(custodian: FakeCustodian) -> ThreadingHTTPServer:
    """Serve on a free port of 127.0.0.1 until `shutdown`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # one packet for head and body: two would wait for each other

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            answer = custodian.answer(asked.path, dict(parse_qsl(asked.query)))
            body = json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
