"""The HTTP face of a paper process: strict JSON in, errors as {"code", "text"}, one ready line, a clean end."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NoReturn, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.paper import PaperParty, refuse_clock_beyond
from openscrip.assets.wire import to_json
from openscrip.kernel.clock import LiveClock, instant
from openscrip.kernel.errors import Malformed, Refused, Unavailable

BODY_BYTES_MAX = 64 * 1024
EVENTS_MAX = 1000
PARENT_CHECK_S = 0.5
_INTEGER_MAX = 2**63 - 1

Endpoint = Callable[[Request], Awaitable[Response]]


def post(path: str, act: Callable[[Mapping[str, str], object], object]) -> Route:
    """A route that answers what `act` gives for path parameters and JSON body."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse(act(request.path_params, await read_json(request)))

    return Route(path, endpoint, methods=["POST"])


def get(path: str, answer: Callable[[Mapping[str, str], Mapping[str, str]], object]) -> Route:
    """A route that answers from path and query parameters."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse(answer(request.path_params, request.query_params))

    return Route(path, endpoint, methods=["GET"])


def application(routes: list[Route]) -> Starlette:
    """The routes, with refusals answered as 400, 404 or 409 and an absent counterparty as 503."""
    return Starlette(
        routes=routes,
        exception_handlers={
            Malformed: _answer_refused,
            Refused: _answer_refused,
            Unavailable: _answer_unavailable,
            ClientDisconnect: _answer_nobody,
            404: _answer_no_route,
            405: _answer_no_route,
        },
    )


class Numbered(Protocol):
    """Whoever numbers events from 1."""

    @property
    def last_event(self) -> int:
        """The number of the newest event, 0 before the first."""
        ...

    def events(self, after: int, limit: int) -> Sequence[Any]:
        """Up to `limit` events numbered above `after`."""
        ...


def event_page(core: Numbered, query: Mapping[str, str]) -> dict[str, object]:
    """`{"events": [...], "last": N}`: up to `limit` (1000) events above `after` (0)."""
    after, limit = query_integer(query, "after", 0), query_integer(query, "limit", EVENTS_MAX)
    events = core.events(after, min(limit, EVENTS_MAX))
    return {"events": [to_json(each) for each in events], "last": core.last_event}


def clock_state(core: PaperParty[Any]) -> dict[str, object]:
    """Market time, and the next instant at which something happens by itself."""
    return {"now": core.now, "next_due": core.next_due()}


def calendar_day(calendar: Calendar, query: Mapping[str, str]) -> dict[str, object]:
    """The facts of one New York date."""
    try:
        day = date.fromisoformat(query.get("day", ""))
    except ValueError as error:
        raise Malformed("calendar.day", "calendar: day was not a date such as 2024-06-03") from error
    session = calendar.session(day)
    return {
        "day": day.isoformat(),
        "open": None if session is None else session.open_at,
        "close": None if session is None else session.close_at,
        "half_day": session is not None and session.half_day,
        "settlement_day": calendar.is_settlement_day(day),
        "next_session": calendar.next_session(day).day.isoformat(),
        "settle": calendar.settle(day).isoformat(),
    }


def query_integer(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number from the query. Raises `Malformed("query.integer")`."""
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Malformed("query.integer", f"query: {name} was {text!r:.40}, not a whole number")
    return int(text)


def process_arguments(name: str) -> argparse.ArgumentParser:
    """The arguments that all paper processes share."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of this process's own store")
    parser.add_argument("--start-time", default="2024-06-03T12:00:00Z", help="market time of a new store")
    parser.add_argument("--live", action="store_true", help="market time is the wall clock")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    return parser


def start_time(arguments: argparse.Namespace) -> int:
    """Market time of a new store: the wall clock when live, else UTC seconds or an ISO 8601 instant.

    Raises `Malformed("clock.start")`, or `clock.range`.
    """
    text: str = arguments.start_time
    try:
        at = int(text) if text.isdigit() else instant(text)
    except ValueError as error:
        raise Malformed("clock.start", f"clock: start time {text!r:.40} was not UTC seconds or an instant") from error
    at = LiveClock().now() if arguments.live else at
    refuse_clock_beyond(new_york_calendar(), at)
    return at


Beside = Callable[[], AbstractAsyncContextManager[Mapping[str, object]]]
"""What runs beside the HTTP face in the same loop; it gives what the ready line tells of it."""


@asynccontextmanager
async def _nothing() -> AsyncIterator[Mapping[str, object]]:
    yield {}


def serve(app: Starlette, name: str, arguments: argparse.Namespace, beside: Beside = _nothing) -> None:
    """Listen on 127.0.0.1, print the ready line, serve until SIGTERM or SIGINT."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", arguments.port))
    door.listen(128)
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    if arguments.die_with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=2)
    server = _Server(config)

    async def both() -> None:
        async with beside() as more:
            sys.stdout.write(json.dumps({"ready": name, "url": url, **more, "pid": os.getpid()}) + "\n")
            sys.stdout.flush()
            await server.serve(sockets=[door])

    with server.capture_signals(), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(both())


def run(main: Callable[[], None]) -> None:
    """Run a process: what refuses to start says so in one line and ends with exit code 3."""
    try:
        main()
    except Refused as refusal:
        sys.stderr.write(f"{refusal.text}\n")
        sys.exit(3)


class _Server(uvicorn.Server):
    """Ends with exit code 0 on SIGTERM; uvicorn would raise the signal again and skip what comes after."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the loop on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def _end_with_parent(parent: int) -> None:
    waiting = threading.Event()
    while os.getppid() == parent:
        waiting.wait(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)


async def read_json(request: Request) -> object:
    """The JSON body of a request, None without one. Raises `Malformed`."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Malformed("body.size", f"body: it was longer than {BODY_BYTES_MAX} bytes")
    if not body:
        return None
    try:
        return json.loads(bytes(body), parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError) as error:
        raise Malformed("body.json", "body: it was not JSON") from error


def _no_float(text: str) -> NoReturn:
    raise Malformed("body.number", f"body: {text:.40} was a number with a fraction; send amounts as strings")


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("body.field", "body: a field was given twice")
    return found


async def _answer_refused(_: Request, refusal: Exception) -> Response:
    code, text = getattr(refusal, "code", "internal"), str(refusal)
    absent = code.endswith(".unknown")
    return JSONResponse({"code": code, "text": text}, 400 if isinstance(refusal, Malformed) else 404 if absent else 409)


async def _answer_unavailable(_: Request, error: Exception) -> Response:
    return JSONResponse({"code": "unavailable", "text": str(error)}, 503)


async def _answer_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # whoever asked was gone before the question was whole


async def _answer_no_route(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return JSONResponse({"code": "route.unknown", "text": f"route: {request.method} {request.url.path:.80} is none"}, status)
