import asyncio
from pathlib import Path
from typing import Any

import pytest
from piper import PiperVoice

from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from tests.builders.logs import captured_logs
from tests.builders.piper_voices import PACKAGED_ID, put_piper_voice


@pytest.fixture
def backend(tmp_path: Path) -> PiperBackend:
    return PiperBackend(EngineSlots(1), tmp_path)


@pytest.fixture
def phonemes(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every sequence of phonemes that Piper is about to speak."""
    said: list[list[str]] = []
    genuine = PiperVoice.phonemes_to_ids

    def listen(self: Any, each: list[str]) -> list[int]:
        said.append(each)
        ids: list[int] = genuine(self, each)
        return ids

    monkeypatch.setattr(PiperVoice, "phonemes_to_ids", listen)
    return said


async def spoken(backend: PiperBackend, text: str, voice: str = PACKAGED_ID) -> list[AudioChunk]:
    utterance = Utterance(text, Voice(voice, "en-US"))
    return [chunk async for chunk in backend.synthesize(utterance)]


async def test_the_packaged_voice_is_there_from_the_start(backend: PiperBackend) -> None:
    (voice,) = await backend.get_voices()
    assert (voice.id, voice.language, voice.gender) == (PACKAGED_ID, "en-US", "male")
    assert voice.revision


async def test_a_voice_in_the_models_folder_is_there_at_once_and_first(backend: PiperBackend, tmp_path: Path) -> None:
    await backend.get_voices()
    put_piper_voice(tmp_path, "zh_CN-huayan-medium", language={"code": "zh_CN"}, dataset="huayan")
    first, second = await backend.get_voices()
    assert (first.id, first.language, first.gender) == ("piper:zh_CN-huayan-medium", "zh-CN", "female")
    assert second.id == PACKAGED_ID


async def test_a_voice_that_was_dropped_in_can_speak(backend: PiperBackend, tmp_path: Path) -> None:
    put_piper_voice(tmp_path, "en_US-copy-medium")
    assert await spoken(backend, "Hello.", "piper:en_US-copy-medium")


async def test_a_fetched_voice_replaces_the_packaged_one_of_the_same_name(
    backend: PiperBackend, tmp_path: Path
) -> None:
    put_piper_voice(tmp_path, "en_US-joe-medium", language={"code": "en_GB"})
    (voice,) = await backend.get_voices()
    assert voice.language == "en-GB"


async def test_half_a_voice_is_no_voice(backend: PiperBackend, tmp_path: Path) -> None:
    put_piper_voice(tmp_path, "en_US-half-medium")
    (tmp_path / "piper" / "en_US-half-medium.onnx.json").unlink()
    assert [voice.id for voice in await backend.get_voices()] == [PACKAGED_ID]


@pytest.mark.parametrize(
    "config", [b"{", b"[]", b"\xff\xfe", b"[" * 200_000, b'{"language": 7}'], ids=lambda each: each[:9]
)
async def test_a_file_that_is_no_voice_is_told_once_and_does_not_silence_the_others(
    backend: PiperBackend, tmp_path: Path, config: bytes
) -> None:
    put_piper_voice(tmp_path, "en_US-bad-medium")
    (tmp_path / "piper" / "en_US-bad-medium.onnx.json").write_bytes(config)
    with captured_logs() as records:
        for _ in range(2):
            assert [voice.id for voice in await backend.get_voices()] == [PACKAGED_ID]
    assert [record.getMessage() for record in records] == ["not a Piper voice"]


async def test_another_model_under_the_same_name_is_another_revision(backend: PiperBackend, tmp_path: Path) -> None:
    put_piper_voice(tmp_path, "en_US-copy-medium")
    before, _ = await backend.get_voices()
    model = tmp_path / "piper" / "en_US-copy-medium.onnx"
    model.unlink()
    model.write_bytes(b"another")
    after, _ = await backend.get_voices()
    assert (after.id, after.revision == before.revision) == (before.id, False)


async def test_a_voice_without_metadata_is_told_by_its_name(backend: PiperBackend, tmp_path: Path) -> None:
    put_piper_voice(tmp_path, "de_DE-thorsten-low", language={}, dataset="")
    first, _ = await backend.get_voices()
    assert (first.language, first.gender) == ("de-DE", "neutral")


async def test_a_broken_model_is_an_unavailable_backend(backend: PiperBackend, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\x08\x07not a model")
    put_piper_voice(tmp_path, "en_US-broken-medium", model=tmp_path / "broken")
    with captured_logs() as records, pytest.raises(BackendUnavailableError, match="en_US-broken-medium"):
        await spoken(backend, "Hello.", "piper:en_US-broken-medium")
    assert records
    assert records[0].exc_info


async def test_a_voice_that_vanished_is_an_unavailable_backend(backend: PiperBackend) -> None:
    with captured_logs(), pytest.raises(BackendUnavailableError):
        await spoken(backend, "Hello.", "piper:en_US-gone-medium")


LONG = "that was the best round I have ever seen"


async def test_a_line_without_a_clause_break_is_heard_window_by_window(backend: PiperBackend) -> None:
    first, *rest = await spoken(backend, LONG)
    assert first.duration_ms < 200
    assert rest
    assert not any(chunk.captions for chunk in (first, *rest[:-1]))
    (caption,) = rest[-1].captions
    whole_ms = first.duration_ms + sum(chunk.duration_ms for chunk in rest)
    assert (caption.text, caption.start_ms, caption.end_ms) == (LONG, 0, round(whole_ms))


async def test_a_line_is_spoken_at_once_while_others_wait_for_their_turn() -> None:
    slots = EngineSlots(1)
    backend = PiperBackend(slots, Path("none"))
    await backend.initialize()

    async def wait() -> None:
        async with slots.slot(99):
            pass

    chunks = backend.synthesize(Utterance(LONG, Voice(PACKAGED_ID, "en-US")))
    async with slots.slot(0):
        first = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
    assert (await first).captions
    assert [chunk async for chunk in chunks] == []
    await waiter


async def test_faster_than_the_voice_can_speak_is_spoken_at_once(backend: PiperBackend) -> None:
    utterance = Utterance(LONG, Voice(PACKAGED_ID, "en-US"), 4.0)
    assert len([chunk async for chunk in backend.synthesize(utterance)]) == 1


async def test_a_little_faster_is_still_heard_window_by_window(backend: PiperBackend) -> None:
    utterance = Utterance(LONG, Voice(PACKAGED_ID, "en-US"), 1.3)
    assert len([chunk async for chunk in backend.synthesize(utterance)]) > 1


@pytest.mark.parametrize("text", ["[[h@loU]]", "[[[h@loU]]]", "well [[h@loU]] there"])
async def test_a_viewer_cannot_write_raw_phonemes(backend: PiperBackend, phonemes: list[list[str]], text: str) -> None:
    raw = list("h@loU")
    await backend.initialize()
    await spoken(backend, text)
    said = "".join(symbol for each in phonemes for symbol in each)
    assert said
    assert "".join(raw) not in said
