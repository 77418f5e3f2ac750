from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import browsing
from tests.e2e.program import Server

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


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that one test may stop, kill and start again."""
    own = Server(tmp_path_factory.mktemp("own-server"))
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
