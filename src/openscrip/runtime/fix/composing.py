"""Messages on the wire: new ones with their header, stored ones again, and gap fills in place of what is not sent again."""

from collections.abc import Iterable
from itertools import chain

from openscrip.runtime.fix.codec import Field, Message, decode, encode, format_utc
from openscrip.runtime.fix.dictionary import ADMIN, HEADER, REJECT, SEQUENCE_RESET
from openscrip.runtime.fix.effects import Effect, Expired, Identity, Kept, Resend


def compose(identity: Identity, kind: str, number: int, fields: Iterable[Field], utc_ms: int) -> bytes:
    """A message of ours: the header in the standard's order, then `fields`."""
    return _compose(identity, kind, number, (), utc_ms, fields)


def repeat(identity: Identity, first: int, last: int, kept: Iterable[Kept], utc_ms: int) -> list[Effect]:
    """What a resend request for `first` to `last` is answered with; `kept` is what is stored of that range, in order.

    Application messages and rejects are sent again as possible duplicates; session messages, and what is past its validity,
    are gap-filled.
    """
    effects: list[Effect] = []
    gap_at = first
    for each in kept:
        original = decode(each.wire)
        if original.type in ADMIN and original.type != REJECT:
            continue
        if each.valid_until_ms is not None and utc_ms > each.valid_until_ms:
            effects.append(Expired(each))
            continue
        if gap_at < each.number:
            effects.append(_gap_fill(identity, gap_at, each.number, utc_ms))
        effects.append(_again(identity, original, each.number, utc_ms))
        gap_at = each.number + 1
    if gap_at <= last:
        effects.append(_gap_fill(identity, gap_at, last + 1, utc_ms))
    return effects


def _again(identity: Identity, original: Message, number: int, utc_ms: int) -> Resend:
    now = format_utc(utc_ms)
    body = (each for each in original.fields if each[0] not in HEADER)
    mark = ((43, "Y"),)
    # If our clock was set back in between, 122 above 52 would end the session, again and again.
    first_sent = (122, min(original.get(52) or now, now))
    return Resend(_compose(identity, original.type, number, mark, utc_ms, chain((first_sent,), body)))


def _gap_fill(identity: Identity, number: int, to: int, utc_ms: int) -> Resend:
    fields = ((122, format_utc(utc_ms)), (123, "Y"), (36, str(to)))
    return Resend(_compose(identity, SEQUENCE_RESET, number, ((43, "Y"),), utc_ms, fields))


def _compose(
    identity: Identity, kind: str, number: int, mark: tuple[Field, ...], utc_ms: int, fields: Iterable[Field]
) -> bytes:
    header = ((49, identity.sender), (56, identity.target), (34, str(number)), *mark, (52, format_utc(utc_ms)))
    return encode(Message(kind, (*header, *fields)))
