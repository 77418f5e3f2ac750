"""Say it, hear it, compare."""

import httpx
import pytest

from tests.e2e.hearing import Listener, character_error_rate, word_error_rate

ENGLISH = [
    "Good evening everyone, thanks for dropping by tonight.",
    "That last jump was amazing, how did you even see the ledge?",
    "Please turn the music down a little, we can hardly hear your voice.",
    "Hello from Canada, it is snowing here and the coffee is hot.",
    "Take the left door first, then come back for the golden key.",
    "My cat is watching the stream with me, and she loves your singing.",
    "If you beat this boss without a shield, I will buy you dinner.",
    "Welcome back, we missed you all week, where have you been?",
    "Nobody expected that ending, and the whole chat is crying now.",
    "Sleep well, drink some water, and see you again on Friday.",
]
CHINESE = [
    "大家晚上好，欢迎来到直播间。",
    "主播今天吃饭了吗？记得休息一下。",
    "刚才那一波操作太厉害了，我看呆了。",
    "先打左边的小怪，然后再开宝箱。",
    "谢谢你的礼物，祝你天天开心。",
    "明天还要上班，我先去睡觉了。",
]
WORST_ENGLISH_WER = 0.05
WORST_CHINESE_CER = 0.15
WORST_WER_AT_DOUBLE_SPEED = 0.25


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Listener:
    return Listener(tmp_path_factory.mktemp("whisper-base"))


def speak(client: httpx.Client, text: str, *, speed: float = 1.0) -> httpx.Response:
    request = {"model": "auto", "input": text, "response_format": "wav", "speed": speed}
    return client.post("/v1/audio/speech", json=request).raise_for_status()


def test_english_is_understood(client: httpx.Client, listener: Listener) -> None:
    heard = listener.hear_all([speak(client, line).content for line in ENGLISH], "en")
    assert word_error_rate([" ".join(ENGLISH)], [heard]) <= WORST_ENGLISH_WER, heard


def test_chinese_is_understood(client: httpx.Client, listener: Listener) -> None:
    heard = listener.hear_all([speak(client, line).content for line in CHINESE], "zh")
    assert character_error_rate(["".join(CHINESE)], [heard]) <= WORST_CHINESE_CER, heard


def test_double_speed_takes_half_the_time_and_is_understood(client: httpx.Client, listener: Listener) -> None:
    lines = ENGLISH[:4]
    normal = [speak(client, line) for line in lines]
    fast = [speak(client, line, speed=2) for line in lines]
    assert 0.4 < total_ms(fast) / total_ms(normal) < 0.6
    heard = listener.hear_all([answer.content for answer in fast], "en")
    assert word_error_rate([" ".join(lines)], [heard]) <= WORST_WER_AT_DOUBLE_SPEED, heard


def total_ms(answers: list[httpx.Response]) -> float:
    return sum(float(answer.headers["x-audio-duration-ms"]) for answer in answers)
