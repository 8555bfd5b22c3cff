"""A deployment whose transactions are measured one by one, with the signatures that they need."""

import hashlib
from pathlib import Path

from openscrip.issuance.chains.evm.deployment import EvmRoles, deploy_platform, list_token
from openscrip.issuance.chains.evm.distribution_tree import (
    BATCH_MAX,
    DISTRIBUTION,
    DISTRIBUTOR,
    DistributionTree,
    Entitlements,
    distribution_id,
    plant,
)
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTIONS,
    CORPORATE_ACTION,
    FEED,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CHANGE,
    RESERVE_REPORT,
    digest,
)
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.runtime.keys import KeyKind, LocalKey

NODE_MODULES = Path(__file__).parents[1] / "node_modules"
CHAIN_ID, ONE, DAY = 31337, 10**18, 86_400
NOBODY = "0x" + "00" * 20
HOLDERS = [f"holder {number}" for number in range(BATCH_MAX)]
_GAS = hex(16_000_000)
_PAYMENT = 1_000


def key(name: str) -> EvmAccount:
    """The key of whoever is called `name`."""
    return EvmAccount(LocalKey(KeyKind.SECP256K1, hashlib.sha256(name.encode()).digest()))


class Meter:
    """One listed token, keys one a role, and whatever the contracts want signed."""

    def __init__(self, evm: EvmNode) -> None:
        self.evm, self.rpc = evm, JsonRpc(evm.url)
        self.node = Node(self.rpc, CHAIN_ID, Fees())
        evm.fund(key("lister").address)
        names = ("issuer", "attestor", "corporate_action", "guardian", "approver", "lister")
        roles = EvmRoles(*(key(name).address for name in names))
        self.at = deploy_platform(self.node, key("lister"), roles, NODE_MODULES)
        tesla = Instrument("TSLA", "Tesla", "US88160R1014", "XNAS", "USD", InstrumentKind.EQUITY, "TSLAx")
        listed = list_token(self.node, key("lister"), self.at, tesla, NODE_MODULES)
        self.token, self.feed = listed.token, listed.feed
        self.rpc.call("anvil_autoImpersonateAccount", True)
        self.count = 0

    def gas(self, sender: str, to: str, data: bytes) -> int:
        """The gas that one transaction burned; it must succeed. `sender` is a name or an address."""
        account = sender if sender.startswith("0x") else key(sender).address
        call = {"from": account, "to": to, "data": "0x" + data.hex(), "gas": _GAS, "gasPrice": "0x0"}
        tx_id = self.rpc.call("eth_sendTransaction", call)
        receipt = None
        while receipt is None:
            self.rpc.call("evm_mine")
            receipt = self.rpc.call("eth_getTransactionReceipt", tx_id)
        if receipt["status"] != "0x1":
            raise RuntimeError(f"gas: a measured call failed: {self.node.revert_reason(tx_id)}")
        return int(receipt["gasUsed"], 16)

    def token_gas(self, sender: str, function: str, *arguments: object) -> int:
        """As `gas`, of the token."""
        return self.gas(sender, self.token, own("StockToken").call(function, *arguments))

    def issuer_gas(self, function: str, *arguments: object, sender: str = "issuer") -> int:
        """As `gas`, of the issuer contract."""
        return self.gas(sender, self.at.issuer, own("Issuer").call(function, *arguments))

    # ---------------------------------------------------------------- mints

    def report(self) -> tuple[tuple[object, ...], bytes]:
        """A signed report of a million shares."""
        self.count += 1
        values = (self.token, 10**15, 0, 0, 10**15, self.standing()[4], self.now(), self.count)
        return values, key("attestor").sign_digest(digest(FEED, CHAIN_ID, self.feed, RESERVE_REPORT, values))

    def voucher(self, receiver: str = "alice") -> tuple[object, ...]:
        """A signed voucher of one token: its values and both signatures."""
        standing, unique = self.standing(), self.unique()
        values = (
            self.token, key(receiver).address, ONE, 1, unique, unique, bytes(32), standing[4], standing[1],
            self.signer_epoch(), self.now() + 3_600,
        )  # fmt: skip
        hashed = digest(ISSUER, CHAIN_ID, self.at.issuer, MINT_VOUCHER, values)
        return values, key("issuer").sign_digest(hashed), key("attestor").sign_digest(hashed)

    def batch_gas(self) -> int:
        """Of a batch of 50 mints to as many holders, a fiftieth, rounded up."""
        vouchers = [self.voucher(holder) for holder in HOLDERS]
        return -(-self.issuer_gas("mint_batch", vouchers, sender="relayer") // len(vouchers))

    # ---------------------------------------------------------------- corporate actions

    def schedule_gas(self, multiplier: int) -> int:
        """Announce a dividend and schedule its multiplier for tomorrow, in one transaction."""
        standing, action, at = self.standing(), self._dividend(), self.now() + DAY
        change = (self.token, standing[1], multiplier, at, standing[4], self.action, multiplier, standing[1], at - 3_600)
        signed = (*self.twice(CORPORATE_ACTION, action), *self.twice(MULTIPLIER_CHANGE, change))
        return self.gas("relayer", self.at.actions, own("CorporateActions").call("announce_and_stage", *signed))

    def announce_dividend(self) -> bytes:
        """Announce a dividend that is going to be paid in money; its id."""
        action = self._dividend()
        signed = self.twice(CORPORATE_ACTION, action)
        self.gas("relayer", self.at.actions, own("CorporateActions").call("announce", *signed))
        return self.action

    def cancel(self) -> None:
        """Take the last action back."""
        signed = self.twice(ACTION_CANCEL, (self.action, b"\1" * 32))
        self.gas("relayer", self.at.actions, own("CorporateActions").call("cancel", *signed))

    def _dividend(self) -> tuple[object, ...]:
        """0.25 USD a share, by an id that is new."""
        self.action = self.unique()
        dates, sources = (20240610, 20240607, 20240610), self.unique()
        return (self.action, self.token, b"DVCA", *dates, 0, 0, 250_000, NOBODY, sources, bytes(32))

    def twice(self, type_string: str, values: tuple[object, ...]) -> tuple[object, ...]:
        """Values for the register of corporate actions, and both signatures."""
        hashed = digest(ACTIONS, CHAIN_ID, self.at.actions, type_string, values)
        return values, key("corporate_action").sign_digest(hashed), key("attestor").sign_digest(hashed)

    # ---------------------------------------------------------------- dividends

    def distribution(self) -> tuple[bytes, DistributionTree]:
        """A distribution to fifty holders, alice and bob, paid in by alice. The token itself is the money.

        So it goes through a beacon's proxy and a list, as the large stablecoins go through proxies and lists of their own.
        """
        event, payer = self.announce_dividend(), key("alice").address
        identity = distribution_id(CHAIN_ID, self.at.distributor, event, self.token)
        due = {key(name).address: _PAYMENT for name in (*HOLDERS, "alice", "bob")}
        total, now = sum(due.values()), self.now()
        tree = plant(identity, Entitlements(total, due, 0))
        values = (
            event, self.token, self.token, tree.root, total, now, 1, now + 60 * DAY, payer, payer, self.signer_epoch(),
        )  # fmt: skip
        hashed = digest(DISTRIBUTOR, CHAIN_ID, self.at.distributor, DISTRIBUTION, values)
        signatures = (key("corporate_action").sign_digest(hashed), key("attestor").sign_digest(hashed))
        self.token_gas("alice", "approve", self.at.distributor, total)
        self.distributor_gas("create", values, *signatures, sender="alice")
        return identity, tree

    def distributor_gas(self, function: str, *arguments: object, sender: str = "relayer") -> int:
        """As `gas`, of the distributor."""
        return self.gas(sender, self.at.distributor, own("Distributor").call(function, *arguments))

    # ---------------------------------------------------------------- standing

    def unique(self) -> bytes:
        """32 bytes that no call before gave."""
        self.count += 1
        return hashlib.sha256(str(self.count).encode()).digest()

    def standing(self) -> tuple[int, ...]:
        """Supply, multiplier in force, and epoch of the token, at their places."""
        standing: tuple[int, ...] = self.node.read(own("StockToken"), self.token, "standing")[0]
        return standing

    def signer_epoch(self) -> int:
        """What every voucher and distribution must name."""
        return int(self.node.read(own("Signers"), self.at.signers, "signerEpoch")[0])

    def now(self) -> int:
        """The newest block's time."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
