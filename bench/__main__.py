"""`python -m bench`: measures the README's figures, prints them, and writes `bench/latest.json`."""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.chromium import find

from bench.book import book_figures
from bench.evm_node import evm_node_figures, evm_restart_s
from bench.fanout import fanout_figures
from bench.fix import fix_rates
from bench.fix_orders import fix_order_figures
from bench.gas import gas_table
from bench.index import index_rates, snapshot_figures
from bench.journal import GROUPS, journal_figures
from bench.ledger import ledger_rates
from bench.machine import machine
from bench.pages_scale import measure as measure_pages
from bench.records_world import Size
from bench.report import report_figures
from bench.screening import screening_figures
from bench.solana_node import RESTART_AFTER, solana_rates, solana_restarts_s
from bench.starts import evm_start_s, solana_start_s, up_start_s
from bench.subscriptions import subscription_figures
from bench.venue_books import venue_books_figures
from bench.venue_core import venue_core_figures
from bench.venue_rest import rest_figures
from bench.venue_socket import venue_socket_figures
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
    """Complete subscriptions with 1 and with 8 in flight on SQLite, and with 8 and 32 on PostgreSQL with two workers."""
    for in_flight, workers, at_least in ((1, 0, 0), (8, 0, 12), (8, 2, 15), (32, 2, 15)):
        found = subscription_figures(in_flight, runs, progress, workers=workers)
        name = f"subscriptions.{'postgresql.2_workers.' if workers else ''}{in_flight}_in_flight"
        goal = f"goal: at least {at_least}" if at_least else ""
        yield Row(f"{name}.rate", "per second", found["rate"], goal)
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
        goals = {"batch_100.rate": "goal: at least 10,000", "batch_100.p99": "goal: at most 50"}
        beside = next((goal for ending, goal in goals.items() if name.endswith(ending)), "")
        yield Row(name, unit, values, beside, digits=2 if unit == "ms" else 0)


def fix(runs: int) -> Iterator[Row]:
    """FIX messages through a durable session on loopback, booked; orders through the broker adapter to the ledger."""
    yield Row("fix.session.rate", "messages/s", fix_rates(runs=runs), "goal: at least 2,000", digits=0)
    found = [fix_order_figures() for _ in range(runs)]
    each = {name: [figures[name] for figures in found] for name in found[0]}
    yield Row("fix.orders.rate", "orders/s", each["orders_per_s"], "goal: at least 500, booked to the ledger", digits=0)
    yield Row("fix.orders.open_loop_rate", "orders/s", each["open_loop_per_s"], "500 offered", digits=0)
    yield Row("fix.orders.p50", "ms", each["p50_ms"], "order due to fill in the ledger, 500/s offered", digits=1)
    yield Row("fix.orders.p99", "ms", each["p99_ms"], "goal: at most 50", digits=1)


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


def report(runs: int) -> Iterator[Row]:
    """A reserve report over a million holders, one holder's proof, and the watch's check of both."""
    found = report_figures(runs=runs)
    yield Row("report.holders_1m", "s", found["seconds"], "goal: at most 60", digits=2)
    yield Row("report.holders_1m.memory", "MiB", found["mib"], "goal: at most 1,536", digits=0)
    yield Row("report.proof_made", "s", found["proof_seconds"], digits=2)
    yield Row("report.checked", "s", found["check_seconds"], digits=2)


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


def screening(runs: int) -> Iterator[Row]:
    """One name against 50,000 entries, strangers who wait for a person, and everybody after a list has changed."""
    progress("50,000 invented entries")
    found = screening_figures(runs)
    yield Row("screening.name_50k.p50", "ms", found["p50"], "goal: at most 50")
    yield Row("screening.name_50k.p99", "ms", found["p99"])
    yield Row("screening.name_50k.cpu", "CPU ms each", found["cpu"], "goal: at most 50")
    yield Row("screening.strangers_waiting", "%", found["waiting"])
    yield Row("screening.rescreened", "clients/s", found["rescreened"])


def evm_node(runs: int) -> Iterator[Row]:
    """The EVM chain behind its durable face, and plain anvil beside it."""
    found = evm_node_figures(runs)
    for kind in ("plain", "durable"):
        for name in ("call", "send", "landed"):
            yield Row(f"evm_node.{kind}.{name}", "ms", found[f"{kind}.{name}"], digits=2)
        yield Row(f"evm_node.{kind}.rate", "transactions/s", found[f"{kind}.rate"], digits=0)
    progress("a restart after a kill")
    yield Row("evm_node.restart", "s", [evm_restart_s() for _ in range(runs)], digits=2)


