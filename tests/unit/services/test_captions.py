from danmu_tts.domain.audio import Caption
from danmu_tts.services.captions import shown
from tests.builders.reading import reader


def captions(*words: str) -> list[Caption]:
    return [Caption(word, index * 100, index * 100 + 100) for index, word in enumerate(words)]


def texts(original: str, *words: str) -> list[str]:
    reading = reader().read(original)
    return [caption.text for caption in shown(captions(*words), reading, reading.spoken)]


def test_a_caption_shows_what_was_written() -> None:
    assert texts("哈哈哈哈哈哈哈，3:2！！！", "哈哈哈，", "三比二！") == ["哈哈哈哈哈哈哈，", "3:2！！！"]


def test_emotes_stay_with_the_words_before_them() -> None:
    assert texts("好看[doge]，真的😂", "好看，", "真的") == ["好看[doge]，", "真的😂"]


def test_the_first_shows_what_stands_before_it_and_the_last_what_is_left() -> None:
    assert texts("★★来了★★", "来了") == ["★★来了★★"]


def test_what_is_masked_is_not_shown() -> None:
    assert texts("主播傻逼，走了", "主播哔，", "走了") == ["主播**，", "走了"]


def test_their_times_stay() -> None:
    reading = reader().read("你好，再见")
    first, second = shown(captions("你好，", "再见"), reading, reading.spoken)
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (0, 100, 100, 200)


def test_words_that_are_nowhere_are_shown_with_those_before_them() -> None:
    reading = reader().read("看看666")
    (caption,) = shown(captions("看看", "six six six"), reading, reading.spoken)
    assert (caption.text, caption.start_ms, caption.end_ms) == ("看看666", 0, 200)


def test_other_characters_for_another_voice_do_not_matter() -> None:
    reading = reader().read("这个软件，3:2")
    assert [each.text for each in shown(captions("這個軟件，", "三比二"), reading, "這個軟件，三比二")] == [
        "这个软件，",
        "3:2",
    ]


def test_no_captions_are_none() -> None:
    assert shown([], reader().read("你好"), "你好") == ()
