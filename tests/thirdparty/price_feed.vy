# pragma version 0.4.3
# pragma evm-version cancun
# A test's own price source, as a lender reads it: dollars with 8 decimals for one raw token.

interface IStockToken:
    def uiMultiplier() -> uint256: view

_ONE: constant(uint256) = 10**18

token: immutable(IStockToken)
latestAnswer: public(int256)


@deploy
def __init__(token_: IStockToken):
    token = token_


@external
def publish(share_price: uint256):
    """Price of one share -> price of one raw token, at the multiplier in force."""
    self.latestAnswer = convert(share_price * staticcall token.uiMultiplier() // _ONE, int256)


@external
def publish_as_it_is(price: uint256):
    """The mistake that a lender must not make: the price of a share, given as that of a raw token."""
    self.latestAnswer = convert(price, int256)
