# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A window: at most a cap at once, and what was used comes back evenly over a span
@license Apache-2.0
@notice One word: the time at which so much was used above 72 bits of its owner's, the cap and what was used; 40 bits of
        seconds reach beyond the year 36,000, and 72 bits hold each of the others, in grains. Holds no state.
"""

# the grain; stateless
import vouchers as rules

LOW_72: constant(uint256) = 2**72 - 1
HOUR_S: constant(uint256) = 3_600


@internal
@view
def _left(window: uint256, span: uint256) -> uint256:
    """
    @notice Raw that may be used now.
    """
    cap: uint256 = self._cap(window)
    return (cap - min(cap, self._used(window, span))) * rules.GRAIN


@internal
@view
def _used(window: uint256, span: uint256) -> uint256:
    """
    @notice What is used by now: as much as at the window's time, less what came back since then.
    """
    used: uint256 = window & LOW_72
    refilled: uint256 = self._cap(window) * (block.timestamp - (window >> 216)) // span
    return used - min(used, refilled)


@internal
@view
def _window(beside: uint256, cap: uint256, used: uint256) -> uint256:
    # what is used was once at most a cap, so 72 bits hold it
    return (block.timestamp << 216) | (beside << 144) | (cap << 72) | used


@internal
@pure
def _cap(window: uint256) -> uint256:
    return (window >> 72) & LOW_72


@internal
@pure
def _beside(window: uint256) -> uint256:
    """
    @notice What its owner keeps in it beside the cap.
    """
    return (window >> 144) & LOW_72


@internal
@pure
def _refuse_unless_cap(cap: uint256):
    assert cap % rules.GRAIN == 0, "issuer: limit was finer than 1e-8"
    assert cap // rules.GRAIN <= LOW_72, "issuer: limit was out of bounds"
