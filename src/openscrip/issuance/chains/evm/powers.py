"""The powers on an EVM chain as the chain has them: slots of the contracts, owners, and the timelock's roles.

Nothing is taken from a file: tokens come from the issuer contract's register, members of the timelock from its events
and then from `hasRole`. An owner that is neither the timelock nor a key counts as one holder: nobody knows what it asks.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.issuance.chains.evm.deployment import EvmDeployment
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.powers import NOBODY, Key, Power, PowerName, Seat

CHAIN = "evm"
ZERO = "0x" + "00" * 20
BEACON_SLOT = hex(int.from_bytes(keccak(text="eip1967.proxy.beacon"), "big") - 1)
"""ERC-1967: where a beacon proxy names its beacon."""
ADMIN = bytes(32)
PROPOSER, EXECUTOR = keccak(text="PROPOSER_ROLE"), keccak(text="EXECUTOR_ROLE")
_BLOCKS_AT_ONCE = 5_000


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
        self._logs = self._read_logs()
        self._members = {role: self._members_of(role) for role in (ADMIN, PROPOSER, EXECUTOR)}
        self._delay_s = int(self._timelock_read("getMinDelay"))
        self._known_code = self._code(deployment.timelock) in self._timelock.bytecode.hex()

    def all(self) -> Iterator[Power]:
        """In the order in which a reader wants them; a power that is the same for many tokens comes many times."""
        tokens = self._tokens()
        yield from self._signed_powers()
        for token, feed in tokens:
            yield from self._powers_over(token, feed)
        yield from self._owner_powers()
        yield from self._stops()

    def _signed_powers(self) -> Iterator[Power]:
        issuer, attestor, action = (self._role(name) for name in ("issuer", "attestor", "corporate_action"))
        yield self._power(PowerName.MINT, "Issuer.mint", issuer, attestor)
        yield self._power(PowerName.RAISE_RESERVE, "ReserveFeed.report", issuer, attestor)
        yield self._power(PowerName.CHANGE_MULTIPLIER, "Issuer.schedule_multiplier", action, attestor)

    def _powers_over(self, token: str, feed: str) -> Iterator[Power]:
        """What stands behind one token; a token that hangs on our contracts alone adds its beacon's owner only."""
        policy, issuer = self._view("StockToken", token, "policy"), self._view("StockToken", token, "issuer")
        if issuer != self._at.issuer:
            for name in (PowerName.MINT, PowerName.CHANGE_MULTIPLIER):
                yield self._held(name, issuer, f"StockToken {token}")
        if policy != self._at.policy:
            yield self._held(PowerName.UNPAUSE, policy, f"StockToken {token}")
        if (behind := self._view("ReserveFeed", feed, "issuer")) != self._at.issuer:
            yield self._held(PowerName.RAISE_RESERVE, behind, f"ReserveFeed {feed}")
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
        yield self._held(PowerName.UNPAUSE, owner, "StockToken.unpause")
        yield self._held(PowerName.UNFREEZE, owner, "StockToken.unfreeze, Policy.unlist_address")
        yield self._held(PowerName.SEIZE, owner, "StockToken.recover")
        yield self._held(PowerName.RENAME, owner, "StockToken.set_terms, StockToken.set_contract_uri")
        yield self._held(PowerName.CHANGE_ROLES, owner, "Issuer.set_roles, Policy.set_guardian, Policy.set_ccip_admin")
        if (offered := self._view("Policy", self._at.policy, "pendingOwner")) != ZERO:
            yield self._held(PowerName.CHANGE_ROLES, offered, "Policy.acceptOwnership")
        for admin in self._members[ADMIN]:
            yield self._held(PowerName.CHANGE_ROLES, admin, "TimelockController.grantRole")

    def _stops(self) -> Iterator[Power]:
        guardian = self._view("Policy", self._at.policy, "guardian")
        yield self._held(PowerName.PAUSE, guardian, "StockToken.pause")
        yield self._held(PowerName.FREEZE, guardian, "StockToken.freeze, Policy.list_address")
        yield self._power(PowerName.REGISTER, "Issuer.register", self._role("lister"))
        yield self._power(PowerName.END_REDEMPTION, "Issuer.burn, Issuer.refund", self._role("issuer"))

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

    def _role(self, name: str) -> Seat:
        key = self._key(self._view("Issuer", self._at.issuer, name))
        return Seat(name.replace("_", "-"), 1, (key,))

    def _key(self, account: str) -> Key:
        known = self._names.get(account)
        return Key(account, known or ("unknown contract" if self._code(account) else "unknown key"))

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

    def _read_logs(self) -> list[dict[str, Any]]:
        head = int(self._node.rpc.call("eth_getBlockByNumber", self._node.finality, False)["number"], 16)
        wanted = {
            "address": [self._at.timelock, self._at.issuer],
            "topics": [[self._timelock.topic("RoleGranted"), own("Issuer").topic("TokenRegistered")]],
        }
        spans = ((first, min(first + _BLOCKS_AT_ONCE - 1, head)) for first in range(0, head + 1, _BLOCKS_AT_ONCE))
        asked = [({"fromBlock": hex(first), "toBlock": hex(last)} | wanted) for first, last in spans]
        return [log for page in self._node.batch([("eth_getLogs", [span]) for span in asked]) for log in page]

    @staticmethod
    def _address_in(word: str) -> str:
        return to_checksum_address("0x" + word[-40:])
