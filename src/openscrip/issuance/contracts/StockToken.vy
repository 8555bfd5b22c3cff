# pragma version 0.4.3
# pragma evm-version cancun
"""
@title StockToken: one token of one listed share
@license Apache-2.0
@notice Balances, allowances and `Transfer` are raw and never jump; a split or a dividend moves only the multiplier, and
        UI amount = raw x multiplier (ERC-8056). Stands behind an OpenZeppelin BeaconProxy: the constructor locks the
        implementation, `initialize` sets a token up once, storage is append-only, immutables are shared by all tokens.
@dev    While paused nothing moves except for the issuer contract: an exit into escrow, its burn and its refund stay open.
        Whoever is on the policy's list moves nothing, paused or not.
"""

# digests and recovery for permit; stateless
import typed_data


interface Policy:
    def check(sender: address, receiver: address, spender: address) -> bool: view
    def owner() -> address: view
    def guardian() -> address: view


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


event UIMultiplierUpdated:
    oldMultiplier: uint256
    newMultiplier: uint256
    effectiveAtTimestamp: uint256


event UIMultiplierUpdateCancelled:
    cancelledMultiplier: uint256
    cancelledEffectiveAt: uint256


event Paused:
    account: indexed(address)


event Unpaused:
    account: indexed(address)


struct Standing:
    supply: uint256          # raw, 1e-18
    multiplier: uint256      # in force, 1e-18 shares for one raw token
    newMultiplier: uint256   # the pending one, or the same
    effectiveAt: uint256     # UTC seconds, 0 when nothing is pending
    epoch: uint64            # corporate-action epoch in force
    newEpoch: uint64         # the pending one, or the same
    version: uint64          # of the multiplier in force


decimals: public(constant(uint8)) = 18
_ONE: constant(uint256) = 10**18
_MULTIPLIER_MIN: constant(uint256) = 10**12
_MULTIPLIER_MAX: constant(uint256) = 10**24
# Holders and protocols hear of a change at least this long before it takes effect.
_NOTICE_S_MIN: constant(uint256) = 15 * 60
_HORIZON_S_MAX: constant(uint256) = 60 * 86_400
_PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)

# Shared by every token of the beacon; replaced only by an upgrade through the timelock.
policy: public(immutable(Policy))
issuer: public(immutable(address))

# --- identity: set once ---
initialized: bool
name: public(String[64])
symbol: public(String[20])
isin: public(String[12])
# --- ERC-20, all raw in 1e-18 ---
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)
# --- EIP-2612 ---
nonces: public(HashMap[address, uint256])
# --- pause ---
paused: public(bool)
# --- multiplier: base is in force until next_at, next from then on; next_at is 0 when no change was scheduled ---
base_multiplier: uint256
base_epoch: uint64
base_version: uint64
next_multiplier: uint256
next_epoch: uint64
next_at: uint256
next_action: bytes32


@deploy
def __init__(policy_: Policy, issuer_: address):
    policy = policy_
    issuer = issuer_
    self.initialized = True


@external
def initialize(name: String[64], symbol: String[20], isin: String[12], epoch: uint64):
    """
    @notice Sets a new token up; called through the proxy's constructor.
    @param epoch The custodian's corporate-action epoch of the share at listing.
    """
    assert not self.initialized, "token: was initialized"
    assert len(name) > 0 and len(symbol) > 0 and len(isin) == 12, "token: identity was incomplete"
    self.initialized = True
    self.name = name
    self.symbol = symbol
    self.isin = isin
    self.base_multiplier = _ONE
    self.base_epoch = epoch


# ------------------------------------------------------------------ ERC-20


