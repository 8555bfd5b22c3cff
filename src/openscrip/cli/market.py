"""`status`, `list-stock` and `report`: what an operator asks a running platform."""

from argparse import Namespace
from typing import Any

from openscrip.cli.door import LONG_S, door_of
from openscrip.cli.saying import Voice, table


def status(asked: Namespace, voice: Voice) -> int:
    """The platform at one glance; 1 while a stock is short of shares or a break is open."""
    with door_of(asked) as door:
        told = door.get("/v1/status")
    voice.result(told, status_text(told))
    short = any(stock.get("covered") is False for stock in told["stocks"])
    return 1 if short or any(each["state"] == "open" for each in told["breaks"]) else 0


def status_text(told: dict[str, Any]) -> str:
    """The same in words."""
    due = f"; next due {told['next_due']}" if told["next_due"] else ""
    parts = [f"Market time {told['now']} ({told['mode']}){due}"]
    rows = [
        (
            stock["token"],
            stock["state"],
            stock["multiplier"],
            str(stock["epoch"]),
            *(stock.get("raw_supply", {}).get(chain, "?") for chain in ("evm", "solana")),
            stock.get("shares_owed", "?"),
            stock.get("shares_settled", "?"),
            stock.get("surplus", "?"),
        )
        for stock in told["stocks"]
    ]
    columns = ("token", "state", "multiplier", "epoch", "raw on EVM", "raw on Solana", "owed", "in custody", "surplus")
    parts.append(table(columns, rows) if rows else "Nothing is listed.")
    for name, states in told["open"].items():
        words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.items())
        parts.append(f"{name.replace('_', ' ')}: {words or 'none open'}")
    if told["breaks"]:
        broken = [
            (each["id"], each["state"].upper(), each["kind"], each["chain"], each["since"], each["expected"], each["seen"])
            for each in told["breaks"]
        ]
        parts.append(table(("break", "", "of", "on", "since", "expected", "seen"), broken))
    if told.get("questions"):
        asked = [(each["id"], each["state"], each["by"], each["text"][:100]) for each in told["questions"]]
        parts.append(table(("question", "state", "proposed by", "what is asked"), asked))
    if told.get("loans"):
        lent = [
            (each["id"], each["state"], each["stock"], each["shares_pledged"], each["owed_usd"], each["reason"])
            for each in told["loans"]
        ]
        parts.append(table(("loan", "state", "of", "shares pledged", "owed in USD", "why"), lent))
    stuck = [each for each in told["commands"] if each["status"] == "parked" or each["error"]]
    if stuck:
        found = [(each["key"], each["status"], str(each["attempts"]), each["error"][:100]) for each in stuck]
        parts.append(table(("command", "status", "attempts", "last error"), found))
    parts += [f"feed {name}: {trouble}" for name, trouble in told["troubles"].items()]
    return "\n\n".join(parts)


def list_stock(asked: Namespace, voice: Voice) -> int:
    """List a stock, once."""
    with door_of(asked) as door:
        told = door.post("/v1/stocks", LONG_S, symbol=asked.symbol)
    places = "\n".join(f"  {chain:7} {address}" for chain, address in told["tokens"].items())
    voice.result(told, f"{told['token']} is listed for {told['symbol']} ({told['isin']}):\n{places}")
    return 0


def accept_break(asked: Namespace, voice: Voice) -> int:
    """Close a break as it is, in the operator's name and for a reason."""
    with door_of(asked) as door:
        told = door.post(f"/v1/breaks/{asked.id}/accept", by=asked.by, reason=asked.reason)
    text = f"{told['id']} is accepted: {told['seen']}, expected {told['expected']}. Mints of {told['stock']} go on."
    voice.result(told, text)
    return 0
