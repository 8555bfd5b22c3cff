"""`verify`, `powers`, `simulate` and `doctor`: the commands that prove and examine."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.settings import Settings

YEARS_MAX = 30
SUBSCRIPTIONS_MAX = 10_000_000


def verify(asked: Namespace, voice: Voice) -> int:
    """Run the watch as a process of its own, and the ledger's own check; 1 if anything was broken.

    Where nothing runs in the data folder, the parts are brought up for it and taken down again. A report is checked by the
    watch alone, from files.
    """
    if asked.report is not None:
        from openscrip.cli.reports import verify_report  # noqa: PLC0415

        return verify_report(asked, voice)
    if asked.venue is not None:
        from openscrip.cli.reports import verify_venue  # noqa: PLC0415

        return verify_venue(asked, voice)
    return with_parts(asked, voice, _verified)


def powers(asked: Namespace, voice: Voice) -> int:
    """Who holds which power, read from chains; 1 if a single key could break I7. Brings the parts up as `verify` does."""
    return with_parts(asked, voice, _powers)


def with_parts(asked: Namespace, voice: Voice, check: Callable[[Settings, Voice], int]) -> int:
    """Do `check` on the parts of a data folder, which are brought up for it where nothing runs."""
    from openscrip.bootstrap.places import Places, read_wiring  # noqa: PLC0415
    from openscrip.bootstrap.stack import Stack  # noqa: PLC0415
    from openscrip.bootstrap.up import market_of, occupied  # noqa: PLC0415

    settings = settings_of(asked)
    places = Places(settings.data)
    read_wiring(places)
    try:
        with occupied(places):
            voice.say(f"Nothing runs in {settings.data}; bringing the parts up to read them ...")
            chosen = market_of(settings, "", "")
            stack = Stack(chosen, places)
            stack.start()
            try:
                return check(chosen, voice)
            finally:
                stack.stop()
    except Refused as refusal:
        if refusal.code != "data.busy":
            raise
    return check(settings, voice)


def _powers(settings: Settings, voice: Voice) -> int:
    from openscrip.bootstrap.places import Places, read_wiring  # noqa: PLC0415
    from openscrip.bootstrap.platform import build_platform  # noqa: PLC0415
    from openscrip.bootstrap.powers import read_powers  # noqa: PLC0415
    from openscrip.bootstrap.up import market_of  # noqa: PLC0415
    from openscrip.issuance.powers import breaks_i7  # noqa: PLC0415

    places = Places(settings.data)
    platform = build_platform(market_of(settings, "", ""), places, read_wiring(places))
    try:
        found = read_powers(platform)
    finally:
        platform.close()
    breaches = breaks_i7(found)
    rows = [(each.name.value, each.chain, each.who, each.needs, each.delay, each.source) for each in found]
    verdict = [f"BROKEN  I7: {each.text}" for each in breaches] or ["No single key could break I7."]
    document = {
        "ok": not breaches,
        "powers": [asdict(each) | {"who": each.who, "needs": each.needs, "delay": each.delay} for each in found],
        "findings": [asdict(each) for each in breaches],
    }
    voice.result(document, "\n".join([table(("power", "chain", "who", "needs", "delay", "where"), rows), "", *verdict]))
    return 1 if breaches else 0


def _verified(settings: Settings, voice: Voice) -> int:
    from openscrip.bootstrap.places import Places  # noqa: PLC0415
    from openscrip.bootstrap.verification import verify as check_all  # noqa: PLC0415
    from openscrip.runtime.database import open_database  # noqa: PLC0415

    voice.say("Reading chains, custodian and ledger ...")
    engine = open_database(settings.database_url)
    try:
        checks = check_all(Places(settings.data).watch_config, engine)
    finally:
        engine.dispose()
    if not voice.as_json:
        for check in checks:
            voice.say(f"{'ok    ' if check.ok else 'BROKEN'}  {check.name:12}  {check.detail}")
    ok = all(check.ok for check in checks)
    broken = ", ".join(check.name for check in checks if not check.ok)
    text = "Every check holds." if ok else f"Broken: {broken}."
    voice.result({"ok": ok, "checks": [asdict(check) for check in checks]}, text)
    return 0 if ok else 1


def simulate(asked: Namespace, voice: Voice) -> int:
    """One seed of the simulation; 1 if an invariant broke."""
    if not 0 < asked.subscriptions <= SUBSCRIPTIONS_MAX:
        raise Malformed("simulate.size", f"simulate: {asked.subscriptions} subscriptions were not 1 to {SUBSCRIPTIONS_MAX}")
    if not 0 <= asked.years <= YEARS_MAX:
        raise Malformed("simulate.years", f"simulate: {asked.years} years were not 0 to {YEARS_MAX}")
    from openscrip.bootstrap import simulated  # noqa: PLC0415

    span = f" over {asked.years} market years" if asked.years else ""
    voice.say(f"Simulating {asked.subscriptions} subscriptions{span} from seed {asked.seed} ...")
    if asked.years:
        result = simulated.simulate_years(
            asked.seed, asked.years * 4, asked.subscriptions, lambda sessions: _progress(voice, sessions, asked.years)
        )
    else:
        result = simulated.simulate(asked.seed, asked.subscriptions)
    told = asdict(result)
    words = "\n".join(f"  {name:14} {value}" for name, value in told.items() if value != "")
    voice.result(told, f"{'Every invariant held.' if result.ok else 'AN INVARIANT BROKE.'}\n{words}")
    return 0 if result.ok else 1


def _progress(voice: Voice, sessions: int, years: int) -> None:
    """A line for each quarter."""
    if sessions % 63 == 0:
        voice.say(f"  {sessions} of {years * 252} sessions")


def doctor(asked: Namespace, voice: Voice) -> int:
    """What is in force and from where, and what is wrong; 1 if anything is."""
    from openscrip.bootstrap.checkup import examine  # noqa: PLC0415

    settings = settings_of(asked)
    findings = examine(settings)
    described = settings.describe()
    ok = all(finding.ok for finding in findings)
    rows = [(each.name, each.value or "-", each.source) for each in described]
    found = [("ok" if each.ok else "WRONG", each.name, each.detail) for each in findings]
    text = "\n\n".join([
        table(("setting", "value", "from"), rows),
        table(("", "looked at", "found"), found),
        "Nothing is wrong." if ok else "Something is wrong: see above.",
    ])  # fmt: skip
    document = {
        "ok": ok,
        "settings": [asdict(each) for each in described],
        "findings": [asdict(each) for each in findings],
    }
    voice.result(document, text)
    return 0 if ok else 1
