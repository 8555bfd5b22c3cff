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
# how a cap refills; stateless
import windows


event LimitsChanged:
    token: indexed(address)
    supplyCap: uint256
    dayCap: uint256
    arrivalCap: uint256


_DAY_S: constant(uint256) = 86_400

# --- windows by token ---
# a day's issuances, with the cap on the supply beside the cap
issuances: HashMap[address, uint256]
# an hour's arrivals, without it
arrivals: HashMap[address, uint256]


@external
@view
def limits_of(token: address) -> (uint256, uint256, uint256):
    """
    @notice Raw: the cap on the supply, on a day's issuances, on an hour's arrivals. All zero for a closed token.
    """
    return self._limits(token)


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
        windows._refuse_unless_cap(cap)
    issued: uint256 = windows._used(self.issuances[token], _DAY_S)
    arrived: uint256 = windows._used(self.arrivals[token], windows.HOUR_S)
    self.issuances[token] = windows._window(supply_cap // rules.GRAIN, day_cap // rules.GRAIN, issued)
    self.arrivals[token] = windows._window(0, arrival_cap // rules.GRAIN, arrived)
    log LimitsChanged(token=token, supplyCap=supply_cap, dayCap=day_cap, arrivalCap=arrival_cap)


@internal
def _use(token: address, kind: uint8, raw: uint256, supply_after: uint256):
    """
    @notice Takes a mint off its window, if its kind has one, and holds the supply after it under its cap.
    """
    issuance: uint256 = self.issuances[token]
    supply_cap: uint256 = windows._beside(issuance)
    assert supply_cap != 0, "issuer: token was closed"
    assert supply_after <= supply_cap * rules.GRAIN, "issuer: supply cap was reached"
    if kind == rules.ISSUANCE:
        used: uint256 = windows._used(issuance, _DAY_S) + raw // rules.GRAIN
        assert used <= windows._cap(issuance), "issuer: day cap was reached"
        self.issuances[token] = windows._window(supply_cap, windows._cap(issuance), used)
    elif kind == rules.ARRIVAL:
        arrival: uint256 = self.arrivals[token]
        used: uint256 = windows._used(arrival, windows.HOUR_S) + raw // rules.GRAIN
        assert used <= windows._cap(arrival), "issuer: hourly arrival cap was reached"
        self.arrivals[token] = windows._window(0, windows._cap(arrival), used)


@internal
@view
def _available(token: address, kind: uint8, supply: uint256) -> uint256:
    """
    @notice Raw that the caps leave to a mint of this kind now.
    """
    issuance: uint256 = self.issuances[token]
    supply_cap: uint256 = windows._beside(issuance) * rules.GRAIN
    left: uint256 = supply_cap - min(supply, supply_cap)
    if kind == rules.ISSUANCE:
        return min(left, windows._left(issuance, _DAY_S))
    if kind == rules.ARRIVAL:
        return min(left, windows._left(self.arrivals[token], windows.HOUR_S))
    return left if kind == rules.RESTITUTION or kind == rules.SUCCESSION else 0


@internal
@view
def _is_closed(token: address) -> bool:
    return windows._beside(self.issuances[token]) == 0


@internal
@view
def _limits(token: address) -> (uint256, uint256, uint256):
    issuance: uint256 = self.issuances[token]
    arrival: uint256 = self.arrivals[token]
    return (
        windows._beside(issuance) * rules.GRAIN, windows._cap(issuance) * rules.GRAIN, windows._cap(arrival) * rules.GRAIN
    )
