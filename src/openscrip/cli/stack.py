"""`demo` and `up`: the commands that start the whole stack."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from openscrip.bootstrap.places import Places
from openscrip.bootstrap.up import market_of, occupied, serve
from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.cli.stopping import told_to_stop
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Malformed
from openscrip.runtime.logs import set_up_logging
from openscrip.runtime.pauses import shorten_pauses
from openscrip.runtime.settings import Settings


def demo(asked: Namespace, voice: Voice) -> int:
    """Play the story in a folder that was not used yet."""
    from openscrip.bootstrap.story import START, demonstrate  # noqa: PLC0415

    settings = _unused(settings_of(asked))
    set_up_logging("warning", settings.logs.form)
    voice.say(f"All of this run lies in {settings.data}")
    with occupied(Places(settings.data)):
        told = demonstrate(market_of(settings, "accelerated", START), voice.say)
    told["data"] = str(settings.data)
    voice.result(told, demo_table(told))
    return 0 if told["ok"] else 1


def _unused(settings: Settings) -> Settings:
    """The data folder, or beside what is in it the first `demo-N`: two runs never meet."""
    if not (settings.data / "platform").exists():
        return settings
    number = 2
    while (settings.data / f"demo-{number}").exists():
        number += 1
    return replace(settings, data=settings.data / f"demo-{number}")


def demo_table(told: dict[str, Any]) -> str:
    """The end of the story as a person reads it."""
    stocks = [
        (
            name,
            each["multiplier"],
            each["raw_supply"].get("evm", ""),
            each["raw_supply"].get("solana", ""),
            each["shares_owed"],
            each["shares_settled"],
        )
        for name, each in told["stocks"].items()
    ]
    actions = [
        (each["symbol"], each["event"], each.get("ratio") or f"{each.get('cash_usd')} USD", each["state"])
        for each in told["corporate_actions"]
    ]
    refused = [(each["who"], each["rule"]) for each in told["refused"]]
    checks = [(each["name"], "ok" if each["ok"] else "BROKEN", each["detail"][:100]) for each in told.get("checks", ())]
    redeemed = told["redemptions"]
    return "\n\n".join([
        "",
        table(("token", "multiplier", "raw on EVM", "raw on Solana", "shares owed", "shares in custody"), stocks),
        table(("stock", "corporate action", "terms", "state"), actions),
        table(("refused", "by rule"), refused),
        table(("check", "", "what was found"), checks),
        f"{told['subscriptions']} subscriptions, {redeemed['in_kind']} redemption in kind, {redeemed['cash']} for cash",
        *told["reports"],
        f"{'All is well' if told['ok'] else 'SOMETHING IS WRONG'} after {told['elapsed_s']} s; verify: {told['verify']}",
    ])  # fmt: skip


def up(asked: Namespace, voice: Voice) -> int:
    """Start everything, say where the doors are, run until SIGINT or SIGTERM, stop with all children."""
    if asked.pace < 0:
        raise Malformed("clock.pace", f"clock: a pace of {asked.pace} was below zero")
    try:
        start = iso(instant(asked.start)) if asked.start else ""
    except (ValueError, OverflowError):
        raise Malformed("clock.start", f"clock: {asked.start!a:.40} was not an instant such as 2024-06-03T12:00:00Z") from None
    settings = settings_of(asked)
    if asked.evm_chains:
        settings = replace(settings, evm=replace(settings.evm, local_chains=asked.evm_chains))
    if asked.workers:
        settings = replace(settings, work=replace(settings.work, workers=asked.workers))
    if asked.no_venue:
        settings = replace(settings, venue=replace(settings.venue, up="off"))
    if asked.no_web:
        settings = replace(settings, web=replace(settings.web, up="off"))
    if asked.maker and settings.venue.up != "on":
        raise Malformed("maker.venue", "maker: a market maker needs the venue; leave --no-venue away")
    problems = settings.problems()
    if problems:
        raise Malformed("settings.value", "; ".join(problems))
    set_up_logging(settings.logs.level, settings.logs.form)

    def ready(told: dict[str, Any]) -> None:
        shorten_pauses()
        voice.result(told, doors_text(told))

    symbols = [symbol for symbol in asked.list.split(",") if symbol]
    with occupied(Places(settings.data)):
        chosen = market_of(settings, asked.clock or "", start)
        stop = told_to_stop()
        if not voice.as_json:
            voice.say(f"Starting in {chosen.data} ...")
        serve(chosen, symbols, asked.pace, ready, stop, makers=[symbol for symbol in asked.maker.split(",") if symbol])
    if not voice.as_json:
        voice.say("Stopped.")
    return 0


def doors_text(told: dict[str, Any]) -> str:
    """Where everything answers."""
    market = told["market"]
    doors = "\n".join(f"  {name:11} {url}" for name, url in told["doors"].items())
    listed = ", ".join(told["stocks"]) or "nothing"
    data = Path(told["data"])
    return (
        f"Running. Market time is {market['now']} ({market['clock']}); listed: {listed}.\n{doors}\n"
        f"{_pages_text(told)}In another terminal: openscrip status --data {data}\nStop with Ctrl-C."
    )


def _pages_text(told: dict[str, Any]) -> str:
    """Where to look first, and the links of the practice operators."""
    if "web" not in told["doors"]:
        return ""
    links = "".join(f"  {name:11} {link}\n" for name, link in told.get("operators", {}).items())
    desk = f"Practice operators enrol a passkey here, each once:\n{links}" if links else ""
    return f"\nOpen {told['doors']['web']} in a browser.\n{desk}"
