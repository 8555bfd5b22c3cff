"""Gas of the token's calls, measured as reference `evm-token.md` 7.2 says, beside the peers' figures.

Receipts of single transactions, through the beacon proxy with the policy's check: 1,000 atoms to an account that
already holds some, a first approval of 1e18, mints to an existing holder. Vyper 0.4.3 optimised for gas, target and
hard fork cancun, OpenZeppelin 5.7.0 proxies. Repeated at multiplier 4 with a change that took effect and was not yet
rolled into storage, and so again after 365 idle days: the cost must not grow.
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from openscrip.issuance.chains.evm.deployment import EvmRoles, deploy_platform, list_token
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import (
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
START, CHAIN_ID, ONE, DAY = 1_717_400_000, 31337, 10**18, 86_400
BACKED = "Backed/xStocks, transparent proxy"
# call -> (the most it may cost, the best peer's figure or 0)
GOALS = {
    "transfer to an existing holder": (60_000, 72_211),
    "transfer to a fresh account": (77_000, 0),
    "first approve": (54_000, 53_698),
    "token mint to an existing holder": (55_000, 64_790),
    "voucher mint with two signatures": (170_000, 0),
    "report and voucher mint": (0, 0),
    "escrow for redemption": (0, 0),
    "burn of an escrow": (0, 0),
}


def key(name: str) -> EvmAccount:
    """The key of whoever is called `name`."""
    return EvmAccount(LocalKey(KeyKind.SECP256K1, hashlib.sha256(name.encode()).digest()))


class Meter:
    """A deployment whose transactions are measured one by one."""

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
        """The gas that one transaction burned; it must succeed."""
        call = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(3_000_000), "gasPrice": "0x0"}
        tx_id = self.rpc.call("eth_sendTransaction", call)
        receipt = None
        while receipt is None:
            self.rpc.call("evm_mine")
            receipt = self.rpc.call("eth_getTransactionReceipt", tx_id)
        if receipt["status"] != "0x1":
            raise RuntimeError(f"gas: a measured call failed: {self.node.revert_reason(tx_id)}")
        return int(receipt["gasUsed"], 16)

    def token_gas(self, sender: str, function: str, *arguments: object) -> int:
        """As `gas`, of the token, by a name or an address."""
        account = sender if sender.startswith("0x") else key(sender).address
        return self.gas(account, self.token, own("StockToken").call(function, *arguments))

    def issuer_gas(self, function: str, *arguments: object, sender: str = "issuer") -> int:
        """As `gas`, of the issuer contract."""
        return self.gas(key(sender).address, self.at.issuer, own("Issuer").call(function, *arguments))

    def report(self) -> tuple[tuple[object, ...], bytes]:
        """A signed report of a million shares."""
        self.count += 1
        standing = self.standing()
        values = (self.token, 10**15, 10**15, standing[4], self.now(), self.count)
        return values, key("attestor").sign_digest(digest(FEED, CHAIN_ID, self.feed, RESERVE_REPORT, values))

    def voucher(self) -> tuple[object, ...]:
        """A signed voucher of one token for alice: its values and both signatures."""
        self.count += 1
        standing, unique = self.standing(), hashlib.sha256(str(self.count).encode()).digest()
        values = (
            self.token, key("alice").address, ONE, 1, unique, unique, standing[4], standing[1], self.now() + 3_600,
        )  # fmt: skip
        hashed = digest(ISSUER, CHAIN_ID, self.at.issuer, MINT_VOUCHER, values)
        return values, key("issuer").sign_digest(hashed), key("attestor").sign_digest(hashed)

    def schedule(self, multiplier: int) -> None:
        """Schedule a multiplier for tomorrow."""
        self.count += 1
        standing, unique = self.standing(), hashlib.sha256(str(self.count).encode()).digest()
        values = (self.token, standing[1], multiplier, self.now() + DAY, standing[4], unique)
        hashed = digest(ISSUER, CHAIN_ID, self.at.issuer, MULTIPLIER_CHANGE, values)
        signatures = (key("corporate_action").sign_digest(hashed), key("attestor").sign_digest(hashed))
        self.issuer_gas("schedule_multiplier", values, *signatures)

    def standing(self) -> tuple[int, ...]:
        """Supply, multiplier and epoch of the token."""
        standing: tuple[int, ...] = self.node.read(own("StockToken"), self.token, "standing")[0]
        return standing

    def now(self) -> int:
        """The newest block's time."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def measure(meter: Meter) -> dict[str, int]:
    """Each call of `GOALS` once, in the token's present state. Leaves that state as it was."""
    snapshot = meter.rpc.call("evm_snapshot")
    meter.gas(key("issuer").address, meter.feed, own("ReserveFeed").call("report", *meter.report()))
    alice, bob = key("alice").address, key("bob").address
    request = b"\1" * 32
    found = {
        "voucher mint with two signatures": meter.issuer_gas("mint", *meter.voucher(), sender="relayer"),
        "report and voucher mint": meter.issuer_gas("report_and_mint", *meter.report(), *meter.voucher()),
        "token mint to an existing holder": meter.token_gas(meter.at.issuer, "mint", alice, 1_000),
        "transfer to an existing holder": meter.token_gas("alice", "transfer", bob, 1_000),
        "transfer to a fresh account": meter.token_gas("alice", "transfer", key("fresh").address, 1_000),
        "first approve": meter.token_gas("alice", "approve", bob, ONE),
    }
    meter.token_gas("alice", "approve", meter.at.issuer, ONE)
    found["escrow for redemption"] = meter.issuer_gas("escrow", meter.token, ONE, 1, request, sender="alice")
    found["burn of an escrow"] = meter.issuer_gas("burn", request)
    meter.rpc.call("evm_revert", snapshot)
    return found


def gas_table() -> list[dict[str, Any]]:
    """One row a call and setting: `name`, `gas`, `goal` (the most allowed, 0 for none), `peer` and `peer_gas`."""
    with tempfile.TemporaryDirectory() as folder, EvmNode(Path(folder), NODE_MODULES, start_at=START) as evm:
        meter = Meter(evm)
        meter.gas(key("issuer").address, meter.feed, own("ReserveFeed").call("report", *meter.report()))
        meter.issuer_gas("mint", *meter.voucher())
        meter.token_gas("alice", "transfer", key("bob").address, ONE // 2)
        settings = {"": measure(meter)}
        meter.schedule(4 * ONE)
        evm.set_time(meter.now() + DAY)
        settings[" (change matured, not rolled)"] = measure(meter)
        meter.schedule(5 * ONE)
        evm.set_time(meter.now() + DAY)
        evm.set_time(meter.now() + 365 * DAY)
        settings[" (after 365 idle days)"] = measure(meter)
        meter.rpc.close()
    return [
        {
            "name": name + setting,
            "gas": gas,
            "goal": GOALS[name][0],
            "peer": BACKED if GOALS[name][1] else "",
            "peer_gas": GOALS[name][1],
        }
        for setting, figures in settings.items()
        for name, gas in figures.items()
    ]


def main() -> None:
    """Prints the table as JSON lines."""
    for row in gas_table():
        print(json.dumps(row))


if __name__ == "__main__":
    main()
