# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Registry: every stock of this issuer, its contracts here and its tokens on other chains
@license Apache-2.0
@notice Lists a stock in one transaction: the token's proxy, its identity and multiplier, its two feeds, its limits in the
        issuer contract. The lister may add, and nothing else: it cannot list an ISIN twice, change what is listed or mint.
@dev    This address, the beacon's and each token's are the same on every chain: they follow from chain-independent code and
        arguments alone (CREATE2). The beacon starts at a genesis implementation and belongs to this contract until `open`,
        which upgrades it and gives it to the policy's owner in one transaction. The admin can call `open`, once, and has no
        power before or afterwards.
"""

import IPolicy


interface Signers:
    def has_role(account: address, role: uint8) -> bool: view


interface Beacon:
    def owner() -> address: view
    def upgradeTo(implementation: address): nonpayable
    def transferOwnership(owner: address): nonpayable


interface Implementation:
    def policy() -> address: view
    def issuer() -> address: view
    def actions() -> address: view
    def registry() -> address: view


interface Token:
    def initialize(
        name: String[64], symbol: String[20], epoch: uint64, multiplier: uint256, version: uint64, terms: String[512]
    ): nonpayable


interface Issuer:
    def registry() -> address: view
    def register(
        token: address, feed: address, supply_cap: uint256, day_cap: uint256, hour_arrival_cap: uint256
    ): nonpayable


event Opened:
    beacon: indexed(address)
    implementation: indexed(address)
    owner: indexed(address)


event StockListed:
    isinHash: indexed(bytes32)
    token: indexed(address)
    isin: String[12]
    symbol: String[20]
    reserveFeed: address
    priceFeed: address


event DeploymentAdded:
    isinHash: indexed(bytes32)
    isin: String[12]
    network: String[40]
    account: String[64]


struct Parts:
    beacon: address
    policy: address
    signers: address
    issuer: address
    actions: address
    implementation: address     # of the token, the beacon's from now on
    proxyBlueprint: address     # ERC-5202: OpenZeppelin's BeaconProxy
    feedBlueprint: address      # ERC-5202: ReserveFeed
    priceBlueprint: address     # ERC-5202: PriceFeed
    feedAgeMax: uint256         # seconds after its statement that a reserve report backs a mint


struct Listing:
    isin: String[12]
    name: String[64]
    symbol: String[20]
    epoch: uint64           # the custodian's corporate-action epoch of the share
    multiplier: uint256     # the book's, 1e-18
    version: uint64         # the multiplier's number
    terms: String[512]
    supplyCap: uint256      # raw, 1e-18
    dayCap: uint256         # raw, 1e-18
    arrivalCap: uint256     # raw, 1e-18, an hour


struct Stock:
    isin: String[12]
    symbol: String[20]
    token: address
    reserveFeed: address
    priceFeed: address


struct Deployment:
    network: String[40]       # CAIP-2
    account: String[64]     # the token there


_LISTER: constant(uint8) = 5
# ERC-5202: 0xFE, 0x71, version 0 and no data
_PREAMBLE: constant(uint256) = 3
# the creation code of BeaconProxy in @openzeppelin/contracts 5.7.0, the same under every token
_PROXY_BYTES: constant(uint256) = 1349
_PROXY_HASH: constant(bytes32) = 0x0aa867705518c23cd1192c8f0a284154f10738342f4ea45ac75ec0231c04a526

# opens this registry, once
admin: public(immutable(address))

# --- what new tokens are made of; zero before `open` ---
parts: public(Parts)
# --- stocks, in the order of their listing ---
count: public(uint256)
stocks: HashMap[uint256, Stock]
# ISIN hash -> number in that order, from 1; 0 for a stock that is not listed
numbers: HashMap[bytes32, uint256]
# --- tokens of the same stock on other chains, by ISIN hash, in the order in which they were added ---
deployment_count: HashMap[bytes32, uint256]
deployed: HashMap[bytes32, HashMap[uint256, Deployment]]
# ISIN hash -> hash of the chain's name
deployed_on: HashMap[bytes32, HashMap[bytes32, bool]]


@deploy
def __init__(admin_: address):
    """
    @param admin_ The same account on every chain, or the addresses differ.
    """
    assert admin_ != empty(address), "registry: admin was zero"
    admin = admin_


# ------------------------------------------------------------------ set-up


@external
def open(parts: Parts):
    """
    @notice Turns the genesis beacon into the real one and gives it to the policy's owner.
    """
    assert msg.sender == admin, "registry: caller was not the admin"
    assert self.parts.beacon == empty(address), "registry: was open"
    assert parts.beacon != empty(address), "registry: beacon was zero"
    assert parts.feedAgeMax > 0, "registry: age limit was zero"
    assert self._proxy_code_hash(parts.proxyBlueprint) == _PROXY_HASH, "registry: proxy was another"
    assert staticcall Beacon(parts.beacon).owner() == self, "registry: beacon was another's"
    assert staticcall Issuer(parts.issuer).registry() == self, "registry: issuer contract was another's"
    token: Implementation = Implementation(parts.implementation)
    assert staticcall token.registry() == self, "registry: implementation was another's"
    assert staticcall token.policy() == parts.policy, "registry: implementation had another policy"
    assert staticcall token.issuer() == parts.issuer, "registry: implementation had another issuer contract"
    assert staticcall token.actions() == parts.actions, "registry: implementation had another register of actions"
    self.parts = parts
    owner: address = staticcall IPolicy(parts.policy).owner()
    log Opened(beacon=parts.beacon, implementation=parts.implementation, owner=owner)
    extcall Beacon(parts.beacon).upgradeTo(parts.implementation)
    extcall Beacon(parts.beacon).transferOwnership(owner)


# ------------------------------------------------------------------ listing


@external
def list_stock(listing: Listing) -> Stock:
    """
    @notice Lists a stock with everything that it needs, at the address that it has on every chain.
    @dev    Calls only what `open` named and what it makes here, and reads nothing of its own after those calls.
    """
    parts: Parts = self.parts
    assert parts.beacon != empty(address), "registry: was not open"
    assert staticcall Signers(parts.signers).has_role(msg.sender, _LISTER), "registry: caller was not the lister"
    salt: bytes32 = keccak256(listing.isin)
    assert self.numbers[salt] == 0, "registry: stock was listed"
    token: address = create_from_blueprint(
        parts.proxyBlueprint, self._proxy_arguments(parts.beacon, listing.isin),
        raw_args=True, code_offset=_PREAMBLE, salt=salt
    )
    feed: address = create_from_blueprint(
        parts.feedBlueprint, token, parts.issuer, parts.signers, parts.feedAgeMax, code_offset=_PREAMBLE, salt=salt
    )
    price: address = create_from_blueprint(
        parts.priceBlueprint, token, parts.policy, parts.signers, parts.actions, code_offset=_PREAMBLE, salt=salt
    )
    stock: Stock = Stock(
        isin=listing.isin, symbol=listing.symbol, token=token, reserveFeed=feed, priceFeed=price
    )
    number: uint256 = self.count + 1
    self.count = number
    self.numbers[salt] = number
    self.stocks[number] = stock
    log StockListed(
        isinHash=salt, token=token, isin=listing.isin, symbol=listing.symbol, reserveFeed=feed, priceFeed=price
    )
    extcall Token(token).initialize(
        listing.name, listing.symbol, listing.epoch, listing.multiplier, listing.version, listing.terms
    )
    extcall Issuer(parts.issuer).register(token, feed, listing.supplyCap, listing.dayCap, listing.arrivalCap)
    return stock


@external
def add_deployment(isin: String[12], network: String[40], account: String[64]):
    """
    @notice Says where else this stock has a token; for good, once a chain.
    """
    assert msg.sender == staticcall IPolicy(self.parts.policy).owner(), "registry: caller was not the owner"
    isin_hash: bytes32 = keccak256(isin)
    assert self.numbers[isin_hash] != 0, "registry: stock was not listed"
    assert len(network) > 0 and len(account) > 0, "registry: deployment was incomplete"
    network_hash: bytes32 = keccak256(network)
    assert not self.deployed_on[isin_hash][network_hash], "registry: chain was added"
    self.deployed_on[isin_hash][network_hash] = True
    number: uint256 = self.deployment_count[isin_hash]
    self.deployment_count[isin_hash] = number + 1
    self.deployed[isin_hash][number] = Deployment(network=network, account=account)
    log DeploymentAdded(isinHash=isin_hash, isin=isin, network=network, account=account)


# ------------------------------------------------------------------ views


@external
@view
def stock_at(number: uint256) -> Stock:
    """
    @param number From 0, in the order of listing.
    """
    assert number < self.count, "registry: stock was not listed"
    return self.stocks[number + 1]


@external
@view
def stock(isin: String[12]) -> Stock:
    return self.stocks[self._number(isin)]


@external
@view
def token_address(isin: String[12]) -> address:
    """
    @notice Where the token of a share stands, or will stand, on every chain.
    """
    beacon: address = self.parts.beacon
    assert beacon != empty(address), "registry: was not open"
    code: Bytes[_PREAMBLE + _PROXY_BYTES] = slice(self.parts.proxyBlueprint.code, 0, _PREAMBLE + _PROXY_BYTES)
    init_code: Bytes[2048] = concat(slice(code, _PREAMBLE, _PROXY_BYTES), self._proxy_arguments(beacon, isin))
    salted: bytes32 = keccak256(concat(x"ff", convert(self, bytes20), keccak256(isin), keccak256(init_code)))
    return convert(convert(salted, uint256) & convert(max_value(uint160), uint256), address)


@external
@view
def deployments(isin: String[12], number: uint256) -> Deployment:
    """
    @param number From 0, in the order in which they were added.
    """
    self._number(isin)
    isin_hash: bytes32 = keccak256(isin)
    assert number < self.deployment_count[isin_hash], "registry: deployment was not found"
    return self.deployed[isin_hash][number]


@external
@view
def deployments_of(isin: String[12]) -> uint256:
    """
    @notice How many chains were added for a stock.
    """
    return self.deployment_count[keccak256(isin)]


# ------------------------------------------------------------------ internal


@internal
@view
def _number(isin: String[12]) -> uint256:
    number: uint256 = self.numbers[keccak256(isin)]
    assert number != 0, "registry: stock was not listed"
    return number


@internal
@view
def _proxy_code_hash(blueprint: address) -> bytes32:
    assert blueprint.codesize == _PREAMBLE + _PROXY_BYTES, "registry: proxy was another"
    return keccak256(slice(blueprint.code, 0, _PREAMBLE + _PROXY_BYTES))


@internal
@pure
def _proxy_arguments(beacon: address, isin: String[12]) -> Bytes[256]:
    """
    @notice What BeaconProxy's constructor reads: the beacon, and the call that begins a token.
    """
    return abi_encode(beacon, abi_encode(isin, method_id=method_id("begin(string)")))
