import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.domain.access import ANONYMOUS, Principal, Scope
from danmu_tts.domain.errors import InvalidRequestError
from danmu_tts.domain.speech import Speech, SpeechRequest, Timings
from danmu_tts.services.hooks import Hooks
from tests.builders.caches import a_hit
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.speak_bench import speak_bench
from tests.builders.speech import KEY, a_speech

REQUEST = SpeechRequest("你好")
SPEECH = Speech("speech-1", KEY, a_speech(), None, Timings(1, 2))

Pre = Callable[[SpeechRequest], SpeechRequest | Awaitable[SpeechRequest]]
Post = Callable[[Speech], Speech | Awaitable[Speech]]


def as_it_is(value: Any) -> Any:
    return value


class Hook:
    """A plugin of two functions."""

    def __init__(self, name: str = "hook", *, pre: Pre = as_it_is, post: Post = as_it_is, version: str = "1") -> None:
        self.name = name
        self.version = version
        self._pre = pre
        self._post = post

    def pre_process(self, request: SpeechRequest) -> SpeechRequest | Awaitable[SpeechRequest]:
        return self._pre(request)

    def post_process(self, speech: Speech) -> Speech | Awaitable[Speech]:
        return self._post(speech)


def adding(word: str) -> Pre:
    return lambda request: replace(request, text=request.text + word)


def adding_later(word: str) -> Pre:
    async def add(request: SpeechRequest) -> SpeechRequest:
        await asyncio.sleep(0)
        return replace(request, text=request.text + word)

    return add


def sounding(audio: bytes) -> Post:
    return lambda speech: replace(speech, encoded=replace(speech.encoded, audio=audio))


def louder(speech: Speech) -> Speech:
    return replace(speech, encoded=replace(speech.encoded, audio=speech.encoded.audio + b"!"))


async def louder_later(speech: Speech) -> Speech:
    await asyncio.sleep(0)
    return louder(speech)


def breaking(value: object) -> Any:
    raise ZeroDivisionError("a plugin may be anybody's")


async def breaking_later(value: object) -> Any:
    raise ZeroDivisionError("a plugin may be anybody's")


def refusing(value: object) -> Any:
    raise InvalidRequestError("not here", param="text")


async def test_without_plugins_nothing_changes() -> None:
    hooks = Hooks([])
    assert await hooks.pre_process(REQUEST) is REQUEST
    assert await hooks.post_process(SPEECH) is SPEECH


async def test_plain_and_async_plugins_see_each_request_in_the_order_of_their_names() -> None:
    hooks = Hooks([Hook("a", pre=adding("一")), Hook("b", pre=adding_later("二")), Hook("c", pre=adding("三"))])
    assert (await hooks.pre_process(REQUEST)).text == "你好一二三"


async def test_plain_and_async_plugins_see_each_answer_in_the_order_of_their_names() -> None:
    hooks = Hooks([Hook("a", post=sounding(b"a")), Hook("b", post=louder_later), Hook("c", post=louder)])
    assert (await hooks.post_process(SPEECH)).encoded.audio == b"a!!"


@pytest.mark.parametrize("broken", [breaking, breaking_later])
async def test_a_plugin_that_breaks_is_as_if_it_were_not_there_and_is_logged(broken: Any) -> None:
    hooks = Hooks([Hook("bad", pre=broken, post=broken), Hook("good", pre=adding("！"), post=louder)])
    with captured_logs() as records:
        assert (await hooks.pre_process(REQUEST)).text == "你好！"
        assert (await hooks.post_process(SPEECH)).encoded.audio == SPEECH.encoded.audio + b"!"
    shown = [record for record in records if record.levelno > logging.DEBUG]
    assert [(vars(record)["plugin"], record.levelno) for record in shown] == [("bad", logging.ERROR)] * 2
    assert [vars(record)["error"] for record in shown] == ["ZeroDivisionError"] * 2
    assert all("test_hooks.py" in vars(record)["where"] for record in shown)
    assert "anybody" not in str([vars(record) for record in shown])
    assert all(record.exc_info for record in records if record.levelno == logging.DEBUG)


CALLER = Principal("abcdefghij27", frozenset({Scope.SPEAK}), requests_per_minute=1, monthly_usd=0.5)


