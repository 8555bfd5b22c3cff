"""The paper broker speaking as Alpaca, inside its process: the vendor's interface under `/alpaca`, beside the back office.

What changes anything is in the same log as everything else, so that orders, events and their numbers are there again after
any crash. The failures of the interface itself (`AlpacaPaper.faults`) are for tests that hold one in a thread.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from openscrip.assets.brokers.alpaca_paper import AlpacaPaper
from openscrip.assets.brokers.alpaca_shapes import HEARTBEAT_S, AlpacaStreamLog, error
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import Calendar
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Closes
from openscrip.assets.paper_http import read_json
from openscrip.assets.paper_log import PaperShell
from openscrip.assets.paper_rest import Answer, Asked, written
from openscrip.kernel.errors import Malformed

ROOT = "/alpaca"
STREAMS = {"/v1/events/trades": "trades", "/v1/events/nta": "activities"}
"""Where each stream is, and which log it tells."""
FIELDS_MAX, TEXT_MAX = 30, 200


class AlpacaPaperBroker(PaperBroker):
    """The paper market, and Alpaca's interface to it as `alpaca`."""

    def __init__(
        self,
        start_at: int,
        closes: Closes,
        notices: Iterable[Notice],
        calendar: Calendar | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        super().__init__(start_at, closes, notices, calendar, at_once=at_once)
        self.alpaca = AlpacaPaper(self)

    def told(self) -> dict[str, str]:
        """The id of the newest event of each stream."""
        self.alpaca.hear()
        return {"trades": self.alpaca.trades.last_id, "nta": self.alpaca.activities.last_id}


@dataclass(frozen=True, slots=True)
class AlpacaAsked:
    """A call that changes something, as it stands in the log."""

    method: str
    path: str
    body: Mapping[str, str | bool]


def asked_of(body: object) -> AlpacaAsked:
    """The call in a logged body. Raises `Malformed("body.field")`: what is logged can always be done again."""
    told = body if isinstance(body, dict) else {}
    fields = told.get("body")
    if not isinstance(fields, dict) or len(fields) > FIELDS_MAX or not all(map(_is_plain, fields.values())):
        raise Malformed("body.field", "body: a field was neither a short text nor true or false")
    return AlpacaAsked(str(told.get("method")), str(told.get("path")), fields)


def _is_plain(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and len(value) <= TEXT_MAX)


def answer_of(core: AlpacaPaperBroker, asked: AlpacaAsked, query: Mapping[str, str] | None = None) -> Answer:
    """What Alpaca answers to a call."""
    core.alpaca.hear()
    for method, path, act in core.alpaca.routes():
        match = re.fullmatch(path, asked.path)
        if match is not None and method == asked.method:
            return act(Asked(method, asked.path, match.groupdict(), query or {}, {}, dict(asked.body)))
    return error(404, 40410000, "endpoint not found.")


class AlpacaFace:
    """Alpaca's interface over HTTP in the process's own loop; `poke` tells the streams that there may be news."""

    def __init__(self, shell: PaperShell[AlpacaPaperBroker]) -> None:
        self._shell = shell
        self._changed = asyncio.Event()

    def route(self) -> Route:
        """Everything under `/alpaca`."""
        return Route(ROOT + "{path:path}", self._serve, methods=["GET", "POST", "DELETE"])

    def poke(self) -> None:
        """Something may have happened."""
        before, self._changed = self._changed, asyncio.Event()
        before.set()

    async def _serve(self, request: Request) -> Response:
        path = str(request.path_params["path"])
        if request.method == "GET" and path in STREAMS:
            stream = self._follow(STREAMS[path], request.query_params.get("since_id", ""))
            return StreamingResponse(stream, media_type="text/event-stream", headers={"Connection": "close"})
        if request.method == "GET":
            answer = answer_of(self._shell.core(), AlpacaAsked("GET", path, {}), request.query_params)
        else:
            answer = await self._changing(request, path)
        content = b"" if answer.document is None else written(answer.document)
        return Response(content, answer.status, dict(answer.headers), "application/json")

    async def _changing(self, request: Request, path: str) -> Answer:
        try:
            body = {"method": request.method, "path": path, "body": await read_json(request) or {}}
            answer = self._shell.perform("alpaca", body)
        except Malformed:
            return error(400, 40010000, "request body format is invalid")
        self.poke()
        if not isinstance(answer, Answer):
            raise TypeError(f"paper Alpaca: {path:.80} was answered with {type(answer).__name__}")
        return answer

    async def _follow(self, name: str, since: str) -> AsyncIterator[bytes]:
        """Everything from `since` on (which comes again), as a stream without an end."""
        yield b": you are connected\n\n"
        place = self._log(name).place_of(since)
        while True:
            changed = self._changed
            documents = self._log(name).documents
            for document in documents[place:]:
                yield b"data: " + written(document) + b"\n\n"
            if len(documents) == place:
                yield b": heartbeat\n\n"
            place = len(documents)
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()

    def _log(self, name: str) -> AlpacaStreamLog:
        core = self._shell.core()
        core.alpaca.hear()
        log: AlpacaStreamLog = getattr(core.alpaca, name)
        return log
