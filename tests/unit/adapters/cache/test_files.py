import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.domain.audio import AudioFormat
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_key, a_speech


def cache_in(directory: Path) -> FileCache:
    return FileCache(directory, 10_000, ttl_s=60, clock=FakeClock())


def files_in(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def audio_of(directory: Path) -> Path:
    return next((directory / "audio").rglob(f"{KEY}.*"))


def description_of(directory: Path) -> Path:
    return next((directory / "metadata").rglob(f"{KEY}.json"))


def flip_a_byte(directory: Path) -> None:
    audio = bytearray(audio_of(directory).read_bytes())
    audio[len(audio) // 2] ^= 1
    audio_of(directory).write_bytes(audio)


def truncate_audio(directory: Path) -> None:
    audio_of(directory).write_bytes(audio_of(directory).read_bytes()[:-1])


def describe(text: str) -> Callable[[Path], object]:
    return lambda directory: description_of(directory).write_text(text)


def redescribe(**fields: Any) -> Callable[[Path], object]:
    def rewrite(directory: Path) -> None:
        description_of(directory).write_text(json.dumps(json.loads(description_of(directory).read_text()) | fields))

    return rewrite


def forget_field(field: str) -> Callable[[Path], object]:
    def rewrite(directory: Path) -> None:
        fields = json.loads(description_of(directory).read_text())
        del fields[field]
        description_of(directory).write_text(json.dumps(fields))

    return rewrite


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated audio": truncate_audio,
    "flipped byte": flip_a_byte,
    "empty audio": lambda directory: audio_of(directory).write_bytes(b""),
    "missing audio": lambda directory: audio_of(directory).unlink(),
    "empty description": describe(""),
    "broken JSON": describe('{"format": "mp3", '),
    "not UTF-8": lambda directory: description_of(directory).write_bytes(b"\xff\xfe\x00"),
    "JSON null": describe("null"),
    "JSON list": describe("[1, 2]"),
    "JSON text": describe('"mp3"'),
    "deeply nested JSON": describe("[" * 200_000),
    "unknown format": redescribe(format="wma"),
    "another format": redescribe(format="wav"),
    "format is a list": redescribe(format=[]),
    "voice is a number": redescribe(voice=7),
    "another backend": redescribe(voice="other:one"),
    "captions are null": redescribe(captions=None),
    "captions are a text": redescribe(captions="abc"),
    "a caption lacks a field": redescribe(captions=[{"text": "hi"}]),
    "a caption's times are no numbers": redescribe(captions=[{"text": 1, "start_ms": "a", "end_ms": None}]),
    "sample rate is a word": redescribe(sample_rate_hz="abc"),
    "duration is null": redescribe(duration_ms=None),
    "stored at a word": redescribe(stored_at="yesterday"),
    "stored at a list": redescribe(stored_at=[]),
    "stored at the word nan": redescribe(stored_at="nan"),
    "stored at no number": redescribe(stored_at=float("nan")),
    "stored at infinity": redescribe(stored_at=float("inf")),
    "stored beyond all floats": redescribe(stored_at=10**400),
    "digest is null": redescribe(sha256=None),
    **{f"without {field}": forget_field(field) for field in ("format", "voice", "sha256", "stored_at", "captions")},
    **{f"without {field}": forget_field(field) for field in ("sample_rate_hz", "duration_ms")},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_entry_is_a_miss_and_is_removed(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech())
    damage(tmp_path)
    assert await cache.get(KEY) is None
    assert files_in(tmp_path) == []
    assert (await cache.stats())["file"]["entries"] == 0


async def test_a_removed_entry_can_be_stored_again(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech())
    flip_a_byte(tmp_path)
    await cache.get(KEY)
    assert await cache.set(KEY, a_speech())
    assert await cache.get(KEY)


async def test_audio_without_a_description_is_a_miss_and_counts_for_nothing(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech())
    description_of(tmp_path).unlink()
    assert await cache.get(KEY) is None
    assert (await cache_in(tmp_path).stats())["file"] == {"entries": 0, "bytes": 0, "max_bytes": 10_000}


async def test_an_expired_entry_is_removed(tmp_path: Path) -> None:
    clock = FakeClock()
    cache = FileCache(tmp_path, 10_000, ttl_s=60, clock=clock)
    await cache.set(KEY, a_speech())
    clock.advance(61)
    await cache.get(KEY)
    assert files_in(tmp_path) == []


async def test_survives_a_restart(tmp_path: Path) -> None:
    await cache_in(tmp_path).set(KEY, a_speech())
    hit = await cache_in(tmp_path).get(KEY)
    assert hit is not None
    assert (hit.speech, hit.tier) == (a_speech(), "file")


async def test_lies_in_the_stated_layout_and_leaves_nothing_temporary(tmp_path: Path) -> None:
    await cache_in(tmp_path).set(KEY, a_speech(voice="piper:joe", audio_format=AudioFormat.OPUS))
    assert [str(path.relative_to(tmp_path)) for path in files_in(tmp_path)] == [
        f"audio/piper/{KEY[:2]}/{KEY}.opus",
        f"metadata/{KEY[:2]}/{KEY}.json",
    ]


async def test_a_voice_cannot_name_a_folder_outside(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    await cache.set(KEY, a_speech(voice="../../out/side:one"))
    assert files_in(tmp_path) == files_in(tmp_path / "cache")
    assert await cache.get(KEY)


@pytest.mark.parametrize(
    "key", ["", "..", "../x", "/etc/passwd", KEY.upper(), KEY[:-1], f"{KEY}0", f"{KEY[:-1]}\n", "*" * 64]
)
async def test_a_hostile_key_misses_and_stores_nothing(tmp_path: Path, key: str) -> None:
    cache = cache_in(tmp_path / "cache")
    await cache.set(KEY, a_speech())
    (tmp_path / "x.json").write_text("{}")
    before = files_in(tmp_path)
    assert await cache.get(key) is None
    assert not await cache.set(key, a_speech())
    with pytest.raises(FileNotFoundError):
        cache.locate(key)
    assert files_in(tmp_path) == before


async def test_locates_the_audio_and_its_format(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech(b"whole", audio_format=AudioFormat.FLAC))
    path, audio_format = cache.locate(KEY)
    assert (path.read_bytes(), audio_format) == (b"whole", AudioFormat.FLAC)


@pytest.mark.parametrize("lose", [audio_of, description_of])
async def test_does_not_locate_what_is_gone(tmp_path: Path, lose: Callable[[Path], Path]) -> None:
    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech())
    lose(tmp_path).unlink()
    with pytest.raises(FileNotFoundError):
        cache.locate(KEY)


async def test_a_disk_that_refuses_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = cache_in(tmp_path / "cache")
    assert not await cache.set(KEY, a_speech())
    assert await cache.get(KEY) is None
    assert (await cache.stats())["file"]["entries"] == 0


async def test_a_disk_that_has_become_read_only_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system")

    cache = cache_in(tmp_path)
    await cache.set(KEY, a_speech())
    monkeypatch.setattr(os, "utime", refuse)
    assert await cache.get(KEY)


async def test_a_folder_that_vanished_misses_and_is_made_again(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    await cache.set(KEY, a_speech())
    shutil.rmtree(tmp_path / "cache")
    assert await cache.get(KEY) is None
    assert await cache.set(a_key(1), a_speech())
    assert await cache.get(a_key(1))


async def test_touches_nothing_before_it_is_used(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    assert await cache.get(KEY) is None
    assert not (tmp_path / "cache").exists()
