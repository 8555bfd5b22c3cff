# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Conversion: what holders do with a token that was merged, renamed or delisted
@license Apache-2.0
@notice Raw of a merged or renamed token goes over into its successor at the ratio of both multipliers in the second the
        action took effect, so whoever converts years later has what the first had. A delisted token is paid a fixed price
        from a pot of stablecoin that was paid in before. The holder approves the issuer contract, which burns first.
@dev    A pot counts what was paid in and out, never a balance: what is sent here by mistake changes nothing and stays.
        Stablecoins that take a fee, or answer false, are refused. Redemption of the old token stays open all the time.
        A holder who was two actions late goes over into what is alive: each successor that ended is passed on the way.
"""

from ethereum.ercs import IERC20
# the kinds of action; stateless
import action_rules as rules
import ICorporateActions
import IIssuer
import IPolicy
import IStockToken


event Converted:
    actionId: indexed(bytes32)
    holder: indexed(address)
    fromRaw: uint256
    intoRaw: uint256


event Funded:
    actionId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256


event WoundDown:
    actionId: indexed(bytes32)
    holder: indexed(address)
    raw: uint256
    paid: uint256


event RemainderReturned:
    actionId: indexed(bytes32)
    receiver: indexed(address)
    amount: uint256


_ONE: constant(uint256) = 10**18
# 1e-8 raw, the finest amount that every chain can hold
_GRAIN: constant(uint256) = 10**10
# successors passed in one conversion
_STEPS_MAX: constant(uint256) = 8
# states of an action in force, as the register numbers them
_APPLIED: constant(uint8) = 3
_FINAL: constant(uint8) = 4

policy: public(immutable(IPolicy))
issuer: public(immutable(IIssuer))
actions: public(immutable(ICorporateActions))

# --- conversions made: what makes the next request id ---
count: public(uint256)
# --- stablecoin of each delisting that is not paid out, in its atoms ---
pot: public(HashMap[bytes32, uint256])


@deploy
def __init__(policy_: IPolicy, issuer_: IIssuer, actions_: ICorporateActions):
    assert policy_.address != empty(address), "conversion: policy was zero"
    assert issuer_.address != empty(address), "conversion: issuer was zero"
    assert actions_.address != empty(address), "conversion: actions was zero"
    policy = policy_
    issuer = issuer_
    actions = actions_


# ------------------------------------------------------------------ merger, change of symbol


@external
@nonreentrant
def convert(action_id: bytes32, raw: uint256):
    """
    @notice Burns the caller's raw of the old token and mints what stands for the same shares in its successor, if the
            successor's reserve covers it.
    """
    into: address = empty(address)
    into_raw: uint256 = 0
    into, into_raw = self._quote(action_id, raw)
    assert into_raw > 0, "conversion: amount was too small"
    number: uint256 = self.count
    self.count = number + 1
    log Converted(actionId=action_id, holder=msg.sender, fromRaw=raw, intoRaw=into_raw)
    token: address = (staticcall actions.action(action_id)).token
    request_id: bytes32 = keccak256(abi_encode(chain.id, self, action_id, msg.sender, number))
    extcall issuer.surrender(msg.sender, token, raw, action_id)
    extcall issuer.succeed(msg.sender, into, into_raw, action_id, request_id)


@external
@view
def quote(action_id: bytes32, raw: uint256) -> (address, uint256):
    """
    @notice The token and the raw amount that `convert` would give now; what is finer than 1e-8 raw stays with the reserve.
    """
    return self._quote(action_id, raw)


# ------------------------------------------------------------------ delisting


@external
@nonreentrant
def fund(action_id: bytes32, amount: uint256):
    """
    @notice Adds to a delisting's pot from the caller, who approved it before.
    """
    action: ICorporateActions.CorporateAction = self._in_force(action_id)
    assert action.kind == rules.DLST, "conversion: action paid no cash"
    assert amount > 0, "conversion: amount was zero"
    coin: IERC20 = IERC20(action.into)
    before: uint256 = staticcall coin.balanceOf(self)
    assert extcall coin.transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "conversion: transfer failed"
    assert staticcall coin.balanceOf(self) == before + amount, "conversion: another amount was received"
    self.pot[action_id] += amount
    log Funded(actionId=action_id, payer=msg.sender, amount=amount)


@external
@nonreentrant
def redeem(action_id: bytes32, raw: uint256):
    """
    @notice Burns the caller's raw and pays its price from the pot.
    """
    action: ICorporateActions.CorporateAction = self._in_force(action_id)
    assert action.kind == rules.DLST, "conversion: action paid no cash"
    self._refuse_unless_fits(raw)
    # both factors are below 2**128
    paid: uint256 = raw * action.cash // _ONE
    assert paid > 0, "conversion: amount was too small"
    left: uint256 = self.pot[action_id]
    assert paid <= left, "conversion: pot was too small"
    self.pot[action_id] = left - paid
    log WoundDown(actionId=action_id, holder=msg.sender, raw=raw, paid=paid)
    extcall issuer.surrender(msg.sender, action.token, raw, action_id)
    self._send(IERC20(action.into), msg.sender, paid)


@external
@nonreentrant
def return_remainder(action_id: bytes32, receiver: address):
    """
    @notice Once nobody holds the delisted token, or all that is held is worth nothing, what is left of its pot goes where
            the owner says.
    """
    assert msg.sender == staticcall policy.owner(), "conversion: caller was not the owner"
    action: ICorporateActions.CorporateAction = self._in_force(action_id)
    assert receiver not in [empty(address), self], "conversion: receiver was nobody"
    assert not staticcall policy.isSanctioned(receiver), "conversion: receiver was listed"
    # the issuer contract caps a supply below 2**106, and cash is below 2**128
    assert staticcall IStockToken(action.token).totalSupply() * action.cash < _ONE, "conversion: tokens were left"
    remainder: uint256 = self.pot[action_id]
    assert remainder > 0, "conversion: nothing was left"
    self.pot[action_id] = 0
    log RemainderReturned(actionId=action_id, receiver=receiver, amount=remainder)
    self._send(IERC20(action.into), receiver, remainder)


# ------------------------------------------------------------------ internal


@internal
@view
def _in_force(action_id: bytes32) -> ICorporateActions.CorporateAction:
    assert self._is_in_force(action_id), "conversion: action was not in force"
    return staticcall actions.action(action_id)


@internal
@view
def _is_in_force(action_id: bytes32) -> bool:
    return staticcall actions.state_of(action_id) in [_APPLIED, _FINAL]


@internal
@view
def _quote(action_id: bytes32, raw: uint256) -> (address, uint256):
    action: ICorporateActions.CorporateAction = self._in_force(action_id)
    assert action.kind in [rules.MRGR, rules.CHAN], "conversion: action had no successor"
    into_raw: uint256 = self._step(action, raw)
    for _: uint256 in range(_STEPS_MAX - 1):
        next_id: bytes32 = staticcall actions.opening_of(action.into)
        if next_id == empty(bytes32) or not self._is_in_force(next_id):
            break
        after: ICorporateActions.CorporateAction = staticcall actions.action(next_id)
        if after.kind == rules.DLST:
            break
        action = after
        into_raw = self._step(action, into_raw)
    return action.into, into_raw - into_raw % _GRAIN


@internal
@view
def _step(action: ICorporateActions.CorporateAction, raw: uint256) -> uint256:
    """
    @notice floor(raw x old multiplier x new / (new multiplier x old)), with the multipliers of the effective second.
    """
    self._refuse_unless_fits(raw)
    at: uint256 = convert(staticcall actions.effective_at(action.id), uint256)
    old: uint256 = staticcall IStockToken(action.token).multiplierAt(at)
    new: uint256 = staticcall IStockToken(action.into).multiplierAt(at)
    # raw below 2**128, multipliers 1e12 to 1e24, so below 2**80, ratio parts 1 to 2**32 - 1: the product is below 2**240
    return raw * old * action.ratioNew // (new * action.ratioOld)


@internal
@pure
def _refuse_unless_fits(raw: uint256):
    assert raw < 2**128, "conversion: amount was too large"


@internal
def _send(coin: IERC20, to: address, amount: uint256):
    """
    @notice Exactly `amount` leaves and exactly `amount` arrives.
    """
    held: uint256 = staticcall coin.balanceOf(self)
    owned: uint256 = staticcall coin.balanceOf(to)
    assert extcall coin.transfer(to, amount, default_return_value=True), "conversion: transfer failed"
    assert staticcall coin.balanceOf(self) + amount == held, "conversion: another amount was sent"
    assert staticcall coin.balanceOf(to) == owned + amount, "conversion: another amount was received"
