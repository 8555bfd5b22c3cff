# pragma version 0.4.3
# pragma evm-version cancun
"""
@title ReserveFeed: settled, unencumbered shares behind one token
@license Apache-2.0
@notice Shaped as Chainlink's AggregatorV3Interface: the answer is shares in 1e-9. The attestors sign each report after
        reading the custodian's statement themselves; the issuer submits it. A report carries the corporate-action epoch
        and this chain's allocation: how many of the shares tokens on this chain may stand for. What is pledged, blocked or
        still on its way is told beside the shares and never counts.
@dev    A feed without a report reverts. A round is as old as the statement behind it, not as its transaction.
"""

# digests of reports; stateless
import typed_data
import IReserveFeed
import ISigners


event AnswerUpdated:
    current: indexed(int256)
    roundId: indexed(uint256)
    updatedAt: uint256


event ReserveReported:
    token: indexed(address)
    sequence: indexed(uint64)
    shares: uint256
    encumbered: uint256
    inTransit: uint256
    allocation: uint256
    epoch: uint64
    asOf: uint64


decimals: public(constant(uint8)) = 9
version: public(constant(uint256)) = 1
description: public(constant(String[64])) = "Settled unencumbered shares in custody, 1e-9 share"
_NAME: constant(bytes32) = keccak256("Openscrip ReserveFeed")
_REPORT_TYPE: constant(bytes32) = keccak256(
    "ReserveReport(address token,uint256 shares,uint256 encumbered,uint256 inTransit,uint256 allocation,uint64 epoch,uint64 asOf,uint64 sequence)"
)
# roles in the signers' contract
_ISSUER: constant(uint8) = 1
_ATTESTOR: constant(uint8) = 2
_LOW_128: constant(uint256) = 2**128 - 1
_LOW_64: constant(uint256) = 2**64 - 1

token: public(immutable(address))
issuer: public(immutable(address))
signers: public(immutable(ISigners))
# seconds after its statement that a report still backs a mint
age_s_max: public(immutable(uint256))

# --- the latest report, packed: high half, low half ---
shares_allocation: uint256
encumbered_in_transit: uint256
# epoch, time of the statement, sequence: 64 bits each
epoch_as_of_sequence: uint256
# --- every report, by its sequence: shares, then 64 bits with the time of the statement ---
rounds: HashMap[uint80, uint256]


@deploy
def __init__(token_: address, issuer_: address, signers_: ISigners, age_s_max_: uint256):
    assert token_ != empty(address), "feed: token was zero"
    assert issuer_ != empty(address), "feed: issuer was zero"
    assert signers_.address != empty(address), "feed: signers were zero"
    assert age_s_max_ > 0, "feed: age limit was zero"
    token = token_
    issuer = issuer_
    signers = signers_
    age_s_max = age_s_max_


@external
def report(reported: IReserveFeed.ReserveReport, signatures: Bytes[455]):
    """
    @notice Records what the attestors signed; only the issuer submits it, itself or through the issuer contract.
    """
    if msg.sender != issuer:
        assert staticcall signers.has_role(msg.sender, _ISSUER), "feed: caller was not the issuer"
    assert reported.token == token, "feed: report was for another token"
    last: uint256 = self.epoch_as_of_sequence
    as_of: uint256 = convert(reported.asOf, uint256)
    assert reported.sequence > self._sequence(last), "feed: sequence did not rise"
    assert as_of >= self._as_of(last), "feed: statement was older than the last"
    assert as_of <= block.timestamp, "feed: statement was from the future"
    assert reported.epoch >= self._epoch(last), "feed: epoch went back"
    assert reported.allocation <= reported.shares, "feed: allocation was above the shares"
    largest: uint256 = max(reported.shares, max(reported.encumbered, reported.inTransit))
    assert largest <= _LOW_128, "feed: figure was out of bounds"
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_REPORT_TYPE, reported)))
    assert staticcall signers.signed(_ATTESTOR, digest, signatures), "feed: attestor signature was wrong"
    sequence: uint256 = convert(reported.sequence, uint256)
    self.shares_allocation = (reported.shares << 128) | reported.allocation
    self.encumbered_in_transit = (reported.encumbered << 128) | reported.inTransit
    self.epoch_as_of_sequence = (convert(reported.epoch, uint256) << 128) | (as_of << 64) | sequence
    self.rounds[convert(reported.sequence, uint80)] = (reported.shares << 64) | as_of
    log AnswerUpdated(current=convert(reported.shares, int256), roundId=sequence, updatedAt=as_of)
    log ReserveReported(
        token=token,
        sequence=reported.sequence,
        shares=reported.shares,
        encumbered=reported.encumbered,
        inTransit=reported.inTransit,
        allocation=reported.allocation,
        epoch=reported.epoch,
        asOf=reported.asOf,
    )


@external
@view
def reserve() -> IReserveFeed.Reserve:
    """
    @notice The latest report, and whether it is young enough to back a mint.
    """
    last: uint256 = self.epoch_as_of_sequence
    assert last != 0, "feed: nothing was reported"
    counted: uint256 = self.shares_allocation
    apart: uint256 = self.encumbered_in_transit
    return IReserveFeed.Reserve(
        shares=counted >> 128,
        allocation=counted & _LOW_128,
        epoch=self._epoch(last),
        asOf=convert(self._as_of(last), uint64),
        sequence=self._sequence(last),
        fresh=block.timestamp <= self._as_of(last) + age_s_max,
        encumbered=apart >> 128,
        inTransit=apart & _LOW_128,
    )


@external
@view
def allocation() -> uint256:
    """
    @notice How many of the shares this chain's tokens may stand for, 1e-9 share; 0 before the first report.
    """
    return self.shares_allocation & _LOW_128


@external
@view
def epoch() -> uint64:
    return self._epoch(self.epoch_as_of_sequence)


@external
@view
def sequence() -> uint64:
    """
    @notice Of the latest report; 0 before the first.
    """
    return self._sequence(self.epoch_as_of_sequence)


@external
@view
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return self._round_data(convert(self._sequence(self.epoch_as_of_sequence), uint80))


@external
@view
def getRoundData(roundId: uint80) -> (uint80, int256, uint256, uint256, uint80):
    """
    @param roundId The sequence of a report; sequences may have gaps.
    """
    return self._round_data(roundId)


@internal
@view
def _round_data(id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    found: uint256 = self.rounds[id]
    as_of: uint256 = found & _LOW_64
    assert as_of != 0, "feed: round was not found"
    return id, convert(found >> 64, int256), as_of, as_of, id


@internal
@pure
def _epoch(packed: uint256) -> uint64:
    return convert(packed >> 128, uint64)


@internal
@pure
def _as_of(packed: uint256) -> uint256:
    return (packed >> 64) & _LOW_64


@internal
@pure
def _sequence(packed: uint256) -> uint64:
    return convert(packed & _LOW_64, uint64)
