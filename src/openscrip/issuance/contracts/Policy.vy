# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Policy: who may not hold or move a token, and who governs
@license Apache-2.0
@notice One list for all tokens of this issuer. The guardian lists an address at once, alone; only the owner, a timelock,
        takes one off. Tokens read the guardian and the owner here, so each power has one seat.
        The list also holds what others say: a keeper's mirror of lists off this chain, and one list on this chain.
@dev    Whoever moves a token is looked up here and nowhere else: a source that lies, fails or burns gas reaches no
        transfer. A mirror that is old stops mints, and nothing else. Nobody can list the zero address, which stands in
        a check for whoever is not there.
"""

import IPolicy

implements: IPolicy


# `lists` is every list that the account is on from here on: 1 the guardian's, 2 the mirror, 4 the source
event Listed:
    account: indexed(address)
    lists: uint256


event Unlisted:
    account: indexed(address)
    lists: uint256


event MirrorChanged:
    keeper: indexed(address)
    ageMax: uint256


event Mirrored:
    asOf: uint64


event SourceChanged:
    previous: indexed(address)
    current: indexed(address)


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


_BY_GUARDIAN: constant(uint256) = 1
_BY_MIRROR: constant(uint256) = 2
_BY_SOURCE: constant(uint256) = 4
# What one answer of a source may cost: a look-up behind a proxy costs a tenth of it.
_SOURCE_GAS_MAX: constant(uint256) = 100_000
_MIRROR_AGE_S_MAX: constant(uint256) = 30 * 86_400

# --- powers ---
# a TimelockController; hands over in two steps and cannot renounce
owner: public(address)
pendingOwner: public(address)
# lists and pauses, at once; can undo neither
guardian: public(address)
# registers tokens for CCIP, which a timelock cannot do itself; zero until the owner names one
ccip_admin: public(address)
# --- the list: for each account, the lists that it is on ---
lists_of: public(HashMap[address, uint256])
# --- the mirror; no keeper and no age when there is none ---
keeper: public(address)
mirror_age_s_max: public(uint256)
mirror_as_of: public(uint64)
# --- the source, answering the selector of Chainalysis' oracle; zero when there is none ---
source: public(address)


@deploy
def __init__(owner: address, guardian: address):
    assert owner != empty(address), "policy: owner was zero"
    assert guardian != empty(address), "policy: guardian was zero"
    self.owner = owner
    self.guardian = guardian
    log OwnershipTransferred(previousOwner=empty(address), newOwner=owner)
    log GuardianChanged(previous=empty(address), current=guardian)


# ------------------------------------------------------------------ what is asked


@external
@view
def check(sender: address, receiver: address, spender: address) -> bool:
    """
    @notice True, or reverts naming who was listed. For a mint the sender is zero and the spender is the receiver.
    """
    assert self.lists_of[sender] == 0, "policy: sender was listed"
    assert self.lists_of[receiver] == 0, "policy: receiver was listed"
    if spender != sender and spender != receiver:
        assert self.lists_of[spender] == 0, "policy: spender was listed"
    return True


@external
@view
def isSanctioned(account: address) -> bool:
    """
    @notice Whether any list has the account; the selector of Chainalysis' oracle.
    """
    return self.lists_of[account] != 0


@external
@view
def mirror_is_fresh() -> bool:
    """
    @notice Whether mints may rely on the mirror; true when there is none.
    """
    if self.keeper == empty(address):
        return True
    # what was mirrored was never of the future
    return block.timestamp - convert(self.mirror_as_of, uint256) <= self.mirror_age_s_max


# ------------------------------------------------------------------ the guardian's list


@external
def list_address(account: address):
    assert msg.sender == self.guardian, "policy: caller was not the guardian"
    assert self.lists_of[account] & _BY_GUARDIAN == 0, "policy: account was listed already"
    self._list(account, _BY_GUARDIAN)


@external
def unlist_address(account: address):
    """
    @notice Takes an account off the guardian's list and the mirror; only the source itself takes one off the source's.
    """
    self._refuse_unless_owner()
    assert self.lists_of[account] & (_BY_GUARDIAN | _BY_MIRROR) != 0, "policy: account was not listed"
    self._unlist(account, _BY_GUARDIAN | _BY_MIRROR)


# ------------------------------------------------------------------ the mirror of lists off this chain


@external
def set_mirror(keeper: address, age_s_max: uint256):
    """
    @notice Names who mirrors, and how old a mirror may be for a mint; zero for both is no mirror. A new keeper's mirror
            is stale until it speaks.
    """
    self._refuse_unless_owner()
    assert (keeper == empty(address)) == (age_s_max == 0), "policy: keeper and age were not both given"
    assert age_s_max <= _MIRROR_AGE_S_MAX, "policy: age was out of bounds"
    assert keeper != self.keeper or age_s_max != self.mirror_age_s_max, "policy: mirror was unchanged"
    if keeper != self.keeper:
        self.mirror_as_of = 0
    self.keeper = keeper
    self.mirror_age_s_max = age_s_max
    log MirrorChanged(keeper=keeper, ageMax=age_s_max)


@external
def mirror(accounts: DynArray[address, 200], as_of: uint64):
    """
    @notice Lists whoever is on the mirrored lists and not yet here, and says as of when; without accounts a heartbeat.
    """
    assert msg.sender == self.keeper, "policy: caller was not the keeper"
    assert convert(as_of, uint256) <= block.timestamp, "policy: mirror was of the future"
    assert as_of >= self.mirror_as_of, "policy: mirror went back"
    self.mirror_as_of = as_of
    for account: address in accounts:
        if self.lists_of[account] & _BY_MIRROR == 0:
            self._list(account, _BY_MIRROR)
    log Mirrored(asOf=as_of)


# ------------------------------------------------------------------ the list on this chain


@external
def set_source(source: address):
    """
    @notice Names the list on this chain that `sync` asks; zero is none.
    """
    self._refuse_unless_owner()
    assert source != self.source, "policy: source was unchanged"
    assert source != self, "policy: source was the policy"
    if source != empty(address):
        assert not self._is_on(source, self), "policy: source listed the policy"
    log SourceChanged(previous=self.source, current=source)
    self.source = source


@external
def sync(accounts: DynArray[address, 200]):
    """
    @notice Brings accounts in line with what the source says of them now. Anyone may call; without a source nobody is
            on it.
    """
    source: address = self.source
    for account: address in accounts:
        was_on: bool = self.lists_of[account] & _BY_SOURCE != 0
        is_on: bool = source != empty(address) and self._is_on(source, account)
        if is_on and not was_on:
            self._list(account, _BY_SOURCE)
        elif was_on and not is_on:
            self._unlist(account, _BY_SOURCE)


# ------------------------------------------------------------------ powers


@external
def set_guardian(guardian: address):
    self._refuse_unless_owner()
    assert guardian != empty(address), "policy: guardian was zero"
    assert guardian != self.guardian, "policy: guardian was unchanged"
    log GuardianChanged(previous=self.guardian, current=guardian)
    self.guardian = guardian


@external
def set_ccip_admin(admin: address):
    """
    @notice Zero takes the power away.
    """
    self._refuse_unless_owner()
    assert admin != self.ccip_admin, "policy: CCIP admin was unchanged"
    log CCIPAdminChanged(previous=self.ccip_admin, current=admin)
    self.ccip_admin = admin


@external
def transferOwnership(newOwner: address):
    """
    @notice First of two steps; naming another account, or zero, replaces the offer.
    """
    self._refuse_unless_owner()
    assert newOwner != self.pendingOwner, "policy: pending owner was unchanged"
    self.pendingOwner = newOwner
    log OwnershipTransferStarted(previousOwner=self.owner, newOwner=newOwner)


@external
def acceptOwnership():
    assert msg.sender == self.pendingOwner, "policy: caller was not the pending owner"
    log OwnershipTransferred(previousOwner=self.owner, newOwner=msg.sender)
    self.owner = msg.sender
    self.pendingOwner = empty(address)


# ------------------------------------------------------------------ internal


@internal
@view
def _refuse_unless_owner():
    assert msg.sender == self.owner, "policy: caller was not the owner"


@internal
def _list(account: address, by: uint256):
    assert account != empty(address), "policy: account was zero"
    lists: uint256 = self.lists_of[account] | by
    self.lists_of[account] = lists
    log Listed(account=account, lists=lists)


@internal
def _unlist(account: address, by: uint256):
    lists: uint256 = self.lists_of[account] & ~by
    self.lists_of[account] = lists
    log Unlisted(account=account, lists=lists)


@internal
@view
def _is_on(source: address, account: address) -> bool:
    """
    @notice What a source says of an account; anything but one word, yes or no, is no answer.
    """
    answered: bool = False
    answer: Bytes[64] = b""
    answered, answer = raw_call(
        source, abi_encode(account, method_id=method_id("isSanctioned(address)")),
        max_outsize=64, gas=_SOURCE_GAS_MAX, is_static_call=True, revert_on_failure=False
    )
    assert answered and len(answer) == 32, "policy: source did not answer"
    word: uint256 = extract32(answer, 0, output_type=uint256)
    assert word <= 1, "policy: source did not answer"
    return word == 1
