"""The WebSocket as its clients know it, the same from our gateway and from an emulator of AWS.

What a connection is refused for is in ``test_websocket_access.py``.
"""

import asyncio
import json
import re
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from danmu_tts.client import Client, SpeechError
from tests.e2e.sound import PCM_RATE_HZ, decode, duration_ms
from tests.e2e.websocket_line import Heard
from tests.e2e.websocket_targets import Ability, Target

LINE = "Welcome to the stream, everybody!"
# Half a minute of audio, made in a second or two: time enough to interrupt it.
LONG = "So this is a story about a cat that walked along the wall and met another one. " * 6
ME, STRANGER = "?client=0123456789abcdef", "?client=fedcba9876543210"


@pytest.mark.parametrize("audio_format", ["mp3", "pcm", "wav"])
async def test_speech_comes_in_pieces_that_together_are_a_file(target: Target, audio_format: str) -> None:
    async with target.line() as line:
        heard = await line.speak(f"{LINE} This is {audio_format}.", format=audio_format)
    assert [frame["type"] for frame in heard.frames] == ["accepted", *["audio"] * len(heard.pieces), "done"]
    assert [piece["seq"] for piece in heard.pieces] == list(range(len(heard.pieces)))
    assert [piece["final"] for piece in heard.pieces] == [False] * (len(heard.pieces) - 1) + [True]
    done = heard.end
    assert (done["format"], done["bytes"], done["cached"]) == (audio_format, len(heard.audio), None)
    assert duration_ms(heard.audio, audio_format) == pytest.approx(done["duration_ms"], abs=100)
    samples, _ = decode(heard.audio, audio_format)
    assert abs(samples).max() > 0.05


async def test_long_speech_is_heard_before_all_of_it_is_made(target: Target) -> None:
    async with target.line() as line:
        heard = await line.speak(f"First. {LONG}", format="pcm")
    assert len(heard.pieces) > 20
    assert len(heard.audio) == heard.end["bytes"]
    assert len(heard.audio) / 2 / PCM_RATE_HZ * 1000 == pytest.approx(heard.end["duration_ms"], abs=1)
    assert heard.end["timings"]["first_audio_ms"] < heard.end["timings"]["total_ms"] / 2


async def test_two_lines_at_once_on_one_connection(target: Target) -> None:
    async with Client(target.url, target.key) as client:
        one, two = await asyncio.gather(client.speak("One, and one more."), client.speak("Two.", format="wav"))
    assert (one.done.format, two.done.format) == ("mp3", "wav")
    assert duration_ms(one.audio, "mp3") > duration_ms(two.audio, "wav") > 0


async def test_two_clients_may_call_their_lines_the_same(target: Target) -> None:
    async with target.line(ME) as mine, target.line(STRANGER) as others:
        heard = await asyncio.gather(mine.speak("This is mine."), others.speak("And this is not."))
    assert [each.end["type"] for each in heard] == ["done", "done"]


async def test_a_name_is_free_again_once_its_line_is_done(target: Target) -> None:
    async with target.line() as line:
        ends = [(await line.speak("And again.", id="again")).end["type"] for _ in range(10)]
    assert ends == ["done"] * 10


async def test_a_name_is_free_again_in_every_process(target: Target) -> None:
    """The first process is busy when the line is spoken for the first time, and is not when it is for the second."""
    async with target.line(STRANGER) as other, target.line(ME) as line:
        await other.send("speak", id="other", text=f"Keep one busy. {LONG}", format="pcm")
        await other.first_piece("other")
        first = await line.speak("Once.", id="mine")
        await other.rest("other")
        second = await line.speak("Once.", id="mine")
    assert (first.end["type"], second.end["type"]) == ("done", "done"), second.end


async def test_what_was_said_before_comes_from_the_cache(target: Target) -> None:
    async with Client(target.url, target.key) as client:
        first = await client.speak("This will be said twice.")
        second = await client.speak("This will be said twice.")
    assert first.done.cached is None
    assert second.done.cached
    assert second.audio == first.audio


