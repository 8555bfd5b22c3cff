"""What happened to the shares: the register that alone moves a multiplier or ends a token."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.reasons import NO_HASH, NOBODY, Block, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, CORPORATE_ACTION, Signers
from tests.issuance.contracts.model.token import HORIZON_S_MAX, NOTICE_S_MIN, Change, Token

UNKNOWN, ANNOUNCED, STAGED, APPLIED, FINAL, CANCELLED, CORRECTED = range(7)
RISING, FALLING, ENDING = ("SPLF", "DVSE"), ("SPLR",), ("MRGR", "CHAN", "DLST")
KINDS = (*RISING, *FALLING, "DVCA", *ENDING)
PAUSED_S_MAX = 7 * 86_400


class CorporateAction(NamedTuple):
    """As it is signed; dates as YYYYMMDD."""

    id: bytes
    token: str
    kind: bytes
    ex_date: int
    record_date: int
    pay_date: int
    new: int
    old: int
    cash: int
    into: str
    sources: bytes
    corrects: bytes

    @property
    def caev(self) -> str:
        """The ISO 20022 code."""
        return self.kind.decode("ascii", "replace")


class MultiplierChange(NamedTuple):
    """As it is signed."""

    token: str
    expected: int
    multiplier: int
    effective_at: int
    epoch_after: int
    action: bytes
    new: int
    old: int
    paused_from: int


class Steps(NamedTuple):
    """Who signed a step for both roles, in the order of the signatures."""

    by_action: Sequence[str]
    by_attestor: Sequence[str]


@dataclass
class Actions:
    """Actions and their states, by id."""

    at: str
    signers: Signers
    issuer: Issuer
    block: Block
    coins: set[str] = field(default_factory=set)
    known: dict[bytes, CorporateAction] = field(default_factory=dict)
    states: dict[bytes, int] = field(default_factory=dict)
    effective: dict[bytes, int] = field(default_factory=dict)
    changes: dict[bytes, MultiplierChange] = field(default_factory=dict)
    staged: dict[str, list[bytes]] = field(default_factory=dict)
    openings: dict[str, bytes] = field(default_factory=dict)

    # ---------------------------------------------------------------- what is asked

    def state_of(self, action: bytes) -> int:
        """Applied follows from time."""
        state = self.states.get(action, UNKNOWN)
        return APPLIED if state == STAGED and self.block.now >= self.effective[action] else state

    def of(self, token: str) -> list[bytes]:
        """A token's actions in the order of announcement."""
        return [action.id for action in self.known.values() if action.token == token]

    def ended(self, token: str) -> bool:
        """Whether its end is staged, applied or final."""
        return token in self.openings

    def successor_of(self, token: str) -> str:
        """What it becomes; nobody if it does not end, or in cash."""
        action = self.known[self.openings[token]] if token in self.openings else None
        return action.into if action and action.caev != "DLST" else NOBODY

    def window(self, token: str) -> tuple[int, int, bool]:
        """From when to when the newest change that stands makes the price wait, and whether the token has ended."""
        standing = self.staged.get(token, [])
        change = self.changes[standing[-1]] if standing else None
        ended = token in self.openings and self.block.now >= self.effective[self.openings[token]]
        return (change.paused_from, change.effective_at, ended) if change else (0, 0, ended)

    # ---------------------------------------------------------------- steps

    def _signed(self, by: Steps) -> Reasons:
        reasons = Reasons()
        signed = self.signers.signed(CORPORATE_ACTION, by.by_action)
        reasons.unless(signed, "actions: corporate action signature was wrong")
        reasons.unless(self.signers.signed(ATTESTOR, by.by_attestor), "actions: attestor signature was wrong")
        return reasons

    def announce(self, action: CorporateAction, by: Steps) -> Reasons:
        """Once for an id; one that corrects another takes its place."""
        reasons = self._signed(by)
        reasons.needs(_unsound(action))
        reasons.unless(action.id not in self.known, "actions: id was used")
        reasons.unless(action.token in self.issuer.tokens, "actions: token was not registered")
        if action.caev == "DLST":
            reasons.unless(action.into in self.coins, "actions: stablecoin was no contract")
        elif action.into != NOBODY:
            reasons.unless(action.into in self.issuer.tokens, "actions: successor was not registered")
        if action.corrects != NO_HASH:
            reasons.needs(self._uncorrectable(action))
        if not reasons:
            self.known[action.id], self.states[action.id] = action, ANNOUNCED
            if action.corrects != NO_HASH:
                pending = self.state_of(action.corrects) == STAGED
                self.states[action.corrects] = CORRECTED
                if pending:
                    self._take_back(self.known[action.corrects])
        return reasons

    def _uncorrectable(self, action: CorporateAction) -> Reasons:
        reasons, corrected = Reasons(), self.known.get(action.corrects)
        theirs = corrected is not None and corrected.token == action.token and action.corrects != action.id
        reasons.unless(theirs, "actions: corrected action was not the token's")
        if corrected:
            state = self.state_of(action.corrects)
            reasons.unless(state not in {CANCELLED, CORRECTED}, "actions: corrected action did not stand")
            in_force = state in {APPLIED, FINAL} and corrected.caev in ENDING
            reasons.unless(not in_force, "actions: conversion was in force")
        return reasons

    def stage(self, change: MultiplierChange, by: Steps) -> Reasons:
        """The exact multiplier of an announced split or dividend, with notice."""
        reasons, action = self._signed(by), self.known.get(change.action)
        reasons.unless(self.state_of(change.action) == ANNOUNCED, "actions: action was not announced")
        if action is None:
            return reasons
        token = self.issuer.tokens[action.token]
        reasons.needs(self._inexact(change, action, token))
        if action.token in self.openings:
            before_end = change.effective_at <= self.effective[self.openings[action.token]]
            reasons.unless(before_end, "actions: token ended before")
        planned = Change(change.multiplier, change.effective_at, change.epoch_after, change.action)
        if not reasons:
            reasons.needs(token.schedule(self.at, change.expected, planned))
        if not reasons:
            self.states[change.action] = STAGED
            self.effective[change.action] = change.effective_at
            self.changes[change.action] = change
            self.staged.setdefault(action.token, []).append(change.action)
        return reasons

    def _inexact(self, change: MultiplierChange, action: CorporateAction, token: Token) -> Reasons:
        reasons = Reasons()
        reasons.unless(action.caev not in ENDING, "actions: action moved no multiplier")
        reasons.unless(change.token == action.token, "actions: action was another token's")
        if action.caev == "DVCA":
            reasons.unless(_are_parts(change.new, change.old), "actions: ratio was out of bounds")
            reasons.unless(change.new > change.old, "actions: dividend did not raise the multiplier")
        else:
            same = (change.new, change.old) == (action.new, action.old)
            reasons.unless(same, "actions: ratio was not the announced")
        exact = token.multiplier.value * change.new // change.old if change.old else -1
        reasons.unless(change.multiplier == exact, "actions: multiplier was not the ratio's")
        epoch = token.epoch + (action.caev != "DVCA")
        reasons.unless(change.epoch_after == epoch, "actions: epoch was not of its kind")
        reasons.unless(change.paused_from <= change.effective_at, "actions: window ended before it began")
        recent = change.paused_from + PAUSED_S_MAX >= self.block.now
        reasons.unless(recent, "actions: window began too long ago")
        return reasons

    def open_conversion(self, action_id: bytes, effective_at: int, by: Steps) -> Reasons:
        """From when holders convert or are paid; the token takes no more mints from now on."""
        reasons, action = self._signed(by), self.known.get(action_id)
        reasons.unless(self.state_of(action_id) == ANNOUNCED, "actions: action was not announced")
        if action is None:
            return reasons
        notice = effective_at - self.block.now
        reasons.unless(action.caev in ENDING, "actions: action ended no token")
        reasons.unless(notice >= NOTICE_S_MIN, "actions: notice was too short")
        reasons.unless(notice <= HORIZON_S_MAX, "actions: effective time was too far ahead")
        reasons.unless(action.token not in self.openings, "actions: token was ended")
        reasons.unless(action.into not in self.openings, "actions: successor was ended")
        pending = self.issuer.tokens[action.token].pending
        reasons.unless(not pending or pending.at <= effective_at, "actions: a change was pending beyond the end")
        if not reasons:
            self.states[action_id], self.effective[action_id] = STAGED, effective_at
            self.openings[action.token] = action_id
            reasons.needs(self.issuer.close(self.at, action.token))
        return reasons

    def cancel(self, action_id: bytes, reason: bytes, by: Steps) -> Reasons:
        """What has not taken effect."""
        reasons, state = self._signed(by), self.state_of(action_id)
        reasons.unless(reason != NO_HASH, "actions: reason was zero")
        reasons.unless(state in {ANNOUNCED, STAGED}, "actions: action was not pending")
        if not reasons:
            self.states[action_id] = CANCELLED
            if state == STAGED:
                self._take_back(self.known[action_id])
        return reasons

    def finish(self, action_id: bytes, evidence: bytes, by: Steps) -> Reasons:
        """What has taken effect and is done with."""
        reasons = self._signed(by)
        reasons.unless(evidence != NO_HASH, "actions: evidence was zero")
        reasons.unless(self.state_of(action_id) == APPLIED, "actions: action was not applied")
        if not reasons:
            self.states[action_id] = FINAL
        return reasons

    def _take_back(self, action: CorporateAction) -> None:
        if action.caev in ENDING:
            del self.openings[action.token]
        else:
            self.staged[action.token].remove(action.id)
            assert not self.issuer.tokens[action.token].cancel(self.at, action.id)


