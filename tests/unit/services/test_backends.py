import asyncio
from collections.abc import Sequence

import pytest

from danmu_tts.domain.errors import (
    BackendBlockedError,
    BackendDisabledError,
    BackendUnavailableError,
    InvalidRequestError,
    NoBackendsAvailableError,
    VoiceNotFoundError,
)
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendTraits
from danmu_tts.services.backends import BackendManager
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.logs import captured_logs
from tests.builders.queued_backend import QueuedFakeBackend
from tests.builders.speak_bench import a_manager
from tests.unit.services.watched import skip_ahead

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
    backend._voices = FakeBackend("first", ["zh-CN"])._voices
    assert len(await manager.list_voices()) == 1


async def test_an_unknown_backend_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidRequestError, match=r"'nobody'\. Known here: first, second") as caught:
        await a_manager(FIRST, SECOND).rank(Wish("zh", backend="nobody"))
    assert caught.value.param == "backend"


async def test_voices_of_an_unknown_backend_are_refused_too() -> None:
    with pytest.raises(InvalidRequestError, match="'nobody'"):
        await a_manager(FIRST).list_voices(backend="nobody")


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


class Mute(FakeBackend):
    """Stops naming its voices."""

    silent = False

    async def get_voices(self) -> Sequence[Voice]:
        if self.silent:
            raise ZeroDivisionError("secret")
        return await super().get_voices()


def priced(name: str, usd_per_million_chars: float) -> FakeBackend:
    return FakeBackend(name, ["zh-CN"], traits=BackendTraits(usd_per_million_chars=usd_per_million_chars))


async def ranked(manager: BackendManager, wish: Wish | None = None) -> list[str]:
    return [voice.backend for voice in await manager.rank(wish or Wish("zh"))]


async def fail(manager: BackendManager, name: str, error: BackendUnavailableError) -> None:
    """One call of a backend that fails."""
    passage = manager.watched[name].circuit.enter(manager._clock())
    assert passage is not None
    passage.failed(error, manager._clock())


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        (Wish("zh", backend="azure"), "backend"),
        (Wish("zh", "azure:zh-CN-XiaoxiaoNeural"), "voice"),
        (Wish("zh", "azure:zh-CN-XiaoxiaoNeural", "azure"), "backend"),
        (Wish("zh", "azure:zh-CN-XiaoxiaoNeural", "first"), "voice"),
    ],
)
async def test_a_backend_that_is_absent_is_refused_with_its_reason(wish: Wish, param: str) -> None:
    manager = a_manager(FIRST, absent={"azure": "no credentials: set AZURE__KEY"})
    with pytest.raises(BackendDisabledError, match=r"'azure' is not here: no credentials: set AZURE__KEY") as caught:
        await manager.rank(wish)
    assert caught.value.param == param


async def test_a_voice_of_an_absent_backend_is_not_looked_for() -> None:
    manager = a_manager(FIRST, absent={"azure": "no credentials"})
    with pytest.raises(BackendDisabledError) as caught:
        await manager.find_voice("azure:zh-CN-XiaoxiaoNeural")
    assert caught.value.param == "voice"
    with pytest.raises(BackendDisabledError):
        await manager.list_voices(backend="azure")


async def test_a_voice_whose_name_has_a_colon_belongs_to_what_is_before_the_first() -> None:
    manager = a_manager(FIRST, absent={"azure": "no credentials"})
    with pytest.raises(BackendDisabledError):
        await manager.rank(Wish("zh", "azure:zh-CN-Xiaochen:DragonHDLatestNeural"))


async def test_a_voice_is_found_by_id_and_by_name_and_nobody_else() -> None:
    manager = a_manager(FIRST, SECOND)
    assert (await manager.find_voice("second:zh-TW")).id == "second:zh-TW"
    assert (await manager.find_voice("zh-TW")).id == "second:zh-TW"
    with pytest.raises(VoiceNotFoundError, match="'third:zh-TW'"):
        await manager.find_voice("third:zh-TW")


