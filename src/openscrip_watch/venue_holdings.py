"""What chains and banks themselves show of a venue's holdings, at the block that its document names.

An EVM node is asked for that block; where it keeps no state of it any more, what is there now must be enough. On Solana the
first transfer after the slot tells what the token account had before it. A bank is asked what is in the account now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from openscrip_watch import fields
from openscrip_watch.amounts import DOLLAR, parse
from openscrip_watch.chains.evm_wire import selector
from openscrip_watch.chains.rpc import Rpc, RpcError, settled
from openscrip_watch.chains.solana_wire import associated
from openscrip_watch.reading import http_client
from openscrip_watch.refusal import BadInput, Silent, refuse_unless
from openscrip_watch.report_document import read_json
from openscrip_watch.venue_document import DECIMALS_MAX, Liabilities, Line, Shown

BANK, SOLANA = "bank", "solana"
_BALANCE_OF, _DECIMALS = selector("balanceOf(address)"), selector("decimals()")
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where chains and banks answer, by the chain's name and by the currency."""

    chains: Mapping[str, str]
    banks: Mapping[str, str]


def read_nodes(path: Path) -> Nodes:
    """Out of `{"evm": {"rpc": URL}, "solana": {"rpc": URL}, "banks": {"USD": URL}}`; other fields are let be."""
    body = read_json(path, "nodes")
    chains = {name: fields.text(each, "rpc") for name, each in body.items() if isinstance(each, Mapping) and "rpc" in each}
    banks = {name: str(url).rstrip("/") for name, url in fields.mapping(body.get("banks", {}), "banks").items()}
    return Nodes(chains, banks)


def check_holdings(found: Liabilities, nodes: Nodes) -> str:
    """Everything that is said to be held is there, and covers what is owed. Raises `holding.…`, `venue.uncovered`, `Silent`."""
    told = []
    with http_client() as client:
        for line in found.lines():
            shown = 0
            for each in line.holdings:
                units = _units(line, each, nodes, client)
                text = (
                    f"holding: {each.holder} at {each.place} had {units} units of {line.asset}, the document says {each.units}"
                )
                refuse_unless(units >= each.units, "holding.short", text)
                shown += units
            text = f"venue: {shown} units of {line.asset} are there, {line.owed} are owed to customers"
            refuse_unless(shown >= line.owed, "venue.uncovered", text)
            told.append(f"{line.asset} {shown} there for {line.owed}")
    return "; ".join(told) or "no assets"


def _units(line: Line, each: Shown, nodes: Nodes, client: httpx.Client) -> int:
    if each.place == BANK:
        url = nodes.banks.get(line.asset, "")
        refuse_unless(bool(url), "holding.unknown", f"holding: no bank was given for {line.asset}; name it under banks")
        return _at_bank(url, line.decimals, client)
    url = nodes.chains.get(each.place, "")
    refuse_unless(bool(url), "holding.unknown", f"holding: no node was given for {each.place:.40}")
    read: Callable[[Rpc, Shown], tuple[int, int]] = _on_solana if each.place == SOLANA else _on_evm
    try:
        atoms, decimals = read(Rpc(url, client), each)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise Silent("chain.unavailable", f"chain: the node at {url} answered nonsense ({type(error).__name__})") from None
    if not line.decimals <= decimals <= DECIMALS_MAX:
        raise BadInput("holding.decimals", f"holding: {each.token} has {decimals} decimals, {line.asset} {line.decimals}")
    to_unit: int = 10 ** (decimals - line.decimals)
    return atoms // to_unit


def _at_bank(url: str, decimals: int, client: httpx.Client) -> int:
    try:
        answer = client.get(f"{url}/v1/balance", timeout=30.0)
        answer.raise_for_status()
        atoms = parse(fields.mapping(answer.json(), "balance").get("balance"), DOLLAR, "balance")
    except (httpx.HTTPError, ValueError) as error:
        raise Silent("bank.unavailable", f"bank: {url} did not answer ({type(error).__name__})") from None
    to_unit: int = 10**decimals
    return atoms * to_unit // DOLLAR


