"""A reserve report as a file: its body, the body's hash, and who signed that hash. Nothing here believes a figure.

`{"report": body, "sha256": hex, "signatures": [{"role", "name", "public_key", "signature"}]}`: the hash is of the body's
canonical JSON, a signature is ed25519 over `openscrip reserve report 1`, a zero byte and the 32 bytes of the hash. The
body itself lists as `signers` who has to sign. The page beside the file is hashed without what stands between the marks
of its signatures, and that part must read as `signatures_section` writes it.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openscrip_watch import fields
from openscrip_watch.canonical import document_hash
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.statement import public_key

FORMAT = "openscrip reserve report 1"
START, END = "<!-- signatures -->", "<!-- end of signatures -->"
FILE_BYTES_MAX = 64 * 1024 * 1024
ROLES = ("issuer", "custodian", "auditor")


@dataclass(frozen=True, slots=True)
class Party:
    """Who has to sign: role, name, ed25519 key in base64."""

    role: str
    name: str
    key: str

    @property
    def words(self) -> str:
        """Role and name, as pages and messages tell them."""
        return f"{self.role} {self.name}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report's file, read strictly and not yet checked."""

    body: Mapping[str, Any]
    sha256: str
    signatures: tuple[Mapping[str, Any], ...]

    @property
    def parties(self) -> list[Party]:
        """Who has to sign. Raises `BadInput` or `report.signers`."""
        found = [
            Party(*(fields.text(each, name) for name in ("role", "name", "public_key")))
            for each in fields.rows(self.body, "signers", 100)
        ]
        known = all(each.role in ROLES for each in found) and len({each.words for each in found}) == len(found)
        refuse_unless(known, "report.signers", "report: a signer was named twice or had no known role")
        missing = [role for role in ROLES if role not in {each.role for each in found}]
        refuse_unless(not missing, "report.signers", f"report: it named no {' and no '.join(missing)} as signer")
        return found

    def signed_by(self) -> list[Party]:
        """The parties whose signature stands. Raises `report.signature` for one that is wrong or nobody's."""
        parties = {each.words: each for each in self.parties}
        found: list[Party] = []
        for each in self.signatures:
            said = Party(*(fields.text(each, name) for name in ("role", "name", "public_key")))
            text = f"report: a signature was given by {said.words:.80}, which is no signer of it"
            refuse_unless(parties.get(said.words) == said and said not in found, "report.signature", text)
            try:
                _key(said.key).verify(b64decode(fields.text(each, "signature"), validate=True), signed_bytes(self.sha256))
            except (InvalidSignature, ValueError):
                raise Refusal("report.signature", f"report: the signature of {said.words:.80} was wrong") from None
            found.append(said)
        return found


def load_report(path: Path) -> Report:
    """The report in a file. Raises `BadInput` for what is no report, `report.missing`."""
    body = read_json(path, "report")
    signatures = tuple(fields.rows(body, "signatures", 100))
    report = Report(fields.inner(body, "report"), fields.hex32(body, "sha256"), signatures)
    if report.body.get("format") != FORMAT:
        raise BadInput("report.format", f"report: its format was not {FORMAT!r}")
    return report


def read_json(path: Path, what: str) -> Mapping[str, Any]:
    """The JSON object in a file: no number with a fraction, no field twice. Raises `BadInput`, `Refusal("….missing")`."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadInput(f"{what}.size", f"{what}: {path.name} was longer than {FILE_BYTES_MAX} bytes")
        text = path.read_bytes()
    except OSError:
        raise Refusal(f"{what}.missing", f"{what}: {path.name} could not be read") from None
    try:
        found = json.loads(text, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError):
        raise BadInput(f"{what}.json", f"{what}: {path.name} was not JSON") from None
    return fields.mapping(found, what)


def body_hash(report: Report) -> str:
    """SHA-256 of the body in its one spelling."""
    return document_hash(report.body)


def signed_bytes(sha256: str) -> bytes:
    """What a party signs."""
    return FORMAT.encode() + b"\0" + bytes.fromhex(sha256)


def with_signature(report: Report, party: Party, key: Ed25519PrivateKey) -> Report:
    """The report with one more signature; an earlier one of the same party is replaced."""
    signature = b64encode(key.sign(signed_bytes(report.sha256))).decode()
    mine = {"role": party.role, "name": party.name, "public_key": party.key, "signature": signature}
    others = [each for each in report.signatures if (each.get("role"), each.get("name")) != (party.role, party.name)]
    return Report(report.body, report.sha256, (*others, mine))


def report_bytes(report: Report) -> bytes:
    """The file's bytes."""
    document = {"report": report.body, "sha256": report.sha256, "signatures": list(report.signatures)}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def signatures_section(report: Report) -> str:
    """What a page says between its marks: who signed, and who did not."""
    signed = {each.words for each in report.signed_by()}
    lines = [
        f"<li>{escape(each.words)}: {'signed with ' + escape(each.key) if each.words in signed else 'NOT SIGNED'}</li>\n"
        for each in report.parties
    ]
    return f"{START}\n<ul>\n{''.join(lines)}</ul>\n{END}"


def split_page(page: str) -> tuple[str, str, str]:
    """A page before, in and after the part that tells of signatures. Raises `page.marks`."""
    parts = page.count(START), page.count(END)
    refuse_unless(parts == (1, 1) and page.index(START) < page.index(END), "page.marks", "page: its marks were not there once")
    before, _, rest = page.partition(START)
    inside, _, after = rest.partition(END)
    return before, START + inside + END, after


def page_hash(page: str) -> str:
    """SHA-256 of a page without the part that tells of signatures."""
    before, _, after = split_page(page)
    return hashlib.sha256((before + after).encode()).hexdigest()


def own_party(report: Report, role: str, name: str, key: Ed25519PrivateKey) -> Party:
    """The party that a key is of, among the signers of a role. Raises `report.party`."""
    own = b64encode(key.public_key().public_bytes_raw()).decode()
    found = [each for each in report.parties if each.role == role and each.key == own and (not name or each.name == name)]
    refuse_unless(len(found) == 1, "report.party", f"report: it names no {role} {name or 'signer'} with the key {own}")
    return found[0]


def _key(text: str) -> Ed25519PublicKey:
    return public_key(text)


def _no_float(text: str) -> NoReturn:
    raise BadInput("report.number", f"report: {text:.40} was a number with a fraction; amounts are strings")


def _no_repetition(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("report.field", "report: a field was given twice")
    return found
