"""Vendors that answer what no vendor should, through their real SDKs."""

import asyncio
import logging
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from danmu_tts.adapters.backends.azure import AzureBackend
from danmu_tts.adapters.backends.openai import OpenAIBackend
from danmu_tts.bootstrap import build
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.circuit import CircuitState
from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.ports import Backend
from danmu_tts.settings import Settings
from danmu_tts.settings_backends import AzureSettings, OpenAISettings
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import a_manager, speak_bench
from tests.fakes.speech import hum
from tests.fakes.vendor import LocalServer
from tests.unit.services.watched import settle, skip_ahead

KEY = "sk-SECRETSECRETSECRET0123456789"
TEXT = "sekrit words of a viewer"
REQUEST = SpeechRequest(TEXT, language="en", deadline_ms=6000)
FETCH_LIMIT_S, RETRY_S = 10.0, 30.0

Answer = Callable[[web.Request], web.StreamResponse]


class HostileServer(LocalServer):
    """OpenAI's paths and Azure's. Each answers as a test says; at first, as it should."""

    def __init__(self) -> None:
        super().__init__()
        self.lists_asked, self.trickles = 0, False
        self.on_speech: Answer = lambda _: web.Response(body=hum(TEXT, 1.0).mp3, content_type="audio/mpeg")
        self.on_voices: Answer = lambda _: web.json_response({"voices": ["alloy"]})
        self.on_models: Answer = lambda _: web.json_response({"object": "list", "data": []})

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/v1/audio/speech", self._speech),
            web.post("/cognitiveservices/v1", self._speech),
            web.get("/v1/audio/voices", self._voices),
            web.get("/cognitiveservices/voices/list", self._voices),
            web.get("/v1/models", self._models),
        ]

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.count(request)
        return self.on_speech(request)

    async def _voices(self, request: web.Request) -> web.StreamResponse:
        self.lists_asked += 1
        self.count(request)
        if not self.trickles:
            return self.on_voices(request)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return self.on_models(request)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def openai_at(server: HostileServer, **settings: Any) -> OpenAIBackend:
    return OpenAIBackend(OpenAISettings(api_key=SecretStr(KEY), base_url=f"{server.url}/v1", **settings))


def azure_at(server: HostileServer) -> AzureBackend:
    return AzureBackend(AzureSettings(key=SecretStr(KEY), endpoint=server.url))


BACKENDS: dict[str, Callable[[HostileServer], Backend]] = {"openai": openai_at, "azure": azure_at}


def refusing(status: int, **headers: str) -> Answer:
    """What a careless server says: the text and the key, back again."""

    def refuse(request: web.Request) -> web.Response:
        message = f"Could not say '{TEXT}' with key {KEY}."
        error = {"message": message, "type": message, "param": None, "code": None}
        return web.json_response({"error": error}, status=status, reason=message, headers=headers)

    return refuse


def wav(rate_hz: int) -> Answer:
    pcm = hum(TEXT, 1.0).pcm
    header = struct.pack("<IHHIIHH", 16, 1, 1, rate_hz, rate_hz * 2 & 0xFFFFFFFF, 2, 16)
    audio = b"RIFF\xff\xff\xff\xffWAVEfmt " + header + b"data\xff\xff\xff\xff" + pcm
    return lambda _: web.Response(body=audio, content_type="audio/wav")


@pytest.mark.parametrize("rate_hz", [0, 1, 7, 7999, 192_001, 0xFFFFFFFF])
@pytest.mark.parametrize("audio_format", [AudioFormat.MP3, AudioFormat.OPUS])
async def test_a_wav_file_of_a_rate_that_nobody_plays_is_bad_audio(
    server: HostileServer, tmp_path: Path, rate_hz: int, audio_format: AudioFormat
) -> None:
    server.on_speech = wav(rate_hz)
    backend = openai_at(server)
    request = SpeechRequest(TEXT, language="en", format=audio_format)
    speech = await speak_bench(backend, FakeBackend(), directory=tmp_path).service.speak(request)
    await backend.cleanup()
    assert speech.encoded.backend == "fake"
    assert speech.fallback is not None
    assert speech.fallback.reason == "bad_audio"


