"""A plugin of anybody's: what it makes of a request is input like any other, and it has two seconds."""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.speech import Prosody, Speech, SpeechRequest, Timings
from danmu_tts.services.hooks import Hooks
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import speak_bench
from tests.builders.speech import KEY, a_speech
from tests.unit.services.watched import skip_ahead

REQUEST = SpeechRequest("秘密")
SPEECH = Speech("speech-1", KEY, a_speech(), None, Timings(1, 2))
LIMIT_S = 2.0

Step = Callable[[Any], Any]


class Foreign:
    """A plugin whose steps are what a test says."""

    name, version = "foreign", "1"

    def __init__(self, *, pre: Step = lambda value: value, post: Step = lambda value: value) -> None:
        self._pre = pre
        self._post = post

    def pre_process(self, request: SpeechRequest) -> Any:
        return self._pre(request)

    def post_process(self, speech: Speech) -> Any:
        return self._post(speech)


def changing(**fields: Any) -> Step:
    return lambda value: replace(value, **fields)


async def silent_for_ever(value: object) -> Any:
    await asyncio.Event().wait()


def exiting(value: object) -> Any:
    sys.exit(1)


async def exiting_later(value: object) -> Any:
    await asyncio.sleep(0)
    sys.exit(1)


def dying(value: object) -> Any:
    raise ValueError(f"cannot read {value}")


BAD_REQUESTS: dict[str, Step] = {
    "nothing": lambda _: None,
    "a string": lambda _: "你好",
    "an answer": lambda _: SPEECH,
    "no text": changing(text=None),
    "bytes of a text": changing(text=["a"]),
    "an unknown format": changing(format="mp3!"),
    "no format": changing(format=None),
    "a number for a voice": changing(voice=5),
    "no prosody": changing(prosody=None),
    "a speed in words": lambda request: replace(request, prosody=Prosody(speed="fast")),  # type: ignore[arg-type]
    "a list of styles": changing(style=["a"]),
    "an unknown priority": changing(priority=9),
    "exits": exiting,
    "exits later": exiting_later,
    "dies": dying,
}
BAD_ANSWERS: dict[str, Step] = {
    "nothing": lambda _: None,
    "a request": lambda _: REQUEST,
    "no audio": changing(encoded=None),
    "a number for audio": lambda speech: replace(speech, encoded=replace(speech.encoded, audio=7)),
    "an unknown format": lambda speech: replace(speech, encoded=replace(speech.encoded, format="mp3!")),
    "no captions": lambda speech: replace(speech, encoded=replace(speech.encoded, captions=None)),
    "no key": changing(key=None),
    "no timings": changing(timings=None),
    "exits": exiting,
    "exits later": exiting_later,
    "dies": dying,
}


@pytest.mark.parametrize("bad", BAD_REQUESTS)
async def test_a_request_that_is_none_is_as_if_the_plugin_were_not_there(bad: str) -> None:
    with captured_logs() as records:
        assert await Hooks([Foreign(pre=BAD_REQUESTS[bad])]).pre_process(REQUEST) is REQUEST
    (record,) = [each for each in records if each.levelno > logging.DEBUG]
    assert (record.levelno, vars(record)["plugin"]) == (logging.ERROR, "foreign")
    assert "秘密" not in f"{vars(record)}"


@pytest.mark.parametrize("bad", BAD_ANSWERS)
async def test_an_answer_that_is_none_is_as_if_the_plugin_were_not_there(bad: str) -> None:
    with captured_logs() as records:
        assert await Hooks([Foreign(post=BAD_ANSWERS[bad])]).post_process(SPEECH) is SPEECH
    assert [each.levelno for each in records if each.levelno > logging.DEBUG] == [logging.ERROR]


async def test_the_plugins_after_one_that_fails_are_still_asked() -> None:
    hooks = Hooks([Foreign(pre=exiting), Foreign(pre=changing(room="a")), Foreign(pre=changing(text=None))])
    assert await hooks.pre_process(REQUEST) == replace(REQUEST, room="a")


@pytest.mark.parametrize(
    ("said", "meant"),
    [({"format": "wav"}, {"format": AudioFormat.WAV}), ({"deadline_ms": "500"}, {"deadline_ms": 500})],
)
async def test_what_is_plainly_meant_is_taken(said: dict[str, Any], meant: dict[str, Any]) -> None:
    with captured_logs() as records:
        left = await Hooks([Foreign(pre=changing(**said))]).pre_process(REQUEST)
    assert left == replace(REQUEST, **meant)
    assert isinstance(left.format, AudioFormat)
    assert records == []


async def test_a_sound_answer_is_taken_whole() -> None:
    louder = replace(SPEECH, encoded=replace(SPEECH.encoded, audio=b"!"), cost_usd=1.0)
    answer = await Hooks([Foreign(post=lambda _: louder)]).post_process(SPEECH)
    assert answer == replace(louder, key=answer.key)


async def test_a_plugin_that_never_ends_is_left_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = Hooks([Foreign(pre=silent_for_ever, post=silent_for_ever)])
    before, after = asyncio.create_task(hooks.pre_process(REQUEST)), asyncio.create_task(hooks.post_process(SPEECH))
    await skip_ahead(monkeypatch, LIMIT_S - 0.1)
    assert not before.done()
    assert not after.done()
    await skip_ahead(monkeypatch, 0.1)
    assert before.done()
    assert after.done()
    assert before.result() is REQUEST
    assert after.result() is SPEECH


async def test_a_cancellation_of_the_caller_is_not_taken_for_the_plugins() -> None:
    call = asyncio.create_task(Hooks([Foreign(pre=silent_for_ever)]).pre_process(REQUEST))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("plugin", [Foreign(pre=changing(text=None)), Foreign(post=changing(encoded=None))])
async def test_a_service_answers_whatever_its_plugin_does(tmp_path: Path, plugin: Foreign) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path, plugins=[plugin])
    assert (await bench.service.speak(SpeechRequest("你好"))).encoded.audio


async def test_a_service_answers_in_the_format_that_a_plugin_names(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path, plugins=[Foreign(pre=changing(format="wav"))])
    speech = await bench.service.speak(SpeechRequest("你好"))
    assert speech.encoded.format is AudioFormat.WAV
    assert speech.encoded.audio.startswith(b"RIFF")
