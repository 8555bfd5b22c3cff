"""A custodian's statement out of its bytes, in whichever form the custodian gives it."""

import json

from openscrip_watch import fields
from openscrip_watch.canonical import canonical
from openscrip_watch.iso.letters import read_enveloped
from openscrip_watch.iso.tree import read_tree
from openscrip_watch.iso.words import STATEMENT
from openscrip_watch.iso.words import read_statement as read_message
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.statement import Statement, public_key, read_statement

JSON_MEDIA, XML_MEDIA = "application/json", "application/xml"


def read_stated(content: bytes, media: str, envelope: str, signature: str, key: str, custodian: str) -> Statement:
    """The statement in `content`, signed by `key` (base64). `envelope` and `signature` are empty where they are in the bytes.

    Raises `statement.media`, `statement.signature`, `statement.malformed` or `statement.custodian`.
    """
    if media == XML_MEDIA:
        letter = read_enveloped(content, envelope, signature, public_key(key))
        refuse_unless(letter.sender == custodian, "statement.custodian", f"statement: it was of {letter.sender:.40}")
        kind, tree = read_tree(content)
        refuse_unless(kind == STATEMENT, "statement.media", f"statement: it was a {kind:.40}")
        return read_message(letter, tree, "")
    plain = media == JSON_MEDIA and not signature and not envelope
    refuse_unless(plain, "statement.media", f"statement: its form {media!r:.40} was not known")
    try:
        body = fields.mapping(json.loads(content), "statement")
    except (ValueError, RecursionError):
        raise BadInput("statement.json", "statement: it was not JSON") from None
    spelled = canonical(dict(body)) == content
    refuse_unless(spelled, "statement.spelling", "statement: its bytes were not its one spelling")
    stated = read_statement(body, public_key(key))
    own = body.get("custodian") == custodian
    refuse_unless(own, "statement.custodian", f"statement: it was of {body.get('custodian')!r:.40}, not of {custodian:.40}")
    return stated