async def test_a_list_of_voices_that_never_ends_is_asked_for_once_and_given_up(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.trickles = True
    before = asyncio.all_tasks()
    backend, clock = openai_at(server, silence_limit_ms=60_000), FakeClock()
    monkeypatch.setattr(backend._list, "_clock", clock)
    known = backend._list.get()
    await asyncio.to_thread(server.wait_for_requests, 1)
    for _ in range(30):
        clock.advance(RETRY_S + 1)
        assert await backend.get_voices() == known
        await settle()
    assert server.lists_asked == 1
    refreshing = backend._list._refreshing
    assert refreshing is not None
    with captured_logs() as records:
        await skip_ahead(monkeypatch, FETCH_LIMIT_S)
        await asyncio.wait([refreshing], timeout=5)
    assert [vars(record)["reason"] for record in records] == ["The list of voices does not end."]
    assert await backend.get_voices() == known
    await backend.cleanup()
    await settle()
    assert asyncio.all_tasks() == before


async def test_cleaning_up_ends_a_refresh_that_is_under_way(server: HostileServer) -> None:
    server.trickles = True
    before = asyncio.all_tasks()
    backend = openai_at(server)
    backend._list.get()
    await asyncio.to_thread(server.wait_for_requests, 1)
    await backend.cleanup()
    await settle()
    assert asyncio.all_tasks() == before


async def test_a_key_that_may_speak_but_not_list_keeps_the_circuit_closed(
    server: HostileServer, tmp_path: Path
) -> None:
    server.on_models = refusing(403)
    backend = openai_at(server)
    bench = speak_bench(backend, directory=tmp_path)
    for _ in range(2):
        reports = await bench.backends.reports()
        assert reports["openai"].circuit is CircuitState.CLOSED
        assert (await bench.service.speak(REQUEST)).encoded.backend == "openai"
    assert reports["openai"].health.available
    await backend.cleanup()


async def test_a_voice_of_azures_without_a_language_is_left_out_and_the_rest_stays(
    server: HostileServer, tmp_path: Path
) -> None:
    listed = [
        {"ShortName": "en-US-JennyNeural", "Locale": "en-US", "Gender": "Female"},
        {"ShortName": "en-US-NobodyNeural", "Locale": None, "Gender": "Female"},
    ]
    server.on_voices = lambda _: web.json_response(listed)
    backend = azure_at(server)
    await backend.health_check()
    bench = speak_bench(backend, directory=tmp_path)
    voices = await bench.backends.list_voices(language="en")
    assert [voice.id for voice in voices] == ["azure:en-US-JennyNeural"]
    assert (await bench.service.speak(REQUEST)).encoded.voice == "azure:en-US-JennyNeural"
    await backend.cleanup()


@pytest.mark.parametrize(
    "listed",
    [
        [None, 5, True, "alloy"],
        [{"id": None}, {"id": True}, {"id": ["a"]}, {}, [], {"id": "alloy"}],
        [{"id": "alloy", "language": None, "gender": None}],
        [{"id": "alloy", "language": ["en", "zh"], "gender": 5}],
        ["小明", "a b", "c\nd", "", "x" * 200, "alloy"],
    ],
)
async def test_what_is_no_voice_in_a_compatible_servers_list_is_left_out(
    server: HostileServer, listed: list[Any]
) -> None:
    server.on_voices = lambda _: web.json_response({"voices": listed})
    backend = openai_at(server)
    manager = a_manager(backend)
    assert [voice.name for voice in await manager.list_voices(language="en")] == ["alloy"]
    await manager.close()


@pytest.mark.parametrize("listed", [[None, 5, True], {"voices": None}, {"voices": 7}, "alloy", None, 7, []])
async def test_where_a_server_lists_nobody_the_known_voices_stay(
    server: HostileServer, tmp_path: Path, listed: Any
) -> None:
    server.on_voices = lambda _: web.json_response(listed)
    backend = openai_at(server)
    assert (await speak_bench(backend, directory=tmp_path).service.speak(REQUEST)).encoded.voice == "openai:alloy"
    await backend.cleanup()


def written(records: Sequence[logging.LogRecord]) -> str:
    """All that a handler might write of them, tracebacks and structured fields included."""
    formatter = logging.Formatter()
    return "\n".join(f"{formatter.format(record)} {vars(record)}" for record in records)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_neither_a_vendors_words_nor_the_key_are_logged_or_told(
    server: HostileServer, tmp_path: Path, name: str, status: int
) -> None:
    server.on_speech = server.on_voices = server.on_models = refusing(status)
    backend = BACKENDS[name](server)
    bench = speak_bench(backend, directory=tmp_path)
    with captured_logs() as records:
        with pytest.raises(BackendUnavailableError) as caught:
            await bench.service.speak(REQUEST)
        reports = await bench.backends.reports()
        await bench.backends.list_voices()
        await bench.backends.close()
    told = written([record for record in records if record.levelno > logging.DEBUG])
    assert told
    for secret in (KEY, "sekrit"):
        assert secret not in told
        assert secret not in f"{caught.value} {reports}"
    assert "sekrit" in written([record for record in records if record.levelno == logging.DEBUG])


@pytest.mark.parametrize("rubbish", ["inf", "nan", "-5", "soon", "1e9", "9" * 40, "Fri, 31 Dec 9999 23:59:60 GMT", ";"])
@pytest.mark.parametrize("name", BACKENDS)
async def test_rubbish_in_retry_after_is_as_if_it_were_not_there(
    server: HostileServer, tmp_path: Path, name: str, rubbish: str
) -> None:
    server.on_speech = refusing(429, **{"Retry-After": rubbish})
    backend = BACKENDS[name](server)
    bench = speak_bench(backend, directory=tmp_path)
    with pytest.raises(BackendUnavailableError) as caught:
        await bench.service.speak(REQUEST)
    await bench.backends.close()
    assert caught.value.reason == "rate_limited"
    assert caught.value.retry_after_s is None
    assert bench.backends.watched[name].circuit.retry_after_s(1_000_000.0) <= 60


def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str]) -> Settings:
    monkeypatch.chdir(tmp_path)  # away from anybody's .env
    for name, value in ({"TTS__BACKENDS": "openai,azure", "CACHE__DIRECTORY": str(tmp_path)} | dict(env)).items():
        monkeypatch.setenv(f"DANMU_TTS_{name}", value)
    return Settings()


@pytest.mark.parametrize(
    "env",
    [
        {"OPENAI__BASE_URL": ""},
        {"AZURE__KEY": "", "AZURE__REGION": "eastasia"},
    ],
)
def test_an_empty_setting_is_as_if_it_were_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str]
) -> None:
    container = build(settings_of(tmp_path, monkeypatch, env))
    assert container.backends.names == ()
    assert set(container.backends.absent) == {"openai", "azure"}


@pytest.mark.parametrize("name", ["OPENAI__BASE_URL", "AZURE__ENDPOINT"])
@pytest.mark.parametrize("address", ["127.0.0.1:8880/v1", "localhost", "ftp://localhost", "http://", "http:// a", " "])
def test_an_address_without_its_scheme_is_refused_and_it_is_said_which_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(tmp_path, monkeypatch, {name: address})
    (problem,) = caught.value.errors()
    assert problem["loc"] == tuple(name.lower().split("__"))
    assert "http" in problem["msg"]
