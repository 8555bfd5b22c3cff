# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Crossings: tokens burned here for others of the same stock to be minted on another chain
@license Apache-2.0
@notice A lane leads from a token to one destination. It has a cap an hour, which refills evenly, and a life: until so long
        after its departure a crossing may arrive. A crossing that did not is given back by a restitution, at the earliest an
        hour after that, so that no clock of another chain makes it arrive as well.
@dev    A crossing is a burned redemption of kind 3, by its holder and the holder's own request; what is said here of it
        stands under the same key. The destination is SHA-256 of "openscrip:chain:" and the chain's CAIP-2 name; an EVM
        receiver is padded with zeros on the left.
"""

# windows that refill; stateless
import windows
# whether the token was closed
import limits
# the record that a crossing leaves
import escrow as redeeming
# the grain; stateless
import vouchers as rules
import IStockToken

uses: limits
uses: redeeming


event Departed:
    requestId: indexed(bytes32)
    token: indexed(address)
    holder: indexed(address)
    rawAmount: uint256
    destination: bytes32
    receiver: bytes32
    arriveBy: uint64
    epoch: uint64
    multiplier: uint256


event LaneChanged:
    token: indexed(address)
    destination: indexed(bytes32)
    hourCap: uint256
    life: uint64


struct Crossing:
    arriveBy: uint64       # UTC seconds, the last in which it can arrive
    destination: bytes32
    receiver: bytes32


_LIFE_S_MIN: constant(uint64) = 10 * 60
_LIFE_S_MAX: constant(uint64) = 7 * 86_400
# beyond what two chains' clocks differ by
_GRACE_S: constant(uint256) = 3_600
# scopes of a pause: a crossing may go to anyone, so it is a transfer as well
_TRANSFERS_AND_BRIDGE: constant(uint8) = 5
_BRIDGE: constant(uint8) = 4

# --- lanes by token and destination: a window with its cap an hour, and its life beside that ---
lanes: HashMap[address, HashMap[bytes32, uint256]]
# --- by the key of holder and request ---
crossing_of: public(HashMap[bytes32, Crossing])


@external
@view
def lane_of(token: address, destination: bytes32) -> (uint256, uint64, uint256):
    """
    @notice Raw that may depart an hour, the seconds that a crossing has to arrive, and raw that may depart now; zeros for a
            lane that there never was.
    """
    lane: uint256 = self.lanes[token][destination]
    return windows._cap(lane) * rules.GRAIN, convert(windows._beside(lane), uint64), windows._left(lane, windows.HOUR_S)


@internal
def _change(token: address, destination: bytes32, hour_cap: uint256, life_s: uint64, may_rise: bool):
    """
    @notice Opens, changes or, with a cap of zero, closes a lane. What was used stays used, refilled until now at the rate of
            the cap before.
    """
    windows._refuse_unless_cap(hour_cap)
    assert life_s >= _LIFE_S_MIN and life_s <= _LIFE_S_MAX, "issuer: lane life was out of bounds"
    lane: uint256 = self.lanes[token][destination]
    cap: uint256 = hour_cap // rules.GRAIN
    life: uint256 = convert(life_s, uint256)
    assert cap != windows._cap(lane) or life != windows._beside(lane), "issuer: lane was unchanged"
    lower: bool = cap <= windows._cap(lane) and life == windows._beside(lane)
    assert may_rise or lower, "issuer: guardian only lowers limits"
    self.lanes[token][destination] = windows._window(life, cap, windows._used(lane, windows.HOUR_S))
    log LaneChanged(token=token, destination=destination, hourCap=hour_cap, life=life_s)


@internal
def _depart(holder: address, token: address, raw: uint256, destination: bytes32, receiver: bytes32, request_id: bytes32):
    """
    @notice Takes what the holder approved, and burns it at once.
    """
    assert receiver != empty(bytes32), "issuer: receiver was zero"
    self._refuse_if_paused(token, _TRANSFERS_AND_BRIDGE)
    # a closed token's arrivals and restitutions are refused
    assert not limits._is_closed(token), "issuer: token was closed"
    lane: uint256 = self.lanes[token][destination]
    assert windows._cap(lane) != 0, "issuer: lane was closed"
    key: bytes32 = redeeming._refuse_unless_new(holder, request_id)
    used: uint256 = windows._used(lane, windows.HOUR_S) + raw // rules.GRAIN
    assert used <= windows._cap(lane), "issuer: hourly departure cap was reached"
    self.lanes[token][destination] = windows._window(windows._beside(lane), windows._cap(lane), used)
    arrive_by: uint64 = convert(block.timestamp + windows._beside(lane), uint64)
    self.crossing_of[key] = Crossing(arriveBy=arrive_by, destination=destination, receiver=receiver)
    redeeming._record_crossing(key, holder, token, raw)
    standing: IStockToken.Standing = staticcall IStockToken(token).standing()
    log Departed(
        requestId=request_id, token=token, holder=holder, rawAmount=raw, destination=destination, receiver=receiver,
        arriveBy=arrive_by, epoch=standing.epoch, multiplier=standing.multiplier
    )
    redeeming._take(holder, token, raw)
    extcall IStockToken(token).burn(raw)


@internal
@view
def _refuse_unless_dead(key: bytes32):
    """
    @notice Of a crossing that is to be given back. A redemption was never to arrive.
    """
    lost_at: uint256 = convert(self.crossing_of[key].arriveBy, uint256) + _GRACE_S
    assert block.timestamp > lost_at, "issuer: crossing could still arrive"


@internal
@view
def _refuse_if_bridge_paused(token: address):
    self._refuse_if_paused(token, _BRIDGE)


@internal
@view
def _refuse_if_paused(token: address, scopes: uint8):
    assert staticcall IStockToken(token).pauses() & scopes == 0, "token: was paused"
