"""Captions of the viewer's own words."""

from danmu_tts.domain.audio import Caption
from danmu_tts.services.rooms.captions import own_captions
from danmu_tts.text.room_words import Saying


def test_what_is_said_around_the_words_is_left_out() -> None:
    captions = [
        Caption("小明说，", 0, 800),
        Caption("你好，", 800, 1400),
        Caption("主播", 1400, 2000),
        Caption("，12个人", 2000, 3000),
    ]
    saying = Saying("小明说，你好，主播，12个人", 4, 9)
    assert own_captions(captions, saying) == (Caption("你好，", 800, 1400), Caption("主播", 1400, 2000))


def test_a_part_that_is_half_the_viewers_is_cut_in_proportion() -> None:
    (caption,) = own_captions([Caption("小明说，你好啊呀", 0, 800)], Saying("小明说，你好啊呀", 4, 8))
    assert caption == Caption("你好啊呀", 400, 800)


def test_spaces_between_parts_do_not_count() -> None:
    captions = [Caption("Tom says,", 0, 900), Caption("hi there", 1000, 1800)]
    assert own_captions(captions, Saying("Tom says,  hi there", 11, 19)) == (Caption("hi there", 1000, 1800),)


def test_thanks_have_no_words_of_the_viewers() -> None:
    assert own_captions([Caption("谢谢小明的花", 0, 900)], Saying("谢谢小明的花", 0, 0)) == ()
