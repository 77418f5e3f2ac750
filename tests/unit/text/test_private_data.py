"""All numbers are made up; test cards and the specimen of the identity card are the publishers' own."""

import pytest

from danmu_tts.text.private_data import find_private


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in find_private(text)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("电话13800138000", "13800138000"),
        ("加我 138-0013-8000 谢谢", "138-0013-8000"),
        ("138 0013 8000", "138 0013 8000"),
        ("一三八零零一三八零零零", "一三八零零一三八零零零"),
        ("幺三八00幺38000找我", "幺三八00幺38000"),
        ("+8613800138000", "+8613800138000"),
        ("call +44 20 7946 0958 now", "+44 20 7946 0958"),
        ("身份证11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002x"),
        ("卡号4111111111111111", "4111111111111111"),
        ("5500 0000 0000 0004", "5500 0000 0000 0004"),
    ],
)
def test_a_number_of_a_person_is_found(text: str, number: str) -> None:
    assert found(text) == [number]


def test_other_numbers_beside_it_hide_it_not() -> None:
    assert found("3 13800138000 3:2 138-0013-8000 5") == ["13800138000", "138-0013-8000"]


@pytest.mark.parametrize(
    "text",
    [
        "66666666666",
        "23333333333333333",
        "11111111111111111",
        "12345678901",  # no mobile number begins with 12
        "1380013800",
        "110105194912310021",  # its check digit is wrong
        "110105194913310021",  # no such month
        "4111111111111112",
        "2021-03-05 12:30:45",
        "av170001",
        "3.1415926535",
        "房间号21452505",
        "哈哈哈哈哈哈哈哈哈哈哈哈",
        "一二三四五六七八九十",
        "",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    assert found(text) == []
