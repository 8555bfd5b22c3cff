# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Signers: the keys of this issuer, by role
@license Apache-2.0
@notice Each role is a set of accounts and how many of them must sign. An attestor is the second key under everything that
        two roles must sign, so it holds no other role. The owner, a timelock, changes a set; with each change the signer
        epoch rises, and whatever was signed under the epoch before is void wherever the epoch is signed along.
@dev    Roles: 1 issuer, 2 attestor, 3 corporate action, 4 price, 5 lister.
"""

# recovery of signers; stateless
import typed_data
import IPolicy
import ISigners


event SignersChanged:
    role: indexed(uint8)
    members: DynArray[address, 7]
    threshold: uint8
    signerEpoch: uint64


_ATTESTOR: constant(uint8) = 2
_ROLES: constant(uint8) = 5
_MEMBERS_MAX: constant(uint256) = 7
_SIGNATURE: constant(uint256) = 65
_LOW_3: constant(uint256) = 2**3 - 1

policy: public(immutable(IPolicy))

# --- the epoch above 64 bits with each role's threshold, which is at most 7, in three bits of its own ---
standing: uint256
# --- the roles of each account: bit n for role n ---
roles: HashMap[address, uint256]
# --- the members of each role ---
sets: HashMap[uint8, DynArray[address, _MEMBERS_MAX]]


@deploy
def __init__(policy_: IPolicy, sets_: ISigners.SignerSet[5]):
    assert policy_.address != empty(address), "signers: policy was zero"
    policy = policy_
    self.standing = 1 << 64
    for i: uint256 in range(5):
        self._set(convert(i + 1, uint8), sets_[i].members, sets_[i].threshold)


@external
def set_signers(role: uint8, members: DynArray[address, _MEMBERS_MAX], threshold: uint8):
    """
    @notice Replaces one role's set. The same set again changes nobody, but voids what is signed and not used.
    """
    assert msg.sender == staticcall policy.owner(), "signers: caller was not the owner"
    assert self._is_role(role), "signers: role was unknown"
    self.standing += 1 << 64
    self._set(role, members, threshold)


# ------------------------------------------------------------------ views


@external
@view
def signed(role: uint8, digest: bytes32, signatures: Bytes[455]) -> bool:
    """
    @notice True if exactly as many members of the role signed as it takes, in ascending order of their accounts, each with
            the 65 bytes r, s, v and a low s.
    """
    return self._signed(role, digest, signatures)


@external
@view
def signed_by_two(
    digest: bytes32, first: uint8, first_signatures: Bytes[455], second: uint8, second_signatures: Bytes[455]
) -> (bool, bool):
    """
    @notice As `signed`, for two roles.
    """
    return self._signed(first, digest, first_signatures), self._signed(second, digest, second_signatures)


@external
@view
def has_role(account: address, role: uint8) -> bool:
    return self._has_role(account, role)


@external
@view
def members(role: uint8) -> DynArray[address, _MEMBERS_MAX]:
    return self.sets[role]


@external
@view
def threshold(role: uint8) -> uint8:
    """
    @notice How many members of the role must sign; 0 for a role that does not exist.
    """
    return convert(self._threshold(role), uint8)


@external
@view
def signerEpoch() -> uint64:
    return self._epoch()


# ------------------------------------------------------------------ internal


@internal
def _set(role: uint8, members: DynArray[address, _MEMBERS_MAX], threshold: uint8):
    assert threshold >= 1, "signers: threshold was zero"
    assert convert(threshold, uint256) <= len(members), "signers: threshold was above the members"
    bit: uint256 = 1 << role
    for member: address in self.sets[role]:
        self.roles[member] ^= bit  # set for every member, and for nobody else
    previous: address = empty(address)
    for member: address in members:
        assert convert(member, uint160) > convert(previous, uint160), "signers: members were not ascending"
        previous = member
        others: uint256 = self.roles[member]
        if role == _ATTESTOR:
            assert others == 0, "signers: attestor was no second key"
        else:
            assert not self._has_role(member, _ATTESTOR), "signers: attestor was no second key"
        self.roles[member] = others | bit
    self.sets[role] = members
    place: uint256 = convert(role, uint256) * 3
    self.standing = (self.standing & ~(_LOW_3 << place)) | (convert(threshold, uint256) << place)
    log SignersChanged(role=role, members=members, threshold=threshold, signerEpoch=self._epoch())


@internal
@view
def _signed(role: uint8, digest: bytes32, signatures: Bytes[455]) -> bool:
    threshold: uint256 = self._threshold(role)
    # no role has a threshold of 0 but one that does not exist
    if threshold == 0 or len(signatures) != threshold * _SIGNATURE:
        return False
    previous: address = empty(address)
    for i: uint256 in range(threshold, bound=_MEMBERS_MAX):
        signer: address = typed_data._signer_of_bytes(digest, slice(signatures, i * _SIGNATURE, _SIGNATURE))
        # the zero account, of a signature that is none, comes after nobody
        if convert(signer, uint160) <= convert(previous, uint160) or not self._has_role(signer, role):
            return False
        previous = signer
    return True


@internal
@view
def _has_role(account: address, role: uint8) -> bool:
    return (self.roles[account] >> role) & 1 == 1


@internal
@pure
def _is_role(role: uint8) -> bool:
    return role >= 1 and role <= _ROLES


@internal
@view
def _threshold(role: uint8) -> uint256:
    return (self.standing >> (convert(role, uint256) * 3)) & _LOW_3 if self._is_role(role) else 0


@internal
@view
def _epoch() -> uint64:
    return convert(self.standing >> 64, uint64)
