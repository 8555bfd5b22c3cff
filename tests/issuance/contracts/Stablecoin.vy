# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A stablecoin that anyone may mint, and that takes a fee, lies, says nothing or comes back when it is told to
@license Apache-2.0
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
# taken from what arrives, or added to it
fee: int256
# taken from the sender on top, or left to it
surcharge: int256
# answers false and moves nothing
lies: bool
# answers nothing, as some of the largest do
silent: bool
target: address
again: Bytes[4096]
entered: public(bool)


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def behave(fee: int256, surcharge: int256, lies: bool, silent: bool):
    self.fee = fee
    self.surcharge = surcharge
    self.lies = lies
    self.silent = silent


@external
def arm(target: address, again: Bytes[4096]):
    self.target = target
    self.again = again
    self.entered = False


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[32]:
    self.allowance[owner][msg.sender] -= amount
    return self._move(owner, to, amount)


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    return self._move(msg.sender, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256) -> Bytes[32]:
    if len(self.again) > 0:
        again: Bytes[4096] = self.again
        self.again = b""
        self.entered = raw_call(self.target, again, revert_on_failure=False)
    if self.lies:
        return abi_encode(False)
    exact: int256 = convert(amount, int256)
    self.balanceOf[owner] -= convert(exact + self.surcharge, uint256)
    self.balanceOf[to] += convert(exact - self.fee, uint256)
    if self.silent:
        return b""
    return abi_encode(True)
