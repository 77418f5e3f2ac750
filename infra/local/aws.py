"""SQS and S3 of our own, as long as nobody names others: what XTTS needs on one machine."""

import logging
import os
import signal
import socket
import threading

import typer

from danmu_tts.bootstrap.queues import Keeper
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.settings import Settings

logger = get_logger("gateway")

BUCKET = "danmu-tts"
_KEEP_EVERY_S = 2.0
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Opens nothing: it is checked by nobody. A worker on this machine is given the same."""


def is_needed(settings: Settings) -> bool:
    """Whether XTTS is on, and no AWS is named for its queues or its bucket."""
    named = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_S3")
    has_bucket = settings.xtts.bucket or settings.s3.bucket
    return settings.xtts.enabled and not has_bucket and not any(os.environ.get(name) for name in named)


class LocalAws:
    """The two of them, while they run."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def start(self) -> None:
        """Have what was kept before, and keep what changes."""
        self._keeper.restore()
        threading.Thread(target=self._keep_on, name="keep", daemon=True).start()

    def close(self) -> None:
        """Keep what has changed to the last."""
        self._is_over.set()
        self._keep()

    def _keep_on(self) -> None:
        while not self._is_over.wait(_KEEP_EVERY_S):
            self._keep()

    def _keep(self) -> None:
        with self._lock:
            try:
                self._keeper.keep()
            except Exception as error:  # noqa: BLE001 - a full disk, whatever it is: the next time may go well
                logger.warning("recordings could not be kept", extra=describe_error(error))


def use(url: str) -> None:
    """Have this process, and what looks for it later, find those that are at ``url``."""
    os.environ.update({**_ENVIRONMENT, "AWS_ENDPOINT_URL": url, "DANMU_TTS_XTTS__BUCKET": BUCKET})


def start(settings: Settings, address: str = "127.0.0.1") -> LocalAws:
    """Start them, make what XTTS needs, and have this process find it.

    Raises ImportError where moto is not installed, OSError where the port is taken.
    """
    from moto.server import ThreadedMotoServer

    from danmu_tts.bootstrap.queues import make_queues, references_keeper

    with socket.create_server((address, settings.xtts.local_port)):
        pass  # moto would end its thread without a word
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each poll
    server = ThreadedMotoServer(ip_address=address, port=settings.xtts.local_port, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    use(url)
    make_queues(settings, BUCKET)
    local = LocalAws(references_keeper(settings, BUCKET))
    local.start()
    typer.echo(f"XTTS: SQS and S3 for a GPU service on this machine are at {url}; see gpu_service/README.md.", err=True)
    return local


def offer(address: str) -> None:
    """Run them alone, for several gateways and GPU services, until Ctrl-C or SIGTERM. Raises as ``start`` does."""
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    local = start(Settings(), address)
    is_over.wait()
    local.close()
