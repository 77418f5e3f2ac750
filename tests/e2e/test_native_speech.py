"""``POST /v1/speech``: a URL that plays, captions, timings, and a cache that outlives the process."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.adapters.cache.signed_files import SignedFiles
from danmu_tts.domain.audio import AudioFormat, EncodedSpeech
from tests.e2e.program import Server
from tests.e2e.sound import decode, duration_ms, loudness, pitch_hz
from tests.e2e.wire_errors import assert_error

TWO_CLAUSES = "Good evening everyone, please be kind to each other in the chat tonight."
EVERY_FIELD: dict[str, Any] = {
    "text": TWO_CLAUSES,
    "voice": "piper:en_US-joe-medium",
    "backend": "piper",
    "format": "wav",
    "speed": 1.25,
    "pitch": 2,
    "volume": 0.8,
    "language": "en-US",
    "priority": "high",
    "deadline_ms": 20_000,
    "captions": True,
    "room": "room-1",
}


def speak(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/speech", json={"text": text} | fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def fetch(answer: dict[str, Any]) -> bytes:
    return httpx.get(answer["audio"]["url"]).raise_for_status().content


def with_query(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return parts._replace(query=urlencode(query)).geturl()


def test_every_field_is_taken_and_the_answer_is_whole(client: httpx.Client) -> None:
    answer = speak(client, **EVERY_FIELD)
    assert answer["id"]
    assert (answer["status"], answer["backend"], answer["voice"]) == ("done", "piper", "piper:en_US-joe-medium")
    assert answer["cost_usd"] == 0
    assert 0 < answer["timings"]["first_audio_ms"] <= answer["timings"]["total_ms"]
    audio = answer["audio"]
    assert (audio["content_type"], audio["sample_rate_hz"]) == ("audio/wav", 22_050)
    content = fetch(answer)
    assert len(content) == audio["bytes"]
    assert duration_ms(content, "wav") == pytest.approx(audio["duration_ms"], abs=20)


def test_captions_hold_every_word_and_end_with_the_audio(client: httpx.Client) -> None:
    for text in (TWO_CLAUSES, "大家晚上好，欢迎来到直播间。"):
        answer = speak(client, text, captions=True, speed=1.5, pitch=-3)
        captions = answer["captions"]
        assert len(captions) > 1
        assert "".join(caption["text"] for caption in captions).replace(" ", "") == text.replace(" ", "")
        starts = [caption["start_ms"] for caption in captions]
        ends = [caption["end_ms"] for caption in captions]
        assert [*starts, answer["audio"]["duration_ms"]] == [0, *ends]
        assert all(start < end for start, end in zip(starts, ends, strict=True))


def test_captions_are_absent_unless_asked_for(client: httpx.Client) -> None:
    assert speak(client, "hello")["captions"] is None


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_the_url_plays_without_credentials(client: httpx.Client, audio_format: str) -> None:
    answer = speak(client, "The door is open, come in.", format=audio_format)
    response = httpx.get(answer["audio"]["url"])
    assert response.status_code == 200
    assert response.headers["content-type"] == answer["audio"]["content_type"]
    assert duration_ms(response.content, audio_format) == pytest.approx(answer["audio"]["duration_ms"], abs=150)


def test_a_range_of_the_audio_is_served(client: httpx.Client) -> None:
    answer = speak(client, "hello", format="wav")
    whole = fetch(answer)
    response = httpx.get(answer["audio"]["url"], headers={"range": "bytes=44-143"})
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes 44-143/{len(whole)}"
    assert response.content == whole[44:144]


def test_a_changed_link_is_forbidden(client: httpx.Client) -> None:
    audio = speak(client, "hello")["audio"]
    other = urlsplit(speak(client, "goodbye")["audio"]["url"]).path
    for url in (
        with_query(audio["url"], expires=str(audio["expires_at"] + 1)),
        with_query(audio["url"], signature="0" * 64),
        urlsplit(audio["url"])._replace(path=other).geturl(),
        urlsplit(audio["url"])._replace(query="").geturl(),
    ):
        assert_error(httpx.get(url), 403, "forbidden")


def test_a_link_expires(client: httpx.Client, server: Server) -> None:
    answer = speak(client, "hello")
    assert 0 < answer["audio"]["expires_at"] - time.time() <= 900
    key = urlsplit(answer["audio"]["url"]).path.rpartition("/")[2]
    # The server's own signer, an hour ago.
    folder = server.home / "cache"
    files = FileCache(folder, max_bytes=10**9, ttl_s=10**9)
    signer = SignedFiles(files, folder / "url-signing-key", ttl_s=900, clock=lambda: time.time() - 3600)
    link = asyncio.run(signer.link(key, EncodedSpeech(b"", AudioFormat.MP3, 22_050, 0, "piper:en_US-joe-medium")))
    assert link
    assert_error(client.get(link.url), 403, "forbidden")


def test_a_second_asking_is_answered_from_memory(client: httpx.Client) -> None:
    text = "The same line twice."
    first, second = speak(client, text), speak(client, text)
    assert (first["cached"], second["cached"]) == (None, "memory")
    assert first["id"] != second["id"]
    assert fetch(first) == fetch(second)


@pytest.mark.parametrize("end", ["stop", "terminate", "kill"])
def test_after_a_restart_the_audio_is_still_there(own_server: Server, end: str) -> None:
    text = "This line outlives its process."
    with httpx.Client(base_url=own_server.base_url, timeout=60) as client:
        before = speak(client, text)
        content = fetch(before)
    ending: dict[str, int] = {"stop": 0, "terminate": -15, "kill": -9}
    assert getattr(own_server, end)() == ending[end]
    own_server.start()
    with httpx.Client(base_url=own_server.base_url, timeout=60) as client:
        link = urlsplit(before["audio"]["url"])
        assert client.get(f"{link.path}?{link.query}").raise_for_status().content == content
        after = speak(client, text)
        assert after["cached"] == "file"
        assert fetch(after) == content
        assert speak(client, text)["cached"] == "memory"
    assert "Traceback" not in own_server.log


def test_pitch_and_volume_are_heard(client: httpx.Client) -> None:
    def said(**fields: Any) -> tuple[Any, int]:
        return decode(fetch(speak(client, TWO_CLAUSES, format="wav", **fields)), "wav")

    plain, rate_hz = said()
    higher, _ = said(pitch=6)
    softer, _ = said(volume=0.5)
    silent, _ = said(volume=0)
    assert pitch_hz(higher, rate_hz) / pitch_hz(plain, rate_hz) == pytest.approx(2 ** (6 / 12), rel=0.12)
    assert len(higher) == pytest.approx(len(plain), rel=0.2)
    assert loudness(softer) / loudness(plain) == pytest.approx(0.5, rel=0.2)
    assert loudness(silent) == 0


@pytest.mark.parametrize(("language", "backend"), [("zh", "kokoro"), ("zh-TW", "kokoro"), ("en-GB", "piper")])
def test_the_language_asked_for_chooses_the_voice(client: httpx.Client, language: str, backend: str) -> None:
    for text in ("666", "NPC", "OK 啦"):
        assert speak(client, text, language=language)["backend"] == backend


@pytest.mark.parametrize("priority", ["low", "normal", "high"])
def test_every_priority_is_spoken(client: httpx.Client, priority: str) -> None:
    assert speak(client, f"My priority is {priority}.", priority=priority)["status"] == "done"


def test_a_missed_deadline_is_said_and_the_server_goes_on(client: httpx.Client) -> None:
    some_eight_seconds_of_work = "大家晚上好欢迎来到直播间今天我们一起听歌聊天" * 4
    response = client.post("/v1/speech", json={"text": some_eight_seconds_of_work, "deadline_ms": 1000})
    assert_error(response, 504, "deadline_exceeded")
    assert response.headers["retry-after"]
    assert speak(client, TWO_CLAUSES + " Hurry!")["status"] == "done"


def test_what_is_spoken_is_not_logged(client: httpx.Client, server: Server) -> None:
    text = "Zanzibar marmalade for the quokka 袋鼠果酱"
    speak(client, text, captions=True)
    client.post("/v1/audio/speech", json={"model": "auto", "input": text, "response_format": "flac"})
    client.post("/v1/speech", json={"text": text, "deadline_ms": 1000, "format": "wav"})
    client.post("/v1/speech", json={"text": text, "voice": "nobody"})
    client.post("/v1/speech", json={"text": text, "unknown": text})
    assert f"text_length={len(text)} " in server.log
    for word in ("Zanzibar", "marmalade", "quokka", "袋鼠", "果酱"):
        assert word not in server.log
