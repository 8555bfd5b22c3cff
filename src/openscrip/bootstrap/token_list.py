"""The token list of a running platform, read from the registry on its EVM chain."""

from collections.abc import Mapping
from typing import Any

from openscrip.bootstrap.platform import Platform
from openscrip.issuance.chains.evm.registry import read_list_tokens
from openscrip.issuance.token_list import build_token_list


def read_token_list(platform: Platform, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """The list as of market time, numbered after `previous`. Raises `Refused("token_list.empty")` where nothing is listed."""
    tokens = read_list_tokens(platform.evm_node, platform.wiring.contracts.registry)
    return build_token_list(tokens, platform.clock.now(), previous)
