"""`openscrip`: the command line. Nothing heavy is imported before a command needs it.

Exit codes: 0 well, 1 a failure or a broken check, 2 wrong usage or malformed input, 3 a rule said no.
"""

import sys
from collections.abc import Sequence

from openscrip.cli.arguments import WrongUsage, parser
from openscrip.cli.saying import Voice

USAGE, REFUSED, FAILED, INTERRUPTED = 2, 3, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says. Every failure is one line on standard error, `code: text`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    voice = Voice(as_json="--json" in given)
    try:
        asked = parser().parse_args(given)
        return int(asked.run(asked, voice))
    except WrongUsage as wrong:
        voice.failed("usage", str(wrong))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as error:  # noqa: BLE001  # the last line of defence of a face: one line, never a trace by surprise
        return _failed(voice, error)


def _failed(voice: Voice, error: Exception) -> int:
    from openscrip.kernel.errors import Malformed, Refused, Unavailable  # noqa: PLC0415

    if isinstance(error, Refused):
        voice.failed(error.code, error.text)
        return USAGE if isinstance(error, Malformed) else REFUSED
    if isinstance(error, Unavailable | TimeoutError):
        voice.failed("unavailable", str(error))
        return FAILED
    voice.traced(error)
    voice.failed("internal", f"bug: {type(error).__name__}: {error}")
    return FAILED
