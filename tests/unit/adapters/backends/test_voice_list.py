import asyncio
from collections.abc import Sequence

import pytest

from danmu_tts.adapters.backends.voice_list import VoiceList, known_gender, packaged_voices
from danmu_tts.domain.errors import BackendNetworkError, BackendTimeoutError, DanmuTTSError
from danmu_tts.domain.voices import ANY_LANGUAGE, Voice
from tests.builders.clock import FakeClock
from tests.builders.logs import captured_logs
from tests.unit.services.watched import skip_ahead

OLD, NEW, NEWER = (Voice(f"edge:{name}", "zh-CN") for name in ("old", "new", "newer"))
TTL_S, RETRY_S = 3600, 30
PACKAGED = ("azure", "edge", "openai")


class Vendor:
    """Answers with what it is given, when it is allowed to."""

    def __init__(self, answer: Sequence[Voice] | DanmuTTSError) -> None:
        self.answer = answer
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> Sequence[Voice]:
        self.asked += 1
        await self.may_answer.wait()
        if isinstance(self.answer, DanmuTTSError):
            raise self.answer
        return self.answer


def a_list(vendor: Vendor, clock: FakeClock | None = None, known: Sequence[Voice] = (OLD,)) -> VoiceList:
    return VoiceList(vendor, known, TTL_S, clock or FakeClock())


async def wait_for(voices: VoiceList) -> Sequence[Voice]:
    return await voices.get_asked()


async def refreshed(voices: VoiceList) -> Sequence[Voice]:
    return await voices.refresh()


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_known_is_there_before_the_vendor_has_answered() -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    assert voices.get() == (OLD,)
    await settle()
    assert voices.get() == (OLD,)
    vendor.may_answer.set()
    await settle()
    assert voices.get() == (NEW,)
    assert vendor.asked == 1


async def test_a_vendor_is_not_asked_before_somebody_wants_to_know() -> None:
    vendor = Vendor([NEW])
    a_list(vendor)
    await settle()
    assert vendor.asked == 0


async def test_a_list_is_refreshed_when_its_time_is_over_and_not_before() -> None:
    clock, vendor = FakeClock(), Vendor([NEW])
    voices = a_list(vendor, clock)
    await voices.refresh()
    vendor.answer = [NEWER]
    clock.advance(TTL_S - 1)
    voices.get()
    await settle()
    assert (voices.get(), vendor.asked) == ((NEW,), 1)
    clock.advance(1)
    assert voices.get() == (NEW,)
    await settle()
    assert (voices.get(), vendor.asked) == ((NEWER,), 2)


async def test_the_last_good_list_stays_while_the_vendor_is_away() -> None:
    vendor = Vendor([NEW])
    voices = a_list(vendor)
    await voices.refresh()
    vendor.answer = BackendNetworkError("hung up")
    with pytest.raises(BackendNetworkError):
        await voices.refresh()
    assert voices.get() == (NEW,)


async def test_a_vendor_that_is_away_is_asked_again_after_half_a_minute() -> None:
    clock, vendor = FakeClock(), Vendor(BackendNetworkError("hung up"))
    voices = a_list(vendor, clock)
    with captured_logs() as records:
        voices.get()
        await settle()
    assert [vars(record)["reason"] for record in records] == ["hung up"]
    clock.advance(RETRY_S - 1)
    voices.get()
    await settle()
    assert (voices.get(), vendor.asked) == ((OLD,), 1)
    vendor.answer = [NEW]
    clock.advance(1)
    voices.get()
    await settle()
    assert (voices.get(), vendor.asked) == ((NEW,), 2)


async def test_nobody_asks_twice_while_the_vendor_thinks() -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    for _ in range(10):
        voices.get()
        await settle()
    assert vendor.asked == 1
    voices.stop()


async def test_nobody_asks_twice_however_long_the_vendor_thinks() -> None:
    clock, vendor = FakeClock(), Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor, clock)
    for _ in range(3):
        voices.get()
        await settle()
        clock.advance(RETRY_S + 1)
    assert vendor.asked == 1
    voices.stop()


async def test_a_vendor_whose_list_does_not_end_is_given_up_after_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    asked = asyncio.create_task(refreshed(voices))
    await skip_ahead(monkeypatch, 9.5)
    assert not asked.done()
    await skip_ahead(monkeypatch, 0.5)
    with pytest.raises(BackendTimeoutError):
        await asked


async def test_an_empty_answer_is_not_believed() -> None:
    vendor = Vendor([])
    voices = a_list(vendor)
    assert await voices.refresh() == (OLD,)
    assert voices.get() == (OLD,)


