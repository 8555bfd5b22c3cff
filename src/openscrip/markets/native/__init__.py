"""The native book and the clearing of plain orders at its side, in C++20: the same rules as the reference, behind one door.

`built_module()` gives it where it was built.
"""

import importlib
from types import ModuleType


def built_module() -> ModuleType | None:
    """The module with `NativeBook`, or None where no compiler built it; then everything runs on the reference book."""
    try:
        return importlib.import_module("openscrip.markets.native.native_book")
    except ImportError:
        return None
