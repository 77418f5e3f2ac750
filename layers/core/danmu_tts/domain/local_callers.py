"""Is a caller on the machine that serves, and nobody else's errand boy?

A web page that somebody else made, opened in a browser on this machine, is not: neither one whose own name was made to
resolve to 127.0.0.1 (DNS rebinding; its Host gives it away) nor one that asks us from its own origin. Nor is
somebody behind a proxy on this machine, if the proxy says for whom it asks. One that does not cannot be told apart.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache

_REMEMBERED = 256
# Who speaks for somebody else says so in one of these.
FORWARDED = frozenset({"forwarded", "via", "x-forwarded-host", "x-real-ip"})
_AUTHORITY = re.compile(r"(?:(?P<name>localhost|[0-9.]+)|\[(?P<ipv6>[0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_local_caller(source_ip: str, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a program on this machine, or from a page that this machine served.

    Args:
        source_ip: the address that the connection came from.
        headers: as API Gateway gives them, or the local gateway in its place: names in lower case, values as sent,
            and in ``x-forwarded-for`` the source address, after whatever the caller claimed.
    """
    return (
        _is_loopback(source_ip)
        and _names_loopback(headers.get("host", ""))
        and headers.get("x-forwarded-for", source_ip) == source_ip
        and FORWARDED.isdisjoint(headers)
        and headers.get("sec-fetch-site", "") != "cross-site"
        and ("origin" not in headers or _names_loopback(re.sub("^https?://", "", headers["origin"])))
    )


@lru_cache(_REMEMBERED)
def _names_loopback(authority: str) -> bool:
    """Whether a host, with a port or without, can be nothing but this machine."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return False
    host = match["name"] or match["ipv6"]
    return host.lower() == "localhost" or _is_loopback(host)


@lru_cache(_REMEMBERED)
def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
