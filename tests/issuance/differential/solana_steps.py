"""Every step as the Solana program's instructions."""

import math
import struct
from abc import ABC, abstractmethod
from fractions import Fraction

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.differential import people, steps
from tests.issuance.differential.people import solana_key
from tests.issuance.differential.steps import Names, Request, Step

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.chains.solana.program_accounts import IssuerAccount
from openscrip.issuance.chains.solana.program_parts import NO_HASH, Operation, Role
from openscrip.issuance.chains.solana.token_program import Authority, associated_account, transfer_checked

_SALT = bytes(8)


class SolanaSteps(ABC):
    """Builds instructions; what goes through the timelock is queued and executed in one transaction."""

    def __init__(self) -> None:
        self.program = local_program()
        self.payer = solana_key("payer").pubkey()
        self.mint = solana_key("mint").pubkey()
        self.accounts = {name: associated_account(solana_key(name).pubkey(), self.mint) for name in people.HOLDERS}
        self.salt = 0

    @abstractmethod
    def powers(self) -> IssuerAccount:
        """Who signs now."""

    def instructions(self, step: Step) -> list[Instruction]:
        """What is sent for a step."""
        found: list[Instruction] = getattr(self, "_" + type(step).__name__.lower())(step)
        return found

    def _report(self, step: steps.Report, *, lenient: bool = False) -> list[Instruction]:
        return [
            self.program.report(
                mint=self.mint, shares=step.shares, encumbered=step.encumbered, in_transit=step.in_transit,
                allocation=step.allocation, epoch=step.epoch, as_of=step.as_of, sequence=step.sequence, lenient=lenient,
                signers=self.keys((*step.by, *step.attestors)),
            )
        ]  # fmt: skip

    def _mint(self, step: steps.Mint) -> list[Instruction]:
        origin = step.origin if isinstance(step.origin, bytes) else bytes(self.redemption(step.origin))
        minting = self.program.mint(
            payer=self.payer, mint=self.mint, destination=self.accounts[step.receiver], kind=step.kind, raw=step.raw,
            request=step.request, evidence=step.evidence, origin=origin, epoch=step.epoch, multiplier=step.multiplier,
            signer_epoch=step.signer_epoch, deadline=step.deadline, signers=self.keys((*step.issuers, *step.attestors)),
        )  # fmt: skip
        return [*(self._report(step.report, lenient=True) if step.report else []), minting]

    def _batch(self, step: steps.Batch) -> list[Instruction]:
        return [instruction for each in step.mints for instruction in self._mint(each)]

    def _transfer(self, step: steps.Transfer) -> list[Instruction]:
        owner = Authority(solana_key(step.sender).pubkey())
        parties = (self.accounts[step.sender], self.mint, self.accounts[step.to])
        return [transfer_checked(*parties, owner, step.raw, 8)]

    def _void(self, step: steps.Void) -> list[Instruction]:
        return [self.program.void(payer=self.payer, request=step.request, signers=self.keys(step.by))]

    def _escrow(self, step: steps.Escrow) -> list[Instruction]:
        holder, source = self._holder(step.asked)
        return [
            self.program.escrow(
                payer=self.payer, mint=self.mint, holder=holder, source=source, kind=step.kind, raw=step.raw,
                request=step.asked.request,
            )
        ]  # fmt: skip

    def _depart(self, step: steps.Depart) -> list[Instruction]:
        holder, source = self._holder(step.asked)
        return [
            self.program.depart(
                payer=self.payer, mint=self.mint, holder=holder, source=source, raw=step.raw, request=step.asked.request,
                destination=step.destination, receiver=step.receiver,
            )
        ]  # fmt: skip

    def _burn(self, step: steps.Burn) -> list[Instruction]:
        holder, _ = self._holder(step.asked)
        return [
            self.program.burn(mint=self.mint, holder=holder, request=step.asked.request, signers=self.keys(step.by))
        ]  # fmt: skip

    def _refund(self, step: steps.Refund) -> list[Instruction]:
        holder, account = self._holder(step.asked)
        return [
            self.program.refund(
                mint=self.mint, holder=holder, request=step.asked.request, destination=account, signers=self.keys(step.by)
            )
        ]

    def _pause(self, step: steps.Pause) -> list[Instruction]:
        return [self.program.pause(mint=self.mint, scope=step.scope, signers=self.keys(step.by))]

    def _resume(self, step: steps.Resume) -> list[Instruction]:
        return self._owner(operations.resume(self.program, salt=_SALT, mint=self.mint, scope=step.scope))

    def _freeze(self, step: steps.Freeze) -> list[Instruction]:
        account = self.accounts[step.account]
        return [self.program.freeze(mint=self.mint, account=account, reason=step.reason, signers=self.keys(step.by))]

    def _thaw(self, step: steps.Thaw) -> list[Instruction]:
        account = self.accounts[step.account]
        return self._owner(operations.thaw(self.program, salt=_SALT, mint=self.mint, account=account, reason=step.reason))

    def _recover(self, step: steps.Recover) -> list[Instruction]:
        return self._owner(
            operations.recover(
                self.program, salt=_SALT, mint=self.mint, account=self.accounts[step.account], to=self.accounts[step.to],
                amount=step.raw, case=step.case, reason=step.reason,
            )
        )  # fmt: skip

    def _limits(self, step: steps.Limits) -> list[Instruction]:
        supply, day, hour = step.caps
        if step.by:
            return [
                self.program.lower_limits(
                    mint=self.mint, supply_cap=supply, day_cap=day, hour_cap=hour, signers=self.keys(step.by)
                )
            ]
        limits = operations.limits(self.program, salt=_SALT, mint=self.mint, supply_cap=supply, day_cap=day, hour_cap=hour)
        return self._owner(limits)

    def _setlane(self, step: steps.SetLane) -> list[Instruction]:
        if step.by:
            return [
                self.program.lower_lane(
                    mint=self.mint, destination=step.destination, hour_cap=step.hour_cap, signers=self.keys(step.by)
                )
            ]
        lane = operations.lane(
            self.program, salt=_SALT, mint=self.mint, destination=step.destination, hour_cap=step.hour_cap, life_s=step.life_s
        )
        return self._owner(lane)

    def _setsigners(self, step: steps.SetSigners) -> list[Instruction]:
        keys = self.role(step.members, step.threshold)
        return self._owner(operations.signers(salt=_SALT, role=step.role, keys=keys))

    def _setguardian(self, step: steps.SetGuardian) -> list[Instruction]:
        return self._owner(operations.guardian(salt=_SALT, key=solana_key(step.name).pubkey()))

    def _announce(self, step: steps.Announce) -> list[Instruction]:
        into = {"": NO_HASH, "itself": bytes(self.mint)}.get(step.into, step.into.encode().ljust(32, b"\0"))
        ex_date, record_date, pay_date = step.dates
        return [
            self.program.announce(
                payer=self.payer, mint=self.mint, action=step.action, kind=step.kind, ex_date=ex_date,
                record_date=record_date, pay_date=pay_date, ratio_new=step.ratio_new, ratio_old=step.ratio_old,
                cash=step.cash, into=into, sources=step.sources, corrects=step.corrects,
                signers=self.keys((*step.actions, *step.attestors)),
            )
        ]  # fmt: skip

    def _stage(self, step: steps.Stage) -> list[Instruction]:
        return [
            self.program.stage(
                mint=self.mint, action=step.action, expected=step.expected, multiplier=step.multiplier,
                f64=f64_bits(step.multiplier), effective_at=step.effective_at, epoch_after=step.epoch_after,
                ratio_new=step.ratio_new, ratio_old=step.ratio_old, paused_from=step.paused_from,
                signers=self.keys((*step.actions, *step.attestors)),
            )
        ]  # fmt: skip

    def _announceandstage(self, step: steps.AnnounceAndStage) -> list[Instruction]:
        return [*self._announce(step.announcing), *self._stage(step.staging)]

    def _cancel(self, step: steps.Cancel) -> list[Instruction]:
        by = self.keys((*step.actions, *step.attestors))
        return [self.program.cancel(mint=self.mint, action=step.action, reason=step.reason, signers=by)]

    def _finish(self, step: steps.Finish) -> list[Instruction]:
        by = self.keys((*step.actions, *step.attestors))
        return [self.program.finish(mint=self.mint, action=step.action, evidence=step.evidence, signers=by)]

    def _end(self, step: steps.End) -> list[Instruction]:
        by = self.keys((*step.actions, *step.attestors))
        return [self.program.end(mint=self.mint, action=step.action, effective_at=step.effective_at, signers=by)]

    def _owner(self, operation: Operation) -> list[Instruction]:
        """Through the timelock without a wait: queued and executed by whoever is in force now."""
        powers = self.powers()
        two = [*powers.issuer.keys[: powers.issuer.threshold], *powers.attestor.keys[: powers.attestor.threshold]]
        self.salt += 1
        operation = Operation(self.salt.to_bytes(8, "little") + operation.data[8:], operation.accounts)
        return [
            self.program.queue(payer=self.payer, operation_hash=operation.hash, signers=two),
            self.program.execute(payer=self.payer, operation=operation, signers=two[:1]),
        ]

    def keys(self, names: Names) -> list[Pubkey]:
        """The accounts of these people."""
        return [solana_key(name).pubkey() for name in names]

    def role(self, members: Names, threshold: int) -> Role:
        """These people as a role."""
        return Role.of(threshold, *self.keys(members))

    def _holder(self, asked: Request) -> tuple[Pubkey, Pubkey]:
        return solana_key(asked.holder).pubkey(), self.accounts[asked.holder]

    def redemption(self, asked: Request) -> Pubkey:
        """Where what was asked for is kept."""
        return self.program.redemption(solana_key(asked.holder).pubkey(), asked.request)


def f64_bits(multiplier: int) -> int:
    """The nearest f64 not above, as its bits."""
    near = multiplier / 10**18
    if Fraction(near) > Fraction(multiplier, 10**18):
        near = math.nextafter(near, 0.0)
    return int.from_bytes(struct.pack("<d", near), "little")
