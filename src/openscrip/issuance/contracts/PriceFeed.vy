# pragma version 0.4.3
# pragma evm-version cancun
"""
@title PriceFeed: the price of one raw token, with the state of its market
@license Apache-2.0
@notice Shaped as Chainlink's AggregatorV3Interface, and closed when in doubt: a price that is stale, halted, of another
        multiplier, or observed before a corporate action that is now in its window, is no answer. Nothing is clamped: a
        move of more than a fifth from the last round is refused unless the attestors sign for it as well. The price is of a
        raw token, so a split does not move it.
@dev    A round is as old as its observation, not as its transaction. Anyone relays what the price keys signed.
"""

# digests; stateless
import typed_data
import ICorporateActions
import IPolicy
import ISigners
import IStockToken


event AnswerUpdated:
    current: indexed(int256)
    roundId: indexed(uint256)
    updatedAt: uint256


event PriceReported:
    token: indexed(address)
    sequence: indexed(uint64)
    price: uint256
    session: uint8
    halted: bool
    largeMove: bool
    version: uint64
    observedAt: uint64


event Halted:
    account: indexed(address)


event Resumed:
    account: indexed(address)


struct PriceReport:
    token: address
    price: uint256       # 1e-8 USD for one raw token
    session: uint8       # 1 regular, 2 pre, 3 post, 4 overnight, 5 closed
    halted: bool         # the market of the share is halted
    largeMove: bool      # more than a fifth from the last round, and the attestors sign for it
    version: uint64      # of the token's multiplier when observed
    observedAt: uint64   # UTC seconds
    sequence: uint64     # rises with every report


struct Round:
    price: uint256
    session: uint8
    halted: bool
    version: uint64
    observedAt: uint64
    sequence: uint64


struct PriceState:
    price: uint256
    session: uint8
    halted: bool         # by the market or by the guardian
    fresh: bool          # young enough for its session
    waiting: bool        # for a round of the multiplier in force, observed after the corporate action
    ended: bool          # the token was merged, renamed or delisted
    version: uint64
    observedAt: uint64
    sequence: uint64


decimals: public(constant(uint8)) = 8
version: public(constant(uint256)) = 1
description: public(constant(String[64])) = "Price of one raw token in USD, 1e-8"
_NAME: constant(bytes32) = keccak256("Openscrip PriceFeed")
_REPORT_TYPE: constant(bytes32) = keccak256(
    "PriceReport(address token,uint256 price,uint8 session,bool halted,bool largeMove,uint64 version,uint64 observedAt,uint64 sequence)"
)
# roles in Signers
_ATTESTOR: constant(uint8) = 2
_PRICE: constant(uint8) = 4
_REGULAR: constant(uint8) = 1
_CLOSED: constant(uint8) = 5
_OBSERVED_S_MAX: constant(uint256) = 300
# how long a price stands, by its session
_REGULAR_S_MAX: constant(uint256) = 3_600
_EXTENDED_S_MAX: constant(uint256) = 14_400
_CLOSED_S_MAX: constant(uint256) = 4 * 86_400
# how far a report's sequence may run ahead, so that no key can use all of them up
_SEQUENCE_STEP_MAX: constant(uint64) = 2**32
# a move is large from a fifth of the last price on
_LARGE_PARTS: constant(uint256) = 5

token: public(immutable(IStockToken))
policy: public(immutable(IPolicy))
signers: public(immutable(ISigners))
actions: public(immutable(ICorporateActions))

# --- the guardian's halt, at once; only the owner resumes ---
is_halted: public(bool)
# --- the latest round, and every round by its sequence ---
sequence: public(uint64)
rounds: HashMap[uint80, Round]


@deploy
def __init__(token_: IStockToken, policy_: IPolicy, signers_: ISigners, actions_: ICorporateActions):
    assert token_.address != empty(address), "price: token was zero"
    assert policy_.address != empty(address), "price: policy was zero"
    assert signers_.address != empty(address), "price: signers was zero"
    assert actions_.address != empty(address), "price: actions was zero"
    token = token_
    policy = policy_
    signers = signers_
    actions = actions_


# ------------------------------------------------------------------ report


