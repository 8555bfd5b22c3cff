"""The powers on an EVM chain as the chain has them: signer sets, owners, pools, and the timelock's roles.

Nothing is taken from a file: tokens come from the issuer contract's register, members of the timelock from its events
and then from `hasRole`, pools from each token's events. Wherever a contract hangs on another than the deployment's, what
it hangs on holds the power. A holder that is neither the timelock nor a key counts as one: nobody knows what it asks. So
a pool counts, and a bridge whose committee is known is for its reader to judge.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.issuance.chains.evm.deployment import EvmDeployment, SignerRole
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.registry import read_stocks
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.powers import NOBODY, Key, Power, PowerName, Seat

CHAIN = "evm"
ZERO = "0x" + "00" * 20
BEACON_SLOT = hex(int.from_bytes(keccak(text="eip1967.proxy.beacon"), "big") - 1)
"""ERC-1967: where a beacon proxy names its beacon."""
ADMIN = bytes(32)
PROPOSER, EXECUTOR = keccak(text="PROPOSER_ROLE"), keccak(text="EXECUTOR_ROLE")
_BLOCKS_AT_ONCE = 5_000
# contract, view that names what it hangs on, field of the deployment, the power of whoever stands there instead
_LINKS = (
    ("Signers", "policy", "policy", PowerName.CHANGE_ROLES),
    ("Issuer", "signers", "signers", PowerName.MINT),
    ("Issuer", "conversion", "conversion", PowerName.MINT),
    ("Issuer", "policy", "policy", PowerName.RAISE_LIMIT),
    ("Issuer", "actions", "actions", PowerName.CONVERT),
    ("Issuer", "registry", "registry", PowerName.REGISTER),
    ("CorporateActions", "signers", "signers", PowerName.CHANGE_MULTIPLIER),
    ("CorporateActions", "issuer", "issuer", PowerName.CHANGE_MULTIPLIER),
    ("Conversion", "actions", "actions", PowerName.MINT),
    ("Conversion", "issuer", "issuer", PowerName.MOVE_MONEY),
    ("Conversion", "policy", "policy", PowerName.MOVE_MONEY),
    ("Distributor", "signers", "signers", PowerName.DISTRIBUTE),
)
_TOKEN_LINKS = (
    ("StockToken", "issuer", "issuer", PowerName.MINT),
    ("StockToken", "actions", "actions", PowerName.CHANGE_MULTIPLIER),
    ("StockToken", "policy", "policy", PowerName.UNPAUSE),
    ("ReserveFeed", "issuer", "issuer", PowerName.RAISE_RESERVE),
    ("ReserveFeed", "signers", "signers", PowerName.RAISE_RESERVE),
    ("PriceFeed", "signers", "signers", PowerName.REPORT_PRICE),
    ("PriceFeed", "policy", "policy", PowerName.UNPAUSE),
    ("PriceFeed", "actions", "actions", PowerName.UNPAUSE),
)
_ACTIONS = (
    "CorporateActions.announce, CorporateActions.stage, CorporateActions.announce_and_stage",
    "CorporateActions.cancel, CorporateActions.finish",
)
_OWNED = (
    (PowerName.UNPAUSE, "StockToken.unpause, PriceFeed.resume"),
    (PowerName.UNFREEZE, "StockToken.unfreeze, Policy.unlist_address"),
    (PowerName.SEIZE, "StockToken.recover"),
    (PowerName.RAISE_LIMIT, "Issuer.set_limits, Issuer.set_lane"),
    (PowerName.MOVE_MONEY, "Conversion.return_remainder"),
    (PowerName.RENAME, "StockToken.set_terms, StockToken.set_contract_uri, Registry.add_deployment"),
    (PowerName.CHANGE_ROLES, "Signers.set_signers, StockToken.set_pool, Policy.set_guardian, Policy.set_ccip_admin"),
    (PowerName.CHANGE_ROLES, "Policy.set_mirror, Policy.set_source, Policy.transferOwnership"),
)


def read_evm_powers(node: Node, deployment: EvmDeployment, node_modules: Path, names: Mapping[str, str]) -> list[Power]:
    """Every power at the newest final block; `names` gives the role of each known address (with checksum).

    Raises `Refused` when a contract is not where the deployment says, and `Unavailable`.
    """
    return list(dict.fromkeys(_EvmPowers(node, deployment, node_modules, names).all()))


class _EvmPowers:
    """One reading."""

    def __init__(self, node: Node, deployment: EvmDeployment, node_modules: Path, names: Mapping[str, str]) -> None:
        self._node = node
        self._at = deployment
        self._names = names
        self._timelock = openzeppelin("TimelockController", node_modules)
        self._beacon = openzeppelin("UpgradeableBeacon", node_modules)
        granted, registered = self._timelock.topic("RoleGranted"), own("Issuer").topic("TokenRegistered")
        self._logs = self._read_logs([deployment.timelock, deployment.issuer], [granted, registered])
        self._members = {role: self._members_of(role) for role in (ADMIN, PROPOSER, EXECUTOR)}
        self._delay_s = int(self._timelock_read("getMinDelay"))
        self._known_code = self._code(deployment.timelock) in self._timelock.bytecode.hex()

    def all(self) -> Iterator[Power]:
        """In the order in which a reader wants them; a power that is the same for many tokens comes many times."""
        tokens = self._tokens()
        prices = {stock.token: stock.price_feed for stock in read_stocks(self._node, self._at.registry)}
        yield from self._signed_powers()
        yield from self._pools([token for token, _ in tokens])
        yield from self._astray(_LINKS, self._places())
        for token, feed in tokens:
            places = {"StockToken": token, "ReserveFeed": feed, "PriceFeed": prices.get(token, ZERO)}
            yield from self._astray(_TOKEN_LINKS, places)
            yield from self._upgrade_of(token)
        yield from self._owner_powers()
        yield from self._stops()

    def _signed_powers(self) -> Iterator[Power]:
        """What two signer sets do together, and what one does alone."""
        issuer, attestor, action, price, lister = (self._role(role) for role in SignerRole)
        yield self._power(PowerName.MINT, "Issuer.mint, Issuer.mint_batch, Issuer.report_and_mint", issuer, attestor)
        yield self._power(PowerName.RAISE_RESERVE, "ReserveFeed.report", self._any_of(issuer), attestor)
        for source in _ACTIONS:
            yield self._power(PowerName.CHANGE_MULTIPLIER, source, action, attestor)
        yield self._power(PowerName.CONVERT, "CorporateActions.open_conversion", action, attestor)
        yield self._power(PowerName.DISTRIBUTE, "Distributor.create", action, attestor)
        yield self._power(PowerName.REPORT_PRICE, "PriceFeed.report", price)
        yield self._power(PowerName.REGISTER, "Registry.list_stock", self._any_of(lister))
        ends = "Issuer.burn, Issuer.refund, Issuer.void_request"
        yield self._power(PowerName.END_REDEMPTION, ends, self._any_of(issuer))

    def _pools(self, tokens: list[str]) -> Iterator[Power]:
        """Whoever may mint beside the issuer contract."""
        changed = own("StockToken").topic("PoolChanged")
        logs = self._read_logs(tokens, [changed]) if tokens else []
        for token, pool in dict.fromkeys((to_checksum_address(log["address"]), log["topics"][1]) for log in logs):
            account = self._address_in(pool)
            if self._node.read(own("StockToken"), token, "pool_of", account)[0] > 0:
                yield self._held(PowerName.MINT, account, f"StockToken.mint of {token} as its pool")

    def _astray(self, links: Iterable[tuple[str, str, str, PowerName]], places: Mapping[str, str]) -> Iterator[Power]:
        """The powers of whatever stands where the deployment has another contract."""
        for contract, view, field, power in links:
            if (place := places[contract]) == ZERO:
                continue
            found = self._view(contract, place, view)
            if found != to_checksum_address(getattr(self._at, field)):
                yield self._held(power, found, f"{contract} {place}, {view}")

    def _upgrade_of(self, token: str) -> Iterator[Power]:
        beacon = self._address_in(str(self._node.rpc.call("eth_getStorageAt", token, BEACON_SLOT, self._node.finality)))
        if beacon == ZERO:
            yield self._held(PowerName.UPGRADE, token, f"StockToken {token} without a beacon")
            return
        where = "" if beacon == self._at.beacon else f" at {beacon}"
        owner = self._node.read(self._beacon, beacon, "owner")[0]
        yield self._held(PowerName.UPGRADE, owner, f"UpgradeableBeacon.upgradeTo{where}")

    def _owner_powers(self) -> Iterator[Power]:
        owner = self._view("Policy", self._at.policy, "owner")
        beacon_owner = self._node.read(self._beacon, self._at.beacon, "owner")[0]
        yield self._held(PowerName.UPGRADE, beacon_owner, "UpgradeableBeacon.upgradeTo")
        for name, source in _OWNED:
            yield self._held(name, owner, source)
        if (offered := self._view("Policy", self._at.policy, "pendingOwner")) != ZERO:
            yield self._held(PowerName.CHANGE_ROLES, offered, "Policy.acceptOwnership")
        for admin in self._members[ADMIN]:
            yield self._held(PowerName.CHANGE_ROLES, admin, "TimelockController.grantRole")
        if to_checksum_address(self._node.read(own("Registry"), self._at.registry, "parts")[0][0]) != self._at.beacon:
            yield self._held(PowerName.UPGRADE, self._view("Registry", self._at.registry, "admin"), "Registry.open")

    def _stops(self) -> Iterator[Power]:
        guardian = self._view("Policy", self._at.policy, "guardian")
        stops = "StockToken.pause, PriceFeed.halt, Issuer.set_limits (lower), Issuer.set_lane (lower)"
        yield self._held(PowerName.PAUSE, guardian, stops)
        yield self._held(PowerName.FREEZE, guardian, "StockToken.freeze, Policy.list_address")
        for view, source in (("keeper", "Policy.mirror"), ("source", "Policy.sync")):
            if (holder := self._view("Policy", self._at.policy, view)) != ZERO:
                yield self._held(PowerName.FREEZE, holder, source)

    def _power(self, name: PowerName, source: str, *seats: Seat) -> Power:
        return Power(name, CHAIN, seats, 0, source)

    def _held(self, name: PowerName, holder: str, source: str) -> Power:
        """What `holder` may do: with the timelock, a proposer and then an executor, after the delay."""
        account = to_checksum_address(holder)
        if account == ZERO:
            return Power(name, CHAIN, (NOBODY,), 0, source)
        if account == to_checksum_address(self._at.timelock) and self._known_code:
            seats = (self._seat("proposer", PROPOSER), self._seat("timelock executor", EXECUTOR))
            return Power(name, CHAIN, seats, self._delay_s, source)
        key = self._key(account)
        return Power(name, CHAIN, (Seat(key.name, 1, (key,)),), 0, source)

    def _seat(self, role: str, member_of: bytes) -> Seat:
        """One of the role's members; OpenZeppelin opens a role to anyone when zero has it."""
        members = self._members[member_of]
        return Seat(role, 0, ()) if ZERO in members else Seat(role, 1, tuple(map(self._key, members)))

    def _role(self, role: SignerRole) -> Seat:
        """The threshold and the members of a role in `Signers`."""
        contract, place = own("Signers"), self._at.signers
        needed = int(self._node.read(contract, place, "threshold", int(role))[0])
        members = self._node.read(contract, place, "members", int(role))[0]
        keys = tuple(self._key(to_checksum_address(each)) for each in members)
        return Seat(role.name.lower().replace("_", "-"), needed, keys)

    @staticmethod
    def _any_of(seat: Seat) -> Seat:
        """Where the caller must be a member, one is enough."""
        return Seat(seat.role, 1, seat.keys)

    def _key(self, account: str) -> Key:
        known = self._names.get(account)
        return Key(account, known or ("unknown contract" if self._code(account) else "unknown key"))

    def _places(self) -> dict[str, str]:
        at = self._at
        return {
            "Signers": at.signers, "Issuer": at.issuer, "CorporateActions": at.actions, "Conversion": at.conversion,
            "Distributor": at.distributor,
        }  # fmt: skip

    def _code(self, account: str) -> str:
        """The code at an address in hex; empty for a key's account."""
        return str(self._node.rpc.call("eth_getCode", account, self._node.finality)).removeprefix("0x")

    def _view(self, contract: str, at: str, function: str) -> str:
        return to_checksum_address(self._node.read(own(contract), at, function)[0])

    def _timelock_read(self, function: str, *arguments: object) -> Any:
        return self._node.read(self._timelock, self._at.timelock, function, *arguments)[0]

    def _members_of(self, role: bytes) -> tuple[str, ...]:
        """Who has a role now, among whoever was ever granted one, is known by name, or is zero."""
        granted = self._timelock.topic("RoleGranted")
        named = [self._address_in(log["topics"][2]) for log in self._logs if log["topics"][0] == granted]
        asked = dict.fromkeys([*named, *self._names, ZERO, to_checksum_address(self._at.timelock)])
        return tuple(account for account in asked if self._timelock_read("hasRole", role, account))

    def _tokens(self) -> list[tuple[str, str]]:
        """Every registered token with its feed."""
        registered = own("Issuer").topic("TokenRegistered")
        tokens = [self._address_in(log["topics"][1]) for log in self._logs if log["topics"][0] == registered]
        feeds = [self._node.read(own("Issuer"), self._at.issuer, "feed_of", token)[0] for token in tokens]
        return list(zip(tokens, map(to_checksum_address, feeds), strict=True))

    def _read_logs(self, contracts: list[str], topics: list[str]) -> list[dict[str, Any]]:
        head = int(self._node.rpc.call("eth_getBlockByNumber", self._node.finality, False)["number"], 16)
        wanted = {"address": contracts, "topics": [topics]}
        spans = ((first, min(first + _BLOCKS_AT_ONCE - 1, head)) for first in range(0, head + 1, _BLOCKS_AT_ONCE))
        asked = [({"fromBlock": hex(first), "toBlock": hex(last)} | wanted) for first, last in spans]
        return [log for page in self._node.batch([("eth_getLogs", [span]) for span in asked]) for log in page]

    @staticmethod
    def _address_in(word: str) -> str:
        return to_checksum_address("0x" + word[-40:])
