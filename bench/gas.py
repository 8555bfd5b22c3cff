"""Gas of the contracts' calls, measured as reference `evm-token.md` 7.2 says, beside the peers' figures.

Receipts of single transactions, through the beacon proxy with the policy's check: 1,000 atoms to an account that already
holds some, a first approval of 1e18, mints to existing holders. Vyper 0.4.3 optimised for gas, target and hard fork cancun,
OpenZeppelin 5.7.0 proxies. Measured at multiplier 1 and at 4 with nothing pending, with a change that took effect and was
not yet rolled into storage, and so again after 365 idle days: the cost must not grow. What a batch of 50 costs is given for
each of its 50, rounded up.
"""

import tempfile
from pathlib import Path
from typing import Any

from bench.meter import DAY, HOLDERS, NODE_MODULES, ONE, Meter, key
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode

START = 1_717_400_000
BACKED = "Backed/xStocks, transparent proxy"
# call -> (the most it may cost or 0, the best peer's figure or 0)
GOALS = {
    "transfer to an existing holder": (60_000, 72_211),
    "transfer to a fresh account": (77_000, 0),
    "first approve": (54_000, 53_698),
    "token mint to an existing holder": (55_000, 64_790),
    "voucher mint with two signatures": (170_000, 0),
    "report and voucher mint": (0, 0),
    "each of a batch of 50 voucher mints": (90_000, 0),
    "escrow for redemption": (0, 0),
    "burn of an escrow": (0, 0),
    "departure to another chain": (0, 0),
    "announce and schedule a dividend": (0, 0),
    "claim of a stablecoin dividend": (0, 0),
    "each of 50 pushed dividends": (0, 0),
}
SETTINGS = ("", " (multiplier 4)", " (change matured, not rolled)", " (after 365 idle days)")


def measure(meter: Meter) -> dict[str, int]:
    """Each call of `GOALS` once, in the token's present state. Leaves that state as it was."""
    snapshot = meter.rpc.call("evm_snapshot")
    meter.gas("issuer", meter.feed, own("ReserveFeed").call("report", *meter.report()))
    alice, bob, request = key("alice").address, key("bob").address, b"\1" * 32
    found = {
        "voucher mint with two signatures": meter.issuer_gas("mint", *meter.voucher(), sender="relayer"),
        "report and voucher mint": meter.issuer_gas("report_and_mint", *meter.report(), *meter.voucher()),
        "each of a batch of 50 voucher mints": meter.batch_gas(),
        "token mint to an existing holder": meter.token_gas(meter.at.issuer, "mint", alice, 1_000),
        "transfer to an existing holder": meter.token_gas("alice", "transfer", bob, 1_000),
        "transfer to a fresh account": meter.token_gas("alice", "transfer", key("fresh").address, 1_000),
        "first approve": meter.token_gas("alice", "approve", bob, ONE),
    }
    meter.token_gas("alice", "approve", meter.at.issuer, ONE)
    found["escrow for redemption"] = meter.issuer_gas("escrow", meter.token, ONE, 1, request, sender="alice")
    found["burn of an escrow"] = meter.issuer_gas("burn", alice, request)
    there, crossing = b"\2" * 32, b"\3" * 32
    meter.issuer_gas("set_lane", meter.token, there, 10 * ONE, 3_600, sender=meter.at.timelock)
    meter.token_gas("alice", "approve", meter.at.issuer, ONE)
    found["departure to another chain"] = meter.issuer_gas("depart", meter.token, ONE, there, there, crossing, sender="alice")
    identity, tree = meter.distribution()
    first, *others = tree.payments
    found["claim of a stablecoin dividend"] = meter.distributor_gas("claim", identity, first.values())
    pushed = [payment.values() for payment in others[: len(HOLDERS)]]
    found["each of 50 pushed dividends"] = -(-meter.distributor_gas("push", identity, pushed) // len(pushed))
    found["announce and schedule a dividend"] = meter.schedule_gas(meter.standing()[1] * 5 // 4)
    meter.rpc.call("evm_revert", snapshot)
    return found


def gas_table() -> list[dict[str, Any]]:
    """One row a call and setting: `name`, `gas`, `goal` (the most allowed, 0 for none), `peer` and `peer_gas`."""
    with tempfile.TemporaryDirectory() as folder, EvmNode(Path(folder), NODE_MODULES, start_at=START) as evm:
        meter = Meter(evm)
        meter.gas("issuer", meter.feed, own("ReserveFeed").call("report", *meter.report()))
        meter.issuer_gas("mint", *meter.voucher())
        meter.batch_gas()
        meter.token_gas("alice", "transfer", key("bob").address, ONE // 2)
        settings = [measure(meter)]
        mature(meter, 4 * ONE)
        meter.schedule_gas(8 * ONE)  # rolls the 4 into storage
        meter.cancel()
        settings.append(measure(meter))
        mature(meter, 5 * ONE)
        settings.append(measure(meter))
        mature(meter, 6 * ONE)
        evm.set_time(meter.now() + 365 * DAY)
        settings.append(measure(meter))
        meter.rpc.close()
    return [
        {"name": name + setting, "gas": figures[name], "goal": goal, "peer": BACKED if peer else "", "peer_gas": peer}
        for setting, figures in zip(SETTINGS, settings, strict=True)
        for name, (goal, peer) in GOALS.items()
    ]


def mature(meter: Meter, multiplier: int) -> None:
    """Schedule a multiplier and let its time come; nobody writes it into storage."""
    meter.schedule_gas(multiplier)
    meter.evm.set_time(meter.now() + DAY)


def table_text(rows: list[dict[str, Any]]) -> str:
    """The table to read: a line a call, a column a setting, then the goal and the peer's figure."""
    gas = {row["name"]: f"{row['gas']:,}" for row in rows}
    heads = [setting.strip(" ()") or "multiplier 1" for setting in SETTINGS]
    lines = [["call", *heads, "goal", BACKED]]
    for name, limits in GOALS.items():
        lines.append(
            [name, *(gas[name + setting] for setting in SETTINGS), *(f"{limit:,}" if limit else "" for limit in limits)]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    )


def main() -> None:
    """Prints the table."""
    print(table_text(gas_table()))


if __name__ == "__main__":
    main()
