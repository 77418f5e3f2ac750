"""A process that dies while it writes leaves nothing broken behind."""

import asyncio
import itertools
import os
import subprocess
import sys
from pathlib import Path

import danmu_tts
from tests.builders.clock import FakeClock
from tests.builders.s3 import an_s3_cache, the_bucket
from tests.builders.speech import a_key, a_speech
from tests.servers.s3_server import BUCKET, S3Server

PLANNED = 1000
LINES_BEFORE_THE_KILL = 250
AUDIO_BYTES = 20_000
WRITER = f"""
import asyncio
from danmu_tts.adapters.cache import s3
from danmu_tts.domain.audio import AudioFormat, EncodedSpeech
from danmu_tts.settings import Settings

async def main():
    cache = s3.create(Settings(), lambda: 0.0)
    async def write(number):
        audio = number.to_bytes(4, "big") * ({AUDIO_BYTES} // 4)
        if await cache.set(f"{{number:064x}}", EncodedSpeech(audio, AudioFormat.MP3, 24000, 1000, "fake:one")):
            print(number, flush=True)
    await asyncio.gather(*map(write, range({PLANNED})))

asyncio.run(main())
"""


def write_until_killed(server: S3Server) -> set[str]:
    """Start the writer, kill it while it writes, and return the keys that it had announced."""
    own = {
        "PYTHONPATH": str(Path(danmu_tts.__file__).parents[1]),
        "AWS_ENDPOINT_URL": server.url,
        "DANMU_TTS_S3__BUCKET": BUCKET,
        "DANMU_TTS_S3__TIMEOUT_MS": "10000",
    }
    with subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, env=os.environ | own) as writer:
        assert writer.stdout is not None
        announced = list(itertools.islice(writer.stdout, LINES_BEFORE_THE_KILL))
        writer.kill()
    return {a_key(int(line)) for line in announced}


async def test_kill_9_in_the_middle_of_writing_leaves_no_damaged_entry(s3: S3Server) -> None:
    announced = write_until_killed(s3)
    assert len(announced) == LINES_BEFORE_THE_KILL
    with the_bucket(s3) as bucket:
        described = [Path(name).stem for name in bucket.names("metadata/")]
        audios = {Path(name).name.partition(".")[0] for name in bucket.names("audio/")}
    assert announced <= set(described)
    assert len(described) < PLANNED
    async with an_s3_cache(s3, FakeClock(0)) as cache:
        hits = await asyncio.gather(*map(cache.get, described))
        for key, hit in zip(described, hits, strict=True):
            assert hit is not None
            assert hit.speech.audio == int(key, 16).to_bytes(4, "big") * (AUDIO_BYTES // 4)
        for key in [*sorted(audios - set(described)), a_key(PLANNED)]:
            assert await cache.get(key) is None
            assert await cache.set(key, a_speech())
            assert await cache.get(key)
