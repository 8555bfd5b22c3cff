"""What every test stands on: Hypothesis profiles and free ports. The suite is sealed: nothing leaves 127.0.0.1."""

import os
import socket
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("soak", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Ask for a port of 127.0.0.1 that nobody listens on; call it again for another one."""

    def pick() -> int:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port: int = door.getsockname()[1]
            return port

    return pick
