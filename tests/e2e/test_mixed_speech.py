"""Chinese by Kokoro and English by Piper in one line: heard, measured and looked at where they meet."""

from dataclasses import dataclass

import httpx
import numpy as np
import pytest

from tests.builders.sound import measured_lufs
from tests.e2e.hearing import Listener, character_error_rate, wav, word_error_rate
from tests.e2e.sound import decode
from tests.e2e.wire_errors import assert_error

# Each line as its parts; those of letters are English.
LINES = [
    ("大家晚上好，", "welcome to the stream everybody, ", "希望你们今天玩得开心。"),
    ("that last jump was really amazing, ", "主播可以再来一次吗？"),
    ("刚才那一波操作太厉害了，", "please show us how you did that. "),
    ("good luck with the next boss, ", "我们都在看你的直播，", "and have a lot of fun tonight!"),
]
WORST_ENGLISH_WER, WORST_CHINESE_CER = 0.15, 0.25
MOST_LU = 1.0
LARGEST_JUMP = 0.1
NEAR_MS = 20
BEEP_HZ = 1000


@dataclass(frozen=True)
class Part:
    """What one voice said, and its samples."""

    text: str
    samples: np.ndarray[tuple[int], np.dtype[np.float32]]
    rate_hz: int

    @property
    def language(self) -> str:
        return "en" if self.text[0].isascii() else "zh"


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Listener:
    return Listener(tmp_path_factory.mktemp("whisper-base"))


def speak(client: httpx.Client, text: str) -> dict[str, object]:
    request = {"text": text, "format": "wav", "captions": True}
    answer: dict[str, object] = client.post("/v1/speech", json=request).raise_for_status().json()
    return answer


def parts_of(client: httpx.Client, line: tuple[str, ...]) -> tuple[list[Part], float]:
    """The parts of the audio, by its captions, and the largest jump from sample to sample near where they meet."""
    answer = speak(client, "".join(line))
    audio = answer["audio"]
    assert isinstance(audio, dict)
    samples, rate_hz = decode(httpx.get(audio["url"]).content, "wav")
    captions = answer["captions"]
    assert isinstance(captions, list)
    starts = [_start_ms(captions, text) for text in line]
    edges = [round(ms * rate_hz / 1000) for ms in (*starts, audio["duration_ms"])]
    near = round(NEAR_MS * rate_hz / 1000)
    jumps = [np.abs(np.diff(samples[edge - near : edge + near])).max() for edge in edges[1:-1]]
    parts = [Part(text, samples[edges[n] : edges[n + 1]], rate_hz) for n, text in enumerate(line)]
    return parts, float(max(jumps))


def _start_ms(captions: list[dict[str, object]], text: str) -> int:
    return next(int(str(caption["start_ms"])) for caption in captions if text.startswith(str(caption["text"])))


def test_both_languages_are_heard_equally_loud_and_without_a_click(client: httpx.Client, listener: Listener) -> None:
    written: dict[str, list[str]] = {"en": [], "zh": []}
    spoken: dict[str, list[bytes]] = {"en": [], "zh": []}
    for line in LINES:
        parts, jump = parts_of(client, line)
        assert jump < LARGEST_JUMP
        levels = [measured_lufs(part.samples.astype(np.float64), part.rate_hz) for part in parts]
        assert max(levels) - min(levels) <= MOST_LU, levels
        for part in parts:
            written[part.language].append(part.text)
            spoken[part.language].append(wav(part.samples, part.rate_hz))
    english, chinese = (listener.hear_all(spoken[language], language) for language in ("en", "zh"))
    assert word_error_rate([" ".join(written["en"])], [english]) <= WORST_ENGLISH_WER, english
    assert character_error_rate(["".join(written["zh"])], [chinese]) <= WORST_CHINESE_CER, chinese


def test_the_line_is_its_own_voices(client: httpx.Client) -> None:
    assert speak(client, "".join(LINES[0]))["backend"] == "kokoro"
    assert speak(client, "I love this song so much 啊")["backend"] == "piper"


def test_what_is_blocked_is_answered_without_its_words(client: httpx.Client) -> None:
    response = client.post("/v1/speech", json={"text": "主播你快去死吧"})
    assert_error(response, 422, "content_blocked", "text")
    assert "死" not in response.text
