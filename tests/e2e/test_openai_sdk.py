"""OpenAI's own client, unchanged but for its address."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import openai
import pytest
from openai.types.audio.speech_create_params import Voice

from tests.e2e.program import Server
from tests.e2e.sound import decode, duration_ms

FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]
# The union of any string and the literal names.
VOICE_NAMES = [name for choice in get_args(Voice) for name in get_args(choice) if isinstance(name, str)]
LINE = "Good evening everyone, thanks for dropping by, and please be kind to each other in the chat tonight."
INPUT_LIMIT_CHARS = 4096
TWO_MINUTES_CHARS = 1900


@pytest.fixture(scope="module")
def sdk(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.base_url}/v1", api_key="unused", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture
async def async_sdk(server: Server) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def wav_ms(sdk: openai.OpenAI) -> float:
    """How long the line takes to say."""
    spoken = sdk.audio.speech.create(model="tts-1", voice="alloy", input=LINE, response_format="wav")
    return duration_ms(spoken.content, "wav")


@pytest.mark.parametrize("audio_format", FORMATS)
def test_every_format_decodes_to_the_same_length(sdk: openai.OpenAI, wav_ms: float, audio_format: Any) -> None:
    spoken = sdk.audio.speech.create(model="tts-1", voice="alloy", input=LINE, response_format=audio_format)
    decoded_ms = duration_ms(spoken.content, audio_format)
    assert decoded_ms == pytest.approx(wav_ms, rel=0.1)
    assert decoded_ms == pytest.approx(float(spoken.response.headers["x-audio-duration-ms"]), abs=150)


def test_the_default_format_is_mp3(sdk: openai.OpenAI) -> None:
    spoken = sdk.audio.speech.create(model="tts-1", voice="alloy", input="Hello, chat!")
    assert spoken.response.headers["content-type"] == "audio/mpeg"
    assert duration_ms(spoken.content, "mp3") > 300


async def test_the_async_client_speaks(async_sdk: openai.AsyncOpenAI) -> None:
    spoken = await async_sdk.audio.speech.create(model="tts-1-hd", voice="nova", input="你好", response_format="wav")
    assert duration_ms(spoken.content, "wav") > 300


def test_the_streaming_response_brings_the_file(sdk: openai.OpenAI) -> None:
    with sdk.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="echo", input=LINE, response_format="flac", instructions="Cheerful."
    ) as response:
        audio = b"".join(response.iter_bytes(chunk_size=1024))
    assert duration_ms(audio, "flac") > 3000


async def test_the_async_streaming_response_brings_the_file(async_sdk: openai.AsyncOpenAI) -> None:
    async with async_sdk.audio.speech.with_streaming_response.create(
        model="auto", voice="onyx", input=LINE, response_format="pcm"
    ) as response:
        audio = b"".join([piece async for piece in response.iter_bytes()])
    assert duration_ms(audio, "pcm") > 3000


def test_server_sent_events_join_to_the_file_and_end_with_the_usage(sdk: openai.OpenAI) -> None:
    with sdk.audio.speech.with_streaming_response.create(
        model="auto", voice="alloy", input=LINE, response_format="wav", stream_format="sse"
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    deltas, done = events[:-1], events[-1]
    assert len(deltas) > 1
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert duration_ms(b"".join(base64.b64decode(event["audio"]) for event in deltas), "wav") > 3000
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_custom_voice_is_named_by_its_id(sdk: openai.OpenAI) -> None:
    spoken = sdk.audio.speech.create(model="auto", voice={"id": "piper:en_US-joe-medium"}, input="Hello, chat!")
    assert spoken.response.headers["x-voice"] == "piper:en_US-joe-medium"


@pytest.mark.parametrize("voice", VOICE_NAMES)
def test_every_openai_voice_speaks_english_and_chinese(sdk: openai.OpenAI, voice: str) -> None:
    english = sdk.audio.speech.create(model="tts-1", voice=voice, input="well played", response_format="wav")
    chinese = sdk.audio.speech.create(model="tts-1", voice=voice, input="打得好", response_format="wav")
    assert english.response.headers["x-voice"].startswith("piper:en")
    assert chinese.response.headers["x-voice"].startswith("kokoro:zh")
    assert duration_ms(english.content, "wav") > 300
    assert duration_ms(chinese.content, "wav") > 300


def test_there_are_thirteen_openai_voices() -> None:
    assert len(VOICE_NAMES) == 13


@pytest.mark.parametrize(
    ("change", "error_class", "code", "param"),
    [
        ({"input": ""}, openai.BadRequestError, "invalid_request", "input"),
        ({"input": "…！"}, openai.BadRequestError, "invalid_request", "input"),
        ({"speed": 9.0}, openai.BadRequestError, "invalid_request", "speed"),
        ({"response_format": "ogg"}, openai.BadRequestError, "unsupported_format", "response_format"),
        ({"voice": "nobody"}, openai.NotFoundError, "voice_not_found", "voice"),
        ({"voice": {"id": "nobody"}}, openai.NotFoundError, "voice_not_found", "voice"),
        ({"model": "whisper-1"}, openai.NotFoundError, "not_found", "model"),
        ({"extra_body": {"pitch": 3}}, openai.BadRequestError, "invalid_request", "pitch"),
        ({"input": "a" * (INPUT_LIMIT_CHARS + 1)}, openai.APIStatusError, "text_too_long", "input"),
    ],
)
def test_a_bad_request_raises_the_sdks_own_error(
    sdk: openai.OpenAI, change: dict[str, Any], error_class: type[openai.APIStatusError], code: str, param: str
) -> None:
    request: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "hello"}
    with pytest.raises(error_class) as raised:
        sdk.audio.speech.create(**(request | change))
    assert (raised.value.code, raised.value.param) == (code, param)
    assert raised.value.request_id


def test_the_models_are_listed_and_found_by_name(sdk: openai.OpenAI) -> None:
    listed = {model.id: model for model in sdk.models.list()}
    assert listed.keys() == {"auto", "piper", "kokoro"}
    assert sdk.models.retrieve("piper") == listed["piper"]
    assert sdk.models.retrieve("tts-1").id == "tts-1"
    with pytest.raises(openai.NotFoundError) as raised:
        sdk.models.retrieve("whisper-1")
    assert raised.value.code == "not_found"


def test_a_model_named_after_a_backend_is_spoken_by_it(sdk: openai.OpenAI) -> None:
    spoken = sdk.audio.speech.create(model="kokoro", voice="alloy", input="晚上好")
    assert spoken.response.headers["x-voice"].startswith("kokoro:")


def test_audio_too_large_for_one_answer_is_fetched_from_its_signed_url(sdk: openai.OpenAI) -> None:
    text = (LINE + " ") * (TWO_MINUTES_CHARS // len(LINE) + 1)
    spoken = sdk.audio.speech.create(model="auto", voice="alloy", input=text, response_format="wav")
    assert [hop.status_code for hop in spoken.response.history] == [303]
    assert "/audio/" in str(spoken.response.url)
    samples, rate_hz = decode(spoken.content, "wav")
    assert len(samples) / rate_hz > 100
