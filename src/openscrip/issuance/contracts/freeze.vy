# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Frozen accounts of one token, each with the reason
@license Apache-2.0
@notice A frozen account neither gives, takes nor spends this token. The policy's list stops an account in every token;
        a freeze stops it in one, says why, and opens the way to a recovery.
        Reasons: 1 sanctions, 2 order of a court or an authority, 3 theft or lost key, 4 suspected fraud, 5 mistake.
"""

event Frozen:
    account: indexed(address)
    reason: indexed(uint8)


event Unfrozen:
    account: indexed(address)
    reason: indexed(uint8)


event Recovered:
    caseId: indexed(bytes32)
    account: indexed(address)
    receiver: indexed(address)
    amount: uint256
    reason: uint8


_REASON_MAX: constant(uint8) = 5

# --- 0 for an account that is free ---
freeze_reason: public(HashMap[address, uint8])


@external
@view
def isFrozen(account: address) -> bool:
    return self._is_frozen(account)


@internal
@view
def _is_frozen(account: address) -> bool:
    return self.freeze_reason[account] != 0


@internal
def _freeze(account: address, reason: uint8):
    assert account != empty(address), "token: account was zero"
    self._refuse_unless_reason(reason)
    assert self.freeze_reason[account] == 0, "token: account was frozen"
    self.freeze_reason[account] = reason
    log Frozen(account=account, reason=reason)


@internal
def _unfreeze(account: address, reason: uint8):
    self._refuse_unless_reason(reason)
    assert self.freeze_reason[account] != 0, "token: account was not frozen"
    self.freeze_reason[account] = 0
    log Unfrozen(account=account, reason=reason)


@internal
def _recover(account: address, receiver: address, amount: uint256, case_id: bytes32, reason: uint8):
    assert self.freeze_reason[account] != 0, "token: account was not frozen"
    assert amount > 0, "token: amount was zero"
    assert case_id != empty(bytes32), "token: case was zero"
    self._refuse_unless_reason(reason)
    log Recovered(caseId=case_id, account=account, receiver=receiver, amount=amount, reason=reason)


@internal
@pure
def _refuse_unless_reason(reason: uint8):
    assert reason >= 1 and reason <= _REASON_MAX, "token: reason was unknown"


@internal
@view
def _refuse_if_frozen(sender: address, receiver: address, spender: address):
    assert self.freeze_reason[sender] == 0, "token: sender was frozen"
    self._refuse_if_receiver_frozen(receiver)
    if spender != sender and spender != receiver:
        assert self.freeze_reason[spender] == 0, "token: spender was frozen"


@internal
@view
def _refuse_if_receiver_frozen(receiver: address):
    assert self.freeze_reason[receiver] == 0, "token: receiver was frozen"


@internal
@view
def _refuse_if_party_frozen(owner: address, spender: address):
    assert self.freeze_reason[owner] == 0, "token: owner was frozen"
    assert self.freeze_reason[spender] == 0, "token: spender was frozen"
