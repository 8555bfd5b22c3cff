"""Compiles the Vyper sources into `artifacts/`. Needs the Vyper compiler; using the artifacts does not."""

import hashlib
import json
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent
ARTIFACTS = SOURCES / "artifacts"
CONTRACTS = (
    "StockToken", "Policy", "Signers", "Issuer", "ReserveFeed", "CorporateActions", "Conversion", "PriceFeed", "Registry",
    "Genesis", "Distributor", "Treasury", "TestDollar",
)  # fmt: skip
EVM_VERSION = "cancun"


def source_sha256() -> str:
    """SHA-256 over the names and contents of all sources: contracts share modules, so they share the hash."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.vy*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def compile_contract(name: str) -> dict[str, Any]:
    """The artifact of one contract, as it is stored. Raises what the compiler raises."""
    import vyper  # noqa: PLC0415 - only whoever compiles needs the compiler
    from vyper.cli.vyper_compile import compile_files  # noqa: PLC0415

    path = SOURCES / f"{name}.vy"
    outputs = compile_files([path], ["abi", "bytecode", "bytecode_runtime", "layout"], paths=[str(SOURCES)])
    built = next(iter(outputs.values()))
    return {
        "name": name,
        "compiler": f"vyper {vyper.__version__}",
        "evm_version": EVM_VERSION,
        "source_sha256": source_sha256(),
        "runtime_sha256": hashlib.sha256(bytes.fromhex(built["bytecode_runtime"][2:])).hexdigest(),
        "storage_layout": built["layout"].get("storage_layout", {}),
        "abi": built["abi"],
        "bytecode": built["bytecode"],
    }


def artifact_text(artifact: dict[str, Any]) -> str:
    """An artifact as the text of its file, the same for the same content."""
    return json.dumps(artifact, indent=1) + "\n"


def main() -> None:
    """Writes every artifact."""
    ARTIFACTS.mkdir(exist_ok=True)
    for name in CONTRACTS:
        (ARTIFACTS / f"{name}.json").write_text(artifact_text(compile_contract(name)))


if __name__ == "__main__":
    main()
