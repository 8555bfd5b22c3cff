# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What of one token is paused
@license Apache-2.0
@notice Three things stop apart: 1 transfers, 2 the issuer's mints, 4 what bridge pools mint and burn. Approvals go on, and
        so does whatever the issuer contract moves: escrow, its burn and its refund are the exit.
"""

event Paused:
    account: indexed(address)
    scope: uint8


event Unpaused:
    account: indexed(address)
    scope: uint8


TRANSFERS: constant(uint8) = 1
PRIMARY: constant(uint8) = 2
BRIDGE: constant(uint8) = 4
ALL: constant(uint8) = 7

# --- the sum of what is paused ---
pauses: public(uint8)


@external
@view
def paused() -> bool:
    """
    @notice Whether anything is paused; `pauses` says what.
    """
    return self.pauses != 0


@internal
def _pause(scope: uint8):
    self._refuse_unless_scope(scope)
    assert self.pauses & scope != scope, "token: was paused"
    self.pauses |= scope
    log Paused(account=msg.sender, scope=scope)


@internal
def _unpause(scope: uint8):
    self._refuse_unless_scope(scope)
    assert self.pauses & scope != 0, "token: was not paused"
    self.pauses &= ALL ^ scope
    log Unpaused(account=msg.sender, scope=scope)


@internal
@pure
def _refuse_unless_scope(scope: uint8):
    assert scope >= 1 and scope <= ALL, "token: scope was unknown"


@internal
@view
def _is_paused(scope: uint8) -> bool:
    return self.pauses & scope != 0


@internal
@view
def _refuse_if_paused(scope: uint8):
    assert not self._is_paused(scope), "token: was paused"
