# pragma version 0.4.3
# pragma evm-version cancun
"""
@title CorporateActions: the register of what happened to the shares, and alone what moves a multiplier
@license Apache-2.0
@notice An action is announced with its CAEV code, dates, exact ratio, cash and the hash of its sources. A split or a dividend
        is then staged: its multiplier is scheduled on the token, exactly by its ratio, with a window in which the price
        waits. A merger, a change of symbol or a delisting opens a conversion instead, and the token takes no more mints.
        Each step is signed by the corporate-action keys and the attestors; anyone may relay it.
@dev    `applied` follows from time and is never stored. An action serves once, for ever: also one that was taken back. On
        one token at most one change and one opening are pending, and no change comes after the opening: conversions are
        made by the multiplier of that second, for ever.
"""

# digests; stateless
import typed_data
# what an action must look like, kind by kind; stateless
import action_rules as rules
import ICorporateActions
import IIssuer
import ISigners
import IStockToken

implements: ICorporateActions


event ActionAnnounced:
    id: indexed(bytes32)
    token: indexed(address)
    kind: indexed(bytes4)
    exDate: uint32
    recordDate: uint32
    payDate: uint32
    ratioNew: uint256
    ratioOld: uint256
    cash: uint256
    into: address
    sources: bytes32
    corrects: bytes32


event MultiplierScheduled:
    actionId: indexed(bytes32)
    token: indexed(address)
    expected: uint256
    multiplier: uint256
    effectiveAt: uint64
    epochAfter: uint64


event MultiplierCancelled:
    actionId: indexed(bytes32)
    token: indexed(address)


event ConversionOpened:
    actionId: indexed(bytes32)
    token: indexed(address)
    into: address
    effectiveAt: uint64


event ActionCancelled:
    actionId: indexed(bytes32)
    reason: bytes32


event ActionFinished:
    actionId: indexed(bytes32)
    evidence: bytes32


event ActionCorrected:
    actionId: indexed(bytes32)
    by: indexed(bytes32)


_NAME: constant(bytes32) = keccak256("Openscrip CorporateActions")
_ACTION_TYPE: constant(bytes32) = keccak256(
    "CorporateAction(bytes32 id,address token,bytes4 kind,uint32 exDate,uint32 recordDate,uint32 payDate,uint256 ratioNew,uint256 ratioOld,uint256 cash,address into,bytes32 sources,bytes32 corrects)"
)
_CHANGE_TYPE: constant(bytes32) = keccak256(
    "MultiplierChange(address token,uint256 expected,uint256 multiplier,uint64 effectiveAt,uint64 epochAfter,bytes32 actionId,uint256 ratioNew,uint256 ratioOld,uint64 pausedFrom)"
)
_OPENING_TYPE: constant(bytes32) = keccak256("ActionOpening(bytes32 actionId,uint64 effectiveAt)")
_CANCEL_TYPE: constant(bytes32) = keccak256("ActionCancel(bytes32 actionId,bytes32 reason)")
_FINISH_TYPE: constant(bytes32) = keccak256("ActionFinish(bytes32 actionId,bytes32 evidence)")
# roles in Signers
_ATTESTOR: constant(uint8) = 2
_CORPORATE_ACTION: constant(uint8) = 3
# states; zero for an action that was never announced
_ANNOUNCED: constant(uint8) = 1
_STAGED: constant(uint8) = 2
_APPLIED: constant(uint8) = 3
_FINAL: constant(uint8) = 4
_CANCELLED: constant(uint8) = 5
_CORRECTED: constant(uint8) = 6

signers: public(immutable(ISigners))
issuer: public(immutable(IIssuer))

# --- actions by id ---
action: public(HashMap[bytes32, ICorporateActions.CorporateAction])
states: HashMap[bytes32, uint8]
change_of: public(HashMap[bytes32, ICorporateActions.MultiplierChange])
# UTC seconds, once staged
effective_at: public(HashMap[bytes32, uint64])
# --- actions of each token, in order of announcement ---
action_count: public(HashMap[address, uint256])
action_at: public(HashMap[address, HashMap[uint256, bytes32]])
# --- the newest change of each token that stands, and the one before it, for when the newest is taken back ---
newest: HashMap[address, bytes32]
before_newest: HashMap[address, bytes32]
# --- the merger, change or delisting that ends each token: staged, applied or final ---
opening_of: public(HashMap[address, bytes32])


@deploy
def __init__(signers_: ISigners, issuer_: IIssuer):
    assert signers_.address != empty(address), "actions: signers was zero"
    assert issuer_.address != empty(address), "actions: issuer was zero"
    signers = signers_
    issuer = issuer_


# ------------------------------------------------------------------ the steps of an action


