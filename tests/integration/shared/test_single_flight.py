"""However many processes want a line at once, it is made once; and once more where its maker dies."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import danmu_tts
from danmu_tts.bootstrap import build
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.settings import Settings
from tests.builders.fake_backend import FakeBackend
from tests.servers.redis_server import RedisServer

ROOT = Path(__file__).parents[3]
PROCESSES, ASKERS = 20, 10
TEXT = "大家晚上好，欢迎来到直播间"
LIMIT_S = 60


@dataclass(frozen=True)
class Referee:
    """What the processes say in Redis, and what they wait for there."""

    redis: Redis

    def heard(self, name: str, number: int) -> list[bytes]:
        """The next entries of a list, as soon as there are so many."""
        return [self._next(name) for _ in range(number)]

    def count(self, name: str) -> int:
        return int(self.redis.llen(name))

    def let(self, name: str) -> None:
        self.redis.xadd(name, {"now": 1})

    def _next(self, name: str) -> bytes:
        found: Any = self.redis.blpop([name], timeout=LIMIT_S)
        assert found, f"nothing more in {name}"
        value: bytes = found[1]
        return value


@contextmanager
def competitors(server: RedisServer, home: Path) -> Iterator[Referee]:
    """All processes, ready to ask."""
    own = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(danmu_tts.__file__).parents[1])]),
        "DANMU_TTS_REDIS__URL": server.url,
        # Twenty processes share two cores here; what is short about these is tested elsewhere.
        "DANMU_TTS_REDIS__TIMEOUT_MS": "5000",
        "DANMU_TTS_REDIS__CONNECT_TIMEOUT_MS": "5000",
        "DANMU_TTS_CACHE__DIRECTORY": str(home / "cache"),
        "DANMU_TTS_TTS__DEADLINE_MS": str(LIMIT_S * 1000),
        "DANMU_TTS_LOGGING__LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "tests.integration.shared.askers", str(PROCESSES), str(ASKERS), TEXT]
    with (
        Redis.from_url(server.url, socket_timeout=None) as redis,
        subprocess.Popen(command, env=os.environ | own, start_new_session=True) as process,
    ):
        referee = Referee(redis)
        try:
            referee.heard("ready", PROCESSES)
            yield referee
            assert process.wait(LIMIT_S) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
async def expected_sha256(tmp_path: Path) -> str:
    """Of the audio as one process makes it that has never heard of the others."""
    container = build(
        Settings.model_validate({"cache": {"directory": tmp_path / "own"}}), backends={"fake": FakeBackend()}
    )
    speech = await container.speak.speak(SpeechRequest(TEXT))
    await container.close()
    return hashlib.sha256(speech.encoded.audio).hexdigest()


def test_two_hundred_askers_in_twenty_processes_cause_one_synthesis(
    plain_redis: RedisServer, tmp_path: Path, expected_sha256: str
) -> None:
    with competitors(plain_redis, tmp_path) as referee:
        referee.let("start")
        (maker,) = referee.heard("syntheses", 1)
        referee.heard("asked", PROCESSES * ASKERS)
        referee.let("finish")
        answers = [json.loads(each) for each in referee.heard("answers", PROCESSES * ASKERS)]
        assert referee.count("syntheses") == 0
    assert [each.get("sha256") for each in answers] == [expected_sha256] * len(answers)
    made = [each["pid"] for each in answers if each["cached"] is None]
    assert made == [int(maker)]


def test_kill_9_of_the_maker_costs_one_more_synthesis_and_nobody_elses_answer(
    plain_redis: RedisServer, tmp_path: Path, expected_sha256: str
) -> None:
    with competitors(plain_redis, tmp_path) as referee:
        referee.let("start")
        (maker,) = referee.heard("syntheses", 1)
        referee.heard("asked", PROCESSES * ASKERS)
        os.kill(int(maker), signal.SIGKILL)
        (successor,) = referee.heard("syntheses", 1)
        referee.let("finish")
        answers = [json.loads(each) for each in referee.heard("answers", (PROCESSES - 1) * ASKERS)]
        assert referee.count("syntheses") == 0
    assert int(maker) not in {each["pid"] for each in answers}
    assert [each.get("sha256") for each in answers] == [expected_sha256] * len(answers)
    made = [each["pid"] for each in answers if each["cached"] is None]
    assert made == [int(successor)]
