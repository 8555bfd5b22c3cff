"""`cross`, `crossings` and `lanes`: tokens on their way between chains."""

import secrets
import time
from argparse import Namespace
from typing import Any

from openscrip.cli.door import LONG_S, Door, door_of
from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.errors import Unavailable

POLL_S = 0.1
WAIT_S = 120.0
ENDED = ("arrived", "restored", "held", "dead")
WORDS = {
    "departed": "burned where it was; its arrival is about to be asked for",
    "held": "held: a person of compliance must look",
    "arriving": "the attestor is asked for its arrival",
    "attested": "attested; the arrival is on its way to the chain",
    "arrived": "arrived",
    "dead": "it can arrive no more; it is given back an hour after its time",
    "restoring": "it is being given back",
    "restored": "given back",
}


def cross(asked: Namespace, voice: Voice) -> int:
    """A holder's tokens to another chain, with the holder's key in the data folder."""
    from openscrip.bootstrap.departing import Holder  # noqa: PLC0415
    from openscrip.kernel.quantities import RawAmount  # noqa: PLC0415

    raw, source, destination = RawAmount.parse(asked.raw), asked.source, asked.destination
    request_id = asked.request_id or f"cross-{secrets.token_hex(6)}"
    with Holder(settings_of(asked), asked.client) as holder, door_of(asked) as door:
        wallet = holder.address(source)
        receiver = asked.receiver or holder.address(destination)
        way = door.post(
            "/v1/crossings/way",
            stock=asked.stock,
            source=source,
            destination=destination,
            holder=wallet,
            receiver=receiver,
        )
        tx = holder.depart(source, way, raw, request_id)
        voice.say(f"{request_id}: {raw} raw {asked.stock} left {source} for {destination} by {tx}")
        row = _follow(door, tx, asked.wait)
    voice.result(row, f"{row['id'] or request_id}: {WORDS[row['state']]}")
    return 0 if row["state"] not in ("held", "dead") else 1


def _follow(door: Door, tx: str, wait: bool) -> dict[str, Any]:
    """The crossing that a transaction began, as soon as it is heard of, or at its end."""
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        found = [row for row in door.get("/v1/crossings") if row["departure"] == tx]
        if found and (not wait or found[0]["state"] in ENDED):
            return dict(found[0])
        time.sleep(POLL_S)
    raise Unavailable(f"crossing: {tx} was not heard of within {WAIT_S:.0f} s" if not wait else f"crossing: {tx} goes on")


def crossings(asked: Namespace, voice: Voice) -> int:
    """What is under way, and what became of the rest; or let a held one go on."""
    with door_of(asked) as door:
        if asked.release:
            row = door.post(f"/v1/crossings/{asked.release}/release", by=asked.by, reason=asked.reason)
            voice.result(row, f"{row['id']}: {WORDS[row['state']]}")
            return 0
        rows = door.get("/v1/crossings", **({"state": asked.state} if asked.state else {}))
    shown = [
        (each["id"][:24], each["stock"], each["raw"], f"{each['source']} > {each['destination'][:10]}", each["state"],
         each["arrive_by"], each["rule"])
        for each in rows
    ]  # fmt: skip
    columns = ("crossing", "stock", "raw", "way", "state", "arrives by", "rule")
    voice.result(rows, table(columns, shown) if shown else "Nothing crossed.")
    return 0


def lanes(asked: Namespace, voice: Voice) -> int:
    """The lanes between the chains of a stock; propose them, or open them when the timelocks' day has passed."""
    with door_of(asked) as door:
        path = f"/v1/stocks/{asked.stock}/lanes"
        rows = door.post(path, LONG_S, step=asked.step) if asked.step else door.get(path)
    shown = [(f"{each['source']} > {each['destination']}", each["left"] if each["left"] != "0" else "closed") for each in rows]
    voice.result(rows, table(("lane", "raw that may leave now"), shown))
    return 0
