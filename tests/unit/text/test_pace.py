import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.text.pace import longest_plausible_ms, shortest_plausible_ms

KOKORO_ZH, KOKORO_JA, PIPER_EN = "zh-CN", "ja-JP", "en-US"
MEASURED_TEMPOS = (0.25, 1.0, 2.0, 4.0)
# What our own engines took for these lines at each of those tempos, in milliseconds.
MEASURED = {
    (KOKORO_ZH, "主播今天的操作真的太厉害了"): (15_589, 3062, 1451, 720),
    (KOKORO_ZH, "哈哈哈哈哈哈哈哈哈哈哈哈哈"): (15_688, 3564, 1430, 705),
    (KOKORO_ZH, "啊啊啊啊啊啊啊啊啊啊"): (9853, 1636, 735, 360),
    (KOKORO_ZH, "这波 nice 啊 gg 了兄弟们"): (12_024, 2626, 1281, 630),
    (KOKORO_JA, "おはようございます、きょうもいいてんきですね"): (17_942, 3121, 1535, 750),
    (KOKORO_JA, "すごいすごいすごいすごい"): (8627, 1826, 819, 405),
    (KOKORO_JA, "今日はとても楽しいです"): (11_171, 2117, 966, 465),
    (PIPER_EN, "The quick brown fox jumps over the lazy dog"): (10_600, 2786, 1440, 736),
    (PIPER_EN, "ha ha ha ha ha ha ha ha"): (5387, 1556, 1022, 555),
    (PIPER_EN, "it is a bit of a hit if it is in it"): (6931, 1741, 929, 510),
    (PIPER_EN, "lol omg wtf gg ez pz no go"): (15_906, 4005, 1950, 991),
    (PIPER_EN, "I I I I I I I I"): (2601, 697, 337, 150),
}
EVERYDAY = [
    (KOKORO_ZH, "主播今天的操作真的太厉害了", 3062),
    (KOKORO_JA, "おはようございます、きょうもいいてんきですね", 3121),
    (PIPER_EN, "The quick brown fox jumps over the lazy dog", 2786),
]
HAN = st.text("主播今天的操作真的太厉害了哈", min_size=1, max_size=40)
# Nobody speaks faster than that: 12.5 syllables a second.
FASTEST_SYLLABLE_MS = 80


@pytest.mark.parametrize(("language", "text"), MEASURED)
def test_what_our_engines_say_is_never_called_too_short_or_too_long(language: str, text: str) -> None:
    for tempo, spoken_ms in zip(MEASURED_TEMPOS, MEASURED[language, text], strict=True):
        assert shortest_plausible_ms(text, language, tempo) <= spoken_ms <= longest_plausible_ms(text, tempo)


@given(HAN, st.floats(0.25, 4))
def test_the_fastest_speaker_is_never_called_too_short(text: str, tempo: float) -> None:
    assert shortest_plausible_ms(text, "zh-CN", tempo) <= len(text) * FASTEST_SYLLABLE_MS / tempo


@pytest.mark.parametrize(("language", "text", "spoken_ms"), EVERYDAY)
@pytest.mark.parametrize("tempo", [0.25, 0.5, 1, 2, 4])
def test_a_quarter_of_everyday_speech_is_too_short(language: str, text: str, spoken_ms: float, tempo: float) -> None:
    assert spoken_ms / tempo / 4 < shortest_plausible_ms(text, language, tempo)


def test_it_is_seventy_milliseconds_a_syllable() -> None:
    assert shortest_plausible_ms("你好你好你好你好", "zh", 1) == pytest.approx(560)
    assert shortest_plausible_ms("你好你好你好你好", "zh", 2) == pytest.approx(280)
    assert shortest_plausible_ms("你好你好你好你好", "zh", 0.5) == pytest.approx(1120)


def test_a_few_words_are_too_short_to_tell() -> None:
    assert shortest_plausible_ms("你好你好你好你", "zh", 1) == 0
    assert shortest_plausible_ms("one two three four five", "en", 1) == 0
    assert shortest_plausible_ms("", "zh", 1) == 0


@pytest.mark.parametrize(
    "text", ["！！！！！！！！！！！！", "2333333333333333", "😂😂😂😂😂😂😂😂😂😂", "……………………………"]
)
def test_what_is_no_word_takes_no_time(text: str) -> None:
    assert shortest_plausible_ms(text, "zh", 1) == 0


def test_only_what_a_voice_reads_is_counted() -> None:
    text = "主播今天的操作真的太厉害了"
    assert shortest_plausible_ms(text, "en-US", 1) == 0
    assert shortest_plausible_ms(f"{text} the end", "en-US", 1) == 0
    assert shortest_plausible_ms(f"{text} the end", "fr-FR", 1) == 0
    assert shortest_plausible_ms("привет как дела сегодня друзья", "ru-RU", 1) > 0
    assert shortest_plausible_ms("안녕하세요 반갑습니다", "ko-KR", 1) == pytest.approx(700)


def test_a_voice_of_any_language_reads_everything() -> None:
    text = "你好你好 こんにちは 안녕하세요"
    assert shortest_plausible_ms(text, "mul", 1) == pytest.approx(14 * 70)
    assert shortest_plausible_ms(text, "ko", 1) == 0


@given(st.text(max_size=60), st.sampled_from(["zh-CN", "en-US", "ja-JP", "ko-KR", "ru-RU", "mul"]), st.floats(0.25, 4))
def test_faster_speech_may_be_shorter_in_proportion(text: str, language: str, tempo: float) -> None:
    assert shortest_plausible_ms(text, language, tempo) == pytest.approx(
        shortest_plausible_ms(text, language, 1) / tempo
    )


@pytest.mark.parametrize(("tempo", "longest_ms"), [(1, 33_000), (0.5, 66_000), (4, 33_000)])
def test_nobody_speaks_longer_than_a_second_a_character_and_half_a_minute(tempo: float, longest_ms: float) -> None:
    assert longest_plausible_ms("你好吗", tempo) == longest_ms
