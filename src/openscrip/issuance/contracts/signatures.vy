# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Signatures of owners: by a key, or by a contract that answers for itself (EIP-1271)
@license Apache-2.0
@notice The key is tried first: an account that an EIP-7702 delegation gave code still signs with its key. One sequence
        of nonces for everything an owner signs, permits and transfers alike: what was signed later waits for the earlier.
@dev    The owner's contract is called statically, its answer is read up to one word, and its failure is a refusal here:
        it can neither change anything, nor choose the words, nor make the answer dear (decision 0008).
"""

# digests and recovery; stateless
import typed_data

# what a contract answers for a signature that is its own: the selector of isValidSignature(bytes32,bytes)
_VALID: constant(bytes32) = 0x1626ba7e00000000000000000000000000000000000000000000000000000000
_PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
_TRANSFER_TYPE: constant(bytes32) = keccak256(
    "DELEGATED_TRANSFER(address owner,address to,uint256 value,uint256 nonce,uint256 deadline)"
)

# --- how many signatures of each owner were used ---
nonces: public(HashMap[address, uint256])


@internal
@view
def _permit_digest(
    name_hash: bytes32, owner: address, spender: address, amount: uint256, deadline: uint256
) -> bytes32:
    """
    @notice What an owner signs for an allowance, at the nonce that comes next.
    """
    assert block.timestamp <= deadline, "token: permit was expired"
    return self._digest(_PERMIT_TYPE, name_hash, owner, spender, amount, deadline)


@internal
@view
def _transfer_digest(name_hash: bytes32, owner: address, to: address, amount: uint256, deadline: uint256) -> bytes32:
    """
    @notice What an owner signs for a transfer, at the nonce that comes next.
    """
    assert block.timestamp <= deadline, "token: transfer was expired"
    return self._digest(_TRANSFER_TYPE, name_hash, owner, to, amount, deadline)


@internal
@view
def _digest(
    type_hash: bytes32, name_hash: bytes32, owner: address, party: address, amount: uint256, deadline: uint256
) -> bytes32:
    struct_hash: bytes32 = keccak256(abi_encode(type_hash, owner, party, amount, self.nonces[owner], deadline))
    return typed_data._digest(name_hash, struct_hash)


@internal
def _use_nonce(owner: address):
    self.nonces[owner] = unsafe_add(self.nonces[owner], 1)  # one step for each signature: 2**256 are out of reach


@internal
@view
def _signed_by_key(owner: address, digest: bytes32, v: uint256, r: bytes32, s: bytes32) -> bool:
    signer: address = typed_data._signer(digest, v, r, s)
    return signer != empty(address) and signer == owner


@internal
@view
def _signed(owner: address, digest: bytes32, signature: Bytes[1024]) -> bool:
    if len(signature) == 65:
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        if self._signed_by_key(owner, digest, v, extract32(signature, 0), extract32(signature, 32)):
            return True
    if not owner.is_contract:
        return False
    answered: bool = False
    answer: Bytes[32] = b""
    answered, answer = raw_call(
        owner,
        abi_encode(digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")),
        max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    return answered and len(answer) == 32 and convert(answer, bytes32) == _VALID
