"""SQS and S3 of our own, as long as nobody names others: what XTTS needs on one machine."""

import logging
import os
import socket
from typing import Any

import typer

from danmu_tts.settings import Settings

BUCKET = "danmu-tts"
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


def start(settings: Settings) -> Any:
    """Start them, make what XTTS needs, and have this process find it; the server, to be stopped.

    Raises ImportError where moto is not installed, OSError where the port is taken.
    """
    from moto.server import ThreadedMotoServer

    from danmu_tts.bootstrap.queues import make_queues

    with socket.create_server(("127.0.0.1", settings.xtts.local_port)):
        pass  # moto would end its thread without a word
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each poll
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=settings.xtts.local_port, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    os.environ.update({**_ENVIRONMENT, "AWS_ENDPOINT_URL": url, "DANMU_TTS_XTTS__BUCKET": BUCKET})
    make_queues(settings, BUCKET)
    typer.echo(f"XTTS: SQS and S3 for a GPU service on this machine are at {url}; see gpu_service/README.md.", err=True)
    return server
