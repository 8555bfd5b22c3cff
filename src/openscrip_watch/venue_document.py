"""What a venue says that it owes, as a file: its body, the body's hash, who signed it. Nothing here believes a figure.

`{"liabilities": body, "sha256": hex, "signatures": [{"role", "name", "public_key", "signature"}]}`; a signature is ed25519
over `openscrip venue liabilities 1`, a zero byte and the 32 bytes of the hash of the body's canonical JSON.

Of each asset the body has the root of a Merkle-sum tree (`sum_proof`) over all customers and their total, what is owed
beside them, and where it is held. A customer's name in the tree is the hex of H("openscrip venue customer 1", 00, venue, 00,
asset, 00, account, 00, salt), with a salt of 32 bytes that is another for each customer, asset and document.
"""

import json
import tempfile
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature

from openscrip_watch import fields
from openscrip_watch.canonical import document_hash
from openscrip_watch.refusal import BadInput, Refusal, Silent, refuse_unless
from openscrip_watch.report_document import FILE_BYTES_MAX, read_json
from openscrip_watch.statement import public_key
from openscrip_watch.sum_proof import proved

FORMAT = "openscrip venue liabilities 1"
PROOF_FORMAT = "openscrip venue proof 1"
TIMEOUT_S = 30.0
DECIMALS_MAX = 18
_AMOUNT_DIGITS_MAX = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """Where an asset is said to be: a chain's name or `bank`, the token, who has it, how much, as of which block."""

    place: str
    token: str
    holder: str
    units: int
    block: int


@dataclass(frozen=True, slots=True)
class Line:
    """One asset of the document, in its units. `fees` alone may be below zero."""

    asset: str
    decimals: int
    about: str
    count: int
    root: str
    customers: int
    suspense: int
    arriving: int
    leaving: int
    dust: int
    fees: int
    holdings: tuple[Shown, ...]

    @property
    def owed(self) -> int:
        """What customers may ask for: what left a holding and is still in somebody's balance is not taken off."""
        return self.customers + self.suspense + self.arriving

    @property
    def held(self) -> int:
        """What is said to be held, everywhere."""
        return sum(each.units for each in self.holdings)


@dataclass(frozen=True, slots=True)
class Liabilities:
    """A document's file, read strictly and not yet checked."""

    body: Mapping[str, Any]
    sha256: str
    signatures: tuple[Mapping[str, Any], ...]

    @property
    def venue(self) -> str:
        """The venue's name."""
        return fields.text(self.body, "venue", 80)

    @property
    def number(self) -> int:
        """Its place in the row of documents, from 1."""
        return fields.integer(self.body, "number", 1)

    def lines(self) -> list[Line]:
        """Its assets, each once. Raises `BadInput`."""
        found = [_line(each) for each in fields.rows(self.body, "assets", 10_000)]
        if len({each.asset for each in found}) != len(found):
            raise BadInput("venue.asset", "venue: an asset was there twice")
        return found


def load_liabilities(where: str) -> Liabilities:
    """The document in a file or at a URL. Raises `BadInput` for what is none, `venue.missing`, `Silent`."""
    body = _fetched(where) if where.startswith(("http://", "https://")) else read_json(Path(where), "venue")
    signatures = tuple(fields.rows(body, "signatures", 100))
    found = Liabilities(fields.inner(body, "liabilities"), fields.hex32(body, "sha256"), signatures)
    if found.body.get("format") != FORMAT:
        raise BadInput("venue.format", f"venue: its format was not {FORMAT!r}")
    return found


def _fetched(url: str) -> Mapping[str, Any]:
    """What a venue serves, read as strictly as a file."""
    import httpx  # noqa: PLC0415  # a file is checked without a network

    try:
        with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client, client.stream("GET", url) as answer:
            answer.raise_for_status()
            content = bytearray()
            for part in answer.iter_bytes():
                content += part
                if len(content) > FILE_BYTES_MAX:
                    raise BadInput("venue.size", f"venue: {url} gave more than {FILE_BYTES_MAX} bytes")
    except httpx.HTTPError as error:
        raise Silent("venue.missing", f"venue: {url} did not answer ({type(error).__name__})") from None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liabilities.json"
        path.write_bytes(content)
        return read_json(path, "venue")


def check_body(found: Liabilities) -> str:
    """The hash is of the body. Raises `venue.hash`."""
    real = document_hash(found.body)
    refuse_unless(real == found.sha256, "venue.hash", f"venue: its body has the hash {real}, the file says {found.sha256}")
    when, sequence = fields.text(found.body, "as_of"), fields.integer(found.body, "sequence")
    return f"document {found.number} of {found.venue}, {when}, after record {sequence}, SHA-256 {real}"


def check_signatures(found: Liabilities, known: Mapping[str, Any] | None) -> str:
    """Whoever has to sign did, the venue among them, with the keys that one knows. Raises `venue.signature`, `venue.key`."""
    due = {_words(each): fields.text(each, "public_key") for each in fields.rows(found.body, "signers", 100)}
    refuse_unless(f"venue {found.venue}" in due, "venue.signature", f"venue: {found.venue:.80} was no signer of its document")
    if known is not None:
        strange = [words for words, key in due.items() if known.get(words) != key]
        refuse_unless(not strange, "venue.key", f"venue: the keys of {', '.join(strange)} were not the known ones")
    signed = set()
    for each in found.signatures:
        words, key = _words(each), fields.text(each, "public_key")
        refuse_unless(due.get(words) == key, "venue.signature", f"venue: {words:.80} signed and is no signer of it")
        try:
            public_key(key).verify(
                b64decode(fields.text(each, "signature"), validate=True), FORMAT.encode() + b"\0" + bytes.fromhex(found.sha256)
            )
        except (InvalidSignature, ValueError):
            raise Refusal("venue.signature", f"venue: the signature of {words:.80} was wrong") from None
        signed.add(words)
    missing = sorted(due.keys() - signed)
    refuse_unless(not missing, "venue.signature", f"venue: not signed by {', '.join(missing)}")
    told = "" if known is not None else "; keys as the document names them, compare them yourself or give --known-keys"
    return f"signed by {', '.join(sorted(signed))}{told}"