async def test_known_voices_lead_in_their_order_and_the_others_follow_in_the_vendors() -> None:
    known = [Voice("edge:a", "zh-CN", revision="packaged"), Voice("edge:b", "zh-CN")]
    vendor = Vendor([Voice(f"edge:{name}", "zh-CN") for name in "dbca"])
    names = [voice.name for voice in await a_list(vendor, known=known).refresh()]
    assert names == ["a", "b", "d", "c"]


async def test_a_withdrawn_voice_is_gone_and_its_namesakes_stay() -> None:
    voices = a_list(Vendor([]), known=[OLD, NEW, NEWER])
    voices.withdraw("new")
    assert voices.get() == (OLD, NEWER)
    voices.stop()


async def test_a_vendor_is_asked_whether_it_still_has_a_voice() -> None:
    voices = a_list(Vendor([NEW]), known=[OLD, NEW])
    assert await voices.still_has(NEW)
    assert not await voices.still_has(OLD)
    assert voices.get() == (NEW,)


async def test_a_vendor_whose_list_is_new_is_not_asked_again_whether_it_has_a_voice() -> None:
    clock, vendor = FakeClock(), Vendor([NEW])
    voices = a_list(vendor, clock, known=[OLD, NEW])
    for later_s, asked in [(0, 1), (10, 1), (1, 2)]:
        clock.advance(later_s)
        assert not await voices.still_has(OLD)
        assert vendor.asked == asked


async def test_a_voice_of_another_revision_is_still_the_same() -> None:
    assert await a_list(Vendor([NEW])).still_has(Voice(NEW.id, "zh-CN", "female", "2"))


async def test_who_waits_for_a_vendor_waits_two_seconds_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    waiting = asyncio.create_task(wait_for(voices))
    await skip_ahead(monkeypatch, 1.5)
    assert not waiting.done()
    await skip_ahead(monkeypatch, 0.5)
    assert await waiting == (OLD,)
    vendor.may_answer.set()
    await settle()
    assert voices.get() == (NEW,)


async def test_where_what_is_known_is_a_guess_the_first_who_asks_waits_and_the_others_do_not() -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    waiting = asyncio.create_task(wait_for(voices))
    await settle()
    assert not waiting.done()
    assert await voices.get_asked() == (OLD,)
    vendor.may_answer.set()
    assert await waiting == (NEW,)
    assert await voices.get_asked() == (NEW,)
    assert vendor.asked == 1


async def test_a_guess_is_better_than_nothing_where_the_vendor_is_away() -> None:
    vendor = Vendor(BackendNetworkError("hung up"))
    assert await a_list(vendor).get_asked() == (OLD,)
    assert vendor.asked == 1


async def test_a_refresh_that_is_stopped_changes_nothing() -> None:
    vendor = Vendor([NEW])
    vendor.may_answer.clear()
    voices = a_list(vendor)
    voices.get()
    await settle()
    voices.stop()
    voices.stop()
    vendor.may_answer.set()
    await settle()
    assert voices.get() == (OLD,)


@pytest.mark.parametrize(
    ("said", "gender"),
    [
        ("Female", "female"),
        ("MALE", "male"),
        ("male", "male"),
        ("Neutral", "neutral"),
        ("", "neutral"),
        ("?", "neutral"),
    ],
)
def test_a_gender_is_one_of_ours(said: str, gender: str) -> None:
    assert known_gender(said) == gender


@pytest.mark.parametrize("backend", PACKAGED)
def test_packaged_voices_are_unique_and_complete(backend: str) -> None:
    voices = packaged_voices(backend, "7")
    assert voices
    assert len({voice.id for voice in voices}) == len(voices)
    for voice in voices:
        assert voice.backend == backend
        assert voice.name.strip() == voice.name != ""
        assert voice.gender in ("female", "male", "neutral")
        assert voice.revision == "7"


@pytest.mark.parametrize("backend", ["azure", "edge"])
def test_a_packaged_voice_speaks_the_language_of_its_name(backend: str) -> None:
    for voice in packaged_voices(backend, ""):
        assert voice.name.startswith(f"{voice.language}-")
        assert voice.name.endswith("Neural")


@pytest.mark.parametrize("backend", ["azure", "edge"])
def test_the_first_packaged_voice_is_chinese(backend: str) -> None:
    assert packaged_voices(backend, "")[0].language == "zh-CN"


def test_openais_packaged_voices_speak_any_language() -> None:
    assert {voice.language for voice in packaged_voices("openai", "")} == {ANY_LANGUAGE}
