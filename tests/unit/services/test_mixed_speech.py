"""A line in several languages: who says which part, and what is heard when one of them cannot."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from danmu_tts.domain.audio import AudioChunk, AudioFormat, Caption
from danmu_tts.domain.errors import (
    BackendServerError,
    ContentBlockedError,
    DanmuTTSError,
    NothingToSayError,
)
from danmu_tts.domain.speech import Speech, SpeechRequest, Utterance
from danmu_tts.ports import BackendTraits
from tests.builders.fake_backend import FakeBackend
from tests.builders.reading import readers_with
from tests.builders.sound import decode
from tests.builders.speak_bench import SpeakBench, speak_bench

MIXED = "主播 that was amazing 再来一次"
ENGLISH, BEFORE, AFTER = "that was amazing ", "主播 ", "再来一次"
READS_ENGLISH = BackendTraits(reads_english=True)
PAID = BackendTraits(usd_per_million_chars=15.0, silence_limit_s=5.0)


class Mute(FakeBackend):
    """Has a voice that cannot pronounce anything."""

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        self.spoken.append(utterance)
        raise NothingToSayError("nothing that it knows")
        yield


def said(backend: FakeBackend) -> list[tuple[str, str]]:
    return [(utterance.voice.name, utterance.text) for utterance in backend.spoken]


async def speak(bench: SpeakBench, text: str = MIXED, room: str | None = None) -> Speech:
    return await bench.service.speak(SpeechRequest(text, format=AudioFormat.WAV, room=room))


async def test_each_language_has_its_own_voice(tmp_path: Path) -> None:
    zh, en = FakeBackend("zh", ["zh-CN"], sample_rate_hz=24_000), FakeBackend("en", ["en-US"], sample_rate_hz=16_000)
    speech = await speak(speak_bench(zh, en, directory=tmp_path))
    assert said(zh) == [("zh-CN", BEFORE), ("zh-CN", AFTER)]
    assert said(en) == [("en-US", ENGLISH)]
    assert speech.encoded.voice == "zh:zh-CN"
    samples, rate_hz = decode(speech.encoded.audio, AudioFormat.WAV)
    assert rate_hz == 24_000
    assert len(samples) / rate_hz * 1000 == pytest.approx(speech.encoded.duration_ms, abs=2)


class Breathing(FakeBackend):
    """Is silent for a while before and after it speaks, as most voices are."""

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        silence = AudioChunk(bytes(2 * 24_000 // 4), 24_000)
        yield silence
        async for chunk in super().synthesize(utterance):
            moved = tuple(Caption(each.text, each.start_ms + 250, each.end_ms + 250) for each in chunk.captions)
            yield replace(chunk, captions=moved)
        yield silence


@pytest.mark.parametrize("backend", [FakeBackend, Breathing])
async def test_the_captions_are_on_one_time_line(tmp_path: Path, backend: type[FakeBackend]) -> None:
    speech = await speak(speak_bench(backend("zh", ["zh-CN"]), backend("en", ["en-US"]), directory=tmp_path))
    assert [caption.text for caption in speech.captions] == ["主播", "that was amazing", "再来一次"]
    times = [time for caption in speech.captions for time in (caption.start_ms, caption.end_ms)]
    assert times == sorted(times)
    assert times[-1] <= speech.encoded.duration_ms + 1
    assert all(caption.end_ms - caption.start_ms > 100 for caption in speech.captions)


async def test_a_second_asker_gets_it_from_the_cache(tmp_path: Path) -> None:
    zh, en = FakeBackend("zh", ["zh-CN"]), FakeBackend("en", ["en-US"])
    bench = speak_bench(zh, en, directory=tmp_path)
    first, second = await speak(bench), await speak(bench, f"  {MIXED} ★")
    assert (second.cached, second.key, second.encoded.audio) == ("memory", first.key, first.encoded.audio)
    assert len(en.spoken) == 1


async def test_one_sound_shown_in_two_ways(tmp_path: Path) -> None:
    """Two danmu that are said alike share their audio, and each is shown as it was written."""
    bench = speak_bench(FakeBackend("zh", ["zh-CN"]), directory=tmp_path)
    first, second = await speak(bench, "哈哈哈哈哈哈"), await speak(bench, "哈哈哈哈哈哈哈哈😂")
    assert second.cached == "memory"
    assert [first.captions[0].text, second.captions[0].text] == ["哈哈哈哈哈哈", "哈哈哈哈哈哈哈哈😂"]


@pytest.mark.parametrize(
    "asked",
    [
        SpeechRequest(MIXED, voice="zh:zh-CN"),
        SpeechRequest(MIXED, voice="zh-CN"),
        SpeechRequest(MIXED, backend="zh"),
        SpeechRequest(MIXED, language="zh"),
    ],
)
async def test_who_asks_for_a_voice_hears_no_other(tmp_path: Path, asked: SpeechRequest) -> None:
    zh, en = FakeBackend("zh", ["zh-CN"]), FakeBackend("en", ["en-US"])
    await speak_bench(zh, en, directory=tmp_path).service.speak(asked)
    assert [text for _, text in said(zh)] == [MIXED]
    assert en.spoken == []


async def test_a_voice_that_reads_english_gets_the_whole(tmp_path: Path) -> None:
    both = FakeBackend("both", ["zh-CN", "en-US"], traits=READS_ENGLISH)
    await speak(speak_bench(both, directory=tmp_path))
    assert said(both) == [("zh-CN", MIXED)]


async def test_a_voice_of_any_language_gets_the_whole(tmp_path: Path) -> None:
    any_language = FakeBackend("any", ["mul"])
    await speak(speak_bench(any_language, directory=tmp_path))
    assert [text for _, text in said(any_language)] == [MIXED]


async def test_where_nobody_speaks_the_other_language_one_voice_says_all(tmp_path: Path) -> None:
    zh = FakeBackend("zh", ["zh-CN"])
    await speak(speak_bench(zh, directory=tmp_path))
    assert said(zh) == [("zh-CN", MIXED)]


async def test_a_part_is_never_paid_for(tmp_path: Path) -> None:
    zh, paid = FakeBackend("zh", ["zh-CN"]), FakeBackend("paid", ["en-US"], traits=PAID)
    await speak(speak_bench(zh, paid, directory=tmp_path))
    assert [text for _, text in said(zh)] == [MIXED]
    assert paid.spoken == []


@pytest.mark.parametrize(
    "en",
    [
        FakeBackend("en", ["en-US"], fails_with=BackendServerError("broken")),
        FakeBackend("en", ["en-US"], silent=True),
        Mute("en", ["en-US"]),
    ],
    ids=["broken", "silent", "mute"],
)
async def test_what_another_voice_cannot_say_the_voice_of_the_line_says(tmp_path: Path, en: FakeBackend) -> None:
    zh = FakeBackend("zh", ["zh-CN"])
    speech = await speak(speak_bench(zh, en, directory=tmp_path))
    assert [text for _, text in said(zh)] == [BEFORE, ENGLISH, AFTER]
    assert speech.fallback is None


async def test_where_the_voice_of_the_line_fails_another_backend_takes_the_line(tmp_path: Path) -> None:
    broken = FakeBackend("zh", ["zh-CN"], fails_with=BackendServerError("broken"))
    other, en = FakeBackend("other", ["zh-CN"]), FakeBackend("en", ["en-US"])
    speech = await speak(speak_bench(broken, other, en, directory=tmp_path))
    assert speech.encoded.voice == "other:zh-CN"
    assert [text for _, text in said(other)] == [BEFORE, AFTER]
    assert speech.fallback is not None


@pytest.mark.parametrize("text", ["主播 안녕하세요 여러분", "สวัสดีครับ 主播", "привет 主播"])
async def test_a_language_that_nobody_speaks_does_not_silence_the_rest(tmp_path: Path, text: str) -> None:
    speech = await speak(speak_bench(FakeBackend("zh", ["zh-CN"]), directory=tmp_path), text)
    assert speech.encoded.voice == "zh:zh-CN"


async def test_english_with_a_sigh_is_english(tmp_path: Path) -> None:
    zh, en = FakeBackend("zh", ["zh-CN"]), FakeBackend("en", ["en-US"])
    speech = await speak(speak_bench(zh, en, directory=tmp_path), "I love this song so much 啊")
    assert (speech.encoded.voice, said(zh)) == ("en:en-US", [("zh-CN", "啊")])


async def test_a_listener_hears_what_is_kept(tmp_path: Path) -> None:
    heard = bytearray()

    class Listener:
        def begin(self) -> None:
            heard.clear()

        def hear(self, data: bytes) -> None:
            heard.extend(data)

    bench = speak_bench(FakeBackend("zh", ["zh-CN"]), FakeBackend("en", ["en-US"]), directory=tmp_path)
    speech = await bench.service.speak(SpeechRequest(MIXED), Listener())
    assert bytes(heard) == speech.encoded.audio


async def test_a_traditional_voice_gets_traditional_characters(tmp_path: Path) -> None:
    tw = FakeBackend("tw", ["zh-TW"])
    speech = await speak(speak_bench(tw, directory=tmp_path), "这个软件，厉害")
    assert said(tw) == [("zh-TW", "這個軟件，厲害")]
    assert [caption.text for caption in speech.captions] == ["这个软件，", "厉害"]


async def test_a_tone_takes_the_place_of_a_word(tmp_path: Path) -> None:
    zh = FakeBackend("zh", ["zh-CN"])
    bench = speak_bench(zh, directory=tmp_path, readers=readers_with(mask="beep"))
    speech = await speak(bench, "主播傻逼吗")
    assert [text for _, text in said(zh)] == ["主播", "吗"]
    assert [caption.text for caption in speech.captions] == ["主播", "**", "吗"]


async def test_what_is_blocked_reaches_nobody_and_is_not_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    zh = FakeBackend("zh", ["zh-CN"])
    bench = speak_bench(zh, directory=tmp_path)
    with pytest.raises(ContentBlockedError) as blocked:
        await speak(bench, "主播去死吧")
    assert (blocked.value.code, blocked.value.http_status, blocked.value.param) == ("content_blocked", 422, "text")
    assert "harassment" in blocked.value.message
    assert "去死" not in blocked.value.message + caplog.text
    assert zh.spoken == []


@pytest.mark.parametrize("text", ["？？？", "😂😂", "(￣3￣)", "\u200b"])
async def test_signs_alone_are_nothing_to_say(tmp_path: Path, text: str) -> None:
    with pytest.raises(NothingToSayError):
        await speak(speak_bench(FakeBackend(), directory=tmp_path), text)


async def test_each_room_is_read_by_its_own_rules(tmp_path: Path) -> None:
    rules = tmp_path / "reading.json"
    rules.write_text('{"rooms": {"strict": {"actions": {"profanity": "drop"}}}}')
    bench = speak_bench(FakeBackend(), directory=tmp_path, readers=readers_with(file=rules))
    await speak(bench, "主播傻逼", room="relaxed")
    with pytest.raises(DanmuTTSError):
        await speak(bench, "主播傻逼", room="strict")
