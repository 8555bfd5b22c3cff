# pragma version 0.4.3
# pragma evm-version cancun
"""
@title How much may be minted of each token: a cap on its supply, and two windows
@license Apache-2.0
@notice Issuances have a cap a day and arrivals a cap an hour. Each is a bucket that refills evenly, so that what may be
        minted at once never passes the cap, nor twice the cap within one span. All caps count raw: raw never jumps at a
        split. A supply cap of zero closes a token.
"""

# kinds of mints, and the grain; stateless
import vouchers as rules


event LimitsChanged:
    token: indexed(address)
    supplyCap: uint256
    dayCap: uint256
    arrivalCap: uint256


_DAY_S: constant(uint256) = 86_400
_HOUR_S: constant(uint256) = 3_600
_LOW_72: constant(uint256) = 2**72 - 1

# --- a window: the time at which so much was used, the cap on the supply, the window's cap, what was used; 40 bits of
#     seconds reach beyond the year 36,000, and 72 bits hold each of the others, in grains ---
# a day's issuances, with the cap on the supply
issuances: HashMap[address, uint256]
# an hour's arrivals, without it
arrivals: HashMap[address, uint256]


@internal
def _change(token: address, supply_cap: uint256, day_cap: uint256, arrival_cap: uint256, may_rise: bool):
    """
    @notice Sets limits that are none of a closed token, and none that are in force already.
    """
    assert supply_cap > 0, "issuer: supply cap was zero"
    before: (uint256, uint256, uint256) = self._limits(token)
    same: bool = supply_cap == before[0] and day_cap == before[1] and arrival_cap == before[2]
    assert not same, "issuer: limits were unchanged"
    lower: bool = supply_cap <= before[0] and day_cap <= before[1] and arrival_cap <= before[2]
    assert may_rise or lower, "issuer: guardian only lowers limits"
    self._set(token, supply_cap, day_cap, arrival_cap)


@internal
def _set(token: address, supply_cap: uint256, day_cap: uint256, arrival_cap: uint256):
    """
    @notice What was used stays used, refilled until now at the rate of the caps before.
    """
    for cap: uint256 in [supply_cap, day_cap, arrival_cap]:
        assert cap % rules.GRAIN == 0, "issuer: limit was finer than 1e-8"
        assert cap // rules.GRAIN <= _LOW_72, "issuer: limit was out of bounds"
    issued: uint256 = self._used(self.issuances[token], _DAY_S)
    arrived: uint256 = self._used(self.arrivals[token], _HOUR_S)
    self.issuances[token] = self._window(supply_cap // rules.GRAIN, day_cap // rules.GRAIN, issued)
    self.arrivals[token] = self._window(0, arrival_cap // rules.GRAIN, arrived)
    log LimitsChanged(token=token, supplyCap=supply_cap, dayCap=day_cap, arrivalCap=arrival_cap)


@internal
def _use(token: address, kind: uint8, raw: uint256, supply_after: uint256):
    """
    @notice Takes a mint off its window, if its kind has one, and holds the supply after it under its cap.
    """
    issuance: uint256 = self.issuances[token]
    supply_cap: uint256 = self._supply_cap(issuance)
    assert supply_cap != 0, "issuer: token was closed"
    assert supply_after <= supply_cap * rules.GRAIN, "issuer: supply cap was reached"
    if kind == rules.ISSUANCE:
        used: uint256 = self._used(issuance, _DAY_S) + raw // rules.GRAIN
        assert used <= self._cap(issuance), "issuer: day cap was reached"
        self.issuances[token] = self._window(supply_cap, self._cap(issuance), used)
    elif kind == rules.ARRIVAL:
        arrival: uint256 = self.arrivals[token]
        used: uint256 = self._used(arrival, _HOUR_S) + raw // rules.GRAIN
        assert used <= self._cap(arrival), "issuer: hourly arrival cap was reached"
        self.arrivals[token] = self._window(0, self._cap(arrival), used)


@internal
@view
def _available(token: address, kind: uint8, supply: uint256) -> uint256:
    """
    @notice Raw that the caps leave to a mint of this kind now.
    """
    issuance: uint256 = self.issuances[token]
    supply_cap: uint256 = self._supply_cap(issuance) * rules.GRAIN
    left: uint256 = supply_cap - min(supply, supply_cap)
    if kind == rules.ISSUANCE:
        return min(left, self._left(issuance, _DAY_S))
    if kind == rules.ARRIVAL:
        return min(left, self._left(self.arrivals[token], _HOUR_S))
    return left if kind == rules.RESTITUTION or kind == rules.SUCCESSION else 0


@internal
@view
def _limits(token: address) -> (uint256, uint256, uint256):
    issuance: uint256 = self.issuances[token]
    arrival: uint256 = self.arrivals[token]
    return (
        self._supply_cap(issuance) * rules.GRAIN, self._cap(issuance) * rules.GRAIN, self._cap(arrival) * rules.GRAIN
    )


@internal
@view
def _left(window: uint256, span: uint256) -> uint256:
    cap: uint256 = self._cap(window)
    return (cap - min(cap, self._used(window, span))) * rules.GRAIN


@internal
@view
def _used(window: uint256, span: uint256) -> uint256:
    """
    @notice What is used by now: as much as at the window's time, less what came back since then.
    """
    used: uint256 = window & _LOW_72
    refilled: uint256 = self._cap(window) * (block.timestamp - (window >> 216)) // span
    return used - min(used, refilled)


@internal
@view
def _window(supply_cap: uint256, cap: uint256, used: uint256) -> uint256:
    # what is used was once at most a cap, so 72 bits hold it
    return (block.timestamp << 216) | (supply_cap << 144) | (cap << 72) | used


@internal
@pure
def _cap(window: uint256) -> uint256:
    return (window >> 72) & _LOW_72


@internal
@pure
def _supply_cap(window: uint256) -> uint256:
    return (window >> 144) & _LOW_72
