import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from danmu_tts.adapters.backends.local_engine import Window
from danmu_tts.domain.audio import AudioChunk, Caption
from danmu_tts.domain.errors import BackendUnavailableError, NothingToSayError
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from tests.builders.logs import captured_logs
from tests.builders.tiny_engine import RATE_HZ, TinyEngine, loudness

LIMIT_S = 10
Samples = NDArray[np.float32]


def broken(text: str) -> Samples:
    raise ValueError(f"cannot say {text}")


async def spoken(engine: TinyEngine, text: str = "你好", voice: str = "a") -> list[AudioChunk]:
    utterance = Utterance(text, Voice(f"tiny:{voice}", "zh-CN"))
    return [chunk async for chunk in engine.synthesize(utterance)]


def peak(chunk: AudioChunk) -> int:
    return int(np.abs(np.frombuffer(chunk.data, "<i2").astype(int)).max())


def by_text(**peaks: float) -> TinyEngine:
    return TinyEngine(speak=lambda text: loudness(peaks[text.strip("，。")]))


async def test_speaks_piece_by_piece() -> None:
    chunks = await spoken(TinyEngine(), "你好，再见。走了。")
    assert [(chunk.captions[0].text, chunk.sample_rate_hz) for chunk in chunks] == [
        ("你好，", RATE_HZ),
        ("再见。", RATE_HZ),
        ("走了。", RATE_HZ),
    ]
    assert chunks[0].duration_ms == 100


async def test_the_first_piece_is_heard_before_the_second_is_made() -> None:
    made: list[str] = []

    def speak(text: str) -> Samples:
        made.append(text)
        return loudness(0.5)

    utterance = Utterance("你好，再见。", Voice("tiny:a", "zh-CN"))
    chunks = TinyEngine(speak=speak).synthesize(utterance)
    await anext(chunks)
    assert made == ["你好，"]


class WindowEngine(TinyEngine):
    """Speaks every piece in the windows that the test says."""

    def __init__(self, *peaks: float, usual_peak: float | None = None) -> None:
        super().__init__()
        self.made = 0
        self._peaks = peaks
        self._usual = usual_peak

    def _speak_in_windows(self, model: str, voice: Voice, text: str, tempo: float) -> Iterator[Window]:
        for number, each in enumerate(self._peaks, 1):
            self.made += 1
            yield Window(loudness(each), RATE_HZ, is_last=number == len(self._peaks))

    def _usual_peak(self, model: str) -> float | None:
        return self._usual


async def test_the_first_window_is_heard_before_the_second_is_made() -> None:
    engine = WindowEngine(0.5, 0.5, 0.5)
    chunks = engine.synthesize(Utterance("你好", Voice("tiny:a", "zh-CN")))
    await anext(chunks)
    assert engine.made == 1
    assert len([chunk async for chunk in chunks]) == 2


async def test_a_caption_covers_all_windows_of_its_piece_and_comes_with_the_last() -> None:
    chunks = await spoken(WindowEngine(0.5, 0.5), "你好，再见。")
    assert [chunk.captions for chunk in chunks] == [
        (),
        (Caption("你好，", 0, 200),),
        (),
        (Caption("再见。", 200, 400),),
    ]


async def test_silence_before_a_piece_is_left_out_and_silence_within_it_is_kept() -> None:
    chunks = await spoken(WindowEngine(0.0, 0.0, 0.5, 0.0, 0.5))
    assert [peak(chunk) > 0 for chunk in chunks] == [True, False, True]
    assert chunks[-1].captions == (Caption("你好", 0, 300),)


async def test_a_quiet_first_window_is_not_raised_where_the_usual_peak_is_known() -> None:
    chunks = await spoken(WindowEngine(0.05, 0.5, usual_peak=0.5))
    assert [peak(chunk) for chunk in chunks] == pytest.approx([0.09 * 32767, 0.9 * 32767], abs=2)


async def test_a_model_is_loaded_once_however_many_want_it_first() -> None:
    second_load = threading.Barrier(2)

    def load(model: str) -> str:
        with suppress(threading.BrokenBarrierError):
            second_load.wait(0.1)
        return model

    engine = TinyEngine(slots=EngineSlots(8), load=load)
    await asyncio.gather(*(spoken(engine) for _ in range(20)))
    assert engine.loads == ["a"]


async def test_initialize_loads_the_default_voice() -> None:
    engine = TinyEngine()
    await engine.initialize()
    await spoken(engine, voice="a")
    assert engine.loads == ["a"]


async def test_initialize_without_a_voice_loads_nothing() -> None:
    engine = TinyEngine(names=[])
    await engine.initialize()
    assert engine.loads == []


async def test_a_load_that_fails_is_an_unavailable_backend_and_is_tried_again() -> None:
    working: list[bool] = []

    def load(model: str) -> str:
        if not working:
            raise RuntimeError("no such file")
        return model

    engine = TinyEngine(load=load)
    with captured_logs() as records, pytest.raises(BackendUnavailableError, match="RuntimeError"):
        await spoken(engine)
    assert [record.getMessage() for record in records] == ["model failed to load"]
    working.append(True)
    assert await spoken(engine)


