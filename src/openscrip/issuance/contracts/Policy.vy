# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Policy: who may not hold or move a token, and who governs
@license Apache-2.0
@notice One list for all tokens of this issuer. The guardian lists an address at once, alone; only the owner, a timelock,
        takes one off. Tokens read the guardian and the owner here, so each power has one seat.
"""

event Listed:
    account: indexed(address)


event Unlisted:
    account: indexed(address)


event GuardianChanged:
    previous: indexed(address)
    current: indexed(address)


event CCIPAdminChanged:
    previous: indexed(address)
    current: indexed(address)


event OwnershipTransferStarted:
    previousOwner: indexed(address)
    newOwner: indexed(address)


event OwnershipTransferred:
    previousOwner: indexed(address)
    newOwner: indexed(address)


# --- powers ---
# a TimelockController; hands over in two steps and cannot renounce
owner: public(address)
pendingOwner: public(address)
# lists and pauses, at once; can undo neither
guardian: public(address)
# registers tokens for CCIP, which a timelock cannot do itself; zero until the owner names one
ccip_admin: public(address)
# --- the list, answering the selector of Chainalysis' oracle ---
isSanctioned: public(HashMap[address, bool])


@deploy
def __init__(owner: address, guardian: address):
    assert owner != empty(address), "policy: owner was zero"
    assert guardian != empty(address), "policy: guardian was zero"
    self.owner = owner
    self.guardian = guardian
    log OwnershipTransferred(previousOwner=empty(address), newOwner=owner)
    log GuardianChanged(previous=empty(address), current=guardian)


@external
@view
def check(sender: address, receiver: address, spender: address) -> bool:
    """
    @notice True, or reverts naming who was listed. For a mint the sender is zero and the spender is the receiver.
    """
    assert not self.isSanctioned[sender], "policy: sender was listed"
    assert not self.isSanctioned[receiver], "policy: receiver was listed"
    if spender != sender and spender != receiver:
        assert not self.isSanctioned[spender], "policy: spender was listed"
    return True


@external
def list_address(account: address):
    assert msg.sender == self.guardian, "policy: caller was not the guardian"
    assert account != empty(address), "policy: account was zero"
    assert not self.isSanctioned[account], "policy: account was listed already"
    self.isSanctioned[account] = True
    log Listed(account=account)


@external
def unlist_address(account: address):
    assert msg.sender == self.owner, "policy: caller was not the owner"
    assert self.isSanctioned[account], "policy: account was not listed"
    self.isSanctioned[account] = False
    log Unlisted(account=account)


@external
def set_guardian(guardian: address):
    assert msg.sender == self.owner, "policy: caller was not the owner"
    assert guardian != empty(address), "policy: guardian was zero"
    assert guardian != self.guardian, "policy: guardian was unchanged"
    log GuardianChanged(previous=self.guardian, current=guardian)
    self.guardian = guardian


@external
def set_ccip_admin(admin: address):
    """
    @notice Zero takes the power away.
    """
    assert msg.sender == self.owner, "policy: caller was not the owner"
    assert admin != self.ccip_admin, "policy: CCIP admin was unchanged"
    log CCIPAdminChanged(previous=self.ccip_admin, current=admin)
    self.ccip_admin = admin


@external
def transferOwnership(newOwner: address):
    """
    @notice First of two steps; naming another account, or zero, replaces the offer.
    """
    assert msg.sender == self.owner, "policy: caller was not the owner"
    self.pendingOwner = newOwner
    log OwnershipTransferStarted(previousOwner=self.owner, newOwner=newOwner)


@external
def acceptOwnership():
    assert msg.sender == self.pendingOwner, "policy: caller was not the pending owner"
    log OwnershipTransferred(previousOwner=self.owner, newOwner=msg.sender)
    self.owner = msg.sender
    self.pendingOwner = empty(address)
