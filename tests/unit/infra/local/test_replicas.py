import socket
from urllib.parse import urlsplit

import httpx
import pytest

from infra.local.replicas import authorization, management_url

LOOPBACK = "http://127.0.0.1:8000"


def netloc(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def test_each_process_has_a_password_of_its_own() -> None:
    urls = {management_url(LOOPBACK, host="127.0.0.1", given=None, redis_url=None) for _ in range(2)}
    passwords = {urlsplit(url).password for url in urls}
    assert len(passwords) == 2
    assert min(len(password or "") for password in passwords) >= 32


@pytest.mark.parametrize("redis_url", [None, "redis://127.0.0.1:6379/0", "redis+cluster://127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_who_shares_nothing_with_other_machines_is_found_on_this_one(host: str, redis_url: str | None) -> None:
    assert netloc(management_url(LOOPBACK, host=host, given=None, redis_url=redis_url)) == "127.0.0.1:8000"


def test_who_listens_everywhere_is_found_where_redis_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.replicas._own_address", lambda towards, family: "172.18.0.3")
    url = management_url(LOOPBACK, host="0.0.0.0", given=None, redis_url="redis://redis:6379/0")
    assert netloc(url) == "172.18.0.3:8000"
    here_alone = management_url(LOOPBACK, host="127.0.0.1", given=None, redis_url="redis://redis:6379/0")
    assert netloc(here_alone) == "127.0.0.1:8000"


def test_a_redis_without_a_name_yet_is_thought_to_be_in_this_machines_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "127.0.0.7")
    url = management_url(LOOPBACK, host="0.0.0.0", given=None, redis_url="redis://no-such-host.invalid")
    assert netloc(url) == "127.0.0.1:8000"


def test_what_the_settings_say_counts_with_a_password_or_without() -> None:
    given = management_url(LOOPBACK, host="0.0.0.0", given="https://me:secret@here.example/base", redis_url=None)
    assert given == "https://me:secret@here.example/base"
    completed = management_url(LOOPBACK, host="0.0.0.0", given="http://here.example:81/base", redis_url="redis://x")
    assert netloc(completed) == "here.example:81"
    assert urlsplit(completed).path == "/base"
    assert urlsplit(completed).password


@pytest.mark.parametrize("url", ["http://gateway:s3cret@here.example", "http://a%40b:c%3Ad@here.example/"])
def test_the_header_is_what_a_client_makes_of_the_url(url: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda asked: httpx.Response(200, request=asked))) as client:
        assert client.get(url).request.headers["authorization"] == authorization(url)
