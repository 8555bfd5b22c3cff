"""What became of signed mints: landed on their chains, or dead for good; and mints that nobody here signed for."""

from collections.abc import Mapping

from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.facts import Standing
from openscrip_watch.proof import Claims
from openscrip_watch.reading import Sources
from openscrip_watch.register import Register, SignedMint
from openscrip_watch.view import unsigned_mint


def note_landed(
    sources: Sources,
    register: Register,
    claims: dict[str, Claims],
    offences: dict[str, str],
    found: Mapping[tuple[str, str], Standing],
    tokens: Mapping[tuple[str, str], str],
) -> list[SignedMint]:
    """Move signed mints to landed or dead, and look for mints that nobody here signed; the mints that changed.

    `found` and `tokens` by chain and symbol; only what is in both counts.
    """
    changed: list[SignedMint] = []
    for chain, book in sources.books.items():
        if book.anew:
            changed += register.unland(chain)
            claims.clear()
            for facts in (each for other in sources.books.values() for each in other.tokens.values()):
                facts.refloat()
        for fact in book.unsaved:
            facts = book.token(fact.token)
            offence = fact.what == "minted" and unsigned_mint(facts, register, [fact.request])
            if offence and f"{chain}:{fact.token}" not in offences:
                offences[f"{chain}:{fact.token}"] = f"{chain}: {offence}"
    standings = {key: each for key, each in found.items() if key in tokens}
    times = {(key[0], tokens[key]): standing.at for key, standing in standings.items()}
    epochs = {(key[0], tokens[key]): standing.epoch for key, standing in standings.items()}
    signer_epochs = {name: reader.signer_epoch for name, reader in sources.evms.items()}
    if sources.solana:
        signer_epochs["solana"] = sources.solana.signer_epoch
    return changed + register.landed(sources.books, times, epochs, signer_epochs)


def was_burned(sources: Sources, reference: str) -> bool:
    """Whether tokens were burned under a reference: then a payment under it closes a claim."""
    request = request_hash(reference)
    return any(request in facts.burned for book in sources.books.values() for facts in book.tokens.values())
