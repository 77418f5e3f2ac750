"""The same path on another host."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from models.errors import DownloadError


def mirrored(base_url: str, mirror_base_url: str) -> str:
    """Replace everything up to and including the host of `base_url` by `mirror_base_url`, which may have a path prefix.

    Raises `DownloadError` where the mirror is not a plain http or https address.
    """
    mirror = _parsed(mirror_base_url)
    path = mirror.path.rstrip("/") + urlsplit(base_url).path
    return urlunsplit((mirror.scheme, mirror.netloc, path, "", ""))


def _parsed(mirror_base_url: str) -> SplitResult:
    try:
        mirror = urlsplit(mirror_base_url)
        _ = mirror.port  # parsed, and refused, on first use
    except ValueError as error:
        raise DownloadError(f"the mirror is not a valid address: {error}") from error
    if mirror.scheme not in ("http", "https") or not mirror.hostname or mirror.query or mirror.fragment:
        raise DownloadError(
            "the mirror must be an address like https://mirror.example or https://mirror.example/prefix"
        )
    return mirror
