import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from starlette.types import ASGIApp

from infra.local.server import create_server, listen


@contextmanager
def _serving(app: ASGIApp) -> Iterator[str]:
    urls: queue.Queue[str] = queue.Queue()
    server = create_server(app, on_ready=urls.put)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield urls.get(timeout=20)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """Serves an application over real TCP until the module's tests are done, and returns its base URL."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(_serving(app))
