"""A multiplier change as the program is asked for it: the corporate action announced, and its change staged."""

from collections.abc import Sequence
from datetime import date

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.voucher import MultiplierChange, chain_hash


def change_steps(
    program: Program, mint: Pubkey, change: MultiplierChange, payer: Pubkey, signers: Sequence[Pubkey]
) -> list[Instruction]:
    """Both instructions, in order; each asks for `signers`."""
    action, name = change.action, chain_hash(change.action.id)
    announce = program.announce(
        payer=payer,
        mint=mint,
        action=name,
        kind=action.kind.encode(),
        ex_date=_day(action.ex_date),
        record_date=_day(action.record_date),
        pay_date=_day(action.pay_date),
        ratio_new=action.ratio_new,
        ratio_old=action.ratio_old,
        cash=action.cash,
        sources=bytes.fromhex(action.sources),
        signers=signers,
    )
    stage = program.stage(
        mint=mint,
        action=name,
        expected=change.expected.value,
        multiplier=change.multiplier.value,
        f64=int.from_bytes(change.multiplier.to_f64_bytes(), "little"),
        effective_at=change.effective_at,
        epoch_after=change.epoch_after,
        ratio_new=change.ratio_new,
        ratio_old=change.ratio_old,
        paused_from=change.paused_from,
        signers=signers,
    )
    return [announce, stage]


def _day(day: date | None) -> int:
    """20260302 for the second of March 2026, 0 for a day that is not known."""
    return int(day.strftime("%Y%m%d")) if day else 0
