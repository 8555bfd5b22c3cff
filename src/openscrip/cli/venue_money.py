"""`venue-money`: what an operator does with the venue's money; `venue-approver`: the program that holds its second key."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.errors import Malformed

Command = Callable[[str, str, str], ArgumentParser]
DEPOSIT_WORDS, WITHDRAWAL_WORDS = ("assign", "return", "keep"), ("pay", "refuse")


def add_venue_money(command: Command) -> None:
    """The words of both."""
    approver = command("venue-approver", "hold the second key of the venue's money: a program beside the venue", "venue_money")
    approver.add_argument("--port", type=int, default=0, help="where it answers on 127.0.0.1; 0 takes a free port")
    approver.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    money = command(
        "venue-money", "the venue's holdings, and the deposits and withdrawals that wait for a person", "venue_money"
    )
    what = money.add_mutually_exclusive_group()
    what.add_argument("--assign", metavar="DEPOSIT", default="", help="credit a deposit that waits to --account")
    what.add_argument("--return", metavar="DEPOSIT", dest="give_back", default="", help="send a deposit that waits back")
    what.add_argument("--keep", metavar="DEPOSIT", default="", help="leave it where it is, as blocked")
    what.add_argument("--pay", metavar="WITHDRAWAL", default="", help="let a withdrawal under review go")
    what.add_argument("--refuse", metavar="WITHDRAWAL", default="", help="give a withdrawal under review back")
    what.add_argument("--again", metavar="COMMAND", default="", help="try a parked command again, once its cause is mended")
    what.add_argument(
        "--wallet", nargs=2, metavar=("PLACE", "ADDRESS"), help="a wallet, or a sender at the bank, is --account's"
    )
    what.add_argument(
        "--allow", nargs=2, metavar=("PLACE", "ADDRESS"), help="list an address for withdrawals of --account; usable later"
    )
    what.add_argument("--strike", nargs=2, metavar=("PLACE", "ADDRESS"), help="take it off the list of --account at once")
    what.add_argument(
        "--withdraw", nargs=4, metavar=("ASSET", "PLACE", "ADDRESS", "AMOUNT"), help="pay out of --account, once for --request"
    )
    money.add_argument("--account", type=int, default=0, help="the number of a customer's account at the venue")
    money.add_argument("--request", default="", help="a name for the withdrawal: the same name again is the same withdrawal")
    money.add_argument("--by", default="", help="who decides")
    money.add_argument("--why", default="", help="and why")


def venue_approver(asked: Namespace, voice: Voice) -> int:
    """Serve until SIGINT or SIGTERM; the ready line is JSON for whoever started it."""
    from openscrip.bootstrap.venue_money_office import run_approver  # noqa: PLC0415

    del voice
    run_approver(settings_of(asked), asked.port, die_with_parent=asked.die_with_parent)
    return 0


def venue_money(asked: Namespace, voice: Voice) -> int:
    """Show what there is, or decide one thing."""
    from openscrip.bootstrap.venue_money_office import money_office  # noqa: PLC0415

    with money_office(settings_of(asked)) as office:
        told = _decided(asked, office)
        if told is None:
            standing = office.standing()
            voice.result(standing, _shown(standing))
            return 0
        voice.result(told, "\n".join(f"{name}: {value}" for name, value in told.items() if value != ""))
    return 0


def _decided(asked: Namespace, office: Any) -> dict[str, Any] | None:
    named = {"assign": asked.assign, "return": asked.give_back, "keep": asked.keep, "pay": asked.pay, "refuse": asked.refuse}
    word, row = next(((word, row) for word, row in named.items() if row), ("", ""))
    found: dict[str, Any] | None = None
    if word:
        _refuse_nameless(asked)
    if word in DEPOSIT_WORDS:
        found = office.settle(word, row, asked.by, asked.why, asked.account)
    elif word in WITHDRAWAL_WORDS:
        found = office.review(row, asked.by, asked.why, pay=word == "pay")
    elif asked.again:
        found = office.unpark(asked.again)
    elif asked.wallet:
        _refuse_nameless(asked)
        found = office.register_wallet(asked.account, *asked.wallet, f"{asked.by}: {asked.why}")
    elif asked.allow:
        found = office.list_address(asked.account, *asked.allow, asked.why)
    elif asked.strike:
        found = office.strike_address(asked.account, *asked.strike)
    elif asked.withdraw:
        found = office.withdraw(asked.account, asked.request, *asked.withdraw)
    return found


def _refuse_nameless(asked: Namespace) -> None:
    """A decision is somebody's. Raises `Malformed("operator.name")`."""
    if not asked.by or not asked.why:
        raise Malformed("operator.name", "venue-money: a decision needs --by NAME and --why REASON")


def _shown(standing: dict[str, Any]) -> str:
    holdings = [(each["asset"], each["place"], each["booked"], each["leaving"]) for each in standing["holdings"]]
    parts = [table(("asset", "place", "held", "leaving"), holdings)]
    if standing["breaks"]:
        broken = [(each["holding"], each["held"], each["booked"]) for each in standing["breaks"]]
        parts.append(table(("BROKEN", "held", "booked"), broken))
    if standing["parked"]:
        parts.append(table(("parked", "why"), [(each["command"], each["error"]) for each in standing["parked"]]))
    for kind, who in (("deposits", "sender"), ("withdrawals", "to")):
        rows = [
            (each["id"], each["state"], each["asset"], each["place"], each["amount"], each[who], each["rule"])
            for each in standing[kind]
        ]
        if rows:
            parts.append(table((kind, "state", "asset", "place", "amount", who, "rule"), rows))
    return "\n\n".join(parts)
