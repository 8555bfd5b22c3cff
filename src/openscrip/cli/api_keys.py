"""`api-keys`: keys for programs that use the second API in a client's or the desk's name."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from typing import Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of

SCOPES = ("client:read", "client:trade", "webhooks", "desk:read")
Command = Callable[[str, str, str], ArgumentParser]


def add_api_keys(command: Command, everywhere: ArgumentParser) -> None:
    """The words and their options."""
    top = command("api-keys", "keys for programs: make, list, revoke", "api_keys")
    words: _SubParsersAction[Any] = top.add_subparsers(dest="word", metavar="WORD", required=True)

    def word(name: str, what: str) -> ArgumentParser:
        made: ArgumentParser = words.add_parser(name, help=what, description=what, parents=[everywhere], allow_abbrev=False)
        return made

    make = word("make", "a new key, shown once and kept as a hash")
    make.add_argument("owner", help="the client whose things it opens; for desk:read the operator who uses it")
    make.add_argument("--scope", action="append", default=[], choices=SCOPES, required=True, help="may be given several times")
    make.add_argument("--label", default="made at the command line", help="what it is for")
    word("list", "the keys of a client or operator").add_argument("owner", help="whose")
    revoke = word("revoke", "end a key at once")
    revoke.add_argument("id", help="as list tells it")
    revoke.add_argument("--by", required=True, help="who decides")


def api_keys(asked: Namespace, voice: Voice) -> int:
    """Do what was asked, in the books of the data folder."""
    from openscrip.bootstrap.api_keys import key_desk  # noqa: PLC0415
    from openscrip.kernel.clock import iso  # noqa: PLC0415

    with key_desk(settings_of(asked)) as desk:
        if asked.word == "make":
            row, text = desk.make(asked.owner, asked.label, asked.scope)
            said = f"{text}\nIt may {', '.join(row.scopes)} for {row.person}, and is not shown again. Send it as X-API-Key."
            voice.result({"id": row.id, "key": text, "owner": row.person, "scopes": list(row.scopes)}, said)
        elif asked.word == "revoke":
            row = desk.revoke(asked.id, asked.by)
            voice.result({"id": row.id, "state": row.state}, f"{row.id} of {row.person} opens nothing any more.")
        else:
            rows = [(row.id, row.label, ", ".join(row.scopes), iso(row.made_at), row.state) for row in desk.list(asked.owner)]
            told = table(("id", "label", "scopes", "made", ""), rows) if rows else f"{asked.owner} has no keys."
            voice.result([dict(zip(("id", "label", "scopes", "made_at", "state"), row, strict=True)) for row in rows], told)
    return 0
