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
线下体验店开业; 试一下体验服; 看一下体温; 下体育课了; 女性交流群; 理性交流; 同性交友; 两性交往; 路口交通堵
路口交警在查车; 进出口交易; 门口交接; 窗口交钱; 做爱心便当; 给孩子做爱吃的菜; 做爱笑的女孩; 做爱豆; 他是做AI的
做AI视频赚钱吗; 想做ai主播; 每日必看的直播; 今日必买清单; 生日必须吃蛋糕; 周日必来; 来吃鸡吧; 晚上一起吃鸡吧
炸鸡吧; 吃几把鸡; 先奶自己一口; 牛奶自己买; 酸奶自取; 一上去死了三次; 刚进去死了; 想去死海旅游; 去死角看看
别去死记硬背; 回去死磕; 笑死妈妈了; 吓死妈妈了; 一支那么贵; 这支那么好看; 乌龟头像好可爱; 海龟头好大
亲自慰问粉丝; 发射精彩; 反射精灵; 突破处分; 鸡蛋黄片; 小穴位按摩; 大家一夜情绪低落; 草比人高; 扫壁画
门票场次选一下; 痛死你了吧; 我杀了你三次了; 打折下贱卖了; 野种子发芽了; 发表自己的看法; 代表自己参赛
手表自己会走; 外表自信; 列表自动更新; 快杀掉那个boss; 先杀掉后排; 我整个人傻掉了; 敌人炸了; 把敌人炸死了
人眨眼的时候; 人扎堆; 让人扎心; 他骂的是谁啊; 她骂得好爽; 他妈妈的手艺; 你妈比你还年轻; 你妈必须来看这个
你妈逼我学习; 用啥笔画的; 有啥必要; 这是啥壁纸; 沙壁虎; 有啥毕业设计; 狗币又涨了; 狗鼻子真灵; 狗必须栓绳
唇珠好看; 穿了双nmd; NMB48出新歌了; I need sb to help; S&B curry; 5hit combo; drop dead gorgeous
lets go die again; there's a chink in his armor; rape seed oil; nao can you help; パチンコ行ってくる; サセックス
エセックス大学; このゲームで敵を殺す; 死ねない; 죽어라 공부했다; 발병신고; 병신년; 에섹스; 13145201314
我爱你13145201314; 13131313131; 14159265358; 15.5 18.5 20.5 22; 13 15 18 22 27 5; it's hit or miss; pass it on
what's hitting
"""


DISGUISED = """
电话13800138000ok; 13800138000thx; 138_0013_8000; 138/0013/8000; 138,0013,8000; 138 - 0013 - 8000
138😂0013😂8000; 一三八，零零一三，八零零零; 傻ا逼; 傻々逼; 傻ー逼; 傻é逼; 傻ツ逼; 傻b; 傻B; 煞b; 主播傻b; 操B
你妈b; 狗b; s逼; 鸡8; c你妈; fuckyou; fuckoff; motherfucking; fuckface; dumbfuck; clusterfuck; dogshit
horseshit; shithole; sonofabitch; phuck; nishabi; caonimabi; shabihh; sbsb; cnmcnm; nmslnmsl; n igger; b itch
f uck; fuc k; blow job; hand job; ass hole; dick head; kill your self; hang your self; f,u,c,k; raping
masturbation; jerking off; killing yourself; pornography; boob; titty; shǎbī; ƒuck; ʃhit; 黒鬼; 你妈死啦
你全家死; 死光全家; 去你妈; 马勒戈壁; 妈了个巴子; kill ur self
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


@pytest.mark.parametrize("text", ORDINARY.strip().replace("\n", "; ").split("; "))
def test_ordinary_words_are_allowed(text: str) -> None:
    assert EVERYTHING.read(text).verdict.categories == ()


@pytest.mark.parametrize("text", [*DISGUISED.strip().replace("\n", "; ").split("; "), "傻\u3164逼", "nm\u3164sl"])
def test_what_people_write_instead_is_recognised(text: str) -> None:
    assert EVERYTHING.read(text).verdict.categories != ()


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
