"""Contracts ready to deploy: our own from the package, OpenZeppelin's from `node_modules`, each pinned by hash."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from openscrip.kernel.errors import Refused

OPENZEPPELIN = "@openzeppelin/contracts/build/contracts"
# SHA-256 of the files of @openzeppelin/contracts 5.7.0. Another version is another bytecode, and is refused.
OPENZEPPELIN_SHA256 = {
    "BeaconProxy": "4a4cc03ffb66bfc44d1f5f67cba5494c06c4a172ed3c853775c9f5a612ef132b",
    "UpgradeableBeacon": "d44fbff6a6e297a48a006e31abea0490d7b1fb04aba19afea52f03290ace0362",
    "TimelockController": "d55de2f01c2c537b1d5b1749d71139deabd0f3330af714ce30af3f8163da0619",
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: `abi` as in its JSON and `bytecode` that creates it."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes

    def creation(self, *arguments: object) -> bytes:
        """The data of a transaction that deploys the contract."""
        inputs: list[dict[str, Any]] = next((entry["inputs"] for entry in self.abi if entry["type"] == "constructor"), [])
        return self.bytecode + encode([type_of(field) for field in inputs], arguments)

    def call(self, function: str, *arguments: object) -> bytes:
        """The data of a call: selector and arguments. A function with default arguments has a form for each count."""
        entry = next(
            (form for form in self._entries("function", function) if len(form["inputs"]) == len(arguments)),
            self._entry("function", function),
        )
        return selector(entry) + encode([type_of(field) for field in entry["inputs"]], arguments)

    def result(self, function: str, answer: bytes) -> tuple[Any, ...]:
        """What a call of `function` returned."""
        return decode([type_of(field) for field in self._entry("function", function)["outputs"]], answer)

    def topic(self, event: str) -> str:
        """The first topic of an event, as 0x-prefixed hex."""
        return "0x" + keccak(text=signature(self._entry("event", event))).hex()

    def event_data(self, event: str, data: bytes) -> dict[str, Any]:
        """The fields of an event that are not indexed, by name."""
        fields = [field for field in self._entry("event", event)["inputs"] if not field["indexed"]]
        return dict(zip((field["name"] for field in fields), decode([type_of(f) for f in fields], data), strict=True))

    def _entry(self, kind: str, name: str) -> dict[str, Any]:
        return next(self._entries(kind, name))

    def _entries(self, kind: str, name: str) -> Iterator[dict[str, Any]]:
        return (entry for entry in self.abi if entry["type"] == kind and entry["name"] == name)


def type_of(field: dict[str, Any]) -> str:
    """The ABI type of a field; a struct becomes a tuple of its parts."""
    kind = cast(str, field["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(part) for part in field['components'])}){kind.removeprefix('tuple')}"


def signature(entry: dict[str, Any]) -> str:
    """`name(type,type)` of a function or event."""
    return f"{entry['name']}({','.join(type_of(field) for field in entry['inputs'])})"


def selector(entry: dict[str, Any]) -> bytes:
    """The four bytes that choose a function."""
    return keccak(text=signature(entry))[:4]


_folders = [Path(__file__).parent / "artifacts"]


def take_own_from(folder: Path) -> None:
    """From here on `own` reads another build of our contracts; for whoever tests a build that is not the package's."""
    _folders[:] = [folder]
    own.cache_clear()


@cache
def own(name: str) -> Artifact:
    """One of our contracts, from the package, or from where `take_own_from` said."""
    built = json.loads((_folders[0] / f"{name}.json").read_text())
    return Artifact(name, tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


@cache
def openzeppelin(name: str, node_modules: Path) -> Artifact:
    """One of OpenZeppelin's contracts, from its npm package.

    Raises `Refused("contract.missing")` without the package and `Refused("contract.unknown")` if the file is not the
    one that was pinned.
    """
    path = node_modules / OPENZEPPELIN / f"{name}.json"
    if not path.is_file():
        raise Refused("contract.missing", f"contract: {name} was not in {node_modules}; run the project's set-up")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != OPENZEPPELIN_SHA256[name]:
        raise Refused("contract.unknown", f"contract: {name} was not the file of @openzeppelin/contracts 5.7.0")
    built = json.loads(content)
    return Artifact(name, tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))
