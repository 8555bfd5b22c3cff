# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Who may do what with a token: the owner, the guardian, and whoever moves it
@license Apache-2.0
@notice Whoever is on the policy's list, or frozen here, gives, takes and spends nothing. The issuer contract can be
        neither: it is nobody to the list, and no pause stops it, so that every holder's exit stays open.
@dev    Refusals come in one order: pause, list, freeze.
"""

# accounts that move nothing, with the reason
import freeze as freezes
# what is paused
import pausing
import IPolicy

uses: freezes
uses: pausing

# Shared by every token of the beacon; replaced only by an upgrade through the timelock.
policy: public(immutable(IPolicy))
issuer: public(immutable(address))


@deploy
def __init__(policy_: IPolicy, issuer_: address):
    assert policy_.address != empty(address), "token: policy was zero"
    assert issuer_ != empty(address), "token: issuer was zero"
    policy = policy_
    issuer = issuer_


@internal
@view
def _refuse_unless_owner():
    assert msg.sender == staticcall policy.owner(), "token: caller was not the owner"


@internal
@view
def _refuse_unless_guardian():
    assert msg.sender == staticcall policy.guardian(), "token: caller was not the guardian"


@internal
@view
def _refuse_unless_free(sender: address, receiver: address, spender: address):
    """
    @notice For a transfer.
    """
    assert msg.sender == issuer or not pausing._is_paused(pausing.TRANSFERS), "token: was paused"
    assert staticcall policy.check(
        self._listable(sender), self._listable(receiver), self._listable(spender)
    ), "token: party was listed"
    freezes._refuse_if_frozen(sender, receiver, spender)


@internal
@view
def _refuse_unless_free_to_take(receiver: address):
    """
    @notice For the issuer contract's mints and the owner's recoveries, which no holder sends.
    """
    assert staticcall policy.check(empty(address), receiver, receiver), "token: receiver was listed"
    freezes._refuse_if_receiver_frozen(receiver)


@internal
@view
def _refuse_unless_free_to_cross(sender: address, receiver: address):
    """
    @notice For what the calling bridge pool mints to a receiver or burns of a sender; nobody is the other party.
    """
    pausing._refuse_if_paused(pausing.BRIDGE)
    assert staticcall policy.check(sender, receiver, msg.sender), "token: party was listed"
    freezes._refuse_if_frozen(sender, receiver, msg.sender)


@internal
@view
def _what_stops(sender: address, receiver: address) -> (uint8, String[64]):
    """
    @notice The number and the words of what stops a transfer by its sender: 1 a pause, 2 the list, 3 a freeze, 0 nothing.
    """
    if sender != issuer and pausing._is_paused(pausing.TRANSFERS):
        return 1, "token: was paused"
    if staticcall policy.isSanctioned(self._listable(sender)):
        return 2, "policy: sender was listed"
    if staticcall policy.isSanctioned(self._listable(receiver)):
        return 2, "policy: receiver was listed"
    if freezes._is_frozen(sender):
        return 3, "token: sender was frozen"
    if freezes._is_frozen(receiver):
        return 3, "token: receiver was frozen"
    return 0, ""


@internal
@view
def _listable(account: address) -> address:
    """
    @notice Nobody in place of the issuer contract: a list that had it would shut every holder's exit.
    """
    return empty(address) if account == issuer else account
