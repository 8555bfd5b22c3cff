# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Every multiplier that a token ever had or was to have
@license Apache-2.0
@notice Append-only. Entry 0 is the beginning: the multiplier at the listing, from time 0 on. A change that was taken back
        stays, and is marked.
@dev    Entries that stand are also listed by number, in order of time: a change is scheduled only when the one before it
        is in force, so their times rise, and one that is taken back is always the last of them.
"""

struct Entry:
    oldMultiplier: uint256
    newMultiplier: uint256
    effectiveAt: uint64      # UTC seconds
    actionId: bytes32        # the corporate action; zero for the beginning
    epoch: uint64            # from effectiveAt on
    cancelled: bool


# Halvings that find one of at most 2**64 entries.
_HALVINGS_MAX: constant(uint256) = 64

# --- all entries, by number ---
historyLength: public(uint256)
entries: HashMap[uint256, Entry]
# --- the numbers of those that stand, in order of time ---
standing_length: uint256
standing_numbers: HashMap[uint256, uint256]


@external
@view
def historyEntry(number: uint256) -> Entry:
    assert number < self.historyLength, "token: history had no such entry"
    return self.entries[number]


@external
@view
def multiplierAt(timestamp: uint256) -> uint256:
    """
    @notice The multiplier in force at a time, in the future as far as it is scheduled.
    """
    # the last standing entry at or before the time: entry `low` is never after it, entry `high` always
    low: uint256 = 0
    high: uint256 = self.standing_length
    for _: uint256 in range(_HALVINGS_MAX):
        if high - low <= 1:
            break
        middle: uint256 = (low + high) // 2
        if convert(self.entries[self.standing_numbers[middle]].effectiveAt, uint256) <= timestamp:
            low = middle
        else:
            high = middle
    return self.entries[self.standing_numbers[low]].newMultiplier


@internal
def _append(old: uint256, new: uint256, at: uint256, action_id: bytes32, epoch: uint64):
    number: uint256 = self.historyLength
    self.entries[number] = Entry(
        oldMultiplier=old, newMultiplier=new, effectiveAt=convert(at, uint64), actionId=action_id, epoch=epoch,
        cancelled=False
    )
    self.standing_numbers[self.standing_length] = number
    self.standing_length += 1
    self.historyLength = number + 1


@internal
def _mark_last_cancelled():
    """
    @notice Only while the last entry is pending: the beginning is never taken back.
    """
    self.entries[self.historyLength - 1].cancelled = True
    self.standing_length -= 1