def check_sums(found: Liabilities) -> str:
    """Of each asset as much is said to be held as is owed, and the two sides of the ledger are equal. Raises `venue.…`."""
    for line in found.lines():
        whole = line.customers + line.suspense + line.arriving - line.leaving + line.dust + line.fees
        text = f"venue: {line.held} units of {line.asset} are held by its own word, its books add up to {whole}"
        refuse_unless(whole == line.held, "venue.books", text)
        text = f"venue: {line.held} units of {line.asset} are held by its own word, {line.owed} are owed to customers"
        refuse_unless(line.held >= line.owed, "venue.uncovered", text)
    return (
        "; ".join(f"{line.asset} {line.owed} owed to {line.count}, {line.held} held" for line in found.lines()) or "no assets"
    )


def check_previous(found: Liabilities, path: Path) -> str:
    """It follows the document before it. Raises `venue.chain`."""
    before = load_liabilities(str(path))
    check_body(before)
    text = f"venue: document {found.number} did not follow document {before.number} of {before.venue:.80}"
    links = (before.sha256, before.number + 1, before.venue)
    refuse_unless((found.body.get("previous"), found.number, found.venue) == links, "venue.chain", text)
    rises = fields.integer(before.body, "sequence") <= fields.integer(found.body, "sequence")
    refuse_unless(rises, "venue.chain", f"venue: document {found.number} was of an earlier record than the one before it")
    return f"follows document {before.number}"


def customer_name(venue: str, asset: str, account: int, salt: str) -> str:
    """What stands for a customer in the tree of an asset."""
    said = f"openscrip venue customer 1\0{venue}\0{asset}\0{account}\0".encode()
    return sha256(said + bytes.fromhex(salt)).hexdigest()


def check_customer(found: Liabilities, path: Path) -> str:
    """A customer was counted with its whole balance. Raises `BadInput`, or `Refusal` naming what does not fit."""
    said = read_json(path, "proof")
    if said.get("format") != PROOF_FORMAT:
        raise BadInput("proof.format", f"proof: its format was not {PROOF_FORMAT!r}")
    asset, account, salt = fields.text(said, "asset", 40), fields.integer(said, "account", 1), fields.hex32(said, "salt")
    lines = {line.asset: line for line in found.lines()}
    refuse_unless(asset in lines, "proof.asset", f"proof: the document has no {asset:.40}")
    line, leads = lines[asset], proved(fields.inner(said, "proof"))
    name = customer_name(found.venue, asset, account, salt)
    refuse_unless(leads.name == name, "proof.name", "proof: the name in the tree was not this customer's with this salt")
    same = (leads.about, leads.count) == (line.about, line.count)
    refuse_unless(same, "proof.about", f"proof: it was of another tree, {leads.about:.120}")
    refuse_unless(leads.root == line.root, "proof.root", f"proof: it led to the root {leads.root}")
    refuse_unless(leads.total == line.customers, "proof.total", f"proof: it led to a total of {leads.total}")
    return f"account {account} was counted with {leads.amount} of {leads.total} units of {asset}"


def _line(each: Mapping[str, Any]) -> Line:
    holdings = tuple(
        Shown(
            fields.text(one, "place", 40),
            str(one.get("token", "")),
            fields.text(one, "holder", 200),
            _amount(one, "units"),
            fields.integer(one, "block"),
        )
        for one in fields.rows(each, "holdings", 1_000)
    )
    places = {(one.place, one.token.lower(), one.holder.lower()) for one in holdings}
    if len(places) != len(holdings):
        raise BadInput("venue.holding", f"venue: a holding of {each.get('asset')!r:.40} was there twice")
    amounts = {name: _amount(each, name) for name in ("customers", "suspense", "arriving", "leaving", "dust")}
    decimals = fields.integer(each, "decimals")
    if decimals > DECIMALS_MAX:
        raise BadInput("venue.decimals", f"venue: {each.get('asset')!r:.40} had {decimals} decimals")
    return Line(
        asset=fields.text(each, "asset", 40),
        decimals=decimals,
        about=fields.text(each, "about"),
        count=fields.integer(each, "count"),
        root=fields.hex32(each, "root"),
        **amounts,
        fees=_amount(each, "fees", signed=True),
        holdings=holdings,
    )


def _amount(body: Mapping[str, Any], name: str, *, signed: bool = False) -> int:
    """Whole units in decimal digits; below zero only where it may be."""
    text = body.get(name)
    plain = isinstance(text, str) and text.isascii() and text.removeprefix("-" if signed else "").isdigit()
    if not isinstance(text, str) or not plain or len(text) > _AMOUNT_DIGITS_MAX:
        raise BadInput("venue.amount", f"{name}: {json.dumps(text, default=str):.60} was not a whole number of units")
    return int(text)


def _words(each: Mapping[str, Any]) -> str:
    return f"{fields.text(each, 'role', 40)} {fields.text(each, 'name', 80)}"
