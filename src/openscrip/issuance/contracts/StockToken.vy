# pragma version 0.4.3
# pragma evm-version cancun
"""
@title StockToken: one token of one listed share
@license Apache-2.0
@notice Balances, allowances and `Transfer` are raw and never jump; a split or a dividend moves only the multiplier, and
        UI amount = raw x multiplier (ERC-8056). Stands behind an OpenZeppelin BeaconProxy: the constructor locks the
        implementation, `begin` and `initialize` set a token up once, storage is append-only, immutables are shared by all
        tokens.
@dev    A pause never stops the issuer contract: an exit into escrow, its burn and its refund stay open, and nobody can
        list or freeze that contract. Whoever else is on the policy's list, or frozen here, moves nothing, paused or not.
        Errors come in one order: pause, list, freeze, allowance, receiver, balance.
"""

# the domain; stateless
import typed_data
# permits and transfers that an owner signed
import signatures
# name, symbol, ISIN, terms and metadata
import identity
# raw balances, allowances and supply
import balances
# who may move them; who governs
import rights
# accounts that move nothing, with the reason
import freeze as freezes
# what is paused
import pausing
# bridge pools, which mint and burn within their buckets
import pools
# the answers of ERC-165; stateless
import interfaces
# every multiplier there was, by number and by time
import history
# the multiplier in force and the scheduled one
import multiplier as scale
import IIssuer
import IPolicy
import IStockToken

implements: IStockToken

exports: (balances.balanceOf, balances.allowance, balances.totalSupply, balances.approve)
exports: (balances.balanceOfUI, balances.totalSupplyUI)
exports: (identity.name, identity.symbol, identity.isin, identity.terms, identity.contractURI)
exports: (signatures.nonces, interfaces.supportsInterface)
exports: (rights.policy, rights.issuer)
exports: (pausing.pauses, pausing.paused, pools.pool_of)
exports: (freezes.freeze_reason, freezes.isFrozen)
exports: (history.historyLength, history.historyEntry, history.multiplierAt)
exports: (
    scale.uiMultiplier, scale.newUIMultiplier, scale.effectiveAt, scale.multiplierVersion, scale.epoch, scale.newEpoch,
    scale.toUIAmount, scale.fromUIAmount,
)


decimals: public(constant(uint8)) = 18

# Like the policy and the issuer contract, shared by every token of the beacon: schedules multipliers, lists stocks.
actions: public(immutable(address))
registry: public(immutable(address))

# --- set up once: begun by the proxy's constructor, initialized by the registry ---
begun: bool
initialized: bool
# --- ERC-20, all raw in 1e-18 ---
initializes: balances[scale := scale]
# --- signatures: the nonces ---
initializes: signatures
# --- what stops a transfer ---
initializes: pausing
initializes: freezes
initializes: rights[freezes := freezes, pausing := pausing]
# --- bridge pools ---
initializes: pools
# --- multiplier: the one in force and the next, then all there were ---
initializes: scale[history := history]
initializes: history
# --- identity and terms ---
initializes: identity


@deploy
def __init__(policy_: IPolicy, issuer_: address, actions_: address, registry_: address):
    rights.__init__(policy_, issuer_)
    assert actions_ != empty(address), "token: actions was zero"
    assert registry_ != empty(address), "token: registry was zero"
    actions = actions_
    registry = registry_
    self.begun = True
    self.initialized = True


@external
def begin(isin: String[12]):
    """
    @notice Brings a new token into being; called by its proxy's constructor, with what is the same on every chain alone.
            Every implementation keeps this function for ever: it is part of every token's address.
    """
    assert not self.begun, "token: was begun"
    self.begun = True
    identity._begin(isin)


@external
def initialize(
    name: String[64], symbol: String[20], epoch: uint64, multiplier: uint256, version: uint64, terms: String[512]
):
    """
    @notice Sets a new token up, by the registry, in the transaction that brings it into being.
    @param epoch The custodian's corporate-action epoch of the share at listing.
    @param multiplier The books' multiplier, 1e-18, and its version: 1e18 and 0 unless another chain was earlier.
    """
    assert msg.sender == registry, "token: caller was not the registry"
    assert self.begun, "token: was not begun"
    assert not self.initialized, "token: was initialized"
    self.initialized = True
    identity._initialize(name, symbol, terms)
    scale._begin(multiplier, epoch, version)


