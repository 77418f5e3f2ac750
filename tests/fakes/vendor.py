"""What all fake vendors share: a server in a thread of its own, its faults, and what it was asked."""

import asyncio
import socket
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.fakes.connection import for_ever, hang_up, reset_connection
from tests.fakes.speech import Speech, piper_speech

MAX_BODY_BYTES = 16 * 1024 * 1024

# A handler that waits for ever is given this long to notice that the server stops, twice.
_SHUTDOWN_TIMEOUT_S = 0.01


class Fault(StrEnum):
    """What goes wrong with every request until it is set back, but for ``FORBIDDEN_ONCE``, which sets itself back."""

    NONE = "none"
    SLOW = "slow"
    """The first audio comes ``delay_s`` late."""
    SILENT = "silent"
    """Success, properly ended, without any audio."""
    STALLED = "stalled"
    """A quarter of the audio, then nothing for ever."""
    MUTE_FOR_EVER = "mute for ever"
    """The request is accepted and never answered."""
    TRUNCATED = "truncated"
    """Half of the audio, then the connection ends in the middle of the protocol."""
    CUT_SHORT = "cut short"
    """A quarter of the audio, then the protocol's proper end."""
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN_ONCE = "forbidden once"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate limited"
    """429 with ``Retry-After``."""
    BAD_INPUT = "bad input"
    VOICE_GONE = "voice gone"
    """What the vendor says of a voice that it does not have."""
    SERVER_ERROR = "server error"
    RESET = "reset"
    """TCP RST instead of an answer."""
    GARBAGE = "garbage"
    """Success, and a web page (over a WebSocket: bytes that are no audio) where the audio should be."""
    GARBAGE_AUDIO_TYPE = "garbage audio type"
    """Success, and bytes that are no audio but are called audio."""


REFUSAL_STATUS = {
    Fault.BAD_INPUT: 400,
    Fault.VOICE_GONE: 400,
    Fault.UNAUTHORIZED: 401,
    Fault.FORBIDDEN: 403,
    Fault.FORBIDDEN_ONCE: 403,
    Fault.RATE_LIMITED: 429,
    Fault.SERVER_ERROR: 503,
}


WEB_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome to the hotel</h1></body></html>"


@dataclass(frozen=True)
class Received:
    """One synthesis request, as the vendor understands it. What it does not say is empty."""

    text: str = ""
    """What would be pronounced."""
    voice: str = ""
    """The short name, also where the request has Microsoft's long one."""
    rate: str = ""
    pitch: str = ""
    volume: str = ""
    style: str = ""
    instructions: str = ""
    model: str = ""
    output_format: str = ""
    raw: str = ""
    """The body as it came."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    malformed: bool = False
    """It was refused as no well-formed request of this vendor's."""


