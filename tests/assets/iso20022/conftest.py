"""The independent library is a part of the development set; only its own tests wait for it, and in CI they must run."""

import importlib.util
import os

ORACLE = "python_iso20022"
collect_ignore = ["test_oracle.py"] if importlib.util.find_spec(ORACLE) is None and not os.environ.get("CI") else []
