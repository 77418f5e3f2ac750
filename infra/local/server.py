"""One process that serves an ASGI application on one socket until Ctrl-C: no reload, no fork, no shell."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from infra.local.websocket_protocol import GatewayWebSocketProtocol

# What is in flight at Ctrl-C may take so long to finish, in seconds.
GRACEFUL_SHUTDOWN_S = 10
# An idle connection is kept for a page that asks again soon, in seconds.
KEEP_ALIVE_S = 30
# How much of an unfinished request line and headers is held. API Gateway allows 10,240 bytes; the rest is slack.
MAX_UNFINISHED_HEADER_BYTES = 16 * 1024


class CannotListenError(Exception):
    """The address cannot be listened on. The message is one line for the user, with a way out."""


def run(create_app: Callable[[str], ASGIApp], *, host: str, port: int, on_ready: Callable[[str], None]) -> int:
    """Serve until Ctrl-C and return the process's exit code. SIGTERM is as graceful and then ends the process.

    The socket comes first: where it cannot be had, that is said in one line on stderr, the code is 1, and
    ``create_app``, which loads everything heavy, is never called. Requests that arrive while it runs wait.

    A thread that outlasts the graceful shutdown keeps the process alive until it ends; Ctrl-C again ends it at once.

    Args:
        create_app: Makes the application that is reached by this base URL from here.
        host: A name or an address, ``127.0.0.1`` for this machine only.
        port: A TCP port; 0 lets the system choose.
        on_ready: Called once with the base URL as soon as requests are answered.
    """
    try:
        listener = listen(host, port)
    except CannotListenError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    # Uvicorn finishes gracefully and then passes the signal on.
    with listener, contextlib.suppress(KeyboardInterrupt):
        create_server(create_app(base_url(listener)), on_ready=on_ready).run(sockets=[listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        CannotListenError: The port is taken, or the host or the port may not be used.
    """
    try:
        # A name may have addresses of both families, and a player on this machine is likelier to speak IPv4.
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(addresses, key=lambda entry: entry[0] != socket.AF_INET)
        listener = socket.create_server(address, family=family)
        # asyncio switches Nagle's algorithm off only for sockets that were made with an explicit protocol. With it on,
        # headers and body, being two writes, are 40 ms apart. Accepted connections inherit this.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            problem = f"Port {port} on {host} is already in use."
        else:
            problem = f"Cannot listen on {host} port {port}: {exc.strerror or exc}."
        other = port + 1 if 1024 <= port < 65535 else 8001
        raise CannotListenError(f"{problem} To use another port: PORT={other} make run") from exc


def _is_news(record: logging.LogRecord) -> bool:
    """A WebSocket that is refused by an answer has no handshake, which uvicorn takes for a mistake of ours."""
    return record.getMessage() != "ASGI callable returned without completing handshake."


def create_server(app: ASGIApp, *, on_ready: Callable[[str], None]) -> uvicorn.Server:
    """Return a server that is told its sockets when it runs, and says its base URL when it answers."""
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(
        app,
        # Pure Python on every platform, and the one whose header limit can be set.
        http="h11",
        loop="asyncio",
        h11_max_incomplete_event_size=MAX_UNFINISHED_HEADER_BYTES,
        ws=GatewayWebSocketProtocol,
        # API Gateway sends none that anybody has documented.
        ws_ping_interval=None,
        # Saves nothing between programs on one machine, and costs each connection its compressor.
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        # API Gateway's source address is the TCP peer; a caller cannot claim another.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
    )
    return _AnnouncingServer(config, on_ready)


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and sockets:
            self._on_ready(base_url(sockets[0]))


def base_url(listener: socket.socket) -> str:
    """Return the URL to reach a listening socket by from this machine, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:  # Listens on every address; loopback is the one that works from here.
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://{address}:{port}" if address.version == 4 else f"http://[{address}]:{port}"