@pytest.mark.parametrize("claimed", [ANONYMOUS, replace(CALLER, monthly_usd=None), None, "admin"])
async def test_who_asks_stays_whatever_a_plugin_claims(claimed: Any) -> None:
    def claim(request: SpeechRequest) -> SpeechRequest:
        return replace(request, text="再见", principal=claimed)

    request = await Hooks([Hook(pre=claim)]).pre_process(replace(REQUEST, principal=CALLER))
    assert (request.text, request.principal) == ("再见", CALLER)


@pytest.mark.parametrize("returned", [None, "你好", SPEECH])
async def test_a_plugin_that_returns_something_else_is_ignored_and_logged(returned: Any) -> None:
    with captured_logs() as records:
        assert await Hooks([Hook("bad", pre=lambda _: returned)]).pre_process(REQUEST) is REQUEST
    assert [(record.levelno, vars(record).get("plugin")) for record in records] == [
        (logging.ERROR, "bad"),
        (logging.DEBUG, None),
    ]


async def test_an_error_of_ours_answers_the_caller() -> None:
    hooks = Hooks([Hook(pre=refusing, post=refusing)])
    with captured_logs() as records:
        with pytest.raises(InvalidRequestError, match="not here"):
            await hooks.pre_process(REQUEST)
        with pytest.raises(InvalidRequestError, match="not here"):
            await hooks.post_process(SPEECH)
    assert records == []


async def test_nobody_is_asked_after_a_plugin_that_refuses() -> None:
    asked: list[SpeechRequest] = []

    def remember(request: SpeechRequest) -> SpeechRequest:
        asked.append(request)
        return request

    with pytest.raises(InvalidRequestError):
        await Hooks([Hook(pre=refusing), Hook(pre=remember)]).pre_process(REQUEST)
    assert asked == []


async def key_after(*hooks: Hook) -> str:
    return (await Hooks(hooks).post_process(SPEECH)).key


async def test_another_sound_gets_a_key_of_its_own() -> None:
    key = await key_after(Hook(post=louder))
    assert key != KEY
    assert len(key) == 64
    assert int(key, 16)
    assert key == await key_after(Hook(post=louder_later))


async def test_the_key_tells_sounds_plugins_and_versions_apart() -> None:
    keys = [
        await key_after(Hook(post=louder)),
        await key_after(Hook(post=sounding(b"another"))),
        await key_after(Hook("other", post=louder)),
        await key_after(Hook(post=louder, version="2")),
        await key_after(Hook(post=louder), Hook(post=louder)),
        await key_after(),
    ]
    assert len(set(keys)) == len(keys)


async def test_an_answer_whose_sound_stays_keeps_its_key() -> None:
    changed = await Hooks([Hook(post=lambda speech: replace(speech, cost_usd=1.0))]).post_process(SPEECH)
    assert (changed.key, changed.cost_usd) == (KEY, 1.0)


async def test_a_service_speaks_what_the_plugins_left_of_the_request(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path, plugins=[Hook(pre=adding("，再见"))])
    await bench.service.speak(REQUEST)
    assert backend.spoken[0].text == "你好，再见"


async def test_a_service_answers_what_the_plugins_left_and_keeps_what_was_spoken(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path, plugins=[Hook(post=louder)])
    plain = await speak_bench(FakeBackend(), directory=tmp_path / "plain").service.speak(REQUEST)
    speeches = [await bench.service.speak(REQUEST) for _ in range(2)]
    assert [speech.encoded.audio for speech in speeches] == [plain.encoded.audio + b"!"] * 2
    assert [speech.cached for speech in speeches] == [None, "memory"]
    assert speeches[0].key == speeches[1].key != plain.key
    kept = await a_hit(bench.memory, plain.key)
    assert kept.speech.audio == plain.encoded.audio


async def test_the_link_of_a_changed_answer_opens_the_changed_sound(tmp_path: Path) -> None:
    bench = speak_bench(FakeBackend(), directory=tmp_path, plugins=[Hook(post=louder)])
    speech = await bench.service.speak(REQUEST)
    link = await bench.service.link(speech)
    assert link is not None
    assert speech.key in link.url
    kept = await bench.files.get(speech.key)
    assert kept is not None
    assert kept.speech.audio == speech.encoded.audio


async def test_a_plugin_may_refuse_a_request_before_anybody_is_asked(tmp_path: Path) -> None:
    backend = FakeBackend()
    bench = speak_bench(backend, directory=tmp_path, plugins=[Hook(pre=refusing)])
    with pytest.raises(InvalidRequestError):
        await bench.service.speak(REQUEST)
    assert backend.spoken == []
    assert bench.metrics.requests == {("none", "invalid_request"): 1}
