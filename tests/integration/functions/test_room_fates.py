"""Why was this danmu not spoken? The log says it of every one, once, and the figures count them."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from logging import LogRecord
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.observability import describe_text
from tests.builders.logs import captured_logs
from tests.builders.websocket_bench import WebSocketBench, a_connection, websocket_bench

LONG = (
    "床前明月光疑是地上霜举头望明月低头思故乡春眠不觉晓处处闻啼鸟夜来风雨声花落知多少"
    "白日依山尽黄河入海流欲穷千里目更上一层楼红豆生南国春来发几枝"
)
PLAYER, BOT = a_connection(0), a_connection(1)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[WebSocketBench]:
    made = websocket_bench(tmp_path)
    yield made
    await made.container.close()


@pytest.fixture
def records() -> Iterator[list[LogRecord]]:
    with captured_logs() as kept:
        yield kept


async def say(bench: WebSocketBench, action: str, **fields: Any) -> None:
    connection = BOT if action == "danmu" else PLAYER
    await bench.receive(connection, {"action": action, "room": "r", **fields})


def event(danmu_id: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"id": danmu_id, "text": text, "viewer": f"of {danmu_id}", **fields}


def fates(records: list[LogRecord]) -> dict[str, dict[str, Any]]:
    """By danmu; each once."""
    lines = [vars(each) for each in records if "fates" in vars(each)]
    assert {line["room"] for line in lines} <= {"r"}
    ended = [fate for line in lines for fate in line["fates"]]
    assert max(Counter(fate["danmu"] for fate in ended).values(), default=1) == 1
    return {fate["danmu"]: fate for fate in ended}


def counted(bench: WebSocketBench) -> dict[str, float]:
    text = bench.container.metrics.render()[0].decode()
    return {name: float(count) for name, count in re.findall(r'tts_danmu_total{outcome="(\w+)"} (\S+)', text)}


async def test_what_was_spoken_says_by_whom_and_how_late(bench: WebSocketBench, records: list[LogRecord]) -> None:
    await say(bench, "listen")
    await say(bench, "danmu", events=[event("a", "你好"), event("b", "你好")])
    await say(bench, "ready")
    assert list(fates(records)) == ["b"]
    for outcome in ("started", "heard"):
        await say(bench, "played", id="a", outcome=outcome)
    spoken = fates(records)["a"]
    assert (spoken["outcome"], spoken["backend"], spoken["count"]) == ("spoken", "fake", 2)
    assert spoken["voice"].startswith("fake:")
    assert spoken["late_ms"] >= 0
    assert fates(records)["b"] == {"danmu": "b", "outcome": "merged", "into": "a", "count": 2} | describe_text("你好")
    assert counted(bench) == {"spoken": 1, "merged": 1}


async def test_what_was_not_spoken_says_why_and_never_what_it_said(
    bench: WebSocketBench, records: list[LogRecord]
) -> None:
    await say(bench, "danmu", events=[event("a", "？？"), event("b", LONG), event("c", "再来一首")])
    await say(bench, "danmu", events=[event("c", "再来一首")])
    again = fates([each for each in records if "dropped_duplicate" in each.getMessage()])
    assert again["c"]["outcome"] == "dropped_duplicate"
    records[:] = [each for each in records if "dropped_duplicate" not in each.getMessage()]
    await say(bench, "retract", ids=["c", "to-come"])
    await say(bench, "danmu", events=[event("to-come", "晚上好"), event("d", "唱得真好")])
    await say(bench, "control", do="clear")
    ended = fates(records)
    assert {name: fate["outcome"] for name, fate in ended.items()} == {
        "a": "dropped_nothing_to_say",
        "b": "dropped_too_long",
        "c": "retracted",
        "to-come": "retracted",
        "d": "dropped_cleared",
    }
    assert (ended["d"]["text_length"], ended["d"]["waited_ms"] >= 0) == (4, True)
    assert not any("明月" in str(vars(each)) or "唱得" in str(vars(each)) for each in records)
    assert counted(bench)["retracted"] == 2


async def test_all_that_is_in_an_utterance_that_is_taken_back_is_told(
    bench: WebSocketBench, records: list[LogRecord]
) -> None:
    await say(bench, "danmu", events=[event("a", "你好"), event("b", "你好"), event("c", "你好")])
    records.clear()
    await say(bench, "retract", ids=["a", "b", "c"])
    assert {name: fate["outcome"] for name, fate in fates(records).items()} == dict.fromkeys("abc", "retracted")
