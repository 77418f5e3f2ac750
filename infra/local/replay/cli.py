"""``danmu-tts replay``: a recorded evening once more."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from danmu_tts.domain.access import is_room_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.replay.evening import Evening
    from infra.local.replay.live import Target
    from infra.local.replay.recordings import Recorded
    from speech_contract.rooms import RoomState

_SERVER = "http://127.0.0.1:8000"
_INTERRUPTED = 130


def replay(
    file: Annotated[Path, typer.Argument(help="A recording: a JSON object a line, or Bilibili XML.")],
    room: Annotated[str, typer.Option(help="Into which room; its settings count.")] = "replay",
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000, help="So much faster come its events; speech takes its time.")
    ] = 1.0,
    start: Annotated[float, typer.Option(min=0, help="Begin so many seconds into it.")] = 0.0,
    length: Annotated[float | None, typer.Option(min=0, help="End after so many seconds of it.")] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Only decide, in virtual time: hours in seconds, without a server.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write what came of it: a page, or the picture alone where it ends in .svg.")
    ] = None,
    server: Annotated[str, typer.Option(help="The running server to feed.")] = _SERVER,
    key: Annotated[
        str | None, typer.Option(envvar="DANMU_TTS_API_KEY", help="API key for a server that wants one.")
    ] = None,
) -> None:
    """Feed a recorded evening into a running server, or into the policy in virtual time, and report on it."""
    if not is_room_id(room):
        raise typer.BadParameter("a room is called by letters, digits, - and _", param_hint="--room")
    recorded = _recorded(file, start, length)
    title = file.name if speed == 1 else f"{file.name} × {speed:g}"
    if virtual:
        _finish(_decide(recorded, room, speed, title), report)
        return
    from infra.local.replay.live import Target

    _feed(recorded, Target(server, room, key), speed, title, report)


def _recorded(file: Path, start_s: float, length_s: float | None) -> "list[Recorded]":
    from dataclasses import replace

    from infra.local.replay.recordings import RecordingError, read_recording

    try:
        found = list(read_recording(file))
    except RecordingError as error:
        _fail(str(error), error)
    except OSError as error:
        _fail(f"Cannot read {file}: {error.strerror}.", error)
    ends_s = float("inf") if length_s is None else start_s + length_s
    cut = [replace(each, at_s=each.at_s - start_s) for each in found if start_s <= each.at_s < ends_s]
    if not cut:
        _fail(f"{file.name} has no event in that part of it.")
    return cut


def _decide(recorded: "Sequence[Recorded]", room: str, speed: float, title: str) -> "Evening":
    """In virtual time, by the room's settings here."""
    from infra.local.replay.evenings import decide

    with _progress("Deciding", recorded[-1].at_s) as show:
        return decide(recorded, room, speed, title, lambda passed_s: show(passed_s, None))


def _feed(recorded: "Sequence[Recorded]", target: "Target", speed: float, title: str, report: Path | None) -> None:
    from infra.local.replay.live import LiveReplay, ReplayError

    feeding = LiveReplay(target, recorded, speed)
    typer.echo(f"Whoever opens {target.server}/overlay/{target.room} hears it.", err=True)
    try:
        with _progress("Replaying", recorded[-1].at_s) as show:
            asyncio.run(feeding.run(show))
    except ReplayError as error:
        _fail(str(error), error)
    except KeyboardInterrupt:
        typer.echo("Broken off; this is what came of it until then.", err=True)
        _finish(feeding.evening(title), report)
        raise typer.Exit(_INTERRUPTED) from None
    _finish(feeding.evening(title), report)


def _finish(evening: "Evening", report: Path | None) -> None:
    from rich.console import Console

    from infra.local.replay.report import html, summary_table, svg

    Console().print(summary_table(evening))
    if report is None:
        return
    try:
        report.write_text(svg(evening) if report.suffix == ".svg" else html(evening), "utf-8")
    except OSError as error:
        _fail(f"Cannot write {report}: {error.strerror}.", error)
    typer.echo(f"The report is in {report}.")


@contextmanager
def _progress(what: str, length_s: float) -> "Iterator[Callable[[float, RoomState | None], None]]":
    """A bar on a terminal, with how the room stands; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[clock]}"),
        TextColumn("{task.fields[room]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=length_s, clock="", room="")

        def show(passed_s: float, state: "RoomState | None") -> None:
            said = ""
            if state:
                who = f"{state.counts.spoken} spoken" if state.has_player else "nobody plays the room"
                said = f"{state.backlog_ms / 1000:.0f} s waiting, {who}"
            clock = f"{int(passed_s // 3600)}:{int(passed_s // 60 % 60):02}:{int(passed_s % 60):02}"
            progress.update(task, completed=min(passed_s, length_s), clock=clock, room=said)

        yield show


def _fail(message: str, error: Exception | None = None) -> NoReturn:
    print(message, file=sys.stderr)  # noqa: T201 - as it is: no markup, no wrapping
    raise typer.Exit(1) from error