def _unsound(action: CorporateAction) -> Reasons:
    """What does not fit the kind."""
    reasons = Reasons()
    reasons.unless(action.id != NO_HASH, "actions: id was zero")
    reasons.unless(action.sources != NO_HASH, "actions: sources were zero")
    dates = (action.ex_date, action.record_date, action.pay_date)
    reasons.unless(all(map(_is_date_or_unknown, dates)), "actions: date was no date")
    reasons.unless(action.caev in KINDS, "actions: kind was unknown")
    reasons.unless(_ratio_fits(action), "actions: ratio was not of its kind")
    if action.caev in {"DVCA", "DLST"}:
        reasons.unless(0 < action.cash < 2**128, "actions: cash was out of bounds")
    else:
        reasons.unless(action.cash == 0, "actions: cash was not of its kind")
    reasons.unless((action.into != NOBODY) == (action.caev in ENDING), "actions: into was not of its kind")
    reasons.unless(action.into != action.token, "actions: token was its own successor")
    return reasons


def _are_parts(new: int, old: int) -> bool:
    return 0 < new < 2**128 and 0 < old < 2**128


def _ratio_fits(action: CorporateAction) -> bool:
    """None for cash, above one for what splits, below one for what joins, small for what is converted."""
    if action.caev in {"DVCA", "DLST"}:
        return action.new == action.old == 0
    if action.caev in ENDING:
        return 0 < action.new < 2**32 and 0 < action.old < 2**32
    rises = action.new > action.old if action.caev in RISING else action.new < action.old
    return rises and _are_parts(action.new, action.old)


def _is_date_or_unknown(day: int) -> bool:
    return day == 0 or (19000101 <= day <= 99991231 and 1 <= day // 100 % 100 <= 12 and 1 <= day % 100 <= 31)
