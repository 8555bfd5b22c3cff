# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Issuer: the only door through which tokens come and go
@license Apache-2.0
@notice A mint needs a voucher signed by issuers and attestors, on evidence that serves once, under a fresh reserve report
        of the same epoch, within this chain's allocation and the token's caps. A redemption is escrowed here, then burned,
        or refunded; a crossing is burned at once. Anyone may relay what both roles have signed.
@dev    Escrow is counted by redemption, never by balance, so tokens sent here by mistake change nothing. Nothing stops
        escrow, burn and refund: not a pause, a feed, a cap or a stale list. The registry can only add tokens with a feed of
        their own; the conversion contract can only turn a holder's tokens into others, or destroy them.
"""

# what a voucher says and who signed it; stateless
import vouchers as rules
# our tokens, and their reserve feeds
import feeds
# caps on the supply, a day's issuances and an hour's arrivals
import limits
# redemptions by holder and request
import escrow as redeeming
# lanes to other chains, and what left by them
import crossings
# what serves once: requests, evidence, origins
import once
import IIssuer
import IPolicy
import IReserveFeed
import ISigners
import IStockToken

exports: (redeeming.redemptions, redeeming.redemption_key, rules.DOMAIN_SEPARATOR, rules.eip712Domain)
exports: (feeds.feed_of, limits.limits_of, crossings.lane_of, crossings.crossing_of)
exports: (once.request_used, once.evidence_used, once.origin_used)


interface Actions:
    def ended(token: address) -> bool: view


event Minted:
    requestId: indexed(bytes32)
    token: indexed(address)
    receiver: indexed(address)
    rawAmount: uint256
    kind: uint8
    evidence: bytes32
    epoch: uint64
    multiplier: uint256
    origin: bytes32


# what mints of one token are measured against, read once for a row of them
struct Measure:
    token: address
    is_mirrored: bool
    signer_epoch: uint64
    standing: IStockToken.Standing
    reserve: IReserveFeed.Reserve


policy: public(immutable(IPolicy))
signers: public(immutable(ISigners))
# adds tokens
registry: public(immutable(address))
# closes tokens
actions: public(immutable(Actions))
# turns tokens of an ended share into what holders are due
conversion: public(immutable(address))

# --- caps; redemptions; tokens and their feeds; what was used, for ever; crossings ---
initializes: limits
initializes: redeeming
initializes: feeds
initializes: once
initializes: crossings[limits := limits, redeeming := redeeming]


@deploy
def __init__(policy_: IPolicy, signers_: ISigners, registry_: address, actions_: Actions, conversion_: address):
    assert empty(address) not in [
        policy_.address, signers_.address, registry_, actions_.address, conversion_
    ], "issuer: part was zero"
    policy = policy_
    signers = signers_
    registry = registry_
    actions = actions_
    conversion = conversion_


# ------------------------------------------------------------------ mint


@external
@nonreentrant
def mint(voucher: IIssuer.MintVoucher, issuer_signatures: Bytes[455], attestor_signatures: Bytes[455]):
    """
    @notice Mints what the voucher says, once.
    """
    self._mint(self._measure(voucher.token), voucher, issuer_signatures, attestor_signatures)


@external
@nonreentrant
def mint_batch(vouchers: DynArray[IIssuer.SignedVoucher, 50]):
    """
    @notice Mints what all vouchers say, or nothing.
    """
    assert len(vouchers) > 0, "issuer: batch was empty"
    measure: Measure = self._measure(vouchers[0].voucher.token)
    for signed: IIssuer.SignedVoucher in vouchers:
        if signed.voucher.token != measure.token:
            measure = self._measure(signed.voucher.token)
        self._mint(measure, signed.voucher, signed.issuer_signatures, signed.attestor_signatures)
        measure.standing.supply += signed.voucher.rawAmount


@external
@nonreentrant
def report_and_mint(
    reserve: IReserveFeed.ReserveReport, report_signatures: Bytes[455],
    voucher: IIssuer.MintVoucher, issuer_signatures: Bytes[455], attestor_signatures: Bytes[455],
):
    """
    @notice The issuer's own way to mint: brings the reserve report that the mint needs. A report that is not newer than
            the feed's is left out, so that transactions may land in another order than they were attested.
    """
    self._refuse_unless_issuer()
    assert reserve.token == voucher.token, "issuer: report was for another token"
    feeds._refuse_unless_registered(voucher.token)
    feed: address = feeds.feed_of[voucher.token]
    if reserve.sequence > staticcall IReserveFeed(feed).sequence():
        extcall IReserveFeed(feed).report(reserve, report_signatures)
    self._mint(self._measure(voucher.token), voucher, issuer_signatures, attestor_signatures)


@external
def void_request(request_id: bytes32):
    """
    @notice Uses up the request of a voucher that shall not be used.
    """
    self._refuse_unless_issuer()
    once._void(request_id)


# ------------------------------------------------------------------ redemption


@external
@nonreentrant
def escrow(token: address, raw: uint256, kind: uint8, request_id: bytes32):
    """
    @notice Takes the caller's tokens into escrow for a redemption; the caller approved them before. Open while paused.
    """
    feeds._refuse_unless_registered(token)
    rules._refuse_unless_grains(raw)
    redeeming._escrow(msg.sender, token, raw, kind, request_id)


@external
@nonreentrant
def burn(holder: address, request_id: bytes32):
    """
    @notice Burns what a redemption holds in escrow. Nothing blocks it: not a pause, not a feed.
    """
    self._refuse_unless_issuer()
    redeeming._burn(holder, request_id)


@external
@nonreentrant
def refund(holder: address, request_id: bytes32):
    """
    @notice Gives back what a redemption holds in escrow.
    """
    self._refuse_unless_issuer()
    redeeming._refund(holder, request_id)


# ------------------------------------------------------------------ crossings


@external
@nonreentrant
def depart(token: address, raw: uint256, destination: bytes32, receiver: bytes32, request_id: bytes32):
    """
    @notice Burns the caller's tokens, which the caller approved before, for the receiver to get as many at the destination.
    """
    feeds._refuse_unless_registered(token)
    rules._refuse_unless_grains(raw)
    crossings._depart(msg.sender, token, raw, destination, receiver, request_id)


@external
def set_lane(token: address, destination: bytes32, hour_cap: uint256, life_s: uint64):
    """
    @notice The owner opens, changes and closes lanes; the guardian only lowers the raw that may leave by one in an hour.
    """
    by_owner: bool = self._is_by_owner()
    feeds._refuse_unless_registered(token)
    crossings._change(token, destination, hour_cap, life_s, by_owner)


# ------------------------------------------------------------------ conversion


@external
@nonreentrant
def surrender(holder: address, token: address, raw: uint256, action_id: bytes32):
    """
    @notice Destroys tokens of an ended share, which their holder approved for this contract, by the conversion contract.
    """
    self._refuse_unless_conversion()
    feeds._refuse_unless_registered(token)
    redeeming._surrender(holder, token, raw, action_id)


@external
@nonreentrant
def succeed(receiver: address, token: address, raw: uint256, action_id: bytes32, request_id: bytes32):
    """
    @notice Mints the successor's tokens for surrendered ones, by the conversion contract: covered like any mint.
    """
    self._refuse_unless_conversion()
    rules._refuse_unless_grains(raw)
    once._use_request(request_id)
    measure: Measure = self._measure(token)
    self._issue(measure, IIssuer.MintVoucher(
        token=token, receiver=receiver, rawAmount=raw, kind=rules.SUCCESSION, requestId=request_id, evidence=action_id,
        origin=action_id, epoch=measure.standing.epoch, multiplier=measure.standing.multiplier,
        signerEpoch=measure.signer_epoch, deadline=0
    ))


# ------------------------------------------------------------------ set-up and limits


@external
def register(token: address, feed: address, supply_cap: uint256, day_cap: uint256, hour_arrival_cap: uint256):
    """
    @notice Adds a new token with its reserve feed, for good, and its first limits; raw.
    """
    assert msg.sender == registry, "issuer: caller was not the registry"
    feeds._register(token, feed)
    assert day_cap > 0, "issuer: day cap was zero"
    limits._change(token, supply_cap, day_cap, hour_arrival_cap, True)


@external
def set_limits(token: address, supply_cap: uint256, day_cap: uint256, arrival_cap: uint256):
    """
    @notice The owner sets limits, raw; the guardian only lowers them. A token that was closed stays closed, unless the
            action that closed it was taken back.
    """
    by_owner: bool = self._is_by_owner()
    feeds._refuse_unless_registered(token)
    assert not staticcall actions.ended(token), "issuer: token was closed"
    limits._change(token, supply_cap, day_cap, arrival_cap, by_owner)


@external
def close(token: address):
    """
    @notice Ends all mints of a token whose share ends, by the contract of corporate actions. Exits stay open.
    """
    assert msg.sender == actions.address, "issuer: caller was not the corporate actions contract"
    feeds._refuse_unless_registered(token)
    limits._set(token, 0, 0, 0)


# ------------------------------------------------------------------ views


@external
@view
def covers(token: address, raw: uint256) -> bool:
    """
    @notice Whether a mint of so much stays within the allocation of a fresh report of the token's epoch, and within the
            supply cap. False without a report.
    """
    feed: address = feeds.feed_of[token]
    if feed == empty(address) or staticcall IReserveFeed(feed).sequence() == 0:
        return False
    standing: IStockToken.Standing = staticcall IStockToken(token).standing()
    reserve: IReserveFeed.Reserve = staticcall IReserveFeed(feed).reserve()
    # the cap comes first: it bounds raw, so that what is owed does not overflow
    return (
        raw <= limits._available(token, rules.SUCCESSION, standing.supply)
        and reserve.fresh and reserve.epoch == standing.epoch
        and rules._owed_after(standing, raw) <= reserve.allocation
    )


@external
@view
def available(token: address, kind: uint8) -> uint256:
    """
    @notice Raw that the caps leave to a mint of this kind now.
    """
    if feeds.feed_of[token] == empty(address):
        return 0
    standing: IStockToken.Standing = staticcall IStockToken(token).standing()
    return limits._available(token, kind, standing.supply)


# ------------------------------------------------------------------ internal


@internal
@view
def _measure(token: address) -> Measure:
    """
    @notice What this transaction's mints of a token are measured against; nothing but these mints changes it meanwhile.
    """
    feeds._refuse_unless_registered(token)
    return Measure(
        token=token, is_mirrored=staticcall policy.mirror_is_fresh(),
        signer_epoch=staticcall signers.signerEpoch(), standing=staticcall IStockToken(token).standing(),
        reserve=staticcall IReserveFeed(feeds.feed_of[token]).reserve()
    )


@internal
def _mint(
    measure: Measure, voucher: IIssuer.MintVoucher, issuer_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    rules._refuse_unless_sound(voucher)
    once._use_request(voucher.requestId)
    once._use_evidence(voucher.kind, voucher.evidence)
    assert voucher.signerEpoch == measure.signer_epoch, "issuer: signer epoch was not in force"
    rules._refuse_unless_signed(voucher, signers, issuer_signatures, attestor_signatures)
    self._use_origin(voucher)
    assert voucher.epoch == measure.standing.epoch, "issuer: epoch was not the token's"
    assert voucher.multiplier == measure.standing.multiplier, "issuer: multiplier was not the token's"
    self._issue(measure, voucher)


@internal
def _use_origin(voucher: IIssuer.MintVoucher):
    """
    @notice What a kind of mint must come from: nothing, a crossing that arrives once, or a burned redemption, which may
            be a crossing that cannot arrive any more.
    """
    if voucher.kind == rules.ISSUANCE:
        assert voucher.origin == empty(bytes32), "issuer: issuance had an origin"
    elif voucher.kind == rules.ARRIVAL:
        assert voucher.origin != empty(bytes32), "issuer: arrival had no origin"
        once._use_origin(voucher.kind, voucher.origin)
    else:
        redeeming._restore(voucher.origin, voucher.token, voucher.receiver, voucher.rawAmount)
        crossings._refuse_unless_dead(voucher.origin)


@internal
def _issue(measure: Measure, voucher: IIssuer.MintVoucher):
    """
    @notice What every mint goes through: a list that is kept, the reserve, the caps.
    """
    assert measure.is_mirrored, "issuer: mirror was stale"
    assert measure.reserve.fresh, "issuer: feed was stale"
    assert measure.reserve.epoch == measure.standing.epoch, "issuer: feed carried another epoch"
    owed: uint256 = rules._owed_after(measure.standing, voucher.rawAmount)
    assert owed <= measure.reserve.allocation, "issuer: allocation was too small"
    limits._use(voucher.token, voucher.kind, voucher.rawAmount, measure.standing.supply + voucher.rawAmount)
    if voucher.kind == rules.ARRIVAL:
        crossings._refuse_if_bridge_paused(voucher.token)
    log Minted(
        requestId=voucher.requestId, token=voucher.token, receiver=voucher.receiver, rawAmount=voucher.rawAmount,
        kind=voucher.kind, evidence=voucher.evidence, epoch=voucher.epoch, multiplier=voucher.multiplier,
        origin=voucher.origin
    )
    extcall IStockToken(voucher.token).mint(voucher.receiver, voucher.rawAmount)


@internal
@view
def _is_by_owner() -> bool:
    """
    @notice Whether the owner calls, and not the guardian. Nobody else may.
    """
    by_owner: bool = msg.sender == staticcall policy.owner()
    assert by_owner or msg.sender == staticcall policy.guardian(), "issuer: caller was neither owner nor guardian"
    return by_owner


@internal
@view
def _refuse_unless_issuer():
    assert staticcall signers.has_role(msg.sender, rules.ISSUER), "issuer: caller was not the issuer"


@internal
@view
def _refuse_unless_conversion():
    assert msg.sender == conversion, "issuer: caller was not the conversion contract"
