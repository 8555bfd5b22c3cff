# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The multiplier of one token, with one scheduled change, its epoch and its version
@license Apache-2.0
@notice ERC-8056's pending rules: a change is in force from the first block at or after its time, without a transaction;
        only one can be pending; whoever schedules says which multiplier they believe is in force.
"""

# every change by number and by time
import history

uses: history


event UIMultiplierUpdated:
    oldMultiplier: uint256
    newMultiplier: uint256
    effectiveAtTimestamp: uint256


event UIMultiplierUpdateCancelled:
    cancelledMultiplier: uint256
    cancelledEffectiveAt: uint256


ONE: constant(uint256) = 10**18
_MULTIPLIER_MIN: constant(uint256) = 10**12
_MULTIPLIER_MAX: constant(uint256) = 10**24
# Holders and protocols hear of a change at least this long before it takes effect. The books plan 15 minutes ahead: the
# difference is for signing and landing.
_NOTICE_S_MIN: constant(uint256) = 10 * 60
_HORIZON_S_MAX: constant(uint256) = 60 * 86_400
# Where counting may start, so that no count of later changes ever overflows.
_COUNT_MAX: constant(uint64) = 2**32

# --- base is in force until next_at, next from then on; next_at is 0 when no change was scheduled ---
base_multiplier: uint256
base_epoch: uint64
base_version: uint64
next_multiplier: uint256
next_epoch: uint64
next_at: uint256
next_action: bytes32


@external
@view
def uiMultiplier() -> uint256:
    return self._multiplier()


@external
@view
def newUIMultiplier() -> uint256:
    return self._new_multiplier()


@external
@view
def effectiveAt() -> uint256:
    return self._effective_at()


@external
@view
def multiplierVersion() -> uint64:
    return self._version()


@external
@view
def epoch() -> uint64:
    return self._epoch()


@external
@view
def newEpoch() -> uint64:
    return self._new_epoch()


@external
@view
def toUIAmount(raw: uint256) -> uint256:
    return self._to_ui_down(raw)


@external
@view
def fromUIAmount(ui: uint256) -> uint256:
    """
    @notice The most raw that stands for no more than `ui`.
    """
    return ui * ONE // self._multiplier()


@internal
def _begin(multiplier: uint256, epoch: uint64, version: uint64):
    """
    @notice Where the books stand: a chain that lists a stock later than others starts with their multiplier.
    """
    self._refuse_unless_multiplier(multiplier)
    assert epoch <= _COUNT_MAX and version <= _COUNT_MAX, "token: epoch or version was out of bounds"
    self.base_multiplier = multiplier
    self.base_epoch = epoch
    self.base_version = version
    history._append(multiplier, multiplier, 0, empty(bytes32), epoch)
    if multiplier != ONE:
        # ERC-8056: whoever heard of nothing else believes in 1e18
        log UIMultiplierUpdated(oldMultiplier=ONE, newMultiplier=multiplier, effectiveAtTimestamp=block.timestamp)


@internal
def _schedule(expected: uint256, multiplier: uint256, at: uint256, epoch_after: uint64, action_id: bytes32):
    self._roll()
    assert self.next_at == 0, "token: another change was pending"
    assert expected == self.base_multiplier, "token: expected multiplier was not in force"
    assert multiplier != expected, "token: multiplier was unchanged"
    self._refuse_unless_multiplier(multiplier)
    assert at >= block.timestamp + _NOTICE_S_MIN, "token: notice was too short"
    assert at <= block.timestamp + _HORIZON_S_MAX, "token: effective time was too far ahead"
    assert epoch_after == self.base_epoch or epoch_after == self.base_epoch + 1, "token: epoch was not the next"
    self.next_multiplier = multiplier
    self.next_epoch = epoch_after
    self.next_at = at
    self.next_action = action_id
    history._append(expected, multiplier, at, action_id, epoch_after)
    log UIMultiplierUpdated(oldMultiplier=expected, newMultiplier=multiplier, effectiveAtTimestamp=at)


@internal
def _cancel(action_id: bytes32):
    assert self.next_at != 0 and not self._matured(), "token: no change was pending"
    assert action_id == self.next_action, "token: another action was pending"
    log UIMultiplierUpdateCancelled(cancelledMultiplier=self.next_multiplier, cancelledEffectiveAt=self.next_at)
    self._clear_next()
    history._mark_last_cancelled()
    # a reader that keeps only the last update ends up right
    log UIMultiplierUpdated(
        oldMultiplier=self.base_multiplier, newMultiplier=self.base_multiplier, effectiveAtTimestamp=block.timestamp
    )


@internal
@pure
def _refuse_unless_multiplier(multiplier: uint256):
    assert multiplier >= _MULTIPLIER_MIN and multiplier <= _MULTIPLIER_MAX, "token: multiplier was out of bounds"


@internal
@view
def _matured() -> bool:
    """
    @notice A change is in force from the first block at or after its time. The one comparison, for reads and writes.
    """
    return self.next_at != 0 and block.timestamp >= self.next_at


@internal
def _roll():
    if self._matured():
        self.base_multiplier = self.next_multiplier
        self.base_epoch = self.next_epoch
        self.base_version += 1
        self._clear_next()


@internal
def _clear_next():
    self.next_multiplier = 0
    self.next_epoch = 0
    self.next_at = 0
    self.next_action = empty(bytes32)


@internal
@view
def _multiplier() -> uint256:
    return self.next_multiplier if self._matured() else self.base_multiplier


@internal
@view
def _new_multiplier() -> uint256:
    return self.next_multiplier if self.next_at != 0 else self.base_multiplier


@internal
@view
def _effective_at() -> uint256:
    return 0 if self._matured() else self.next_at


@internal
@view
def _epoch() -> uint64:
    return self.next_epoch if self._matured() else self.base_epoch


@internal
@view
def _new_epoch() -> uint64:
    return self.next_epoch if self.next_at != 0 else self.base_epoch


@internal
@view
def _version() -> uint64:
    return self.base_version + 1 if self._matured() else self.base_version


@internal
@view
def _to_ui_down(raw: uint256) -> uint256:
    # the supply is held by whole shares: raw < 2**128 and multiplier < 2**80, so the product is below 2**208
    return raw * self._multiplier() // ONE
