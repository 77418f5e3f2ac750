import dataclasses
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.adapters.backends import kokoro
from danmu_tts.adapters.backends.kokoro import KokoroBackend
from danmu_tts.domain.errors import BackendUnavailableError, NothingToSayError
from danmu_tts.domain.speech import Utterance
from danmu_tts.engine_slots import EngineSlots
from tests.builders.logs import captured_logs


@pytest.fixture
def backend() -> KokoroBackend:
    return KokoroBackend(EngineSlots(1))


@dataclasses.dataclass(frozen=True)
class Elsewhere:
    """A package whose data lie in another folder."""

    folder: Path

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


@pytest.mark.parametrize("language", ["zh", "ja"])
async def test_has_five_voices_a_language(backend: KokoroBackend, language: str) -> None:
    voices = [voice for voice in await backend.get_voices() if voice.speaks(language)]
    assert len({voice.id for voice in voices}) == 5
    assert {voice.gender for voice in voices if "-jm_" in voice.id} == {"male"}
    assert {voice.gender for voice in voices if "-jf_" in voice.id} == {"female"}


async def test_a_damaged_model_is_an_unavailable_backend(
    backend: KokoroBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "part.bin").write_bytes(b"damaged")
    genuine = files

    def with_a_damaged_part(package: str) -> Any:
        return Elsewhere(tmp_path) if package.endswith("model_3") else genuine(package)

    monkeypatch.setattr(kokoro, "files", with_a_damaged_part)
    with captured_logs() as records, pytest.raises(BackendUnavailableError, match="could not load kokoro"):
        await backend.initialize()
    assert "reinstall" in str(records[0].exc_info)


async def test_a_missing_part_is_an_unavailable_backend(
    backend: KokoroBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kokoro, "files", lambda package: Elsewhere(tmp_path))
    with captured_logs(), pytest.raises(BackendUnavailableError):
        await backend.initialize()


async def test_without_its_packages_it_has_no_voice_and_says_how_to_get_them(
    backend: KokoroBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "find_spec", lambda package: None)
    kokoro._catalogue.cache_clear()
    try:
        health = await backend.health_check()
        assert await backend.get_voices() == ()
    finally:
        kokoro._catalogue.cache_clear()
    assert not health.available
    assert "danmu-tts[kokoro]" in health.detail


async def test_a_text_without_a_known_sound_is_refused(backend: KokoroBackend) -> None:
    voice = (await backend.get_voices())[0]
    with pytest.raises(NothingToSayError, match="cannot pronounce"):
        await anext(backend.synthesize(Utterance("ㅋㅋㅋ", voice)))
