"""Whatever a venue, a customer's file or a node says: the watch answers with checks, and never with a crash."""

import copy
import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.watch.test_venue_check import as_file, node, nodes_file, serving
from tests.watch.venue_sample import VenueLedger

from openscrip_watch.venue_check import BesideVenue, verify_venue

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**70), 2**70) | some.text(max_size=70) | some.just("0" * 64),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
AT_WORK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    yield path
    inner = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    found = copy.deepcopy(document)
    at = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """A folder, a true document, and the proof of a customer in it."""
    folder = tmp_path_factory.mktemp("fuzz")
    path, made = VenueLedger().written(folder)
    return folder, json.loads(path.read_text()), made.proof("USD", 3)


@AT_WORK
@given(data=some.data())
def test_a_document__with_anything_in_any_place__is_checked(
    sample: tuple[Path, dict[str, Any], dict[str, Any]], data: some.DataObject
) -> None:
    folder, document, proof = sample
    path = data.draw(some.sampled_from(list(places(document))))
    altered = replaced(document, path, data.draw(VALUES))
    beside = BesideVenue(proof=as_file(folder, "true-proof.json", proof))
    checks = verify_venue(str(as_file(folder, "altered.json", altered)), beside)
    assert altered == document or path[:1] == ("signatures",) or not all(check.ok for check in checks)


@AT_WORK
@given(data=some.data())
def test_a_proof__with_anything_in_any_place__is_checked(
    sample: tuple[Path, dict[str, Any], dict[str, Any]], data: some.DataObject
) -> None:
    folder, document, proof = sample
    path = data.draw(some.sampled_from(list(places(proof))))
    altered = replaced(proof, path, data.draw(VALUES))
    beside = BesideVenue(proof=as_file(folder, "proof.json", altered))
    checks = {check.name: check.ok for check in verify_venue(str(as_file(folder, "true.json", document)), beside)}
    assert checks["sums"]
    assert altered == proof or path[:1] in (("venue",), ("number",)) or not checks["customer"]


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=some.data())
def test_a_node__that_answers_anything__breaks_a_check_and_nothing_else(
    sample: tuple[Path, dict[str, Any], dict[str, Any]], data: some.DataObject
) -> None:
    folder, document, _ = sample
    true, atoms = node({"0x5": 7 * 10**18, "latest": 7 * 10**18}, 9), data.draw(VALUES)
    # Drawn here: the node answers in a thread of its own.
    lies = cycle(data.draw(some.lists(some.booleans(), min_size=1, max_size=16)))

    def answered(asked: Any) -> Any:
        rows = true(asked)
        for row in rows if isinstance(rows, list) else [rows]:
            if next(lies):
                row["result"] = atoms
        return rows

    with serving({"/rpc": answered, "/usd/v1/balance": data.draw(VALUES)}) as url:
        nodes = nodes_file(folder, url, USD=f"{url}/usd")
        checks = {
            check.name: check.ok for check in verify_venue(str(as_file(folder, "t.json", document)), BesideVenue(nodes=nodes))
        }
    assert checks["sums"]
    assert not checks["holdings"]
