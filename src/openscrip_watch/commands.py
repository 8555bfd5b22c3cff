"""The commands that read files and chains and end: `verify`, `sign-report`. Each returns its exit code."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from openscrip_watch.checks import Check
from openscrip_watch.keys import load_ed25519
from openscrip_watch.refusal import Refusal
from openscrip_watch.report_check import Beside, verify_report
from openscrip_watch.report_document import ROLES, Report
from openscrip_watch.report_signing import sign_report
from openscrip_watch.venue_check import BesideVenue, verify_venue


def add_report_options(to: argparse.ArgumentParser) -> None:
    """What a report is checked with."""
    to.add_argument("--page", type=Path, help="its HTML page (the file beside it of the same name)")
    to.add_argument("--previous", type=Path, help="the report before it, to check the chain of reports")
    to.add_argument("--known-keys", type=Path, help='JSON of the parties\' keys, such as {"auditor NAME": "base64"}')


def add_verify(to: argparse.ArgumentParser) -> None:
    """Options of `verify`."""
    what = to.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, help="JSON file of the watch: check everything from chains and custodians")
    what.add_argument("--report", type=Path, help="a reserve report's JSON file: check it without a network")
    what.add_argument("--venue", help="what a venue says that it owes its customers: a JSON file, or its URL")
    add_report_options(to)
    to.add_argument("--proof", type=Path, help="with --report or --venue: a holder's proof, to check that it was counted")
    to.add_argument("--nodes", type=Path, help='with --venue: JSON of where chains and banks answer, {"evm": {"rpc": URL}}')
    to.add_argument("--json", action="store_true", help="one JSON line")


def add_sign_report(to: argparse.ArgumentParser) -> None:
    """Options of `sign-report`."""
    to.add_argument("--report", type=Path, required=True, help="a reserve report's JSON file; the signature goes into it")
    to.add_argument("--role", choices=ROLES, required=True, help="as whom")
    to.add_argument("--name", default="", help="the signer's name, where the key does not tell it")
    to.add_argument("--key", type=Path, required=True, help="the signer's own key file, mode 0600")
    to.add_argument("--passphrase-file", type=Path, help="opens the key file")
    to.add_argument("--config", type=Path, help="JSON file of the watch: read chains and custodians before signing")
    add_report_options(to)
    to.add_argument("--json", action="store_true", help="one JSON line")


def add_wind_down(to: argparse.ArgumentParser) -> None:
    """Options of `wind-down`."""
    to.add_argument("--config", type=Path, required=True, help="JSON file of the watch: where chains and custodians are")
    to.add_argument("--out", type=Path, required=True, help="folder for the payment lists")
    to.add_argument("--resolvers", type=Path, help="JSON file of the pools and venues to look through")
    to.add_argument("--json", action="store_true", help="one JSON line")


def wind(asked: argparse.Namespace) -> int:
    """Write the payment lists and tell the sums; 0 when they were written."""
    from openscrip_watch.config import load_config  # noqa: PLC0415
    from openscrip_watch.winding.looking import read_venues  # noqa: PLC0415
    from openscrip_watch.winding.wind_down import estate_json, wind_down, write_lists  # noqa: PLC0415

    estates = wind_down(load_config(asked.config), read_venues(asked.resolvers))
    files = write_lists(estates, asked.out)
    sums = [{name: each[name] for name in _SUMS} for each in map(estate_json, estates)]
    if asked.json:
        print(json.dumps({"files": [str(each) for each in files], "stocks": sums}))  # noqa: T201
        return 0
    for each in sums:
        words = "{symbol:8} {held} held, {owed} owed: {paid} to be paid, {apart} held apart, {remainder} left"
        print(words.format(**each) + (" SHORT: everybody gets a part" if each["short"] else ""))  # noqa: T201
    print("\n".join(str(each) for each in files))  # noqa: T201
    return 0


_SUMS = ("symbol", "held", "owed", "paid", "apart", "remainder", "short")


def verify(asked: argparse.Namespace) -> int:
    """0 when every check holds, 1 when one is broken."""
    if asked.venue is not None:
        _refuse_missing(asked.previous, asked.proof, asked.known_keys, asked.nodes)
        beside = BesideVenue(asked.previous, asked.proof, asked.known_keys, asked.nodes)
        return told(verify_venue(asked.venue, beside), as_json=asked.json)
    if asked.report is not None:
        return told(verify_report(asked.report, _beside(asked, asked.proof)), as_json=asked.json)
    from openscrip_watch.config import load_config  # noqa: PLC0415  a report is checked without what reads chains
    from openscrip_watch.verify import verify as verify_all  # noqa: PLC0415

    return told(verify_all(load_config(asked.config)), as_json=asked.json)


def sign(asked: argparse.Namespace) -> int:
    """0 when the report was signed, 1 when a check was broken and it was not."""
    passphrase = asked.passphrase_file.read_text().strip() if asked.passphrase_file else None
    audit = _auditing(asked.config) if asked.config else None
    signed = sign_report(asked.report, asked.role, asked.name, load_ed25519(asked.key, passphrase), _beside(asked, None), audit)
    return told(signed.checks, as_json=asked.json, signed=signed.party.words if signed.party else "")


def _auditing(config: Path) -> Callable[[Report], list[Check]]:
    from openscrip_watch.config import load_config  # noqa: PLC0415
    from openscrip_watch.report_audit import audit_report  # noqa: PLC0415

    found = load_config(config)
    return lambda report: audit_report(report, found)


def told(checks: Sequence[Check], *, as_json: bool, signed: str | None = None) -> int:
    """Say what was checked; 0 when all holds."""
    ok = all(check.ok for check in checks)
    if as_json:
        rows = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
        print(json.dumps({"ok": ok, "checks": rows} | ({} if signed is None else {"signed": signed})))  # noqa: T201
        return 0 if ok else 1
    for check in checks:
        print(f"{'ok    ' if check.ok else 'BROKEN'} {check.name:20} {check.detail}")  # noqa: T201
    if signed is not None:
        print(f"signed as {signed}" if signed else "NOT SIGNED")  # noqa: T201
    return 0 if ok else 1


def _beside(asked: argparse.Namespace, proof: Path | None) -> Beside:
    _refuse_missing(asked.page, asked.previous, proof, asked.known_keys)
    return Beside(asked.page, asked.previous, proof, asked.known_keys)


def _refuse_missing(*paths: Path | None) -> None:
    for each in paths:
        if each is not None and not each.exists():
            raise Refusal("file.missing", f"file: {each} is not there")
