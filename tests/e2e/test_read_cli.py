"""``danmu-tts read``, as a person or another program uses it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.program import command, environment
from tests.e2e.test_cli import run

FIELDS = ["original", "spoken", "spans", "verdict", "collapse_key", "alignment"]


def test_it_shows_each_step_that_changed_something(tmp_path: Path) -> None:
    done = run(tmp_path, "read", "哈哈哈哈哈 3:2！！！ that was nice 傻逼")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = [line.split(maxsplit=1) for line in done.stdout.decode().splitlines() if line]
    names = [words[0] for words in shown]
    assert names == ["original", "repeats", "numbers", "punctuation", "spoken", "zh", "en", "zh", "verdict", "collapse"]
    assert ["verdict", "mask profanity"] in shown


def test_it_reads_lines_and_writes_an_object_for_each(tmp_path: Path) -> None:
    lines = [
        "哈哈哈哈哈".encode(),
        b'{"t": 1, "text": "awsl"}',
        b"",
        b"\xff\xfe\x00 gg",
        b'{"text": 5}',
        "去死吧".encode(),
    ]
    done = run(tmp_path, "read", "--json", given=b"\r\n".join(lines))
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["original"] for answer in answers] == [
        "哈哈哈哈哈",
        "awsl",
        "",
        "\ufffd\ufffd\x00 gg",
        '{"text": 5}',
        "去死吧",
    ]
    assert all(list(answer) == FIELDS for answer in answers)
    assert answers[0] == {
        "original": "哈哈哈哈哈",
        "spoken": "哈哈哈",
        "spans": [{"text": "哈哈哈", "language": "zh"}],
        "verdict": {"action": "allow", "categories": []},
        "collapse_key": "ha'",
        "alignment": [0, 1, 3],
    }
    assert answers[-1]["verdict"] == {"action": "drop", "categories": ["harassment"]}
    assert (answers[-1]["spoken"], answers[-1]["alignment"]) == ("", [])


@pytest.mark.parametrize("closing", ["exec >&-", "exec <&-", "exec >/dev/full"])
def test_nowhere_to_read_or_write_is_said_in_a_line(tmp_path: Path, closing: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{closing}; exec {command()} read"],
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path),
        input=b"gg\n",
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Cannot read or write" in done.stderr


@pytest.mark.parametrize(("text", "spoken"), [("-5℃", "零下五度"), ("--json", "json")])
def test_a_danmu_may_begin_with_a_dash(tmp_path: Path, text: str, spoken: str) -> None:
    done = run(tmp_path, "read", "--", text)
    assert f"spoken         {spoken}" in done.stdout.decode()


def test_rules_that_cannot_be_read_are_said_in_a_line(tmp_path: Path) -> None:
    rules = tmp_path / "reading.json"
    rules.write_text('{"rooms": {"one": {"colour": "red"}}}')
    done = run(tmp_path, "read", "gg", settings={"DANMU_TTS_READING__FILE": str(rules)})
    assert "rooms.one.colour" in done.stderr.decode()
    assert b"spoken         gg" in done.stdout


def test_a_room_is_read_by_its_rules(tmp_path: Path) -> None:
    rules = tmp_path / "reading.json"
    rules.write_text('{"rooms": {"one": {"slang": {"zh": {"zbnb": "主播厉害"}}}}}')
    done = run(tmp_path, "read", "zbnb", "--room", "one", settings={"DANMU_TTS_READING__FILE": str(rules)})
    assert "spoken         主播厉害" in done.stdout.decode()


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [command(), "read", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(b"gg\n")
    process.stdin.flush()
    assert process.stdout.readline()  # a line is answered when it comes
    process.stdout.close()
    process.stdin.write(b"gg\n" * 1000)
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
