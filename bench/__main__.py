"""`python -m bench`: measures the README's figures, prints them, and writes `bench/latest.json`."""

import argparse
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.evm_node import evm_node_figures, evm_restart_s
from bench.fix import fix_rates
from bench.gas import gas_table
from bench.index import index_rates, snapshot_figures
from bench.ledger import ledger_rates
from bench.machine import machine
from bench.solana_node import RESTART_AFTER, solana_rates, solana_restarts_s
from bench.starts import evm_start_s, solana_start_s, up_start_s
from bench.subscriptions import subscription_figures
from openscrip.bootstrap.simulated import simulate

LATEST = Path(__file__).with_name("latest.json")
SIMULATED = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its values over the runs, and the goal or the peer's figure that it stands beside."""

    name: str
    unit: str
    values: list[float]
    beside: str = ""
    digits: int = field(default=1)

    @property
    def value(self) -> float:
        """The median of the runs."""
        return self.rounded(statistics.median(self.values))

    def rounded(self, value: float) -> float:
        """A value with as many digits as mean something."""
        return round(value, self.digits) if self.digits else round(value)

    def to_json(self) -> dict[str, Any]:
        """The row of `latest.json`."""
        lowest, highest = self.rounded(min(self.values)), self.rounded(max(self.values))
        runs = {"count": len(self.values), "median": self.value, "min": lowest, "max": highest}
        return {"name": self.name, "value": self.value, "unit": self.unit, "runs": runs}


def subscriptions(runs: int) -> Iterator[Row]:
    """Complete subscriptions with 1 and with 8 in flight."""
    for in_flight in (1, 8):
        found = subscription_figures(in_flight, runs, progress)
        name = f"subscriptions.{in_flight}_in_flight"
        yield Row(f"{name}.rate", "per second", found["rate"], "goal: at least 12" if in_flight == 8 else "")
        yield Row(f"{name}.latency_p50", "ms", found["p50"], digits=0)
        yield Row(f"{name}.latency_p99", "ms", found["p99"], digits=0)
        yield Row(f"{name}.cpu", "CPU ms each", found["cpu"])
        for part in sorted(each for each in found if each.startswith("cpu_")):
            yield Row(f"{name}.cpu.{part.removeprefix('cpu_')}", "CPU ms each", found[part])


def ledger(runs: int) -> Iterator[Row]:
    """Durable ledger transfers in batches of 1 and of 100."""
    found: dict[str, tuple[str, list[float]]] = {}
    for number in range(runs):
        progress(f"run {number + 1} of {runs}")
        for each in ledger_rates(runs=1):
            found.setdefault(str(each["name"]), (str(each["unit"]), []))[1].append(float(str(each["value"])))
    for name, (unit, values) in found.items():
        beside = "goal: at least 10,000" if name == "ledger.batch_100.rate" else ""
        yield Row(name, unit, values, beside, digits=2 if unit == "ms" else 0)


def fix(runs: int) -> Iterator[Row]:
    """FIX messages through a durable session on loopback, booked."""
    yield Row("fix.session.rate", "messages/s", fix_rates(runs=runs), "goal: at least 2,000", digits=0)


def gas(_: int) -> Iterator[Row]:
    """Gas of the token's calls; the same in every run."""
    progress("one deployment, each call once in four states")
    for each in gas_table():
        goal = [f"goal: at most {each['goal']:,}"] if each["goal"] else []
        peer = [f"{each['peer']}: {each['peer_gas']:,}"] if each["peer_gas"] else []
        yield Row(f"gas.{each['name']}", "gas", [float(each["gas"])], "; ".join(goal + peer), digits=0)


def simulation(runs: int) -> Iterator[Row]:
    """Simulated subscriptions with faults on, one core."""
    rates = []
    for seed in range(1, runs + 1):
        began = time.perf_counter()
        simulate(seed, SIMULATED)
        rates.append(SIMULATED / (time.perf_counter() - began))
        progress(f"seed {seed} of {runs}: {rates[-1]:,.0f}/s")
    yield Row("simulation.rate", "subscriptions/s", rates, "goal: at least 300", digits=0)


def starts(runs: int) -> Iterator[Row]:
    """Nodes and the whole of `openscrip up` on new folders."""
    kinds = {"start.evm_node": evm_start_s, "start.solana_node": solana_start_s, "start.up": up_start_s}
    for name, measure in kinds.items():
        values = []
        for number in range(runs):
            values.append(measure())
            progress(f"{name}, run {number + 1} of {runs}: {values[-1]:.2f} s")
        yield Row(name, "s", values, "goal: at most 10" if name == "start.up" else "", digits=2)


