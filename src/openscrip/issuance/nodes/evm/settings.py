"""What changes a local chain otherwise than by a transaction, and which of it no state of the chain holds."""

from collections.abc import Sequence
from typing import Any

_PREFIXES = {"anvil", "hardhat", "tenderly"}
_IN_THE_STATE = {
    "setBalance", "addBalance", "dealERC20", "setERC20Allowance", "setCode", "setNonce", "setStorageAt",
    "dropTransaction", "dropAllTransactions", "removePoolTransactions",
}  # fmt: skip
_OF_AN_ACCOUNT = {"impersonateAccount", "stopImpersonatingAccount"}
_OF_THE_NODE = {"autoImpersonateAccount", "setCoinbase", "setMinGasPrice"}


def is_setting(method: str) -> bool:
    """Whether a method is one that a replay can make again."""
    prefix, _, name = method.partition("_")
    return prefix in _PREFIXES and name in _IN_THE_STATE | _OF_AN_ACCOUNT | _OF_THE_NODE


def kept_as(method: str, params: Sequence[Any]) -> str:
    """Under which name a setting is kept beside a state, the last of a name counting; empty where the state holds it."""
    name = method.partition("_")[2]
    if name in _OF_AN_ACCOUNT:
        return f"impersonate {params[0] if params else ''}".lower()
    return name if name in _OF_THE_NODE else ""