async def test_a_backend_that_cannot_name_its_voices_keeps_its_last_ones() -> None:
    backend = Mute("first", ["zh-CN"])
    manager = a_manager(backend)
    known = await manager.list_voices()
    backend.silent = True
    with captured_logs() as records:
        assert await manager.list_voices() == known
    (record,) = records
    assert (vars(record)["backend"], vars(record)["error"]) == ("first", "ZeroDivisionError")
    assert "secret" not in str(vars(record))


async def test_one_that_does_not_name_its_voices_in_three_seconds_keeps_them_and_is_not_asked_for_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(FakeBackend):
        thinks = False
        asked = 0

        async def get_voices(self) -> Sequence[Voice]:
            self.asked += 1
            if self.thinks:
                await asyncio.Event().wait()
            return await super().get_voices()

    backend = Slow("first", ["zh-CN"])
    manager = a_manager(backend)
    known = await manager.list_voices()
    backend.thinks = True
    listed = asyncio.create_task(manager.list_voices())
    await skip_ahead(monkeypatch, 2.5)
    assert not listed.done()
    await skip_ahead(monkeypatch, 0.5)
    assert await listed == known
    backend.thinks = False
    await skip_ahead(monkeypatch, 29)
    assert await manager.list_voices() == known
    assert backend.asked == 2
    await skip_ahead(monkeypatch, 1)
    assert await manager.list_voices() == known
    assert backend.asked == 3


async def test_a_backend_that_never_named_a_voice_takes_nothing_else_down() -> None:
    backend = Mute("first")
    backend.silent = True
    assert await ranked(a_manager(backend, SECOND)) == ["second"]


@pytest.mark.parametrize("voice", [Voice("stranger:zh-CN", "zh-CN"), Voice("nobody", "zh-CN"), Voice("first:one", "")])
async def test_a_voice_that_nobody_could_ask_for_is_not_listed_and_that_is_said_once(voice: Voice) -> None:
    backend = FakeBackend("first", ["zh-CN"])
    backend._voices += (voice,)
    manager = a_manager(backend)
    with captured_logs() as records:
        for _ in range(3):
            assert [each.id for each in await manager.list_voices()] == ["first:zh-CN"]
    (record,) = records
    assert (vars(record)["backend"], vars(record)["voices"]) == ("first", 1)


async def test_a_backend_that_is_left_alone_comes_last_until_its_pause_is_over() -> None:
    clock = FakeClock()
    manager = a_manager(FIRST, SECOND, clock=clock)
    await fail(manager, "first", BackendBlockedError("no"))
    assert await ranked(manager) == ["second", "first"]
    clock.advance(5)
    assert await ranked(manager) == ["first", "second"]


async def test_one_that_has_much_to_do_lets_another_go_first() -> None:
    busy = FakeBackend("first", ["zh-CN"])
    manager = a_manager(busy, SECOND)
    busy.waiting = 1.0
    assert await ranked(manager) == ["first", "second"]
    busy.waiting = 1.1
    assert await ranked(manager) == ["second", "first"]


async def test_one_that_speaks_elsewhere_leaves_the_line_to_one_that_is_only_busy() -> None:
    busy = FakeBackend("first", ["zh-CN"])
    manager = a_manager(busy, QueuedFakeBackend("far", languages=["zh-CN"]))
    busy.waiting = 9.0
    assert await ranked(manager) == ["first", "far"]


async def test_the_price_decides_between_two_that_are_equally_busy() -> None:
    dear, cheap = priced("dear", 15.0), priced("cheap", 0.0)
    manager = a_manager(dear, cheap)
    assert await ranked(manager) == ["dear", "cheap"]
    dear.waiting = cheap.waiting = 4.0
    assert await ranked(manager) == ["cheap", "dear"]


async def test_a_paid_line_is_worth_less_than_half_a_second() -> None:
    dear, cheap = priced("dear", 15.0), priced("cheap", 0.0)
    manager = a_manager(cheap, dear)
    dear.waiting, cheap.waiting = 4.0, 4.4
    assert await ranked(manager) == ["cheap", "dear"]
    cheap.waiting = 4.6
    assert await ranked(manager) == ["dear", "cheap"]
