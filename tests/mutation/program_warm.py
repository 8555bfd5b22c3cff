"""Imported once by the process that trials of the Solana program are forked from."""

import importlib

from tests.mutation.program_trial import files

for module in ("_hypothesis_pytestplugin", "hypothesis.stateful", "pytest_timeout", "xdist.plugin", "tests.conftest"):
    importlib.import_module(module)
for path in files()[1]:
    importlib.import_module(f"tests.issuance.programs.{path.stem}")
