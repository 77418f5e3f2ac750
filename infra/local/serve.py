"""Wire the local gateway to the handlers that Lambda calls."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import NoReturn

import typer
from starlette.types import ASGIApp

from infra.local.server import run

_GOODBYE_S = 1.0
_at_the_end: list[Callable[[], None]] = []


def serve(host: str | None, port: int | None) -> NoReturn:
    """Run the service until Ctrl-C and end the process. What is None comes from the settings."""
    from danmu_tts.settings import Settings

    server = Settings().server
    host = host or server.host
    code = run(
        partial(_create_app, host=host),
        host=host,
        port=server.port if port is None else port,
        on_ready=_say_ready,
    )
    if code == 0:
        _say_goodbye()
    for each in _at_the_end:
        each()
    sys.stdout.flush()
    sys.stderr.flush()
    # Whoever was in flight has had his time. An engine's thread would hold the process until its text is spoken.
    os._exit(code)


def _create_app(base_url: str, *, host: str) -> ASGIApp:
    management = _tell_management_url(base_url, host)

    from danmu_tts.bootstrap import container
    from functions.authorizer.handler import handler as authorizer
    from functions.rest_api import handler as rest_api
    from functions.websocket_api import handler as websocket_api
    from infra.local.gateway import GatewayLimits, create_gateway
    from infra.local.replicas import authorization
    from infra.local.websocket_connections import WebSocketLimits
    from infra.local.websocket_gateway import WebSocketApi

    _start_aws()
    built = container()
    ours = built.settings.websocket
    rest_api.load()
    websocket_api.load()
    _poll_queues()
    threading.Thread(target=_preload, name="preload", daemon=True).start()
    return create_gateway(
        rest_api.handler,
        audio_files=built.signed_files,
        limits=GatewayLimits(),
        max_concurrency=built.settings.server.max_concurrency,
        websocket=WebSocketApi(
            websocket_api.handler,
            authorizer=authorizer,
            limits=WebSocketLimits(idle_s=ours.idle_limit_s, duration_s=ours.duration_limit_s),
        ),
        management_authorization=authorization(management),
    )


def _tell_management_url(base_url: str, host: str) -> str:
    """As on AWS, the platform tells the function where its connections are found."""
    from danmu_tts.settings import Settings
    from infra.local.replicas import management_url

    settings = Settings()
    redis = settings.redis.url
    url = management_url(
        base_url,
        host=host,
        given=settings.websocket.management_url,
        redis_url=redis.get_secret_value() if redis else None,
    )
    os.environ["DANMU_TTS_WEBSOCKET__MANAGEMENT_URL"] = url
    return url


def _start_aws() -> None:
    """Where XTTS is on and has no AWS, it gets one of ours, before anything looks for it."""
    from danmu_tts.settings import Settings
    from infra.local import aws

    settings = Settings()
    if not aws.is_needed(settings):
        return
    if settings.xtts.local_url:
        aws.use(settings.xtts.local_url)
        return
    try:
        _at_the_end.append(aws.start(settings).close)
    except ImportError:
        typer.echo("XTTS stays off: its queues on one machine need moto: pip install 'danmu-tts[local]'", err=True)
    except OSError as error:
        why = f"port {settings.xtts.local_port} cannot be used ({error.strerror})"
        typer.echo(f"XTTS stays off: {why}. Set DANMU_TTS_XTTS__LOCAL_PORT.", err=True)


def _poll_queues() -> None:
    """As Lambda does for the two functions that end jobs."""
    from danmu_tts.bootstrap import container
    from danmu_tts.bootstrap.queues import deadlines_receiver, results_receiver
    from functions.job_deadlines.handler import handler as deadlines
    from functions.job_results.handler import handler as results
    from infra.local.queue_poller import QueuePoller

    built = container()
    if "xtts" in built.backends.names:
        QueuePoller("results", results_receiver(built.settings), results).start()
        QueuePoller("deadlines", deadlines_receiver(built.settings), deadlines).start()


def _preload() -> None:
    """Load the voices while the first request is still being typed."""
    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container
    from danmu_tts.domain.errors import DanmuTTSError

    container().readers.reader(room=None, key_id=None).read("")
    process_loop.run(container().delivery.prepare())
    for watched in container().backends.watched.values():
        try:
            process_loop.run(watched.backend.initialize())
        except DanmuTTSError:
            continue  # said by the backend's log; the others still load


def _say_goodbye() -> None:
    """Finish what is being kept and close the connections, if that is quick."""
    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container

    with contextlib.suppress(TimeoutError):
        process_loop.run(asyncio.wait_for(container().close(), _GOODBYE_S))


def _say_ready(base_url: str) -> None:
    typer.echo(
        f"Danmu TTS is ready at {base_url} (API: {base_url}/docs). Ctrl-C stops it. Open it and type a line, or:\n"
        f"  curl {base_url}/v1/audio/speech -H 'content-type: application/json' "
        """-d '{"model": "auto", "voice": "alloy", "input": "Hello, chat!"}' -o hello.mp3"""
    )
