import pytest

from danmu_tts.text.variants import to_simplified, written_for


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("zh-CN", "这个软件好厉害"),
        ("zh", "这个软件好厉害"),
        ("zh_CN", "这个软件好厉害"),
        ("zh-TW", "這個軟件好厲害"),
        ("zh-HK", "這個軟件好厲害"),
        ("zh-Hant", "這個軟件好厲害"),
        ("yue-HK", "這個軟件好厲害"),
    ],
)
def test_each_voice_gets_the_characters_that_it_knows(language: str, written: str) -> None:
    for text in ("这个软件好厉害", "這個軟件好厲害"):
        assert written_for(text, language) == written


@pytest.mark.parametrize("language", ["ja-JP", "en-US", "ko", "mul"])
def test_other_languages_have_their_own(language: str) -> None:
    assert written_for("學校", language) == "學校"


def test_words_are_told_apart_where_characters_are_not() -> None:
    assert written_for("头发发展", "zh-TW") == "頭髮發展"


def test_it_has_as_many_characters_as_before() -> None:
    text = "裡面的電腦裏有U盘，乾杯"
    assert len(to_simplified(text)) == len(text) == len(written_for(text, "zh-TW"))