class LocalServer:
    """An aiohttp application on a free port of the loopback interface, with an event loop and a thread of its own.

    Faults may be set from any thread at any time; a request obeys the one that is set when it comes in.
    """

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.delay_s = 0.0
        self.retry_after_s = 1.0
        self.requests = 0
        self.connections = 0
        self._arrived = threading.Condition()
        self._open: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._counted: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._port: Future[int] = Future()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port.result()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it accepts connections."""
        assert self._thread is None, "already started"
        self._port = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=type(self).__name__)
        self._thread.start()
        self._port.result()

    def stop(self) -> None:
        """Drop what is open and return when the port is closed. Harmless when it does not run."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop and self._stopping:
            self._loop.call_soon_threadsafe(self._stopping.set)
        thread.join()

    def wait_for_requests(self, number: int, timeout_s: float = 10) -> None:
        """Return once so many synthesis requests came in."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.requests >= number, timeout_s), f"{self.requests} came in"

    def reset(self) -> None:
        """Forget every fault and every request."""
        self.fault = Fault.NONE
        self.delay_s = 0.0
        self.retry_after_s = 1.0
        self.requests = 0
        self.connections = 0
        self._counted.clear()

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        raise NotImplementedError

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.add_routes(self._routes())
        runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            # A handler ends with its client's connection: none is left behind by a client that gave up.
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
        )
        try:
            await runner.setup()
            listener = socket.create_server(("127.0.0.1", 0))
            await web.SockSite(runner, listener).start()
            self._port.set_result(listener.getsockname()[1])
            await self._stopping.wait()
            # A connection that is half accepted when its server closes would stay open without an owner.
            self._loop.remove_reader(listener)
            await _let_callbacks_run()
        except OSError as error:
            self._port.set_exception(error)
        finally:
            await runner.cleanup()
            # What a client did not read yet would keep its connection open.
            for transport in list(self._open):
                transport.abort()
            await _let_callbacks_run()

    def count(self, request: web.Request) -> None:
        """A synthesis request came in, and perhaps its connection with it."""
        self.count_connection(request)
        self.count_request()

    def count_request(self) -> None:
        """A synthesis request came in on a connection that is counted."""
        with self._arrived:
            self.requests += 1
            self._arrived.notify_all()

    def count_connection(self, request: web.Request) -> None:
        transport = request.transport
        if transport is not None and transport not in self._counted:
            self._open.add(transport)
            self._counted.add(transport)
            self.connections += 1

    def take_fault(self) -> Fault:
        fault = self.fault
        if fault is Fault.FORBIDDEN_ONCE:
            self.fault = Fault.NONE
        return fault

    def retry_after_headers(self, fault: Fault) -> dict[str, str]:
        return {"Retry-After": f"{self.retry_after_s:g}"} if fault is Fault.RATE_LIMITED else {}

    async def hold_back(self, request: web.Request, fault: Fault) -> None:
        """Everything that goes wrong before the first byte of an answer."""
        if fault is Fault.RESET:
            await reset_connection(request)
        if fault is Fault.MUTE_FOR_EVER:
            await for_ever()
        if fault is Fault.SLOW:
            await asyncio.sleep(self.delay_s)


class VendorServer(LocalServer):
    """A vendor of speech.

    Args:
        speech: text and tempo to what is said; ``tests.fakes.speech.hum`` where the words do not matter.
    """

    def __init__(self, speech: Callable[[str, float], Speech] = piper_speech) -> None:
        super().__init__()
        self.speech = speech
        self.voices_fault = Fault.NONE
        self.received: list[Received] = []
        self.voice_list_requests = 0

    def reset(self) -> None:
        super().reset()
        self.voices_fault = Fault.NONE
        self.received.clear()
        self.voice_list_requests = 0

    async def speak(self, text: str, tempo: float) -> Speech:
        # In a thread: the engine takes its time, and other requests are answered meanwhile.
        return await asyncio.get_running_loop().run_in_executor(None, self.speech, text, tempo)

    async def list_voices(self, request: web.Request, voices: object) -> web.StreamResponse:
        """Answer with a list of voices, or as ``voices_fault`` says."""
        self.voice_list_requests += 1
        fault = self.voices_fault
        if fault is Fault.FORBIDDEN_ONCE:
            self.voices_fault = Fault.NONE
        await self.hold_back(request, fault)
        if status := REFUSAL_STATUS.get(fault):
            return self._refuse_voices(status, fault)
        if fault in (Fault.GARBAGE, Fault.GARBAGE_AUDIO_TYPE):
            return web.Response(text=WEB_PAGE, content_type="text/html")
        if fault is Fault.SILENT:
            return web.json_response([] if isinstance(voices, list) else {})
        answer = web.json_response(voices)
        if fault in (Fault.TRUNCATED, Fault.STALLED, Fault.CUT_SHORT):
            return await send_part_of(request, answer, fault)
        return answer

    def _refuse_voices(self, status: int, fault: Fault) -> web.Response:
        return web.Response(status=status, headers=self.retry_after_headers(fault))


async def _let_callbacks_run() -> None:
    """A connection that is being accepted or closed takes a few turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


async def send_part_of(request: web.Request, answer: web.Response, fault: Fault) -> web.StreamResponse:
    """Send less of a complete answer than it has; ``CUT_SHORT`` says so in its length, the others break off."""
    body = answer.body
    assert isinstance(body, bytes)
    if fault is Fault.CUT_SHORT:
        return web.Response(body=body[: len(body) // 4], content_type=answer.content_type)
    part = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Length": str(len(body))})
    await part.prepare(request)
    await part.write(body[: len(body) // 2])
    if fault is Fault.STALLED:
        await for_ever()
    return await hang_up(request)
