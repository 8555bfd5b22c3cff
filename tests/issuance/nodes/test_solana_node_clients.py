"""Unmodified clients of Node.js work against the node: web3.js with spl-token, and kit, over HTTP and WebSocket."""

import pytest
from solders.keypair import Keypair
from tests.issuance.nodes.solana_stage import OurMint, our_mint, run_client

from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts


@pytest.fixture
def mint(rpc: JsonRpc) -> OurMint:
    return our_mint(rpc)


def test_web3_js_with_spl_token__pays_mints_subscribes_and_decodes_our_mint(
    node: SolanaNode, rpc: JsonRpc, mint: OurMint
) -> None:
    holder = Keypair().pubkey()
    mint.give(rpc, holder, 100_050_000_000)
    mint.multiply(rpc, "1.0023", 0)
    told = run_client("web3.mjs", node.url, node.socket_url, str(mint.key), str(holder))
    assert told == {
        "decimals": 8,
        "supply": "100050000000",
        "multiplier": 1.0023,
        "paused": False,
        "delegate": str(mint.owner.pubkey()),
        "hook": "1" * 32,
        "metadataAt": str(mint.key),
        "defaultState": 1,
        "name": "Tesla scrip",
        "symbol": "TSLAo",
        "additional": [["isin", "US88160R1014"]],
        "extensions": [
            "metadataPointer",
            "pausableConfig",
            "permanentDelegate",
            "transferHook",
            "defaultAccountState",
            "confidentialTransferMint",
            "scaledUiAmountConfig",
            "tokenMetadata",
        ],
        "shown": "1002.80115",
        "shownByProgram": "1002.80115",
    }


def test_kit__pays_confirms_by_subscription_and_reads_our_mint(node: SolanaNode, rpc: JsonRpc, mint: OurMint) -> None:
    told = run_client("kit.mjs", node.url, node.socket_url, str(mint.key))
    assert told["slot"] > 0
    assert (told["program"], told["multiplier"]) == ("spl-token-2022", "1")
