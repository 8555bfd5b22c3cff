"""Whether a message comes from whom and when it says: checks that end a session when they fail."""

from openscrip.kernel.errors import Malformed
from openscrip.runtime.fix.codec import Message, parse_utc
from openscrip.runtime.fix.dictionary import SEQUENCE_RESET, Fault, Reason
from openscrip.runtime.fix.effects import Identity, Moment, Terms


def addressed(message: Message, identity: Identity) -> bool:
    """Whether the message goes from the counterparty to us."""
    return (message.get(49), message.get(56)) == (identity.target, identity.sender)


def header_doubt(message: Message, terms: Terms, now: Moment) -> Fault | None:
    """What speaks against a message whose header is complete, or None."""
    if not addressed(message, terms.identity):
        return Fault(
            Reason.COMP_ID, None, f"49, 56: the message was not from {terms.identity.target} to {terms.identity.sender}"
        )
    sent_ms = parse_utc(message.get(52) or "")
    if abs(sent_ms - now.utc_ms) > terms.clock_bound_ms:
        return Fault(Reason.SENDING_TIME, 52, f"52: the time was more than {terms.clock_bound_ms} ms from ours")
    # Gap fills of other engines often leave 122 out; there is nothing in them that could be taken twice.
    if not message.flag(43) or message.type == SEQUENCE_RESET:
        return None
    original = message.get(122)
    if original is None:
        return Fault(Reason.REQUIRED_TAG_MISSING, 122, "122: a possible duplicate did not say when it was sent first")
    try:
        original_ms = parse_utc(original)
    except Malformed as error:
        return Fault(Reason.WRONG_FORMAT, 122, error.text)
    if original_ms > sent_ms:
        return Fault(Reason.SENDING_TIME, 122, "122: the message was sent first after it was sent again")
    return None
