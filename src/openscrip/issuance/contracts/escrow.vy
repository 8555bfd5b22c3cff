# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Redemptions: what holders put into escrow or sent to another chain, and how it ended
@license Apache-2.0
@notice Counted by redemption, never by balance. A redemption is known by its holder and the holder's own request, so that
        nobody can take up another's id.
"""

import IStockToken


event RedemptionRequested:
    requestId: indexed(bytes32)
    token: indexed(address)
    holder: indexed(address)
    rawAmount: uint256
    kind: uint8


event RedemptionBurned:
    requestId: indexed(bytes32)
    token: indexed(address)
    holder: indexed(address)
    rawAmount: uint256
    kind: uint8
    epoch: uint64
    multiplier: uint256


event RedemptionRefunded:
    requestId: indexed(bytes32)
    token: indexed(address)
    holder: indexed(address)
    rawAmount: uint256


event Surrendered:
    actionId: indexed(bytes32)
    token: indexed(address)
    holder: indexed(address)
    rawAmount: uint256


flag Redeeming:
    ESCROWED
    BURNED
    REFUNDED
    RESTORED             # burned, and minted again since the redemption failed off chain or the crossing did not arrive


struct Redemption:
    holder: address
    token: address
    rawAmount: uint256
    kind: uint8          # 1 in kind, 2 cash, 3 a crossing, burned from the start
    state: Redeeming


IN_KIND: constant(uint8) = 1
CASH: constant(uint8) = 2
CROSSING: constant(uint8) = 3

# --- by the key of holder and request ---
redemptions: public(HashMap[bytes32, Redemption])


@external
@pure
def redemption_key(holder: address, request_id: bytes32) -> bytes32:
    return self._key(holder, request_id)


@internal
def _escrow(holder: address, token: address, raw: uint256, kind: uint8, request_id: bytes32):
    assert kind == IN_KIND or kind == CASH, "issuer: kind of redemption was unknown"
    key: bytes32 = self._refuse_unless_new(holder, request_id)
    self._take(holder, token, raw)
    self.redemptions[key] = Redemption(
        holder=holder, token=token, rawAmount=raw, kind=kind, state=Redeeming.ESCROWED
    )
    log RedemptionRequested(requestId=request_id, token=token, holder=holder, rawAmount=raw, kind=kind)


@internal
def _record_crossing(key: bytes32, holder: address, token: address, raw: uint256):
    self.redemptions[key] = Redemption(
        holder=holder, token=token, rawAmount=raw, kind=CROSSING, state=Redeeming.BURNED
    )


@internal
def _burn(holder: address, request_id: bytes32):
    redemption: Redemption = self._end(holder, request_id, Redeeming.BURNED)
    standing: IStockToken.Standing = staticcall IStockToken(redemption.token).standing()
    log RedemptionBurned(
        requestId=request_id, token=redemption.token, holder=holder, rawAmount=redemption.rawAmount,
        kind=redemption.kind, epoch=standing.epoch, multiplier=standing.multiplier
    )
    extcall IStockToken(redemption.token).burn(redemption.rawAmount)


@internal
def _refund(holder: address, request_id: bytes32):
    redemption: Redemption = self._end(holder, request_id, Redeeming.REFUNDED)
    log RedemptionRefunded(
        requestId=request_id, token=redemption.token, holder=holder, rawAmount=redemption.rawAmount
    )
    assert extcall IStockToken(redemption.token).transfer(holder, redemption.rawAmount), "issuer: transfer failed"


@internal
def _surrender(holder: address, token: address, raw: uint256, action_id: bytes32):
    """
    @notice Takes what a holder approved, and burns it at once.
    """
    assert raw > 0, "issuer: amount was zero"
    self._take(holder, token, raw)
    log Surrendered(actionId=action_id, token=token, holder=holder, rawAmount=raw)
    extcall IStockToken(token).burn(raw)


@internal
def _restore(key: bytes32, token: address, receiver: address, raw: uint256):
    """
    @notice A burned redemption can be made good once: to its holder, in its token, with no more than it burned.
    """
    redemption: Redemption = self.redemptions[key]
    assert redemption.state == Redeeming.BURNED, "issuer: origin was no burned redemption"
    assert token == redemption.token, "issuer: redemption was of another token"
    assert receiver == redemption.holder, "issuer: receiver was not the redemption's holder"
    assert raw <= redemption.rawAmount, "issuer: amount was above the redemption's"
    self.redemptions[key].state = Redeeming.RESTORED


@internal
def _take(holder: address, token: address, raw: uint256):
    """
    @notice Takes tokens that the holder approved, and measures that they came.
    """
    before: uint256 = staticcall IStockToken(token).balanceOf(self)
    assert extcall IStockToken(token).transferFrom(holder, self, raw), "issuer: transfer failed"
    received: uint256 = staticcall IStockToken(token).balanceOf(self) - before
    assert received == raw, "issuer: another amount was received"


@internal
def _end(holder: address, request_id: bytes32, state: Redeeming) -> Redemption:
    key: bytes32 = self._key(holder, request_id)
    redemption: Redemption = self.redemptions[key]
    assert redemption.state == Redeeming.ESCROWED, "issuer: request was not in escrow"
    self.redemptions[key].state = state
    return redemption


@internal
@view
def _refuse_unless_new(holder: address, request_id: bytes32) -> bytes32:
    """
    @return The key of a request that its holder makes for the first time.
    """
    key: bytes32 = self._key(holder, request_id)
    assert self.redemptions[key].state == empty(Redeeming), "issuer: request was used"
    return key


@internal
@pure
def _key(holder: address, request_id: bytes32) -> bytes32:
    return keccak256(abi_encode(holder, request_id))
