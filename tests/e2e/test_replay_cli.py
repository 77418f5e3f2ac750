"""``danmu-tts replay``, in virtual time and into a running server."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.e2e.program import Server, command, environment
from tests.e2e.room import Room
from tests.e2e.test_cli import run
from tests.e2e.test_room import RoomLine
from tests.e2e.websocket_line import Line

XML = """<?xml version="1.0" encoding="utf-8"?><i>
<d p="1.0,1,25,16777215,1700000000,0,abc,1" user="小明" uid="1">晚上好</d>
<sc ts="2.0" user="老板" uid="2" price="30" time="60">生日快乐</sc>
</i>"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    lines = [{"t": number / 2, "viewer": f"v{number % 7}", "text": f"第{number}句话"} for number in range(40)]
    path = tmp_path / "evening.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return path


def test_an_evening_is_decided_in_virtual_time_with_a_report(tmp_path: Path, recording: Path) -> None:
    for name, beginning in (("out.html", "<!doctype html>"), ("out.svg", "<svg")):
        done = run(tmp_path, "replay", str(recording), "--virtual", "--report", name)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "40 in" in done.stdout.decode()
        assert (tmp_path / name).read_text("utf-8").startswith(beginning)


def test_a_recorders_xml_is_read_with_its_superchats(tmp_path: Path) -> None:
    (tmp_path / "evening.xml").write_text(XML, "utf-8")
    done = run(tmp_path, "replay", "evening.xml", "--virtual")
    assert done.returncode == 0
    assert "2 danmu in 2 utterances" in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.jsonl",), "Cannot read nothing.jsonl"),
        (("bad.jsonl",), "bad.jsonl"),
        (("evening.jsonl", "--server", "http://127.0.0.1:9"), "cannot be watched"),
        (("evening.jsonl", "--virtual", "--report", "nowhere/out.html"), "Cannot write nowhere/out.html"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, recording: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bad.jsonl").write_text("{no json", "utf-8")
    done = run(tmp_path, "replay", *arguments)
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


async def play_all(player: RoomLine) -> None:
    await player.say("listen")
    while True:
        await player.play(await player.next())


async def test_an_evening_is_fed_into_a_running_room_and_what_came_of_it_is_told(
    tmp_path: Path, server: Server
) -> None:
    """With a player that has heard everything at once."""
    lines = [{"t": number / 10, "viewer": f"v{number}", "text": f"This is line {number}"} for number in range(6)]
    (tmp_path / "short.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    room = Room(server)
    arguments = [command(), "replay", "short.jsonl", "--room", room.name, "--server", server.base_url]
    own = environment(tmp_path, COLUMNS="200")
    replaying = await asyncio.create_subprocess_exec(*arguments, cwd=tmp_path, env=own, stdout=PIPE, stderr=PIPE)
    async with connect(f"{server.base_url.replace('http', 'ws', 1)}/ws", proxy=None) as connection:
        playing = asyncio.create_task(play_all(RoomLine(Line(connection), room.name)))
        output, errors = await asyncio.wait_for(replaying.communicate(), 60)
        playing.cancel()
    assert replaying.returncode == 0, errors
    said = output.decode()
    assert "6 danmu in" in said, said
    assert "0" in next(line for line in said.splitlines() if "deadline" in line)
