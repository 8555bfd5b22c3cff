# pragma version 0.4.3
# pragma evm-version cancun
# What a Morpho market asks: the loan tokens that one collateral token is worth, both in their atoms, x 1e36. Answers
# whenever the price feed does, and refuses in its words.

interface PriceFeed:
    def latestRoundData() -> (uint80, int256, uint256, uint256, uint80): view

feed: immutable(PriceFeed)
scale: immutable(uint256)


@deploy
def __init__(feed_: PriceFeed, scale_: uint256):
    feed = feed_
    scale = scale_


@external
@view
def price() -> uint256:
    id: uint80 = 0
    answer: int256 = 0
    started: uint256 = 0
    updated: uint256 = 0
    answered_in: uint80 = 0
    id, answer, started, updated, answered_in = staticcall feed.latestRoundData()
    return convert(answer, uint256) * scale
