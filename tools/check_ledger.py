#!/usr/bin/env python3
"""Check an export of the ledger with nothing but Python's own library.

    python check_ledger.py DIR [--before EARLIER]

Rebuilds every balance from the transfers, every closing from the transfers and the closing before it, and hashes every
file again. With --before, also that nothing of an earlier export was rewritten or taken away: its closings, and its
transfers. Prints what was checked and ends with 0, or names what is wrong, a line each, and ends with 1.

The files are JSON lines; amounts are strings of whole atoms. A transfer in phase `pending` holds its amount, `post`
posts its own amount and releases what its pending one held, `void` only releases. The hash of a closing is SHA-256 over
lines that end with a newline: the hash of the closing before (64 zeros for the first), the lines of its transfers
(since_at <= at < until_at) by number, {"account","debits_pending","debits_posted","credits_pending","credits_posted"} of
each account that they touched by name, and the closing's own line without `previous` and `hash`.
"""

import argparse
import hashlib
import json
import sys
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOTALS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
FIRST = "0" * 64


def lines(folder: Path, name: str) -> Iterator[str]:
    """The lines of a file."""
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")


def compact(document: dict[str, Any]) -> str:
    """A line of JSON as it is hashed."""
    return json.dumps(document, separators=(",", ":"))


class Accounts:
    """The totals of each account, moved by transfers."""

    def __init__(self) -> None:
        self.totals: dict[str, list[int]] = {}
        self.pending: dict[str, dict[str, Any]] = {}
        self.wrong: list[str] = []

    def move(self, entry: dict[str, Any]) -> None:
        """Add one transfer."""
        atoms, phase = int(entry["atoms"]), entry["phase"]
        held = atoms if phase == "pending" else 0
        posted = atoms if phase in {"posted", "post"} else 0
        if phase == "pending":
            self.pending[entry["id"]] = entry
        elif phase in {"post", "void"}:
            of = self.pending.pop(entry["pending_id"], None)
            if of is None or (of["debit"], of["credit"]) != (entry["debit"], entry["credit"]) or posted > int(of["atoms"]):
                self.wrong.append(f"transfer {entry['id']}: did not fit {entry['pending_id']}")
            if of and phase == "post" and 0 < of["expires_at"] <= entry["at"]:
                self.wrong.append(f"transfer {entry['id']}: came after {of['id']} had expired")
            held = -int(of["atoms"]) if of else 0
        for account, place in ((entry["debit"], 0), (entry["credit"], 2)):
            sums = self.totals.setdefault(account, [0, 0, 0, 0])
            sums[place] += held
            sums[place + 1] += posted

    def line(self, account: str) -> str:
        """An account's totals as they are hashed and exported."""
        sums = self.totals.get(account, [0, 0, 0, 0])
        return compact({"account": account} | {name: str(total) for name, total in zip(TOTALS, sums, strict=True)})


def files_wrong(folder: Path) -> list[str]:
    """The files that are not what the manifest says."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [
        f"{name}: was not what the manifest says"
        for name, told in manifest["files"].items()
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != told["sha256"]
    ]


def by_period(folder: Path, closings: list[dict[str, Any]]) -> list[list[tuple[dict[str, Any], str]]]:
    """The transfers of each closing, and after them those of the open period, each by number."""
    ends = [closing["until_at"] for closing in closings]
    periods: list[list[tuple[dict[str, Any], str]]] = [[] for _ in range(len(ends) + 1)]
    for line in lines(folder, "transfers"):
        entry = json.loads(line)
        periods[bisect_right(ends, entry["at"])].append((entry, line))
    return periods


def ledger_wrong(folder: Path) -> tuple[list[str], Accounts, list[dict[str, Any]]]:
    """Closings and balances made anew and compared."""
    closings = [json.loads(line) for line in lines(folder, "closings")]
    wrong, accounts, before, since = [], Accounts(), FIRST, 0
    periods = by_period(folder, closings)
    for closing, within in zip(closings, periods, strict=False):
        for entry, _ in within:
            accounts.move(entry)
        touched = sorted({entry[side] for entry, _ in within for side in ("debit", "credit")})
        own = compact({name: value for name, value in closing.items() if name not in {"previous", "hash"}})
        hashed = [before, *(line for _, line in within), *map(accounts.line, touched), own]
        digest = hashlib.sha256("".join(f"{line}\n" for line in hashed).encode()).hexdigest()
        if (digest, closing["previous"], closing["since_at"]) != (closing["hash"], before, since):
            wrong.append(f"closing {closing['period']}: its hash did not follow from its content")
        before, since = closing["hash"], closing["until_at"]
    for entry, _ in periods[-1]:
        accounts.move(entry)
    return wrong + accounts.wrong + balances_wrong(folder, accounts), accounts, closings


def balances_wrong(folder: Path, accounts: Accounts) -> list[str]:
    """The balances that do not follow from the transfers, and the units that are out of balance."""
    told = {json.loads(line)["account"]: line for line in lines(folder, "balances")}
    wrong = [f"balance {name}: its transfers give {accounts.line(name)}" for name in told if told[name] != accounts.line(name)]
    wrong += [f"balance {name}: was missing" for name in sorted(accounts.totals.keys() - told.keys())]
    units: dict[str, list[int]] = {}
    for account, totals in accounts.totals.items():
        sums = units.setdefault(account.partition("/")[0], [0, 0, 0, 0])
        for place in range(4):
            sums[place] += totals[place]
    different = [unit for unit, sums in sorted(units.items()) if sums[:2] != sums[2:]]
    return wrong + [f"unit {unit}: debits and credits differed" for unit in different]


def history_wrong(folder: Path, earlier: Path) -> list[str]:
    """What an earlier export had and this one has not, or has otherwise."""
    wrong = []
    for name, key in (("closings", "period"), ("transfers", "id")):
        now = {json.loads(line)[key]: line for line in lines(folder, name)}
        for line in lines(earlier, name):
            which = json.loads(line)[key]
            if which not in now:
                wrong.append(f"{name[:-1]} {which}: was taken away since the earlier export")
            elif now[which] != line:
                wrong.append(f"{name[:-1]} {which}: was rewritten since the earlier export")
    return wrong


def main() -> int:
    """Check the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Check an export of the ledger.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", type=Path, default=None, help="an earlier export of the same ledger")
    asked = parser.parse_args()
    try:
        wrong, accounts, closings = ledger_wrong(asked.folder)
        wrong = files_wrong(asked.folder) + wrong + (history_wrong(asked.folder, asked.before) if asked.before else [])
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{asked.folder}: could not be read: {error!r}")
        return 1
    for problem in wrong:
        print(problem)
    if not wrong:
        last = f", the last hash is {closings[-1]['hash']}" if closings else ""
        print(f"{len(accounts.totals)} balances follow from their transfers; {len(closings)} closings stand{last}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