async def test_captions_say_what_is_heard_when(target: Target) -> None:
    async with target.line() as line:
        done = (await line.speak(LINE, captions=True)).end
    said = " ".join(caption["text"] for caption in done["captions"])
    assert re.findall(r"\w+", said) == re.findall(r"\w+", LINE)
    starts = [caption["start_ms"] for caption in done["captions"]]
    assert starts == sorted(starts)
    assert 0 <= starts[0] < done["captions"][-1]["end_ms"] <= done["duration_ms"]


async def test_long_audio_that_is_ready_comes_by_its_address(target: Target) -> None:
    text = f"By its address. {LONG}"
    async with Client(target.url, target.key) as client:
        made = await client.speak(text, format="pcm")
        fetched = await client.speak(text, format="pcm")
    assert fetched.audio == made.audio
    async with target.line() as line:
        (piece,) = (await line.speak(text, format="pcm")).pieces
    assert (piece["seq"], piece["final"]) == (0, True)
    assert piece["url"].startswith(("http://", "/"))
    assert "data" not in piece


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ({"action": "speak", "id": "a", "text": "!!!"}, "invalid_request", "text"),
        ({"action": "speak", "id": "a", "text": "x", "voice": "piper:nobody"}, "voice_not_found", "voice"),
        ({"action": "speak", "id": "a", "text": "long " * 300}, "text_too_long", "text"),
    ],
    ids=["nothing to say", "unknown voice", "too long"],
)
async def test_what_cannot_be_spoken_ends_the_line_and_not_the_connection(
    target: Target, frame: dict[str, Any], code: str, param: str
) -> None:
    async with target.line() as line:
        await line.send_text(json.dumps(frame))
        answer = await line.receive()
        if answer["type"] == "accepted":
            answer = await line.receive()
        assert (answer["type"], answer["error"]["code"], answer["error"]["param"]) == ("error", code, param)
        assert await line.is_quiet()


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ("hello", None),
        ("[1, 2]", None),
        ("null", None),
        ('{"text": "no action"}', None),
        ('{"action": "sing", "id": "a"}', None),
        ('{"action": 7}', None),
        ('{"action": "ping", "extra": 1}', "extra"),
        ('{"action": "speak", "id": "a", "text": "x", "colour": "red"}', "colour"),
        ('{"action": "speak", "id": "a", "text": 7}', "text"),
        ('{"action": "speak", "text": "no id"}', "id"),
        ('{"action": "speak", "id": "with spaces", "text": "x"}', "id"),
        ('{"action": "cancel", "id": null}', "id"),
    ],
)
async def test_what_is_no_frame_is_answered_and_the_connection_stays(
    target: Target, text: str, param: str | None
) -> None:
    async with target.line() as line:
        await line.send_text(text)
        answer = await line.receive()
        assert answer["type"] == "error"
        assert (answer["error"]["code"], answer["error"]["param"]) == ("invalid_request", param)
        assert "id" not in answer
        assert await line.is_quiet()


async def test_a_line_is_cancelled_over_its_own_connection(target: Target) -> None:
    target.needs(Ability.MESSAGES_SIDE_BY_SIDE)
    async with target.line() as line:
        await line.send("speak", id="mine", text=f"Cancel this. {LONG}", format="pcm")
        await line.first_piece("mine")
        await line.send("cancel", id="mine")
        assert (await line.rest("mine")).end == {"type": "cancelled", "id": "mine"}
        assert await line.is_quiet()


async def test_a_line_is_cancelled_over_another_connection_of_its_client(target: Target) -> None:
    """Which is another process's, where the API serves each message in one of its own."""
    async with target.line(ME) as line, target.line(ME) as other:
        await line.send("speak", id="mine", text=f"Cancel this from afar. {LONG}", format="pcm")
        await line.first_piece("mine")
        await other.send("cancel", id="mine")
        assert (await line.rest("mine")).end == {"type": "cancelled", "id": "mine"}
        assert await line.is_quiet()
        assert await other.is_quiet()


async def test_a_name_is_taken_until_its_line_is_done(target: Target) -> None:
    async with target.line(ME) as line, target.line(ME) as other:
        await line.send("speak", id="mine", text=f"Take a name. {LONG}", format="pcm")
        await line.first_piece("mine")
        answer = await other.ask("speak", id="mine", text="Me too.")
        assert (answer["type"], answer["error"]["code"], answer["error"]["param"]) == ("error", "invalid_request", "id")
        await other.send("cancel", id="mine")
        assert (await line.rest("mine")).end["type"] == "cancelled"


