import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.adapters.reading.readers import FileReaders
from danmu_tts.settings_reading import ReadingSettings
from tests.builders.clock import FakeClock


class Rules:
    """An operator's file, and readers that look at it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reading.json"
        self.clock = FakeClock()
        self.readers = FileReaders(ReadingSettings(file=self.path), "zh", self.clock)
        self._written = 0

    def write(self, content: Any) -> None:
        self._written += 1
        self.path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        os.utime(self.path, ns=(self._written, self._written))
        self.clock.advance(3)

    def said(self, text: str, room: str | None = None, key: str | None = None) -> str:
        return self.readers.reader(room, key).read(text).spoken


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return Rules(tmp_path)


def test_without_a_file_it_is_as_the_settings_say(rules: Rules) -> None:
    assert rules.said("awsl") == "啊我死了"


def test_a_room_has_slang_of_its_own(rules: Rules) -> None:
    rules.write({"rooms": {"one": {"slang": {"zh": {"awsl": "阿伟死了"}}}}})
    assert [rules.said("awsl", room) for room in ("one", "two", None)] == ["阿伟死了", "啊我死了", "啊我死了"]


def test_a_room_comes_before_a_key_and_a_key_before_everybody(rules: Rules) -> None:
    rules.write(
        {
            "default": {"actions": {"profanity": "drop"}},
            "keys": {"key": {"actions": {"profanity": "mask"}}},
            "rooms": {"room": {"actions": {"profanity": "allow"}}},
        }
    )
    assert rules.said("傻逼") == ""
    assert rules.said("傻逼", key="key") == "哔"
    assert rules.said("傻逼", room="room") == "傻逼"
    assert rules.said("傻逼", room="room", key="key") == "傻逼"


def test_words_add_up(rules: Rules) -> None:
    rules.write({"default": {"words": {"profanity": ["笨蛋"]}}, "rooms": {"one": {"words": {"profanity": ["坏蛋"]}}}})
    assert rules.said("笨蛋坏蛋", "one") == "哔"
    assert rules.said("笨蛋坏蛋") == "哔坏蛋"


def test_a_change_is_seen_within_seconds(rules: Rules) -> None:
    rules.write({"default": {"links": "drop"}})
    before = rules.readers.reader(None, None)
    assert rules.said("看 https://a.cn") == "看"
    rules.write({})
    assert rules.said("看 https://a.cn") == "看，链接"
    assert rules.readers.reader(None, None) is not before


def test_nobody_waits_for_the_file_with_each_line(rules: Rules) -> None:
    rules.write({})
    reader = rules.readers.reader(None, None)
    rules.path.write_text('{"default": {"links": "drop"}}')
    assert rules.readers.reader(None, None) is reader
    rules.clock.advance(3)
    assert rules.readers.reader(None, None) is not reader


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"rooms": {"one": {"colour": "red"}}}',
        '{"default": {"actions": {"profanity": "shout"}}}',
        '{"default": {"slang": {"zh": {"": "x"}}}}',
        '{"default": {"words": {"profanity": ["🖕"]}}}',
        "\ud800",
    ],
)
def test_a_broken_file_leaves_everything_as_it_was(rules: Rules, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    rules.write({"default": {"links": "drop"}})
    assert rules.said("看 https://a.cn") == "看"
    with caplog.at_level(logging.ERROR, "danmu_tts"):
        rules.path.write_bytes(broken.encode("utf-8", "surrogatepass"))
        rules.clock.advance(3)
        assert rules.said("看 https://a.cn") == "看"
    assert len(caplog.records) == 1
    assert str(rules.path) in (rules.readers.problem or "")


def test_a_mark_of_byte_order_is_no_content(rules: Rules) -> None:
    rules.write('\ufeff{"default": {"links": "drop"}}')
    assert rules.said("看 https://a.cn") == "看"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.json")
    readers = FileReaders(ReadingSettings(file=tmp_path / "rules.json"), "zh", FakeClock())
    assert readers.reader(None, None).read("gg").spoken == "gg"
    assert "is no file" in (readers.problem or "")


def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rules.json").write_text('{"default": {"links": "drop"}}')
    readers = FileReaders(ReadingSettings(file=Path("~/rules.json")), "zh", FakeClock())
    assert readers.reader(None, None).read("看 https://a.cn").spoken == "看"


def test_a_file_that_is_gone_changes_nothing(rules: Rules) -> None:
    rules.write({"default": {"links": "drop"}})
    assert rules.said("看 https://a.cn") == "看"
    assert rules.readers.problem is None
    rules.path.unlink()
    rules.clock.advance(3)
    assert rules.said("看 https://a.cn") == "看"
    assert "No such file" in (rules.readers.problem or "")


def test_everybody_without_rules_shares_a_reader(rules: Rules) -> None:
    rules.write({"rooms": {"one": {}}})
    assert rules.readers.reader("two", "a") is rules.readers.reader("three", "b")
    assert rules.readers.reader("one", None) is not rules.readers.reader("two", None)


def test_settings_alone_are_enough() -> None:
    readers = FileReaders(ReadingSettings(emoji="say", actions={"profanity": "allow"}), "en", FakeClock())
    assert readers.reader(None, None).read("fuck 🐶").spoken == "fuck dog face"
