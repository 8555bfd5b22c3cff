"""A Solana node of its own process for the tests of a module, and one that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc

START_AT = 1_717_400_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SolanaNode]:
    with SolanaNode(tmp_path_factory.mktemp("solana"), start_at=START_AT) as running:
        yield running


@pytest.fixture
def own_node(tmp_path: Path) -> Iterator[SolanaNode]:
    running = SolanaNode(tmp_path / "solana", start_at=START_AT)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def rpc(node: SolanaNode) -> Iterator[JsonRpc]:
    asked = JsonRpc(node.url)
    yield asked
    asked.close()


@pytest.fixture
def own_rpc(own_node: SolanaNode) -> Iterator[JsonRpc]:
    asked = JsonRpc(own_node.url)
    yield asked
    asked.close()