def _on_evm(rpc: Rpc, each: Shown) -> tuple[int, int]:
    """Atoms of the token with the holder at the block, and the token's decimals."""
    holder = fields.text({"holder": each.holder}, "holder").removeprefix("0x").rjust(64, "0")
    asked = {"to": each.token, "data": _BALANCE_OF + holder}
    latest = int(settled(rpc.call("eth_blockNumber", [])), 16)
    text = f"holding: block {each.block} of {each.place} was not there, the newest was {latest}"
    refuse_unless(0 < each.block <= latest, "holding.block", text)
    at_block, decimals, code = rpc.batch([
        ("eth_call", [asked, hex(each.block)]),
        ("eth_call", [{"to": each.token, "data": _DECIMALS}, "latest"]),
        ("eth_getCode", [each.token, "latest"]),
    ])  # fmt: skip
    refuse_unless(len(str(settled(code))) > len("0x"), "holding.token", f"holding: {each.token} was no token on {each.place}")
    if isinstance(at_block, RpcError):  # the node forgot that block
        at_block = rpc.call("eth_call", [asked, "latest"])
    return int(str(at_block), 16), int(str(settled(decimals)), 16)


def _on_solana(rpc: Rpc, each: Shown) -> tuple[int, int]:
    """Atoms in the holder's associated account at the slot, and the mint's decimals."""
    final = {"commitment": "finalized"}
    slot = int(settled(rpc.call("getSlot", [final])))
    text = f"holding: slot {each.block} was not final, the newest was {slot}"
    refuse_unless(0 < each.block <= slot, "holding.block", text)
    account = associated(each.holder, each.token)
    info = _parsed(settled(rpc.call("getAccountInfo", [account, final | {"encoding": "jsonParsed"}])))
    text = f"holding: {each.holder} has no account of {each.token} on {each.place}"
    refuse_unless((info.get("mint"), info.get("owner")) == (each.token, each.holder), "holding.token", text)
    amount = fields.mapping(info.get("tokenAmount", {}), "tokenAmount")
    later = _first_after(rpc, account, each.block)
    atoms = _before(rpc, later, account) if later else int(str(amount.get("amount")))
    return atoms, int(amount.get("decimals", 0))


def _first_after(rpc: Rpc, account: str, slot: int) -> str:
    """The signature of the first transaction of a token account after a slot; empty if there was none."""
    found, before = "", None
    while True:
        span: dict[str, Any] = {"commitment": "finalized", "limit": _PAGE} | ({"before": before} if before else {})
        page = settled(rpc.call("getSignaturesForAddress", [account, span]))
        for row in page:
            if row["slot"] <= slot:
                return found
            if row.get("err") is None:
                found = str(row["signature"])
        if len(page) < _PAGE:
            return found
        before = page[-1]["signature"]


def _before(rpc: Rpc, signature: str, account: str) -> int:
    """What a token account had before a transaction."""
    how = {"commitment": "finalized", "encoding": "json", "maxSupportedTransactionVersion": 0}
    landed = fields.mapping(settled(rpc.call("getTransaction", [signature, how])), "transaction")
    keys = landed["transaction"]["message"]["accountKeys"]
    meta = fields.mapping(landed.get("meta"), "meta")
    loaded = meta.get("loadedAddresses") or {}
    keys = [*keys, *loaded.get("writable", ()), *loaded.get("readonly", ())]
    for row in meta.get("preTokenBalances") or ():
        if keys[row["accountIndex"]] == account:
            return int(row["uiTokenAmount"]["amount"])
    return 0


def _parsed(answer: Any) -> Mapping[str, Any]:
    value = answer.get("value") if isinstance(answer, Mapping) else None
    data = value.get("data") if isinstance(value, Mapping) else None
    parsed = data.get("parsed") if isinstance(data, Mapping) else None
    info = parsed.get("info") if isinstance(parsed, Mapping) else None
    return info if isinstance(info, Mapping) else {}
