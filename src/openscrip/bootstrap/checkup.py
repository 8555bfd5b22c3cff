"""`openscrip doctor`: what this machine and this data folder need to run, each finding with what to do."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from openscrip.assets.compliance.logic import is_installed
from openscrip.bootstrap.broker_line import credentials_of, refuse_other_kind, told_of
from openscrip.bootstrap.financing_books import credit_of
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.places import Places, read_wiring
from openscrip.issuance.nodes.evm import ANVIL
from openscrip.kernel.errors import Refused
from openscrip.runtime.database import DatabaseUnfit, check_database, open_database
from openscrip.runtime.keys import Keystore
from openscrip.runtime.settings import Settings

FOR_DEVELOPMENT = "for development only"
TOOL_S = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `ok` is false where the platform would not run, or not safely."""

    name: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; changes nothing and starts nothing but `anvil --version`."""
    problems = settings.problems()
    found = [Finding("settings", not problems, "; ".join(problems) or "every setting fits")]
    version = ".".join(map(str, sys.version_info[:3]))
    found.append(Finding("python", sys.version_info >= (3, 11), f"{version}; 3.11 or newer is needed"))
    found += _npm_parts()
    found.append(_space(settings))
    found += _keys(settings)
    found.append(_database(settings))
    found += [_broker(settings), _financing(settings), _screening(settings)]
    return found


def _npm_parts() -> list[Finding]:
    try:
        folder = node_modules()
    except Refused as missing:
        return [Finding("npm", False, missing.text)]
    return [Finding("npm", True, "OpenZeppelin contracts found"), _anvil(folder)]


def _anvil(folder: Path) -> Finding:
    try:
        done = subprocess.run([str(folder / ANVIL), "--version"], capture_output=True, text=True, timeout=TOOL_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("anvil", False, f"did not run ({type(error).__name__}); run `make setup`")
    return Finding("anvil", True, done.stdout.splitlines()[0] if done.stdout else "runs")


def _space(settings: Settings) -> Finding:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free_mib = shutil.disk_usage(folder).free >> 20
    least = settings.database.free_mib_min
    return Finding("space", free_mib >= least, f"{free_mib} MiB free where the data lies; at least {least} are needed")


def _keys(settings: Settings) -> list[Finding]:
    """Key files without a passphrase are told, and wrong only for the database of others."""
    places, found = Places(settings.data), []
    folders = {
        "keys": places.keys,
        "vault": settings.data / "vault",
        "wallets": places.wallets,
        "watch keys": places.data / "watch" / "keys",
    }
    for name, folder in folders.items():
        try:
            problems = Keystore(folder).problems() if folder.is_dir() else []
        except Refused as damaged:
            problems = [damaged.text]
        wrong = [problem for problem in problems if FOR_DEVELOPMENT not in problem]
        count = len(list(folder.glob("*.json"))) if folder.is_dir() else 0
        plain = f", {len(problems) - len(wrong)} of them without a passphrase ({FOR_DEVELOPMENT})" if problems else ""
        found.append(Finding(name, not wrong, "; ".join(wrong) or f"{count} key files{plain}"))
    return found


def _database(settings: Settings) -> Finding:
    if not settings.database.url and not (settings.data / "platform" / "store.db").exists():
        return Finding("database", True, "not made yet")
    engine = open_database(settings.database_url)
    try:
        check_database(engine)
    except DatabaseUnfit as unfit:
        return Finding("database", False, str(unfit))
    finally:
        engine.dispose()
    return Finding("database", True, "sound")


def _broker(settings: Settings) -> Finding:
    """What the platform would connect to; a key that could not be used is wrong."""
    told = told_of(settings.broker)
    try:
        if settings.broker.key_file:
            credentials_of(settings.broker)
        if Places(settings.data).wiring.exists():
            refuse_other_kind(settings, read_wiring(Places(settings.data)))
    except Refused as wrong:
        return Finding("broker", False, f"{told}; {wrong.text}")
    return Finding("broker", True, told)


def _financing(settings: Settings) -> Finding:
    """What was agreed with the lender."""
    agreed = settings.financing
    try:
        credit_of(settings)
    except Refused as wrong:
        return Finding("financing", False, wrong.text)
    if not agreed.lender:
        return Finding("financing", True, "no margin: a loan that comes is held for a person")
    terms = f"{agreed.rate_day_bps.count} bp a settlement day, haircut {agreed.haircut_bps.count} bp"
    return Finding("financing", True, f"{agreed.lender} lends up to {agreed.limit_usd} USD, {terms}")


def _screening(settings: Settings) -> Finding:
    """By whose lists and by which judgement names are screened; files that are set and missing are wrong."""
    chosen = settings.compliance
    judged = "logic-v2 beside the plain scorer" if is_installed() else "the plain scorer alone (extra `screening` absent)"
    lists = chosen.publishers or f"the invented ones of the demonstration ({FOR_DEVELOPMENT})"
    missing = [
        path
        for path in (chosen.rules_file, chosen.persona_secrets_file, chosen.sumsub_secrets_file)
        if path and not Path(path).is_file()
    ]
    wrong = f"; missing: {', '.join(missing)}" if missing else ""
    return Finding("screening", not missing, f"names are judged by {judged}; lists: {lists}; regime: {chosen.profile}{wrong}")
