"""Azure's fake, heard through its REST API."""

from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

import httpx
import numpy as np
import pytest

from tests.fakes.azure import FakeAzure
from tests.fakes.speech import hum, piper_speech
from tests.fakes.vendor import Fault
from tests.unit.fakes.heard import about, is_audio, seconds_of

TEXT = "Hello there, streamer. 你好！"
SECONDS = hum(TEXT, 1.0).duration_ms / 1000
MP3 = "audio-24khz-48kbitrate-mono-mp3"
HEADERS = {"Ocp-Apim-Subscription-Key": "key", "Content-Type": "application/ssml+xml", "User-Agent": "test"}


def ssml(text: str = TEXT, *, voice: str = "en-US-JennyNeural", rate: str = "+0%", escaped: bool = False) -> str:
    return (
        "<speak version='1.0' xml:lang='en-US' xmlns='http://www.w3.org/2001/10/synthesis' "
        "xmlns:mstts='https://www.w3.org/2001/mstts'>"
        f"<voice name='{voice}'><mstts:express-as style='cheerful'><prosody rate='{rate}' pitch='-5%' volume='+9%'>"
        f"{text if escaped else escape(text)}</prosody></mstts:express-as></voice></speak>"
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield client


async def say(
    server: FakeAzure, client: httpx.AsyncClient, document: str = "", *, output_format: str = MP3
) -> httpx.Response:
    headers = HEADERS | {"X-Microsoft-OutputFormat": output_format}
    return await client.post(
        f"{server.url}/cognitiveservices/v1", content=(document or ssml()).encode(), headers=headers
    )


@pytest.mark.parametrize("output_format", [MP3, "audio-24khz-96kbitrate-mono-mp3", "riff-24khz-16bit-mono-pcm"])
async def test_speaks_playable_audio_of_the_right_length(
    azure: FakeAzure, client: httpx.AsyncClient, output_format: str
) -> None:
    answer = await say(azure, client, output_format=output_format)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert seconds_of(answer.content) == about(SECONDS)


async def test_speaks_samples(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    answer = await say(azure, client, output_format="raw-24khz-16bit-mono-pcm")
    assert np.frombuffer(answer.content, "<i2").size / 24_000 == pytest.approx(SECONDS)


async def test_really_speaks(client: httpx.AsyncClient) -> None:
    with FakeAzure() as server:
        answer = await say(server, client, ssml("Hello there, streamer."))
    assert seconds_of(answer.content) == about(piper_speech("Hello there, streamer.", 1.0).duration_ms / 1000)


async def test_knows_what_was_asked(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    await say(azure, client, ssml("a < b & c", rate="+50%"))
    (received,) = azure.received
    assert received.text == "a < b & c"
    assert (received.voice, received.style) == ("en-US-JennyNeural", "cheerful")
    assert (received.rate, received.pitch, received.volume) == ("+50%", "-5%", "+9%")
    assert received.output_format == MP3


@pytest.mark.parametrize("rate", ["+100%", "2", "2.0", "x-fast"])
async def test_speaks_at_the_tempo_asked_for(azure: FakeAzure, client: httpx.AsyncClient, rate: str) -> None:
    assert seconds_of((await say(azure, client, ssml(rate=rate))).content) == about(SECONDS / 2)


async def test_a_client_keeps_its_connection(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    await say(azure, client)
    await say(azure, client)
    assert (azure.requests, azure.connections) == (2, 1)


@pytest.mark.parametrize(
    "document",
    [
        "not XML",
        ssml("a < b", escaped=True),
        ssml("<break time='10s'/>", escaped=True),
        ssml(
            "</prosody></mstts:express-as></voice><voice name='en-US-GuyNeural'><mstts:express-as><prosody>",
            escaped=True,
        ),
        ssml("<mark name='x'/>", escaped=True),
        ssml(rate="quickly"),
        ssml().replace("version='1.0'", ""),
        ssml().replace("https://www.w3.org/2001/mstts", "https://example.org/mstts"),
        ssml().replace("</voice>", "</voice>more"),
        "<!DOCTYPE speak>" + ssml(),
    ],
)
async def test_refuses_a_document_that_is_broken(azure: FakeAzure, client: httpx.AsyncClient, document: str) -> None:
    assert (await say(azure, client, document)).status_code == 400
    assert azure.received[0].malformed
    assert azure.received[0].raw == document


@pytest.mark.parametrize(
    ("header", "status"), [("Ocp-Apim-Subscription-Key", 401), ("X-Microsoft-OutputFormat", 400), ("Content-Type", 415)]
)
async def test_needs_its_headers(azure: FakeAzure, client: httpx.AsyncClient, header: str, status: int) -> None:
    headers = HEADERS | {"X-Microsoft-OutputFormat": MP3}
    del headers[header]
    answer = await client.post(f"{azure.url}/cognitiveservices/v1", content=ssml().encode(), headers=headers)
    assert answer.status_code == status


async def test_lists_its_voices_for_a_key(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    url = f"{azure.url}/cognitiveservices/voices/list"
    voices = (await client.get(url, headers=HEADERS)).json()
    assert voices[0]["ShortName"] == "zh-CN-XiaoxiaoNeural"
    assert "cheerful" in voices[0]["StyleList"]
    assert (await client.get(url)).status_code == 401
    azure.voices_fault = Fault.GARBAGE
    assert (await client.get(url, headers=HEADERS)).headers["content-type"].startswith("text/html")
    assert azure.voice_list_requests == 3


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.STALLED, Fault.MUTE_FOR_EVER, Fault.RESET])
async def test_the_voice_list_breaks_too(azure: FakeAzure, fault: Fault) -> None:
    azure.voices_fault = fault
    async with httpx.AsyncClient(timeout=0.2) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{azure.url}/cognitiveservices/voices/list", headers=HEADERS)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.BAD_INPUT, 400),
        (Fault.UNAUTHORIZED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.RATE_LIMITED, 429),
        (Fault.SERVER_ERROR, 503),
    ],
)
async def test_refuses(azure: FakeAzure, client: httpx.AsyncClient, fault: Fault, status: int) -> None:
    azure.fault, azure.retry_after_s = fault, 3
    answer = await say(azure, client)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("3" if status == 429 else None)


async def test_a_voice_that_it_does_not_have(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    unknown = await say(azure, client, ssml(voice="en-US-NobodyNeural"))
    assert (unknown.status_code, unknown.text) == (400, "Unsupported voice en-US-NobodyNeural.")
    azure.fault = Fault.VOICE_GONE
    assert (await say(azure, client)).text == "Unsupported voice en-US-JennyNeural."


async def test_forbidden_once(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    azure.fault = Fault.FORBIDDEN_ONCE
    assert [(await say(azure, client)).status_code for _ in range(2)] == [403, 200]


async def test_is_silent(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    azure.fault = Fault.SILENT
    answer = await say(azure, client)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_is_cut_short(azure: FakeAzure, client: httpx.AsyncClient) -> None:
    azure.fault = Fault.CUT_SHORT
    assert seconds_of((await say(azure, client)).content) == about(SECONDS / 4)


@pytest.mark.parametrize(
    ("fault", "content_type"),
    [(Fault.GARBAGE, "text/html; charset=utf-8"), (Fault.GARBAGE_AUDIO_TYPE, "audio/mpeg")],
)
async def test_garbage(azure: FakeAzure, client: httpx.AsyncClient, fault: Fault, content_type: str) -> None:
    azure.fault = fault
    answer = await say(azure, client)
    assert answer.headers["content-type"] == content_type
    assert not is_audio(answer.content)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TRUNCATED, httpx.RemoteProtocolError),
        (Fault.RESET, httpx.ReadError),
        (Fault.MUTE_FOR_EVER, httpx.ReadTimeout),
        (Fault.STALLED, httpx.ReadTimeout),
        (Fault.SLOW, httpx.ReadTimeout),
    ],
)
async def test_breaks(azure: FakeAzure, fault: Fault, error: type[httpx.TransportError]) -> None:
    azure.fault, azure.delay_s = fault, 30
    async with httpx.AsyncClient(timeout=0.2) as client:
        with pytest.raises(error):
            await say(azure, client)


async def test_a_server_that_stopped_refuses_connections(client: httpx.AsyncClient) -> None:
    with FakeAzure(hum) as server:
        assert (await say(server, client)).status_code == 200
    with pytest.raises(httpx.ConnectError):
        await say(server, client)
