"""Two gateways with one Redis and one folder, as ``compose.yaml`` has them behind one address."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.e2e.program import ENGLISH_ONLY, Server, make_key
from tests.e2e.websocket_line import Heard, Line
from tests.servers.redis_server import RedisServer

ROOM = "/v1/rooms/shared"
LONG = "Three, two, one, zero. The rocket rises slowly into the evening sky. " * 2
TIMEOUT_S = 60


def network_address() -> str:
    """This machine's in its network, where a call from a neighbour is none from this machine; else loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # reserved for documentation; nothing is sent
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


@dataclass(frozen=True)
class Replicas:
    first: Server
    second: Server
    headers: dict[str, str]

    @asynccontextmanager
    async def line(self, server: Server, query: str = "") -> AsyncIterator[Line]:
        url = f"{server.base_url.replace('http', 'ws', 1)}/ws{query}"
        async with connect(url, proxy=None, additional_headers=self.headers) as connection:
            yield Line(connection)

    async def ask(self, server: Server, method: str, path: str, **options: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.base_url, headers=self.headers, timeout=TIMEOUT_S) as client:
            return (await client.request(method, path, **options)).raise_for_status()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    home = tmp_path_factory.mktemp("replicas")
    with RedisServer(tmp_path_factory.mktemp("replicas-redis")) as redis:
        settings = {"DANMU_TTS_REDIS__URL": redis.url, "DANMU_TTS_SERVER__HOST": network_address(), **ENGLISH_ONLY}
        servers = Server(home, **settings), Server(home, **settings)
        try:
            for server in servers:
                server.start()
            yield Replicas(*servers, {"authorization": f"Bearer {make_key(home)}"})
            assert [server.stop() for server in servers] == [0, 0], servers[0].log
        finally:
            for server in servers:
                server.kill()


async def test_danmu_sent_to_one_are_heard_at_the_other(replicas: Replicas) -> None:
    # Whoever is slow here shall not be too late.
    await replicas.ask(replicas.second, "PUT", ROOM, json={"language": "en", "deadlines_ms": {"danmu": 600_000}})
    async with replicas.line(replicas.first) as player:
        assert (await player.ask("listen", room="shared", role="player"))["type"] == "listening"
        assert (await player.ask("ready", room="shared"))["again_in_ms"] > 0, "nothing waits yet"
        event = {"viewer": "u1", "text": "Good evening, everybody!"}
        await replicas.ask(replicas.second, "POST", f"{ROOM}/danmu", json={"events": [event]})
        assert (await player.receive())["again_in_ms"] == 0, "the other one tells this one's player to ask again"
        await player.send("ready", room="shared")
        utterance = await player.receive()
    assert (utterance["type"], utterance["original"]) == ("utterance", event["text"])


async def test_speech_of_one_is_fetched_from_the_other_by_its_address(replicas: Replicas) -> None:
    request = {"text": "Who made this does not matter.", "backend": "piper"}
    made = (await replicas.ask(replicas.second, "POST", "/v1/speech", json=request)).json()
    url = urlsplit(made["audio"]["url"])
    audio = await replicas.ask(replicas.first, "GET", f"{url.path}?{url.query}")
    assert len(audio.content) == made["audio"]["bytes"]
    again = (await replicas.ask(replicas.first, "POST", "/v1/speech", json=request)).json()
    assert again["cached"] == "redis"


async def test_who_was_cut_off_from_one_hears_the_rest_from_the_other(replicas: Replicas) -> None:
    me = "?client=nobody-can-guess-this"
    async with replicas.line(replicas.first, me) as line:
        await line.send("speak", id="mine", text=LONG, format="pcm", backend="piper")
        before = Heard(await line.first_piece("mine"))
        line.cut()
    async with replicas.line(replicas.second, me) as again:
        await again.send("resume", speaks=[{"id": "mine", "seq": 1}])
        after = await again.rest("mine")
    assert after.end["type"] == "done"
    assert len(before.audio) + len(after.audio) == after.end["bytes"]


async def test_connections_are_nobody_elses_to_speak_to(replicas: Replicas) -> None:
    if network_address() == "127.0.0.1":
        pytest.skip("this machine is in no network")
    async with replicas.line(replicas.first):
        url = f"{replicas.first.base_url}/@connections/any"
        refused = await asyncio.to_thread(httpx.post, url, content=b"{}", headers=replicas.headers)
    assert refused.status_code == 403
