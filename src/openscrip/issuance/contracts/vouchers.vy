# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Mint vouchers: their type, their domain, who must have signed them, and what they make the issuer owe
@license Apache-2.0
@notice A voucher lives at most a week, and no longer than the signer epoch in which it was signed. Holds no state.
"""

# digests; stateless
import typed_data
import IIssuer
import ISigners
import IStockToken

ISSUANCE: constant(uint8) = 1
ARRIVAL: constant(uint8) = 2
RESTITUTION: constant(uint8) = 3
SUCCESSION: constant(uint8) = 4
# roles in the signers' contract
ISSUER: constant(uint8) = 1
ATTESTOR: constant(uint8) = 2
# 1e-8 raw, the finest amount that every chain can hold
GRAIN: constant(uint256) = 10**10
_NAME: constant(String[16]) = "Openscrip Issuer"
_VOUCHER_TYPE: constant(bytes32) = keccak256(
    "MintVoucher(address token,address receiver,uint256 rawAmount,uint8 kind,bytes32 requestId,bytes32 evidence,bytes32 origin,uint64 epoch,uint256 multiplier,uint64 signerEpoch,uint64 deadline)"
)
# 1e-18 raw x 1e-18 multiplier = 1e-36 share; an atom of a share is 1e-9
_PER_SHARE_ATOM: constant(uint256) = 10**27
_LIFE_S_MAX: constant(uint256) = 7 * 86_400


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(keccak256(_NAME))


@external
@view
def eip712Domain() -> (bytes1, String[16], String[1], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice ERC-5267: name, version, chain and contract, without salt or extensions.
    """
    return 0x0f, _NAME, "1", chain.id, self, empty(bytes32), []


@internal
@view
def _refuse_unless_sound(voucher: IIssuer.MintVoucher):
    deadline: uint256 = convert(voucher.deadline, uint256)
    assert block.timestamp <= deadline, "issuer: voucher was expired"
    assert deadline <= block.timestamp + _LIFE_S_MAX, "issuer: voucher life was too long"
    assert voucher.kind >= ISSUANCE and voucher.kind <= SUCCESSION, "issuer: kind of mint was unknown"
    assert voucher.kind != SUCCESSION, "issuer: succession has no voucher"
    self._refuse_unless_grains(voucher.rawAmount)


@internal
@view
def _refuse_unless_signed(
    voucher: IIssuer.MintVoucher, signers: ISigners,
    issuer_signatures: Bytes[455], attestor_signatures: Bytes[455],
):
    digest: bytes32 = typed_data._digest(keccak256(_NAME), keccak256(abi_encode(_VOUCHER_TYPE, voucher)))
    by_issuer: bool = False
    by_attestor: bool = False
    by_issuer, by_attestor = staticcall signers.signed_by_two(
        digest, ISSUER, issuer_signatures, ATTESTOR, attestor_signatures
    )
    assert by_issuer, "issuer: issuer signature was wrong"
    assert by_attestor, "issuer: attestor signature was wrong"


@internal
@pure
def _refuse_unless_grains(raw: uint256):
    assert raw > 0, "issuer: amount was zero"
    assert raw % GRAIN == 0, "issuer: amount was finer than 1e-8"


@internal
@pure
def _owed_after(standing: IStockToken.Standing, raw: uint256) -> uint256:
    """
    @notice Atoms of shares owed after a mint, rounded up; while a change is pending the higher multiplier counts.
    """
    highest: uint256 = max(standing.multiplier, standing.newMultiplier)
    return ((standing.supply + raw) * highest + _PER_SHARE_ATOM - 1) // _PER_SHARE_ATOM
