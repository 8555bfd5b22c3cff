"""`subscribe`, `redeem` and `cancel`: a client's requests, and with `--paper` everything that the client does for them."""

import secrets
import time
from argparse import Namespace
from typing import Any

from openscrip.cli.door import LONG_S, Door, door_of
from openscrip.cli.saying import Voice
from openscrip.kernel.errors import Malformed, Refused, Unavailable

IDLE_S = 120.0
COINS_S = 20.0
POLL_S = 0.05
POLL_LIVE_S = 1.0

WORDS = {
    "awaiting_payment": "waits for the deposit",
    "buying": "paid; the shares are bought and on their way into segregated custody",
    "minting": "the shares are in custody; the tokens are being minted",
    "refunding": "what was not needed is being paid back",
    "refund_waits": "what was not needed could not be paid back yet; it is tried again",
    "requested": "waits for the tokens to be put into escrow",
    "escrowed": "the tokens are in escrow",
    "burning": "the tokens are being burned",
    "burned": "the tokens are burned; the shares are owed",
    "delivering": "the shares are on their way out of custody",
    "selling": "the shares are being sold",
    "paying": "the proceeds are being paid",
    "owed_back": "the shares could not leave; the tokens are owed back",
    "restituting": "the tokens are being given back",
    "completed": "completed",
    "refunded": "refunded",
    "held": "held: an operator must look",
}
ENDS = frozenset({"completed", "refunded", "held", "refused"})


def subscribe(asked: Namespace, voice: Voice) -> int:
    """Money into tokens."""
    with door_of(asked) as door:
        return _subscribe(door, asked, voice)


def _subscribe(door: Door, asked: Namespace, voice: Voice) -> int:
    request_id = asked.request_id or f"sub-{secrets.token_hex(6)}"
    row = door.post(
        "/v1/subscriptions",
        request_id=request_id,
        client=asked.client,
        stock=asked.stock,
        chain=asked.chain,
        wallet=_wallet(door, asked),
        shares=asked.shares,
        at_once=asked.at_once,
        quote=asked.quote,
        funding=asked.funding,
        pay_chain=asked.pay_chain,
        pay_wallet=_payer(door, asked),
    )
    coins = row["funding"] != "bank"
    where = f" in {row['funding']} from {row['pay_wallet']} on {row['pay_chain']}, by {row['pay_by']}" if coins else ""
    deposit = f"the deposit is {row['deposit_usd']} USD{where}"
    voice.say(f"{request_id}: {asked.client} subscribes to {row['shares']} {row['stock']}; {deposit}")
    path = f"/v1/subscriptions/{request_id}"
    if asked.paper:
        door.post("/v1/paper/pay", request_id=request_id)
        voice.say(f"{request_id}: the deposit was sent")
    row = _follow(door, path, voice, on_their_way=coins and asked.paper) if asked.wait else door.get(path)
    raw = [parcel["raw"] for parcel in row["parcels"] if parcel["state"] == "minted"]
    voice.result(row, f"{request_id}: {_words(row)}" + (f"; {' + '.join(raw)} raw minted" if raw else ""))
    return _ended(row)


def redeem(asked: Namespace, voice: Voice) -> int:
    """Tokens into shares or money."""
    with door_of(asked) as door:
        return _redeem(door, asked, voice)


def _redeem(door: Door, asked: Namespace, voice: Voice) -> int:
    request_id = asked.request_id or f"red-{secrets.token_hex(6)}"
    row = door.post(
        "/v1/redemptions",
        request_id=request_id,
        client=asked.client,
        stock=asked.stock,
        chain=asked.chain,
        wallet=_wallet(door, asked),
        raw=asked.raw,
        kind="cash" if asked.cash else "in_kind",
        deliver_to=asked.in_kind,
        quote=asked.quote,
        paid_in=asked.paid_in,
    )
    voice.say(f"{request_id}: {asked.client} redeems {row['raw']} raw {row['stock']}, place {row['place'] + 1} in line")
    path = f"/v1/redemptions/{request_id}"
    if asked.paper and row["state"] == "requested":
        told = door.post("/v1/paper/escrow", request_id=request_id)
        voice.say(f"{request_id}: put into escrow by {told['transaction']}")
    row = _follow(door, path, voice) if asked.wait else door.get(path)
    voice.result(row, f"{request_id}: {_words(row)}{_given(row)}")
    return _ended(row)


