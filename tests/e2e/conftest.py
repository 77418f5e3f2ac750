import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import AS_OBS, browsing
from tests.e2e.program import ENGLISH_ONLY, Server, environment, make_key, run_keys
from tests.e2e.websocket_targets import Ability, Target
from tests.servers.deployment import Deployed, deploy
from tests.servers.emulator import Emulator
from tests.servers.redis_server import RedisServer

_REQUEST_TIMEOUT_S = 60


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program, started once for all tests, ended as Ctrl-C ends it."""
    shared = Server(tmp_path_factory.mktemp("server"))
    shared.start()
    yield shared
    assert shared.stop() == 0, shared.log


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, timeout=_REQUEST_TIMEOUT_S) as shared:
        yield shared


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: Playwright's event loop runs in this thread, where other tests have theirs."""
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def obs() -> Iterator[Browser]:
    """OBS's browser: the same, but a page may sound by itself."""
    with browsing(AS_OBS) as started:
        yield started


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that one test may stop, kill and start again."""
    own = Server(tmp_path_factory.mktemp("own-server"), **ENGLISH_ONLY)
    own.start()
    yield own
    own.kill()


@pytest.fixture(scope="module")
def clean_log(server: Server) -> Iterator[None]:
    """Whatever this module sends, the server logs no traceback."""
    start = len(server.log)
    yield
    assert "Traceback" not in server.log[start:]


@pytest.fixture
def still_serving(client: httpx.Client) -> Iterator[None]:
    """After the test, a good request is answered as if nothing had happened."""
    yield
    assert client.post("/v1/audio/speech", json={"model": "auto", "input": "hello"}).status_code == 200


@pytest.fixture(scope="session", params=["local", pytest.param("emulator", marks=pytest.mark.aws)])
def target(request: pytest.FixtureRequest) -> Target:
    """The WebSocket API, as our gateway and as an emulator of AWS serves it."""
    target: Target = request.getfixturevalue(f"{request.param}_target")
    return target


@pytest.fixture(scope="session")
def local_target(server: Server) -> Target:
    url = f"{server.base_url.replace('http', 'ws', 1)}/ws"
    return Target(url, server.home, environment(server.home), key=make_key(server.home))


@dataclass(frozen=True)
class OnEmulator:
    """``template.yaml``, deployed. Its functions are processes that have Redis, queues and a bucket in common.

    Attributes:
        environment: what ``danmu-tts keys`` needs to reach its keys, run in ``home``.
        key: an API key that may do everything.
    """

    emulator: Emulator
    deployed: Deployed
    home: Path
    environment: Mapping[str, str]
    key: str


@pytest.fixture(scope="session")
def on_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnEmulator]:
    home = tmp_path_factory.mktemp("operator")
    with (
        Emulator(tmp_path_factory.mktemp("emulator")) as emulator,
        RedisServer(tmp_path_factory.mktemp("emulator-redis")) as redis,
    ):
        deployed = deploy(emulator, redis_url=redis.url)
        ours = environment(home, **emulator.environment, DANMU_TTS_S3__BUCKET=deployed.bucket)
        yield OnEmulator(emulator, deployed, home, ours, run_keys(home, ours, "create", "test", "--scope", "admin"))
        assert "Traceback" not in emulator.log_of("danmu-tts-Logs")


@pytest.fixture(scope="session")
def emulator_target(on_emulator: OnEmulator) -> Target:
    target = Target(
        on_emulator.deployed.websocket_url,
        on_emulator.home,
        on_emulator.environment,
        key=run_keys(on_emulator.home, on_emulator.environment, "create", "test"),
        lacks=frozenset(Ability),
        unauthorized_status=500,
        refused_status=403,
        crowd=4,
    )
    asyncio.run(_start_two_processes(target))
    return target


async def _start_two_processes(target: Target) -> None:
    """So that no test has to wait for the second one while the first one speaks."""

    async def ping() -> None:
        async with target.line() as line:
            assert await line.is_quiet()

    await asyncio.gather(ping(), ping())
