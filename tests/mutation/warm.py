"""Imported once by the process that trials are forked from: everything a trial would import or warm up again."""

import importlib
import tempfile
from pathlib import Path

from tests.mutation.build import compiled, write_sources
from tests.mutation.trial import SUITE

for module in ("_hypothesis_pytestplugin", "hypothesis.stateful", "pytest_timeout", "xdist.plugin", "tests.conftest"):
    importlib.import_module(module)
for path in (SUITE / "conftest.py", *sorted(SUITE.glob("test_*.py"))):
    importlib.import_module(f"tests.issuance.contracts.{path.stem}")
with tempfile.TemporaryDirectory() as folder:
    write_sources(Path(folder) / "sources")
    compiled(Path(folder) / "sources", "StockToken")  # the compiler keeps its grammar and interfaces
