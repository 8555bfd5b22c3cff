"""`actions`: corporate actions and the operators' queue."""

import argparse
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from openscrip.cli.door import door_of
from openscrip.cli.saying import Voice, table
from openscrip.kernel.errors import Malformed, Refused


def add_actions(
    to: argparse.ArgumentParser, everywhere: argparse.ArgumentParser, later: Callable[[str, str], Callable[..., int]]
) -> None:
    """`actions list | show | queue | resolve`."""
    steps = to.add_subparsers(title="steps", metavar="STEP", required=True)

    def step(name: str, what: str) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=what, description=what, parents=[everywhere], allow_abbrev=False)
        made.set_defaults(run=later("actions", f"{name}_actions"))
        return made

    step("list", "all corporate actions and where each stands").add_argument("--stock", default="", help="only of this stock")
    step("show", "one action: what each source said, its phases, its questions").add_argument("id", help="as list tells it")
    queue = step("queue", "what waits for an operator; 1 if anything does")
    queue.add_argument("--state", default="", help="open, proposed, resolved or closed (open and proposed)")
    resolve = step("resolve", "answer a question; a second person who says the same resolves it")
    resolve.add_argument("id", help="of the question, as queue tells it")
    resolve.add_argument("--by", required=True, help="who answers")
    resolve.add_argument("--reason", required=True, help="why")
    resolve.add_argument("--document", required=True, help="on which document, such as a letter or a filing")
    resolve.add_argument("--source", default="", help="whose terms hold, where that is asked")
    resolve.add_argument("--record-date", default="", help="such as 2025-06-11, where dates are asked")
    resolve.add_argument("--pay-date", default="", help="such as 2025-06-27, where dates are asked")


def list_actions(asked: Namespace, voice: Voice) -> int:
    """All actions, the newest last."""
    with door_of(asked) as door:
        rows = door.get("/v1/corporate-actions", **({"stock": asked.stock} if asked.stock else {}))
    shown = [(each["id"], each["phase"], each["terms"], each["multiplier_after"], each["reason"][:60]) for each in rows]
    columns = ("corporate action", "phase", "terms", "multiplier", "note")
    voice.result(rows, table(columns, shown) if shown else "Nothing was announced.")
    return 0


def show_actions(asked: Namespace, voice: Voice) -> int:
    """One action with everything that is known of it."""
    with door_of(asked) as door:
        row = door.get(f"/v1/corporate-actions/{asked.id}")
        items = [each for each in door.get("/v1/corporate-actions/queue") if each["action"] == asked.id]
    voice.result({**row, "queue": items}, _told(row, items))
    return 0


def _told(row: dict[str, Any], items: list[dict[str, Any]]) -> str:
    lines = [f"{row['id']}: {row['phase']}, {row['terms']}" + (f" ({row['reason']})" if row["reason"] else "")]
    lines += [f"  {step['at']}  {step['phase']}" for step in row["trail"]]
    for notice in row["notices"]:
        dates = f"ex {notice['ex_date']}, record {notice['record_date']}, pay {notice['pay_date']}"
        lines.append(f"  {notice['source']} {notice['function']} {notice['revision']}: {dates}")
    lines += [f"  {each['id']} {each['state']}: {each['text']}" for each in items]
    return "\n".join(lines)


def queue_actions(asked: Namespace, voice: Voice) -> int:
    """What waits for an operator."""
    with door_of(asked) as door:
        rows = door.get("/v1/corporate-actions/queue", **({"state": asked.state} if asked.state else {}))
    if not asked.state:
        rows = [each for each in rows if each["state"] in ("open", "proposed")]
    shown = [(each["id"], each["state"], each["by"], each["text"]) for each in rows]
    voice.result(rows, table(("question", "state", "proposed by", "what is asked"), shown) if shown else "Nothing waits.")
    return 1 if any(each["state"] in ("open", "proposed") for each in rows) else 0


def resolve_actions(asked: Namespace, voice: Voice) -> int:
    """One person's answer."""
    body = {"by": asked.by, "reason": asked.reason, "document": asked.document, "source": asked.source}
    dates = {"record_date": asked.record_date, "pay_date": asked.pay_date}
    if not asked.id.strip():
        raise Malformed("queue.unknown", "queue: no question was named; `openscrip actions queue` lists them")
    with door_of(asked) as door:
        item = door.post(f"/v1/corporate-actions/queue/{asked.id}/resolve", **body, **dates)
    if item["state"] not in ("proposed", "resolved"):
        raise Refused("queue.state", f"queue: {item['id']} was {item['state']}")
    resolved = f"resolved by {item['by']} and {item['second']}"
    words = resolved if item["state"] == "resolved" else "another person must say the same"
    voice.result(item, f"{item['id']}: {words}")
    return 0
