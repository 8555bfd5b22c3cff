# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Raw balances, allowances and supply of one token (ERC-20)
@license Apache-2.0
@notice All in 1e-18 raw. `Transfer` says what moved, to the last atom. Who may move is decided elsewhere.
"""

# only for people's views; nothing here moves by it
import multiplier as scale

uses: scale


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


# --- ERC-20 ---
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)


@external
@view
def balanceOfUI(account: address) -> uint256:
    """
    @notice For people to read. Send only raw amounts: `balanceOf`, or what `fromUIAmount` gives.
    """
    return scale._to_ui_down(self.balanceOf[account])


@external
@view
def totalSupplyUI() -> uint256:
    return scale._to_ui_down(self.totalSupply)


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@internal
def _approve(owner: address, spender: address, amount: uint256):
    assert spender != empty(address), "token: spender was zero"
    self.allowance[owner][spender] = amount
    log Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend(owner: address, spender: address, amount: uint256):
    """
    @notice Takes from an allowance; the largest there is stays as it is.
    """
    assert owner != empty(address), "token: owner was zero"
    allowed: uint256 = self.allowance[owner][spender]
    if allowed != max_value(uint256):
        assert allowed >= amount, "token: allowance was too small"
        self.allowance[owner][spender] = unsafe_sub(allowed, amount)  # allowed >= amount, one line above


@internal
def _move(sender: address, receiver: address, amount: uint256):
    assert receiver != empty(address), "token: receiver was zero"
    self._take(sender, amount)
    # read after the write above, so that a transfer to oneself changes nothing; never above the supply
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], amount)
    log Transfer(sender=sender, receiver=receiver, value=amount)


@internal
def _mint(receiver: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], amount)  # never above the supply, see above
    log Transfer(sender=empty(address), receiver=receiver, value=amount)


@internal
def _burn(account: address, amount: uint256):
    self._take(account, amount)
    self.totalSupply = unsafe_sub(self.totalSupply, amount)  # never below a balance
    log Transfer(sender=account, receiver=empty(address), value=amount)


@internal
def _take(account: address, amount: uint256):
    balance: uint256 = self.balanceOf[account]
    assert balance >= amount, "token: balance was too small"
    self.balanceOf[account] = unsafe_sub(balance, amount)  # balance >= amount, one line above
