"""A line that another process has spoken: the whole REST handler against the sum of what it cannot do without.

Those parts, measured in the same run: a bare FastAPI and Mangum hop with the same messages, one GET of 20 KB, one
rate limit script, one presigned URL by botocore. Each alone in a loop finds Redis and the processor's caches warm, so
they are also measured one after another in one bare handler.
"""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from fastapi import FastAPI
from mangum import Mangum
from pydantic import SecretStr
from redis.asyncio import Redis
from throttled.rate_limiter.gcra import RedisLimitAtomicActionSpec

from danmu_tts.bootstrap import build
from danmu_tts.observability import configure_logging
from danmu_tts.settings import BudgetSettings, CacheSettings, LoggingSettings, RedisSettings, S3Settings, Settings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from functions.rest_api.routes.speech import NativeSpeechRequest, SpeechAnswer
from infra.local.http_events import HttpRequest, build_event
from tests.builders.fake_backend import FakeBackend
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import BUCKET, ENVIRONMENT, S3Server

_ROUNDS, _CALLS = 7, 300
_CONTEXT: Any = None
_TEXT = "主播唱得好"  # as the fake voice speaks it: 0.4 s, 19 KB of wav


def run(_: list[str]) -> None:
    """Print the parts, their sum, the whole and the ratio; medians of several rounds, in turn."""
    if shutil.which("redis-server") is None:
        print("redis-server is not installed; on Debian and Ubuntu: apt-get install redis-server")
        return
    os.environ.update(ENVIRONMENT)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as redis_folder,
        RedisServer(Path(redis_folder)) as redis,
        S3Server(Path(folder)) as s3,
    ):
        os.environ["AWS_ENDPOINT_URL"] = s3.url
        handler = _handler(Path(folder), redis.url)
        answer = json.loads(handler(_event(), _CONTEXT)["body"])
        answer = json.loads(handler(_event(), _CONTEXT)["body"])
        assert answer["cached"] == "redis", answer
        assert answer["audio"]["url"].startswith(s3.url), answer
        parts = _Parts(redis.url, answer)
        measured: dict[str, list[float]] = {}
        for _round in range(_ROUNDS):
            for name, measure in parts.table.items():
                measured.setdefault(name, []).append(measure())
            measured.setdefault("together", []).append(_timed(lambda: parts.together(_event(), _CONTEXT)))
            measured.setdefault("whole", []).append(_timed(lambda: handler(_event(), _CONTEXT)))
        parts.close()
    medians = {name: median(times) for name, times in measured.items()}
    whole, together = medians.pop("whole"), medians.pop("together")
    for name, seconds in medians.items():
        print(f"{name:28s} {seconds * 1e6:7.0f} us")
    total = sum(medians.values())
    print(f"{'their sum':28s} {total * 1e6:7.0f} us")
    print(f"{'in one bare handler':28s} {together * 1e6:7.0f} us")
    print(
        f"{'the whole handler':28s} {whole * 1e6:7.0f} us: {whole / total:.2f} of the sum, {whole / together:.2f} of it"
    )


def _handler(folder: Path, redis_url: str) -> LambdaAdapter:
    logging = LoggingSettings(level="ERROR")
    configure_logging(logging)
    settings = Settings(
        cache=CacheSettings(tiers=("redis", "s3"), directory=folder / "cache"),
        redis=RedisSettings(url=SecretStr(redis_url)),
        s3=S3Settings(bucket=BUCKET),
        budget=BudgetSettings(file=folder / "spend.sqlite3"),
        logging=logging,
    )
    settings = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"room_requests": 10**9, "room_characters": 0})}
    )
    return LambdaAdapter(create_app(build(settings, backends={"hum": FakeBackend("hum")})))


def _event() -> dict[str, Any]:
    body = json.dumps({"text": _TEXT, "format": "wav", "room": "evening"}).encode()
    headers = [(b"host", b"localhost:8000"), (b"content-type", b"application/json")]
    request = HttpRequest("POST", b"/v1/speech", b"", "1.1", headers, body, "127.0.0.1", "http", 8000)
    return build_event(request, request_id="bench", epoch_ms=0)


class _Parts:
    def __init__(self, redis_url: str, answer: dict[str, Any]) -> None:
        finished = SpeechAnswer.model_validate(answer)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        redis = Redis.from_url(redis_url)
        script = redis.register_script(RedisLimitAtomicActionSpec.SCRIPTS)
        s3 = boto3.client("s3")
        target = {"Bucket": BUCKET, "Key": "audio/hum/ab/0123456789"}

        async def hop(body: NativeSpeechRequest) -> SpeechAnswer:
            return finished

        async def all_parts(body: NativeSpeechRequest) -> SpeechAnswer:
            await redis.get("audio")
            await script(keys=["limit"], args=[0.000001, 10**9, 1])
            s3.generate_presigned_url("get_object", Params=target)
            return finished

        bare, self.together = _bare(hop), _bare(all_parts)
        self._redis = redis
        self.table: dict[str, Callable[[], float]] = {
            "FastAPI and Mangum": lambda: _timed(lambda: bare(_event(), _CONTEXT)),
            "GET of 20 KB": lambda: self._timed_async(lambda: redis.get("audio")),
            "rate limit script": lambda: self._timed_async(lambda: script(keys=["limit"], args=[0.000001, 10**9, 1])),
            "presigned URL": lambda: _timed(lambda: s3.generate_presigned_url("get_object", Params=target)),
        }

        async def fill() -> None:
            await redis.set("audio", bytes(20_000))

        self._loop.run_until_complete(fill())

    def close(self) -> None:
        self._loop.run_until_complete(self._redis.aclose())
        self._loop.close()

    def _timed_async(self, call: Callable[[], Awaitable[object]]) -> float:
        async def many() -> float:
            started = time.perf_counter()
            for _ in range(_CALLS):
                await call()
            return (time.perf_counter() - started) / _CALLS

        return self._loop.run_until_complete(many())


def _bare(endpoint: Callable[..., Any]) -> Callable[[dict[str, Any], Any], Any]:
    """FastAPI and Mangum with one route, on the loop of this thread."""
    app = FastAPI()
    app.post("/v1/speech")(endpoint)
    return Mangum(app, lifespan="off")


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return (time.perf_counter() - started) / _CALLS
