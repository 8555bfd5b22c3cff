# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Treasury: clients' stablecoins, which leave only under two signatures
@license Apache-2.0
@notice Clients send stablecoins here with a plain transfer. A payout is signed by the treasurer and by the approver, two keys
        on two machines, and is made once for its id, whoever sends the transaction. Signatures never expire: a payout that is
        not to be made any more is voided, by both keys too. Nobody owns this contract, nothing in it can be changed, and it
        keeps no balances of its own: what lies here is what the token says.
@dev    What is owed to whom stands in the issuer's books; the approver judges each payout by the chain and by its own record.
        Stablecoins that answer false, or give less than they take, are refused.
"""

# digests and recovery; stateless
import typed_data
from ethereum.ercs import IERC20


event Paid:
    id: indexed(bytes32)
    token: indexed(address)
    to: indexed(address)
    amount: uint256


event Voided:
    id: indexed(bytes32)


_NAME_HASH: constant(bytes32) = keccak256("Openscrip Treasury")
_PAYOUT_TYPE: constant(bytes32) = keccak256("Payout(bytes32 id,address token,address to,uint256 amount)")
_VOID_TYPE: constant(bytes32) = keccak256("Void(bytes32 id)")

# --- the two keys, for good: another pair is another treasury ---
treasurer: public(immutable(address))
approver: public(immutable(address))

# --- the ids of payouts that were made ---
paid: public(HashMap[bytes32, bool])

# --- the ids of payouts that will never be made ---
voided: public(HashMap[bytes32, bool])


@deploy
def __init__(treasurer_: address, approver_: address):
    assert treasurer_ != empty(address) and approver_ != empty(address), "treasury: a key was zero"
    assert treasurer_ != approver_, "treasury: both keys were the same"
    treasurer = treasurer_
    approver = approver_


@external
def pay(id: bytes32, token: address, to: address, amount: uint256, first: Bytes[65], second: Bytes[65]):
    """
    @notice Pays `amount` of `token` to `to`, signed by the treasurer (`first`) and the approver (`second`).
    """
    assert not self.paid[id], "treasury: payout was made before"
    assert not self.voided[id], "treasury: payout was voided"
    self._check_both(keccak256(abi_encode(_PAYOUT_TYPE, id, token, to, amount)), first, second)
    self.paid[id] = True
    log Paid(id=id, token=token, to=to, amount=amount)
    before: uint256 = staticcall IERC20(token).balanceOf(to)
    assert extcall IERC20(token).transfer(to, amount, default_return_value=True), "treasury: transfer failed"
    assert staticcall IERC20(token).balanceOf(to) == before + amount, "treasury: another amount arrived"


@external
def void(id: bytes32, first: Bytes[65], second: Bytes[65]):
    """
    @notice Ends a payout that was not made: whatever was signed for its id pays nothing from here on.
    """
    assert not self.paid[id], "treasury: payout was made before"
    assert not self.voided[id], "treasury: payout was voided"
    self._check_both(keccak256(abi_encode(_VOID_TYPE, id)), first, second)
    self.voided[id] = True
    log Voided(id=id)


@internal
@view
def _check_both(struct_hash: bytes32, first: Bytes[65], second: Bytes[65]):
    digest: bytes32 = typed_data._digest(_NAME_HASH, struct_hash)
    assert typed_data._signer_of_bytes(digest, first) == treasurer, "treasury: treasurer had not signed"
    assert typed_data._signer_of_bytes(digest, second) == approver, "treasury: approver had not signed"
