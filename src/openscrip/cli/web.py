"""`web`: the pages of a data folder."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.cli.stopping import told_to_stop

Command = Callable[[str, str, str], ArgumentParser]


def add_web(command: Command) -> None:
    """The word and its options."""
    web = command("web", "serve the pages of a running `openscrip up` until interrupted", "web")
    web.add_argument("--port", type=int, default=None, help="on 127.0.0.1; 0 takes a free one (ports.web)")
    web.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")


def web(asked: Namespace, voice: Voice) -> int:
    """Serve until SIGINT or SIGTERM."""
    from openscrip.bootstrap.out_of_reach import keep_out_of_reach  # noqa: PLC0415
    from openscrip.bootstrap.up import market_of  # noqa: PLC0415
    from openscrip.bootstrap.web import serve_web  # noqa: PLC0415
    from openscrip.runtime.logs import set_up_logging  # noqa: PLC0415

    settings = market_of(settings_of(asked), "", "")
    set_up_logging(settings.logs.level, settings.logs.form)
    keep_out_of_reach(settings)
    stop = told_to_stop(with_parent=asked.die_with_parent)
    port = settings.ports.web if asked.port is None else asked.port
    serve_web(settings, port, lambda told: voice.result(told, f"The pages: {told['web']}\nStop with Ctrl-C."), stop)
    return 0