# ------------------------------------------------------------------ ERC-20


@external
def transfer(to: address, amount: uint256) -> bool:
    rights._refuse_unless_free(msg.sender, to, msg.sender)
    balances._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    rights._refuse_unless_free(owner, to, msg.sender)
    balances._spend(owner, msg.sender, amount)
    balances._move(owner, to, amount)
    return True


# ------------------------------------------------------------------ what an owner signed


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice EIP-2612, open to every caller.
    """
    freezes._refuse_if_party_frozen(owner, spender)
    digest: bytes32 = signatures._permit_digest(identity._name_hash(), owner, spender, amount, deadline)
    signed: bool = signatures._signed_by_key(owner, digest, convert(v, uint256), r, s)
    self._permit(owner, spender, amount, signed)


@external
def permit_signed(owner: address, spender: address, amount: uint256, deadline: uint256, signature: Bytes[1024]):
    """
    @notice The same permit at the same nonce, with the signature as bytes: 65 of a key, or what the owner's contract
            takes for its own (EIP-1271).
    """
    freezes._refuse_if_party_frozen(owner, spender)
    digest: bytes32 = signatures._permit_digest(identity._name_hash(), owner, spender, amount, deadline)
    self._permit(owner, spender, amount, signatures._signed(owner, digest, signature))


@external
def delegatedTransfer(owner: address, to: address, amount: uint256, deadline: uint256, signature: Bytes[1024]) -> bool:
    """
    @notice Moves a raw amount as its owner signed it, by a key or by EIP-1271; anyone may relay who may move tokens.
            Permits and transfers use one sequence of nonces.
    """
    rights._refuse_unless_free(owner, to, msg.sender)
    digest: bytes32 = signatures._transfer_digest(identity._name_hash(), owner, to, amount, deadline)
    assert signatures._signed(owner, digest, signature), "token: transfer was not signed by the owner"
    signatures._use_nonce(owner)
    balances._move(owner, to, amount)
    return True


# ------------------------------------------------------------------ supply, by the issuer contract or a pool


@external
def mint(to: address, amount: uint256):
    """
    @notice The issuer contract has weighed a mint of its own; a pool's must fit in its bucket and in the shares behind
            this chain, and come while the policy's mirror is fresh.
    """
    by_issuer: bool = msg.sender == rights.issuer
    assert by_issuer or pools._is_pool(msg.sender), "token: caller was not the issuer contract or a pool"
    assert to != empty(address), "token: receiver was zero"
    if by_issuer:
        pausing._refuse_if_paused(pausing.PRIMARY)
        rights._refuse_unless_free_to_take(to)
    else:
        rights._refuse_unless_free_to_cross(empty(address), to)
        pools._take(msg.sender, amount)
        assert staticcall rights.policy.mirror_is_fresh(), "token: mirror was stale"
        assert staticcall IIssuer(rights.issuer).covers(self, amount), "token: mint was not covered"
    balances._mint(to, amount)


@external
def burn(amount: uint256):
    """
    @notice Burns the caller's own balance: the issuer contract's, which holders put into escrow, whatever is paused; or a
            pool's, for a crossing.
    """
    if msg.sender != rights.issuer:
        assert pools._is_pool(msg.sender), "token: caller was not the issuer contract or a pool"
        rights._refuse_unless_free_to_cross(msg.sender, empty(address))
        pools._refuse_unless_grains(amount)
    balances._burn(msg.sender, amount)


@external
def burnFrom(account: address, amount: uint256):
    """
    @notice Burns what a holder allowed a pool to take, for a crossing.
    """
    assert pools._is_pool(msg.sender), "token: caller was not a pool"
    rights._refuse_unless_free_to_cross(account, empty(address))
    pools._refuse_unless_grains(amount)
    balances._spend(account, msg.sender, amount)
    balances._burn(account, amount)


@external
def set_pool(pool: address, capacity: uint256, refill_per_s: uint256):
    """
    @notice Names a bridge pool, changes its bucket, or takes its right away with a capacity of zero.
    @param capacity Raw, 1e-18, as is what the bucket regains each second.
    """
    rights._refuse_unless_owner()
    assert pool != rights.issuer, "token: pool was the issuer contract"
    pools._set(pool, capacity, refill_per_s)


# ------------------------------------------------------------------ multiplier, by the corporate actions contract alone


@external
def schedule(expected: uint256, multiplier: uint256, effective_at: uint64, epoch_after: uint64, action_id: bytes32):
    """
    @notice Schedules the next multiplier. One change at a time; `expected` is the multiplier that the caller believes
            is in force, so that a repeated or re-ordered step cannot apply a split twice.
    @param epoch_after The epoch from `effective_at` on: one higher if the action changes what a share is, else the same.
    """
    assert msg.sender == actions, "token: caller was not the corporate actions contract"
    scale._schedule(expected, multiplier, convert(effective_at, uint256), epoch_after, action_id)


@external
def cancel(action_id: bytes32):
    """
    @notice Takes back a change that has not taken effect.
    """
    assert msg.sender == actions, "token: caller was not the corporate actions contract"
    scale._cancel(action_id)


# ------------------------------------------------------------------ pause and freeze


@external
def pause(scope: uint8 = pausing.ALL):
    """
    @notice Stops a part of the token, or all, at once. What is paused in part can be paused further.
    """
    rights._refuse_unless_guardian()
    pausing._pause(scope)


@external
def unpause(scope: uint8 = pausing.ALL):
    rights._refuse_unless_owner()
    pausing._unpause(scope)


@external
def freeze(account: address, reason: uint8):
    """
    @notice Stops one account in this token at once. The issuer contract is never stopped: exits go through it.
    """
    rights._refuse_unless_guardian()
    assert account != rights.issuer, "token: account was the issuer contract"
    freezes._freeze(account, reason)


@external
def unfreeze(account: address, reason: uint8):
    rights._refuse_unless_owner()
    freezes._unfreeze(account, reason)


@external
def recover(account: address, to: address, amount: uint256, case_id: bytes32, reason: uint8):
    """
    @notice Moves raw tokens off a frozen account, for a documented case: by the owner, so after a wait and by two keys.
            Works while paused. Escrow is out of reach: the issuer contract cannot be frozen.
    """
    rights._refuse_unless_owner()
    rights._refuse_unless_free_to_take(to)
    freezes._recover(account, to, amount, case_id, reason)
    balances._move(account, to, amount)


# ------------------------------------------------------------------ terms


@external
def set_terms(terms: String[512]):
    """
    @notice Where the terms of this token stand, or what they are.
    """
    rights._refuse_unless_owner()
    identity._set_terms(terms)


@external
def set_contract_uri(uri: String[512]):
    """
    @notice ERC-7572 metadata; its `name` is the token's.
    """
    rights._refuse_unless_owner()
    identity._set_contract_uri(uri)


# ------------------------------------------------------------------ views


@external
@view
def standing() -> IStockToken.Standing:
    """
    @notice Supply, multiplier and epoch as of one block.
    """
    return IStockToken.Standing(
        supply=balances.totalSupply,
        multiplier=scale._multiplier(),
        newMultiplier=scale._new_multiplier(),
        effectiveAt=scale._effective_at(),
        epoch=scale._epoch(),
        newEpoch=scale._new_epoch(),
        version=scale._version(),
    )


@external
@view
def canTransfer(sender: address, receiver: address, amount: uint256) -> (uint8, String[64]):
    """
    @notice Whether `transfer` of a raw amount would pass now, and if not, why: 0 it would, 1 paused, 2 listed, 3 frozen,
            4 receiver zero, 5 balance; and the words with which it would revert. Never reverts itself.
    """
    stopped: uint8 = 0
    words: String[64] = ""
    stopped, words = rights._what_stops(sender, receiver)
    if stopped != 0:
        return stopped, words
    if receiver == empty(address):
        return 4, "token: receiver was zero"
    if balances.balanceOf[sender] < amount:
        return 5, "token: balance was too small"
    return 0, ""


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(identity._name_hash())


@external
@view
def eip712Domain() -> (bytes1, String[64], String[1], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice The domain of permits and signed transfers (ERC-5267).
    """
    return typed_data._domain(identity.name)


@external
@view
def getCCIPAdmin() -> address:
    """
    @notice Who may register this token for CCIP; zero until the owner names one.
    """
    return staticcall rights.policy.ccip_admin()


# ------------------------------------------------------------------ internal


@internal
def _permit(owner: address, spender: address, amount: uint256, signed: bool):
    assert signed, "token: permit was not signed by the owner"
    signatures._use_nonce(owner)
    balances._approve(owner, spender, amount)
