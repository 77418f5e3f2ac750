"""The page at ``/`` and its parts, through the real application and API Gateway's events."""

import re
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.bootstrap import build
from danmu_tts.settings import CacheSettings, ServerSettings, Settings, WebSocketSettings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event

FOLDER = Path(__file__).parents[3] / "functions" / "web"
PAGES = ["/", "/overlay/a-room", "/console/a-room"]
PARTS = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".html")


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    def answer(path: str, *, method: str = "GET", headers: Any = None, **settings: Any) -> dict[str, Any]:
        container = build(
            Settings(cache=CacheSettings(directory=tmp_path), **settings), backends={"fake": FakeBackend("fake")}
        )
        result: dict[str, Any] = LambdaAdapter(create_app(container))(http_event(method, path, headers=headers), None)
        return result

    return answer


def test_the_page_opens_without_a_key(ask: Any) -> None:
    answer = ask("/")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    assert answer["body"].startswith("<!doctype html>")


@pytest.mark.parametrize("name", PARTS)
def test_every_file_of_the_folder_is_a_part_with_its_content_type(ask: Any, name: str) -> None:
    expected = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    answer = ask(f"/web/{name}")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == expected[name.rpartition(".")[2]]
    assert answer["headers"]["x-content-type-options"] == "nosniff"


def imported_by(names: set[str]) -> set[str]:
    """All modules that these need, themselves included."""
    needed, new = set(names), set(names)
    while new:
        texts = [(FOLDER / name).read_text("utf-8") for name in new]
        new = {each for text in texts for each in re.findall(r'(?:from|import) "\./([^"]+)"', text)} - needed
        needed |= new
    return needed


def asked_by(page: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="/web/([^"]+)"', page))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_all_that_it_needs_at_once_and_for_nothing_else(ask: Any, path: str) -> None:
    page = ask(path)["body"]
    asked = asked_by(page)
    scripts = set(re.findall(r'<script type="module" src="/web/([^"]+)"', page))
    assert {name for name in asked if name.endswith(".js")} == imported_by(scripts)
    assert asked <= set(PARTS)
    assert not re.findall(r'(?:href|src)="https?:', page)


def test_every_part_is_of_a_page(ask: Any) -> None:
    assert set().union(*(asked_by(ask(path)["body"]) for path in PAGES)) == set(PARTS)


@pytest.mark.parametrize("path", [*PAGES, "/web/page.js"])
def test_what_the_browser_has_is_not_sent_again(ask: Any, path: str) -> None:
    first = ask(path)
    etag = first["headers"]["etag"]
    assert first["headers"]["cache-control"] == "no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = ask(path, headers={"if-none-match": known})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["etag"] == etag
    assert ask(path, headers={"if-none-match": '"other"'})["statusCode"] == 200


def test_who_has_the_page_keeps_its_policy(ask: Any) -> None:
    """A browser replaces the headers that it kept by those of a 304."""
    first = ask("/")["headers"]
    again = ask("/", headers={"if-none-match": first["etag"]})["headers"]
    assert again["content-security-policy"] == first["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/web/style.css"])
def test_its_headers_can_be_had_alone(ask: Any, path: str) -> None:
    answer = ask(path, method="HEAD")
    assert answer["statusCode"] == 200
    assert "etag" in answer["headers"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing.js",
        "index.html",
        "../pages.py",
        "..%2fpages.py",
        "%2e%2e/app.py",
        "%2fetc%2fpasswd",
        "page.js%00",
        ".",
    ],
)
def test_nothing_else_can_be_had(ask: Any, name: str) -> None:
    assert ask(f"/web/{name}")["statusCode"] == 404


def test_the_page_may_run_its_own_scripts_and_ask_its_own_server(ask: Any) -> None:
    policy = ask("/")["headers"]["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["connect-src"] == "'self' https:"  # https: S3 keeps long audio
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


def test_the_page_may_ask_where_the_operator_says(ask: Any) -> None:
    answer = ask(
        "/",
        websocket=WebSocketSettings(public_url="wss://ws.example:8443/production"),
        server=ServerSettings(public_url="http://audio.example:8000/tts"),
    )
    reached = "connect-src 'self' https: wss://ws.example:8443 http://audio.example:8000;"
    assert reached in answer["headers"]["content-security-policy"]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (None, ""),
        ("wss://ws.example/production", "wss://ws.example/production"),
        ('ws://x/"><script>alert(1)</script>&', "ws://x/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"),
    ],
)
def test_the_page_is_told_where_the_websocket_is(ask: Any, address: str | None, written: str) -> None:
    body = ask("/", websocket=WebSocketSettings(public_url=address))["body"]
    assert f'<meta name="danmu-tts-websocket" content="{written}">' in body


def test_the_page_changes_with_what_it_is_told(ask: Any) -> None:
    elsewhere = ask("/", websocket=WebSocketSettings(public_url="wss://ws.example"))
    assert elsewhere["headers"]["etag"] != ask("/")["headers"]["etag"]