def index(runs: int) -> Iterator[Row]:
    """Transfers indexed from the local node, and a snapshot of a million holders with its root."""
    yield Row("index.rate", "transfers/s", index_rates(runs=runs), "goal: at least 3,000", digits=0)
    progress("a million holders")
    found = snapshot_figures(runs=runs)
    yield Row("index.snapshot_1m", "s", found["seconds"], "goal: at most 8", digits=2)
    yield Row("index.snapshot_1m.memory", "MiB", found["mib"], "goal: at most 1,024", digits=0)
    yield Row("index.snapshot_1m.older_block", "s", found["past_seconds"], digits=2)
    yield Row("index.proof_made", "ms", found["prove_ms"], digits=3)
    yield Row("index.proof_checked", "ms", found["check_ms"], "goal: at most 1", digits=3)


def solana_node(runs: int) -> Iterator[Row]:
    """Confirmed transactions through the embedded Solana node by one client, and its restart after many."""
    found = solana_rates(runs)
    for kind in ("payment", "token_transfer"):
        name = f"solana_node.{kind}"
        progress(f"{name}: {statistics.median(found[f'{kind}.rate']):,.0f}/s")
        yield Row(f"{name}.rate", "confirmed/s", found[f"{kind}.rate"], "goal: at least 700", digits=0)
        yield Row(f"{name}.cpu", "CPU ms each", found[f"{kind}.cpu"], digits=2)
    progress(f"a restart after {RESTART_AFTER:,} token transfers")
    remembered_s, executed_s = solana_restarts_s()
    yield Row("solana_node.restart_100k", "s", [remembered_s], digits=2)
    yield Row("solana_node.restart_100k_by_execution", "s", [executed_s], digits=1)


def evm_node(runs: int) -> Iterator[Row]:
    """The EVM chain behind its durable face, and plain anvil beside it."""
    found = evm_node_figures(runs)
    for kind in ("plain", "durable"):
        for name in ("call", "send", "landed"):
            yield Row(f"evm_node.{kind}.{name}", "ms", found[f"{kind}.{name}"], digits=2)
        yield Row(f"evm_node.{kind}.rate", "transactions/s", found[f"{kind}.rate"], digits=0)
    progress("a restart after a kill")
    yield Row("evm_node.restart", "s", [evm_restart_s() for _ in range(runs)], digits=2)


MEASURES: dict[str, Callable[[int], Iterator[Row]]] = {
    "subscriptions": subscriptions,
    "ledger": ledger,
    "fix": fix,
    "gas": gas,
    "simulation": simulation,
    "index": index,
    "solana_node": solana_node,
    "evm_node": evm_node,
    "start": starts,
}


def progress(text: str) -> None:
    """One line for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def table(rows: list[Row]) -> str:
    """The figures for reading: median, range over the runs, and what each stands beside."""
    width = max(len(row.name.partition(".")[2]) for row in rows)
    lines = [f"  {'':{width}} {'median':>10}  {'range':<17} unit"]
    group = ""
    for row in rows:
        if row.name.partition(".")[0] != group:
            group = row.name.partition(".")[0]
            lines.append(f"\n{group}")
        lowest, highest = row.rounded(min(row.values)), row.rounded(max(row.values))
        spread = "" if len(row.values) == 1 else f"{lowest:,} - {highest:,}"
        name = row.name.partition(".")[2]
        lines.append(f"  {name:{width}} {row.value:>10,}  {spread:<17} {row.unit:15} {row.beside}".rstrip())
    return "\n".join(lines)


def write(rows: list[Row]) -> None:
    """Put the rows into `latest.json`, in place of those of the same group that were there."""
    measured = {row.name.partition(".")[0] for row in rows} | {"machine"}
    before: list[dict[str, Any]] = json.loads(LATEST.read_text()) if LATEST.exists() else []
    kept = [row for row in before if row["name"].partition(".")[0] not in measured]
    this = {"name": "machine", "value": machine(), "unit": "", "runs": {}}
    found = [this, *kept, *(row.to_json() for row in rows)]
    order = ["machine", *MEASURES]
    found.sort(key=lambda row: order.index(row["name"].partition(".")[0]))
    LATEST.write_text("[\n" + ",\n".join(json.dumps(row) for row in found) + "\n]\n")


def main() -> None:
    """Reads the arguments, measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the figures of the README.")
    parser.add_argument("--only", action="append", choices=list(MEASURES), metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (3)")
    parser.add_argument("--json", action="store_true", help="print the rows as one line of JSON instead of the table")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    print("machine: " + ", ".join(f"{name} {value}" for name, value in machine().items()), file=sys.stderr)
    rows: list[Row] = []
    for name in asked.only or MEASURES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += MEASURES[name](max(1, asked.runs))
    write(rows)
    print(json.dumps([row.to_json() for row in rows]) if asked.json else table(rows))


if __name__ == "__main__":
    main()
