"""Whether the Redis that somebody names is one, and functions on AWS can reach it."""

import ipaddress
from urllib.parse import urlsplit

_PATIENCE_S = 5.0


def problem_with(url: str, *, from_aws: bool) -> str | None:
    """What is wrong with a Redis, in a sentence without its password; None where it answers.

    ``from_aws``: functions on AWS will be its callers, so this machine's own network is of no use.
    """
    from pydantic import ValidationError

    from danmu_tts.settings import RedisSettings

    try:
        RedisSettings.model_validate({"url": url})
    except ValidationError as error:
        return f"That is no Redis's address: {error.errors()[0]['msg'].removeprefix('Value error, ')}."
    host = urlsplit(url).hostname or ""
    if from_aws and _is_private(host):
        return f"Functions on AWS cannot reach {host}, which is in your own network. It has to be on the internet."
    return _ping(url)


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".localhost", ".internal"))


def _ping(url: str) -> str | None:
    import redis
    from redis import exceptions
    from redis.cluster import RedisCluster

    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 6379}"
    kind: type[redis.Redis] | type[RedisCluster] = RedisCluster if "+cluster" in parts.scheme else redis.Redis
    address = url.replace("+cluster", "", 1)
    try:
        client = kind.from_url(address, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
        client.ping()
    except exceptions.AuthenticationError:
        return f"{where} refuses the user or the password."
    except exceptions.TimeoutError:
        return f"{where} does not answer. Is the port right, and is everybody let in who has the password?"
    except exceptions.ConnectionError as error:
        return f"{where} cannot be reached ({_short(error)}). Is the address right, and is it rediss:// or redis://?"
    except (exceptions.RedisError, ValueError) as error:
        return f"{where} answers, but not as a Redis should: {_short(error)}."
    client.close()
    return None


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")[:150]
