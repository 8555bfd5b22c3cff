"""What a stranger checks on Solana beyond the tokens: who commands the program and each mint, and who signed each mint."""

from collections.abc import Mapping, Sequence

from openscrip_watch.chains.facts import Fact
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.chains.solana_program import (
    EXECUTE,
    FOUND,
    MINT,
    Issuer,
    MintData,
    founded_roles,
    read_stock,
    replaced_role,
    upgrade_authority,
)
from openscrip_watch.chains.solana_wire import decode_mint, signed_by
from openscrip_watch.config import StockConfig
from openscrip_watch.refusal import Refusal, refuse_unless


def check_commands(solana: SolanaReader, listed: Sequence[StockConfig]) -> None:
    """The program is its own, and it alone commands each mint. Raises `signature.program` and `signature.authority`."""
    check_program(solana)
    program = solana.program
    found = solana.accounts([each for stock in listed for each in (stock.mint, program.stock(stock.mint))])
    for place, stock in enumerate(listed):
        mint, kept = decode_mint(found[2 * place] or b""), read_stock(found[2 * place + 1] or b"")
        alone = mint.whole and mint.commanders == {program.stock(stock.mint)} and not mint.hook
        text = f"{stock.symbol}: the mint was not commanded by the program alone"
        refuse_unless(alone and kept.mint == stock.mint, "signature.authority", text)


def check_program(solana: SolanaReader) -> None:
    """The program may be replaced by nobody or by its own timelock, and no attestor sits in another role.

    Raises `signature.program`.
    """
    program = solana.program
    (code,) = solana.accounts([program.program_data])
    holder = upgrade_authority(code or b"")
    text = f"program {program.program} could be replaced by {holder}, not by its own timelock alone"
    refuse_unless(holder in ("", program.issuer), "signature.program", text)
    roles = solana.issuer
    text = f"program {program.program} had no two separate keys for issuer and attestor"
    refuse_unless(roles is not None and _separate(roles), "signature.program", text)


def check_signatures(solana: SolanaReader, mints: Sequence[Fact]) -> None:
    """Issuer and attestor signed the transaction of every mint, with the keys of its signer epoch. Raises `signature.mint`."""
    landed = solana.transactions([fact.tx for fact in mints])
    sets: Mapping[int, Issuer] = {}
    for fact in mints:
        raw, taken_apart = landed[fact.tx]
        terms = (MintData.read(step.data) for step in taken_apart.steps if solana.program.is_of(step, MINT))
        epochs = [each.signer_epoch for each in terms if each.request == fact.request]
        if epochs and epochs[0] not in sets:
            sets = _key_sets(solana, epochs[0])
        text = f"mint {fact.request} on solana ({fact.tx}) was not signed by issuer and attestor"
        roles = sets.get(epochs[0]) if epochs else None
        refuse_unless(roles is not None and roles.signed(frozenset(signed_by(raw))), "signature.mint", text)


def _separate(roles: Issuer) -> bool:
    """No attestor's key sits in another role, and each role needs at least one of its keys."""
    (_, issuer), (_, attestor), (_, acting) = roles.roles
    reachable = all(0 < needed <= len(keys) for needed, keys in roles.roles)
    return reachable and not attestor & (issuer | acting)


def _key_sets(solana: SolanaReader, epoch: int) -> Mapping[int, Issuer]:
    """The roles by signer epoch: as they stand, and where an earlier epoch is asked for, as the program's history has them."""
    roles = solana.issuer
    if roles is None:
        raise Refusal("chain.program", "solana: the program was not founded")
    if roles.signer_epoch == epoch:
        return {epoch: roles}
    sets: dict[int, Issuer] = {}
    standing: Issuer | None = None
    for landed in solana.history(solana.program.issuer):
        for step in landed.steps:
            if solana.program.is_of(step, FOUND):
                standing = founded_roles(step.data)
            elif solana.program.is_of(step, EXECUTE) and standing is not None:
                standing = replaced_role(standing, step.data)
            if standing is not None:
                sets[standing.signer_epoch] = standing
    return sets
