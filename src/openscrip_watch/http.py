"""The HTTP face of the attestor: strict JSON in, `{"code", "text"}` for what is refused, one thread that judges."""

import asyncio
import json
import logging
import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openscrip_watch import fields
from openscrip_watch.attestor import Watch, read_asked
from openscrip_watch.batch import Answer, Asked
from openscrip_watch.refusal import BadInput, Refusal, Silent

BODY_BYTES_MAX = 64 * 1024
BATCH_MAX = 64
_LOG = logging.getLogger(__name__)
_PATHS = (
    "/v1/mints",
    "/v1/multipliers",
    "/v1/finishes",
    "/v1/cancellations",
    "/v1/transactions",
    "/v1/releases",
    "/v1/payouts",
    "/v1/reports",
)


@dataclass(frozen=True, slots=True)
class Job:
    """Something for the judging thread, and where its answer is awaited."""

    asked: Asked | int
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Answer | Refusal]"

    def resolve(self, answer: Answer | Refusal | BaseException) -> None:
        """Hand the answer back to the waiting request, if it still waits."""
        with suppress(RuntimeError):  # the loop was closed while we were judging
            self.loop.call_soon_threadsafe(self._set, answer)

    def _set(self, answer: Answer | Refusal | BaseException) -> None:
        if self.answer.done():
            return
        if isinstance(answer, BaseException) and not isinstance(answer, Refusal):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class JudgingThread:
    """Takes all waiting requests at once, so that they share one reading and one commit."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)
        self._thread.start()

    async def ask(self, asked: Asked | int) -> Answer | Refusal:
        """The answer to a request, or to a new market time."""
        loop = asyncio.get_running_loop()
        job = Job(asked, loop, loop.create_future())
        self._jobs.put(job)
        return await job.answer

    def stop(self) -> None:
        """Finish what was taken and end."""
        self._jobs.put(None)
        self._thread.join(timeout=20)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            waiting = [job]
            while len(waiting) < BATCH_MAX and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)
                    break
                waiting.append(following)
            self._judge(waiting)
        self._watch.close()

    def _judge(self, jobs: list[Job]) -> None:
        """Clock pushes first come first; requests between two pushes are judged together."""
        together: list[Job] = []
        for job in jobs:
            if isinstance(job.asked, int):
                self._judge_together(together)
                together = []
                self._push(job, job.asked)
            else:
                together.append(job)
        self._judge_together(together)

    def _judge_together(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        try:
            answers = self._watch.answer_all([job.asked for job in jobs if not isinstance(job.asked, int)])
        except Exception as error:  # noqa: BLE001  a bug answers with 500 and leaves nothing half done
            _LOG.exception("attestor: a request was not judged")
            for job in jobs:
                job.resolve(error)
            return
        for job, answer in zip(jobs, answers, strict=True):
            job.resolve(answer)

    def _push(self, job: Job, now: int) -> None:
        try:
            job.resolve({"now": self._watch.push_clock(now), "next_due": None})
        except Refusal as refusal:
            job.resolve(refusal)


def attestor_app(watch: Watch, judging: JudgingThread) -> Starlette:
    """The routes of the attestor."""

    async def ask(request: Request) -> JSONResponse:
        try:
            return _answered(await judging.ask(read_asked(request.url.path, await _read_json(request))))
        except BadInput as refusal:
            return _answered(refusal)

    async def clock(request: Request) -> JSONResponse:
        try:
            body = fields.mapping(await _read_json(request), "body")
            return _answered(await judging.ask(fields.integer(body, "now", 1)))
        except BadInput as refusal:
            return _answered(refusal)

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "name": "attestor", **watch.public()})

    async def time(_: Request) -> JSONResponse:
        return JSONResponse({"now": watch.public()["now"], "next_due": None})

    routes = [Route(path, ask, methods=["POST"]) for path in _PATHS]
    routes += [Route("/v1/clock", clock, methods=["POST"]), Route("/v1/clock", time), Route("/v1/health", health)]
    return Starlette(
        routes=routes, exception_handlers={ClientDisconnect: _nobody, 404: _no_route, 405: _no_route, 500: _broken}
    )


def _answered(answer: Answer | Refusal) -> JSONResponse:
    if not isinstance(answer, Refusal):
        return JSONResponse(answer)
    unready = isinstance(answer, Silent) or answer.code.startswith(("config.", "clock.unset"))
    status = 400 if isinstance(answer, BadInput) else 503 if unready else 409
    return JSONResponse({"code": answer.code, "text": answer.text}, status)


async def _nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # whoever asked was gone before the question was whole


async def _no_route(request: Request, _: Exception) -> JSONResponse:
    text = f"route: {request.method} {request.url.path:.80} is none"
    return JSONResponse({"code": "route.unknown", "text": text}, 404)


async def _broken(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": "internal", "text": f"attestor: {type(error).__name__}"}, 500)


async def _read_json(request: Request) -> Any:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise BadInput("body.size", f"body: it was longer than {BODY_BYTES_MAX} bytes")
    try:
        return json.loads(bytes(body), parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError):
        raise BadInput("body.json", "body: it was not JSON") from None


def _no_float(text: str) -> NoReturn:
    raise BadInput("body.number", f"body: {text:.40} was a number with a fraction; send amounts as strings")


def _no_repetition(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("body.field", "body: a field was given twice")
    return found