async def test_the_least_recently_used_model_is_forgotten() -> None:
    engine = TinyEngine(max_loaded_voices=2)
    for voice in ("a", "b", "a", "c", "a", "b"):
        await spoken(engine, voice=voice)
    assert engine.loads == ["a", "b", "c", "b"]


async def test_cleanup_forgets_the_models_and_leaves_the_engine_usable() -> None:
    engine = TinyEngine()
    await spoken(engine)
    await engine.cleanup()
    assert await spoken(engine)
    assert engine.loads == ["a", "a"]


async def test_the_loop_is_free_while_cleanup_waits_for_a_model_to_load() -> None:
    loading, may_finish = threading.Event(), threading.Event()

    def load(model: str) -> str:
        loading.set()
        assert may_finish.wait(LIMIT_S)
        return model

    engine = TinyEngine(load=load)
    first_load = asyncio.create_task(engine.initialize())
    assert await asyncio.to_thread(loading.wait, LIMIT_S)
    cleanup = asyncio.create_task(engine.cleanup())
    assert await asyncio.create_task(engine.health_check())
    assert not cleanup.done()
    may_finish.set()
    await asyncio.gather(first_load, cleanup)
    await spoken(engine)
    assert engine.loads == ["a", "a"]


async def test_quiet_and_loud_pieces_keep_their_proportion() -> None:
    first, quieter = await spoken(by_text(一大=0.5, 二小=0.25), "一大，二小。")
    assert peak(first) == pytest.approx(0.9 * 32767, abs=2)
    assert peak(quieter) == pytest.approx(0.45 * 32767, abs=2)


async def test_a_louder_piece_lowers_the_gain_for_good_and_never_clips() -> None:
    chunks = await spoken(by_text(一小=0.2, 二大=0.8, 三小=0.2), "一小，二大。三小。")
    assert [peak(chunk) for chunk in chunks] == pytest.approx([29490, 29490, 29490 / 4], abs=2)


@pytest.mark.parametrize("level", [0.001, 0.3, 1.0, 3.0])
async def test_every_voice_is_equally_loud(level: float) -> None:
    (chunk,) = await spoken(TinyEngine(speak=lambda text: loudness(level)))
    assert peak(chunk) == pytest.approx(0.9 * 32767, abs=2)


async def test_silent_and_empty_pieces_are_skipped() -> None:
    pieces = {"你好，": loudness(0.0), "再见。": np.zeros(0, np.float32), "走了。": loudness(0.5)}
    (chunk,) = await spoken(TinyEngine(speak=pieces.__getitem__), "你好，再见。走了。")
    assert chunk.captions[0].text == "走了。"


async def test_a_text_of_which_the_voice_knows_no_sound_is_refused() -> None:
    with pytest.raises(NothingToSayError) as caught:
        await spoken(TinyEngine(speak=lambda text: np.zeros(0, np.float32)), "你好，再见。")
    assert caught.value.param == "text"


async def test_an_engine_that_is_silent_has_no_chunk() -> None:
    assert await spoken(TinyEngine(speak=lambda text: loudness(0.0))) == []


async def test_an_engine_that_breaks_is_an_unavailable_backend_without_the_text() -> None:
    with pytest.raises(BackendUnavailableError, match="ValueError") as caught:
        await spoken(TinyEngine(speak=broken), "秘密")
    assert "秘密" not in caught.value.message


async def test_an_engine_may_break_midway() -> None:
    def speak(text: str) -> Samples:
        return loudness(0.5) if text == "一大，" else broken(text)

    chunks = TinyEngine(speak=speak).synthesize(Utterance("一大，二小。", Voice("tiny:a", "zh-CN")))
    assert (await anext(chunks)).captions[0].text == "一大，"
    with pytest.raises(BackendUnavailableError):
        await anext(chunks)


async def test_a_broken_utterance_gives_its_slot_back() -> None:
    slots = EngineSlots(1)
    with pytest.raises(BackendUnavailableError):
        await spoken(TinyEngine(slots=slots, speak=broken))
    async with asyncio.timeout(LIMIT_S):
        assert await spoken(TinyEngine(slots=slots))


async def test_the_loop_is_free_while_the_engine_speaks() -> None:
    speaking, may_finish = threading.Event(), threading.Event()

    def speak(text: str) -> Samples:
        speaking.set()
        assert may_finish.wait(LIMIT_S)
        return loudness(0.5)

    task = asyncio.create_task(spoken(TinyEngine(speak=speak)))
    assert await asyncio.to_thread(speaking.wait, LIMIT_S)
    assert not task.done()
    may_finish.set()
    assert len(await task) == 1


async def test_health_counts_the_voices_or_says_how_to_get_one() -> None:
    assert await TinyEngine(names=["a", "b"]).health_check() == await TinyEngine(names=["x", "y"]).health_check()
    assert (await TinyEngine().health_check()).available
    missing = await TinyEngine(names=[]).health_check()
    assert not missing.available
    assert "pip install 'danmu-tts[tiny]'" in missing.detail
