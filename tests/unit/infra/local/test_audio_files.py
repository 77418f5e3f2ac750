import pytest

from infra.local.audio_files import select_ranges


@pytest.mark.parametrize(
    ("requested", "selected"),
    [
        ("bytes=0-99", "bytes=0-99"),
        ("bytes=900-", "bytes=900-"),
        ("bytes=-100", "bytes=-100"),
        ("BYTES=0-0", "bytes=0-0"),
        ("bytes=0-9, 20-29 ,,-5", "bytes=0-9,20-29,-5"),
        ("bytes=999-5000", "bytes=999-5000"),
        ("bytes=-5000", "bytes=-5000"),
    ],
)
def test_ranges_that_exist_are_kept(requested: str, selected: str) -> None:
    assert select_ranges(requested, 1000) == selected


def test_of_several_ranges_those_beyond_the_end_are_left_out() -> None:
    assert select_ranges("bytes=0-9,1000-,5000-6000,-0", 1000) == "bytes=0-9"


@pytest.mark.parametrize("requested", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=1000-,2000-"])
def test_no_range_exists_when_all_lie_beyond_the_end(requested: str) -> None:
    assert select_ranges(requested, 1000) == ""


def test_an_empty_file_has_no_ranges() -> None:
    assert select_ranges("bytes=0-", 0) == ""
    assert select_ranges("bytes=-1", 0) == ""


@pytest.mark.parametrize(
    "requested",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-9,x",
        "items=0-9",
        "bytes=\u0661-\u0662",
    ],
)
def test_what_is_no_byte_range_is_ignored(requested: str) -> None:
    assert select_ranges(requested, 1000) is None
