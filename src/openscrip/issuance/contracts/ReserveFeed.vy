# pragma version 0.4.3
# pragma evm-version cancun
"""
@title ReserveFeed: settled, unencumbered shares behind one token
@license Apache-2.0
@notice Shaped as Chainlink's AggregatorV3Interface: the answer is shares in 1e-9. The attestor signs each report after
        reading the custodian's statement itself; the issuer submits it. A report carries the corporate-action epoch and
        this chain's allocation: how many of the shares tokens on this chain may stand for.
@dev    A feed without a report reverts. A round is as old as the statement behind it, not as its transaction.
"""

# digests and recovery for reports; stateless
import typed_data
import IReserveFeed


interface Issuer:
    def issuer() -> address: view
    def attestor() -> address: view


event AnswerUpdated:
    current: indexed(int256)
    roundId: indexed(uint256)
    updatedAt: uint256


event ReserveReported:
    token: indexed(address)
    sequence: indexed(uint64)
    shares: uint256
    allocation: uint256
    epoch: uint64
    asOf: uint64


struct Round:
    shares: uint256
    as_of: uint256


decimals: public(constant(uint8)) = 9
version: public(constant(uint256)) = 1
description: public(constant(String[64])) = "Settled unencumbered shares in custody, 1e-9 share"
_NAME: constant(bytes32) = keccak256("Openscrip ReserveFeed")
_REPORT_TYPE: constant(bytes32) = keccak256(
    "ReserveReport(address token,uint256 shares,uint256 allocation,uint64 epoch,uint64 asOf,uint64 sequence)"
)

token: public(immutable(address))
issuer: public(immutable(Issuer))
# seconds after its statement that a report still backs a mint
age_s_max: public(immutable(uint256))

# --- the latest report ---
shares: uint256
allocation: public(uint256)
epoch: public(uint64)
as_of: uint64
sequence: public(uint64)
# --- every report, by its sequence ---
rounds: HashMap[uint80, Round]


@deploy
def __init__(token_: address, issuer_: Issuer, age_s_max_: uint256):
    assert token_ != empty(address), "feed: token was zero"
    assert age_s_max_ > 0, "feed: age limit was zero"
    token = token_
    issuer = issuer_
    age_s_max = age_s_max_


@external
def report(reported: IReserveFeed.ReserveReport, attestor_signature: Bytes[65]):
    """
    @notice Records what the attestor signed; only the issuer submits it, itself or through the issuer contract.
    """
    assert msg.sender in [issuer.address, staticcall issuer.issuer()], "feed: caller was not the issuer"
    assert reported.token == token, "feed: report was for another token"
    assert reported.sequence > self.sequence, "feed: sequence did not rise"
    assert reported.asOf >= self.as_of, "feed: statement was older than the last"
    as_of: uint256 = convert(reported.asOf, uint256)
    assert as_of <= block.timestamp, "feed: statement was from the future"
    assert reported.epoch >= self.epoch, "feed: epoch went back"
    assert reported.allocation <= reported.shares, "feed: allocation was above the shares"
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_REPORT_TYPE, reported)))
    signer: address = typed_data._signer_of_bytes(digest, attestor_signature)
    assert signer == staticcall issuer.attestor(), "feed: attestor signature was wrong"
    self.shares = reported.shares
    self.allocation = reported.allocation
    self.epoch = reported.epoch
    self.as_of = reported.asOf
    self.sequence = reported.sequence
    self.rounds[convert(reported.sequence, uint80)] = Round(shares=reported.shares, as_of=as_of)
    log AnswerUpdated(
        current=convert(reported.shares, int256), roundId=convert(reported.sequence, uint256), updatedAt=as_of
    )
    log ReserveReported(
        token=token,
        sequence=reported.sequence,
        shares=reported.shares,
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
    assert self.sequence != 0, "feed: nothing was reported"
    return IReserveFeed.Reserve(
        shares=self.shares,
        allocation=self.allocation,
        epoch=self.epoch,
        asOf=self.as_of,
        sequence=self.sequence,
        fresh=block.timestamp <= convert(self.as_of, uint256) + age_s_max,
    )


@external
@view
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return self._round_data(convert(self.sequence, uint80))


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
    found: Round = self.rounds[id]
    assert found.as_of != 0, "feed: round was not found"
    return id, convert(found.shares, int256), found.as_of, found.as_of, id
