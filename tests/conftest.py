"""What every test stands on: Hypothesis profiles, free ports, and a seal: no test process talks beyond this machine."""

import gc
import os
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.databases import PLACES

from openscrip.issuance.programs import stock_program

settings.register_profile("dev", max_examples=50, deadline=None, database=None)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("soak", settings.get_profile("dev"), max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
# `make test-fast`: a look while one works; `make test` tries them all.
settings.register_profile("fast", settings.get_profile("dev"), max_examples=15)
# A mutant is killed by the first example that fails; nobody needs the smallest.
settings.register_profile("mutation", settings.get_profile("ci"), max_examples=30, phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

THIS_MACHINE = ("127.", "localhost", "::1")


def seal(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse a connection to another machine, and the question for its address."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a socket of this machine
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, str) and host and not host.startswith(THIS_MACHINE):
        raise AssertionError(f"tests: a connection to {host} was tried; the suite stays on this machine")


sys.addaudithook(seal)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make soak MINUTES=10` arrives here."""
    parser.addoption("--soak-minutes", type=int, default=1, help="how long each soak test runs")
    parser.addoption("--contracts", type=Path, help="a folder of artifacts to test in place of the package's")
    parser.addoption("--stock-program", type=Path, help="a built Solana program (.so) to test in place of the package's")
    parser.addoption("--machine-calls", type=int, default=2_000_000, help="how many calls the contracts' soak test makes")
    parser.addoption("--mutants", type=int, default=0, help="try a sample of so many mutants; 0 tries all")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests and what they import are a million objects that stay: the collector need not look for garbage while
    they are made, nor among them whenever a test has made some.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


LONG = ("parts", "crash", "slow")
ON_PARTS = ("postgresql", "over ")
"""A case whose name says that it stands on a database server, or that two sides speak `over` sockets or files."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that stand on other parts than their siblings. Files that take long go first, by what their tests are
    allowed, so that no worker is left with one in the end.
    """
    cost_of: dict[Path, float] = {}
    for item in items:
        if any(name in item.name.partition("[")[2] for name in ON_PARTS):
            item.add_marker("parts")
        is_long = any(item.get_closest_marker(name) for name in LONG)
        limit = item.get_closest_marker("timeout")
        cost = float(limit.args[0]) if limit and limit.args and is_long else float(is_long)
        cost_of[item.path] = max(cost_of.get(item.path, 0.0), cost)
    items.sort(key=lambda item: -cost_of[item.path])


@pytest.fixture
def soak_s(request: pytest.FixtureRequest) -> int:
    """The seconds that a soak test is asked to run for."""
    return 60 * int(request.config.getoption("--soak-minutes"))


@pytest.fixture(scope="session")
def stock_so(pytestconfig: pytest.Config) -> bytes:
    """The Solana program under test: the package's, or the one that `--stock-program` names."""
    named = pytestconfig.getoption("--stock-program")
    return Path(named).read_bytes() if named else stock_program()


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for each of both databases, with its database."""
    return PLACES[request.param](tmp_path)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Ask for a port of 127.0.0.1 that nobody listens on; ask again for another one."""

    def pick() -> int:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port: int = door.getsockname()[1]
            return port

    return pick
