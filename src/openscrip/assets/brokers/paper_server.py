"""The paper broker as a process: a FIX 4.2 acceptor or Alpaca's interface, and a back office over HTTP, with one store on disk.

`openscrip paper-broker`, or `python -m openscrip.assets.brokers.paper_server --data DIR`. The ready line on standard
output is one JSON object: `url` of the back office, under which `/alpaca` is Alpaca's interface, and `fix` of the session.
"""

import argparse
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.routing import Route

from openscrip.assets.brokers.alpaca_server import AlpacaAsked, AlpacaFace, AlpacaPaperBroker, answer_of, asked_of
from openscrip.assets.brokers.paper_fix import FixPaperBroker
from openscrip.assets.brokers.paper_margin import PaperCredit
from openscrip.assets.brokers.paper_session import PaperSession, Told, message_of
from openscrip.assets.listings import broker_announcements, daily_closes
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Transfer
from openscrip.assets.paper_http import (
    application,
    calendar_day,
    clock_state,
    event_page,
    get,
    post,
    process_arguments,
    query_integer,
    run,
    serve,
    start_time,
)
from openscrip.assets.paper_log import Command, InputLog, PaperShell
from openscrip.assets.wire import to_json
from openscrip.runtime.pauses import shorten_pauses

NEWS_MAX = 1_000


class Nothing:
    """A command without content."""


BrokerT = TypeVar("BrokerT", FixPaperBroker, AlpacaPaperBroker)
OFFICE_COMMANDS: Mapping[str, Command[Any]] = {
    "deliver": Command(Transfer, lambda core, transfer: core.deliver(transfer)),
    "receive": Command(Transfer, lambda core, transfer: core.receive(transfer)),
    "pay_in": Command(CashIn, lambda core, cash: core.pay_in(cash)),
    "announce": Command(Notice, lambda core, notice: core.announce(notice)),
    "agree": Command(PaperCredit, lambda core, credit: core.agree(credit)),
}
COMMANDS: Mapping[str, Command[FixPaperBroker]] = {
    "fix": Command(Told, lambda core, told: core.take(told), message_of),
    "link_lost": Command(Nothing, lambda core, _: core.lose_link(), lambda body: body),
    **OFFICE_COMMANDS,
}
ALPACA_COMMANDS: Mapping[str, Command[AlpacaPaperBroker]] = {
    "alpaca": Command(AlpacaAsked, answer_of, asked_of),
    **OFFICE_COMMANDS,
}


def broker_app(shell: PaperShell[FixPaperBroker], poke: Callable[[], None] = lambda: None) -> Starlette:
    """The back office beside a FIX session; `poke` says that the session may have something to send."""

    def standing() -> dict[str, object]:
        core = shell.core()
        return {"heard": core.heard, "said": core.said, "news": len(core.news)}

    def news(query: Mapping[str, str]) -> dict[str, object]:
        after, limit = query_integer(query, "after", 0), query_integer(query, "limit", NEWS_MAX)
        found = shell.core().news_after(after, min(limit, NEWS_MAX))
        return {"news": [{"number": number, "said": one.said, "event": to_json(one.event)} for number, one in found]}

    def faults() -> dict[str, object]:
        return {"disputed": shell.core().disputed}

    return application(
        [get("/v1/news", lambda _, query: news(query)), *office_routes(shell, poke, standing, faults)],
    )


def alpaca_app(shell: PaperShell[AlpacaPaperBroker]) -> Starlette:
    """Alpaca's interface, and the back office that custodian and watch speak with."""
    face = AlpacaFace(shell)
    told = office_routes(shell, face.poke, lambda: shell.core().told(), lambda: {"disputed": []})
    return application([face.route(), *told])


