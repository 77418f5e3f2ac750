from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from piper.phonemize_chinese import PHONEME_TO_ID

from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.adapters.backends.piper_pinyin import _g2p
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from danmu_tts.engine_slots import EngineSlots
from tests.builders.piper_voices import put_piper_voice


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("something asked the network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("piper.phonemize_chinese.urlopen", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("text", ["你好，欢迎来到直播间", "233", "up主666", "女侠"])
async def test_a_pinyin_voice_speaks_without_a_network(tmp_path: Path, text: str) -> None:
    put_piper_voice(
        tmp_path, "zh_CN-test-medium", phoneme_type="pinyin", phoneme_id_map=PHONEME_TO_ID, language={"code": "zh_CN"}
    )
    utterance = Utterance(text, Voice("piper:zh_CN-test-medium", "zh-CN"))
    chunks = [chunk async for chunk in PiperBackend(EngineSlots(1), tmp_path).synthesize(utterance)]
    assert sum(chunk.duration_ms for chunk in chunks) > 200
    assert all(np.frombuffer(chunk.data, "<i2").std() > 100 for chunk in chunks)


def test_one_numbered_syllable_a_character() -> None:
    assert _g2p("你好吗") == [["ni3", "hao3", "ma5"]]


def test_a_phrase_decides_the_reading() -> None:
    assert _g2p("银行行长") == [["yin2", "hang2", "hang2", "zhang3"]]


@pytest.mark.parametrize("text", ["a你b", "，你 好！", "123", "😂你", "", "𠮷你", "okok"])
def test_what_is_not_a_hanzi_keeps_its_place_without_a_syllable(text: str) -> None:
    (syllables,) = _g2p(text)
    assert len(syllables) == len(text)
    assert all(each is None for each, char in zip(syllables, text, strict=True) if char not in "你好𠮷")
    assert all(each for each, char in zip(syllables, text, strict=True) if char in "你好")
