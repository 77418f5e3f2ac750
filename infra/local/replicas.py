"""How the other processes that share a Redis reach the connections which this one holds."""

import base64
import contextlib
import ipaddress
import secrets
import socket
from urllib.parse import unquote, urlsplit

_USER = "gateway"
# Nothing is sent to it: the system only says from which of its addresses it would be.
_ANY_PORT = 9


def management_url(base_url: str, *, host: str, given: str | None, redis_url: str | None) -> str:
    """Where ``@connections`` of this process is found, with a password of its own.

    It is kept with each connection in Redis: who may read that may send, as by IAM on AWS.

    Args:
        base_url: Where this process is reached from this machine.
        host: What it listens on.
        given: What the settings say instead.
        redis_url: What it shares with others. Without it nobody else asks.
    """
    url = urlsplit(given or base_url)
    if url.username or url.password:
        return url.geturl()
    authority = url.netloc
    if not given and redis_url and (address := _address_towards(redis_url, host)):
        authority = f"{address}:{url.port}"
    return url._replace(netloc=f"{_USER}:{secrets.token_urlsafe()}@{authority}").geturl()


def authorization(url: str) -> str:
    """The header by which an HTTP client sends a URL's user and password (RFC 7617)."""
    parts = urlsplit(url)
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def _address_towards(redis_url: str, host: str) -> str | None:
    """By which address those know this machine who share a Redis with it; None where it listens on that one alone.

    A Redis that has no name yet, because it starts later, is in the network that this machine's own name is in.
    """
    with contextlib.suppress(ValueError):
        listening = ipaddress.ip_address(host)
        family = socket.AF_INET if listening.version == 4 else socket.AF_INET6
        for name in (urlsplit(redis_url).hostname, socket.gethostname()) if listening.is_unspecified else ():
            with contextlib.suppress(OSError):
                return _own_address(name, family)
    return None


def _own_address(towards: str | None, family: socket.AddressFamily) -> str:
    (*_, peer), *_ = socket.getaddrinfo(towards, _ANY_PORT, family, socket.SOCK_DGRAM)
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(peer)
        address: str = probe.getsockname()[0]
    return f"[{address}]" if family == socket.AF_INET6 else address
