"""Stores, brokers and chains of each kind for their suites; the nodes serve every test of this folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.brokers import ADAPTERS, AnyBroker, able
from tests.conformance.chains import START_AT, Bench, EvmBench, MemoryBench, SolanaBench
from tests.conformance.stores import STORES
from tests.issuance.solana.conftest import at_genesis, deployments

from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Store

ROOT = Path(__file__).parents[2]
REAL = pytest.mark.parts


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = request.param(tmp_path)
    yield opened
    if isinstance(opened, SqlStore):
        opened.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "broker" in metafunc.fixturenames:
        metafunc.parametrize("broker", able(metafunc.function), indirect=True)


@pytest.fixture
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyBroker]:
    with ADAPTERS[request.param].open(tmp_path) as adapter:
        yield adapter


@pytest.fixture(scope="package")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with EvmNode(tmp_path_factory.mktemp("evm"), ROOT / "node_modules", start_at=START_AT) as node:
        yield node


@pytest.fixture(scope="package")
def solana_node(tmp_path_factory: pytest.TempPathFactory, stock_so: bytes) -> Iterator[SolanaNode]:
    folder = tmp_path_factory.mktemp("solana")
    with SolanaNode(folder, start_at=START_AT, programs=at_genesis(stock_so)) as node:
        yield node


@pytest.fixture(scope="package")
def unused_programs() -> Iterator[Program]:
    return deployments()


@pytest.fixture(params=["memory", pytest.param("evm", marks=REAL), pytest.param("solana", marks=REAL)])
def bench(request: pytest.FixtureRequest, free_port: Callable[[], int]) -> Iterator[Bench]:
    dead_url = f"http://127.0.0.1:{free_port()}"
    made: Bench
    match request.param:
        case "memory":
            made = MemoryBench()
        case "evm":
            made = EvmBench(request.getfixturevalue("evm_node"), dead_url)
        case _:
            program = next(request.getfixturevalue("unused_programs"))
            made = SolanaBench(request.getfixturevalue("solana_node"), program, dead_url)
    yield made
    made.close()
