import pytest

from models.errors import DownloadError
from models.mirror import mirrored

PUBLISHER = "https://models.example/owner/voices/resolve/main/"


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        ("https://mirror.example", "https://mirror.example/owner/voices/resolve/main/"),
        ("https://mirror.example/", "https://mirror.example/owner/voices/resolve/main/"),
        ("http://127.0.0.1:8080/some/prefix", "http://127.0.0.1:8080/some/prefix/owner/voices/resolve/main/"),
        ("https://mirror.example/prefix/", "https://mirror.example/prefix/owner/voices/resolve/main/"),
    ],
)
def test_a_mirror_replaces_the_host_and_keeps_the_path(mirror: str, expected: str) -> None:
    assert mirrored(PUBLISHER, mirror) == expected


@pytest.mark.parametrize(
    "mirror",
    [
        "mirror.example",
        "ftp://mirror.example",
        "file:///srv",
        "https://",
        "https://a.example:x",
        "https://[a",
        "http://a/?q",
    ],
)
def test_a_mirror_that_is_no_plain_http_address_is_refused(mirror: str) -> None:
    with pytest.raises(DownloadError, match="the mirror"):
        mirrored(PUBLISHER, mirror)
