"""One logger. JSON in Lambda, readable on a terminal; the request id is on every line, the spoken text on none."""

import hashlib
import json
import logging
import logging.handlers
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from danmu_tts.on_lambda import ON_LAMBDA

if TYPE_CHECKING:
    from danmu_tts.settings import LoggingSettings

ROOT = "danmu_tts"
_request_id: ContextVar[str] = ContextVar("request_id", default="-")

# Which logger feeds which file beside app.log, which has everything from INFO up.
_FILES = {
    "access": (f"{ROOT}.access", logging.INFO),
    "performance": (f"{ROOT}.performance", logging.INFO),
    "error": (ROOT, logging.ERROR),
    "debug": (ROOT, logging.DEBUG),
    "app": (ROOT, logging.INFO),
}
_FILE_MAX_BYTES = 10 * 1024 * 1024
_FILES_KEPT = 5


def get_logger(name: str = "") -> logging.Logger:
    """The logger of one part: ``get_logger("access")``. Structured fields go into ``extra``."""
    return logging.getLogger(f"{ROOT}.{name}" if name else ROOT)


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Put a request id on every line logged inside, in this task and those it starts."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def current_request_id() -> str:
    """Id of the request being served, ``-`` outside of any."""
    return _request_id.get()


def describe_text(text: str, *, log_text: bool = False) -> dict[str, str | int]:
    """Fields that let two log lines be matched without saying what a viewer wrote."""
    fields: dict[str, str | int] = {"text_length": len(text), "text_hash": _hash(text)}
    if log_text:
        fields["text"] = text
    return fields


@lru_cache(maxsize=4096)
def _hash(text: str) -> str:
    """Chat repeats itself."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def describe_error(error: BaseException) -> dict[str, str]:
    """What foreign code failed with and where. Not its message, which may repeat what a viewer wrote, or a key."""
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{frame[0].filename}:{frame[0].lineno} in {frame[0].name}" if frame else ""
    return {"error": type(error).__name__, "where": where}


def configure_logging(settings: "LoggingSettings") -> None:
    """Install the handlers. Calling it again replaces them."""
    logger = logging.getLogger(ROOT)
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.setLevel(logging.DEBUG if settings.directory else settings.level)
    logger.propagate = False
    as_json = settings.format == "json" or (settings.format == "auto" and ON_LAMBDA in os.environ)
    console = logging.StreamHandler(sys.stdout if as_json else sys.stderr)
    console.setFormatter(_json_formatter() if as_json else TerminalFormatter())
    _attach(logger, console, settings.level)
    if settings.directory:
        _add_files(settings.directory)


def _add_files(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for stem, (logger_name, level) in _FILES.items():
        handler = logging.handlers.RotatingFileHandler(
            directory / f"{stem}.log", maxBytes=_FILE_MAX_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", delay=True
        )
        handler.setFormatter(_json_formatter())
        if logger_name != ROOT:
            handler.addFilter(logging.Filter(logger_name))
        _attach(logging.getLogger(ROOT), handler, level)


def _attach(logger: logging.Logger, handler: logging.Handler, level: int | str) -> None:
    handler.setLevel(level)
    handler.addFilter(_add_request_id)
    logger.addHandler(handler)


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = current_request_id()
    return True


def _json_formatter() -> LambdaPowertoolsFormatter:
    formatter = LambdaPowertoolsFormatter(
        json_serializer=lambda fields: json.dumps(fields, ensure_ascii=False, default=str)
    )
    formatter.append_keys(service="danmu-tts")
    return formatter


# What a request brings along must not start a line of its own or command the terminal.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


class TerminalFormatter(logging.Formatter):
    """``12:03:58 INFO danmu_tts.access: GET /health status=200``: the message, then the structured fields."""

    _STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
    # Too long for a terminal; its message says it in short.
    _HIDDEN = _STANDARD | {"fates"}

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """Append what was passed as ``extra``."""
        fields = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in self._HIDDEN)
        return f"{super().formatMessage(record)} {fields}".rstrip().translate(_VISIBLE)
