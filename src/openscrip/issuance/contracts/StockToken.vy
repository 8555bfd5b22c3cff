# pragma version 0.4.3
# pragma evm-version cancun
"""
@title StockToken: one token of one listed share
@license Apache-2.0
@notice Balances, allowances and `Transfer` are raw and never jump; a split or a dividend moves only the multiplier, and
        UI amount = raw x multiplier (ERC-8056). Stands behind an OpenZeppelin BeaconProxy: the constructor locks the
        implementation, `initialize` sets a token up once, storage is append-only, immutables are shared by all tokens.
@dev    While paused nothing moves except for the issuer contract: an exit into escrow, its burn and its refund stay open.
        Whoever is on the policy's list, or frozen here, moves nothing, paused or not. Errors come in one order: pause,
        list, freeze, allowance, receiver, balance.
"""

# the domain; stateless
import typed_data
# permits and transfers that an owner signed
import signatures
# name, symbol, ISIN, terms and metadata
import identity
# accounts that move nothing, with the reason
import freeze as freezes
# the answers of ERC-165; stateless
import interfaces
# every multiplier there was, by number and by time
import history
# the multiplier in force and the scheduled one
import multiplier as scale
import IPolicy
import IStockToken

exports: (identity.name, identity.symbol, identity.isin, identity.terms, identity.contractURI)
exports: (signatures.nonces, interfaces.supportsInterface)
exports: (freezes.freeze_reason, freezes.isFrozen)
exports: (history.historyLength, history.historyEntry, history.multiplierAt)
exports: (
    scale.uiMultiplier, scale.newUIMultiplier, scale.effectiveAt, scale.multiplierVersion, scale.epoch, scale.newEpoch,
    scale.toUIAmount, scale.fromUIAmount,
)


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


event Paused:
    account: indexed(address)


event Unpaused:
    account: indexed(address)


decimals: public(constant(uint8)) = 18
_PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
_TRANSFER_TYPE: constant(bytes32) = keccak256(
    "DELEGATED_TRANSFER(address owner,address to,uint256 value,uint256 nonce,uint256 deadline)"
)

# Shared by every token of the beacon; replaced only by an upgrade through the timelock.
policy: public(immutable(IPolicy))
issuer: public(immutable(address))

# --- set up once ---
initialized: bool
# --- ERC-20, all raw in 1e-18 ---
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)
# --- signatures: the nonces ---
initializes: signatures
# --- pause ---
paused: public(bool)
# --- freezes ---
initializes: freezes
# --- multiplier: the one in force and the next, then all there were ---
initializes: scale[history := history]
initializes: history
# --- identity and terms ---
initializes: identity


@deploy
def __init__(policy_: IPolicy, issuer_: address):
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
    self.initialized = True
    identity._begin(name, symbol, isin)
    scale._begin(epoch)


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
    freezes._refuse_if_party_frozen(owner, spender)
    digest: bytes32 = self._permit_digest(owner, spender, amount, deadline)
    signed: bool = signatures._signed_by_key(owner, digest, convert(v, uint256), r, s)
    self._permit(owner, spender, amount, signed)


@external
def permit_signed(owner: address, spender: address, amount: uint256, deadline: uint256, signature: Bytes[1024]):
    """
    @notice The same permit at the same nonce, with the signature as bytes: 65 of a key, or what the owner's contract
            takes for its own (EIP-1271).
    """
    freezes._refuse_if_party_frozen(owner, spender)
    digest: bytes32 = self._permit_digest(owner, spender, amount, deadline)
    self._permit(owner, spender, amount, signatures._signed(owner, digest, signature))


@external
def delegatedTransfer(owner: address, to: address, amount: uint256, deadline: uint256, signature: Bytes[1024]) -> bool:
    """
    @notice Moves a raw amount as its owner signed it, by a key or by EIP-1271; anyone may relay who may move tokens.
            Permits and transfers use one sequence of nonces.
    """
    self._refuse_unless_free(owner, to, msg.sender)
    assert block.timestamp <= deadline, "token: transfer was expired"
    digest: bytes32 = signatures._digest(_TRANSFER_TYPE, identity._name_hash(), owner, to, amount, deadline)
    assert signatures._signed(owner, digest, signature), "token: transfer was not signed by the owner"
    signatures._use_nonce(owner)
    self._move(owner, to, amount)
    return True


# ------------------------------------------------------------------ supply, by the issuer contract alone