def book(runs: int) -> Iterator[Row]:
    """The native order book on made streams: 5,000 orders resting, 200,000, in batches and by single calls."""
    found, unit = book_figures(runs), "M messages/CPU-s"
    yield Row("book.plain", unit, found["plain"], "goal: at least 45")
    yield Row("book.deep", unit, found["deep"], "goal: at least 20, with 200,000 resting")
    yield Row("book.batch_64", unit, found["batch_64"], "goal: at least 30")
    yield Row("book.calls", unit, found["calls"], "goal: at least 9, one call from Python a message")
    yield Row("book.calls.with_events", unit, found["calls.with_events"], "the same, its events as tuples")
    yield Row("book.calls.empty", unit, found["calls.empty"], "the same loop around empty methods")
    for share in ("50", "99", "99.9"):
        goal = "goal: at most 1,000" if share == "99.9" else ""
        yield Row(f"book.message.p{share}", "ns", found[f"message.p{share}"], goal, digits=0)
    yield Row("book.bytes_an_order", "bytes", found["deep.bytes_an_order"], "goal: at most 200", digits=0)
    yield Row("book.cost_of_every_type", "times", found["plain.cost_of_every_type"], "goal: at most 1.5", digits=2)


def journal(runs: int) -> Iterator[Row]:
    """The venue's journal: groups and their syncs, replay into the native book, recovery of a venue with 2 M commands."""
    found = journal_figures(runs, progress)
    for count in GROUPS:
        name = f"journal.group_{count}"
        yield Row(f"{name}.rate", "records/s", found[f"group_{count}.rate"], "one group at a time", digits=0)
        yield Row(f"{name}.sync_p50", "ms", found[f"group_{count}.sync_p50"], digits=3)
        yield Row(f"{name}.sync_p99", "ms", found[f"group_{count}.sync_p99"], digits=2)
    yield Row("journal.replay.cpu_rate", "commands/CPU-s", found["replay.cpu_rate"], "goal: at least 2,000,000", digits=0)
    yield Row("journal.replay.rate", "commands/s", found["replay.rate"], "goal: at least 2,000,000", digits=0)
    yield Row("journal.recovery_2m", "s", found["recovery_2m"], "goal: at most 15, holds and fees included")
    yield Row("journal.recovery_2m.cpu", "CPU s", found["recovery_2m.cpu"])
    yield Row("journal.fork", "ms", found["fork"], "the venue's pause for a snapshot")


def venue_core(runs: int) -> Iterator[Row]:
    """The venue without sockets and files: an order in `submit` with holds, records and facts, and replay into it."""
    found = venue_core_figures(runs)
    yield Row("venue_core.rest", "CPU µs", found["rest"], "goal: at most 6")
    yield Row("venue_core.fill", "CPU µs", found["fill"], "goal: at most 12, against one maker")
    yield Row("venue_core.cancel", "CPU µs", found["cancel"])
    yield Row("venue_core.replay", "records/CPU-s", found["replay"], "goal: 2 M in 15 s", digits=0)


def venue_socket(runs: int) -> Iterator[Row]:
    """Orders and cancels over the WebSocket of the venue's own server, holds, fees, limits and executions on."""
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(runs):
        progress(f"run {number + 1} of {runs}")
        for mode, figures in venue_socket_figures().items():
            found.setdefault(mode, []).append(figures)
    goals = {
        "not_journalled.load.rate": "goal: at least 60,000",
        "journalled.load.rate": "goal: at least 40,000",
        "not_journalled.one.p50_us": "goal: at most 80; the client sleeps meanwhile",
        "not_journalled.one_polled.p50_us": "goal: at most 80; the client looks for the answer all the time",
        "echo.one.p50_us": "one message to a bare echo and back, between the same two processes",
        "journalled.load.p99_us": "goal: at most 10,000",
    }
    units = {"rate": "orders/s", "per_cpu_s": "orders/CPU-s", "cpu_us": "CPU µs each", "p50_us": "µs", "p99_us": "µs"}
    for mode, each in found.items():
        for name, unit in units.items():
            if name not in each[0]:
                continue
            goal = goals.get(f"{mode}.{name}", "")
            yield Row(f"venue_socket.{mode}.{name}", unit, [figures[name] for figures in each], goal, digits=0)


def venue_rest(runs: int) -> Iterator[Row]:
    """Signed AddOrders over REST from 16 connections, each with one in flight, without the sync and with it."""
    progress("orders over REST, server and clients in two processes")
    found = rest_figures(runs)
    for mode in ("plain", "journalled"):
        goal = "goal: at least 15,000"
        yield Row(f"venue_rest.{mode}.loop", "orders/CPU-s", found[f"{mode}.per_loop_cpu_s"], goal, digits=0)
        yield Row(f"venue_rest.{mode}.cpu", "orders/CPU-s, all", found[f"{mode}.per_cpu_s"], digits=0)
        yield Row(f"venue_rest.{mode}.rate", "orders/s", found[f"{mode}.per_s"], digits=0)
        yield Row(f"venue_rest.{mode}.p50", "us", found[f"{mode}.p50_us"], digits=0)
        yield Row(f"venue_rest.{mode}.p99", "ms", found[f"{mode}.p99_ms"], digits=1)


