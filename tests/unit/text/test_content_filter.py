from collections import Counter

import pytest

from danmu_tts.adapters.reading import tables
from danmu_tts.text.clean import clean
from danmu_tts.text.content_filter import ContentFilter
from danmu_tts.text.terms import Category, Disguises, Matching, Term
from tests.builders.disguises import disguises, embedded
from tests.builders.reading import reader, reader_with

LEAST_RECALL = 0.95
SEEDS = range(3)
EVERYTHING = reader_with(actions=dict.fromkeys(Category, "mask"))


ORDINARY = """
Scunthorpe; class; assassin; grape; therapist; cocktail; Penistone; analysis; shitake mushroom; the pen is red; mass hit
as soon as; push it; basement; Dick Van Dyke; bilibili; women dang; 1234567; ３８元; b站
一日之计在于晨; 操作好厉害; 体操冠军; 草莓好吃; 干活了; 我在搞比赛; 鸡年大吉吧; 华山论剑; 自卫反击; 够逼真的; 啥比这个好
她妈妈的包; 出生在上海; 白吃一顿; 兼任老师; 坚韧不拔; 抠脚大汉; 月跑一百公里; 去死亡峡谷; 沙雕网友; 小学生; 下雪了小雪
表字是什么; 日币汇率; 刚交作业; 强健体魄; 飞舞的蝴蝶; 我最爱的主播; 几把枪; 玩几把; 司马懿; 纸张; 止痛药
废物利用; 시발점
"""


def filter_of(*terms: Term, allowed: tuple[str, ...] = ()) -> ContentFilter:
    return ContentFilter(terms, allowed, tables.sounds(), tables.disguises())


def sound(text: str) -> Term:
    return Term(text, Category.PROFANITY, Matching.SOUND)


def exact(text: str) -> Term:
    return Term(text, Category.PROFANITY, Matching.EXACT)


def letters(text: str) -> Term:
    return Term(text, Category.PROFANITY, Matching.LETTERS)


def found(content_filter: ContentFilter, text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in content_filter.find(clean(text))]


def test_disguised_terms_are_recognised() -> None:
    """Each term that comes with the package, in twelve disguises, in harmless lines."""
    missed: Counter[str] = Counter()
    tried = 0
    for term in tables.terms():
        for seed in SEEDS:
            for name, disguised in _disguises(term.text, seed).items():
                tried += 1
                line = embedded(disguised, not term.text.isascii(), seed)
                if term.category not in EVERYTHING.read(line).verdict.categories:
                    missed[name] += 1
    assert tried > 5000
    assert 1 - missed.total() / tried >= LEAST_RECALL, missed


def _disguises(term: str, seed: int) -> dict[str, str]:
    try:
        return disguises(term, seed)
    except ValueError:  # too short for a disguise, or no script that it knows any for
        return {}


@pytest.mark.parametrize("text", [word for line in ORDINARY.strip().splitlines() for word in line.split("; ")])
def test_ordinary_words_are_allowed(text: str) -> None:
    assert EVERYTHING.read(text).verdict.categories == ()


def test_a_term_is_found_by_its_sound() -> None:
    content_filter = filter_of(sound("傻逼"))
    for text in ("煞笔", "沙币", "傻傻逼逼", "傻bi", "sha bi", "SHABI", "儍逼", "【傻】【逼】", "傻😂逼", "傻 逼"):
        assert found(content_filter, text) == [text if text != "【傻】【逼】" else "傻】【逼"]


def test_words_that_only_sound_so_stand_together() -> None:
    content_filter = filter_of(sound("傻逼"))
    assert found(content_filter, "说啥 比我好") == []
    assert found(content_filter, "这是啥，比一比") == []
    assert found(content_filter, "傻，逼") == ["傻，逼"]


def test_what_sounds_ordinary_is_found_by_its_own_characters_only() -> None:
    content_filter = filter_of(exact("畜生"))
    assert found(content_filter, "畜生") == ["畜生"]
    assert found(content_filter, "畜-生 chusheng") == ["畜-生", "chusheng"]
    assert found(content_filter, "我出生了") == []


def test_an_ordinary_word_around_it_saves_it() -> None:
    content_filter = filter_of(exact("去死"), allowed=("去死亡谷",))
    assert found(content_filter, "我去死亡谷") == []
    assert found(content_filter, "我去死亡谷，你去死") == ["去死"]


def test_pinyin_is_a_word_of_its_own() -> None:
    content_filter = filter_of(sound("逼里"))
    assert found(content_filter, "bilibili") == []
    assert found(content_filter, "bili") == ["bili"]


def test_letters_are_a_word_of_their_own() -> None:
    content_filter = filter_of(letters("shit"), letters("ass"))
    for text in ("shit", "SHIT", "sh1t", "s h i t", "s.h.i.t", "shiiiit", "ѕhіt", "ｓｈｉｔ", "shits", "sh17", "asss"):
        assert found(content_filter, text), text
    for text in ("shitake", "as", "class", "wish it", "5417", "bass", "a55"):
        assert not found(content_filter, text), text


def test_what_is_found_is_where_it_stands() -> None:
    assert found(filter_of(letters("shit")), "no sshh11tt, stop") == ["sshh11tt"]
    assert found(filter_of(letters("gang")), "gg gang") == ["gang"]


def test_two_that_overlap_are_both_found() -> None:
    assert sorted(found(filter_of(exact("一二三"), exact("二三四")), "一二三四")) == ["一二三", "二三四"]


def test_characters_in_halves_are_put_together() -> None:
    content_filter = ContentFilter([exact("妈的")], [], tables.sounds(), Disguises(split={"妈": ["女马"]}))
    assert found(content_filter, "他女马的真") == ["女马的"]


def test_no_terms_at_all_find_nothing() -> None:
    assert found(ContentFilter([], [], tables.sounds(), Disguises()), "傻逼 shit") == []


def test_what_is_told_never_has_a_word_of_the_text() -> None:
    verdict = reader().read("傻逼，你妈死了，13800138000").verdict
    assert [*verdict.categories] == ["harassment", "private", "profanity"]
    assert "傻" not in repr(verdict)
