import asyncio
import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from danmu_tts.observability import (
    configure_logging,
    current_request_id,
    describe_error,
    describe_text,
    get_logger,
    request_scope,
)
from danmu_tts.settings import LoggingSettings
from tests.builders.logs import logging_restored

FILES = ("app", "access", "error", "performance", "debug")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with logging_restored():
        yield


def configure(
    style: Literal["auto", "json", "text"] = "json",
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO",
    directory: Path | None = None,
) -> None:
    configure_logging(LoggingSettings(format=style, level=level, directory=directory))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def messages(path: Path) -> list[str]:
    return [line["message"] for line in lines(path.read_text("utf-8"))] if path.exists() else []


def test_json_has_the_request_id_and_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with request_scope("req-1"):
        get_logger("access").info("GET /health", extra={"status": 200, "path": Path("/健康")})
    captured = capsys.readouterr()
    (line,) = lines(captured.out)
    assert captured.err == ""
    assert line["message"] == "GET /health"
    assert (line["level"], line["request_id"], line["status"], line["path"]) == ("INFO", "req-1", 200, "/健康")
    assert line["service"] == "danmu-tts"


def test_a_line_outside_of_any_request_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    get_logger().warning("starting")
    assert lines(capsys.readouterr().out)[0]["request_id"] == "-"


def test_json_keeps_an_exception_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        get_logger().exception("failed")
    (line,) = lines(capsys.readouterr().out)
    assert line["exception_name"] == "ValueError"
    assert "broken" in line["exception"]


def test_text_is_readable_and_ends_with_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    with request_scope("req-1"):
        get_logger("access").info("GET /health", extra={"status": 200})
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    assert "INFO danmu_tts.access: GET /health" in line
    assert "status=200" in line
    assert "request_id=req-1" in line


def test_what_became_of_each_danmu_is_too_long_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    styles: tuple[Literal["text", "json"], ...] = ("text", "json")
    for style in styles:
        configure(style)
        get_logger("rooms").info("danmu ended: 1 spoken", extra={"room": "r", "fates": [{"danmu": "m1"}]})
    captured = capsys.readouterr()
    assert "danmu ended: 1 spoken room=r" in captured.err
    assert "m1" not in captured.err
    assert lines(captured.out)[0]["fates"] == [{"danmu": "m1"}]


@pytest.mark.parametrize(("function", "stream"), [("speak", "out"), (None, "err")])
def test_auto_is_json_in_lambda_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], function: str | None, stream: str
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    if function:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
    configure("auto")
    get_logger().info("hello")
    written = getattr(capsys.readouterr(), stream)
    assert written.startswith("{") is bool(function)
    assert "hello" in written


def test_less_than_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="WARNING")
    get_logger().info("chatter")
    get_logger().warning("trouble")
    assert [line["message"] for line in lines(capsys.readouterr().out)] == ["trouble"]


def test_configuring_again_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    configure()
    get_logger().info("once")
    assert len(lines(capsys.readouterr().out)) == 1


def test_each_file_gets_what_it_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(directory=tmp_path / "logs")
    get_logger("access").info("request")
    get_logger("performance").info("speech")
    get_logger("cache").debug("detail")
    get_logger("backends").error("broken")
    written = {stem: messages(tmp_path / "logs" / f"{stem}.log") for stem in FILES}
    assert written == {
        "app": ["request", "speech", "broken"],
        "access": ["request"],
        "error": ["broken"],
        "performance": ["speech"],
        "debug": ["request", "speech", "detail", "broken"],
    }
    assert "detail" not in capsys.readouterr().out


def test_file_lines_have_the_request_id(tmp_path: Path) -> None:
    configure(directory=tmp_path)
    with request_scope("req-9"):
        get_logger("access").info("请求")
    (line,) = lines((tmp_path / "access.log").read_text("utf-8"))
    assert (line["message"], line["request_id"]) == ("请求", "req-9")


def test_scopes_nest() -> None:
    with request_scope("outer"):
        with request_scope("inner"):
            assert current_request_id() == "inner"
        assert current_request_id() == "outer"
    assert current_request_id() == "-"


def test_a_scope_ends_with_an_exception() -> None:
    with pytest.raises(KeyError), request_scope("broken"):
        raise KeyError
    assert current_request_id() == "-"


async def test_tasks_keep_their_own_request_and_pass_it_on() -> None:
    async def serve(request_id: str) -> tuple[str, str]:
        with request_scope(request_id):
            await asyncio.sleep(0)
            child = asyncio.create_task(asyncio.to_thread(current_request_id))
            return current_request_id(), await child

    assert list(await asyncio.gather(serve("a"), serve("b"))) == [("a", "a"), ("b", "b")]
    assert current_request_id() == "-"


def test_another_thread_is_in_no_request() -> None:
    seen: list[str] = []
    with request_scope("here"):
        thread = threading.Thread(target=lambda: seen.append(current_request_id()))
        thread.start()
        thread.join()
    assert seen == ["-"]


def test_a_text_is_described_without_its_words() -> None:
    fields = describe_text("张三的电话")
    assert fields["text_length"] == 5
    assert "张三" not in str(fields)
    assert fields == describe_text("张三的电话")
    assert fields["text_hash"] != describe_text("李四的电话")["text_hash"]
    assert describe_text("张三", log_text=True)["text"] == "张三"


def test_any_text_can_be_described() -> None:
    assert describe_text("\ud800\x00")["text_length"] == 2


def test_loggers_share_one_root() -> None:
    assert get_logger().name == "danmu_tts"
    assert get_logger("access").parent is get_logger()
    assert isinstance(get_logger("access"), logging.Logger)


def divided(text: str) -> int:
    try:
        return 1 // 0
    except ZeroDivisionError as error:
        raise ValueError(f"cannot speak {text}") from error


def test_an_error_is_described_by_its_type_and_where_it_came_from_and_not_by_its_words() -> None:
    with pytest.raises(ValueError, match="张三") as caught:
        divided("张三")
    fields = describe_error(caught.value)
    assert fields["error"] == "ValueError"
    assert re.fullmatch(r".*test_observability\.py:\d+ in divided", fields["where"])
    assert "张三" not in str(fields)


def test_an_error_that_was_never_raised_came_from_nowhere() -> None:
    assert describe_error(ValueError("张三")) == {"error": "ValueError", "where": ""}
