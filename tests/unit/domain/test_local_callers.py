import pytest

from danmu_tts.domain.local_callers import is_local_caller

HOST = {"host": "127.0.0.1:8000"}


@pytest.mark.parametrize("source_ip", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.8.8:1", "[::1]", "[::1]:8000"]
)
def test_a_program_on_this_machine_is_local(source_ip: str, host: str) -> None:
    assert is_local_caller(source_ip, {"host": host, "x-forwarded-for": source_ip})
    assert is_local_caller(source_ip, {"host": host})


@pytest.mark.parametrize(
    "source_ip",
    ["", "192.168.1.7", "10.0.0.1", "0.0.0.0", "128.0.0.1", "::", "fe80::1", "2001:db8::1", "localhost", "127.0.0.1\n"],
)
def test_a_caller_from_elsewhere_is_not(source_ip: str) -> None:
    assert not is_local_caller(source_ip, HOST)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.evil.example",
        "localhost:8000,evil.example",
        "localhost/",
        "localhost\n",
        "[::1",
        "[::2]",
        "::1",
        "0.0.0.0:8000",
        "192.168.1.7:8000",
        "127.0.0.1:",
        "１２７.0.0.1",
        "x" * 100_000,
    ],
    ids=lambda host: repr(host[:30]),
)
def test_a_name_that_somebody_else_may_own_is_not(host: str) -> None:
    assert not is_local_caller("127.0.0.1", {"host": host})


def test_a_request_without_a_host_is_not() -> None:
    assert not is_local_caller("127.0.0.1", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-for", "192.168.1.7, 127.0.0.1"),
        ("x-forwarded-for", "127.0.0.1, 127.0.0.1"),
        ("x-forwarded-for", ""),
        ("x-forwarded-host", "tts.example"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
    ],
)
def test_a_proxys_errand_is_not(name: str, value: str) -> None:
    assert is_local_caller("127.0.0.1", HOST)
    assert not is_local_caller("127.0.0.1", HOST | {name: value})


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost", "https://[::1]:8000"])
def test_a_page_of_this_machine_is_local(origin: str) -> None:
    assert is_local_caller("127.0.0.1", HOST | {"origin": origin})


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "file://", "https://localhost.evil.example"])
def test_a_page_of_another_origin_is_not(origin: str) -> None:
    assert not is_local_caller("127.0.0.1", HOST | {"origin": origin})