async def test_what_is_not_on_its_way_cannot_be_cancelled(target: Target) -> None:
    async with target.line() as line:
        await line.speak("Soon over.", id="over")
        for utterance_id in ("over", "never"):
            answer = await line.ask("cancel", id=utterance_id)
            assert (answer["error"]["code"], answer["error"]["param"]) == ("not_found", "id")


async def test_who_comes_back_hears_the_rest_and_no_gap(target: Target) -> None:
    async with target.line(ME) as line:
        await line.send("speak", id="mine", text=f"Cut me off. {LONG}", format="pcm")
        before = Heard(await line.first_piece("mine"))
        line.cut()
        async with target.line(ME) as again:
            await again.send("resume", speaks=[{"id": "mine", "seq": 1}])
            after = await again.rest("mine")
    assert [piece["seq"] for piece in after.pieces] == list(range(1, len(after.pieces) + 1))
    assert after.end["type"] == "done"
    assert len(before.audio) + len(after.audio) == after.end["bytes"]


async def test_what_is_over_cannot_be_resumed(target: Target) -> None:
    async with target.line(ME) as line:
        await line.speak("Over by then.", id="over")
        answer = await line.ask("resume", speaks=[{"id": "over", "seq": 0}])
    assert (answer["type"], answer["id"], answer["error"]["code"]) == ("error", "over", "not_found")


async def test_who_has_no_name_cannot_come_back(target: Target) -> None:
    async with target.line() as line:
        answer = await line.ask("resume", speaks=[{"id": "mine", "seq": 0}])
    assert (answer["error"]["code"], answer["error"]["param"]) == ("invalid_request", "speaks")


async def test_a_stranger_neither_cancels_nor_takes_over_what_is_not_theirs(target: Target) -> None:
    async with target.line(ME) as line, target.line(STRANGER) as stranger:
        await line.send("speak", id="mine", text=f"Nobody else may have this. {LONG}", format="pcm")
        await line.first_piece("mine")
        cancelling = await stranger.ask("cancel", id="mine")
        resuming = await stranger.ask("resume", speaks=[{"id": "mine", "seq": 0}])
        assert [answer["error"]["code"] for answer in (cancelling, resuming)] == ["not_found", "not_found"]
        assert (await line.rest("mine")).end["type"] == "done"


async def test_the_voices_that_can_speak_are_told(target: Target) -> None:
    async with Client(target.url, target.key) as client:
        found = await client.voices()
        english = await client.voices(language="en", backend="piper")
    assert {"piper", "kokoro"} <= {voice.backend for voice in found}
    assert "piper:en_US-joe-medium" in {voice.id for voice in english}
    assert {voice.backend for voice in english} == {"piper"}


async def test_many_connections_at_once_are_all_spoken_to(target: Target) -> None:
    async def speak() -> bytes:
        async with Client(target.url, target.key) as client:
            return (await client.speak("For everybody.")).audio

    first = await speak()
    assert await asyncio.gather(*(speak() for _ in range(target.crowd))) == [first] * target.crowd


async def test_the_client_is_told_what_the_server_says_of_an_error(target: Target) -> None:
    async with Client(target.url, target.key) as client:
        with pytest.raises(SpeechError) as caught:
            await client.speak("Hello?", voice="piper:nobody")
        await client.ping()
    assert (caught.value.code, caught.value.param) == ("voice_not_found", "voice")


@pytest.mark.parametrize(
    ("message", "code"), [(b"\x00\x01", 1003), ("x" * 130 * 1024, 1009)], ids=["binary", "too large"]
)
async def test_what_api_gateway_does_not_take_ends_the_connection(
    target: Target, message: str | bytes, code: int
) -> None:
    target.needs(Ability.LIMITS_MESSAGES)
    async with target.line() as line:
        await line.connection.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            await line.receive()
    assert caught.value.rcvd
    assert caught.value.rcvd.code == code