@external
def mint(to: address, amount: uint256):
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    assert to != empty(address), "token: receiver was zero"
    assert not self.paused, "token: was paused"
    assert staticcall policy.check(empty(address), to, to), "token: receiver was listed"
    freezes._refuse_if_receiver_frozen(to)
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
    scale._schedule(expected, multiplier, convert(effective_at, uint256), epoch_after, action_id)


@external
def cancel(action_id: bytes32):
    """
    @notice Takes back a change that has not taken effect.
    """
    assert msg.sender == issuer, "token: caller was not the issuer contract"
    scale._cancel(action_id)


# ------------------------------------------------------------------ pause and freeze


@external
def pause():
    assert msg.sender == staticcall policy.guardian(), "token: caller was not the guardian"
    assert not self.paused, "token: was paused"
    self.paused = True
    log Paused(account=msg.sender)


@external
def unpause():
    self._refuse_unless_owner()
    assert self.paused, "token: was not paused"
    self.paused = False
    log Unpaused(account=msg.sender)


@external
def freeze(account: address, reason: uint8):
    """
    @notice Stops one account in this token at once. The issuer contract is never stopped: exits go through it.
    """
    assert msg.sender == staticcall policy.guardian(), "token: caller was not the guardian"
    assert account != issuer, "token: account was the issuer contract"
    freezes._freeze(account, reason)


@external
def unfreeze(account: address, reason: uint8):
    self._refuse_unless_owner()
    freezes._unfreeze(account, reason)


@external
def recover(account: address, to: address, amount: uint256, case_id: bytes32, reason: uint8):
    """
    @notice Moves raw tokens off a frozen account, for a documented case: by the owner, so after a wait and by two keys.
            Works while paused. Escrow is out of reach: the issuer contract cannot be frozen.
    """
    self._refuse_unless_owner()
    assert staticcall policy.check(empty(address), to, to), "token: receiver was listed"
    freezes._recover(account, to, amount, case_id, reason)
    self._move(account, to, amount)


# ------------------------------------------------------------------ terms


@external
def set_terms(terms: String[512]):
    """
    @notice Where the terms of this token stand, or what they are.
    """
    self._refuse_unless_owner()
    identity._set_terms(terms)


@external
def set_contract_uri(uri: String[512]):
    """
    @notice ERC-7572 metadata; its `name` is the token's.
    """
    self._refuse_unless_owner()
    identity._set_contract_uri(uri)


# ------------------------------------------------------------------ views


@external
@view
def standing() -> IStockToken.Standing:
    """
    @notice Supply, multiplier and epoch as of one block.
    """
    return IStockToken.Standing(
        supply=self.totalSupply,
        multiplier=scale._multiplier(),
        newMultiplier=scale._new_multiplier(),
        effectiveAt=scale._effective_at(),
        epoch=scale._epoch(),
        newEpoch=scale._new_epoch(),
        version=scale._version(),
    )


@external
@view
def balanceOfUI(account: address) -> uint256:
    """
    @notice For people to read. Send only raw amounts: `balanceOf`, or what `fromUIAmount` gives.
    """
    return scale._to_ui_down(self.balanceOf[account])


@external
@view
def totalSupplyUI() -> uint256:
    return scale._to_ui_down(self.totalSupply)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(identity._name_hash())


@external
@view
def getCCIPAdmin() -> address:
    """
    @notice Who may register this token for CCIP; zero until the owner names one.
    """
    return staticcall policy.ccip_admin()


# ------------------------------------------------------------------ internal


@internal
@view
def _refuse_unless_owner():
    assert msg.sender == staticcall policy.owner(), "token: caller was not the owner"


@internal
@view
def _refuse_unless_free(sender: address, receiver: address, spender: address):
    assert msg.sender == issuer or not self.paused, "token: was paused"
    assert staticcall policy.check(sender, receiver, spender), "token: party was listed"
    freezes._refuse_if_frozen(sender, receiver, spender)


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
@view
def _permit_digest(owner: address, spender: address, amount: uint256, deadline: uint256) -> bytes32:
    assert block.timestamp <= deadline, "token: permit was expired"
    return signatures._digest(_PERMIT_TYPE, identity._name_hash(), owner, spender, amount, deadline)


@internal
def _permit(owner: address, spender: address, amount: uint256, signed: bool):
    assert signed, "token: permit was not signed by the owner"
    signatures._use_nonce(owner)
    self._approve(owner, spender, amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    assert spender != empty(address), "token: spender was zero"
    self.allowance[owner][spender] = amount
    log Approval(owner=owner, spender=spender, value=amount)
