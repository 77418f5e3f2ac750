import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

import danmu_tts
from danmu_tts.adapters.cache.files import FileCache
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_key, a_speech

LINES_BEFORE_THE_KILL = 700
AUDIO_BYTES = 20_000
WRITER = f"""
import asyncio, itertools, pathlib, sys
from danmu_tts.adapters.cache.files import FileCache
from danmu_tts.domain.audio import AudioFormat, EncodedSpeech

async def main():
    cache = FileCache(pathlib.Path(sys.argv[1]), 10**9, 3600, lambda: 0.0)
    for number in itertools.count():
        audio = number.to_bytes(4, "big") * ({AUDIO_BYTES} // 4)
        await cache.set(f"{{number:064x}}", EncodedSpeech(audio, AudioFormat.MP3, 24000, 1000, "fake:one"))
        print(number, flush=True)

asyncio.run(main())
"""


def write_until_killed(directory: Path) -> int:
    """Start the writer, kill it while it writes, and return how many entries it had announced."""
    source = str(Path(danmu_tts.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory)], stdout=subprocess.PIPE, env={"PYTHONPATH": source}
    ) as writer:
        assert writer.stdout is not None
        written = len(list(itertools.islice(writer.stdout, LINES_BEFORE_THE_KILL)))
        writer.kill()
    return written


async def test_kill_9_in_the_middle_of_writing_leaves_no_damaged_entry(tmp_path: Path) -> None:
    assert write_until_killed(tmp_path) == LINES_BEFORE_THE_KILL

    cache = FileCache(tmp_path, 10**9, ttl_s=3600, clock=FakeClock(0))
    described = sum(1 for _ in (tmp_path / "metadata").rglob("*.json"))
    hits = [await cache.get(a_key(number)) for number in range(described + 1)]
    assert [bool(hit) for hit in hits] == [True] * described + [False]
    assert described >= LINES_BEFORE_THE_KILL
    for number, hit in enumerate(hits[:-1]):
        assert hit is not None
        assert hit.speech.audio == number.to_bytes(4, "big") * (AUDIO_BYTES // 4)
    assert (await cache.stats())["file"] == {
        "entries": described,
        "bytes": described * AUDIO_BYTES,
        "max_bytes": 10**9,
    }


def files_in_place(directory: Path) -> list[str]:
    found = [path.relative_to(directory) for path in directory.rglob("*") if path.is_file()]
    return [str(path) for path in found if path.parts[0] != "temp"]


class DiedError(BaseException):
    """Stands for the end of the process: nothing of ours may catch it."""


@pytest.mark.parametrize(("survived_moves", "left"), [(0, []), (1, [f"audio/fake/{KEY[:2]}/{KEY}.mp3"])])
async def test_dying_between_two_moves_leaves_at_most_audio_without_a_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived_moves: int, left: list[str]
) -> None:
    genuine, moves = os.replace, itertools.count()

    def die(source: Path, target: Path) -> None:
        if next(moves) == survived_moves:
            raise DiedError
        genuine(source, target)

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(DiedError):
        await FileCache(tmp_path, 10**6, ttl_s=60, clock=FakeClock()).set(KEY, a_speech())
    assert files_in_place(tmp_path) == left
