"""The read-aloud fake, heard through edge-tts."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
import edge_tts
import pytest
from edge_tts.exceptions import NoAudioReceived

from tests.fakes.edge import FakeEdge, point_edge_tts_at
from tests.fakes.speech import hum, piper_speech
from tests.fakes.vendor import Fault
from tests.unit.fakes.heard import about, is_audio, seconds_of

TEXT = "Hello there, streamer. 你好！"
VOICE = "en-US-JennyNeural"
TICKS_PER_S = 10_000_000


@dataclass
class Heard:
    audio: bytes = b""
    boundaries: list[tuple[str, str, float]] = field(default_factory=list)


async def listen(client: edge_tts.Communicate) -> Heard:
    heard = Heard()
    async for chunk in client.stream():
        if chunk["type"] == "audio":
            heard.audio += chunk["data"]
        else:
            heard.boundaries.append((chunk["type"], chunk["text"], chunk["offset"] / TICKS_PER_S))
    return heard


def say(text: str = TEXT, **options: str) -> edge_tts.Communicate:
    return edge_tts.Communicate(text, options.pop("voice", VOICE), **options)  # type: ignore[arg-type]


async def status_of(client: edge_tts.Communicate) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listen(client)
    return refused.value.status


async def test_speaks_playable_audio_of_the_right_length(edge: FakeEdge) -> None:
    heard = await listen(say())
    assert seconds_of(heard.audio) == about(hum(TEXT, 1.0).duration_ms / 1000)


async def test_really_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEdge() as server:
        point_edge_tts_at(server, monkeypatch)
        heard = await listen(say("Hello there, streamer."))
    assert seconds_of(heard.audio) == about(piper_speech("Hello there, streamer.", 1.0).duration_ms / 1000)


async def test_knows_what_was_asked(edge: FakeEdge) -> None:
    await listen(say("a < b & c", rate="+20%", pitch="-5Hz", volume="-10%"))
    (received,) = edge.received
    assert received.text == "a < b & c"
    assert (received.voice, received.rate, received.pitch, received.volume) == (VOICE, "+20%", "-5Hz", "-10%")
    assert received.output_format == "audio-24khz-48kbitrate-mono-mp3"
    assert "a &lt; b &amp; c" in received.raw
    assert "Edg/" in received.headers["user-agent"]
    assert (edge.requests, edge.connections) == (1, 1)


async def test_speaks_at_the_tempo_asked_for(edge: FakeEdge) -> None:
    heard = await listen(say(rate="+100%"))
    assert seconds_of(heard.audio) == about(hum(TEXT, 2.0).duration_ms / 1000)


async def test_tells_words_where_they_were_asked_for(edge: FakeEdge) -> None:
    heard = await listen(say("Tom & Jerry 你好", boundary="WordBoundary"))
    assert [kind for kind, _, _ in heard.boundaries] == ["WordBoundary"] * 4
    assert [text for _, text, _ in heard.boundaries] == ["Tom", "Jerry", "你", "好"]
    assert heard.boundaries[1][2] == pytest.approx(hum("Tom & Jerry 你好", 1.0).words[1].offset_ms / 1000)


async def test_tells_sentences_otherwise(edge: FakeEdge) -> None:
    heard = await listen(say("Tom & Jerry. 你好！"))
    assert [(kind, text) for kind, text, _ in heard.boundaries] == [
        ("SentenceBoundary", "Tom & Jerry."),
        ("SentenceBoundary", "你好！"),
    ]


async def test_a_text_too_long_for_one_turn_is_said_in_several(edge: FakeEdge) -> None:
    await listen(say("word " * 1000))
    assert len(edge.received) == 2


async def test_lists_its_voices(edge: FakeEdge) -> None:
    voices = await edge_tts.list_voices()
    assert [voice["ShortName"] for voice in voices][:2] == ["zh-CN-XiaoxiaoNeural", "zh-CN-YunxiNeural"]
    assert edge.voice_list_requests == 1


async def test_has_nothing_to_say_for_punctuation(edge: FakeEdge) -> None:
    with pytest.raises(NoAudioReceived):
        await listen(say("……！？"))


@pytest.mark.parametrize("voice", ["en-US-EmmaMultilingualNeural", "zh-CN-liaoning-XiaobeiNeural"])
async def test_a_voice_that_it_does_not_have_says_nothing(edge: FakeEdge, voice: str) -> None:
    with pytest.raises(NoAudioReceived):
        await listen(say(voice=voice))


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.VOICE_GONE, Fault.BAD_INPUT])
async def test_no_audio(edge: FakeEdge, fault: Fault) -> None:
    edge.fault = fault
    with pytest.raises(NoAudioReceived):
        await listen(say())


@pytest.mark.parametrize(
    ("fault", "status", "requests"),
    [
        (Fault.UNAUTHORIZED, 401, 1),
        # The client tries once more, with the server's clock.
        (Fault.FORBIDDEN, 403, 2),
        (Fault.RATE_LIMITED, 429, 1),
        (Fault.SERVER_ERROR, 503, 1),
    ],
)
async def test_refuses(edge: FakeEdge, fault: Fault, status: int, requests: int) -> None:
    edge.fault = fault
    assert await status_of(say()) == status
    assert edge.requests == requests


async def test_says_when_to_come_back(edge: FakeEdge) -> None:
    edge.fault, edge.retry_after_s = Fault.RATE_LIMITED, 7
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listen(say())
    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == "7"


async def test_forbidden_once_is_overcome_by_the_client(edge: FakeEdge) -> None:
    edge.fault = Fault.FORBIDDEN_ONCE
    assert seconds_of((await listen(say())).audio) > 1
    assert edge.requests == 2


async def test_refuses_a_client_without_a_token(edge: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_tts.drm.DRM.generate_sec_ms_gec", lambda: "0")
    assert await status_of(say()) == 403


async def test_refuses_a_document_that_is_broken(edge: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_tts.communicate.escape", lambda text: text)
    with pytest.raises(NoAudioReceived):
        await listen(say("a < b"))
    assert edge.received[0].malformed


async def test_refuses_elements_that_came_with_the_text(edge: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_tts.communicate.escape", lambda text: text)
    with pytest.raises(NoAudioReceived):
        await listen(say("a <break time='10s'/> b"))
    assert edge.received[0].malformed


async def test_resets_the_connection(edge: FakeEdge) -> None:
    edge.fault = Fault.RESET
    with pytest.raises(aiohttp.ClientConnectionError):
        await listen(say())
    # Its HTTP client asks once more by itself.
    assert edge.requests == 2


@pytest.mark.parametrize(("fault", "share"), [(Fault.TRUNCATED, 0.5), (Fault.CUT_SHORT, 0.25)])
async def test_the_client_does_not_notice_a_missing_end(edge: FakeEdge, fault: Fault, share: float) -> None:
    edge.fault = fault
    heard = await listen(say())
    assert seconds_of(heard.audio) == about(share * hum(TEXT, 1.0).duration_ms / 1000)


async def test_garbage_comes_as_audio(edge: FakeEdge) -> None:
    edge.fault = Fault.GARBAGE
    heard = await listen(say())
    assert heard.audio
    assert not is_audio(heard.audio)


@pytest.mark.parametrize("fault", [Fault.MUTE_FOR_EVER, Fault.STALLED])
async def test_hangs(edge: FakeEdge, fault: Fault) -> None:
    edge.fault = fault
    heard = bytearray()

    async def hear() -> None:
        async for chunk in say().stream():
            heard.extend(chunk.get("data", b""))

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(hear(), 0.2)
    assert bool(heard) is (fault is Fault.STALLED)


async def test_a_client_may_leave_a_turn_that_hangs(edge: FakeEdge) -> None:
    edge.fault = Fault.STALLED
    stream = say().stream()
    await anext(stream)
    await asyncio.wait_for(stream.aclose(), 5)


async def test_speaks_late(edge: FakeEdge) -> None:
    edge.fault, edge.delay_s = Fault.SLOW, 30
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(listen(say()), 0.2)
    edge.delay_s = 0.01
    assert (await listen(say())).audio


async def test_the_voice_list_has_faults_of_its_own(edge: FakeEdge) -> None:
    edge.voices_fault = Fault.SERVER_ERROR
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        await edge_tts.list_voices()
    assert refused.value.status == 503
    assert (await listen(say())).audio