@external
def transfer(to: address, amount: uint256) -> bool:
    self._refuse_unless_free(msg.sender, to, msg.sender)
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self._refuse_unless_free(owner, to, msg.sender)
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert allowed >= amount, "token: allowance was too small"
        self.allowance[owner][msg.sender] = unsafe_sub(allowed, amount)  # allowed >= amount, one line above
    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice EIP-2612, open to every caller.
    """
    assert block.timestamp <= deadline, "token: permit was expired"
    nonce: uint256 = self.nonces[owner]
    struct_hash: bytes32 = keccak256(abi_encode(_PERMIT_TYPE, owner, spender, amount, nonce, deadline))
    digest: bytes32 = typed_data._digest(keccak256(self.name), struct_hash)
    signer: address = typed_data._signer(digest, convert(v, uint256), r, s)
    assert signer != empty(address) and signer == owner, "token: permit was not signed by the owner"
    self.nonces[owner] = unsafe_add(nonce, 1)  # one step for each signature: 2**256 are out of reach
    self._approve(owner, spender, amount)


# ------------------------------------------------------------------ supply, by the issuer contract alone


@external
def mint(to: address, amount: uint256):
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    assert to != empty(address), "token: receiver was zero"
    assert not self.paused, "token: was paused"
    assert staticcall policy.check(empty(address), to, to), "token: receiver was listed"
    self.totalSupply += amount
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)  # never above the supply, which did not overflow
    log Transfer(sender=empty(address), receiver=to, value=amount)


@external
def burn(amount: uint256):
    """
    @notice Burns the issuer contract's own balance: what holders put into escrow. Works while paused.
    """
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    self.balanceOf[msg.sender] -= amount
    self.totalSupply = unsafe_sub(self.totalSupply, amount)  # never below a balance
    log Transfer(sender=msg.sender, receiver=empty(address), value=amount)


# ------------------------------------------------------------------ multiplier, by the issuer contract alone


@external
def schedule(expected: uint256, multiplier: uint256, effective_at: uint64, epoch_after: uint64, action_id: bytes32):
    """
    @notice Schedules the next multiplier. One change at a time; `expected` is the multiplier that the caller believes
            is in force, so that a repeated or re-ordered step cannot apply a split twice.
    @param epoch_after The epoch from `effective_at` on: one higher if the action changes what a share is, else the same.
    """
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    self._roll()
    at: uint256 = convert(effective_at, uint256)
    assert self.next_at == 0, "token: another change was pending"
    assert expected == self.base_multiplier, "token: expected multiplier was not in force"
    assert multiplier != expected, "token: multiplier was unchanged"
    assert multiplier >= _MULTIPLIER_MIN and multiplier <= _MULTIPLIER_MAX, "token: multiplier was out of bounds"
    assert at >= block.timestamp + _NOTICE_S_MIN, "token: notice was too short"
    assert at <= block.timestamp + _HORIZON_S_MAX, "token: effective time was too far ahead"
    assert epoch_after == self.base_epoch or epoch_after == self.base_epoch + 1, "token: epoch was not the next"
    self.next_multiplier = multiplier
    self.next_epoch = epoch_after
    self.next_at = at
    self.next_action = action_id
    log UIMultiplierUpdated(oldMultiplier=expected, newMultiplier=multiplier, effectiveAtTimestamp=at)


@external
def cancel(action_id: bytes32):
    """
    @notice Takes back a change that has not taken effect.
    """
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    assert self.next_at != 0 and not self._matured(), "token: no change was pending"
    assert action_id == self.next_action, "token: another action was pending"
    log UIMultiplierUpdateCancelled(cancelledMultiplier=self.next_multiplier, cancelledEffectiveAt=self.next_at)
    self._clear_next()
    # a reader that keeps only the last update ends up right
    log UIMultiplierUpdated(
        oldMultiplier=self.base_multiplier, newMultiplier=self.base_multiplier, effectiveAtTimestamp=block.timestamp
    )


# ------------------------------------------------------------------ pause


@external
def pause():
    assert msg.sender == staticcall policy.guardian(), "token: caller was not the guardian"
    assert not self.paused, "token: was paused"
    self.paused = True
    log Paused(account=msg.sender)


@external
def unpause():
    assert msg.sender == staticcall policy.owner(), "token: caller was not the owner"
    assert self.paused, "token: was not paused"
    self.paused = False
    log Unpaused(account=msg.sender)


# ------------------------------------------------------------------ views


@external
@view
def standing() -> Standing:
    """
    @notice Supply, multiplier and epoch as of one block.
    """
    return Standing(
        supply=self.totalSupply,
        multiplier=self._multiplier(),
        newMultiplier=self._new_multiplier(),
        effectiveAt=self._effective_at(),
        epoch=self._epoch(),
        newEpoch=self._new_epoch(),
        version=self._version(),
    )


@external
@view
def uiMultiplier() -> uint256:
    return self._multiplier()


@external
@view
def newUIMultiplier() -> uint256:
    return self._new_multiplier()


@external
@view
def effectiveAt() -> uint256:
    return self._effective_at()


@external
@view
def multiplierVersion() -> uint64:
    return self._version()


@external
@view
def epoch() -> uint64:
    return self._epoch()


@external
@view
def newEpoch() -> uint64:
    return self._new_epoch()


@external
@view
def toUIAmount(raw: uint256) -> uint256:
    return self._to_ui_down(raw)


@external
@view
def fromUIAmount(ui: uint256) -> uint256:
    """
    @notice The most raw that stands for no more than `ui`.
    """
    return ui * _ONE // self._multiplier()


@external
@view
def balanceOfUI(account: address) -> uint256:
    """
    @notice For people to read. Send only raw amounts: `balanceOf`, or what `fromUIAmount` gives.
    """
    return self._to_ui_down(self.balanceOf[account])


@external
@view
def totalSupplyUI() -> uint256:
    return self._to_ui_down(self.totalSupply)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(keccak256(self.name))


@external
@pure
def supportsInterface(interfaceId: bytes4) -> bool:
    return interfaceId in [
        0x01ffc9a7,  # ERC-165
        0x36372b07,  # ERC-20
        0xa219a025,  # ERC-20 metadata
        0x9d8ff7da,  # ERC-2612
        0xa60bf13d,  # ERC-8056: multiplier
        0x4bd27648,  # ERC-8056: scheduled multiplier
        0x57854fc3,  # ERC-8056: conversion
        0xd890fd71,  # ERC-8056: UI balances
    ]


# ------------------------------------------------------------------ internal


@internal
@view
def _refuse_unless_free(sender: address, receiver: address, spender: address):
    assert msg.sender == issuer or not self.paused, "token: was paused"
    assert staticcall policy.check(sender, receiver, spender), "token: party was listed"


@internal
def _move(sender: address, receiver: address, amount: uint256):
    assert receiver != empty(address), "token: receiver was zero"
    balance: uint256 = self.balanceOf[sender]
    assert balance >= amount, "token: balance was too small"
    self.balanceOf[sender] = unsafe_sub(balance, amount)  # balance >= amount, one line above
    # read after the write above, so that a transfer to oneself changes nothing; never above the supply
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], amount)
    log Transfer(sender=sender, receiver=receiver, value=amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    assert spender != empty(address), "token: spender was zero"
    self.allowance[owner][spender] = amount
    log Approval(owner=owner, spender=spender, value=amount)


@internal
@view
def _matured() -> bool:
    """
    @notice A change is in force from the first block at or after its time. The one comparison, for reads and writes.
    """
    return self.next_at != 0 and block.timestamp >= self.next_at


@internal
def _roll():
    if self._matured():
        self.base_multiplier = self.next_multiplier
        self.base_epoch = self.next_epoch
        self.base_version += 1
        self._clear_next()


@internal
def _clear_next():
    self.next_multiplier = 0
    self.next_epoch = 0
    self.next_at = 0
    self.next_action = empty(bytes32)


@internal
@view
def _multiplier() -> uint256:
    return self.next_multiplier if self._matured() else self.base_multiplier


@internal
@view
def _new_multiplier() -> uint256:
    return self.next_multiplier if self.next_at != 0 else self.base_multiplier


@internal
@view
def _effective_at() -> uint256:
    return 0 if self._matured() else self.next_at


@internal
@view
def _epoch() -> uint64:
    return self.next_epoch if self._matured() else self.base_epoch


@internal
@view
def _new_epoch() -> uint64:
    return self.next_epoch if self.next_at != 0 else self.base_epoch


@internal
@view
def _version() -> uint64:
    return self.base_version + 1 if self._matured() else self.base_version


@internal
@view
def _to_ui_down(raw: uint256) -> uint256:
    # the supply is held by whole shares: raw < 2**128 and multiplier < 2**80, so the product is below 2**208
    return raw * self._multiplier() // _ONE
