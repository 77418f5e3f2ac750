"""The local gateway's server in a thread of the test's process."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from infra.local.server import create_server, listen


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application over real TCP; its base URL."""
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
