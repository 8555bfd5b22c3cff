"""Compiles sources that somebody changed, in process, into a folder that the contract suite can be pointed at."""

import json
import re
from functools import cache
from pathlib import Path

from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.contracts.compile import CONTRACTS, SOURCES

_IMPORTED = re.compile(r"^import (\w+)", re.MULTILINE)


@cache
def modules_of(contract: str) -> frozenset[str]:
    """The source files that a contract is made of, by stem: its own and the modules it imports."""
    path = SOURCES / f"{contract}.vy"
    if not path.exists():
        return frozenset()
    return frozenset({contract}).union(*(modules_of(name) for name in _IMPORTED.findall(path.read_text())))


def affected(file: str) -> list[str]:
    """The contracts that another text of `file` changes."""
    return [contract for contract in CONTRACTS if Path(file).stem in modules_of(contract)]


def mutable() -> list[Path]:
    """All sources that are part of a contract."""
    used = frozenset().union(*(modules_of(contract) for contract in CONTRACTS))
    return [path for path in sorted(SOURCES.glob("*.vy")) if path.stem in used]


def write_sources(folder: Path, file: str = "", text: str = "") -> None:
    """A copy of all sources, one of them with another text."""
    folder.mkdir(parents=True)
    for path in SOURCES.glob("*.vy*"):
        (folder / path.name).write_text(text if path.name == file else path.read_text())


def compiled(folder: Path, contract: str) -> str:
    """A contract of `folder` as the text of an artifact; no metadata, so equal code is equal text."""
    outputs = compile_files(
        [str(folder / f"{contract}.vy")], ["abi", "bytecode"], paths=[str(folder)], no_bytecode_metadata=True
    )
    built = next(iter(outputs.values()))
    return json.dumps({"name": contract, "abi": built["abi"], "bytecode": built["bytecode"]})
