# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A stablecoin for local chains: an ERC-20 with 6 decimals that its minter gives to whoever asks
@license Apache-2.0
@notice Worth nothing. It stands for a stablecoin of others wherever the chain is our own.
"""

from ethereum.ercs import IERC20

implements: IERC20


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


name: public(constant(String[16])) = "Test Dollar"
symbol: public(constant(String[8])) = "TUSD"
decimals: public(constant(uint8)) = 6

minter: public(immutable(address))

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(minter_: address):
    minter = minter_


@external
def mint(to: address, amount: uint256):
    assert msg.sender == minter, "dollar: caller was not the minter"
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log Transfer(sender=empty(address), receiver=to, value=amount)


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    assert to != empty(address), "dollar: receiver was zero"
    assert self.balanceOf[owner] >= amount, "dollar: balance was too small"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=owner, receiver=to, value=amount)
