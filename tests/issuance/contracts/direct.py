"""Calls that only one contract or account may make of a token, made as that one; and tokens set up by hand."""

from pathlib import Path
from typing import Any

from tests.issuance.contracts.stage import NODE_MODULES, ONE, Stage, account
from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.contracts.artifact import Artifact, openzeppelin, own
from openscrip.issuance.contracts.compile import SOURCES

DAY = 86_400
ISIN = "US02079K3059"


def topic(value: object) -> str:
    """A value as an indexed field of an event."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return f"0x{value:064x}"
    return "0x" + str(account(value))[2:].lower().rjust(64, "0")


def put_in_force(stage: Stage, multiplier: int) -> None:
    """A multiplier that is in force from now on."""
    schedule(stage, multiplier=multiplier)
    stage.pass_time(DAY)


def schedule(stage: Stage, **changes: Any) -> dict[str, Any]:
    """A 10:1 split for tomorrow, with changes, as the corporate actions contract schedules it."""
    fields: dict[str, Any] = {
        "expected": stage.token_view("uiMultiplier"), "multiplier": 10 * ONE, "at": stage.now() + DAY,
        "epoch": stage.token_view("epoch") + 1, "action": stage.unique("action"),
    }  # fmt: skip
    return stage.send(stage.at.actions, "StockToken", "schedule", *(fields | changes).values())


def take_back(stage: Stage, action: bytes) -> dict[str, Any]:
    """Cancel the pending change, as the corporate actions contract does."""
    return stage.send(stage.at.actions, "StockToken", "cancel", action)


def end(stage: Stage, how: str, holder: str, request: bytes) -> dict[str, Any]:
    """Burn or refund an escrow as the issuer."""
    return stage.send("issuer", "Issuer", how, account(holder), request)


def name_pool(stage: Stage, who: str = "pool", capacity: int = 100 * ONE, refill: int = ONE) -> dict[str, Any]:
    """The owner names a pool, or changes its bucket."""
    return stage.send(stage.at.timelock, "StockToken", "set_pool", account(who), capacity, refill)


def begun(stage: Stage, isin: str = ISIN) -> str:
    """A token's proxy that the registry has yet to set up."""
    data = own("StockToken").call("begin", isin)
    made = stage.send_data("stranger", None, openzeppelin("BeaconProxy", NODE_MODULES).creation(stage.at.beacon, data))
    return str(made["contractAddress"])


def set_up(stage: Stage, place: str, sender: str = "", **changes: Any) -> dict[str, Any]:
    """Initialize a proxy as the registry does, with changes."""
    fields = {"name": "Alphabet", "symbol": "GOOGLx", "epoch": 0, "multiplier": ONE, "version": 0, "terms": ""}
    return stage.send(sender or stage.at.registry, "StockToken", "initialize", *(fields | changes).values(), to=place)


def compiled(name: str) -> Artifact:
    """A contract of the tests."""
    path = Path(__file__).with_name(f"{name}.vy")
    built = next(iter(compile_files([str(path)], ["abi", "bytecode"], paths=[str(SOURCES)]).values()))
    return Artifact(name, tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))
