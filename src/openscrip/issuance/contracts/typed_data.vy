# pragma version 0.4.3
# pragma evm-version cancun
"""
@title EIP-712 digests, and who signed them
@license Apache-2.0
@notice The domain is computed at every call from the chain id and the contract's own address, so that a fork of the
        chain or a copy of the contract never accepts a signature made for the original. Holds no state.
"""

_DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_VERSION: constant(bytes32) = keccak256("1")
# Half the order of secp256k1: a signature with a higher s has a twin and is refused (EIP-2).
_S_MAX: constant(uint256) = 57_896_044_618_658_097_711_785_492_504_343_953_926_418_782_139_537_452_191_302_581_570_759_080_747_168


@internal
@view
def _domain_separator(name_hash: bytes32) -> bytes32:
    return keccak256(abi_encode(_DOMAIN_TYPE, name_hash, _VERSION, chain.id, self))


@internal
@view
def _domain(name: String[64]) -> (bytes1, String[64], String[1], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice What `eip712Domain` (ERC-5267) answers: which fields there are, the fields, no salt and no extensions.
    """
    return 0x0f, name, "1", chain.id, self, empty(bytes32), []


@internal
@view
def _digest(name_hash: bytes32, struct_hash: bytes32) -> bytes32:
    return keccak256(concat(x"1901", self._domain_separator(name_hash), struct_hash))


@internal
@pure
def _signer(digest: bytes32, v: uint256, r: bytes32, s: bytes32) -> address:
    """
    @notice The account that signed, or zero for anything but one well-formed low-s signature.
    """
    if convert(s, uint256) > _S_MAX or (v != 27 and v != 28):
        return empty(address)
    return ecrecover(digest, v, convert(r, uint256), convert(s, uint256))


@internal
@pure
def _signer_of_bytes(digest: bytes32, signature: Bytes[65]) -> address:
    """
    @notice As `_signer`, for the 65 bytes r, s, v.
    """
    if len(signature) != 65:
        return empty(address)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    return self._signer(digest, v, extract32(signature, 0), extract32(signature, 32))
