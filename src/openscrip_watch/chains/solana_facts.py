"""What a landed Solana transaction did to one mint, read from its instructions and our memos. Pure.

A memo counts only beside the token instruction it speaks of, one memo for one instruction of its kind.
"""

from collections.abc import Sequence

from openscrip_watch.amounts import GRAIN, f64_floor
from openscrip_watch.chains.facts import Fact
from openscrip_watch.chains.solana_wire import (
    ASSOCIATED,
    BURN,
    BURN_CHECKED,
    MINT_TO,
    MINT_TO_CHECKED,
    TRANSFER_CHECKED,
    Memo,
    Step,
    read_memo,
    read_multiplier,
)


def facts_of(mint: str, escrow: str, tx: str, at: int, steps: Sequence[Step], inner: Sequence[Step] = ()) -> list[Fact]:
    """The facts of a successful transaction; what inner instructions (of other programs) mint or burn is loose."""
    memos = [memo for step in steps if (memo := read_memo(step))]
    ours = [step for step in steps if _mint_of(step) == mint]
    facts = _mints(mint, tx, at, ours, steps, memos)
    facts += _burns(mint, escrow, tx, at, ours, memos)
    facts += _transfers(mint, escrow, tx, at, ours, memos)
    facts += _multiplier(mint, tx, at, steps, memos)
    for step in inner:
        if _mint_of(step) == mint and step.tag in (MINT_TO, MINT_TO_CHECKED):
            facts.append(Fact("solana", mint, "loose", tx, at, raw=step.grains * GRAIN, account=step.accounts[1]))
        elif _mint_of(step) == mint and step.tag in (BURN, BURN_CHECKED):
            facts.append(Fact("solana", mint, "loose", tx, at, raw=-step.grains * GRAIN, account=step.accounts[0]))
    return facts


def _mints(mint: str, tx: str, at: int, ours: Sequence[Step], steps: Sequence[Step], memos: Sequence[Memo]) -> list[Fact]:
    minting = [step for step in ours if step.tag in (MINT_TO, MINT_TO_CHECKED)]
    told = [memo.parts for memo in memos if memo.word == "mint"]
    owners = {step.accounts[1]: step.accounts[2] for step in steps if step.program == ASSOCIATED}
    if len(minting) != len(told):
        return [Fact("solana", mint, "loose", tx, at, raw=step.grains * GRAIN, account=step.accounts[1]) for step in minting]
    return [
        Fact(
            "solana",
            mint,
            "minted",
            tx,
            at,
            request=request,
            raw=step.grains * GRAIN,
            kind=int(kind),
            party=owners.get(step.accounts[1], ""),
            account=step.accounts[1],
            evidence=evidence,
        )
        for step, (request, evidence, kind) in zip(minting, told, strict=True)
    ]


def _burns(mint: str, escrow: str, tx: str, at: int, ours: Sequence[Step], memos: Sequence[Memo]) -> list[Fact]:
    burning = [step for step in ours if step.tag in (BURN, BURN_CHECKED)]
    told = [memo.parts[0] for memo in memos if memo.word == "burn"]
    from_escrow = all(step.accounts[0] == escrow for step in burning)
    if len(burning) != len(told) or not from_escrow:
        return [Fact("solana", mint, "loose", tx, at, raw=-step.grains * GRAIN, account=step.accounts[0]) for step in burning]
    return [
        Fact("solana", mint, "burned", tx, at, request=request, raw=step.grains * GRAIN)
        for step, request in zip(burning, told, strict=True)
    ]


def _transfers(mint: str, escrow: str, tx: str, at: int, ours: Sequence[Step], memos: Sequence[Memo]) -> list[Fact]:
    moving = [step for step in ours if step.tag == TRANSFER_CHECKED]
    entering = [step for step in moving if step.accounts[2] == escrow and step.accounts[0] != escrow]
    leaving = [step for step in moving if step.accounts[0] == escrow]
    redeem = [memo.parts for memo in memos if memo.word == "redeem"]
    refund = [memo.parts[0] for memo in memos if memo.word == "refund"]
    facts = []
    if len(entering) == len(redeem):
        for step, (request, kind) in zip(entering, redeem, strict=True):
            source, holder = step.accounts[0], step.accounts[3]
            raw = step.grains * GRAIN
            facts.append(Fact("solana", mint, "escrowed", tx, at, request, raw, kind=int(kind), party=holder, account=source))
    if len(leaving) == len(refund):
        for step, request in zip(leaving, refund, strict=True):
            facts.append(Fact("solana", mint, "refunded", tx, at, request, step.grains * GRAIN, account=step.accounts[2]))
    return facts


def _multiplier(mint: str, tx: str, at: int, steps: Sequence[Step], memos: Sequence[Memo]) -> list[Fact]:
    """The last update counts: the first of the safe double-send only repeats what is in force."""
    updates = [update for step in steps if (update := read_multiplier(step)) and update.mint == mint]
    if not updates:
        return []
    told = [memo.parts for memo in memos if memo.word == "multiplier"]
    version, epoch, action = (int(told[0][0]), int(told[0][1]), told[0][2]) if len(told) == 1 else (-1, -1, "")
    last = updates[-1]
    return [
        Fact(
            "solana",
            mint,
            "scheduled",
            tx,
            at,
            epoch=epoch,
            multiplier=f64_floor(last.f64),
            version=version,
            effective_at=last.effective_at,
            action=action,
            f64=last.f64,
        )
    ]


def _mint_of(step: Step) -> str:
    """The mint that a token instruction names; empty for others."""
    place = {MINT_TO: 0, MINT_TO_CHECKED: 0, BURN: 1, BURN_CHECKED: 1, TRANSFER_CHECKED: 1}.get(step.tag)
    return step.accounts[place] if place is not None and len(step.accounts) > place else ""
