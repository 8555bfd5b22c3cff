"""`compliance`: cases and holds, persons without their particulars, lists, rescreening, rules, and the keys of the vault."""

import os
import shutil
import time
from argparse import Namespace
from typing import Any

from openscrip.cli.door import LONG_S, data_folder, door_of
from openscrip.cli.saying import Voice, table
from openscrip.kernel.errors import Malformed, Refused

POLL_S = 0.25
RESCREEN_S = 15 * 60


def compliance(asked: Namespace, voice: Voice) -> int:
    """Do what was asked."""
    if asked.what == "rotate-key":
        return _rotate(asked, voice)
    acts = {
        "status": _status, "cases": _cases, "decide": _decide, "persons": _persons, "person": _person, "lists": _lists,
        "load": _load, "accept-list": _accept, "rescreen": _rescreen, "rules": _rules, "reseal": _reseal,
    }  # fmt: skip
    with door_of(asked) as door:
        return acts[asked.what or "status"](asked, voice, door)


def _status(_: Namespace, voice: Voice, door: Any) -> int:
    told = door.get("/v1/compliance")
    parts = [f"Rules {told['policy']}, names by {told['scorer']}"]
    rows = [
        (each["publisher"], str(each["entries"]), each["retrieved_at"] or "-", each["stopped"] or "-") for each in told["lists"]
    ]
    parts.append(table(("list", "entries", "fetched", "stopped"), rows))
    parts += told["lists_refused"]
    parts.append(_cases_text(told["cases"]) if told["cases"] else "No case is open.")
    parts += [f"held: {each['client']} by {', '.join(each['cases'])}" for each in told["held"]]
    progress = told["rescreening"]
    if progress:
        parts.append(f"Screened {progress['done']} of {progress['total']} by the newest rules and lists ({progress['state']}).")
    letters = told["webhooks"]
    parts.append(f"Webhooks: {letters['received']} to act on, {letters['kept']} kept, {letters['dead']} dead")
    voice.result(told, "\n\n".join(parts))
    return 1 if told["cases"] or told["held"] or told["lists_refused"] or letters["dead"] else 0


def _cases_text(cases: list[dict[str, Any]]) -> str:
    rows = [
        (
            each["id"],
            each["state"],
            each["rule"],
            "held" if each["holds"] and each["state"] == "open" else "-",
            each["what"][:80],
        )
        for each in cases
    ]
    return table(("case", "", "rule", "client", "what"), rows)


def _cases(asked: Namespace, voice: Voice, door: Any) -> int:
    told = door.get("/v1/compliance/cases", state="" if asked.all else "open", client=asked.client)
    voice.result(told, _cases_text(told) if told else "No case.")
    return 0


def _decide(asked: Namespace, voice: Voice, door: Any) -> int:
    told = door.post(f"/v1/compliance/cases/{asked.id}/decide", by=asked.by, word=asked.word, reason=asked.reason)
    waits = "another person must release it too" if told["state"] == "open" else f"it is {told['state']}"
    voice.result(told, f"{told['id']}: {asked.word} by {asked.by}; {waits}.")
    return 0


def _persons(asked: Namespace, voice: Voice, door: Any) -> int:
    told = door.get("/v1/compliance/persons", state=asked.state)
    rows = [(each["client"], each["state"], ", ".join(each["rules"]) or "-", each["listed"] or "-") for each in told]
    voice.result(told, table(("client", "", "rules", "listed"), rows) if rows else "Nobody.")
    return 0


def _person(asked: Namespace, voice: Voice, door: Any) -> int:
    if asked.reveal:
        if not asked.by or not asked.reason:
            raise Malformed("compliance.usage", "compliance: --reveal is asked with --by and --reason")
        told = door.post(f"/v1/compliance/persons/{asked.id}/reveal", by=asked.by, reason=asked.reason)
        voice.result(told, "\n".join(f"{name:16} {value}" for name, value in told.items()))
        return 0
    told = door.get(f"/v1/compliance/persons/{asked.id}")
    standing = told["standing"]
    rules = ", ".join(standing["rules"]) or "no rule"
    lines = [f"{told['id']}: {told['state']} since {told['since']}, {standing['state']} ({rules})"]
    lines += [f"held by {each}" for each in told["held_by"]]
    lines += [f"{each['kind']} issued {each['issued_on']}, expires {each['expires_on'] or '-'}" for each in told["evidence"]]
    lines += [f"owner {each['owner']}: {each['bps'] / 100} %" for each in told["owners"]]
    lines += [f"{each['at']}  {each['decision']} by {each['by']}: {each['reason']}" for each in told["decisions"]]
    voice.result(told, "\n".join(lines))
    return 0


