"""The words of `compliance`; nothing heavy is imported for them."""

from argparse import ArgumentParser
from pathlib import Path


def add_compliance(to: ArgumentParser, everywhere: ArgumentParser) -> None:
    """The words of `compliance`."""
    to.set_defaults(what="status")
    commands = to.add_subparsers(title="what", metavar="WHAT", dest="what")

    def command(name: str, help_text: str) -> ArgumentParser:
        return commands.add_parser(name, help=help_text, description=help_text, parents=[everywhere], allow_abbrev=False)

    command("status", "what waits for a person; 1 while anything does")
    cases = command("cases", "cases, open ones or all")
    cases.add_argument("--all", action="store_true", help="closed ones too")
    cases.add_argument("--client", default="", help="only those of one client")
    decide = command("decide", "one person's word on a case; the second release by somebody else closes it")
    decide.add_argument("id", help="of the case")
    word = decide.add_mutually_exclusive_group(required=True)
    word.add_argument("--release", dest="word", action="store_const", const="release", help="let go on what waits for it")
    word.add_argument("--confirm", dest="word", action="store_const", const="confirm", help="it is so; what waits stays")
    _add_signed(decide)
    persons = command("persons", "what rules and lists say of each client")
    persons.add_argument("--state", choices=("clear", "review", "refused"), default="", help="only those")
    person = command("person", "all that was recorded of one client, without their particulars")
    person.add_argument("id", help="of the client")
    person.add_argument("--reveal", action="store_true", help="show the particulars; who saw them, and why, is recorded")
    person.add_argument("--by", default="", help="with --reveal: who asks")
    person.add_argument("--reason", default="", help="with --reveal: why")
    command("lists", "every publication of sanctions lists that came")
    load = command("load", "load a publication; everybody is screened anew where it changed")
    load.add_argument("publisher", help="such as ofac-sdn, ofac-consolidated or own")
    load.add_argument("files", nargs="+", type=Path, help="its files, such as sdn.xml, or sdn.csv alt.csv add.csv")
    accept = command("accept-list", "put a list in force that was stopped because it shrank")
    accept.add_argument("id", help="of the publication")
    _add_signed(accept)
    command("rescreen", "wait until everybody was screened by the rules and lists in force, telling how far it is")
    command("rules", "the rules and the regime in force")
    command("rotate-key", "make a new key for personal data; it seals when the platform starts again")
    command("reseal", "seal everything personal under the newest key")


def _add_signed(to: ArgumentParser) -> None:
    to.add_argument("--by", required=True, help="who decides")
    to.add_argument("--reason", required=True, help="why")
