"""``danmu-tts read``: what is made of a danmu before anybody speaks it."""

import errno
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reader, Reading

_INTERRUPTED = 130


def read(
    text: Annotated[str | None, typer.Argument(help="A danmu; without it, lines of standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
    room: Annotated[str | None, typer.Option(help="By the rules of this room.")] = None,
    language: Annotated[str | None, typer.Option(help="All of it is in this language, e.g. zh.")] = None,
) -> None:
    """Show how danmu are read: each step, the languages, and what the content filter says.

    A line of standard input is a danmu, or a JSON object that has it as `text`.
    """
    from danmu_tts.bootstrap import container

    readers = container().readers
    if readers.problem:
        typer.echo(f"Your reading rules are left out. {readers.problem}", err=True)
    reader = readers.reader(room, None)
    try:
        for line in [text] if text is not None else _lines():
            _write(reader, line, language, as_json=as_json)
    except BrokenPipeError:  # the reader has seen enough, and Python must not try to write the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    except OSError as error:
        typer.echo(f"Cannot read or write: {error.strerror}.", err=True)
        raise typer.Exit(1) from error


def _lines() -> Iterator[str]:
    if sys.stdin is None:  # it was closed
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    for number, raw in enumerate(sys.stdin.buffer):
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        yield _text_of(line.removeprefix("\ufeff") if number == 0 else line)


def _text_of(line: str) -> str:
    if line.startswith("{"):
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            return line
        if isinstance(given, dict) and isinstance(given.get("text"), str):
            return str(given["text"])
    return line


def _write(reader: "Reader", text: str, language: str | None, *, as_json: bool) -> None:
    reading = reader.read(text, language)
    if as_json:
        _say(json.dumps(_answer(reader, reading), ensure_ascii=False))
        return
    _say(f"original       {text}")
    for step, result in reader.steps(text, language):
        _say(f"  {step:<13}{result}")
    _say(f"spoken         {reading.spoken or '(nothing)'}")
    for span in reading.spans:
        _say(f"  {span.language:<13}{span.text}")
    _say(f"verdict        {' '.join([reading.verdict.action, *reading.verdict.categories])}")
    _say(f"collapse key   {reader.collapse_key(reading)}\n")


def _answer(reader: "Reader", reading: "Reading") -> dict[str, Any]:
    return {
        "original": reading.original,
        "spoken": reading.spoken,
        "spans": [{"text": span.text, "language": span.language} for span in reading.spans],
        "verdict": {"action": reading.verdict.action, "categories": list(reading.verdict.categories)},
        "collapse_key": reader.collapse_key(reading),
        "alignment": list(reading.alignment),
    }


def _say(line: str) -> None:
    """A viewer's line may have halves of characters, which no terminal takes."""
    if sys.stdout is None:  # it was closed
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
