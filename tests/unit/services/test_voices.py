import pytest

from danmu_tts.domain.errors import InvalidRequestError, NoBackendsAvailableError, VoiceNotFoundError
from tests.builders.fake_backend import FakeBackend
from tests.builders.speak_bench import a_catalogue

FIRST = FakeBackend("first", ["zh-CN", "en-US"])
SECOND = FakeBackend("second", ["zh-TW"])
EMPTY = FakeBackend("empty", [])


async def test_lists_all_voices_in_configured_order() -> None:
    voices = await a_catalogue(FIRST, EMPTY, SECOND).list()
    assert [voice.id for voice in voices] == ["first:zh-CN", "first:en-US", "second:zh-TW"]


async def test_lists_the_voices_of_a_language_or_a_backend() -> None:
    catalogue = a_catalogue(FIRST, SECOND)
    assert [voice.id for voice in await catalogue.list(language="zh")] == ["first:zh-CN", "second:zh-TW"]
    assert [voice.id for voice in await catalogue.list(backend="second")] == ["second:zh-TW"]
    assert await catalogue.list(backend="second", language="en") == []


async def test_a_voice_that_appears_is_there_at_once() -> None:
    backend = FakeBackend("first", [])
    catalogue = a_catalogue(backend)
    assert await catalogue.list() == []
    backend._voices = SECOND._voices
    assert len(await catalogue.list()) == 1


async def test_an_unknown_backend_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidRequestError, match=r"'nobody'\. Known here: first, second") as caught:
        await a_catalogue(FIRST, SECOND).choose(asked=None, backend="nobody", language="zh")
    assert caught.value.param == "backend"


async def test_no_voice_at_all_says_how_to_find_out_why() -> None:
    with pytest.raises(NoBackendsAvailableError, match="danmu-tts doctor"):
        await a_catalogue(EMPTY).choose(asked=None, backend=None, language="zh")


async def test_a_known_backend_without_a_voice_says_so() -> None:
    with pytest.raises(VoiceNotFoundError, match=r"'empty' .* no voice at all"):
        await a_catalogue(FIRST, EMPTY).choose(asked=None, backend="empty", language="zh")


async def test_chooses_among_all_backends() -> None:
    chosen = await a_catalogue(EMPTY, SECOND, FIRST).choose(asked=None, backend=None, language="en")
    assert chosen.id == "first:en-US"


async def test_an_alias_resolves_and_is_listed() -> None:
    catalogue = a_catalogue(FIRST, SECOND, aliases={"alloy": ["second:zh-TW"]})
    assert catalogue.aliases == ("alloy",)
    assert (await catalogue.choose(asked="alloy", backend=None, language="zh")).id == "second:zh-TW"


async def test_health_is_every_backends_own_word() -> None:
    health = await a_catalogue(FIRST, EMPTY).health()
    assert {name: each.available for name, each in health.items()} == {"first": True, "empty": False}
