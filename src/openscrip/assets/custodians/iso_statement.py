"""The statement of one line in its message (semt.002): which sub-balance counts as what, and what was signed."""

from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.iso_words import COUNTED_AS
from openscrip.assets.custody import Statement
from openscrip.assets.iso20022.holdings import StatementPage, assemble
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.quantities import Shares


def statement_of(page: StatementPage, envelope: Envelope) -> Statement:
    """The statement of one line in its message. Raises `Refused("statement.…")`, and what `assemble` raises."""
    whole = assemble([page])
    refuse_unless(len(whole.holdings) == 1, "statement.lines", f"statement: {page.id:.40} was not of one line")
    held = whole.holdings[0]
    chain, epoch = held.chain, held.epoch
    if chain is None or epoch is None:
        raise Refused("statement.chain", f"statement: {page.id:.40} told neither its number nor its epoch")
    amounts: dict[str, int] = {}
    for each in held.sub_balances:
        amounts[COUNTED_AS[each.type]] = amounts.get(COUNTED_AS[each.type], 0) + each.quantity.atoms

    def of(name: str) -> Shares:
        return Shares(amounts.get(name, 0))

    return Statement(
        envelope.sender,
        whole.account,
        held.isin,
        chain.sequence,
        whole.as_of,
        epoch,
        held.available,
        of("pending_receipt"),
        of("pending_delivery"),
        of("blocked"),
        of("pledged"),
        held.aggregate,
        chain.movement_seq,
        chain.movements_hash,
        chain.previous_hash,
        envelope.signature,
        of("lent"),
        of("borrowed"),
        of("in_transit"),
        of("restricted"),
        of("other"),
        envelope.signed_text(),
    )


def place_of(page: StatementPage) -> tuple[str, int]:
    """Line and number of a statement, right or not; an empty line where it has none."""
    chain = page.holdings[0].chain if len(page.holdings) == 1 else None
    return (page.holdings[0].isin, chain.sequence) if chain else ("", 0)
