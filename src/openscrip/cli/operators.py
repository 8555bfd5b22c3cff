"""`operators`: who works at the desk, and the links by which they enrol their keys."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of

ROLES = ("operator", "approver", "compliance", "auditor", "admin")
Command = Callable[[str, str, str], ArgumentParser]


def add_operators(command: Command, everywhere: ArgumentParser) -> None:
    """The words and their options."""
    top = command("operators", "who works at the desk: enrol, recover, remove, list", "operators")
    words: _SubParsersAction[Any] = top.add_subparsers(dest="word", metavar="WORD", required=True)

    def word(name: str, what: str) -> ArgumentParser:
        made: ArgumentParser = words.add_parser(name, help=what, description=what, parents=[everywhere], allow_abbrev=False)
        return made

    enrol = word("enrol", "take a person on, or change their roles; tells a link that enrols their first passkey, once")
    enrol.add_argument("name", help="letters, digits, dots and dashes")
    enrol.add_argument("--role", action="append", default=[], choices=ROLES, required=True, help="may be given several times")
    enrol.add_argument(
        "--wallet", action="append", default=[], metavar="CHAIN:ADDRESS", help="may sign in with this wallet, too"
    )
    recover = word("recover", "a link for who lost every key; it opens when two other persons approved it at the desk")
    recover.add_argument("name", help="who lost their keys")
    remove = word("remove", "let a person go: their sessions and keys end at once")
    remove.add_argument("name", help="who goes")
    remove.add_argument("--reason", required=True, help="why")
    word("list", "everybody, with roles and how many keys they have")


def operators(asked: Namespace, voice: Voice) -> int:
    """Do what was asked, in the books of the data folder."""
    import re  # noqa: PLC0415

    from openscrip.bootstrap.operators import operator_desk  # noqa: PLC0415
    from openscrip.kernel.errors import Malformed  # noqa: PLC0415

    name = getattr(asked, "name", "-")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}|-", name) or any(
        ":" not in each for each in getattr(asked, "wallet", ())
    ):
        raise Malformed("operator.name", "operator: a name is letters, digits, dots and dashes; a wallet is CHAIN:ADDRESS")
    with operator_desk(settings_of(asked)) as desk:
        if asked.word == "list":
            lines = desk.lines()
            rows = [(each.name, ", ".join(each.roles), ", ".join(each.wallets), str(each.keys), each.state) for each in lines]
            told = table(("name", "roles", "wallets", "keys", ""), rows) if rows else "Nobody is at the desk."
            voice.result([asdict(each) for each in lines], told)
        elif asked.word == "remove":
            desk.remove(name, asked.reason)
            voice.result({"removed": name}, f"{name} is no longer at the desk.")
        elif asked.word == "recover":
            link = desk.recover(name)
            voice.result({"link": link}, f"When two other persons have approved it at the desk, {name} opens, once:\n{link}")
        else:
            link = desk.enrol(name, asked.role, asked.wallet)
            said = (
                f"{name} enrols a passkey here, once, within a day:\n{link}"
                if link
                else f"{name} has new roles and a key already."
            )
            voice.result({"link": link}, said)
    return 0