def venue_books(runs: int) -> Iterator[Row]:
    """What follows the venue: settlement in the ledger (SQLite), history in DuckDB, and what readers of it wait."""
    found = venue_books_figures(runs, progress)
    yield Row("venue_books.settlement.trades", "trades/CPU-s", found["settlement.trades"], "netted, both fees", digits=0)
    yield Row("venue_books.settlement.postings", "postings/CPU-s", found["settlement.postings"], digits=0)
    yield Row("venue_books.settlement.rate", "trades/s", found["settlement.wall"], digits=0)
    yield Row("venue_books.history.facts", "facts/CPU-s", found["history.facts"], digits=0)
    yield Row("venue_books.history.command", "CPU µs a command", found["history.command"])
    yield Row("venue_books.history.rate", "facts/s", found["history.wall"], digits=0)
    for name in (each for each in found if each.startswith("ask.")):
        yield Row(f"venue_books.{name}", "ms", found[name])


def fanout(runs: int) -> Iterator[Row]:
    """1,000 subscribers of one book at 20 updates a second, a tenth of whom read nothing."""
    found = []
    for number in range(runs):
        progress(f"run {number + 1} of {runs}")
        found.append(fanout_figures())
    yield Row("fanout.core", "cores", [each["core"] for each in found], "goal: at most 1", digits=2)
    yield Row("fanout.cpu", "CPU µs a message", [each["cpu_us"] for each in found])
    yield Row("fanout.rate", "updates/s each", [each["updates_per_s"] for each in found], "20 offered")
    yield Row("fanout.p50", "ms", [each["p50_ms"] for each in found])
    yield Row("fanout.p99", "ms", [each["p99_ms"] for each in found])


def faces(_: int) -> Iterator[Row]:
    """The pages in Chromium over a run of the demo; left out, and said so, where the development parts are not installed."""
    try:
        from bench.faces import PAGES, measure  # noqa: PLC0415  # needs the development parts
    except ImportError as missing:
        progress(f"faces is left out: {missing.name} is not installed; it comes with the development parts (make setup-dev)")
        return
    if find() is None:
        progress("faces is left out: no Chromium is installed; make setup-dev installs it where it can")
        return
    found = measure()
    for path in PAGES:
        name = f"faces.{path.strip('/').replace('/', '_') or 'home'}"
        yield Row(f"{name}.weight", "KiB", [found[path]["kb"]], "goal: at most 350")
        yield Row(f"{name}.first_paint", "ms", [found[path]["first_paint_ms"]], "goal: at most 1,000", digits=0)
        yield Row(f"{name}.server_p95", "ms", [found[path]["server_p95_ms"]], "goal: at most 50, four at once")
    yield Row("faces.live.shown_p95", "ms", [found["live"]["shown_p95_ms"]], "goal: at most 100, on three pages")
    yield Row("faces.live.client_p95", "ms", [found["live"]["client_p95_ms"]], "at 200 further clients")
    yield Row("faces.live.server", "cores", [found["live"]["server_cores"]], "goal: at most 1, 10 updates a second", digits=2)


def pages_scale(_: int) -> Iterator[Row]:
    """Every page over 1,000 stocks, 100,000 holders and 1,000,000 orders; the databases are kept in the temporary folder."""
    folder = Path(tempfile.gettempdir()) / "openscrip-bench-pages"
    progress(f"the databases are in {folder}, made on the first run: some minutes and 2 GB")
    for page, found in measure_pages(folder, Size()):
        name = f"pages_scale.{page.replace(', ', '.').replace(' ', '_')}"
        yield Row(f"{name}.cpu_p95", "CPU ms", [found["cpu_p95_ms"]], "goal: at most 150, with the client that asks")
        yield Row(f"{name}.server_p95", "ms", [found["wall_p95_ms"]], f"{found['statements']} statements, {found['kib']} KiB")


MEASURES: dict[str, Callable[[int], Iterator[Row]]] = {
    "subscriptions": subscriptions,
    "ledger": ledger,
    "book": book,
    "journal": journal,
    "venue_core": venue_core,
    "venue_socket": venue_socket,
    "venue_rest": venue_rest,
    "venue_books": venue_books,
    "fanout": fanout,
    "fix": fix,
    "gas": gas,
    "simulation": simulation,
    "index": index,
    "report": report,
    "solana_node": solana_node,
    "evm_node": evm_node,
    "screening": screening,
    "faces": faces,
    "pages_scale": pages_scale,
    "start": starts,
}


def progress(text: str) -> None:
    """One line for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def table(rows: list[Row]) -> str:
    """The figures for reading: median, range over the runs, and what each stands beside."""
    width = max((len(row.name.partition(".")[2]) for row in rows), default=0)
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