@external
@nonreentrant
def announce(
    action: ICorporateActions.CorporateAction, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    """
    @notice Records an action. One that corrects another marks it, and takes its change back if that is still pending.
    """
    self._announce(action, corporate_action_signatures, attestor_signatures)


@external
@nonreentrant
def stage(
    change: ICorporateActions.MultiplierChange, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    """
    @notice Schedules the multiplier of an announced split or dividend, once.
    """
    self._stage(change, corporate_action_signatures, attestor_signatures)


@external
@nonreentrant
def announce_and_stage(
    action: ICorporateActions.CorporateAction,
    corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455],
    change: ICorporateActions.MultiplierChange,
    change_corporate_action_signatures: Bytes[455], change_attestor_signatures: Bytes[455],
):
    """
    @notice Both steps of one action in one transaction.
    """
    assert change.actionId == action.id, "actions: change was for another action"
    self._announce(action, corporate_action_signatures, attestor_signatures)
    self._stage(change, change_corporate_action_signatures, change_attestor_signatures)


@external
@nonreentrant
def open_conversion(
    opening: ICorporateActions.ActionOpening, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    """
    @notice Says from when holders of a merged, renamed or delisted token convert it or are paid, and closes it for mints.
    """
    struct_hash: bytes32 = keccak256(abi_encode(_OPENING_TYPE, opening))
    self._refuse_unless_signed(struct_hash, corporate_action_signatures, attestor_signatures)
    action: ICorporateActions.CorporateAction = self.action[opening.actionId]
    assert self._state_of(opening.actionId) == _ANNOUNCED, "actions: action was not announced"
    assert rules._ends(action.kind), "actions: action ended no token"
    at: uint256 = convert(opening.effectiveAt, uint256)
    rules._refuse_unless_noticed(at)
    assert self.opening_of[action.token] == empty(bytes32), "actions: token was ended"
    assert self.opening_of[action.into] == empty(bytes32), "actions: successor was ended"
    standing: IStockToken.Standing = staticcall IStockToken(action.token).standing()
    assert standing.effectiveAt <= at, "actions: a change was pending beyond the end"

    self.states[action.id] = _STAGED
    self.effective_at[action.id] = opening.effectiveAt
    self.opening_of[action.token] = action.id
    log ConversionOpened(
        actionId=action.id, token=action.token, into=action.into, effectiveAt=opening.effectiveAt
    )
    extcall issuer.close(action.token)


@external
@nonreentrant
def cancel(
    cancellation: ICorporateActions.ActionCancel, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    """
    @notice Takes back an action that has not taken effect. Its id stays used. A token that was closed for it stays closed
            until the owner sets limits again.
    """
    struct_hash: bytes32 = keccak256(abi_encode(_CANCEL_TYPE, cancellation))
    self._refuse_unless_signed(struct_hash, corporate_action_signatures, attestor_signatures)
    assert cancellation.reason != empty(bytes32), "actions: reason was zero"
    state: uint8 = self._state_of(cancellation.actionId)
    assert state in [_ANNOUNCED, _STAGED], "actions: action was not pending"
    self.states[cancellation.actionId] = _CANCELLED
    log ActionCancelled(actionId=cancellation.actionId, reason=cancellation.reason)
    if state == _STAGED:
        self._take_back(cancellation.actionId)


@external
@nonreentrant
def finish(
    finishing: ICorporateActions.ActionFinish, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    """
    @notice Records that an applied action is done with: verified on chains, statement and ledger, and its cash arrived.
    """
    struct_hash: bytes32 = keccak256(abi_encode(_FINISH_TYPE, finishing))
    self._refuse_unless_signed(struct_hash, corporate_action_signatures, attestor_signatures)
    assert finishing.evidence != empty(bytes32), "actions: evidence was zero"
    assert self._state_of(finishing.actionId) == _APPLIED, "actions: action was not applied"
    self.states[finishing.actionId] = _FINAL
    log ActionFinished(actionId=finishing.actionId, evidence=finishing.evidence)


# ------------------------------------------------------------------ views


@external
@view
def state_of(id: bytes32) -> uint8:
    """
    @return 0 unknown, 1 announced, 2 staged, 3 applied, 4 final, 5 cancelled, 6 corrected
    """
    return self._state_of(id)


@external
@view
def window(token: address) -> (uint64, uint64, bool):
    """
    @notice From when to when the newest change that stands makes the price wait, zeros for a token without one; and
            whether the token has ended by now.
    """
    newest: bytes32 = self.newest[token]
    opening: bytes32 = self.opening_of[token]
    ended: bool = opening != empty(bytes32) and self._is_in_force(opening)
    return self.change_of[newest].pausedFrom, self.effective_at[newest], ended


@external
@view
def ended(token: address) -> bool:
    """
    @notice Whether the token's end is staged, applied or final: its limits stay at zero.
    """
    return self.opening_of[token] != empty(bytes32)


@external
@view
def successor_of(token: address) -> address:
    """
    @notice What the token is or will be converted into; zero if it does not end, or ends in cash.
    """
    action: ICorporateActions.CorporateAction = self.action[self.opening_of[token]]
    return empty(address) if action.kind == rules.DLST else action.into


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(_NAME)


# ------------------------------------------------------------------ internal


@internal
def _announce(
    action: ICorporateActions.CorporateAction, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    struct_hash: bytes32 = keccak256(abi_encode(_ACTION_TYPE, action))
    self._refuse_unless_signed(struct_hash, corporate_action_signatures, attestor_signatures)
    rules._refuse_unless_sound(action)
    assert self.states[action.id] == 0, "actions: id was used"
    assert staticcall issuer.feed_of(action.token) != empty(address), "actions: token was not registered"
    if action.kind == rules.DLST:
        assert action.into.is_contract, "actions: stablecoin was no contract"
    elif action.into != empty(address):
        assert staticcall issuer.feed_of(action.into) != empty(address), "actions: successor was not registered"

    number: uint256 = self.action_count[action.token]
    self.action_count[action.token] = number + 1
    self.action_at[action.token][number] = action.id
    self.action[action.id] = action
    self.states[action.id] = _ANNOUNCED
    log ActionAnnounced(
        id=action.id, token=action.token, kind=action.kind, exDate=action.exDate, recordDate=action.recordDate,
        payDate=action.payDate, ratioNew=action.ratioNew, ratioOld=action.ratioOld, cash=action.cash, into=action.into,
        sources=action.sources, corrects=action.corrects
    )
    if action.corrects != empty(bytes32):
        self._correct(action.corrects, action.id, action.token)


@internal
def _correct(id: bytes32, by: bytes32, token: address):
    """
    @notice A change in force stays in force: the correction's own change builds on it. A conversion in force cannot be
            corrected, since holders may have converted by it.
    """
    assert self.action[id].token == token and id != by, "actions: corrected action was not the token's"
    state: uint8 = self._state_of(id)
    assert state not in [_CANCELLED, _CORRECTED], "actions: corrected action did not stand"
    assert state in [_ANNOUNCED, _STAGED] or self.opening_of[token] != id, "actions: conversion was in force"
    self.states[id] = _CORRECTED
    log ActionCorrected(actionId=id, by=by)
    if state == _STAGED:
        self._take_back(id)


@internal
def _stage(
    change: ICorporateActions.MultiplierChange, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    struct_hash: bytes32 = keccak256(abi_encode(_CHANGE_TYPE, change))
    self._refuse_unless_signed(struct_hash, corporate_action_signatures, attestor_signatures)
    assert self._state_of(change.actionId) == _ANNOUNCED, "actions: action was not announced"
    rules._refuse_unless_exact(change, self.action[change.actionId])
    opening: bytes32 = self.opening_of[change.token]
    if opening != empty(bytes32):
        assert change.effectiveAt <= self.effective_at[opening], "actions: token ended before"

    self.states[change.actionId] = _STAGED
    self.effective_at[change.actionId] = change.effectiveAt
    self.change_of[change.actionId] = change
    self.before_newest[change.token] = self.newest[change.token]
    self.newest[change.token] = change.actionId
    log MultiplierScheduled(
        actionId=change.actionId, token=change.token, expected=change.expected, multiplier=change.multiplier,
        effectiveAt=change.effectiveAt, epochAfter=change.epochAfter
    )
    # refuses another expected multiplier, a pending change, bounds, and a time too near or too far
    extcall IStockToken(change.token).schedule(
        change.expected, change.multiplier, change.effectiveAt, change.epochAfter, change.actionId
    )


@internal
def _take_back(id: bytes32):
    """
    @notice What a staged action that has not taken effect had set in motion.
    """
    token: address = self.action[id].token
    if self.opening_of[token] == id:
        self.opening_of[token] = empty(bytes32)
        return
    self.newest[token] = self.before_newest[token]
    log MultiplierCancelled(actionId=id, token=token)
    extcall IStockToken(token).cancel(id)


@internal
@view
def _state_of(id: bytes32) -> uint8:
    state: uint8 = self.states[id]
    return _APPLIED if state == _STAGED and self._is_in_force(id) else state


@internal
@view
def _is_in_force(id: bytes32) -> bool:
    """
    @notice From the first block at or after its time, as the token counts.
    """
    return block.timestamp >= convert(self.effective_at[id], uint256)


@internal
@view
def _refuse_unless_signed(
    struct_hash: bytes32, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    digest: bytes32 = typed_data._digest(_NAME, struct_hash)
    by_corporate_action: bool = False
    by_attestor: bool = False
    by_corporate_action, by_attestor = staticcall signers.signed_by_two(
        digest, _CORPORATE_ACTION, corporate_action_signatures, _ATTESTOR, attestor_signatures
    )
    assert by_corporate_action, "actions: corporate action signature was wrong"
    assert by_attestor, "actions: attestor signature was wrong"
