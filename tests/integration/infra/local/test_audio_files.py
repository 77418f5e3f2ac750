import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from infra.local.gateway import GatewayLimits, create_gateway

NOW_S = 1_700_000_000
EXPIRES_S = NOW_S + 600
CONTENT = bytes(range(256)) * 40  # 10,240 bytes


@dataclass(frozen=True)
class StoredAudio:
    path: Path
    content_type: str = "audio/mpeg"
    etag: str = '"sha256-of-it"'


@dataclass(frozen=True)
class FakeSignedAudioFiles:
    folder: Path

    def open_signed(self, key: str, *, expires: str, signature: str) -> StoredAudio | None:
        if not hmac.compare_digest(signature.encode(), sign(key, expires).encode()) or int(expires) <= NOW_S:
            return None
        path = self.folder / key
        if not path.exists():
            raise FileNotFoundError(key)
        return StoredAudio(path)


def sign(key: str, expires: str) -> str:
    return hmac.new(b"key", f"{key}\n{expires}".encode(), hashlib.sha256).hexdigest()


def link(key: str, expires_s: int = EXPIRES_S) -> str:
    return f"/audio/{key}?expires={expires_s}&signature={sign(key, str(expires_s))}"


@pytest.fixture(scope="module")
def client(serve: Callable[[ASGIApp], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("audio")
    (folder / "nested").mkdir()
    (folder / "nested" / "弹幕.mp3").write_bytes(CONTENT)
    (folder / "line.mp3").write_bytes(CONTENT)
    (folder / "deleted-meanwhile.mp3").symlink_to(folder / "nowhere")
    gateway = create_gateway(
        lambda event, context: {"from": "handler"},
        audio_files=FakeSignedAudioFiles(folder),
        limits=GatewayLimits(),
        max_concurrency=1,
        epoch_s=lambda: NOW_S,
    )
    with httpx.Client(base_url=serve(gateway)) as client:
        yield client


def assert_is_error(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.headers["x-request-id"]
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("key", ["line.mp3", "nested/弹幕.mp3"])
def test_a_good_link_gives_the_file_to_any_page(client: httpx.Client, key: str) -> None:
    response = client.get(link(key))
    assert response.status_code == 200
    assert response.content == CONTENT
    expected = {
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "cache-control": "private, max-age=600",
        "content-disposition": "inline",
        "content-length": "10240",
        "content-type": "audio/mpeg",
        "etag": '"sha256-of-it"',
        "x-content-type-options": "nosniff",
    }
    assert expected.items() <= dict(response.headers).items()


def test_head_gives_the_same_headers_and_no_content(client: httpx.Client) -> None:
    head, get = client.head(link("line.mp3")), client.get(link("line.mp3"))
    assert (head.status_code, head.content) == (200, b"")
    ignored = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }


@pytest.mark.parametrize(
    ("requested", "content", "content_range"),
    [
        ("bytes=0-99", CONTENT[:100], "bytes 0-99/10240"),
        ("bytes=10000-", CONTENT[10000:], "bytes 10000-10239/10240"),
        ("bytes=-5", CONTENT[-5:], "bytes 10235-10239/10240"),
        ("bytes=10239-99999", CONTENT[-1:], "bytes 10239-10239/10240"),
        ("bytes=0-9,20000-", CONTENT[:10], "bytes 0-9/10240"),
    ],
)
def test_a_range_gives_that_part(client: httpx.Client, requested: str, content: bytes, content_range: str) -> None:
    response = client.get(link("line.mp3"), headers={"range": requested})
    assert response.status_code == 206
    assert response.content == content
    assert response.headers["content-range"] == content_range
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["access-control-allow-origin"] == "*"


def test_several_ranges_come_as_parts(client: httpx.Client) -> None:
    response = client.get(link("line.mp3"), headers={"range": "bytes=0-9,300-309,-5"})
    assert response.status_code == 206
    media_type, _, boundary = response.headers["content-type"].partition("; boundary=")
    assert media_type == "multipart/byteranges"
    parts = [part.split(b"\r\n\r\n", 1) for part in response.content.split(f"--{boundary}".encode())[1:-1]]
    assert [content.removesuffix(b"\r\n") for _, content in parts] == [CONTENT[:10], CONTENT[300:310], CONTENT[-5:]]
    assert b"Content-Range: bytes 300-309/10240" in parts[1][0]
    assert len(response.content) == int(response.headers["content-length"])


def test_a_range_beyond_the_end_is_a_416_with_the_length(client: httpx.Client) -> None:
    response = client.get(link("line.mp3"), headers={"range": "bytes=10240-"})
    assert_is_error(response, 416, "invalid_request")
    assert response.headers["content-range"] == "bytes */10240"


@pytest.mark.parametrize("requested", ["items=0-9", "bytes=9-0", "bytes=x"])
def test_what_is_no_byte_range_gives_the_whole_file(client: httpx.Client, requested: str) -> None:
    response = client.get(link("line.mp3"), headers={"range": requested})
    assert (response.status_code, response.content) == (200, CONTENT)


@pytest.mark.parametrize(("if_range", "status"), [('"sha256-of-it"', 206), ('"another"', 200)])
def test_a_range_counts_only_for_the_version_that_it_was_meant_for(
    client: httpx.Client, if_range: str, status: int
) -> None:
    headers = {"range": "bytes=0-9", "if-range": if_range}
    assert client.get(link("line.mp3"), headers=headers).status_code == status
    headers["range"] = "bytes=99999-"
    assert client.get(link("line.mp3"), headers=headers).status_code == {206: 416, 200: 200}[status]


@pytest.mark.parametrize(
    "url",
    [
        link("line.mp3", NOW_S),
        link("line.mp3")[:-1] + "x",
        link("line.mp3").replace(str(EXPIRES_S), str(EXPIRES_S + 1)),
        link("line.mp3").replace("line", "other"),
        "/audio/line.mp3",
        f"/audio/line.mp3?expires={'9' * 5000}&signature=00",
        "/audio/line.mp3?expires=soon&signature=00",
        f"/audio/line.mp3?expires={EXPIRES_S}&signature=%C3%A9",
        "/audio/../../etc/passwd",
        "/audio/",
    ],
    ids=[
        "expired",
        "signature",
        "later",
        "other key",
        "unsigned",
        "endless",
        "no number",
        "unicode",
        "parent",
        "empty",
    ],
)
def test_a_wrong_or_expired_link_is_forbidden(client: httpx.Client, url: str) -> None:
    url = url.replace("..", "%2E%2E")
    assert_is_error(client.get(url), 403, "forbidden")


@pytest.mark.parametrize("key", ["never-was.mp3", "deleted-meanwhile.mp3"])
def test_a_file_that_is_gone_is_not_found(client: httpx.Client, key: str) -> None:
    assert_is_error(client.get(link(key)), 404, "not_found")


def test_head_of_a_file_that_is_gone_has_no_content(client: httpx.Client) -> None:
    head = client.head(link("never-was.mp3"))
    assert (head.status_code, head.content) == (404, b"")


def test_audio_files_can_only_be_read(client: httpx.Client) -> None:
    response = client.put(link("line.mp3"), content=b"x")
    assert_is_error(response, 405, "invalid_request")
    assert response.headers["allow"] == "GET, HEAD"


def test_every_other_path_is_the_handlers(client: httpx.Client) -> None:
    assert json.loads(client.get("/audiobook").content) == {"from": "handler"}