def _lists(_: Namespace, voice: Voice, door: Any) -> int:
    told = door.get("/v1/compliance/lists")
    rows = [
        (each["id"], each["state"], str(each["entries"]), str(each["addresses"]), each["retrieved_at"], each["reason"] or "-")
        for each in told
    ]
    voice.result(told, table(("publication", "", "entries", "addresses", "came", "why"), rows) if rows else "No list came.")
    return 0


def _load(asked: Namespace, voice: Voice, door: Any) -> int:
    incoming = data_folder(asked) / "lists" / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    for file in asked.files:
        if not file.is_file():
            raise Malformed("list.files", f"list: {file} was not a file")
        part = incoming / f".{file.name}.{os.getpid()}"
        shutil.copyfile(file, part)
        part.replace(incoming / file.name)
    told = door.post("/v1/compliance/lists", LONG_S, publisher=asked.publisher, files=[file.name for file in asked.files])
    voice.result(
        told, f"{told['id']}: {told['entries']} entries, {told['addresses']} addresses, {told['state'].replace('_', ' ')}."
    )
    if told["state"] == "stopped":
        raise Refused(
            "list.shrank", f"list: {told['reason']}; `openscrip compliance accept-list` puts it in force all the same"
        )
    return 0


def _accept(asked: Namespace, voice: Voice, door: Any) -> int:
    told = door.post(f"/v1/compliance/lists/{asked.id}/accept", by=asked.by, reason=asked.reason)
    voice.result(told, f"{told['id']} is in force, accepted by {told['accepted_by']}.")
    return 0


def _rescreen(_: Namespace, voice: Voice, door: Any) -> int:
    ends, before = time.monotonic() + RESCREEN_S, -1
    while True:
        told = door.get("/v1/compliance")["rescreening"]
        if told and told["state"] == "done":
            voice.result(told, f"Everybody was screened: {told['total']}, {told['changed']} with another verdict.")
            return 0
        if told and told["done"] != before:
            before = told["done"]
            voice.say(f"{before} of {told['total']} ...")
        if time.monotonic() > ends:
            raise TimeoutError(f"compliance: not everybody was screened within {RESCREEN_S // 60} minutes; it goes on")
        time.sleep(POLL_S)


def _rules(_: Namespace, voice: Voice, door: Any) -> int:
    told = door.get("/v1/compliance/rules")
    rows = [
        (each["name"], ", ".join(each["countries"]), each["subscribe"], each["hold"], each["redeem"]) for each in told["groups"]
    ]
    regime = told["profile"]
    text = f"Rules {told['version']} in force from {told['effective_on']}; regime: {regime['title']} (as of {regime['as_of']})"
    voice.result(told, f"{text}\n\n{table(('group', 'countries', 'subscribe', 'hold', 'redeem'), rows)}")
    return 0


def _reseal(_: Namespace, voice: Voice, door: Any) -> int:
    told = door.post("/v1/compliance/reseal", LONG_S)
    voice.result(told, f"{told['sealed']} texts were sealed anew under key {told['key']}.")
    return 0


def _rotate(asked: Namespace, voice: Voice) -> int:
    from openscrip.assets.compliance.vault import KEY_NAME, add_key  # noqa: PLC0415
    from openscrip.bootstrap.compliance import vault_keys  # noqa: PLC0415

    number = add_key(vault_keys(data_folder(asked)))
    then = "Start the platform again, run `openscrip compliance reseal`, then destroy the older key."
    text = f"{KEY_NAME}-{number} was made. {then}"
    voice.result({"key": number}, text)
    return 0