@external
def report(reported: PriceReport, price_signatures: Bytes[455], attestor_signatures: Bytes[455]):
    """
    @notice Records what the price keys signed; a large move needs the attestors too, whose signatures are not read otherwise.
    """
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_REPORT_TYPE, reported)))
    assert staticcall signers.signed(_PRICE, digest, price_signatures), "price: price signature was wrong"
    if reported.largeMove:
        attested: bool = staticcall signers.signed(_ATTESTOR, digest, attestor_signatures)
        assert attested, "price: attestor signature was wrong"
    assert reported.token == token.address, "price: report was for another token"
    assert reported.price > 0 and reported.price < 2**128, "price: price was out of bounds"
    assert reported.session >= _REGULAR and reported.session <= _CLOSED, "price: session was unknown"
    last: Round = self._last()
    assert reported.sequence > last.sequence, "price: sequence did not rise"
    assert reported.sequence - last.sequence <= _SEQUENCE_STEP_MAX, "price: sequence ran too far ahead"
    assert reported.observedAt > last.observedAt, "price: observation was not newer"
    observed_at: uint256 = convert(reported.observedAt, uint256)
    assert observed_at <= block.timestamp, "price: observation was from the future"
    assert observed_at + _OBSERVED_S_MAX >= block.timestamp, "price: observation was too old"
    assert reported.version == staticcall token.multiplierVersion(), "price: version was not the token's"
    if last.sequence != 0 and not reported.largeMove:
        assert not self._is_large(last.price, reported.price), "price: move was large"

    self.sequence = reported.sequence
    self.rounds[convert(reported.sequence, uint80)] = Round(
        price=reported.price, session=reported.session, halted=reported.halted, version=reported.version,
        observedAt=reported.observedAt, sequence=reported.sequence
    )
    log AnswerUpdated(
        current=convert(reported.price, int256), roundId=convert(reported.sequence, uint256), updatedAt=observed_at
    )
    log PriceReported(
        token=token.address, sequence=reported.sequence, price=reported.price, session=reported.session,
        halted=reported.halted, largeMove=reported.largeMove, version=reported.version, observedAt=reported.observedAt
    )


@external
def halt():
    """
    @notice No answer from here on, whatever is reported, until the owner resumes.
    """
    assert msg.sender == staticcall policy.guardian(), "price: caller was not the guardian"
    assert not self.is_halted, "price: was halted already"
    self.is_halted = True
    log Halted(account=msg.sender)


@external
def resume():
    assert msg.sender == staticcall policy.owner(), "price: caller was not the owner"
    assert self.is_halted, "price: was not halted"
    self.is_halted = False
    log Resumed(account=msg.sender)


# ------------------------------------------------------------------ views


@external
@view
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The latest round, only if it may be used now.
    """
    return self._round_data(self._usable())


@external
@view
def latestAnswer() -> int256:
    """
    @notice The price alone, as older readers ask (Aave's oracle does); no answer whenever latestRoundData has none.
    """
    return convert(self.rounds[self._usable()].price, int256)


@external
@view
def getRoundData(roundId: uint80) -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice Any round there was, usable or not.
    @param roundId The sequence of a report; sequences may have gaps.
    """
    return self._round_data(roundId)


@external
@view
def latest_price() -> PriceState:
    """
    @notice The latest round with all that is known of it; its own fields are zero before the first. Never reverts.
    """
    return self._state()


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(_NAME)


# ------------------------------------------------------------------ internal


@internal
@view
def _usable() -> uint80:
    """
    @notice The latest round's id, only if that round may be used now.
    """
    state: PriceState = self._state()
    assert state.sequence != 0, "price: nothing was reported"
    assert not state.ended, "price: token was ended"
    assert not state.halted, "price: was halted"
    assert state.fresh, "price: was stale"
    assert not state.waiting, "price: waits for a corporate action"
    return convert(state.sequence, uint80)


@internal
@view
def _last() -> Round:
    return self.rounds[convert(self.sequence, uint80)]


@internal
@pure
def _is_large(before: uint256, after: uint256) -> bool:
    # both are below 2**128
    move: uint256 = after - before if after > before else before - after
    return move * _LARGE_PARTS > before


@internal
@view
def _state() -> PriceState:
    last: Round = self._last()
    observed_at: uint256 = convert(last.observedAt, uint256)
    paused_from: uint64 = 0
    effective_at: uint64 = 0
    ended: bool = False
    paused_from, effective_at, ended = staticcall actions.window(token.address)
    in_window: bool = block.timestamp >= convert(paused_from, uint256) and last.observedAt < effective_at
    return PriceState(
        price=last.price,
        session=last.session,
        halted=last.halted or self.is_halted,
        fresh=block.timestamp <= observed_at + self._age_s_max(last.session),
        waiting=in_window or last.version != staticcall token.multiplierVersion(),
        ended=ended,
        version=last.version,
        observedAt=last.observedAt,
        sequence=last.sequence,
    )


@internal
@pure
def _age_s_max(session: uint8) -> uint256:
    if session == _REGULAR:
        return _REGULAR_S_MAX
    if session == _CLOSED:
        return _CLOSED_S_MAX
    return _EXTENDED_S_MAX


@internal
@view
def _round_data(id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    found: Round = self.rounds[id]
    assert found.sequence != 0, "price: round was not found"
    observed_at: uint256 = convert(found.observedAt, uint256)
    return id, convert(found.price, int256), observed_at, observed_at, id
