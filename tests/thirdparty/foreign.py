"""Other people's contracts, from their npm packages onto the local chain: linked, deployed, called, never copied."""

import json
from functools import cache
from typing import Any

from tests.issuance.contracts.stage import NODE_MODULES, Reverted, Stage, account

from openscrip.issuance.chains.evm.node import reason_of
from openscrip.issuance.contracts.artifact import Artifact, type_of
from openscrip.issuance.rpc import RpcError

_GAS = hex(30_000_000)
_FAST_POLLS = 100


@cache
def build(path: str) -> dict[str, Any]:
    """The file of a package, `@aave/core-v3/artifacts/contracts/protocol/pool/Pool`; its folder is called Pool.sol."""
    folder = NODE_MODULES / (path if path.startswith("@uniswap/v2") else f"{path}.sol")
    file = folder.with_suffix(".json") if path.startswith("@uniswap/v2") else folder / f"{folder.stem}.json"
    built: dict[str, Any] = json.loads(file.read_text())
    return built


class Contract:
    """A deployed contract of another project."""

    def __init__(self, stage: Stage, artifact: Artifact, at: str) -> None:
        self.stage, self.artifact, self.at = stage, artifact, at

    def send(self, sender: str, function: str, *arguments: object) -> dict[str, Any]:
        """Call as `sender` (a name or an address) and mine; the receipt, or `Reverted`."""
        return send(self.stage, sender, self.at, self.artifact.call(function, *arguments))

    def view(self, function: str, *arguments: object, sender: str = "") -> Any:
        """What a call would answer, as `sender`; a single value as itself."""
        call = {"to": self.at, "data": "0x" + self.artifact.call(function, *arguments).hex()}
        call |= {"from": account(sender)} if sender else {}
        try:
            answer = self.stage.rpc.call("eth_call", call, "latest")
        except RpcError as error:
            raise Reverted(reason_of(error.data)) from error
        values = self.artifact.result(function, bytes.fromhex(answer[2:]))
        return values[0] if len(values) == 1 else values

    def named(self, function: str, *arguments: object) -> dict[str, Any]:
        """A view's several answers by their names."""
        entry = next(each for each in self.artifact.abi if each.get("name") == function)
        return dict(zip((out["name"] for out in entry["outputs"]), self.view(function, *arguments), strict=True))


class Packages:
    """Puts contracts of npm packages on a chain, each library once."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._libraries: dict[str, str] = {}

    def at(self, path: str, address: str) -> Contract:
        """A contract that stands already."""
        built = build(path)
        return Contract(self.stage, Artifact(path, tuple(built["abi"]), b""), address)

    def deploy(self, path: str, *arguments: object) -> Contract:
        """Deploy, after the libraries that it is linked to."""
        built = build(path)
        code = built["bytecode"].removeprefix("0x")
        package = path.partition("/artifacts/")[0]
        for source, names in built.get("linkReferences", {}).items():
            for name, places in names.items():
                library = self._library(f"{package}/artifacts/{source.removesuffix('.sol')}", name)
                for place in places:
                    start, end = 2 * place["start"], 2 * (place["start"] + place["length"])
                    code = code[:start] + library[2:] + code[end:]
        return put(self.stage, Artifact(path, tuple(built["abi"]), bytes.fromhex(code)), *arguments)

    def _library(self, path: str, name: str) -> str:
        if name not in self._libraries:
            self._libraries[name] = self.deploy(path).at
        return self._libraries[name]


def put(stage: Stage, artifact: Artifact, *arguments: object) -> Contract:
    """Deploy an artifact as the stranger who brings it."""
    receipt = send(stage, "stranger", None, artifact.creation(*arguments))
    return Contract(stage, artifact, str(receipt["contractAddress"]))


def send(stage: Stage, sender: str, to: str | None, data: bytes) -> dict[str, Any]:
    """Send and mine. The stage's own has less gas than a pool's creation takes."""
    call = {"from": account(sender), "data": "0x" + data.hex(), "gas": _GAS, "gasPrice": "0x0"}
    call |= {"to": to} if to else {}
    tx_id = stage.rpc.call("eth_sendTransaction", call)
    for _ in range(_FAST_POLLS):
        stage.rpc.call("evm_mine")
        receipt: dict[str, Any] | None = stage.rpc.call("eth_getTransactionReceipt", tx_id)
        if receipt is not None:
            if receipt["status"] != "0x1":
                raise Reverted(stage.node.revert_reason(tx_id))
            return receipt
    raise AssertionError(f"foreign: {tx_id} was not mined")


def struct(artifact: Artifact, function: str, **fields: object) -> tuple[object, ...]:
    """The one struct that a function takes, from its fields by name; in the contract's order."""
    entry = next(each for each in artifact.abi if each.get("name") == function)
    components = entry["inputs"][0]["components"]
    assert {part["name"] for part in components} == set(fields), [type_of(part) for part in components]
    return tuple(fields[part["name"]] for part in components)
