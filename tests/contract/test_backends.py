"""What every backend promises."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from numpy.typing import NDArray

from danmu_tts.adapters.backends.kokoro import KokoroBackend
from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.audio import AudioChunk, AudioEncoding
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import primary_subtag
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.ports import Backend
from tests.builders.fake_backend import FakeBackend
from tests.builders.vendors import VENDORS

TWO_CLAUSES = {"zh": "你好，再见。", "en": "Hello there, my friend."}
ONE_CLAUSE = {"zh": "今天我们一起去公园", "en": "The quick brown fox jumps over the lazy dog near the river"}


IN_PROCESS: dict[str, Callable[[Path], Backend]] = {
    "fake": lambda models: FakeBackend(),
    "piper": lambda models: PiperBackend(EngineSlots(2), models),
    "kokoro": lambda models: KokoroBackend(EngineSlots(2)),
}


@pytest.fixture(scope="module", params=[*IN_PROCESS, *VENDORS])
def vendor_or_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """An engine in this process, or a vendor's SDK and a server that speaks its protocol."""
    if request.param in IN_PROCESS:
        yield IN_PROCESS[request.param](tmp_path_factory.mktemp("models"))
        return
    with VENDORS[request.param](silence_limit_ms=10_000) as vendor:
        yield vendor.backend


@pytest_asyncio.fixture
async def backend(vendor_or_engine: Backend) -> AsyncIterator[Backend]:
    yield vendor_or_engine
    if vendor_or_engine.traits.silence_limit_s:  # its connections belong to this test's event loop
        await vendor_or_engine.cleanup()


async def utterance(backend: Backend, texts: dict[str, str], tempo: float = 1.0) -> Utterance:
    voice = (await backend.get_voices())[0]
    return Utterance(texts.get(primary_subtag(voice.language), texts["en"]), voice, tempo)


async def spoken(backend: Backend, asked: Utterance) -> list[AudioChunk]:
    return [chunk async for chunk in backend.synthesize(asked)]


async def duration_ms(backend: Backend, tempo: float) -> float:
    """How long a clause lasts on average; Piper says it a little differently each time."""
    asked, times = await utterance(backend, ONE_CLAUSE, tempo), 3 if backend.name == "piper" else 1
    return fmean([sum(chunk.duration_ms for chunk in await spoken(backend, asked)) for _ in range(times)])


def said(chunks: list[AudioChunk]) -> str:
    return "".join(caption.text for chunk in chunks for caption in chunk.captions)


def samples_of(chunks: list[AudioChunk]) -> NDArray[np.int16]:
    data = b"".join(chunk.data for chunk in chunks)
    if chunks[0].encoding is AudioEncoding.PCM:
        return np.frombuffer(data, "<i2")
    return np.asarray(soundfile.read(io.BytesIO(data), dtype="int16")[0], np.int16)


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
    chunks = [chunk for chunk in await spoken(backend, await utterance(backend, TWO_CLAUSES)) if chunk.data]
    assert len({(chunk.sample_rate_hz, chunk.encoding) for chunk in chunks}) == 1
    assert sum(chunk.duration_ms for chunk in chunks) > 300
    assert all(chunk.duration_ms > 0 for chunk in chunks)
    assert samples_of(chunks).std() > 300


@pytest.mark.parametrize("vendor_or_engine", IN_PROCESS, indirect=True)
async def test_an_engine_speaks_clause_by_clause(backend: Backend) -> None:
    chunks = await spoken(backend, await utterance(backend, TWO_CLAUSES))
    assert len([chunk for chunk in chunks if chunk.captions]) == 2


async def test_its_captions_say_the_text_in_order_within_the_audio(backend: Backend) -> None:
    asked = await utterance(backend, TWO_CLAUSES)
    chunks = await spoken(backend, asked)
    captions = [caption for chunk in chunks for caption in chunk.captions]
    if captions:  # some vendors have none
        assert letters(said(chunks)) == letters(asked.text)
    ends_ms = sum(chunk.duration_ms for chunk in chunks)
    times_ms = [time_ms for caption in captions for time_ms in (caption.start_ms, caption.end_ms)]
    assert times_ms == sorted(times_ms)
    assert all(0 <= time_ms <= ends_ms + 50 for time_ms in times_ms)


async def test_tempo_changes_how_long_it_takes(backend: Backend) -> None:
    usual_ms = await duration_ms(backend, 1.0)
    assert 1.6 <= await duration_ms(backend, 0.5) / usual_ms <= 2.4
    assert 0.4 <= await duration_ms(backend, 2.0) / usual_ms <= 0.6
    if backend.name in ("edge", "azure"):  # these go no faster
        return
    assert 0.18 <= await duration_ms(backend, 4.0) / usual_ms <= 0.34


async def test_it_speaks_again_after_it_gave_everything_back(backend: Backend) -> None:
    await backend.initialize()
    await backend.cleanup()
    assert await spoken(backend, await utterance(backend, TWO_CLAUSES))


async def test_two_at_once_are_both_whole(backend: Backend) -> None:
    asked = await utterance(backend, TWO_CLAUSES)
    for chunks in await asyncio.gather(spoken(backend, asked), spoken(backend, asked)):
        assert samples_of(chunks).size / chunks[0].sample_rate_hz > 0.3
        assert letters(said(chunks)) in (letters(asked.text), [])


async def test_a_listener_may_leave_after_the_first_chunk(backend: Backend) -> None:
    chunks = backend.synthesize(await utterance(backend, TWO_CLAUSES))
    await anext(chunks)
    await chunks.aclose()  # type: ignore[attr-defined]  # the port promises an iterator, the language a generator
    assert await spoken(backend, await utterance(backend, TWO_CLAUSES))
