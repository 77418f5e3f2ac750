"""OpenAI's fake, heard through OpenAI's own client."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx2
import pytest
import soundfile
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
)

from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import hum, piper_speech
from tests.fakes.vendor import Fault
from tests.unit.fakes.heard import about, is_audio, seconds_of

TEXT = "Hello there, streamer. 你好！"
SECONDS = hum(TEXT, 1.0).duration_ms / 1000


@pytest.fixture
async def client(openai: FakeOpenAI) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=openai.base_url, api_key="sk-test", max_retries=0, timeout=5) as client:
        yield client


async def say(client: AsyncOpenAI, text: str = TEXT, **options: Any) -> bytes:
    asked = {"model": "gpt-4o-mini-tts", "voice": "alloy"} | options
    async with client.audio.speech.with_streaming_response.create(input=text, **asked) as response:
        return b"".join([chunk async for chunk in response.iter_bytes()])


async def refusal(client: AsyncOpenAI, **options: Any) -> APIStatusError:
    with pytest.raises(APIStatusError) as refused:
        await say(client, **options)
    return refused.value


@pytest.mark.parametrize("response_format", ["mp3", "wav"])
async def test_speaks_playable_audio_of_the_right_length(client: AsyncOpenAI, response_format: str) -> None:
    assert seconds_of(await say(client, response_format=response_format)) == about(SECONDS)


async def test_speaks_samples(client: AsyncOpenAI) -> None:
    assert await say(client, response_format="pcm") == hum(TEXT, 1.0).pcm


async def test_really_speaks() -> None:
    with FakeOpenAI() as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client:
            audio = await say(client, "Hello there, streamer.")
    assert seconds_of(audio) == about(piper_speech("Hello there, streamer.", 1.0).duration_ms / 1000)


async def test_knows_what_was_asked(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    await say(client, "a < b", instructions="Whisper.", speed=1.5)
    (received,) = openai.received
    assert (received.text, received.voice, received.rate) == ("a < b", "alloy", "1.5")
    assert (received.model, received.instructions) == ("gpt-4o-mini-tts", "Whisper.")
    assert received.output_format == "mp3"
    assert received.headers["authorization"] == "Bearer sk-test"


async def test_the_old_models_do_not_listen_to_instructions(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    await say(client, model="tts-1", instructions="Whisper.")
    assert not openai.received[0].instructions


async def test_speaks_at_the_speed_asked_for(client: AsyncOpenAI) -> None:
    assert seconds_of(await say(client, speed=2)) == about(SECONDS / 2)


async def test_a_client_keeps_its_connection(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    await say(client)
    await say(client)
    assert (openai.requests, openai.connections) == (2, 1)


async def test_a_compatible_server_may_always_answer_wav(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.always_wav = True
    audio = await say(client, response_format="mp3")
    assert audio[:8] == b"RIFF\xff\xff\xff\xff"
    assert audio[36:44] == b"data\xff\xff\xff\xff"
    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    assert len(samples) / rate_hz == pytest.approx(SECONDS, abs=0.01)


async def test_lists_models_and_voices(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    assert "gpt-4o-mini-tts" in [model.id async for model in client.models.list()]
    async with httpx.AsyncClient() as http:
        assert "alloy" in (await http.get(f"{openai.base_url}/audio/voices")).json()["voices"]
        openai.lists_voices = False
        assert (await http.get(f"{openai.base_url}/audio/voices")).status_code == 404
    assert openai.voice_list_requests == 2


@pytest.mark.parametrize(
    ("options", "status", "param"),
    [
        ({"voice": "nobody"}, 400, "voice"),
        ({"model": "nothing"}, 404, "model"),
        ({"text": ""}, 400, "input"),
        ({"text": "a" * 4097}, 400, "input"),
        ({"speed": 5}, 400, "speed"),
        ({"response_format": "midi"}, 400, "response_format"),
        ({"stream_format": "sse", "model": "tts-1"}, 400, "stream_format"),
        ({"extra_body": {"pitch": 2}}, 400, "pitch"),
    ],
)
async def test_refuses_what_openai_refuses(client: AsyncOpenAI, options: Any, status: int, param: str) -> None:
    refused = await refusal(client, **options)
    assert (refused.status_code, refused.param) == (status, param)


async def test_a_request_without_a_key_is_unauthorized(openai: FakeOpenAI) -> None:
    body = {"model": "tts-1", "voice": "alloy", "input": TEXT}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{openai.base_url}/audio/speech", json=body)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault.UNAUTHORIZED, AuthenticationError, "invalid_api_key"),
        (Fault.FORBIDDEN, PermissionDeniedError, "unsupported_country_region_territory"),
        (Fault.RATE_LIMITED, RateLimitError, "rate_limit_exceeded"),
        (Fault.BAD_INPUT, BadRequestError, None),
        (Fault.VOICE_GONE, BadRequestError, "voice_not_found"),
        (Fault.SERVER_ERROR, InternalServerError, None),
    ],
)
async def test_refuses(
    openai: FakeOpenAI, client: AsyncOpenAI, fault: Fault, error: type[APIStatusError], code: str | None
) -> None:
    openai.fault = fault
    refused = await refusal(client)
    assert type(refused) is error
    assert refused.code == code


async def test_says_when_to_come_back(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault, openai.retry_after_s = Fault.RATE_LIMITED, 0.25
    assert (await refusal(client)).response.headers["retry-after"] == "0.25"


async def test_forbidden_once(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.FORBIDDEN_ONCE
    assert (await refusal(client)).status_code == 403
    assert await say(client)


async def test_resets_the_connection(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.RESET
    with pytest.raises(APIConnectionError):
        await say(client)
    assert openai.requests == 1


async def test_breaks_off(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.TRUNCATED
    with pytest.raises(httpx2.RemoteProtocolError):
        await say(client)


async def test_is_silent(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.SILENT
    assert await say(client) == b""


async def test_is_cut_short(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.CUT_SHORT
    assert seconds_of(await say(client)) == about(SECONDS / 4)


@pytest.mark.parametrize(
    ("fault", "content_type"),
    [(Fault.GARBAGE, "text/html; charset=utf-8"), (Fault.GARBAGE_AUDIO_TYPE, "audio/mpeg")],
)
async def test_garbage(openai: FakeOpenAI, client: AsyncOpenAI, fault: Fault, content_type: str) -> None:
    openai.fault = fault
    async with client.audio.speech.with_streaming_response.create(input=TEXT, model="tts-1", voice="alloy") as response:
        assert response.headers["content-type"] == content_type
        assert not is_audio(await response.read())


async def test_never_answers(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.MUTE_FOR_EVER
    with pytest.raises(APITimeoutError):
        await say(client, timeout=0.2)
    assert openai.received[0].text == TEXT


async def test_stalls(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault = Fault.STALLED
    with pytest.raises(httpx2.ReadTimeout):
        await say(client, timeout=0.2)


async def test_speaks_late(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault, openai.delay_s = Fault.SLOW, 30
    with pytest.raises(APITimeoutError):
        await say(client, timeout=0.2)
    openai.delay_s = 0.01
    assert await say(client)


async def test_reset_forgets(openai: FakeOpenAI, client: AsyncOpenAI) -> None:
    openai.fault, openai.always_wav = Fault.SERVER_ERROR, True
    await refusal(client)
    openai.reset()
    assert (openai.fault, openai.requests, openai.received, openai.always_wav) == (Fault.NONE, 0, [], False)
