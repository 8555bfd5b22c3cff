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


struct ReserveReport:
    token: address
    shares: uint256       # 1e-9 share: settled, unencumbered, in segregated custody
    allocation: uint256   # 1e-9 share: how many of them this chain's tokens may stand for
    epoch: uint64
    asOf: uint64          # UTC seconds of the custodian's statement
    sequence: uint64


struct Round:
    shares: uint256
    as_of: uint256


struct Reserve:
    shares: uint256
    allocation: uint256
    epoch: uint64
    asOf: uint64
    sequence: uint64
    fresh: bool


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
def report(
    shares: uint256, allocation: uint256, epoch: uint64, as_of: uint64, sequence: uint64, attestor_signature: Bytes[65]
):
    """
    @notice Records what the attestor signed; only the issuer submits it.
    """
    assert msg.sender == staticcall issuer.issuer(), "feed: caller was not the issuer"
    assert sequence > self.sequence, "feed: sequence did not rise"
    assert as_of >= self.as_of, "feed: statement was older than the last"
    assert convert(as_of, uint256) <= block.timestamp, "feed: statement was from the future"
    assert epoch >= self.epoch, "feed: epoch went back"
    assert allocation <= shares, "feed: allocation was above the shares"
    signed: ReserveReport = ReserveReport(
        token=token, shares=shares, allocation=allocation, epoch=epoch, asOf=as_of, sequence=sequence
    )
    digest: bytes32 = typed_data._digest(_NAME, keccak256(abi_encode(_REPORT_TYPE, signed)))
    signer: address = typed_data._signer_of_bytes(digest, attestor_signature)
    assert signer == staticcall issuer.attestor(), "feed: attestor signature was wrong"
    self.shares = shares
    self.allocation = allocation
    self.epoch = epoch
    self.as_of = as_of
    self.sequence = sequence
    self.rounds[convert(sequence, uint80)] = Round(shares=shares, as_of=convert(as_of, uint256))
    log AnswerUpdated(
        current=convert(shares, int256), roundId=convert(sequence, uint256), updatedAt=convert(as_of, uint256)
    )
    log ReserveReported(
        token=token, sequence=sequence, shares=shares, allocation=allocation, epoch=epoch, asOf=as_of
    )


@external
@view
def reserve() -> Reserve:
    """
    @notice The latest report, and whether it is young enough to back a mint.
    """
    assert self.sequence != 0, "feed: nothing was reported"
    return Reserve(
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
