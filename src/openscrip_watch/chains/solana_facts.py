"""What a landed Solana transaction did to one mint, read from the stock program's instructions, outer and inner. Pure.

The program is believed for what it did, and watched for what it did not: each mint and burn that Token-2022 carried out
must be one that an instruction of the program explains. What nobody explains is loose.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openscrip_watch.amounts import GRAIN
from openscrip_watch.chains import solana_program as program
from openscrip_watch.chains.facts import Fact
from openscrip_watch.chains.solana_program import Action, MintData, Redemption, StageData, StockProgram
from openscrip_watch.chains.solana_wire import BURN, BURN_CHECKED, MINT_TO, MINT_TO_CHECKED, Step

_REDEMPTION_AT = {program.ESCROW: 6, program.DEPART: 6, program.BURN: 4, program.REFUND: 4}
_MINT_AT = {
    program.MINT: 3, program.ESCROW: 2, program.DEPART: 2, program.BURN: 2, program.REFUND: 2, program.STAGE: 2,
    program.CANCEL: 2,
}  # fmt: skip
_ACTION_AT = 3
_TOKEN_MINT_AT = {MINT_TO: 0, MINT_TO_CHECKED: 0, BURN: 1, BURN_CHECKED: 1}


@dataclass(frozen=True, slots=True)
class Landed:
    """A successful transaction: every instruction that ran, and whose each token account was afterwards."""

    tx: str
    at: int
    slot: int
    steps: tuple[Step, ...]
    owners: Mapping[str, str]


def records_named(here: StockProgram, mint: str, landed: Sequence[Landed]) -> tuple[list[str], list[str]]:
    """The redemptions' and the actions' accounts that must be read to tell what these transactions did."""
    redemptions, actions = dict[str, None](), dict[str, None]()
    for each in landed:
        for tag, step in _ours(here, mint, each):
            if tag in _REDEMPTION_AT:
                redemptions[step.accounts[_REDEMPTION_AT[tag]]] = None
            elif tag in (program.STAGE, program.CANCEL):
                actions[step.accounts[_ACTION_AT]] = None
    return list(redemptions), list(actions)


def facts_of(
    here: StockProgram,
    mint: str,
    landed: Landed,
    redemptions: Mapping[str, Redemption],
    actions: Mapping[str, Action],
) -> list[Fact]:
    """The facts of a successful transaction, in the order in which they happened."""
    facts: list[Fact] = []
    for tag, step in _ours(here, mint, landed):
        if tag == program.MINT:
            facts.append(_minted(mint, landed, step))
        elif tag == program.STAGE:
            facts.append(_scheduled(mint, landed, step, actions[step.accounts[_ACTION_AT]]))
        elif tag == program.CANCEL:
            action = actions[step.accounts[_ACTION_AT]].id
            facts.append(Fact("solana", mint, "cancelled", landed.tx, landed.at, action=action, block=landed.slot))
        else:
            address = step.accounts[_REDEMPTION_AT[tag]]
            facts.append(_redeemed(mint, landed, tag, address, redemptions[address]))
    return facts + _loose(mint, landed, facts)


def _ours(here: StockProgram, mint: str, landed: Landed) -> list[tuple[int, Step]]:
    """The program's instructions about a mint with their tags."""
    return [
        (step.data[0], step)
        for step in landed.steps
        if here.is_of(step, *_MINT_AT)
        and len(step.accounts) > _MINT_AT[step.data[0]]
        and step.accounts[_MINT_AT[step.data[0]]] == mint
    ]


def _minted(mint: str, landed: Landed, step: Step) -> Fact:
    terms, account = MintData.read(step.data), step.accounts[4]
    return Fact(
        "solana",
        mint,
        "minted",
        landed.tx,
        landed.at,
        request=terms.request,
        raw=terms.raw * GRAIN,
        kind=terms.kind,
        party=landed.owners.get(account, ""),
        account=account,
        evidence=terms.evidence,
        origin=terms.origin,
        epoch=terms.epoch,
        multiplier=terms.multiplier,
        block=landed.slot,
    )


def _scheduled(mint: str, landed: Landed, step: Step, action: Action) -> Fact:
    terms = StageData.read(step.data)
    return Fact(
        "solana",
        mint,
        "scheduled",
        landed.tx,
        landed.at,
        epoch=terms.epoch_after,
        multiplier=terms.multiplier,
        effective_at=terms.effective_at,
        action=action.id,
        f64=struct.unpack("<d", terms.f64)[0],
        block=landed.slot,
    )


def _redeemed(mint: str, landed: Landed, tag: int, address: str, terms: Redemption) -> Fact:
    """Escrowed, burned, refunded or departed, on the terms that the record keeps."""
    place, raw = (landed.tx, landed.at, terms.request), terms.raw * GRAIN
    if tag == program.ESCROW:
        return Fact("solana", mint, "escrowed", *place, raw, terms.kind, terms.holder, block=landed.slot)
    if tag == program.BURN:
        return Fact("solana", mint, "burned", *place, raw, terms.kind, terms.holder, key=address, block=landed.slot)
    if tag == program.REFUND:
        return Fact("solana", mint, "refunded", *place, raw, terms.kind, terms.holder, block=landed.slot)
    return Fact(
        "solana",
        mint,
        "departed",
        *place,
        raw,
        terms.kind,
        terms.holder,
        key=address,
        destination=terms.destination,
        receiver=terms.receiver,
        arrive_by=terms.arrive_by,
        block=landed.slot,
    )


def _loose(mint: str, landed: Landed, facts: Sequence[Fact]) -> list[Fact]:
    """Changes of the supply that no fact explains."""
    told = [fact.raw if fact.what == "minted" else -fact.raw for fact in facts if fact.what in _SUPPLY]
    found = []
    for step in landed.steps:
        place = _TOKEN_MINT_AT.get(step.tag)
        if place is None or len(step.accounts) <= 1 or step.accounts[place] != mint:
            continue
        change = step.grains * GRAIN * (1 if place == 0 else -1)
        if change in told:
            told.remove(change)
        elif change:
            account = step.accounts[1 - place]
            found.append(Fact("solana", mint, "loose", landed.tx, landed.at, raw=change, account=account, block=landed.slot))
    return found


_SUPPLY = ("minted", "burned", "departed")
