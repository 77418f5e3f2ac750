"""Recordings of a stream's chat: read for a replay, in the order of time.

Two formats, told apart by what is in the file:

- one JSON object a line, with ``t`` (seconds from the beginning) and any fields of ``Event``, such as ``viewer`` and
  ``text``;
- Bilibili's XML, of a video or as recorders write it: see ``recordings_xml``.

A file is read whole before its first event is given: recorders write out of order, some even all gifts after all
danmu, and who replays an evening is told of a broken line before it, not an hour into it.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from sys import intern
from typing import IO

from pydantic import ValidationError

from infra.local.replay.recordings_xml import BadXmlError, Fields, read_xml
from speech_contract.events import Event

_CHUNK_BYTES = 1 << 16
_LONGEST_S = 1e9
_BOM = codecs.BOM_UTF8
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event, and when it came: ``at_s`` seconds from the beginning of the recording."""

    at_s: float
    event: Event


class RecordingError(ValueError):
    """A file is no recording, or a broken one. The message is a sentence for whoever named the file."""


def read_recording(path: Path) -> Iterator[Recorded]:
    """All events of a recording by time; those of one time as they are written.

    An event without an id gets one from its place in the file, ``r0000017`` the seventeenth: the same in every run.
    The end of a recording that was cut in the middle of an event is left out.

    Raises:
        RecordingError: the file is empty, not UTF-8, or no recording; the message names the line.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            events = sorted(_numbered(file), key=itemgetter(0))
        except BadXmlError as error:
            raise RecordingError(f"{path.name} is no recording: {error}.") from error
        except _BadLineError as error:
            raise RecordingError(f"{path.name}, {error}.") from error
    if not events:
        raise RecordingError(f"{path.name} has no danmu in it.")
    return (Recorded(at_s, _named(number, fields)) for at_s, number, fields in events)


class _BadLineError(ValueError):
    """One line is wrong; the message begins with its number."""


def _numbered(file: IO[bytes]) -> Iterator[tuple[float, int, Fields]]:
    """With the place of each. An event is made only when its turn comes: as fields it takes half the memory."""
    for number, (at_s, fields) in enumerate(_by_format(file), start=1):
        yield at_s, number, fields


def _named(number: int, fields: Fields) -> Event:
    return Event.model_validate(fields if fields.get("id") is not None else {**fields, "id": f"r{number:07}"})


def _by_format(file: IO[bytes]) -> Iterator[tuple[float, Fields]]:
    head = file.read(_CHUNK_BYTES)
    if head.startswith(_UTF_16):
        raise _BadLineError("line 1 is UTF-16. Save the file as UTF-8")
    head = head.removeprefix(_BOM)
    start = head.lstrip()[:1]
    chunks = chain([head], iter(lambda: file.read(_CHUNK_BYTES), b""))
    if start == b"<":
        return read_xml(_decoded(chunks))
    if start == b"{":
        return _read_lines(_lines(_decoded(chunks)))
    what = "it is empty" if not start else "it is neither JSON lines nor XML"
    raise _BadLineError(f"line 1: {what}")


def _decoded(chunks: Iterator[bytes]) -> Iterator[str]:
    """A character that the end of the file cuts in half is left out."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise _BadLineError(f"line {line} is not UTF-8") from error
        line += text.count("\n")
        yield text


def _lines(chunks: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether its end was written. Only a line feed ends one: others may stand in a viewer's text."""
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            yield line, True
    yield rest, False


def _read_lines(lines: Iterator[tuple[str, bool]]) -> Iterator[tuple[float, Fields]]:
    for number, (line, ended) in enumerate(lines, start=1):
        if not line.strip("\r\t \x00"):
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not ended:
                return
            raise _BadLineError(f"line {number} is no JSON") from error
        yield _event(given, number)


def _event(given: object, number: int) -> tuple[float, Fields]:
    if not isinstance(given, dict):
        raise _BadLineError(f"line {number} is no JSON object")
    at_s = given.pop("t", None)
    if isinstance(at_s, bool) or not isinstance(at_s, int | float) or not 0 <= at_s <= _LONGEST_S:
        raise _BadLineError(f"line {number}: `t` must be seconds from the beginning")
    fields: Fields = {intern(name): _whole(value) if isinstance(value, str) else value for name, value in given.items()}
    try:
        Event.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _BadLineError(f"line {number}: `{where[:60]}`: {first['msg']}") from error
    return float(at_s), fields


def _whole(text: str) -> str:
    """Halves of characters, as JavaScript leaves them where it cuts a text, become U+FFFD. Equals are kept once."""
    return intern(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
