# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A token that calls a contract of ours again from within whatever is asked of it, and that
       may count wrongly
@license Apache-2.0
"""

import IStockToken

target: address
again: Bytes[2048]
held: uint256
more: uint256
less: uint256
entered: public(bool)


@external
def arm(target: address, again: Bytes[2048]):
    self.target = target
    self.again = again


@external
def miscount(more: uint256, less: uint256):
    self.more = more
    self.less = less


@internal
def _return():
    if len(self.again) > 0:
        again: Bytes[2048] = self.again
        self.again = b""
        self.entered = raw_call(self.target, again, revert_on_failure=False)


@external
@view
def balanceOf(account: address) -> uint256:
    return self.held


@external
@view
def standing() -> IStockToken.Standing:
    return IStockToken.Standing(
        supply=0, multiplier=10**18, newMultiplier=10**18, effectiveAt=0, epoch=0, newEpoch=0, version=0
    )


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self._return()
    self.held += amount + self.more - self.less
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    self._return()
    return True


@external
def mint(to: address, amount: uint256):
    self._return()


@external
def burn(amount: uint256):
    self._return()


@external
def schedule(expected: uint256, multiplier: uint256, effective_at: uint64, epoch_after: uint64, action_id: bytes32):
    self._return()


@external
def cancel(action_id: bytes32):
    self._return()
