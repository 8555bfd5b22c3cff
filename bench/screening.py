"""Names screened against 50,000 invented entries by the product's thresholds: one name, strangers who wait, everybody.

Run alone: `python -m bench.screening`. Names are made of few syllables, so that they meet far more often than real ones do: the
share of strangers who wait for a person is a bound from above for this world, not a forecast for another.
"""

import json
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from openscrip.assets.accounts import CHART
from openscrip.assets.compliance.matching import ListedName, Sought
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.assets.compliance.screening import DEMONSTRATION_POLICY
from openscrip.assets.compliance.vault import passing_vault
from openscrip.bootstrap.compliance import COMPLIANCE_ROWS
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.rescreening import Rescreener
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.sql import SqlStore

ENTRIES = 50_000
ASKED = 200
CLIENTS = 200
NOW = 1_700_000_000
_STARTS = "Al An Be Bo Da De El Fa Ga Ha Ib Ja Ka Kh La Ma Mi Mo Na No Ol Pa Qu Ra Sa Sh Ta Um Va Ya Za"
_ENDS = "dur far gin hari jal kov lan mir nov per qas ran sen tov uri vel wad xin yan zor bek dia fel gor hut iko"


def invented(chance: random.Random, size: int) -> list[str]:
    """Names as lists and clients have them: a thousand given names, twenty thousand family names, some much commoner."""
    starts, ends = (_STARTS.split(), _ENDS.split())

    def word(parts: int) -> str:
        return chance.choice(starts) + "".join(chance.choice(ends) for _ in range(parts))

    given, family = [word(chance.randint(1, 2)) for _ in range(1_000)], [word(chance.randint(1, 3)) for _ in range(20_000)]
    return [
        f"{given[int(chance.random() ** 3 * 1_000)]} {family[int(chance.random() ** 2 * 20_000)]}"
        + (f" {chance.choice(family)}" if chance.random() < 0.4 else "")
        for _ in range(size)
    ]


def screening_figures(runs: int = 3) -> dict[str, list[float]]:
    """By figure, one value a run."""
    found: dict[str, list[float]] = {}
    lists = SanctionsLists(
        [ListedName(f"x{n}", (name,), "D") for n, name in enumerate(invented(random.Random(4), ENTRIES))], []
    )
    for run in range(runs):
        for name, value in (_names(lists, run) | _everybody(lists, run)).items():
            found.setdefault(name, []).append(value)
    return found


def _names(lists: SanctionsLists, run: int) -> dict[str, float]:
    """Milliseconds of one name, by the wall and by the processor, and the share of strangers who wait."""
    listed = {name for entry in lists.given[0] for name in entry.names}
    asked = [name for name in invented(random.Random(100 + run), ASKED) if name not in listed]
    matching, walls, waiting = DEMONSTRATION_POLICY.book.matching, [], 0
    cpu = time.process_time()
    for name in asked:
        began = time.perf_counter()
        waiting += lists.match(Sought(name), matching.review_min, matching.weak_max) is not None
        walls.append((time.perf_counter() - began) * 1_000)
    cpu_ms = (time.process_time() - cpu) / len(asked) * 1_000
    p99 = sorted(walls)[int(len(walls) * 0.99)]
    return {"p50": statistics.median(walls), "p99": p99, "cpu": cpu_ms, "waiting": 100 * waiting / len(asked)}


def _everybody(lists: SanctionsLists, run: int) -> dict[str, float]:
    """Clients rescreened a second after a list has changed, with their records written to SQLite."""
    first = SanctionsLists([ListedName("x", ("Nobody Known",), "D")], [], NOW)
    current = [first]
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(sqlite_url(Path(folder) / "books.db"))
        upgrade(engine)
        store = SqlStore(engine, CHART, COMPLIANCE_ROWS, lambda: NOW)
        compliance = Compliance(DEMONSTRATION_POLICY, lambda: current[0], passing_vault(), lambda: NOW)
        person = Person("p", "Nobody", PersonKind.NATURAL, "DE", "DE", "DE")
        with store.transaction() as unit:
            for number, name in enumerate(invented(random.Random(200 + run), CLIENTS)):
                compliance.take_on(unit, replace(person, id=f"p{number}", name=name), {})
        rescreener, cursor = Rescreener(store, compliance, lambda: None), ""
        current[0] = lists
        began = time.perf_counter()
        while True:
            batches, after = rescreener.poll(cursor)
            if not batches:
                break
            with store.transaction() as unit:
                for batch in batches:
                    rescreener.apply(unit, batch)
            cursor = after
        rate = CLIENTS / (time.perf_counter() - began)
        store.close()
    return {"rescreened": rate}


if __name__ == "__main__":
    print(json.dumps(screening_figures(), indent=1))
