"""Confirmed transactions per second through the embedded Solana node, its durable log on, and its restart after them.

One client sends without waiting for answers, over a few connections; what it sends was built and signed before. The
clock runs from the first byte sent until every signature was seen finalized. Run alone: `python -m bench.solana_node`.
"""

import asyncio
import base64
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import Transaction

from openscrip.issuance.chains.solana import extensions
from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc

COUNT, CONNECTIONS, RESTART_AFTER = 5_000, 32, 100_000
SOL, DECIMALS, PAGE = 10**9, 8, 256


def solana_rates(runs: int, count: int = COUNT) -> dict[str, list[float]]:
    """Per kind of transaction the rate of each run, and the node's CPU time for one in milliseconds."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for kind in ("payment", "token_transfer"):
            with tempfile.TemporaryDirectory() as folder, SolanaNode(Path(folder)) as node:
                rate, cpu_ms = _run(node, kind, count)
            found.setdefault(f"{kind}.rate", []).append(rate)
            found.setdefault(f"{kind}.cpu", []).append(cpu_ms)
    return found


def solana_restarts_s(count: int = RESTART_AFTER) -> tuple[float, float]:
    """Seconds until a node answers that was killed after `count` token transfers: with its file of effects, without.

    Without the file, every transaction of the log is executed again.
    """
    with tempfile.TemporaryDirectory() as folder, SolanaNode(Path(folder)) as node:
        for _ in range(count // COUNT):
            _run(node, "token_transfer", COUNT)
        remembered_s = _restart_s(node)
        (Path(folder) / "effects.log").unlink()
        return remembered_s, _restart_s(node)


def _restart_s(node: SolanaNode) -> float:
    node.kill()
    began = time.perf_counter()
    node.start(timeout_s=300)
    return time.perf_counter() - began


def _run(node: SolanaNode, kind: str, count: int) -> tuple[float, float]:
    rpc = JsonRpc(node.url)
    steps = _payments(rpc, count) if kind == "payment" else _token_transfers(rpc, count)
    payer, instructions = steps
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    transactions = [
        Transaction([payer], Message.new_with_blockhash([one], payer.pubkey(), blockhash), blockhash) for one in instructions
    ]
    signatures = [str(one.signatures[0]) for one in transactions]
    requests = [_request(bytes(one)) for one in transactions]
    cpu_before = _cpu_s(node.pid)
    began = time.perf_counter()
    asyncio.run(_send_all(node.port, requests))
    for start in range(0, count, PAGE):
        statuses = rpc.call("getSignatureStatuses", signatures[start : start + PAGE])["value"]
        if any(one is None or one["err"] or one["confirmationStatus"] != "finalized" for one in statuses):
            raise RuntimeError("bench: a transaction was not confirmed")
    seconds = time.perf_counter() - began
    cpu_s = _cpu_s(node.pid) - cpu_before
    rpc.close()
    return count / seconds, cpu_s / count * 1_000


def _payments(rpc: JsonRpc, count: int) -> tuple[Keypair, list[Instruction]]:
    payer, receiver = _rich(rpc), Keypair().pubkey()
    return payer, [
        transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=receiver, lamports=SOL // 1000 + number))
        for number in range(count)
    ]


def _token_transfers(rpc: JsonRpc, count: int) -> tuple[Keypair, list[Instruction]]:
    """Of a mint with all our extensions, from the payer to one other holder; each by an amount of its own."""
    payer, mint, other = _rich(rpc), Keypair(), Keypair().pubkey()
    key, authority = mint.pubkey(), Authority(payer.pubkey())
    space = extensions.MINT_SPACE
    lamports = rpc.call("getMinimumBalanceForRentExemption", space)
    created = create_account(
        CreateAccountParams(from_pubkey=payer.pubkey(), to_pubkey=key, lamports=lamports, space=space, owner=token.TOKEN_2022)
    )
    born = token.initialize_mint(key, DECIMALS, payer.pubkey(), payer.pubkey())
    _send(rpc, [payer, mint], [created, *extensions.initialize_extensions(key, payer.pubkey()), born])
    accounts = [token.create_associated_account(payer.pubkey(), holder, key) for holder in (payer.pubkey(), other)]
    source, destination = (token.associated_account(holder, key) for holder in (payer.pubkey(), other))
    _send(rpc, [payer], [*accounts, token.mint_to_checked(key, source, authority, 2**60, DECIMALS)])
    return payer, [token.transfer_checked(source, key, destination, authority, 1 + number, DECIMALS) for number in range(count)]


def _rich(rpc: JsonRpc) -> Keypair:
    made = Keypair()
    rpc.call("requestAirdrop", str(made.pubkey()), 10_000 * SOL)
    return made


def _send(rpc: JsonRpc, signers: Sequence[Keypair], steps: Sequence[Instruction]) -> None:
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    message = Message.new_with_blockhash(list(steps), signers[0].pubkey(), blockhash)
    raw = bytes(Transaction(list(signers), message, blockhash))
    rpc.call("sendTransaction", base64.b64encode(raw).decode(), {"encoding": "base64"})


def _request(raw: bytes) -> bytes:
    parameters = [base64.b64encode(raw).decode(), {"encoding": "base64"}]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": parameters}).encode()
    head = f"POST / HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _send_all(port: int, requests: list[bytes]) -> None:
    async def lane(mine: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in mine:
            writer.write(request)
        for _ in mine:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if b'"result"' not in await reader.readexactly(length):
                raise RuntimeError("bench: a transaction was refused")
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(lane(requests[start::CONNECTIONS]) for start in range(CONNECTIONS)))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    print(json.dumps({**solana_rates(runs=3), "restarts": solana_restarts_s()}, indent=1))
