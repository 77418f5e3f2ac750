import pytest

from danmu_tts.domain.errors import InvalidRequestError, NoBackendsAvailableError, VoiceNotFoundError
from danmu_tts.domain.selection import Wish
from tests.builders.fake_backend import FakeBackend
from tests.builders.speak_bench import a_manager

FIRST = FakeBackend("first", ["zh-CN", "en-US"])
SECOND = FakeBackend("second", ["zh-TW"])
EMPTY = FakeBackend("empty", [])


async def test_lists_all_voices_in_configured_order() -> None:
    voices = await a_manager(FIRST, EMPTY, SECOND).list_voices()
    assert [voice.id for voice in voices] == ["first:zh-CN", "first:en-US", "second:zh-TW"]


async def test_lists_the_voices_of_a_language_or_a_backend() -> None:
    manager = a_manager(FIRST, SECOND)
    assert [voice.id for voice in await manager.list_voices(language="zh")] == ["first:zh-CN", "second:zh-TW"]
    assert [voice.id for voice in await manager.list_voices(backend="second")] == ["second:zh-TW"]
    assert await manager.list_voices(backend="second", language="en") == []


async def test_a_voice_that_appears_is_there_at_once() -> None:
    backend = FakeBackend("first", [])
    manager = a_manager(backend)
    assert await manager.list_voices() == []
    backend._voices = SECOND._voices
    assert len(await manager.list_voices()) == 1


async def test_an_unknown_backend_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidRequestError, match=r"'nobody'\. Known here: first, second") as caught:
        await a_manager(FIRST, SECOND).rank(Wish("zh", backend="nobody"))
    assert caught.value.param == "backend"


async def test_no_voice_at_all_says_how_to_find_out_why() -> None:
    with pytest.raises(NoBackendsAvailableError, match="danmu-tts doctor"):
        await a_manager(EMPTY).rank(Wish("zh"))


async def test_a_known_backend_without_a_voice_says_so() -> None:
    with pytest.raises(VoiceNotFoundError, match=r"'empty' .* no voice at all"):
        await a_manager(FIRST, EMPTY).rank(Wish("zh", backend="empty"))


async def test_chooses_among_all_backends() -> None:
    (chosen,) = await a_manager(EMPTY, SECOND, FIRST).rank(Wish("en"))
    assert chosen.id == "first:en-US"


async def test_an_alias_resolves() -> None:
    manager = a_manager(FIRST, SECOND, aliases={"alloy": ["second:zh-TW"]})
    assert (await manager.rank(Wish("zh", "alloy")))[0].id == "second:zh-TW"


async def test_health_is_every_backends_own_word() -> None:
    reports = await a_manager(FIRST, EMPTY).reports()
    assert {name: each.health.available for name, each in reports.items()} == {"first": True, "empty": False}
