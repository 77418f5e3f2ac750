"""SageMaker's contract: ``GET /ping``, ``POST /invocations``.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gpu_service.bootstrap import Parts, Service
from gpu_service.metrics import OK
from gpu_service.ports import LineError, Samples
from gpu_service.production import Production, start_thread
from gpu_service.speaking import line_of
from gpu_service.tickets import Ticket, names_of
from gpu_service.watch import STUCK_STATUS
from gpu_service.wav import endless_wav_header, pcm16
from gpu_service.web_errors import RequestError, answer_to, from_line, from_validation
from speech_contract.jobs import JobResult, SpeechJob

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 256 * 1024
"""The longest job there can be, each of its characters escaped as JSON may do."""

_LATE_S = 30
"""Who waits for an answer hears of a deadline that is over; if the GPU hangs, not even of that."""


class Invocations:
    """The endpoint's two routes."""

    def __init__(self, service: Service, parts: Parts, production: Production) -> None:
        self._clock = service.clock
        self._metrics = service.metrics
        self._parts = parts
        self._waiting = production.waiting

    async def ping(self, _: Request) -> Response:
        """200 while it is well."""
        health = self._parts.watch.health
        return JSONResponse({"status": health}, 200 if health == "ready" else 503)

    async def invoke(self, request: Request) -> Response:
        """A job in; its result out, or its audio as it is made where that is asked for."""
        job = await _job_of(request)
        audio_type = _audio_type(request.headers.get("accept", ""))
        if audio_type:
            return await self._stream(job, audio_type)
        result = await self._result(job)
        return Response(result.model_dump_json(), media_type="application/json")

    async def _result(self, job: SpeechJob) -> JobResult:
        answer: Future[JobResult] = Future()
        has_room = self._waiting.await_room("direct", timeout_s=0) > 0
        if not has_room or not self._waiting.add([Ticket(job, "direct", answer=answer)]):
            raise RequestError(503, "overloaded", "too many jobs wait already")
        patience_s = (job.expires_at_ms - self._clock.unix_ms()) / 1000 + _LATE_S
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), patience_s)
        except TimeoutError as error:
            raise RequestError(504, "expired", "no answer of the GPU") from error

    async def _stream(self, job: SpeechJob, audio_type: str) -> Response:
        waited_ms = max(0, self._clock.unix_ms() - job.created_at_ms)
        pieces = self._pieces(job)
        try:
            first = await run_in_threadpool(next, pieces, None)
            if first is None:
                raise LineError("failed", "the engine made no sound")
        except LineError as error:
            self._metrics.job_ended("direct", error.reason, waited_ms / 1000)
            raise from_line(error) from error
        self._metrics.job_ended("direct", OK, waited_ms / 1000)
        rate_hz = self._parts.engine.sample_rate_hz
        head = endless_wav_header(rate_hz) if audio_type == "audio/wav" else b""
        media_type = audio_type if head else f"audio/pcm;rate={rate_hz};channels=1"
        return StreamingResponse(_encoded(job, head, first, pieces), media_type=media_type)

    def _pieces(self, job: SpeechJob) -> Generator[Samples, None, None]:
        """Each piece is an inference of its own to the watch. Raises LineError."""
        if job.expires_at_ms <= self._clock.unix_ms():
            raise LineError("expired", "its deadline is over")
        stream = self._parts.engine.stream(line_of(job, self._parts.references))
        try:
            while True:
                with self._parts.watch.inference():
                    piece = next(stream, None)
                if piece is None:
                    return
                yield piece
        finally:
            close = getattr(stream, "close", None)  # an engine that is a generator holds the GPU until then
            if close:
                close()


async def _encoded(
    job: SpeechJob, head: bytes, first: Samples, pieces: Generator[Samples, None, None]
) -> AsyncIterator[bytes]:
    try:
        yield head + pcm16(first)
        while (piece := await run_in_threadpool(next, pieces, None)) is not None:
            yield pcm16(piece)
    except LineError as error:  # the answer has begun: all that is left is to break it off
        _log.warning("a stream broke off: %s", error.reason, extra=names_of(job))
        raise
    finally:
        await asyncio.shield(run_in_threadpool(pieces.close))


async def _job_of(request: Request) -> SpeechJob:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise RequestError(415, "unsupported_media_type", "send a SpeechJob as application/json", "content-type")
    body = bytearray()
    async for some in request.stream():
        body += some
        if len(body) > MOST_BODY_BYTES:
            raise RequestError(413, "too_large", f"no job has more than {MOST_BODY_BYTES} bytes")
    try:
        return SpeechJob.model_validate_json(bytes(body))
    except ValidationError as error:
        raise from_validation(error) from error


def _audio_type(accept: str) -> str | None:
    """The first of the types that it names; None where JSON is as welcome."""
    for one in accept.split(","):
        name = one.split(";")[0].strip().lower()
        if name in ("audio/pcm", "audio/wav"):
            return name
    return None


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - as it is registered
    return answer_to(error)


def make_app(service: Service, parts: Parts, production: Production) -> Starlette:
    """The ASGI application; ``production`` is to be started by whoever runs it."""
    routes = Invocations(service, parts, production)
    return Starlette(
        routes=[
            Route("/ping", routes.ping, methods=["GET"]),
            Route("/invocations", routes.invoke, methods=["POST"]),
        ],
        exception_handlers={RequestError: _failed},
    )


@contextmanager
def started(parts: Parts, production: Production, grace_s: float) -> Iterator[threading.Event]:
    """Production and watch run meanwhile. The event tells of a crash."""
    over, crashed = threading.Event(), threading.Event()

    def end() -> None:
        crashed.set()
        parts.watch.broken()

    start_thread("watch", lambda: parts.watch.run(over), end)
    production.start(end)
    try:
        yield crashed
    finally:
        production.waiting.close()
        production.join(grace_s)
        over.set()


def run_server(service: Service, parts: Parts, production: Production, port: int) -> int:
    """Serve until SIGTERM; the exit status. Requests in progress are answered first."""
    grace_s = service.settings.stop_grace_s
    config = uvicorn.Config(
        make_app(service, parts, production),
        host=service.settings.host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them once more when it is done
        signal.signal(number, lambda *_: None)
    with started(parts, production, grace_s) as crashed:
        uvicorn.Server(config).run()
    return STUCK_STATUS if crashed.is_set() else 0
