"""What every backend promises."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from danmu_tts.adapters.backends.kokoro import KokoroBackend
from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import primary_subtag
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.ports import Backend
from tests.builders.fake_backend import FakeBackend

TWO_CLAUSES = {"zh": "你好，再见。", "en": "Hello there, my friend."}
ONE_CLAUSE = {"zh": "今天我们一起去公园", "en": "The quick brown fox jumps over the lazy dog near the river"}


@pytest.fixture(
    scope="module",
    params=[
        lambda models: FakeBackend(),
        lambda models: PiperBackend(EngineSlots(2), models),
        lambda models: KokoroBackend(EngineSlots(2)),
    ],
    ids=["fake", "piper", "kokoro"],
)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    build: Callable[[Path], Backend] = request.param
    return build(tmp_path_factory.mktemp("models"))


async def utterance(backend: Backend, texts: dict[str, str], tempo: float = 1.0) -> Utterance:
    voice = (await backend.get_voices())[0]
    return Utterance(texts[primary_subtag(voice.language)], voice, tempo)


async def spoken(backend: Backend, asked: Utterance) -> list[AudioChunk]:
    return [chunk async for chunk in backend.synthesize(asked)]


async def duration_ms(backend: Backend, tempo: float) -> float:
    """How long a clause lasts on average; an engine may say it a little differently each time."""
    asked = await utterance(backend, ONE_CLAUSE, tempo)
    return fmean([sum(chunk.duration_ms for chunk in await spoken(backend, asked)) for _ in range(3)])


def said(chunks: list[AudioChunk]) -> str:
    return "".join(caption.text for chunk in chunks for caption in chunk.captions)


def letters(text: str) -> list[str]:
    return [char for char in text if char.isalnum()]


async def test_its_voices_bear_its_name(backend: Backend) -> None:
    voices = await backend.get_voices()
    assert voices
    assert {voice.backend for voice in voices} == {backend.name}
    assert len({voice.id for voice in voices}) == len(voices)
    assert all(voice.name and voice.language and voice.revision for voice in voices)
    assert {voice.gender for voice in voices} <= {"female", "male", "neutral"}


async def test_its_voices_stay_the_same(backend: Backend) -> None:
    assert list(await backend.get_voices()) == list(await backend.get_voices())


async def test_it_is_well(backend: Backend) -> None:
    health = await backend.health_check()
    assert health.available
    assert health.detail


async def test_every_chunk_has_sound_at_one_rate(backend: Backend) -> None:
    chunks = await spoken(backend, await utterance(backend, TWO_CLAUSES))
    assert len(chunks) == 2
    assert len({chunk.sample_rate_hz for chunk in chunks}) == 1
    for chunk in chunks:
        assert chunk.duration_ms > 100
        assert np.frombuffer(chunk.data, "<i2").std() > 300


async def test_its_chunks_together_say_the_text(backend: Backend) -> None:
    asked = await utterance(backend, TWO_CLAUSES)
    chunks = await spoken(backend, asked)
    assert letters(said(chunks)) == letters(asked.text)


async def test_tempo_changes_how_long_it_takes(backend: Backend) -> None:
    usual_ms = await duration_ms(backend, 1.0)
    assert 1.6 <= await duration_ms(backend, 0.5) / usual_ms <= 2.4
    assert 0.4 <= await duration_ms(backend, 2.0) / usual_ms <= 0.6
    assert 0.18 <= await duration_ms(backend, 4.0) / usual_ms <= 0.34


async def test_it_speaks_again_after_it_gave_everything_back(backend: Backend) -> None:
    await backend.initialize()
    await backend.cleanup()
    assert await spoken(backend, await utterance(backend, TWO_CLAUSES))


async def test_two_at_once_are_both_whole(backend: Backend) -> None:
    asked = await utterance(backend, TWO_CLAUSES)
    for chunks in await asyncio.gather(spoken(backend, asked), spoken(backend, asked)):
        assert letters(said(chunks)) == letters(asked.text)


async def test_a_listener_may_leave_after_the_first_chunk(backend: Backend) -> None:
    chunks = backend.synthesize(await utterance(backend, TWO_CLAUSES))
    await anext(chunks)
    await chunks.aclose()  # type: ignore[attr-defined]  # the port promises an iterator, the language a generator
    assert await spoken(backend, await utterance(backend, TWO_CLAUSES))