def office_routes(
    shell: PaperShell[Any], poke: Callable[[], None], more: Callable[[], Mapping[str, object]],
    doubts: Callable[[], Mapping[str, object]],
) -> list[Route]:  # fmt: skip
    """What every paper broker's back office answers; `more` is how far it told what happened."""

    def standing() -> dict[str, object]:
        return {**clock_state(shell.core()), **more()}

    def positions() -> dict[str, object]:
        core = shell.core()
        return {"positions": [to_json(each) for each in core.positions().values()], "cash": str(core.cash)}

    def done(name: str, body: object) -> dict[str, object]:
        shell.perform(name, body)
        poke()
        return {"done": True}

    def push(body: object) -> dict[str, object]:
        shell.push_clock(body)
        poke()
        return standing()

    def faults() -> dict[str, object]:
        struck = shell.core().switchboard.struck
        return {"struck": [{"switch": name, "case": case} for name, case in struck], **doubts()}

    return [
        get("/v1/events", lambda _, query: event_page(shell.core(), query)),
        get("/v1/positions", lambda *_: positions()),
        post("/v1/deliveries", lambda _, body: to_json(shell.perform("deliver", body))),
        post("/v1/receipts", lambda _, body: to_json(shell.perform("receive", body))),
        post("/v1/deposits", lambda _, body: to_json(shell.perform("pay_in", body))),
        get("/v1/calendar", lambda _, query: calendar_day(shell.core().calendar, query)),
        post("/v1/clock", lambda _, body: push(body)),
        get("/v1/clock", lambda *_: standing()),
        get("/v1/health", lambda *_: {"ok": True, "name": "paper-broker", **standing()}),
        post("/v1/paper/faults", lambda _, body: done("switches", body)),
        get("/v1/paper/faults", lambda *_: faults()),
        post("/v1/paper/notices", lambda _, body: done("announce", body)),
        get("/v1/paper/credit", lambda *_: to_json(shell.core().credit)),
        post("/v1/paper/credit", lambda _, body: done("agree", body)),
    ]


def broker_shell(data: Path, start_at: int, *, live: bool = False, at_once: bool = False) -> PaperShell[FixPaperBroker]:
    """The broker whose store lies in the folder `data`; a new one starts at market time `start_at`."""
    return _shell(FixPaperBroker, COMMANDS, data, start_at, live=live, at_once=at_once)


def alpaca_shell(data: Path, start_at: int, *, live: bool = False, at_once: bool = False) -> PaperShell[AlpacaPaperBroker]:
    """As `broker_shell`, for a broker that speaks as Alpaca."""
    return _shell(AlpacaPaperBroker, ALPACA_COMMANDS, data, start_at, live=live, at_once=at_once)


def _shell(
    made: type[BrokerT], commands: Mapping[str, Command[BrokerT]], data: Path, start_at: int, *, live: bool, at_once: bool
) -> PaperShell[BrokerT]:
    log = InputLog(data / "broker.sqlite")
    started_at = log.started_at(start_at)

    def build() -> BrokerT:
        return made(started_at, daily_closes(), broker_announcements(), at_once=at_once)

    return PaperShell(log, build, commands, live=live)


def arguments_of(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = process_arguments("paper-broker")
    parser.description = "A broker to test against: FIX 4.2 acceptor or Alpaca's interface, HTTP back office, real closes."
    parser.add_argument("--alpaca", action="store_true", help="speak as Alpaca's Broker API under /alpaca instead of FIX")
    parser.add_argument("--fix-port", type=int, default=0, help="port of the FIX session on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--sender", default="PAPERBROKER", help="the broker's CompID (PAPERBROKER)")
    parser.add_argument("--target", default="OPENSCRIP", help="the counterparty's CompID (OPENSCRIP)")
    parser.add_argument("--cancel-on-disconnect", action="store_true", help="cancel open orders when the link is lost")
    parser.add_argument("--at-once", action="store_true", help="fill regular orders when they come, at the last known close")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Read the arguments and serve."""
    arguments = arguments_of(given)
    if arguments.alpaca:
        _serve_alpaca(arguments)
        return
    shell = broker_shell(arguments.data, start_time(arguments), live=arguments.live, at_once=arguments.at_once)
    shell.core()
    session = PaperSession(shell, arguments)

    @asynccontextmanager
    async def beside() -> AsyncIterator[Mapping[str, Any]]:
        shorten_pauses()
        port = await session.listen(arguments.fix_port, lambda: os.kill(os.getpid(), signal.SIGTERM))
        yield {"fix": f"127.0.0.1:{port}", "sender": arguments.sender, "target": arguments.target}
        await session.close()

    serve(broker_app(shell, session.poke), "paper-broker", arguments, beside)
    shell.close()
    session.raise_failure()


def _serve_alpaca(arguments: argparse.Namespace) -> None:
    shell = alpaca_shell(arguments.data, start_time(arguments), live=arguments.live, at_once=arguments.at_once)
    shell.core()
    serve(alpaca_app(shell), "paper-broker", arguments)
    shell.close()


if __name__ == "__main__":
    run(main)
