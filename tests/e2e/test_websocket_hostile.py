"""Over the WebSocket to the real program: what is no frame, as fast as it can be sent."""

import asyncio
import json
import random
from itertools import cycle, islice

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from danmu_tts.client import Client, SpeechCancelledError, SpeechError
from tests.e2e.program import Server, make_key

pytestmark = pytest.mark.usefixtures("clean_log", "still_serving")

FLOOD = 1000
MALFORMED = [
    "",
    "\x00",
    "not JSON",
    "{",
    "[" * 5000,
    "null",
    "[]",
    '"speak"',
    "1e999",
    '{"action": "sing"}',
    '{"action": ["speak"]}',
    '{"action": "speak"}',
    '{"action": "speak", "id": 1, "text": "x"}',
    '{"action": "speak", "id": "a", "text": {"x": 1}}',
    '{"action": "speak", "id": "a", "text": "x", "speed": NaN}',
    '{"action": "speak", "id": "a", "text": "x", "speed": 1e400}',
    '{"action": "speak", "id": "' + "a" * 1000 + '", "text": "x"}',
    '{"action": "cancel", "id": "../../etc/passwd"}',
    '{"action": "resume", "speaks": [{"id": "a", "seq": 99999999999999999999}]}',
    '{"action": "voices", "language": "*"}',
    json.dumps({"action": "speak", "id": "a", "text": "x" * 20_000}),
    json.dumps({"action": "ping", **{str(number): number for number in range(500)}}),
]


def url(server: Server) -> str:
    return server.base_url.replace("http", "ws") + "/ws"


async def test_a_thousand_malformed_frames_at_once_get_an_error_each(server: Server) -> None:
    frames = list(islice(cycle(MALFORMED), FLOOD))
    random.Random(1).shuffle(frames)
    async with connect(url(server), proxy=None) as line, Client(server.base_url) as other:
        speaking = asyncio.create_task(other.speak("I am heard while others shout."))
        for frame in frames:
            await line.send(frame)
        async with asyncio.timeout(60):
            answers = [json.loads(await line.recv()) for _ in frames]
        assert {answer["type"] for answer in answers} == {"error"}
        assert not any("id" in answer for answer in answers)
        await line.send('{"action": "ping"}')
        assert json.loads(await line.recv()) == {"type": "pong"}
        assert (await speaking).audio


@pytest.mark.parametrize(("message", "code"), [(b"\x00\xff", 1003), ("x" * 200 * 1024, 1009)], ids=["binary", "200 KB"])
async def test_what_api_gateway_refuses_ends_one_connection_and_no_other(
    server: Server, message: str | bytes, code: int
) -> None:
    async with connect(url(server), proxy=None) as bad, Client(server.base_url) as good:
        await bad.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(bad.recv(), 20)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == code
        await good.ping()


async def test_a_page_of_another_site_is_not_let_in(server: Server) -> None:
    refused = connect(url(server), proxy=None, origin="https://evil.example")  # type: ignore[arg-type]
    with pytest.raises(Exception, match="401"):
        await refused


async def test_a_line_that_is_refused_is_told_of_at_once(server: Server) -> None:
    async with Client(server.base_url, make_key(server.home, "--scope", "listen")) as client:
        with pytest.raises(SpeechError) as caught:
            await client.speak("I may not say this.")
        assert caught.value.code == "forbidden"
        await client.ping()


async def test_a_line_may_be_cancelled_as_soon_as_it_is_asked_for(server: Server) -> None:
    async with Client(server.base_url) as client:
        for number in range(10):
            utterance = client.stream(f"Number {number}, which nobody will hear, for it is cancelled. " * 5)
            await utterance.cancel()
            with pytest.raises(SpeechCancelledError):
                await utterance.all()


async def test_lines_that_nobody_reads_do_not_stop_the_others(server: Server) -> None:
    async with (
        connect(url(server), proxy=None, max_queue=1, close_timeout=0.1) as deaf,
        Client(server.base_url) as other,
    ):
        for number in range(100):
            frame = {"action": "speak", "id": str(number), "text": "Nobody reads this.", "format": "wav"}
            await deaf.send(json.dumps(frame))
        async with asyncio.timeout(30):
            assert (await other.speak("Nobody reads this.", format="wav")).audio
