# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What the facts of a corporate action must look like, kind by kind
@license Apache-2.0
@notice Kinds are ISO 20022 CAEV codes: SPLF forward split, SPLR reverse split, DVSE stock dividend, DVCA cash dividend,
        MRGR merger, CHAN change of symbol or name, DLST delisting. Holds no state.
@dev    A split's ratio parts fit 128 bits and a multiplier 80, so a multiplier times one never overflows; a conversion's
        fit 32 bits, see `Conversion`.
"""

import ICorporateActions
import IStockToken

_SPLF: constant(bytes4) = 0x53504c46
_SPLR: constant(bytes4) = 0x53504c52
_DVSE: constant(bytes4) = 0x44565345
DVCA: constant(bytes4) = 0x44564341
MRGR: constant(bytes4) = 0x4d524752
CHAN: constant(bytes4) = 0x4348414e
DLST: constant(bytes4) = 0x444c5354
# as the token's own bounds for a change
_NOTICE_S_MIN: constant(uint256) = 10 * 60
_HORIZON_S_MAX: constant(uint256) = 60 * 86_400
# A window starts at the last close before the ex-date: no holiday makes that a week before the staging.
_PAUSED_S_MAX: constant(uint256) = 7 * 86_400


@internal
@pure
def _refuse_unless_sound(action: ICorporateActions.CorporateAction):
    assert action.id != empty(bytes32), "actions: id was zero"
    assert action.sources != empty(bytes32), "actions: sources were zero"
    for day: uint32 in [action.exDate, action.recordDate, action.payDate]:
        assert self._is_date_or_unknown(day), "actions: date was no date"
    assert action.kind in [_SPLF, _SPLR, _DVSE, DVCA, MRGR, CHAN, DLST], "actions: kind was unknown"
    if action.kind in [DVCA, DLST]:
        assert action.ratioNew == 0 and action.ratioOld == 0, "actions: ratio was not of its kind"
        assert action.cash > 0 and action.cash < 2**128, "actions: cash was out of bounds"
    else:
        assert self._ratio_fits(action), "actions: ratio was not of its kind"
        assert action.cash == 0, "actions: cash was not of its kind"
    has_into: bool = action.into != empty(address)
    assert has_into == self._ends(action.kind), "actions: into was not of its kind"
    assert action.into != action.token, "actions: token was its own successor"


@internal
@view
def _refuse_unless_exact(change: ICorporateActions.MultiplierChange, action: ICorporateActions.CorporateAction):
    """
    @notice The multiplier is the ratio's, floored once; the ratio is the announced one, or a dividend's own, which rises.
    """
    assert not self._ends(action.kind), "actions: action moved no multiplier"
    assert change.token == action.token, "actions: action was another token's"
    if action.kind == DVCA:
        assert self._are_parts(change.ratioNew, change.ratioOld), "actions: ratio was out of bounds"
        assert change.ratioNew > change.ratioOld, "actions: dividend did not raise the multiplier"
    else:
        announced: bool = change.ratioNew == action.ratioNew and change.ratioOld == action.ratioOld
        assert announced, "actions: ratio was not the announced"
    standing: IStockToken.Standing = staticcall IStockToken(action.token).standing()
    # a multiplier is below 2**80 and a part below 2**128
    exact: uint256 = standing.multiplier * change.ratioNew // change.ratioOld
    assert change.multiplier == exact, "actions: multiplier was not the ratio's"
    epoch_after: uint64 = standing.epoch
    if action.kind in [_SPLF, _SPLR, _DVSE]:
        epoch_after += 1
    assert change.epochAfter == epoch_after, "actions: epoch was not of its kind"
    assert change.pausedFrom <= change.effectiveAt, "actions: window ended before it began"
    paused_from: uint256 = convert(change.pausedFrom, uint256)
    assert paused_from + _PAUSED_S_MAX >= block.timestamp, "actions: window began too long ago"


@internal
@view
def _refuse_unless_noticed(at: uint256):
    assert at >= block.timestamp + _NOTICE_S_MIN, "actions: notice was too short"
    assert at <= block.timestamp + _HORIZON_S_MAX, "actions: effective time was too far ahead"


@internal
@pure
def _ends(kind: bytes4) -> bool:
    """
    @notice Whether an action of this kind ends its token.
    """
    return kind in [MRGR, CHAN, DLST]


@internal
@pure
def _are_parts(new: uint256, old: uint256) -> bool:
    return new > 0 and new < 2**128 and old > 0 and old < 2**128


@internal
@pure
def _ratio_fits(action: ICorporateActions.CorporateAction) -> bool:
    if not self._are_parts(action.ratioNew, action.ratioOld):
        return False
    if self._ends(action.kind):
        return action.ratioNew < 2**32 and action.ratioOld < 2**32
    if action.kind == _SPLR:
        return action.ratioNew < action.ratioOld
    return action.ratioNew > action.ratioOld


@internal
@pure
def _is_date_or_unknown(day: uint32) -> bool:
    """
    @notice YYYYMMDD of the years 1900 to 9999, or zero.
    """
    if day == 0:
        return True
    year: uint32 = day // 10_000
    month: uint32 = day // 100 % 100
    of_month: uint32 = day % 100
    return (
        year >= 1900 and year <= 9999
        and month >= 1 and month <= 12 and of_month >= 1 and of_month <= 31
    )