def cancel(asked: Namespace, voice: Voice) -> int:
    """Take an order back that is not paid, or whose tokens are not being burned yet."""
    with door_of(asked) as door:
        row = door.post("/v1/cancellations", client=asked.client, request_id=asked.request_id)
    voice.result(row, f"{row['id']}: cancelled; what came of it goes back")
    return 0


def _payer(door: Door, asked: Namespace) -> str:
    """The wallet that pays in coins on another chain: the client's attested one there."""
    if asked.funding == "bank" or asked.pay_chain in {"", asked.chain}:
        return ""
    wallets = door.get(f"/v1/clients/{asked.client}")["wallets"]
    if asked.pay_chain not in wallets:
        raise Malformed("wallet.missing", f"wallet: {asked.client} had none on {asked.pay_chain!a:.20}")
    return str(wallets[asked.pay_chain])


def _wallet(door: Door, asked: Namespace) -> str:
    """The wallet that was named, or the client's attested one; a paper client is taken on first."""
    if asked.wallet:
        return str(asked.wallet)
    try:
        wallets = door.get(f"/v1/clients/{asked.client}")["wallets"]
    except Malformed as unknown:
        if unknown.code != "client.unknown" or not (asked.paper and hasattr(asked, "country")):
            raise
        wallets = door.post("/v1/paper/clients", **_person(asked.client, asked.country))["wallets"]
    if asked.chain not in wallets:
        text = f"wallet: {asked.client} had none on {asked.chain!a:.20}; the chains are {', '.join(wallets) or 'none'}"
        raise Malformed("wallet.missing", text)
    return str(wallets[asked.chain])


def _person(client: str, country: str) -> dict[str, Any]:
    name = f"{client.capitalize()} Paper"
    return {"id": client, "name": name, "nationality": country, "residence": country, "tax_residence": country}


def _given(row: dict[str, Any]) -> str:
    """What a completed redemption gave: shares, and money for what was sold."""
    if row["state"] != "completed":
        return ""
    shares = [f"{row['delivered']} shares delivered to {row['deliver_to']}"] if row["kind"] == "in_kind" else []
    money = [f"{row['owed_usd']} USD paid"] if row["owed_usd"] != "0" else []
    return f"; {' and '.join(shares + money)}"


def _words(row: dict[str, Any]) -> str:
    words = WORDS.get(row["state"], row["state"])
    return f"{words} ({row['reason']})" if row["reason"] else words


def _ended(row: dict[str, Any]) -> int:
    """Refunded and held are no success: a rule or a person said no."""
    if row["state"] in {"refunded", "held"}:
        raise Refused(f"request.{row['state']}", f"request: {row['id']} was {row['state']}: {row['reason'] or 'see status'}")
    return 0


def _follow(door: Door, path: str, voice: Voice, *, on_their_way: bool = False) -> dict[str, Any]:
    """Tell each new state until the last one. Accelerated time that stands is moved to whatever is due next.

    Coins that are `on_their_way` become final in the chain's own time: market time waits for them.
    """
    told, moved = "", time.monotonic()
    while True:
        row: dict[str, Any] = door.get(path)
        clock = door.get("/v1/clock")
        if row["state"] != told:
            told, moved = row["state"], time.monotonic()
            voice.say(f"{clock['now']}  {_words(row)}")
        if told in ENDS:
            return row
        if time.monotonic() - moved > IDLE_S and clock["mode"] != "live":
            raise Unavailable(f"{path}: nothing happened for {IDLE_S:.0f} s; `openscrip status` shows what waits")
        if on_their_way and told == "awaiting_payment" and time.monotonic() - moved < COINS_S:
            time.sleep(POLL_S)
        elif clock["mode"] == "live" or door.pace:
            time.sleep(POLL_LIVE_S if clock["mode"] == "live" else POLL_S)
        elif clock["next_due"] is None:
            raise Unavailable(f"{path}: it is {told} and nothing is due; `openscrip status` shows what waits")
        else:
            after = door.post("/v1/clock", LONG_S, advance_to=clock["next_due"])
            moved = time.monotonic() if after["now"] != clock["now"] else moved
