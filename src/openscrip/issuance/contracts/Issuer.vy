# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Issuer: the only door through which tokens come and go
@license Apache-2.0
@notice A mint needs a voucher signed by the issuer and the attestor, on evidence that serves once, under a fresh reserve
        report of the same epoch, within this chain's allocation. A redemption is escrowed here, then burned, or refunded.
        A multiplier change needs the corporate-action key and the attestor. Anyone may relay what two keys have signed.
@dev    Escrow is counted by request, never by balance, so tokens sent here by mistake change nothing.
        The lister can only add new tokens with their feed: a token of its own choosing, that no attestor signs for.
"""

# digests and recovery for vouchers and multiplier changes; stateless
import typed_data
# the four keys
import roles
import IPolicy
import IReserveFeed
import IStockToken

initializes: roles
exports: (roles.issuer, roles.attestor, roles.corporate_action, roles.lister)


event Minted:
    requestId: indexed(bytes32)
    token: indexed(address)
    receiver: indexed(address)
    rawAmount: uint256
    kind: uint8
    evidence: bytes32
    epoch: uint64
    multiplier: uint256


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


event TokenRegistered:
    token: indexed(address)
    feed: indexed(address)


flag Redeeming:
    ESCROWED
    BURNED
    REFUNDED


struct MintVoucher:
    token: address
    receiver: address
    rawAmount: uint256   # 1e-18 raw, a whole multiple of 1e-8 raw
    kind: uint8          # 1 issuance, 2 arrival, 3 restitution, 4 succession
    requestId: bytes32
    evidence: bytes32
    epoch: uint64
    multiplier: uint256
    deadline: uint64     # UTC seconds, the last in which it can be used


struct MultiplierChange:
    token: address
    expected: uint256
    multiplier: uint256
    effectiveAt: uint64
    epochAfter: uint64
    actionId: bytes32


struct MultiplierCancel:
    token: address
    actionId: bytes32


struct Redemption:
    holder: address
    token: address
    rawAmount: uint256
    kind: uint8          # 1 in kind, 2 cash
    state: Redeeming


_NAME: constant(bytes32) = keccak256("Openscrip Issuer")
_VOUCHER_TYPE: constant(bytes32) = keccak256(
    "MintVoucher(address token,address receiver,uint256 rawAmount,uint8 kind,bytes32 requestId,bytes32 evidence,uint64 epoch,uint256 multiplier,uint64 deadline)"
)
_CHANGE_TYPE: constant(bytes32) = keccak256(
    "MultiplierChange(address token,uint256 expected,uint256 multiplier,uint64 effectiveAt,uint64 epochAfter,bytes32 actionId)"
)
_CANCEL_TYPE: constant(bytes32) = keccak256("MultiplierCancel(address token,bytes32 actionId)")
# 1e-8 raw, the finest amount that every chain can hold
_GRAIN: constant(uint256) = 10**10
# 1e-18 raw x 1e-18 multiplier = 1e-36 share; an atom of a share is 1e-9
_PER_SHARE_ATOM: constant(uint256) = 10**27
_VOUCHER_LIFE_S_MAX: constant(uint256) = 7 * 86_400

policy: public(immutable(IPolicy))

# --- tokens: the feed of each; zero for a token that is not ours ---
feed_of: public(HashMap[address, address])
# --- what was used, for ever ---
request_used: public(HashMap[bytes32, bool])
evidence_used: public(HashMap[uint8, HashMap[bytes32, bool]])
action_used: public(HashMap[bytes32, bool])
# --- redemptions by request ---
redemptions: public(HashMap[bytes32, Redemption])


@deploy
def __init__(policy_: IPolicy, issuer: address, attestor: address, corporate_action: address, lister: address):
    assert policy_.address != empty(address), "issuer: policy was zero"
    policy = policy_
    roles._set(issuer, attestor, corporate_action, lister)


# ------------------------------------------------------------------ mint


@external
@nonreentrant
def mint(voucher: MintVoucher, issuer_signature: Bytes[65], attestor_signature: Bytes[65]):
    """
    @notice Mints what the voucher says, once.
    """
    self._mint(voucher, issuer_signature, attestor_signature)


@external
@nonreentrant
def report_and_mint(
    reserve: IReserveFeed.ReserveReport, report_signature: Bytes[65],
    voucher: MintVoucher, issuer_signature: Bytes[65], attestor_signature: Bytes[65],
):
    """
    @notice The issuer's own way to mint: brings the reserve report that the mint needs. A report that is not newer than
            the feed's is left out, so that transactions may land in another order than they were attested.
    """
    assert msg.sender == roles.issuer, "issuer: caller was not the issuer"
    assert reserve.token == voucher.token, "issuer: report was for another token"
    feed: address = self._feed_of(voucher.token)
    if reserve.sequence > staticcall IReserveFeed(feed).sequence():
        extcall IReserveFeed(feed).report(reserve, report_signature)
    self._mint(voucher, issuer_signature, attestor_signature)


# ------------------------------------------------------------------ redemption


@external
@nonreentrant
def escrow(token: address, raw: uint256, kind: uint8, request_id: bytes32):
    """
    @notice Takes the caller's tokens into escrow for a redemption; the caller approved them before. Open while paused.
    """
    assert self.feed_of[token] != empty(address), "issuer: token was not registered"
    assert kind == 1 or kind == 2, "issuer: kind of redemption was unknown"
    self._refuse_unless_grains(raw)
    assert self.redemptions[request_id].state == empty(Redeeming), "issuer: request was used"
    before: uint256 = staticcall IStockToken(token).balanceOf(self)
    assert extcall IStockToken(token).transferFrom(msg.sender, self, raw), "issuer: transfer failed"
    received: uint256 = staticcall IStockToken(token).balanceOf(self) - before
    assert received == raw, "issuer: another amount was received"
    self.redemptions[request_id] = Redemption(
        holder=msg.sender, token=token, rawAmount=raw, kind=kind, state=Redeeming.ESCROWED
    )
    log RedemptionRequested(requestId=request_id, token=token, holder=msg.sender, rawAmount=raw, kind=kind)


@external
@nonreentrant
def burn(request_id: bytes32):
    """
    @notice Burns what a request holds in escrow. Nothing blocks it: not a pause, not a feed.
    """
    redemption: Redemption = self._close(request_id, Redeeming.BURNED)
    standing: IStockToken.Standing = staticcall IStockToken(redemption.token).standing()
    log RedemptionBurned(
        requestId=request_id, token=redemption.token, holder=redemption.holder,
        rawAmount=redemption.rawAmount, kind=redemption.kind, epoch=standing.epoch,
        multiplier=standing.multiplier
    )
    extcall IStockToken(redemption.token).burn(redemption.rawAmount)


@external
@nonreentrant
def refund(request_id: bytes32):
    """
    @notice Gives back what a request holds in escrow.
    """
    redemption: Redemption = self._close(request_id, Redeeming.REFUNDED)
    log RedemptionRefunded(
        requestId=request_id, token=redemption.token, holder=redemption.holder, rawAmount=redemption.rawAmount
    )
    assert extcall IStockToken(redemption.token).transfer(
        redemption.holder, redemption.rawAmount
    ), "issuer: transfer failed"


# ------------------------------------------------------------------ multiplier


@external
@nonreentrant
def schedule_multiplier(
    change: MultiplierChange, corporate_action_signature: Bytes[65], attestor_signature: Bytes[65]
):
    """
    @notice Schedules a token's next multiplier for one corporate action, once.
    """
    assert self.feed_of[change.token] != empty(address), "issuer: token was not registered"
    assert not self.action_used[change.actionId], "issuer: action was used"
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_CHANGE_TYPE, change)))
    self._refuse_unless_corporate_action(digest, corporate_action_signature)
    self._refuse_unless_attested(digest, attestor_signature)
    self.action_used[change.actionId] = True
    log MultiplierScheduled(
        actionId=change.actionId, token=change.token, expected=change.expected, multiplier=change.multiplier,
        effectiveAt=change.effectiveAt, epochAfter=change.epochAfter
    )
    extcall IStockToken(change.token).schedule(
        change.expected, change.multiplier, change.effectiveAt, change.epochAfter, change.actionId
    )


@external
@nonreentrant
def cancel_multiplier(
    cancellation: MultiplierCancel, corporate_action_signature: Bytes[65], attestor_signature: Bytes[65]
):
    """
    @notice Takes back a change that has not taken effect. Its action id stays used.
    """
    assert self.feed_of[cancellation.token] != empty(address), "issuer: token was not registered"
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_CANCEL_TYPE, cancellation)))
    self._refuse_unless_corporate_action(digest, corporate_action_signature)
    self._refuse_unless_attested(digest, attestor_signature)
    log MultiplierCancelled(actionId=cancellation.actionId, token=cancellation.token)
    extcall IStockToken(cancellation.token).cancel(cancellation.actionId)


# ------------------------------------------------------------------ set-up


@external
def register(token: address, feed: address):
    """
    @notice Adds a new token with its reserve feed, for good.
    """
    assert msg.sender == roles.lister, "issuer: caller was not the lister"
    assert self.feed_of[token] == empty(address), "issuer: token was registered"
    assert staticcall IReserveFeed(feed).token() == token, "issuer: feed was for another token"
    assert staticcall IReserveFeed(feed).issuer() == self, "issuer: feed was for another issuer"
    self.feed_of[token] = feed
    log TokenRegistered(token=token, feed=feed)


@external
def set_roles(issuer: address, attestor: address, corporate_action: address, lister: address):
    """
    @notice Replaces the keys, by the owner alone. Whatever the old keys signed and nobody used is void.
    """
    assert msg.sender == staticcall policy.owner(), "issuer: caller was not the owner"
    roles._set(issuer, attestor, corporate_action, lister)


# ------------------------------------------------------------------ views


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(_NAME)


# ------------------------------------------------------------------ internal


@internal
def _mint(voucher: MintVoucher, issuer_signature: Bytes[65], attestor_signature: Bytes[65]):
    deadline: uint256 = convert(voucher.deadline, uint256)
    assert block.timestamp <= deadline, "issuer: voucher was expired"
    assert deadline <= block.timestamp + _VOUCHER_LIFE_S_MAX, "issuer: voucher life was too long"
    assert voucher.kind >= 1 and voucher.kind <= 4, "issuer: kind of mint was unknown"
    self._refuse_unless_grains(voucher.rawAmount)
    assert not self.request_used[voucher.requestId], "issuer: voucher was used"
    assert not self.evidence_used[voucher.kind][voucher.evidence], "issuer: evidence was used"
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_VOUCHER_TYPE, voucher)))
    assert typed_data._signer_of_bytes(digest, issuer_signature) == roles.issuer, "issuer: issuer signature was wrong"
    self._refuse_unless_attested(digest, attestor_signature)
    self._refuse_unless_covered(voucher)

    self.request_used[voucher.requestId] = True
    self.evidence_used[voucher.kind][voucher.evidence] = True
    log Minted(
        requestId=voucher.requestId, token=voucher.token, receiver=voucher.receiver,
        rawAmount=voucher.rawAmount, kind=voucher.kind, evidence=voucher.evidence, epoch=voucher.epoch,
        multiplier=voucher.multiplier
    )
    extcall IStockToken(voucher.token).mint(voucher.receiver, voucher.rawAmount)


@internal
@view
def _feed_of(token: address) -> address:
    feed: address = self.feed_of[token]
    assert feed != empty(address), "issuer: token was not registered"
    return feed


@internal
@view
def _refuse_unless_covered(voucher: MintVoucher):
    """
    @notice Shares owed after this mint never pass what the custodian's statement allots to this chain.
    """
    feed: address = self._feed_of(voucher.token)
    standing: IStockToken.Standing = staticcall IStockToken(voucher.token).standing()
    assert voucher.epoch == standing.epoch, "issuer: epoch was not the token's"
    assert voucher.multiplier == standing.multiplier, "issuer: multiplier was not the token's"
    reserve: IReserveFeed.Reserve = staticcall IReserveFeed(feed).reserve()
    assert reserve.fresh, "issuer: feed was stale"
    assert reserve.epoch == standing.epoch, "issuer: feed carried another epoch"
    # while a change is pending the higher multiplier counts
    highest: uint256 = max(standing.multiplier, standing.newMultiplier)
    owed: uint256 = self._to_shares_up(standing.supply + voucher.rawAmount, highest)
    assert owed <= reserve.allocation, "issuer: allocation was too small"


@internal
@view
def _refuse_unless_attested(digest: bytes32, signature: Bytes[65]):
    assert typed_data._signer_of_bytes(digest, signature) == roles.attestor, "issuer: attestor signature was wrong"


@internal
@view
def _refuse_unless_corporate_action(digest: bytes32, signature: Bytes[65]):
    signer: address = typed_data._signer_of_bytes(digest, signature)
    assert signer == roles.corporate_action, "issuer: corporate action signature was wrong"


@internal
@pure
def _refuse_unless_grains(raw: uint256):
    assert raw > 0, "issuer: amount was zero"
    assert raw % _GRAIN == 0, "issuer: amount was finer than 1e-8"


@internal
def _close(request_id: bytes32, state: Redeeming) -> Redemption:
    assert msg.sender == roles.issuer, "issuer: caller was not the issuer"
    redemption: Redemption = self.redemptions[request_id]
    assert redemption.state == Redeeming.ESCROWED, "issuer: request was not in escrow"
    self.redemptions[request_id].state = state
    return redemption


@internal
@pure
def _to_shares_up(raw: uint256, multiplier: uint256) -> uint256:
    return (raw * multiplier + _PER_SHARE_ATOM - 1) // _PER_SHARE_ATOM
